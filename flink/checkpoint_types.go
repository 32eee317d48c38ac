package flink

// Checkpoints is the body of /jobs/:id/checkpoints.
type Checkpoints struct {
	Counts  CheckpointCounts  `json:"counts"`
	Summary CheckpointSummary `json:"summary"`
	Latest  LatestCheckpoints `json:"latest"`
	History []Checkpoint      `json:"history"` // the newest first
}

// CheckpointCounts counts checkpoints and savepoints. Before 2.x it begins anew
// with every rescale.
type CheckpointCounts struct {
	Restored   int64 `json:"restored"`
	Total      int64 `json:"total"`
	InProgress int   `json:"in_progress"`
	Completed  int64 `json:"completed"`
	Failed     int64 `json:"failed"`
}

// CheckpointSummary holds the distributions over completed checkpoints, in
// bytes and milliseconds.
type CheckpointSummary struct {
	CheckpointedSize  Distribution `json:"checkpointed_size"`
	StateSize         Distribution `json:"state_size"`
	EndToEndDuration  Distribution `json:"end_to_end_duration"`
	AlignmentBuffered Distribution `json:"alignment_buffered"`
	ProcessedData     Distribution `json:"processed_data"`
	PersistedData     Distribution `json:"persisted_data"`
}

// Distribution is a distribution; its percentiles are NaN when it is empty.
type Distribution struct {
	Min  int64 `json:"min"`
	Max  int64 `json:"max"`
	Avg  int64 `json:"avg"`
	P50  Float `json:"p50,omitzero"`
	P90  Float `json:"p90,omitzero"`
	P95  Float `json:"p95,omitzero"`
	P99  Float `json:"p99,omitzero"`
	P999 Float `json:"p999,omitzero"`
}

// LatestCheckpoints holds the newest of each kind; nil if there was none.
type LatestCheckpoints struct {
	Completed *Checkpoint         `json:"completed"`
	Savepoint *Checkpoint         `json:"savepoint"`
	Failed    *Checkpoint         `json:"failed"`
	Restored  *RestoredCheckpoint `json:"restored"`
}

// The statuses of a checkpoint.
const (
	CheckpointCompleted  = "COMPLETED"
	CheckpointInProgress = "IN_PROGRESS"
	CheckpointFailed     = "FAILED"
)

// Checkpoint is one checkpoint or savepoint; sizes in bytes. Tasks is filled
// only when one checkpoint is asked for by its id.
type Checkpoint struct {
	ClassName         string                      `json:"className"`
	ID                int64                       `json:"id"`
	Status            string                      `json:"status"`
	IsSavepoint       bool                        `json:"is_savepoint"`
	SavepointFormat   Optional[string]            `json:"savepointFormat,omitzero"`
	TriggerTime       Millis                      `json:"trigger_timestamp"`
	LatestAck         Millis                      `json:"latest_ack_timestamp"`
	CheckpointedSize  int64                       `json:"checkpointed_size"`
	StateSize         int64                       `json:"state_size"`
	EndToEndDuration  Span                        `json:"end_to_end_duration"`
	AlignmentBuffered int64                       `json:"alignment_buffered"`
	ProcessedData     int64                       `json:"processed_data"`
	PersistedData     int64                       `json:"persisted_data"`
	Subtasks          int                         `json:"num_subtasks"`
	AckSubtasks       int                         `json:"num_acknowledged_subtasks"`
	Type              string                      `json:"checkpoint_type,omitempty"` // CHECKPOINT, UNALIGNED_CHECKPOINT, SAVEPOINT, SYNC_SAVEPOINT
	Tasks             map[VertexID]TaskCheckpoint `json:"tasks"`
	ExternalPath      Optional[string]            `json:"external_path,omitzero"`     // completed only
	Discarded         *bool                       `json:"discarded,omitempty"`        // completed only
	FailureTime       Optional[Millis]            `json:"failure_timestamp,omitzero"` // failed only
	FailureMessage    Optional[string]            `json:"failure_message,omitzero"`   // failed only
}

// TaskCheckpoint is the part of a checkpoint that belongs to one vertex.
type TaskCheckpoint struct {
	ID                int64  `json:"id"`
	Status            string `json:"status"`
	LatestAck         Millis `json:"latest_ack_timestamp"`
	CheckpointedSize  int64  `json:"checkpointed_size"`
	StateSize         int64  `json:"state_size"`
	EndToEndDuration  Span   `json:"end_to_end_duration"`
	AlignmentBuffered int64  `json:"alignment_buffered"`
	ProcessedData     int64  `json:"processed_data"`
	PersistedData     int64  `json:"persisted_data"`
	Subtasks          int    `json:"num_subtasks"`
	AckSubtasks       int    `json:"num_acknowledged_subtasks"`
}

// RestoredCheckpoint is what the job began from.
type RestoredCheckpoint struct {
	ID           int64            `json:"id"`
	RestoreTime  Millis           `json:"restore_timestamp"`
	IsSavepoint  bool             `json:"is_savepoint"`
	ExternalPath Optional[string] `json:"external_path,omitzero"`
}

// CheckpointConfig is the body of /jobs/:id/checkpoints/config. A job without
// checkpointing has none: the error is KindUnsupported.
type CheckpointConfig struct {
	Mode                     string          `json:"mode"`
	Interval                 Span            `json:"interval"` // Long.MAX_VALUE: no periodic checkpoints
	Timeout                  Span            `json:"timeout"`
	MinPause                 Span            `json:"min_pause"`
	MaxConcurrent            int64           `json:"max_concurrent"`
	Externalization          Externalization `json:"externalization"`
	StateBackend             string          `json:"state_backend"`
	CheckpointStorage        string          `json:"checkpoint_storage"`
	Unaligned                bool            `json:"unaligned_checkpoints"`
	TolerableFailed          int             `json:"tolerable_failed_checkpoints"`
	AlignedTimeout           Span            `json:"aligned_checkpoint_timeout"`
	AfterTasksFinish         bool            `json:"checkpoints_after_tasks_finish"`
	ChangelogEnabled         bool            `json:"state_changelog_enabled"`
	ChangelogMaterialization Span            `json:"changelog_periodic_materialization_interval"`
	ChangelogStorage         string          `json:"changelog_storage"`
}

// Externalization says whether checkpoints outlive the job.
type Externalization struct {
	Enabled              bool `json:"enabled"`
	DeleteOnCancellation bool `json:"delete_on_cancellation"`
}

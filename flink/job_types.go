package flink

import "encoding/json"

// JobStatus is the status of a job.
type JobStatus string

// The statuses of a job.
const (
	JobInitializing JobStatus = "INITIALIZING"
	JobCreated      JobStatus = "CREATED"
	JobRunning      JobStatus = "RUNNING"
	JobFailing      JobStatus = "FAILING"
	JobFailed       JobStatus = "FAILED"
	JobCancelling   JobStatus = "CANCELLING"
	JobCanceled     JobStatus = "CANCELED"
	JobFinished     JobStatus = "FINISHED"
	JobRestarting   JobStatus = "RESTARTING"
	JobSuspended    JobStatus = "SUSPENDED"
	JobReconciling  JobStatus = "RECONCILING"
)

// Terminal says that the job has ended and will not come back. A suspended job
// has only left this JobManager: another may take it up.
func (s JobStatus) Terminal() bool {
	return s == JobFailed || s == JobCanceled || s == JobFinished
}

// Kinds of jobs (JobDetails.JobType) and of schedulers (SchedulerType).
const (
	TypeStreaming = "STREAMING"
	TypeBatch     = "BATCH"

	SchedulerAdaptive      = "Adaptive"
	SchedulerDefault       = "Default"
	SchedulerAdaptiveBatch = "AdaptiveBatch"
)

// Jobs is the body of /jobs: ids and statuses, in no order.
type Jobs struct {
	Jobs []JobIDStatus `json:"jobs"`
}

// JobIDStatus is one job in /jobs.
type JobIDStatus struct {
	ID     JobID     `json:"id"`
	Status JobStatus `json:"status"`
}

// JobsOverview is the body of /jobs/overview, in no order.
type JobsOverview struct {
	Jobs []JobSummary `json:"jobs"`
}

// JobSummary is one job in /jobs/overview.
type JobSummary struct {
	ID               JobID      `json:"jid"`
	Name             string     `json:"name"`
	JobType          string     `json:"jobType,omitempty"`       // since 2.3
	SchedulerType    string     `json:"schedulerType,omitempty"` // since 2.3
	StartTime        Millis     `json:"start-time"`
	EndTime          Millis     `json:"end-time"` // -1 while the job lives
	Duration         Span       `json:"duration"`
	State            JobStatus  `json:"state"`
	LastModification Millis     `json:"last-modification"`
	Tasks            TasksTotal `json:"tasks"`
	PendingOperators *int       `json:"pending-operators,omitempty"` // since 2.3
}

// TasksTotal counts the subtasks of a job by status.
type TasksTotal struct {
	Running      int `json:"running"`
	Canceling    int `json:"canceling"`
	Canceled     int `json:"canceled"`
	Total        int `json:"total"`
	Created      int `json:"created"`
	Scheduled    int `json:"scheduled"`
	Deploying    int `json:"deploying"`
	Reconciling  int `json:"reconciling"`
	Finished     int `json:"finished"`
	Initializing int `json:"initializing"`
	Failed       int `json:"failed"`
}

// StatusBody is the body of /jobs/:id/status.
type StatusBody struct {
	Status JobStatus `json:"status"`
}

// JobDetails is the body of /jobs/:id. Flink serves it from a snapshot of the
// graph that may be some seconds old, with metrics that may be older still.
type JobDetails struct {
	ID               JobID         `json:"jid"`
	ApplicationID    string        `json:"application-id,omitempty"` // since 2.x
	Name             string        `json:"name"`
	IsStoppable      bool          `json:"isStoppable"`
	State            JobStatus     `json:"state"`
	JobType          string        `json:"job-type,omitempty"`      // since 1.18
	SchedulerType    string        `json:"schedulerType,omitempty"` // since 2.3
	StartTime        Millis        `json:"start-time"`
	EndTime          Millis        `json:"end-time"` // -1 while the job lives
	Duration         Span          `json:"duration"`
	MaxParallelism   int           `json:"maxParallelism"` // -1 if not set on the job
	Now              Millis        `json:"now"`            // the JobManager's clock when it answered
	Timestamps       JobTimestamps `json:"timestamps"`
	Vertices         []Vertex      `json:"vertices"`
	StatusCounts     TaskCounts    `json:"status-counts"` // number of vertices by status
	Plan             Plan          `json:"plan"`
	StreamGraph      *StreamGraph  `json:"stream-graph,omitempty"`
	PendingOperators *int          `json:"pending-operators,omitempty"`
}

// JobTimestamps says when the job last entered each status; 0 for never.
type JobTimestamps struct {
	Initializing Millis `json:"INITIALIZING"`
	Created      Millis `json:"CREATED"`
	Running      Millis `json:"RUNNING"`
	Failing      Millis `json:"FAILING"`
	Failed       Millis `json:"FAILED"`
	Cancelling   Millis `json:"CANCELLING"`
	Canceled     Millis `json:"CANCELED"`
	Finished     Millis `json:"FINISHED"`
	Restarting   Millis `json:"RESTARTING"`
	Suspended    Millis `json:"SUSPENDED"`
	Reconciling  Millis `json:"RECONCILING"`
}

// Vertex is one vertex of a job in JobDetails, with sums over its subtasks.
type Vertex struct {
	ID VertexID `json:"id"`
	// SlotSharingGroupID is absent before 1.20.
	SlotSharingGroupID string     `json:"slotSharingGroupId,omitempty"`
	Name               string     `json:"name"`
	MaxParallelism     int        `json:"maxParallelism"`
	Parallelism        int        `json:"parallelism"`
	Status             string     `json:"status"`
	StartTime          Millis     `json:"start-time"`
	EndTime            Millis     `json:"end-time"`
	Duration           Span       `json:"duration"`
	Tasks              TaskCounts `json:"tasks"`
	Metrics            IOMetrics  `json:"metrics"`
}

// TaskCounts counts by the status of a task: subtasks, or vertices where the
// field says so.
type TaskCounts struct {
	Created      int `json:"CREATED"`
	Scheduled    int `json:"SCHEDULED"`
	Deploying    int `json:"DEPLOYING"`
	Initializing int `json:"INITIALIZING"`
	Running      int `json:"RUNNING"`
	Finished     int `json:"FINISHED"`
	Canceling    int `json:"CANCELING"`
	Canceled     int `json:"CANCELED"`
	Failed       int `json:"FAILED"`
	Reconciling  int `json:"RECONCILING"`
}

// IOMetrics are counters since the present attempt began: bytes, records and
// milliseconds. A counter whose Complete flag is false (or was absent) misses
// subtasks and must not be used. The accumulated times are sums over subtasks
// and have no such flag; they are absent in old versions, and busy time is NaN
// where a source does not measure it.
type IOMetrics struct {
	ReadBytes            int64 `json:"read-bytes"`
	ReadBytesComplete    bool  `json:"read-bytes-complete"`
	WriteBytes           int64 `json:"write-bytes"`
	WriteBytesComplete   bool  `json:"write-bytes-complete"`
	ReadRecords          int64 `json:"read-records"`
	ReadRecordsComplete  bool  `json:"read-records-complete"`
	WriteRecords         int64 `json:"write-records"`
	WriteRecordsComplete bool  `json:"write-records-complete"`

	AccumulatedBackPressured Float `json:"accumulated-backpressured-time,omitzero"`
	AccumulatedIdle          Float `json:"accumulated-idle-time,omitzero"`
	AccumulatedBusy          Float `json:"accumulated-busy-time,omitzero"`
}

// JobConfig is the body of /jobs/:id/config.
type JobConfig struct {
	ID              JobID            `json:"jid"`
	Name            string           `json:"name"`
	ExecutionConfig *ExecutionConfig `json:"execution-config,omitempty"`
}

// ExecutionConfig is the job's execution configuration. UserConfig holds the
// global job parameters.
type ExecutionConfig struct {
	ExecutionMode   string            `json:"execution-mode,omitempty"` // before 2.0
	RestartStrategy string            `json:"restart-strategy"`
	JobParallelism  int               `json:"job-parallelism"`
	ObjectReuseMode bool              `json:"object-reuse-mode"`
	UserConfig      map[string]string `json:"user-config"`
}

// Accumulators is the body of /jobs/:id/accumulators.
type Accumulators struct {
	JobAccumulators            []json.RawMessage `json:"job-accumulators"`
	UserTaskAccumulators       []Accumulator     `json:"user-task-accumulators"`
	SerializedUserAccumulators map[string]string `json:"serialized-user-task-accumulators"`
}

// Accumulator is one accumulator, printed by Flink.
type Accumulator struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

package flink

// RescaleConfig is the body of /jobs/:id/rescales/config (Flink 2.3).
type RescaleConfig struct {
	HistoryMax          int     `json:"rescaleHistoryMax"`      // 0: no history is kept
	ExecutionMode       *string `json:"schedulerExecutionMode"` // REACTIVE, or nil
	SubmissionWait      Span    `json:"submissionResourceWaitTimeoutInMillis"`
	SubmissionStabilize Span    `json:"submissionResourceStabilizationTimeoutInMillis"`
	SlotIdleTimeout     Span    `json:"slotIdleTimeoutInMillis"`
	ExecutingCooldown   Span    `json:"executingCooldownTimeoutInMillis"`
	ExecutingStabilize  Span    `json:"executingResourceStabilizationTimeoutInMillis"`
	MaxTriggerDelay     Span    `json:"maximumDelayForTriggeringRescaleInMillis"`
	OnFailedCheckpoints int     `json:"rescaleOnFailedCheckpointCount"`
}

// RescaleOverview is the body of /jobs/:id/rescales/overview (Flink 2.3).
type RescaleOverview struct {
	Counts RescaleCounts  `json:"rescalesCounts"`
	Latest LatestRescales `json:"latest"`
}

// RescaleCounts counts rescales by how they ended.
type RescaleCounts struct {
	Ignored    int64 `json:"ignored"`
	InProgress int64 `json:"inProgress"`
	Completed  int64 `json:"completed"`
	Failed     int64 `json:"failed"`
}

// LatestRescales holds the newest rescale of each outcome; nil for none.
type LatestRescales struct {
	Completed *Rescale `json:"completed"`
	Failed    *Rescale `json:"failed"`
	Ignored   *Rescale `json:"ignored"`
}

// RescaleSummary is the body of /jobs/:id/rescales/summary (Flink 2.3), in
// milliseconds.
type RescaleSummary struct {
	Counts    RescaleCounts `json:"rescalesCounts"`
	All       Distribution  `json:"rescalesDurationStatsInMillis"`
	Completed Distribution  `json:"completedRescalesDurationStatsInMillis"`
	Ignored   Distribution  `json:"ignoredRescalesDurationStatsInMillis"`
	Failed    Distribution  `json:"failedRescalesDurationStatsInMillis"`
}

// How a rescale ended (Rescale.TerminalState).
const (
	RescaleCompleted = "COMPLETED"
	RescaleFailed    = "FAILED"
	RescaleIgnored   = "IGNORED"
)

// Rescale is one rescale in /jobs/:id/rescales/history, overview and details
// (Flink 2.3). Only details fill Vertices, Slots and SchedulerStates.
type Rescale struct {
	UUID             string                     `json:"rescaleUuid"`
	RequirementsUUID string                     `json:"resourceRequirementsUuid"`
	Attempt          int64                      `json:"rescaleAttemptId"`
	Vertices         map[VertexID]RescaleVertex `json:"vertices"`
	Slots            map[string]RescaleSlots    `json:"slots"`
	SchedulerStates  []SchedulerState           `json:"schedulerStates"`
	StartTime        Millis                     `json:"startTimestampInMillis"`
	EndTime          *Millis                    `json:"endTimestampInMillis"`
	TerminalState    *string                    `json:"terminalState"` // nil while it goes on
	TriggerCause     string                     `json:"triggerCause"`
	TerminatedReason *string                    `json:"terminatedReason"`
}

// RescaleVertex is what a rescale wanted of a vertex and what it came to.
type RescaleVertex struct {
	ID                    VertexID `json:"jobVertexId"`
	Name                  string   `json:"jobVertexName"`
	SlotSharingGroupID    string   `json:"slotSharingGroupId"`
	SlotSharingGroupName  string   `json:"slotSharingGroupName"`
	DesiredParallelism    int      `json:"desiredParallelism"`    // the upper bound
	SufficientParallelism int      `json:"sufficientParallelism"` // the lower bound
	PreParallelism        *int     `json:"preRescaleParallelism"`
	PostParallelism       *int     `json:"postRescaleParallelism"`
}

// RescaleSlots is what a rescale wanted of a slot sharing group.
type RescaleSlots struct {
	ID               string    `json:"slotSharingGroupId"`
	Name             string    `json:"slotSharingGroupName"`
	RequestedProfile *Resource `json:"requestResourceProfile"`
	Desired          int       `json:"desiredSlots"`
	MinimalRequired  int       `json:"minimalRequiredSlots"`
	Pre              *int      `json:"preRescaleSlots"`
	Post             *int      `json:"postRescaleSlots"`
	AcquiredProfile  *Resource `json:"acquiredResourceProfile"`
}

// SchedulerState is one state that the scheduler went through in a rescale.
type SchedulerState struct {
	State     string  `json:"state"`
	Entered   Millis  `json:"enterTimestampInMillis"`
	Left      *Millis `json:"leaveTimestampInMillis"`
	Duration  *Span   `json:"durationInMillis"`
	Exception *string `json:"stringifiedException"`
}

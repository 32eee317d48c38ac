package flink

// VertexDetails is the body of /jobs/:id/vertices/:vid: the vertex by subtask.
type VertexDetails struct {
	ID             VertexID           `json:"id"`
	Name           string             `json:"name"`
	Parallelism    int                `json:"parallelism"`
	MaxParallelism int                `json:"maxParallelism"`
	Now            Millis             `json:"now"`
	Subtasks       []Subtask          `json:"subtasks"`
	Aggregated     *AggregatedSubtask `json:"aggregated,omitempty"`
}

// Subtask is one parallel instance in its present attempt.
type Subtask struct {
	Index          int            `json:"subtask"`
	Status         string         `json:"status"`
	Attempt        int            `json:"attempt"`
	Host           string         `json:"host,omitempty"`     // before 2.0
	Endpoint       string         `json:"endpoint,omitempty"` // host:port, since 1.19
	StartTime      Millis         `json:"start-time"`
	EndTime        Millis         `json:"end-time"`
	Duration       Span           `json:"duration"`
	Metrics        IOMetrics      `json:"metrics"`
	TaskManagerID  string         `json:"taskmanager-id"`
	StatusDuration StatusDuration `json:"status-duration,omitzero"`
	// OldStartTime repeats StartTime under the key of very old clients.
	OldStartTime  Millis    `json:"start_time"`
	OtherAttempts []Subtask `json:"other-concurrent-attempts,omitempty"`
}

// StatusDuration says how long a subtask has been in each status.
type StatusDuration struct {
	Created      Span `json:"CREATED"`
	Scheduled    Span `json:"SCHEDULED"`
	Deploying    Span `json:"DEPLOYING"`
	Initializing Span `json:"INITIALIZING"`
	Running      Span `json:"RUNNING"`
}

// AggregatedSubtask holds statistics over subtasks.
type AggregatedSubtask struct {
	Metrics        AggregatedIOMetrics      `json:"metrics"`
	StatusDuration AggregatedStatusDuration `json:"status-duration"`
}

// AggregatedIOMetrics holds statistics of each of IOMetrics over subtasks.
type AggregatedIOMetrics struct {
	ReadBytes                Statistic `json:"read-bytes"`
	WriteBytes               Statistic `json:"write-bytes"`
	ReadRecords              Statistic `json:"read-records"`
	WriteRecords             Statistic `json:"write-records"`
	AccumulatedBackPressured Statistic `json:"accumulated-backpressured-time"`
	AccumulatedIdle          Statistic `json:"accumulated-idle-time"`
	AccumulatedBusy          Statistic `json:"accumulated-busy-time"`
}

// AggregatedStatusDuration holds statistics of StatusDuration over subtasks, in
// milliseconds.
type AggregatedStatusDuration struct {
	Created      Statistic `json:"CREATED"`
	Scheduled    Statistic `json:"SCHEDULED"`
	Deploying    Statistic `json:"DEPLOYING"`
	Initializing Statistic `json:"INITIALIZING"`
	Running      Statistic `json:"RUNNING"`
}

// Statistic is a distribution over subtasks, rounded to whole numbers by Flink.
type Statistic struct {
	Min    int64 `json:"min"`
	Max    int64 `json:"max"`
	Avg    int64 `json:"avg"`
	Sum    int64 `json:"sum"`
	Median int64 `json:"median"`
	P25    int64 `json:"p25"`
	P75    int64 `json:"p75"`
	P95    int64 `json:"p95"`
}

// SubtaskTimes is the body of /jobs/:id/vertices/:vid/subtasktimes.
type SubtaskTimes struct {
	ID       VertexID      `json:"id"`
	Name     string        `json:"name"`
	Now      Millis        `json:"now"`
	Subtasks []SubtaskTime `json:"subtasks"`
}

// SubtaskTime says when one subtask entered each status.
type SubtaskTime struct {
	Index      int            `json:"subtask"`
	Host       string         `json:"host,omitempty"`
	Endpoint   string         `json:"endpoint,omitempty"`
	Duration   Span           `json:"duration"`
	Timestamps TaskTimestamps `json:"timestamps"`
}

// TaskTimestamps says when a task entered each status; 0 for never.
type TaskTimestamps struct {
	Created      Millis `json:"CREATED"`
	Scheduled    Millis `json:"SCHEDULED"`
	Deploying    Millis `json:"DEPLOYING"`
	Initializing Millis `json:"INITIALIZING"`
	Running      Millis `json:"RUNNING"`
	Finished     Millis `json:"FINISHED"`
	Canceling    Millis `json:"CANCELING"`
	Canceled     Millis `json:"CANCELED"`
	Failed       Millis `json:"FAILED"`
	Reconciling  Millis `json:"RECONCILING"`
}

// VertexTaskManagers is the body of /jobs/:id/vertices/:vid/taskmanagers.
type VertexTaskManagers struct {
	ID           VertexID            `json:"id"`
	Name         string              `json:"name"`
	Now          Millis              `json:"now"`
	TaskManagers []VertexTaskManager `json:"taskmanagers"`
}

// VertexTaskManager sums the subtasks of a vertex that one TaskManager runs.
type VertexTaskManager struct {
	Host          string             `json:"host,omitempty"`
	Endpoint      string             `json:"endpoint,omitempty"`
	Status        string             `json:"status"`
	StartTime     Millis             `json:"start-time"`
	EndTime       Millis             `json:"end-time"`
	Duration      Span               `json:"duration"`
	Metrics       IOMetrics          `json:"metrics"`
	StatusCounts  TaskCounts         `json:"status-counts"`
	TaskManagerID string             `json:"taskmanager-id"`
	Aggregated    *AggregatedSubtask `json:"aggregated,omitempty"`
}

// Backpressure is the body of /jobs/:id/vertices/:vid/backpressure. Status is
// "deprecated" while nothing is known. The levels are ok (a ratio up to 0.1),
// low (up to 0.5) and high; Flink sends them under two spellings.
type Backpressure struct {
	Status       string                `json:"status"`
	Level        string                `json:"backpressureLevel,omitempty"`
	EndTimestamp Millis                `json:"end-timestamp,omitempty"`
	Subtasks     []SubtaskBackpressure `json:"subtasks,omitzero"`
	OldLevel     string                `json:"backpressure-level,omitempty"`
}

// SubtaskBackpressure is the share of time, 0 to 1, that one subtask spent
// back-pressured, idle and busy.
type SubtaskBackpressure struct {
	Index         int                   `json:"subtask"`
	Attempt       *int                  `json:"attempt-number,omitempty"`
	Level         string                `json:"backpressureLevel,omitempty"`
	Ratio         Float                 `json:"ratio,omitzero"`
	IdleRatio     Float                 `json:"idleRatio,omitzero"`
	BusyRatio     Float                 `json:"busyRatio,omitzero"`
	OldLevel      string                `json:"backpressure-level,omitempty"`
	OtherAttempts []SubtaskBackpressure `json:"other-concurrent-attempts,omitempty"`
}

package flink

// Exceptions is the body of /jobs/:id/exceptions. The last four fields are of
// Flink before 2.0.
type Exceptions struct {
	History       ExceptionHistory `json:"exceptionHistory"`
	RootException Optional[string] `json:"root-exception,omitzero"`
	Timestamp     Optional[Millis] `json:"timestamp,omitzero"`
	AllExceptions []TaskException  `json:"all-exceptions,omitzero"`
	Truncated     *bool            `json:"truncated,omitempty"`
}

// ExceptionHistory lists failures, the newest first. A rescale adds none.
type ExceptionHistory struct {
	Entries   []ExceptionEntry `json:"entries"`
	Truncated bool             `json:"truncated"`
}

// ExceptionEntry is one failure; the fields of the task are absent for one that
// concerned the job as a whole.
type ExceptionEntry struct {
	Name          string            `json:"exceptionName"`
	Stacktrace    string            `json:"stacktrace"`
	Timestamp     Millis            `json:"timestamp"`
	Labels        map[string]string `json:"failureLabels,omitzero"`
	TaskName      Optional[string]  `json:"taskName,omitzero"`
	Location      Optional[string]  `json:"location,omitzero"`
	Endpoint      Optional[string]  `json:"endpoint,omitzero"`
	TaskManagerID Optional[string]  `json:"taskManagerId,omitzero"`
	Concurrent    []ExceptionEntry  `json:"concurrentExceptions,omitzero"`
}

// TaskException is a failure as Flink before 2.0 listed it.
type TaskException struct {
	Exception     string           `json:"exception"`
	Task          string           `json:"task"`
	Location      string           `json:"location,omitempty"`
	Endpoint      string           `json:"endpoint,omitempty"`
	Timestamp     Millis           `json:"timestamp"`
	TaskManagerID Optional[string] `json:"taskManagerId,omitzero"`
}

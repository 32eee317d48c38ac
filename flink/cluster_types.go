package flink

// Overview is the body of /overview: the cluster in a few numbers.
type Overview struct {
	TaskManagers   int    `json:"taskmanagers"`
	SlotsTotal     int    `json:"slots-total"`
	SlotsAvailable int    `json:"slots-available"`
	JobsRunning    int    `json:"jobs-running"` // every job that has not ended, not only those in RUNNING
	JobsFinished   int    `json:"jobs-finished"`
	JobsCancelled  int    `json:"jobs-cancelled"`
	JobsFailed     int    `json:"jobs-failed"`
	FlinkVersion   string `json:"flink-version"`
	FlinkCommit    string `json:"flink-commit"`

	TaskManagersBlocked *int `json:"taskmanagers-blocked,omitempty"`
	SlotsFreeAndBlocked *int `json:"slots-free-and-blocked,omitempty"`
}

// ClusterConfig is the body of /config: what the web page needs to know.
type ClusterConfig struct {
	RefreshInterval Span     `json:"refresh-interval"`
	TimezoneName    string   `json:"timezone-name"`
	TimezoneOffset  Span     `json:"timezone-offset"`
	FlinkVersion    string   `json:"flink-version"`
	FlinkRevision   string   `json:"flink-revision"`
	Features        Features `json:"features"`
}

// Features says what the cluster allows its web page to do.
type Features struct {
	WebSubmit bool `json:"web-submit"`
	WebCancel bool `json:"web-cancel"`
	// WebRescale is true for the Adaptive Scheduler outside Reactive Mode,
	// unless web.rescale.enable turns it off; absent before 1.18.
	WebRescale *bool `json:"web-rescale,omitempty"`
	WebHistory bool  `json:"web-history"`
}

// KeyValue is one entry of a configuration, as /jobmanager/config lists them.
// Flink writes ****** for values it holds to be secret.
type KeyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Environment is the body of /jobmanager/environment: the JobManager's JVM.
type Environment struct {
	JVM       JVM      `json:"jvm"`
	Classpath []string `json:"classpath"`
}

// JVM describes a Java virtual machine and its command line.
type JVM struct {
	Version string   `json:"version"`
	Arch    string   `json:"arch"`
	Options []string `json:"options"`
}

// Applications is the body of /applications/overview (Flink 2.x).
type Applications struct {
	Applications []Application `json:"applications"`
}

// Application is one application with the number of its jobs in each status.
type Application struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	StartTime Millis            `json:"start-time"`
	EndTime   Millis            `json:"end-time"`
	Duration  Span              `json:"duration"`
	Status    string            `json:"status"`
	Jobs      map[JobStatus]int `json:"jobs"`
}

// DataSets is the body of /datasets: intermediate results kept by the cluster.
type DataSets struct {
	DataSets []DataSet `json:"dataSets"`
}

// DataSet is one kept intermediate result.
type DataSet struct {
	ID         string `json:"id"`
	IsComplete bool   `json:"isComplete"`
}

// ErrorBody is what Flink answers when it does not do what was asked: messages,
// usually with a class name before and a stack trace after.
type ErrorBody struct {
	Errors []string `json:"errors"`
}

// Empty is the body {} of an answer that has nothing to say.
type Empty struct{}

package apiclient

import (
	"encoding/json"
	"time"
)

// Job is one job at a glance. A figure that is not known is nil, a parallelism 0; in
// JSON each is null then.
type Job struct {
	Cluster     string     `json:"cluster"`
	Job         string     `json:"job"`
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Why         string     `json:"why"`
	Since       *time.Time `json:"since"`
	Seen        *time.Time `json:"seen"`
	Parallelism int        `json:"parallelism"`
	Wanted      int        `json:"wanted"`
	Source      *float64   `json:"source"`
	Target      *float64   `json:"target"`
	Capacity    *float64   `json:"capacity"`
	Lag         *float64   `json:"lag"`
	Busy        *float64   `json:"busy"`
	Scaled      *time.Time `json:"scaled"`
	Failure     *Failure   `json:"failure,omitempty"`
	Hold        *Hold      `json:"hold,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (j Job) MarshalJSON() ([]byte, error) {
	type figures Job // without this method
	shown := struct {
		figures
		Parallelism *int `json:"parallelism"`
		Wanted      *int `json:"wanted"`
	}{figures: figures(j)}
	if j.Parallelism > 0 {
		shown.Parallelism, shown.Wanted = &j.Parallelism, &j.Wanted
	}
	return json.Marshal(shown)
}

// Failure is why the newest pass over a job came to nothing.
type Failure struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Hold is who keeps Sluice's hand off a job.
type Hold struct {
	By    string     `json:"by"`
	Why   string     `json:"why,omitempty"`
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until"`
	Text  string     `json:"text"`
}

// Wish are the bounds of one vertex that a person wants.
type Wish struct {
	Vertex string `json:"vertex"`
	Lower  int    `json:"lower,omitempty"`
	Upper  int    `json:"upper"`
}

// Rescaled is what became of a rescale by hand.
type Rescaled struct {
	Vertices []Bounds `json:"vertices"`
	Changed  bool     `json:"changed"`
	Applied  bool     `json:"applied"`
	// Hold is who holds the job from now on; nil where that was not touched.
	Hold *Hold `json:"hold,omitempty"`
}

// Bounds are those of one vertex.
type Bounds struct {
	Vertex         string `json:"vertex"`
	Name           string `json:"name"`
	Lower          int    `json:"lower"`
	Upper          int    `json:"upper"`
	Parallelism    int    `json:"parallelism"`
	MaxParallelism int    `json:"maxParallelism"`
}

// Event is one event.
type Event struct {
	// Seq counts the events of the server, from 1.
	Seq     uint64 `json:"seq"`
	Cluster string `json:"cluster"`
	Job     string `json:"job"`
	Name    string `json:"name"`
	// At is when it was told first.
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	// Times is how often it was told.
	Times int `json:"times"`
}

// Cluster tells whether a cluster answers.
type Cluster struct {
	Name string `json:"name"`
	Jobs int    `json:"jobs"`
	// Up tells whether it answered the newest look, LastAnswer when it answered last;
	// Error is what came instead.
	Up         bool       `json:"up"`
	LastAnswer *time.Time `json:"lastAnswer"`
	Error      string     `json:"error"`
}

// Unnamed stands for the cluster that has no name.
const Unnamed = "-"

package script

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Script is one behaviour test. [Parse] makes it.
type Script struct {
	// Name is that of the file, for messages.
	Name string
	// Versions are those of Flink to which it applies, at least one.
	Versions []slots.Version
	// Options are Flink's, of the cluster, in the order of the file.
	Options []Option
	// Job is the one job of the script.
	Job Job
	// Sample is how often the tasks' times and counters are to be read; 0 for never.
	Sample time.Duration
	// Lines are what happens and what is expected, in order.
	Lines []Line
}

// Option is one option of Flink.
type Option struct {
	Line       int // 0 if it is a default of ours
	Key, Value string
}

// Job is a chain of vertices: the first is the source, the second reads it by rebalance, those that follow by hash.
type Job struct {
	Vertices []Vertex
	// Options are the job's own.
	Options []Option
	// Rate is the records per second that the source offers in all.
	Rate float64
}

// Vertex is one vertex of the job.
type Vertex struct {
	Name        string
	Parallelism int
	// Max is its max parallelism; 0 if Flink is to choose it.
	Max int
	// Group is its slot sharing group.
	Group string
	// Cost is the time that a record takes a subtask.
	Cost time.Duration
}

// DefaultGroup is the slot sharing group of a vertex that names none.
const DefaultGroup = "default"

// DefaultRate is the load of a job that is there to be rescaled, not to work: a few records to count.
const DefaultRate = 100

// Line is one event: exactly one of Action, Expect and Wait is set.
type Line struct {
	// Number is that of the line in the file, Text what stands there without its comment.
	Number int
	Text   string
	// Only is the one version for which the line counts; 0 for all.
	Only slots.Version
	// At is when the line's action is to happen.
	At Offset

	Action Action
	Expect *Expectation
	Wait   time.Duration
}

// Offset is a time of the script's clock: since its start, or, if Relative, since the line before.
type Offset struct {
	Time     time.Duration
	Relative bool
}

// From is the time meant, when the clock stands at now; never before now.
func (o Offset) From(now time.Duration) time.Duration {
	if o.Relative {
		return now + o.Time
	}
	return max(now, o.Time)
}

// AppliesTo says whether the script is for the version.
func (s *Script) AppliesTo(v slots.Version) bool { return slices.Contains(s.Versions, v) }

// LinesFor are the lines that count for the version.
func (s *Script) LinesFor(v slots.Version) []Line {
	var lines []Line
	for _, l := range s.Lines {
		if l.Only == 0 || l.Only == v {
			lines = append(lines, l)
		}
	}
	return lines
}

// OptionMap are the options of the cluster by key; of one that is set twice the last counts.
func (s *Script) OptionMap() map[string]string { return byKey(s.Options) }

// OptionMap are the job's own options by key; of one that is set twice the last counts.
func (j Job) OptionMap() map[string]string { return byKey(j.Options) }

func byKey(options []Option) map[string]string {
	m := make(map[string]string, len(options))
	for _, o := range options {
		m[o.Key] = o.Value
	}
	return m
}

// Reactive says whether the script is for Reactive Mode, where the cluster is an application of the job and "submit"
// means its start.
func (s *Script) Reactive() bool { return s.OptionMap()["scheduler-mode"] == "reactive" }

// Groups are the slot sharing groups in the order of the vertices.
func (j Job) Groups() []string {
	var groups []string
	for _, v := range j.Vertices {
		if !slices.Contains(groups, v.Group) {
			groups = append(groups, v.Group)
		}
	}
	return groups
}

// Index is the place of a vertex, -1 if there is none of that name.
func (j Job) Index(name string) int {
	return slices.IndexFunc(j.Vertices, func(v Vertex) bool { return v.Name == name })
}

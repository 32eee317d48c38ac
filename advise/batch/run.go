package batch

import (
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	scheduler "github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Run is one run of a batch job, finished or not, as Flink tells it.
type Run struct {
	ID    flink.JobID
	Name  string
	State flink.JobStatus
	Start time.Time
	// Duration is from the submission to the end, or so far.
	Duration time.Duration
	// Release is the release of Flink whose rules the scheduler follows.
	Release slots.Version
	// Settings are the configuration that the scheduler saw, by Flink's keys;
	// nil if it is not known.
	Settings map[string]string
	// Parallelism is that of the job as a whole; 0 or less if none is set.
	Parallelism int
	// Vertices are in topological order.
	Vertices []Vertex
}

// Vertex is one vertex of a run.
type Vertex struct {
	ID     flink.VertexID
	Name   string
	Status string
	// Parallelism is what the vertex ran with; 0 or less while it is undecided.
	Parallelism, MaxParallelism int
	Inputs                      []Edge
	Tasks                       []Task
}

// Edge is an input of a vertex.
type Edge struct {
	// From is the index of the producer among the vertices of the run.
	From int
	// Ship is Flink's ship strategy: HASH[k], REBALANCE, BROADCAST, …
	Ship string
	// Exchange is blocking, hybrid… or pipelined.
	Exchange string
}

// Task is one subtask in its last attempt.
type Task struct {
	ReadBytes, WriteBytes int64
	// Start is when it got its slot and End when it left it, since the job's
	// submission.
	Start, End time.Duration
	// Setup is the part of the time that went by before it began to run.
	Setup time.Duration
	// Finished says that it ran to its end: only then are its figures whole.
	Finished bool
}

// Took is how long the task held its slot.
func (t Task) Took() time.Duration { return t.End - t.Start }

// Whole says that the run finished, so that its figures are all there.
func (r *Run) Whole() bool { return r.State == flink.JobFinished }

// ReadBytes are the bytes that all tasks read.
func (v *Vertex) ReadBytes() int64 {
	var sum int64
	for _, t := range v.Tasks {
		sum += t.ReadBytes
	}
	return sum
}

// WriteBytes are the bytes that all tasks wrote.
func (v *Vertex) WriteBytes() int64 {
	var sum int64
	for _, t := range v.Tasks {
		sum += t.WriteBytes
	}
	return sum
}

// SlotTime is how long the tasks of the vertex held slots, all together.
func (v *Vertex) SlotTime() time.Duration {
	var sum time.Duration
	for _, t := range v.Tasks {
		sum += t.Took()
	}
	return sum
}

// SlotTime is how long the tasks of the run held slots, all together.
func (r *Run) SlotTime() time.Duration {
	var sum time.Duration
	for i := range r.Vertices {
		sum += r.Vertices[i].SlotTime()
	}
	return sum
}

// span is when the vertex's first task started and its last one ended.
func (v *Vertex) span() (start, end time.Duration) {
	for i, t := range v.Tasks {
		if i == 0 || t.Start < start {
			start = t.Start
		}
		end = max(end, t.End)
	}
	return start, end
}

// Skew is the largest task's bytes over the mean: 1 for even ones, 0 for none.
func (v *Vertex) Skew() float64 {
	var most, sum int64
	for _, t := range v.Tasks {
		b := v.load(t)
		most, sum = max(most, b), sum+b
	}
	if sum == 0 {
		return 0
	}
	return float64(most) * float64(len(v.Tasks)) / float64(sum)
}

// load are the bytes that say what a task had to do: those it read, of a source
// those it wrote.
func (v *Vertex) load(t Task) int64 {
	if len(v.Inputs) == 0 {
		return t.WriteBytes
	}
	return t.ReadBytes
}

// kind is how Flink reads an edge of this ship strategy.
func (e Edge) kind() scheduler.Edge {
	strategy, _, _ := strings.Cut(e.Ship, "[")
	return scheduler.EdgeOf(strings.TrimSpace(strategy))
}

// broadcast says that each task reads all of the input.
func (e Edge) broadcast() bool { return e.kind().Broadcast }

// forward says that producer and consumer have one parallelism.
func (e Edge) forward() bool { return e.kind().Forward }

// pointwise says that a task reads from few tasks next to it.
func (e Edge) pointwise() bool { return e.kind().Pattern == scheduler.Pointwise }

// keyed says that records of a key meet in one task.
func (e Edge) keyed() bool { return !e.pointwise() && !e.broadcast() && e.kind().IntraCorrelated }

// pipelined says that the consumer starts with its producer.
func (e Edge) pipelined() bool { return strings.HasPrefix(strings.ToLower(e.Exchange), "pipelined") }

package batch

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// Action is something the scheduler wants done, or says that it did. Actions of
// one step are in the order in which they happened.
type Action interface{ action() }

// InferSource asks a source for how many tasks it has work. SourceInferred
// answers. No other vertex is decided until it has.
type InferSource struct {
	// Vertex is an index into Job.Vertices.
	Vertex int
	// Bound is the most that the source should say, PerTask the bytes that a task
	// should read.
	Bound   int
	PerTask int64
}

// Decided says that the parallelism of a vertex is decided, by a vertex of its
// forward group or by itself, and that its tasks now exist.
type Decided struct {
	// Vertex is an index into Job.Vertices.
	Vertex   int
	Decision Decision
}

// Deploy asks for a slot for a task, which is its own for as long as it runs, and
// to run it there. Deploy actions are in topological order, and slots are given
// in the order of the requests.
type Deploy struct {
	Task TaskID
	// Attempt is 0 at first, and grows with each restart.
	Attempt int
	// Read are the bytes that it will read; -1 while a producer still writes.
	Read int64
}

// CancelTask cancels an attempt of a task, or takes its request for a slot back.
// TaskCanceled answers, or TaskFinished or TaskFailed if it was too late.
type CancelTask struct {
	Task    TaskID
	Attempt int
}

// Reset says that what a finished task wrote is void, since it runs again.
type Reset struct {
	Task TaskID
	// Attempt is the one whose result is void.
	Attempt int
}

// Moved says that the job went from one status to another.
type Moved struct {
	From, To adaptive.Status
	Why      string
}

// Ended says that the job is over: FINISHED, FAILED, CANCELED or SUSPENDED. No
// timer is left.
type Ended struct {
	Status adaptive.Status
	// Failure is the cause, for FAILED and SUSPENDED.
	Failure adaptive.Failure
	At      time.Time
}

func (InferSource) action() {}
func (Decided) action()     {}
func (Deploy) action()      {}
func (CancelTask) action()  {}
func (Reset) action()       {}
func (Moved) action()       {}
func (Ended) action()       {}

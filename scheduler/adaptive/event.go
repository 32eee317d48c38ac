package adaptive

import (
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Event is something that happened outside of the scheduler. Every event may
// come in every state; one that means nothing there changes nothing.
type Event interface{ event() }

// Start begins scheduling. It is the first event of a scheduler.
type Start struct{}

// SlotsOffered says that a TaskManager offers slots it holds for the job.
type SlotsOffered struct {
	TaskManager slots.TaskManagerID
	Slots       []slots.Slot
}

// TaskManagerLost says that a TaskManager left: its slots are gone and the
// tasks on them have failed. No TaskFailed is needed for them.
type TaskManagerLost struct {
	TaskManager slots.TaskManagerID
	// Failure is why, as the tasks' failure shows it.
	Failure Failure
}

// RequirementsChanged sets new bounds, one for each vertex in the order of
// Job.Vertices. Invalid ones, and any in Reactive Mode, are ignored: whoever
// takes them from outside has to check and to answer.
type RequirementsChanged struct{ Bounds []slots.Bounds }

// Cancel asks to cancel the job.
type Cancel struct{}

// Suspend says that the JobManager loses leadership or shuts down.
type Suspend struct{ Failure Failure }

// GlobalFailure is a failure that belongs to no subtask.
type GlobalFailure struct{ Failure Failure }

// GraphBuilt answers BuildGraph: the graph is there and its state assigned.
type GraphBuilt struct {
	// Build is that of the BuildGraph action; a late answer to an older one is
	// ignored.
	Build int
}

// GraphFailed answers BuildGraph: the graph could not be built or restored.
type GraphFailed struct {
	Build   int
	Failure Failure
}

// TaskFailed says that one subtask failed while it ran.
type TaskFailed struct {
	// Execution is that of the Deploy action; reports of older ones are ignored.
	Execution int
	// Vertex is an index into Job.Vertices.
	Vertex, Subtask int
	Failure         Failure
}

// TasksEnded says that no task of an execution runs any longer. It answers
// CancelTasks, or comes by itself when all tasks finished.
type TasksEnded struct {
	// Execution is that of the Deploy action; reports of older ones are ignored.
	Execution int
	Outcome   Outcome
}

// Outcome is how the tasks of an execution ended.
type Outcome int

// The outcomes of an execution.
const (
	// TasksCanceled: all tasks stopped, at least one before its work was done.
	TasksCanceled Outcome = iota
	// TasksFinished: all tasks did all their work.
	TasksFinished
)

// CheckpointCompleted says that a checkpoint of the current execution is
// complete.
type CheckpointCompleted struct {
	// Execution is that of the Deploy action; reports of older ones are ignored.
	Execution  int
	Checkpoint Checkpoint
}

// CheckpointFailed says that a checkpoint of the current execution failed
// without failing the job.
type CheckpointFailed struct {
	// Execution is that of the Deploy action; reports of older ones are ignored.
	Execution int
	ID        int64
}

// StopWithSavepoint asks to take a savepoint and to stop the job with it.
type StopWithSavepoint struct {
	// Operation names the request; OperationDone bears it.
	Operation string
	// Target is the folder for the savepoint; "" is the configured one.
	Target string
	// Drain says that event time is advanced to its end first.
	Drain bool
}

// SavepointCompleted answers TriggerSavepoint. The job goes on to finish.
type SavepointCompleted struct {
	Operation string
	// Location is what the operation returns. Jobs do not restart from it: Flink
	// does not keep savepoints in its checkpoint store.
	Location string
}

// SavepointFailed answers TriggerSavepoint.
type SavepointFailed struct {
	Operation string
	Failure   Failure
}

// Tick lets the timers fire that are due. Every other event does so too,
// before it is handled.
type Tick struct{}

func (Start) event()               {}
func (SlotsOffered) event()        {}
func (TaskManagerLost) event()     {}
func (RequirementsChanged) event() {}
func (Cancel) event()              {}
func (Suspend) event()             {}
func (GlobalFailure) event()       {}
func (GraphBuilt) event()          {}
func (GraphFailed) event()         {}
func (TaskFailed) event()          {}
func (TasksEnded) event()          {}
func (CheckpointCompleted) event() {}
func (CheckpointFailed) event()    {}
func (StopWithSavepoint) event()   {}
func (SavepointCompleted) event()  {}
func (SavepointFailed) event()     {}
func (Tick) event()                {}

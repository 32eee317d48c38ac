package adaptive

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Action is something the scheduler wants done, or says that it did. Actions of
// one step are in the order in which they happened.
type Action interface{ action() }

// DeclareSlots tells the ResourceManager how many slots the job wants in all.
type DeclareSlots struct{ Count int }

// AcceptOffer answers an offer: these slots are now the job's.
type AcceptOffer struct {
	TaskManager slots.TaskManagerID
	Slots       []slots.Slot
}

// RefuseOffer answers an offer: the TaskManager frees these slots.
type RefuseOffer struct {
	TaskManager slots.TaskManagerID
	Slots       []slots.Slot
}

// ReturnSlots gives slots back that the job no longer needs.
type ReturnSlots struct {
	Slots []slots.Slot
	Why   string
}

// BuildGraph asks for the execution graph of the next execution: building it
// and assigning it the state to restore. GraphBuilt or GraphFailed answers.
type BuildGraph struct {
	// Build numbers the requests.
	Build int
	// Parallelism is that of each vertex.
	Parallelism []int
	// Placements say which slot each slot sharing group instance gets.
	Placements []slots.Placement
	// Restore is what the state comes from.
	Restore Restore
}

// Restore is what an execution starts from.
type Restore struct {
	// Checkpoint is the latest completed checkpoint; its ID is 0 if there is none.
	Checkpoint Checkpoint
	// Savepoint is the path of the initial savepoint, if no checkpoint is there.
	Savepoint string
}

// Deploy starts the tasks of an execution, and its periodic checkpoints.
type Deploy struct {
	// Execution numbers the executions of the job, from 1.
	Execution int
	// Parallelism is that of each vertex.
	Parallelism []int
	// Placements say which slot has which subtasks.
	Placements []slots.Placement
	// Attempts are the attempt numbers of each vertex and subtask, from 0.
	Attempts [][]int
	// Restore is what the state comes from.
	Restore Restore
	// Rebalanced are the indexes of forward edges whose ends have different
	// parallelism, so that they rebalance for this execution (2.3 only).
	Rebalanced []int
}

// CancelTasks cancels all tasks of an execution, and its checkpoints; TasksEnded
// answers once the last task has ended. It may come twice for one execution.
type CancelTasks struct {
	Execution int
	Why       string
}

// TriggerSavepoint takes the savepoint of a stop request.
type TriggerSavepoint struct {
	Execution int
	Operation string
	Target    string
	Drain     bool
}

// StartCheckpoints lets the periodic checkpoints of an execution run (again).
type StartCheckpoints struct{ Execution int }

// StopCheckpoints ends the periodic checkpoints of an execution; a pending one
// is aborted.
type StopCheckpoints struct{ Execution int }

// Moved says that the scheduler went from one state to another.
type Moved struct {
	From, To State
	// Why is the transition's reason as the table of transitions has it.
	Why string
	// Detail is what a trace adds: the failure, the backoff, the new parallelism.
	Detail string
}

// PhaseMoved says that the manager of 2.3 went from one phase to another.
type PhaseMoved struct {
	// State is the state whose manager it is.
	State    State
	From, To Phase
}

// Noted is something worth a line in a trace that moves no state.
type Noted struct{ Text string }

// RescaleRecorded says that a rescale record began, changed its course or
// ended (2.3 with a history only).
type RescaleRecorded struct{ Rescale Rescale }

// OperationDone answers StopWithSavepoint.
type OperationDone struct {
	Operation string
	// Location is that of the savepoint; "" if the operation failed.
	Location string
	// Failure is why it failed.
	Failure Failure
}

// Ended says that the job is over. No timer is left.
type Ended struct {
	Status Status
	// Failure is the cause, for FAILED and SUSPENDED.
	Failure Failure
	At      time.Time
}

func (DeclareSlots) action()     {}
func (AcceptOffer) action()      {}
func (RefuseOffer) action()      {}
func (ReturnSlots) action()      {}
func (BuildGraph) action()       {}
func (Deploy) action()           {}
func (CancelTasks) action()      {}
func (TriggerSavepoint) action() {}
func (StartCheckpoints) action() {}
func (StopCheckpoints) action()  {}
func (Moved) action()            {}
func (PhaseMoved) action()       {}
func (Noted) action()            {}
func (RescaleRecorded) action()  {}
func (OperationDone) action()    {}
func (Ended) action()            {}

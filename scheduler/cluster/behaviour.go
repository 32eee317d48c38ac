package cluster

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Behaviour says how long the work of a job's tasks takes and what comes of it.
// A model of the dataflow learns from the calls which tasks run where, and when
// they begin and end.
type Behaviour interface {
	// Build is how long the JobMaster takes to build an execution graph, and why
	// it fails, if it does.
	Build(job slots.JobID, plan adaptive.BuildGraph) (time.Duration, *adaptive.Failure)
	// Deploy is how long it takes from an execution's deployment until each of
	// its tasks runs, restoring included; one duration for all, or one a task.
	Deploy(execution Execution) []time.Duration
	// Cancel is how long the tasks take to end once they are told to.
	Cancel(execution Execution) time.Duration
	// Finish is how long they take to end once a final savepoint is complete.
	Finish(execution Execution) time.Duration
	// FirstCheckpoint is, in 1.20, the time from the begin of an execution to the
	// first of its checkpoints: Flink draws it between the least pause and the
	// interval. If not all tasks run then, it is an interval later.
	FirstCheckpoint(execution Execution) time.Duration
	// Checkpoint is what becomes of a checkpoint or savepoint that begins now.
	Checkpoint(request CheckpointRequest) CheckpointResult
	// Ended is called when no task of an execution is left.
	Ended(execution Execution)
}

// Execution is one execution of a job: what was deployed, and where.
type Execution struct {
	Job slots.JobID
	// At is when it was deployed.
	At time.Time
	adaptive.Deploy
	// Tasks are all subtasks, by vertex and index.
	Tasks []Task
}

// Task is one subtask of an execution.
type Task struct {
	Vertex, Subtask int
	Attempt         int
	Slot            slots.Slot
	State           TaskState
	// Since is when it came into its state.
	Since time.Time
}

// TaskState is the state of a task, as far as it can be told apart here.
type TaskState int

// The states.
const (
	TaskDeploying TaskState = iota
	TaskRunning
	TaskCanceling
	TaskCanceled
	TaskFailed
	TaskFinished
)

var taskStates = [...]string{"DEPLOYING", "RUNNING", "CANCELING", "CANCELED", "FAILED", "FINISHED"}

// String is the state as REST spells it.
func (s TaskState) String() string { return taskStates[s] }

// Over says that the task has ended.
func (s TaskState) Over() bool { return s >= TaskCanceled }

// CheckpointRequest is a checkpoint that begins.
type CheckpointRequest struct {
	Execution Execution
	ID        int64
	At        time.Time
	// Savepoint is one that was asked for; Target is its folder.
	Savepoint bool
	Target    string
}

// CheckpointResult is what becomes of it.
type CheckpointResult struct {
	Takes time.Duration
	// Failure is why it fails after that time; nil if it completes.
	Failure *adaptive.Failure
	// KeyedState is the managed keyed state of each vertex and subtask in bytes;
	// nil if it is not known.
	KeyedState [][]int64
}

// Fixed is a behaviour of fixed times, without state.
type Fixed struct {
	BuildTime, DeployTime, CancelTime, FinishTime time.Duration
	FirstCheckpointTime, CheckpointTime           time.Duration
	SavepointTime                                 time.Duration
}

// DefaultFixed are the times of a small job on a quiet machine.
func DefaultFixed() Fixed {
	return Fixed{
		BuildTime:           40 * time.Millisecond,
		DeployTime:          800 * time.Millisecond,
		CancelTime:          150 * time.Millisecond,
		FinishTime:          150 * time.Millisecond,
		FirstCheckpointTime: time.Second,
		CheckpointTime:      50 * time.Millisecond,
		SavepointTime:       200 * time.Millisecond,
	}
}

var _ Behaviour = Fixed{}

// Build takes its time and succeeds.
func (f Fixed) Build(slots.JobID, adaptive.BuildGraph) (time.Duration, *adaptive.Failure) {
	return f.BuildTime, nil
}

// Deploy is the same time for all tasks.
func (f Fixed) Deploy(Execution) []time.Duration { return []time.Duration{f.DeployTime} }

// Cancel is the same time for every execution.
func (f Fixed) Cancel(Execution) time.Duration { return f.CancelTime }

// Finish is the same time for every execution.
func (f Fixed) Finish(Execution) time.Duration { return f.FinishTime }

// FirstCheckpoint is the same time for every execution.
func (f Fixed) FirstCheckpoint(Execution) time.Duration { return f.FirstCheckpointTime }

// Checkpoint takes its time and completes.
func (f Fixed) Checkpoint(request CheckpointRequest) CheckpointResult {
	if request.Savepoint {
		return CheckpointResult{Takes: f.SavepointTime}
	}
	return CheckpointResult{Takes: f.CheckpointTime}
}

// Ended changes nothing.
func (f Fixed) Ended(Execution) {}

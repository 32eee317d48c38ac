package batch

import "github.com/sluice-project/sluice/scheduler/adaptive"

// Event is something that happened outside of the scheduler. Every event may
// come at any time; one that means nothing then changes nothing.
type Event interface{ event() }

// TaskID names a task of a job.
type TaskID struct {
	// Vertex is an index into Job.Vertices.
	Vertex, Subtask int
}

// Start begins scheduling. It is the first event of a scheduler.
type Start struct{}

// SourceInferred answers InferSource: for how many tasks the source has work,
// the most if the vertex chains several; 0 or less is no answer.
type SourceInferred struct{ Vertex, Tasks int }

// TaskDeployed says that a task was given a slot and is being deployed.
type TaskDeployed struct {
	Task TaskID
	// Attempt is that of the Deploy action; reports of others are ignored.
	Attempt int
}

// TaskFinished says that a task has done its work.
type TaskFinished struct {
	Task    TaskID
	Attempt int
	// Produced are the bytes that it wrote, for each edge that leaves its vertex,
	// in the order of Job.Edges, and subpartition: as many as
	// Scheduler.Subpartitions says.
	Produced [][]int64
}

// TaskFailed says that a task failed while it was being deployed or ran.
type TaskFailed struct {
	Task    TaskID
	Attempt int
	Failure adaptive.Failure
	// Missing are producing tasks whose result it could not read. They are run
	// again.
	Missing []TaskID
}

// TaskCanceled answers Cancel actions.
type TaskCanceled struct {
	Task    TaskID
	Attempt int
}

// ResultsLost says that what finished tasks wrote is gone, such as with a
// TaskManager. They are run again once a restart needs it. Tasks that ran there
// fail: a TaskFailed for each comes after this.
type ResultsLost struct{ Tasks []TaskID }

// EdgeChanged says that the planner of SQL changed how a consumer reads, as it
// does when one side of a join turns out to be small (2.3). It counts if the
// consumer has no tasks yet, so it comes before the TaskFinished after which the
// consumer is decided. Broadcast, Pattern, Type and the correlations are taken
// from Edge.
type EdgeChanged struct {
	// Index is an index into Job.Edges.
	Index int
	Edge  Edge
}

// GlobalFailure is a failure that belongs to no task. All tasks restart.
type GlobalFailure struct{ Failure adaptive.Failure }

// CancelJob asks to cancel the job.
type CancelJob struct{}

// Suspend says that the JobManager loses leadership or shuts down.
type Suspend struct{ Failure adaptive.Failure }

// Tick lets the timers fire that are due. Every other event does so too, before
// it is handled.
type Tick struct{}

func (Start) event()          {}
func (SourceInferred) event() {}
func (TaskDeployed) event()   {}
func (TaskFinished) event()   {}
func (TaskFailed) event()     {}
func (TaskCanceled) event()   {}
func (ResultsLost) event()    {}
func (EdgeChanged) event()    {}
func (GlobalFailure) event()  {}
func (CancelJob) event()      {}
func (Suspend) event()        {}
func (Tick) event()           {}

package script

import "time"

// Action is something that happens to the cluster or its job.
type Action interface{ action() }

type (
	// AddTaskManager lets a TaskManager register. Names are used once in a script.
	AddTaskManager struct {
		Name  string
		Slots int
	}
	// StopTaskManager ends one in good order (SIGTERM): it tells the JobManager.
	StopTaskManager struct{ Name string }
	// KillTaskManager ends one as a crash does (SIGKILL): its host refuses connections.
	KillTaskManager struct{ Name string }
	// FreezeTaskManager silences one (SIGSTOP): nothing answers any more.
	FreezeTaskManager struct{ Name string }
	// ThawTaskManager lets a frozen one go on.
	ThawTaskManager struct{ Name string }

	// Submit hands the job in.
	Submit struct{}
	// Put declares bounds for every vertex of the job, in the job's order.
	Put struct{ Bounds []Bound }
	// PutBody declares what stands in a raw body, in which $name is the id of a vertex; see [Expand].
	PutBody struct{ Body string }
	// Get asks for the requirements.
	Get struct{}
	// Cancel cancels the job.
	Cancel struct{}
	// StopWithSavepoint stops the job with a savepoint, at a place that cannot be written if Unwritable.
	StopWithSavepoint struct{ Unwritable bool }

	// FailTask lets one subtask of a vertex fail once.
	FailTask struct {
		Vertex  string
		Subtask int
	}
	// FailCheckpoints lets every checkpoint and savepoint fail from now on, or no more.
	FailCheckpoints struct{ On bool }
	// SlowCheckpoints makes every checkpoint and savepoint take this much longer from now on.
	SlowCheckpoints struct{ By time.Duration }

	// KillJobManager ends the JobManager as a crash does.
	KillJobManager struct{}
	// RestartJobManager starts it again.
	RestartJobManager struct{}
)

// Bound are the lower and the upper bound of a vertex.
type Bound struct {
	Vertex       string
	Lower, Upper int
}

func (AddTaskManager) action()    {}
func (StopTaskManager) action()   {}
func (KillTaskManager) action()   {}
func (FreezeTaskManager) action() {}
func (ThawTaskManager) action()   {}
func (Submit) action()            {}
func (Put) action()               {}
func (PutBody) action()           {}
func (Get) action()               {}
func (Cancel) action()            {}
func (StopWithSavepoint) action() {}
func (FailTask) action()          {}
func (FailCheckpoints) action()   {}
func (SlowCheckpoints) action()   {}
func (KillJobManager) action()    {}
func (RestartJobManager) action() {}

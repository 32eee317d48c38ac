package cluster

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Overview are the numbers of the cluster as a whole. All are 0 while the
// JobManager is down.
type Overview struct {
	TaskManagers     int // that are registered
	Slots, FreeSlots int // of those
}

// Overview counts TaskManagers and slots.
func (c *Cluster) Overview() Overview {
	if c.manager == nil {
		return Overview{}
	}
	r := c.manager.resources
	return Overview{TaskManagers: r.TaskManagers(), Slots: r.TotalSlots(), FreeSlots: r.FreeSlots()}
}

// TaskManagerView is what can be seen of a TaskManager's process.
type TaskManagerView struct {
	ID     slots.TaskManagerID
	Health Health
	Since  time.Time // of its health
	Slots  int
	// Registered says that the ResourceManager knows it.
	Registered bool
	// Held are its slots that jobs have, by index, as the process sees it.
	Held []slots.HeldSlot
}

// TaskManagers lists all processes that were ever there, in the order of their
// start.
func (c *Cluster) TaskManagers() []TaskManagerView {
	views := make([]TaskManagerView, len(c.machines))
	for i, tm := range c.machines {
		views[i] = TaskManagerView{
			ID: tm.id, Health: tm.health, Since: tm.since, Slots: len(tm.held), Registered: tm.registered, Held: tm.report(),
		}
	}
	return views
}

// JobView is what can be seen of a job.
type JobView struct {
	ID   slots.JobID
	Spec Job
	// Scheduler is what its scheduler shows, after its end what it showed then.
	Scheduler adaptive.View
	// Execution are its tasks; nil when there are none.
	Execution *Execution
	// RunningTasks are those of them that run.
	RunningTasks int
	// Checkpoints are those of the job, oldest first, at most as many as configured;
	// they survive rescales, and the JobManager with high availability.
	Checkpoints []CheckpointView
	// Operations are the stops with savepoint, and the savepoints and checkpoints
	// beside them, in the order in which they were asked for.
	Operations []Operation
}

// CheckpointView is one checkpoint or savepoint.
type CheckpointView struct {
	ID        int64
	Triggered time.Time
	Ended     time.Time // zero while it goes on
	Status    string    // IN_PROGRESS, COMPLETED or FAILED
	Savepoint bool
}

// Jobs lists the jobs that the JobManager knows, in the order of submission.
func (c *Cluster) Jobs() []slots.JobID {
	var ids []slots.JobID
	if c.manager != nil {
		for _, j := range c.manager.jobs {
			ids = append(ids, j.id)
		}
	}
	return ids
}

// Job is what can be seen of one job; false if the JobManager does not know it.
// The caller may keep it: it does not change.
func (c *Cluster) Job(id slots.JobID) (JobView, bool) {
	j := c.job(id)
	if j == nil {
		return JobView{}, false
	}
	view := JobView{
		ID: id, Spec: j.spec, Scheduler: j.scheduler.View(),
		Checkpoints: slices.Clone(j.checkpoints.history), Operations: slices.Clone(j.operations),
	}
	if e := j.execution; e != nil {
		shown := e.Execution
		shown.Tasks = slices.Clone(e.Tasks)
		view.Execution = &shown
		for _, t := range e.Tasks {
			if t.State == TaskRunning {
				view.RunningTasks++
			}
		}
	}
	return view, true
}

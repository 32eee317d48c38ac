package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// jobManager is what one JobManager process knows.
type jobManager struct {
	resources *slots.ResourceManager
	since     time.Time
	jobs      []*job // in the order of submission
	alarms    alarms // of their schedulers
	byID      map[slots.JobID]*job
	givenUp   map[slots.WorkerID]bool // asked for, and not wanted before they were there
	guests    []*Seat                 // in the order of submission
	seats     map[slots.JobID]*Seat
}

func (c *Cluster) newJobManager() *jobManager {
	config := c.config.Resources
	config.Version, config.Started = c.config.Version, c.now
	config.Requested = c.workers
	for _, tm := range c.machines {
		if tm.worker != "" && tm.health != Gone {
			config.Recovered = append(config.Recovered, tm.worker)
		}
	}
	return &jobManager{
		resources: slots.NewResourceManager(config),
		since:     c.now,
		byID:      map[slots.JobID]*job{},
		givenUp:   map[slots.WorkerID]bool{},
		seats:     map[slots.JobID]*Seat{},
	}
}

// Down says that the JobManager is down.
func (c *Cluster) Down() bool { return c.manager == nil }

// ErrDown says that there is no JobManager to ask.
var ErrDown = errors.New("the JobManager is down")

// KillJobManager ends the JobManager as a crash does. The TaskManagers lose
// their JobMasters, so their tasks end and their slots are nobody's.
func (c *Cluster) KillJobManager() error {
	if c.manager == nil {
		return fmt.Errorf("kill the JobManager: %w", ErrDown)
	}
	c.note("", JobManagerDown{})
	c.stored = nil
	for _, j := range c.manager.jobs {
		if s := c.keep(j); s != nil {
			c.stored = append(c.stored, s)
		}
		c.endExecution(j, TaskFailed)
	}
	c.manager = nil
	for _, tm := range c.machines {
		c.forget(tm)
	}
	return nil
}

// RestartJobManager brings the JobManager up again. With high availability it
// has its jobs, their bounds and their checkpoints; without, it has none, save
// that an application cluster starts its application anew. TaskManagers that are
// up register with it.
func (c *Cluster) RestartJobManager() error {
	if c.manager != nil {
		return errors.New("restart the JobManager: it is up")
	}
	c.manager = c.newJobManager()
	c.note("", JobManagerUp{})
	for _, tm := range c.machines {
		if tm.health != Gone {
			c.register(tm, c.config.Latencies.Reregister)
		}
	}
	stored := c.stored
	c.stored = nil
	for _, s := range stored {
		if err := c.begin(s); err != nil {
			return fmt.Errorf("restart the JobManager: %w", err)
		}
	}
	return nil
}

// stored is a job as it outlives a JobManager.
type stored struct {
	spec       Job
	handover   adaptive.Handover
	checkpoint int64 // the last id given to a checkpoint
	operations []Operation
}

// keep is what outlives the JobManager of a job; nil if nothing does.
func (c *Cluster) keep(j *job) *stored {
	switch {
	case j.over:
		return nil
	case c.config.HighAvailability && !j.started:
		return &stored{spec: j.spec, handover: j.scheduler.Handover(), checkpoint: j.checkpoints.last}
	case c.config.HighAvailability:
		return &stored{
			spec:       j.spec,
			handover:   j.scheduler.Handover(),
			checkpoint: j.checkpoints.last,
			operations: j.outlasting(),
		}
	case c.config.Scheduler.Application:
		return &stored{spec: j.spec}
	}
	return nil
}

// outlasting are the operations of a job as they outlive the JobManager: those under
// way have failed.
func (j *job) outlasting() []Operation {
	for i := range j.operations {
		j.finishOperation(adaptive.OperationDone{Operation: j.operations[i].ID, Failure: adaptive.Failure{
			Class: checkpointException, Message: shuttingDown,
		}})
	}
	return j.operations
}

// resources hands an event to the ResourceManager and carries out its actions.
func (c *Cluster) resources(event slots.RMEvent) {
	m := c.manager
	if m == nil {
		return
	}
	c.carryOut(m, m.resources.Step(c.now, event))
}

// carryOut carries out the actions of the ResourceManager.
func (c *Cluster) carryOut(m *jobManager, actions []slots.RMAction) {
	for _, action := range actions {
		switch a := action.(type) {
		case slots.AllocateSlot:
			c.ask(m, a)
		case slots.RefuseTaskManager:
			c.refuse(a)
		case slots.NotEnough:
			c.note(a.Job, Shortage{Acquired: a.Acquired})
		case slots.StartTaskManager:
			c.provide(m, a)
		case slots.StopTaskManager:
			c.dismiss(m, a)
		}
	}
}

// ask sends an AllocateSlot to its TaskManager. To one that is gone it is lost:
// the loss of the TaskManager will settle it.
func (c *Cluster) ask(m *jobManager, a slots.AllocateSlot) {
	c.note(a.Job, Allocated{TaskManager: a.TaskManager, Index: a.Index, Allocation: a.Allocation})
	c.after(c.config.Latencies.Request, func() {
		if tm := c.byID[a.TaskManager]; tm != nil && c.manager == m {
			c.deliver(tm, func() {
				if c.manager == m && tm.registered {
					c.allocate(tm, a)
				}
			})
		}
	})
}

// provide is a provider that starts the TaskManager asked for.
func (c *Cluster) provide(m *jobManager, a slots.StartTaskManager) {
	c.note("", Ordered{Worker: a.Worker, Slots: a.Slots})
	c.workers++
	id := slots.TaskManagerID(fmt.Sprintf("worker-%d", c.workers))
	c.after(c.config.Latencies.Provide, func() {
		if c.manager != m || m.givenUp[a.Worker] || c.byID[id] != nil {
			return
		}
		c.start(id, max(1, a.Slots), a.Worker)
		c.resources(slots.WorkerStarted{Worker: a.Worker})
	})
}

// dismiss is a provider that stops a TaskManager, or does not start it at all.
func (c *Cluster) dismiss(m *jobManager, a slots.StopTaskManager) {
	m.givenUp[a.Worker] = true
	for _, tm := range c.machines {
		if tm.health != Gone && (tm.id == a.ID || a.ID == "" && tm.worker == a.Worker) {
			c.note("", Dismissed{TaskManager: tm.id, Reason: a.Reason})
			c.after(c.config.Latencies.Stop, func() {
				if c.manager == m {
					c.deliver(tm, func() { c.leave(tm) })
				}
			})
		}
	}
}

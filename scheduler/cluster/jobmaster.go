package cluster

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Job is a job to submit.
type Job struct {
	adaptive.Job
	Checkpoints CheckpointPlan
}

// job is a JobMaster: the scheduler of a job and what it has set going.
type job struct {
	id        slots.JobID
	spec      Job
	scheduler *adaptive.Scheduler
	alarm     alarm
	since     time.Time // the JobMaster's start

	execution   *execution // the tasks; nil when there are none
	checkpoints checkpoints
	operations  []Operation
	started     bool // the JobMaster is there; before, the scheduler is one to look at
	over        bool // the JobMaster has ended; the view remains
}

// Operation is a savepoint, with a stop or without, or a checkpoint that was asked
// for.
type Operation struct {
	ID         string
	Checkpoint int64 // its id; 0 of a stop
	Done       bool
	Location   string           // empty if it failed
	Failure    adaptive.Failure // why it failed
}

// Submit hands a job in. An error says why Flink would not take it.
func (c *Cluster) Submit(spec Job) error {
	if c.manager == nil {
		return fmt.Errorf("submit job %s: %w", spec.ID, ErrDown)
	}
	if c.manager.byID[spec.ID] != nil || c.manager.seats[spec.ID] != nil {
		return fmt.Errorf("submit job %s: there is one of that id", spec.ID)
	}
	return c.begin(&stored{spec: spec})
}

// begin starts the JobMaster of a job, new or kept from before. Until it is there
// the job is INITIALIZING.
func (c *Cluster) begin(s *stored) error {
	options, spec := c.config.Scheduler, s.spec.Job
	if c.config.DefaultScheduler {
		spec.Vertices, options.WaitTimeout = fixed(spec.Vertices), c.config.Resources.StartUp
	}
	scheduler, err := adaptive.Resume(c.now, spec, options, s.handover)
	if err != nil {
		return fmt.Errorf("submit job %s: %w", spec.ID, err)
	}
	j := &job{id: spec.ID, spec: s.spec, scheduler: scheduler, operations: s.operations}
	j.alarm.order = len(c.manager.jobs)
	j.checkpoints.last = s.checkpoint
	c.manager.jobs = append(c.manager.jobs, j)
	c.manager.byID[j.id] = j
	c.note(j.id, Submitted{Vertices: spec.Vertices, Names: spec.Names})
	delay := c.config.Latencies.Start
	if c.config.Starts != nil {
		delay = c.config.Starts(c.now)
	}
	c.after(delay, func() {
		if c.job(j.id) != j {
			return
		}
		if j.scheduler, err = adaptive.Resume(c.now, spec, options, s.handover); err != nil {
			return // the same made one above
		}
		j.started, j.since = true, c.now
		c.step(j, adaptive.Start{})
	})
	return nil
}

// fixed are vertices that run at their configured parallelism or not at all.
func fixed(vertices []slots.Vertex) []slots.Vertex {
	all := make([]slots.Vertex, len(vertices))
	for i, v := range vertices {
		v.Bounds.Lower = v.Bounds.Upper
		all[i] = v
	}
	return all
}

// job is a job that the JobManager knows, nil if there is none.
func (c *Cluster) job(id slots.JobID) *job {
	if c.manager == nil {
		return nil
	}
	return c.manager.byID[id]
}

// offered is the job being offered slots.
func (c *Cluster) offered(j *job, tm *taskManager, offer []slots.Slot) {
	c.step(j, adaptive.SlotsOffered{TaskManager: tm.id, Slots: offer})
}

// step hands an event to the job's scheduler and carries out its actions.
func (c *Cluster) step(j *job, event adaptive.Event) {
	actions := j.scheduler.Step(c.now, event)
	if c.job(j.id) == j {
		c.manager.alarms.set(j)
	}
	for _, action := range actions {
		c.perform(j, action)
	}
}

// perform carries out one action of a scheduler.
func (c *Cluster) perform(j *job, action adaptive.Action) {
	switch a := action.(type) {
	case adaptive.AcceptOffer:
		c.accepted(a.TaskManager, a.Slots)
		if c.config.Trace != nil {
			view := j.scheduler.View()
			c.note(j.id, Took{TaskManager: a.TaskManager, Slots: len(a.Slots), Held: view.HeldSlots, Required: view.RequiredSlots})
		}
	case adaptive.DeclareSlots:
		c.note(j.id, a)
		c.declare(j, a.Count)
	case adaptive.RefuseOffer:
		c.note(j.id, a)
		c.returned(a.Slots)
	case adaptive.ReturnSlots:
		c.note(j.id, a)
		c.returned(a.Slots)
	case adaptive.OperationDone:
		c.note(j.id, a)
		j.finishOperation(a)
	case adaptive.Ended:
		c.note(j.id, a)
		c.close(j)
	default:
		c.performOnTasks(j, action)
	}
}

// performOnTasks carries out the actions that are about the tasks of an execution;
// what remains only has to be written down.
func (c *Cluster) performOnTasks(j *job, action adaptive.Action) {
	c.note(j.id, action)
	switch a := action.(type) {
	case adaptive.BuildGraph:
		c.build(j, a)
	case adaptive.Deploy:
		c.deploy(j, a)
	case adaptive.CancelTasks:
		c.cancelTasks(j, a.Execution)
	case adaptive.StartCheckpoints:
		c.startCheckpoints(j, a.Execution)
	case adaptive.StopCheckpoints:
		c.stopCheckpoints(j)
	case adaptive.TriggerSavepoint:
		c.triggerSavepoint(j, a)
	}
}

// declare tells the ResourceManager how many slots the job wants.
func (c *Cluster) declare(j *job, count int) {
	c.after(c.config.Latencies.Request, func() {
		if c.job(j.id) == j && !j.over {
			c.resources(slots.SlotsDeclared{Job: j.id, Count: count})
		}
	})
}

// build lets the JobMaster build an execution graph.
func (c *Cluster) build(j *job, a adaptive.BuildGraph) {
	takes, failure := c.behaviour.Build(j.id, a)
	c.after(takes, func() {
		switch {
		case c.job(j.id) != j:
		case failure != nil:
			c.step(j, adaptive.GraphFailed{Build: a.Build, Failure: *failure})
		default:
			c.step(j, adaptive.GraphBuilt{Build: a.Build})
		}
	})
}

// finishOperation writes the end of what was asked for down.
func (j *job) finishOperation(a adaptive.OperationDone) {
	for i := range j.operations {
		if o := &j.operations[i]; o.ID == a.Operation && !o.Done {
			o.Done, o.Location, o.Failure = true, a.Location, a.Failure
		}
	}
}

// close ends the JobMaster of a job that is over: its slots become free a little
// later.
func (c *Cluster) close(j *job) {
	c.stopCheckpoints(j)
	c.after(c.config.Latencies.Close, func() {
		if c.job(j.id) != j || j.over {
			return
		}
		j.over = true
		c.manager.alarms.set(j)
		c.vacate(j.id)
	})
}

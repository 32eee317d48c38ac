package cluster

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Health is how a TaskManager's process is.
type Health int

// The ways a process can be.
const (
	Up     Health = iota
	Frozen        // it is there and does nothing: what it is sent waits
	Gone          // it has ended; its host refuses connections
)

var healths = [...]string{"up", "frozen", "gone"}

// String says it in a word.
func (h Health) String() string { return healths[h] }

// taskManager is one process, known to the JobManager or not.
type taskManager struct {
	id     slots.TaskManagerID
	worker slots.WorkerID // of the order it came from, with an active ResourceManager
	health Health
	since  time.Time // of its health

	registered   bool // the ResourceManager knows it
	registeredAt time.Time
	attempts     int        // to register; only the latest counts
	refused      bool       // at the latest one
	held         []*holding // by index; nil where no job has the slot
	links        map[slots.JobID]*link
	inbox        []func() // what came while it was frozen
}

// holding is a slot that was given to a job.
type holding struct {
	slot   slots.Slot
	job    slots.JobID
	active bool // the job has taken it
}

// link is a TaskManager's connection to a JobMaster.
type link struct {
	up       bool
	since    time.Time // it is up
	offering bool      // an offer is on its way
}

// AddTaskManager starts a process with this many slots, which registers as soon
// as it can. Ids are used once.
func (c *Cluster) AddTaskManager(id slots.TaskManagerID, count int) error {
	if count < 1 {
		return fmt.Errorf("add TaskManager %s: %d slots, want 1 or more", id, count)
	}
	if c.byID[id] != nil {
		return fmt.Errorf("add TaskManager %s: there is one of that id", id)
	}
	c.start(id, count, "")
	return nil
}

func (c *Cluster) start(id slots.TaskManagerID, count int, worker slots.WorkerID) {
	tm := &taskManager{id: id, worker: worker, since: c.now, held: make([]*holding, count), links: map[slots.JobID]*link{}}
	c.machines = append(c.machines, tm)
	c.byID[id] = tm
	c.register(tm, c.config.Latencies.Register)
}

// register lets a TaskManager reach the ResourceManager after a while. If the
// JobManager is down then, its return brings up the matter again.
func (c *Cluster) register(tm *taskManager, delay time.Duration) {
	tm.attempts++
	attempt := tm.attempts
	c.after(delay, func() {
		c.deliver(tm, func() {
			if m := c.manager; m != nil && !tm.registered && tm.attempts == attempt {
				c.meet(m, tm)
			}
		})
	})
}

// meet is a TaskManager that reaches the ResourceManager, which takes it or not.
func (c *Cluster) meet(m *jobManager, tm *taskManager) {
	actions := m.resources.Step(c.now, slots.TaskManagerRegistered{
		ID: tm.id, Slots: len(tm.held), Worker: tm.worker, Held: tm.report(),
	})
	if known, _ := m.resources.SlotsOf(tm.id); known > 0 {
		tm.registered, tm.registeredAt, tm.refused = true, c.now, false
		c.note("", Registered{TaskManager: tm.id, Slots: len(tm.held)})
	}
	c.carryOut(m, actions)
}

// refuse turns a TaskManager away. It tries again for ever, which is written down
// once; after a final refusal it ends itself.
func (c *Cluster) refuse(a slots.RefuseTaskManager) {
	tm := c.byID[a.ID]
	if !tm.refused {
		c.note("", Refused{TaskManager: tm.id, Final: a.Final, Reason: a.Reason})
	}
	tm.refused = true
	if !a.Final {
		c.register(tm, c.config.Latencies.Reregister)
		return
	}
	c.after(c.config.Latencies.Stop, func() { c.deliver(tm, func() { c.leave(tm) }) })
}

// deliver hands something to a TaskManager: now if it is up, when it thaws if it
// is frozen, never if it is gone.
func (c *Cluster) deliver(tm *taskManager, do func()) {
	switch tm.health {
	case Up:
		do()
	case Frozen:
		tm.inbox = append(tm.inbox, do)
	}
}

// StopTaskManager ends a process in good order: it takes its leave.
func (c *Cluster) StopTaskManager(id slots.TaskManagerID) error {
	tm, err := c.running("stop", id)
	if err != nil {
		return err
	}
	c.note("", Stopping{TaskManager: id})
	c.after(c.config.Latencies.Stop, func() {
		c.deliver(tm, func() { c.leave(tm) })
	})
	return nil
}

// leave is the end of a TaskManager that takes its leave: first of the
// ResourceManager, then of each JobMaster.
func (c *Cluster) leave(tm *taskManager) {
	c.setHealth(tm, Gone)
	failure := adaptive.Failure{Class: "org.apache.flink.util.FlinkExpectedException", Message: "The TaskExecutor is shutting down."}
	c.loseMachine(tm, failure)
	if c.manager == nil {
		return
	}
	for _, j := range c.manager.jobs {
		c.loseInJob(j, tm, failure)
	}
	for _, s := range c.manager.guests {
		c.loseGuest(s, tm, failure)
	}
}

// KillTaskManager ends a process as a crash does: nobody takes leave.
func (c *Cluster) KillTaskManager(id slots.TaskManagerID) error {
	tm, err := c.there("kill", id)
	if err != nil {
		return err
	}
	c.note("", Killed{TaskManager: id})
	c.setHealth(tm, Gone)
	tm.inbox = nil
	c.watch(tm)
	c.after(c.config.Latencies.Peer, func() { c.noticePeer(tm) })
	return nil
}

// FreezeTaskManager lets a process stand still: it neither answers nor ends.
func (c *Cluster) FreezeTaskManager(id slots.TaskManagerID) error {
	tm, err := c.running("freeze", id)
	if err != nil {
		return err
	}
	c.note("", FrozenStill{TaskManager: id})
	c.setHealth(tm, Frozen)
	c.watch(tm)
	return nil
}

// ThawTaskManager lets a frozen process go on: it reads what it was sent. Jobs
// that have given it up meanwhile get their slots back; if the ResourceManager
// has, it registers anew.
func (c *Cluster) ThawTaskManager(id slots.TaskManagerID) error {
	tm, err := c.there("thaw", id)
	if err != nil {
		return err
	}
	if tm.health != Frozen {
		return fmt.Errorf("thaw TaskManager %s: it is %s", id, tm.health)
	}
	c.note("", Thawed{TaskManager: id})
	c.setHealth(tm, Up)
	waiting := tm.inbox
	tm.inbox = nil
	for _, do := range waiting {
		c.after(0, func() { c.deliver(tm, do) })
	}
	for index, h := range tm.held {
		if h != nil && tm.links[h.job] == nil {
			c.free(tm, index)
		}
	}
	if !tm.registered {
		c.register(tm, c.config.Latencies.Reregister)
	}
	return nil
}

// report lists the slots that jobs have.
func (tm *taskManager) report() []slots.HeldSlot {
	var held []slots.HeldSlot
	for _, h := range tm.held {
		if h != nil {
			held = append(held, slots.HeldSlot{Index: h.slot.Index, Job: h.job, Allocation: h.slot.Allocation})
		}
	}
	return held
}

// forget drops everything that a TaskManager had from jobs.
func (c *Cluster) forget(tm *taskManager) {
	tm.inbox, tm.registered, tm.refused = nil, false, false
	clear(tm.held)
	clear(tm.links)
}

// setHealth changes how a process is. Whatever was to happen because of how it
// was before compares since.
func (c *Cluster) setHealth(tm *taskManager, health Health) {
	tm.health, tm.since = health, c.now
}

func (c *Cluster) there(act string, id slots.TaskManagerID) (*taskManager, error) {
	tm := c.byID[id]
	if tm == nil {
		return nil, fmt.Errorf("%s TaskManager %s: there is none of that id", act, id)
	}
	if tm.health == Gone {
		return nil, fmt.Errorf("%s TaskManager %s: it is gone", act, id)
	}
	return tm, nil
}

func (c *Cluster) running(act string, id slots.TaskManagerID) (*taskManager, error) {
	tm, err := c.there(act, id)
	if err == nil && tm.health == Frozen {
		return nil, fmt.Errorf("%s TaskManager %s: it is frozen", act, id)
	}
	return tm, err
}

package slots

import (
	"slices"
	"time"
)

// ResourceManager knows the TaskManagers and what the jobs want, and gives slots
// to jobs. Jobs are served in the order in which they first declared something:
// there is no fairness between them. TaskManagers are in the order of their
// registration. A step is linear in the TaskManagers, the jobs, and the slots
// that it moves.
type ResourceManager struct {
	config RMConfig
	alarms alarms

	managers []*taskManager
	byID     map[TaskManagerID]*taskManager
	total    int // slots registered
	free     int

	claims []*claim
	byJob  map[JobID]*claim

	allocations int
	starting    bool // the start-up period is not over
	provider    provider
	out         []RMAction
}

// taskManager is a registered TaskManager.
type taskManager struct {
	id        TaskManagerID
	slots     []tmSlot
	free      int
	firstFree int       // no slot before it is free
	idleSince time.Time // if all slots are free
	worker    WorkerID
	unwanted  bool
}

// tmSlot is one slot of a TaskManager; free if it has no owner.
type tmSlot struct {
	owner      *claim
	allocation AllocationID
	active     bool // the TaskManager has agreed
}

// claim is what one job wants and has.
type claim struct {
	job                JobID
	required, acquired int
	short              bool // could not be served at the last check
}

func (c *claim) missing() int { return max(c.required-c.acquired, 0) }

// NewResourceManager starts one at c.Started: nothing is registered or wanted.
func NewResourceManager(c RMConfig) *ResourceManager {
	r := &ResourceManager{
		config: c,
		byID:   make(map[TaskManagerID]*taskManager),
		byJob:  make(map[JobID]*claim),
	}
	if c.Active {
		r.provider = newProvider(c)
		r.alarms.set(alarmReconcile, c.Started)
	} else if c.StartUp > 0 {
		r.starting = true
		r.alarms.set(alarmStartUp, c.Started.Add(c.StartUp))
	}
	return r
}

// Step lets the event happen and returns what is to be done, in this order.
func (r *ResourceManager) Step(now time.Time, e RMEvent) []RMAction {
	switch e := e.(type) {
	case TaskManagerRegistered:
		r.register(now, e)
	case TaskManagerLost:
		r.lose(now, e)
	case SlotFreed:
		r.slotFreed(now, e)
	case SlotActive:
		if s := r.allocated(e.TaskManager, e.Index, e.Allocation); s != nil {
			s.active = true
		}
	case AllocationRefused:
		r.refused(now, e)
	case SlotsDeclared:
		r.declared(now, e)
	case JobGone:
		r.jobGone(now, e.Job)
	case WorkerStarted:
		r.workerStarted(now, e.Worker)
	case WorkerFailed:
		r.workerFailed(now, e.Worker)
	case Tick:
		r.tick(now)
	}
	out := r.out
	r.out = nil
	return out
}

// Next is the earliest time at which a Tick has something to do.
func (r *ResourceManager) Next() (time.Time, bool) {
	a, set := r.alarms.first()
	if at, waiting := r.provider.nextTimeout(); waiting && (!set || at.before(a)) {
		return at.at, true
	}
	return a.at, set
}

func (r *ResourceManager) tick(now time.Time) {
	for {
		a, set := r.alarms.first()
		if at, waiting := r.provider.nextTimeout(); waiting && (!set || at.before(a)) {
			if now.Before(at.at) {
				return
			}
			r.registrationTimedOut(at.at)
			continue
		}
		if !set || now.Before(a.at) {
			return
		}
		r.alarms.clear(a.kind)
		r.fire(a.at, a.kind)
	}
}

func (r *ResourceManager) fire(now time.Time, k alarmKind) {
	switch k {
	case alarmCheck:
		r.check(now)
	case alarmStartUp:
		r.startUpOver()
	case alarmReconcile:
		r.alarms.set(alarmReconcile, now.Add(max(r.config.IdleTimeout, time.Millisecond)))
		if r.reconcile(now) {
			r.declareSoon(now)
		}
	case alarmDeclare:
		r.declareWorkers(now)
	case alarmRetry:
		r.meetDeclaration(now)
	}
}

func (r *ResourceManager) register(now time.Time, e TaskManagerRegistered) {
	if r.drop(now, e.ID) {
		r.checkSoon(now)
	}
	if r.config.Active && !r.provider.knows(e.Worker) {
		r.do(RefuseTaskManager{ID: e.ID, Final: true, Reason: "unknown TaskManager: nobody asked for it"})
		return
	}
	matched := len(e.Held) == 0 && r.provider.matches(e.Slots, r.config.SlotsPerWorker)
	if !matched && r.total+r.provider.pendingSlots(r.config.SlotsPerWorker)+e.Slots > r.config.MaxSlots {
		r.oneTooMany(e)
		return
	}

	t := &taskManager{id: e.ID, slots: make([]tmSlot, e.Slots), free: e.Slots, idleSince: now, worker: e.Worker}
	r.managers = append(r.managers, t)
	r.byID[e.ID] = t
	r.total += e.Slots
	r.free += e.Slots
	for _, h := range e.Held {
		if h.Index >= 0 && h.Index < e.Slots && t.slots[h.Index].owner == nil {
			r.give(t, h.Index, r.claim(h.Job), h.Allocation)
			t.slots[h.Index].active = true
		}
	}
	r.provider.registered(e.Worker)
	if matched {
		r.serveReservations(t)
		return
	}
	r.checkSoon(now)
}

// oneTooMany refuses a TaskManager that the largest number of slots has no room
// for. One that was asked for is stopped, any other tries again.
func (r *ResourceManager) oneTooMany(e TaskManagerRegistered) {
	const reason = "the largest number of slots is reached"
	r.do(RefuseTaskManager{ID: e.ID, Reason: reason})
	if r.config.Active {
		r.provider.forget(e.Worker)
		r.do(StopTaskManager{Worker: e.Worker, ID: e.ID, Reason: reason})
	}
}

func (r *ResourceManager) lose(now time.Time, e TaskManagerLost) {
	t, known := r.byID[e.ID]
	if !known {
		return
	}
	worker := t.worker
	if r.drop(now, e.ID) {
		r.checkSoon(now)
	}
	if r.config.Active {
		r.do(StopTaskManager{Worker: worker, ID: e.ID, Reason: e.Cause})
		r.provider.forget(worker)
		r.meetDeclaration(now)
	}
}

// drop forgets a TaskManager and says whether a job had a slot there.
func (r *ResourceManager) drop(now time.Time, id TaskManagerID) bool {
	t, known := r.byID[id]
	if !known {
		return false
	}
	used := t.free < len(t.slots)
	for i := range t.slots {
		r.release(now, t, i)
	}
	r.total -= len(t.slots)
	r.free -= len(t.slots)
	delete(r.byID, id)
	r.managers = slices.DeleteFunc(r.managers, func(o *taskManager) bool { return o == t })
	return used
}

func (r *ResourceManager) slotFreed(now time.Time, e SlotFreed) {
	t, known := r.byID[e.TaskManager]
	if known && e.Index >= 0 && e.Index < len(t.slots) && r.release(now, t, e.Index) {
		r.checkSoon(now)
	}
}

func (r *ResourceManager) refused(now time.Time, e AllocationRefused) {
	if s := r.allocated(e.TaskManager, e.Index, e.Allocation); s != nil && !s.active {
		r.release(now, r.byID[e.TaskManager], e.Index)
		r.checkSoon(now)
	}
}

// allocated is the slot if it still has this allocation.
func (r *ResourceManager) allocated(tm TaskManagerID, index int, a AllocationID) *tmSlot {
	t, known := r.byID[tm]
	if !known || index < 0 || index >= len(t.slots) {
		return nil
	}
	if s := &t.slots[index]; s.owner != nil && s.allocation == a {
		return s
	}
	return nil
}

func (r *ResourceManager) declared(now time.Time, e SlotsDeclared) {
	c, known := r.byJob[e.Job]
	if e.Count <= 0 {
		if known && c.required > 0 {
			c.required = 0
			r.provider.unreserve(e.Job)
			r.tidy(c)
			r.checkSoon(now)
		}
		return
	}
	r.claim(e.Job).required = e.Count
	r.checkSoon(now)
}

func (r *ResourceManager) jobGone(now time.Time, job JobID) {
	if c, known := r.byJob[job]; known {
		c.required = 0
		r.tidy(c)
	}
	if r.config.Active {
		r.provider.unreserve(job)
		r.reconcile(now)
		r.declareSoon(now)
		// Flink waits for the next event here, so that what was counted on for this job
		// can stay unused while another job is short.
		r.checkSoon(now)
	}
}

// claim is the job's, a new one if it has none.
func (r *ResourceManager) claim(job JobID) *claim {
	c, known := r.byJob[job]
	if !known {
		c = &claim{job: job}
		r.byJob[job] = c
		r.claims = append(r.claims, c)
	}
	return c
}

// tidy forgets a job that wants nothing and has nothing.
func (r *ResourceManager) tidy(c *claim) {
	if c.required > 0 || c.acquired > 0 {
		return
	}
	delete(r.byJob, c.job)
	r.claims = slices.DeleteFunc(r.claims, func(o *claim) bool { return o == c })
}

// give makes the free slot the job's.
func (r *ResourceManager) give(t *taskManager, index int, c *claim, a AllocationID) {
	t.slots[index] = tmSlot{owner: c, allocation: a}
	t.free--
	t.unwanted = false
	r.free--
	c.acquired++
}

// release makes the slot free and says whether it was not.
func (r *ResourceManager) release(now time.Time, t *taskManager, index int) bool {
	c := t.slots[index].owner
	if c == nil {
		return false
	}
	t.slots[index] = tmSlot{}
	t.free++
	t.firstFree = min(t.firstFree, index)
	if t.free == len(t.slots) {
		t.idleSince = now
	}
	r.free++
	c.acquired--
	r.tidy(c)
	return true
}

// do adds an action to those of this step.
func (r *ResourceManager) do(a RMAction) { r.out = append(r.out, a) }

// TotalSlots is the number of slots registered.
func (r *ResourceManager) TotalSlots() int { return r.total }

// FreeSlots is the number of slots registered that no job has or is getting.
func (r *ResourceManager) FreeSlots() int { return r.free }

// TaskManagers is the number of TaskManagers registered.
func (r *ResourceManager) TaskManagers() int { return len(r.managers) }

// SlotsOf is how many slots a TaskManager has and how many of them are free; 0 and
// 0 if it is not registered.
func (r *ResourceManager) SlotsOf(tm TaskManagerID) (total, free int) {
	if t, known := r.byID[tm]; known {
		return len(t.slots), t.free
	}
	return 0, 0
}

// Acquired is how many slots a job has or is getting.
func (r *ResourceManager) Acquired(job JobID) int {
	if c, known := r.byJob[job]; known {
		return c.acquired
	}
	return 0
}

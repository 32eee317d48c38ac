package bulk

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// A task of a batch job takes one slot while it is deployed, and gives it back to the
// job's pool when it ends. The job declares as many slots as it has tasks that run or
// wait for one; those that it has too many of go back once they have been free for
// slot.idle.timeout.

var _ cluster.Guest = (*Run)(nil)

// at is a task by its vertex and index.
type at struct{ vertex, task int }

// declare tells the ResourceManager how many slots the tasks take, if that has
// changed, and puts those that wait where there is room.
func (r *Run) declare() {
	r.serve()
	wanted := len(r.waiting) + r.holding
	if r.pool.Require(wanted) {
		r.seat.Declare(wanted)
	}
}

// serve deploys tasks that wait, the first first, to slots that are free.
func (r *Run) serve() {
	for len(r.waiting) > 0 && r.pool.FreeCount() > 0 {
		slot := r.pool.Free()[0]
		first := r.waiting[0]
		r.waiting = r.waiting[1:]
		r.pool.Reserve([]slots.AllocationID{slot.Allocation})
		r.holding++
		r.deploy(first, slot)
	}
}

// release makes the slot of a task free.
func (r *Run) release(t *Task) {
	r.holding--
	r.pool.Release(r.config.Now(), []slots.AllocationID{t.Slot.Allocation})
}

// Offered takes the slots that are wanted.
func (r *Run) Offered(tm slots.TaskManagerID, offer []slots.Slot) []slots.Slot {
	taken, _, _ := r.pool.Offer(r.config.Now(), tm, offer)
	r.after(0, r.declare)
	return taken
}

// idle gives slots back that nobody has needed for a while, again and again.
func (r *Run) idle() {
	if excess := r.pool.Idle(r.config.Now()); len(excess) > 0 {
		r.seat.Return(excess)
	}
	r.after(max(r.idleTimeout, time.Second), r.idle)
}

// Lost ends the tasks on a TaskManager that was given up.
func (r *Run) Lost(tm slots.TaskManagerID, why adaptive.Failure) {
	r.pool.Lose(tm)
	r.lose(tm, why)
	r.changed()
}

// Replace looks at the TaskManagers: tasks on one that is frozen, or gone, do nothing;
// on one that goes on they go on.
func (r *Run) Replace() {
	r.each(func(p at, t *Task) {
		switch {
		case !t.Holds():
		case !r.Reachable(t):
			t.pause(r.config.Now())
			t.stalled = true
		case !t.stalled:
		case t.State == Running:
			t.stalled = false
			r.work(p)
		case t.State == Deploying || t.State == Initializing:
			t.stalled = false
			r.start(p)
		}
	})
}

// Reachable says whether the TaskManager of a task answers.
func (r *Run) Reachable(t *Task) bool { return r.seat.Health(t.Slot.TaskManager) == cluster.Up }

// each goes through all tasks by vertex and index.
func (r *Run) each(do func(p at, t *Task)) {
	for v := range r.vertices {
		for k := range r.vertices[v].Tasks {
			do(at{v, k}, &r.vertices[v].Tasks[k])
		}
	}
}

// unqueue takes a task out of those that wait.
func (r *Run) unqueue(p at) {
	r.waiting = slices.DeleteFunc(r.waiting, func(other at) bool { return other == p })
}

// after lets something happen later, if the job still lives then.
func (r *Run) after(delay time.Duration, do func()) {
	r.seat.After(delay, func() {
		if !r.status.Terminal() {
			do()
			r.changed()
		}
	})
}

// changed says so to whoever looks at the job.
func (r *Run) changed() {
	if r.config.Changed != nil {
		r.config.Changed()
	}
}

package adaptive

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// declare tells the ResourceManager what the job wants, if that changed.
func (s *Scheduler) declare() {
	if s.pool.Require(slots.Needed(s.vertices)) {
		s.emit(DeclareSlots{Count: s.pool.Required()})
	}
}

// slotsOffered takes what the pool wants. The state hears of it once an offer,
// and only if there was something new.
func (s *Scheduler) slotsOffered(e SlotsOffered) {
	accepted, rejected, fresh := s.pool.Offer(s.now, e.TaskManager, e.Slots)
	if len(accepted) > 0 {
		s.emit(AcceptOffer{TaskManager: e.TaskManager, Slots: accepted})
	}
	if len(rejected) > 0 {
		s.emit(RefuseOffer{TaskManager: e.TaskManager, Slots: rejected})
	}
	if fresh {
		s.state.newSlots(s)
	}
}

// taskManagerLost shrinks the pool. If subtasks ran there, the first of them
// fails the job; the others are being cancelled by then.
func (s *Scheduler) taskManagerLost(e TaskManagerLost) {
	s.pool.Lose(e.TaskManager)
	if !s.state.id().HasGraph() || s.execution.ended {
		return
	}
	task, ran := s.execution.firstOn(e.TaskManager)
	if !ran {
		return
	}
	s.execution.lost = append(s.execution.lost, e.TaskManager)
	failed := s.exception(task.Vertex, task.Index, e.Failure)
	failed.TaskManager = e.TaskManager
	s.state.taskFailed(s, failed)
}

// requirementsChanged replaces the bounds if they are valid and differ.
func (s *Scheduler) requirementsChanged(bounds []slots.Bounds) {
	switch {
	case s.state.id() == StateFinished:
	case s.opts.Reactive:
		s.note("requirements ignored: the job runs in reactive mode")
	case !validBounds(bounds, s.vertices):
		s.note("requirements ignored: they are not valid")
	case s.hasBounds(bounds):
	default:
		s.setBounds(bounds)
		s.timeline.requirementsUpdated(s.now, s.span(s.now, Failure{}), s.vertices)
		s.record()
		s.declare()
		s.state.newRequirements(s)
	}
}

// validBounds says whether there is one bound a vertex, with 1 ≤ lower ≤ upper ≤
// maximum parallelism.
func validBounds(bounds []slots.Bounds, vertices []slots.Vertex) bool {
	if len(bounds) != len(vertices) {
		return false
	}
	for i, b := range bounds {
		if b.Lower < 1 || b.Lower > b.Upper || b.Upper > vertices[i].MaxParallelism {
			return false
		}
	}
	return true
}

func (s *Scheduler) hasBounds(bounds []slots.Bounds) bool {
	return slices.EqualFunc(bounds, s.vertices, func(b slots.Bounds, v slots.Vertex) bool { return b == v.Bounds })
}

func (s *Scheduler) setBounds(bounds []slots.Bounds) {
	s.changed = true
	for i, b := range bounds {
		s.vertices[i].Bounds = b
	}
}

// available is the parallelism that all slots of the pool, used or not, allow.
func (s *Scheduler) available() ([]int, bool) {
	plan, ok := slots.Divide(s.vertices, s.pool.Count())
	return plan.Parallelism, ok
}

// sufficient says whether the lower bounds can be met.
func (s *Scheduler) sufficient() bool { return s.pool.Count() >= slots.Least(s.vertices) }

// desired says whether there are as many slots as were declared. 1.20 counts the
// free ones only.
func (s *Scheduler) desired() bool {
	if s.opts.Version == slots.V1_20 {
		return s.pool.FreeCount() >= s.pool.Required()
	}
	return s.pool.Count() >= s.pool.Required()
}

// plan divides the free slots and chooses which subtask gets which.
func (s *Scheduler) plan() (slots.Plan, []slots.Placement, bool) {
	plan, ok := slots.Divide(s.vertices, s.pool.FreeCount())
	if !ok {
		return plan, nil, false
	}
	placements, ok := slots.Assign(slots.AssignInput{
		Version:                   s.opts.Version,
		Vertices:                  s.vertices,
		Parallelism:               plan.Parallelism,
		Slots:                     s.pool.Free(),
		LoadBalance:               s.opts.LoadBalance,
		Application:               s.opts.Application,
		PreferMinimalTaskManagers: s.opts.PreferMinimalTaskManagers,
		Previous:                  s.residences(),
	})
	return plan, placements, ok
}

// residences is where the state of the previous execution lies.
func (s *Scheduler) residences() []slots.Residence {
	if !s.opts.LocalRecovery || s.execution == nil ||
		s.opts.Version != slots.V1_20 && s.checkpoint.ID == 0 {
		return nil
	}
	var all []slots.Residence
	for _, p := range s.execution.placements {
		for _, task := range p.Subtasks {
			v := s.vertices[task.Vertex]
			first, last := slots.KeyGroups(task.Index, s.execution.parallelism[task.Vertex], v.MaxParallelism)
			all = append(all, slots.Residence{
				Vertex:     v.ID,
				Allocation: p.Slot.Allocation,
				First:      first,
				Last:       last,
				StateBytes: s.checkpoint.keyedState(task, s.execution.parallelism),
			})
		}
	}
	return all
}

// keyedState is the size of a subtask's managed keyed state; 0 if it is not
// known, as when the checkpoint is of another parallelism.
func (c Checkpoint) keyedState(task slots.Subtask, parallelism []int) int64 {
	if task.Vertex >= len(c.Parallelism) || c.Parallelism[task.Vertex] != parallelism[task.Vertex] {
		return 0
	}
	if task.Vertex >= len(c.KeyedState) || task.Index >= len(c.KeyedState[task.Vertex]) {
		return 0
	}
	return c.KeyedState[task.Vertex][task.Index]
}

// returnIdleSlots is the idle check; it sets its own next one.
func (s *Scheduler) returnIdleSlots() {
	if idle := s.pool.Idle(s.now); len(idle) > 0 {
		s.emit(ReturnSlots{Slots: idle, Why: "idle"})
	}
	s.timers.set(s.now.Add(max(s.opts.SlotIdleTimeout, time.Millisecond)), timerIdleCheck, 0, 0)
}

package adaptive

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// execution is an execution graph: one attempt to run the job.
type execution struct {
	number      int
	parallelism []int
	placements  []slots.Placement
	attempts    [][]int
	restore     Restore
	// lost are the TaskManagers that left it.
	lost []slots.TaskManagerID
	// failures not yet in the exception history, oldest first; failed says that
	// there was one.
	failures []Exception
	failed   bool
	// reached says when each status was entered; zero if it was not.
	reached [StatusReconciling + 1]time.Time
	// ended says that no task runs any longer, outcome how that came.
	ended   bool
	outcome Outcome
}

// record adds a failure for the exception history, where it appears once all
// tasks have ended.
func (x *execution) record(e Exception) {
	x.failures, x.failed = append(x.failures, e), true
}

// allocations are the slots the execution has.
func (x *execution) allocations() []slots.AllocationID {
	all := make([]slots.AllocationID, len(x.placements))
	for i, p := range x.placements {
		all[i] = p.Slot.Allocation
	}
	return all
}

// find is the TaskManager of a subtask; "" if there is no such subtask.
func (x *execution) find(vertex, subtask int) slots.TaskManagerID {
	for _, p := range x.placements {
		if slices.Contains(p.Subtasks, slots.Subtask{Vertex: vertex, Index: subtask}) {
			return p.Slot.TaskManager
		}
	}
	return ""
}

// firstOn is the first subtask on a TaskManager that has not left.
func (x *execution) firstOn(tm slots.TaskManagerID) (slots.Subtask, bool) {
	if slices.Contains(x.lost, tm) {
		return slots.Subtask{}, false
	}
	for _, p := range x.placements {
		if p.Slot.TaskManager == tm && len(p.Subtasks) > 0 {
			return p.Subtasks[0], true
		}
	}
	return slots.Subtask{}, false
}

// isCurrent says whether a report about an execution is about the one that the
// present state holds.
func (s *Scheduler) isCurrent(number int) bool {
	return s.state.id().HasGraph() && s.execution.number == number
}

func (s *Scheduler) exception(vertex, subtask int, f Failure) Exception {
	e := Exception{At: s.now, Failure: f, Vertex: vertex, Subtask: subtask}
	if vertex >= 0 {
		e.TaskManager = s.execution.find(vertex, subtask)
	}
	return e
}

// taskFailed passes a failure on if it is one of a subtask that runs.
func (s *Scheduler) taskFailed(e TaskFailed) {
	if !s.isCurrent(e.Execution) || s.execution.ended {
		return
	}
	if e.Vertex < 0 || e.Vertex >= len(s.execution.parallelism) ||
		e.Subtask < 0 || e.Subtask >= s.execution.parallelism[e.Vertex] {
		return
	}
	s.state.taskFailed(s, s.exception(e.Vertex, e.Subtask, e.Failure))
}

// tasksEnded takes note that no task runs, frees the slots and lets the failures
// into the exception history.
func (s *Scheduler) tasksEnded(e TasksEnded) {
	if !s.isCurrent(e.Execution) || s.execution.ended {
		return
	}
	x := s.execution
	x.ended, x.outcome = true, e.Outcome
	s.pool.Release(s.now, x.allocations())
	s.archive(x)
	s.state.tasksEnded(s)
}

// cancelTasks has the tasks of the execution end. If they have already, the
// state learns so by a timer.
func (s *Scheduler) cancelTasks(status Status, why string) {
	x := s.execution
	if x.ended {
		s.archive(x)
		s.after(0, timerTasksEnded)
		return
	}
	x.reached[status] = s.now
	s.emit(CancelTasks{Execution: x.number, Why: why})
}

// countAttempts moves the attempt numbers of the execution's subtasks on. Those
// of subtasks it does not have stay.
func (s *Scheduler) countAttempts() {
	for v, attempts := range s.execution.attempts {
		for i, n := range attempts {
			s.attempts[v][i] = n + 1
		}
	}
}

// nextAttempts are the attempt numbers of a new execution.
func (s *Scheduler) nextAttempts(parallelism []int) [][]int {
	all := make([][]int, len(parallelism))
	for v, p := range parallelism {
		for len(s.attempts[v]) < p {
			s.attempts[v] = append(s.attempts[v], 0)
		}
		all[v] = slices.Clone(s.attempts[v][:p])
	}
	return all
}

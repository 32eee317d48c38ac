package batch

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// revival is a restart of some tasks: once its time has come and they have all
// ended.
type revival struct {
	at time.Time
	// due says that the time has come.
	due   bool
	tasks []TaskID // in topological order
}

// failed restarts what a failed task takes with it, or fails the job.
func (s *Scheduler) failed(e TaskFailed) {
	t := s.present(e.Task, e.Attempt)
	if t == nil {
		return
	}
	if t.state == TaskCanceling {
		s.canceled(TaskCanceled{Task: e.Task, Attempt: e.Attempt})
		return
	}
	t.state = TaskEnded
	s.restart(s.affected(e.Task, s.missing(e.Missing)), e.Failure)
}

func (s *Scheduler) canceled(e TaskCanceled) {
	t := s.present(e.Task, e.Attempt)
	if t == nil || t.state != TaskCanceling {
		return
	}
	t.state = TaskEnded
	if s.ending() {
		s.endWithTasks()
		return
	}
	s.revive()
}

func (s *Scheduler) failedGlobally(f adaptive.Failure) {
	if !s.ending() {
		s.restart(s.tasks(), f)
	}
}

// lost remembers what is gone.
func (s *Scheduler) lost(e ResultsLost) {
	for _, id := range e.Tasks {
		if t := s.task(id); t != nil && t.state == TaskDone {
			t.lost = true
		}
	}
}

// missing are the tasks whose result could not be read.
func (s *Scheduler) missing(ids []TaskID) map[TaskID]bool {
	all := make(map[TaskID]bool, len(ids))
	for _, id := range ids {
		if t := s.task(id); t != nil && t.state == TaskDone {
			all[id] = true
		}
	}
	return all
}

// restart restarts tasks after the backoff of the strategy, or fails the job.
func (s *Scheduler) restart(ids []TaskID, f adaptive.Failure) {
	if f.Unrecoverable {
		s.failJob(s.restarts.Suppressed(f))
		return
	}
	backoff, again := s.restarts.Fail(s.now)
	if !again {
		s.failJob(s.restarts.Suppressed(f))
		return
	}
	if len(ids) == 0 { // of a job that has not begun
		return
	}
	r := &revival{at: s.now.Add(backoff), tasks: ids}
	s.revivals = append(s.revivals, r)
	for _, id := range ids {
		s.task(id).revival = r // the latest one counts
	}
	if s.status == adaptive.StatusRunning {
		s.move(adaptive.StatusRestarting, fmt.Sprintf("%v; %d tasks restart, backoff %v", f, len(ids), backoff))
	}
	for _, id := range ids {
		s.cancelTask(id)
	}
}

// cancelTask cancels a task that holds or wants a slot.
func (s *Scheduler) cancelTask(id TaskID) {
	if t := s.task(id); t.state == TaskScheduled || t.state == TaskRunning {
		t.state = TaskCanceling
		s.emit(CancelTask{Task: id, Attempt: t.attempt})
	}
}

// fireDue lets the restarts begin whose time has come, each at its own time.
func (s *Scheduler) fireDue(now time.Time) {
	for {
		next, found := s.Next()
		if !found || next.After(now) {
			return
		}
		s.now = next
		for _, r := range s.revivals {
			r.due = r.due || !r.at.After(next)
		}
		s.revive()
	}
}

// revive carries out the restarts that are due and whose tasks have ended.
func (s *Scheduler) revive() {
	waiting := s.revivals[:0:0]
	begun := false
	for _, r := range s.revivals {
		if !r.due || s.holds(r) {
			waiting = append(waiting, r)
			continue
		}
		s.reset(r)
		begun = true
	}
	s.revivals = waiting
	if !begun {
		return
	}
	if s.status == adaptive.StatusRestarting && !s.waits() {
		s.move(adaptive.StatusRunning, "the tasks restart")
	}
	s.advance()
}

// holds says whether a task that a restart is for still runs.
func (s *Scheduler) holds(r *revival) bool {
	for _, id := range r.tasks {
		if t := s.task(id); t.revival == r && t.state.active() {
			return true
		}
	}
	return false
}

// waits says whether a task waits for a restart.
func (s *Scheduler) waits() bool {
	for _, r := range s.revivals {
		for _, id := range r.tasks {
			if s.task(id).revival == r {
				return true
			}
		}
	}
	return false
}

// reset makes the tasks of a restart new, but for those that a later one is for.
func (s *Scheduler) reset(r *revival) {
	for _, id := range r.tasks {
		t := s.task(id)
		if t.revival != r {
			continue
		}
		v := &s.vertices[id.Vertex]
		if t.state == TaskDone {
			s.emit(Reset{Task: id, Attempt: t.attempt})
			v.finished--
			for _, i := range v.out {
				s.edges[i].bytes[id.Subtask], s.edges[i].result = nil, nil
			}
		}
		if t.state != TaskCreated {
			t.attempt++
		}
		*t = task{attempt: t.attempt}
		s.dirty[id.Vertex] = true
	}
}

package adaptive

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// restarting waits until all tasks are cancelled, and then for the backoff.
type restarting struct {
	withGraph
	backoff time.Duration
	// target is the parallelism of a rescale (2.3); nil after a failure.
	target []int
}

func (*restarting) id() State      { return StateRestarting }
func (*restarting) status() Status { return StatusRestarting }

// goToRestarting counts the restart, and the rescale if there was no failure.
func (s *Scheduler) goToRestarting(next *restarting, why, detail string) {
	if next.target == nil {
		s.timeline.recovering(s.now, s.vertices)
	}
	s.countAttempts()
	s.numRestarts++
	if !s.execution.failed && s.opts.Version != slots.V1_20 {
		s.numRescales++
	}
	s.move(next, why, detail)
}

func (r *restarting) enter(s *Scheduler) { s.cancelTasks(StatusCancelling, "restart") }

func (r *restarting) fire(s *Scheduler, kind timerKind) {
	switch kind {
	case timerTasksEnded:
		r.tasksEnded(s)
	case timerBackoff:
		r.goOn(s)
	}
}

// tasksEnded starts the backoff: it counts from the last task's end, not from
// the failure.
func (r *restarting) tasksEnded(s *Scheduler) {
	s.execution.reached[StatusCanceled] = s.now
	s.after(r.backoff, timerBackoff)
}

// goOn always waits for resources in 1.20; 2.3 passes that over if the slots of
// the rescale, or all that are desired, are there.
func (r *restarting) goOn(s *Scheduler) {
	if s.opts.Version != slots.V1_20 && (r.unchanged(s) || s.desired()) {
		s.goToBuilding(whyBackoffOverDesired)
		return
	}
	s.goToWaiting(whyBackoffOver)
}

// unchanged says whether the slots still allow exactly what the rescale was for.
func (r *restarting) unchanged(s *Scheduler) bool {
	target, ok := s.available()
	return ok && r.target != nil && slices.Equal(target, r.target)
}

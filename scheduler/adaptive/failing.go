package adaptive

// failing waits until all tasks of a failed job have ended.
type failing struct {
	withGraph
	failure Failure
}

func (*failing) id() State      { return StateFailing }
func (*failing) status() Status { return StatusFailing }

func (s *Scheduler) goToFailing(f Failure) {
	s.timeline.jobFailed(s.span(s.now, f))
	s.move(&failing{failure: f}, whyNoRestart, f.Root().String())
}

func (f *failing) enter(s *Scheduler) { s.cancelTasks(StatusFailing, "failure") }

func (f *failing) fire(s *Scheduler, kind timerKind) {
	if kind == timerTasksEnded {
		f.tasksEnded(s)
	}
}

func (f *failing) tasksEnded(s *Scheduler) { s.finish(whyAllEnded, StatusFailed, f.failure) }

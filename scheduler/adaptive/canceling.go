package adaptive

// canceling waits until all tasks are cancelled for good.
type canceling struct{ withGraph }

func (*canceling) id() State      { return StateCanceling }
func (*canceling) status() Status { return StatusCancelling }

func (*canceling) enter(s *Scheduler) { s.cancelTasks(StatusCancelling, "cancel") }

func (*canceling) cancel(*Scheduler) {}

func (c *canceling) fire(s *Scheduler, kind timerKind) {
	if kind == timerTasksEnded {
		c.tasksEnded(s)
	}
}

func (*canceling) tasksEnded(s *Scheduler) { s.finish(whyAllEnded, StatusCanceled, Failure{}) }

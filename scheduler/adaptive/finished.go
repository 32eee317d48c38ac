package adaptive

// finished is the end: nothing changes any more, and no timer is left.
type finished struct {
	quiet
	end Status
	// graph says that the job ended with an execution graph.
	graph bool
}

func (*finished) id() State        { return StateFinished }
func (f *finished) status() Status { return f.end }

func (*finished) cancel(*Scheduler)           {}
func (*finished) suspend(*Scheduler, Failure) {}
func (*finished) fail(*Scheduler, Exception)  {}

// finish ends the job and gives all slots back.
func (s *Scheduler) finish(why string, status Status, f Failure) {
	s.timeline.finished(s.span(s.now, Failure{}))
	graph := s.state.id().HasGraph()
	if graph {
		if s.execution.reached[status].IsZero() {
			s.execution.reached[status] = s.now
		}
		if !s.execution.ended {
			s.emit(CancelTasks{Execution: s.execution.number, Why: why})
		}
	}
	s.endedAt, s.failure = s.now, f
	s.move(&finished{end: status, graph: graph}, why, f.Root().String())
}

func (f *finished) enter(s *Scheduler) {
	s.timers.drop(func(timer) bool { return true })
	s.emit(Ended{Status: f.end, Failure: s.failure, At: s.now})
	if left := s.pool.Close(); len(left) > 0 {
		s.emit(ReturnSlots{Slots: left, Why: "the job is over"})
	}
	s.emit(DeclareSlots{Count: 0})
}

package adaptive

// created is the state before scheduling starts.
type created struct{ withoutGraph }

func (*created) id() State      { return StateCreated }
func (*created) status() Status { return StatusInitializing }

// start begins the checks for idle slots and waits for resources.
func (*created) start(s *Scheduler) {
	s.returnIdleSlots()
	s.timeline.begin(CauseInitialSchedule, true, s.since, s.vertices)
	s.goToWaiting(whyStart)
}

package adaptive

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// waiting is WaitingForResources: the job waits for all the slots it wants, or
// for enough of them when no more came for a while.
type waiting struct {
	withoutGraph
	// manager decides in 2.3 when to go on.
	manager *manager
	// deadline ends the stabilization in 1.20; it counts while it is set.
	deadline time.Time
}

func (*waiting) id() State      { return StateWaitingForResources }
func (*waiting) status() Status { return StatusCreated }

func (s *Scheduler) goToWaiting(why string) {
	s.declare()
	s.move(&waiting{}, why, "")
}

func (w *waiting) enter(s *Scheduler) {
	if s.opts.Version != slots.V1_20 {
		w.manager = newManager(s, w, 0, s.opts.Stabilization, 0)
	}
	if s.opts.WaitTimeout >= 0 {
		s.after(s.opts.WaitTimeout, timerWaitTimeout)
	}
	s.after(0, timerEvaluate)
}

func (w *waiting) fire(s *Scheduler, kind timerKind) {
	switch kind {
	case timerWaitTimeout:
		s.goToBuilding(whyWaitTimeout)
	case timerEvaluate:
		w.evaluate(s)
	default:
		w.manager.fire(s, kind)
	}
}

func (w *waiting) newSlots(s *Scheduler)        { w.evaluate(s) }
func (w *waiting) newRequirements(s *Scheduler) { w.evaluate(s) }

func (w *waiting) evaluate(s *Scheduler) {
	if w.manager == nil {
		w.evaluate120(s)
		return
	}
	w.manager.onChange(s, true)
	w.manager.onTrigger(s)
}

// evaluate120 is the rule of 1.20: desired slots at once, sufficient ones after
// the stabilization, which begins anew when they become insufficient.
func (w *waiting) evaluate120(s *Scheduler) {
	switch {
	case s.desired():
		s.goToBuilding(whyDesired)
	case !s.sufficient():
		w.deadline = time.Time{}
	case w.deadline.IsZero():
		w.deadline = s.now.Add(s.opts.Stabilization)
		s.after(s.opts.Stabilization, timerEvaluate)
	case !s.now.Before(w.deadline):
		s.goToBuilding(whyStable)
	}
}

// desired and sufficient answer the manager of 2.3.
func (w *waiting) desired(s *Scheduler) bool    { return s.desired() }
func (w *waiting) sufficient(s *Scheduler) bool { return s.sufficient() }

func (w *waiting) proceed(s *Scheduler, stabilized bool) {
	if stabilized {
		s.goToBuilding(whyStable)
		return
	}
	s.goToBuilding(whyDesired)
}

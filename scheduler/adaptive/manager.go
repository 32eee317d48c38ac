package adaptive

import (
	"fmt"
	"slices"
	"time"
)

// PhaseMove is one row of the table of moves between phases.
type PhaseMove struct {
	From, To Phase
	// Why is what makes the manager go.
	Why string
}

// PhaseMoves is the table of all moves between phases, in the order of the
// phases. The manager makes no other.
func PhaseMoves() []PhaseMove { return slices.Clone(phaseMoves) }

var phaseMoves = []PhaseMove{
	{PhaseCooldown, PhaseIdling, "the cooldown is over, no change came"},
	{PhaseCooldown, PhaseStabilizing, "the cooldown is over, a change came"},
	{PhaseIdling, PhaseStabilizing, "a change, sufficient slots"},
	{PhaseStabilizing, PhaseStabilized, "the stabilization is over"},
	{PhaseStabilizing, PhaseTransitioning, "a trigger, desired slots"},
	{PhaseStabilized, PhaseTransitioning, "a trigger, sufficient slots"},
	{PhaseStabilized, PhaseIdling, "a trigger, no longer sufficient"},
}

// manager decides in 2.3 when WaitingForResources and Executing are left. It
// goes through phases: no change counts in Cooldown; Idling waits for a first
// one; Stabilizing takes the desired slots at a trigger; Stabilized takes
// sufficient ones.
type manager struct {
	owner managed
	phase Phase
	// instance counts the phases, so that a timer knows its own.
	instance      int
	stabilization time.Duration
	maxDelay      time.Duration
	// first is when the first change came, latest when the latest one did.
	first, latest time.Time
	// noted says that a change came during Cooldown.
	noted bool
	// evaluating says that an evaluation of Stabilizing is due.
	evaluating bool
}

// managed is the state whose manager it is.
type managed interface {
	id() State
	desired(*Scheduler) bool
	sufficient(*Scheduler) bool
	// proceed leaves the state; stabilized says that the stabilization was over.
	proceed(s *Scheduler, stabilized bool)
}

func newManager(s *Scheduler, owner managed, cooldown, stabilization, maxDelay time.Duration) *manager {
	m := &manager{owner: owner, stabilization: stabilization, maxDelay: maxDelay}
	m.enter(s, PhaseCooldown)
	m.after(s, cooldown, timerCooldownEnds)
	return m
}

// onChange says that slots or requirements changed.
func (m *manager) onChange(s *Scheduler, bySlots bool) {
	switch m.phase {
	case PhaseCooldown:
		if m.owner.sufficient(s) && !m.noted {
			m.noted, m.first = true, s.now
			m.recordNewSlots(s, bySlots)
		}
	case PhaseIdling:
		if m.owner.sufficient(s) {
			m.first = s.now
			m.recordNewSlots(s, bySlots)
			m.stabilize(s)
		}
	case PhaseStabilizing:
		m.latest = s.now
		m.evaluateLater(s)
	}
}

// recordNewSlots begins a rescale record for slots that came to a running job.
func (m *manager) recordNewSlots(s *Scheduler, bySlots bool) {
	if bySlots && m.owner.id() == StateExecuting && !s.timeline.isOpen() {
		s.timeline.begin(CauseNewResourceAvailable, false, s.now, s.vertices)
		s.record()
	}
}

// onTrigger says that now is a good time, such as after a checkpoint.
func (m *manager) onTrigger(s *Scheduler) {
	switch m.phase {
	case PhaseStabilizing:
		if m.owner.desired(s) {
			m.transition(s)
		}
	case PhaseStabilized:
		if m.owner.sufficient(s) {
			m.transition(s)
			return
		}
		m.idle(s)
	}
}

func (m *manager) fire(s *Scheduler, kind timerKind) {
	switch kind {
	case timerCooldownEnds:
		if m.noted {
			m.stabilize(s)
			return
		}
		m.idle(s)
	case timerStabilized:
		m.enter(s, PhaseStabilized)
		m.after(s, m.left(s, m.first, m.maxDelay), timerTrigger)
	case timerEvaluatePhase:
		m.evaluating = false
		m.onTrigger(s)
	case timerTrigger:
		m.onTrigger(s)
	}
}

// idle ends a rescale record that came to nothing.
func (m *manager) idle(s *Scheduler) {
	m.enter(s, PhaseIdling)
	if m.owner.id() == StateExecuting {
		s.timeline.noChange(s.now)
		s.record()
	}
}

// stabilize waits for more, counted from the first change. The end of the
// stabilization comes before an evaluation at the same time.
func (m *manager) stabilize(s *Scheduler) {
	m.enter(s, PhaseStabilizing)
	m.latest = m.first
	m.after(s, m.left(s, m.first, m.stabilization), timerStabilized)
	m.evaluateLater(s)
}

func (m *manager) evaluateLater(s *Scheduler) {
	if !m.evaluating {
		m.evaluating = true
		m.after(s, m.left(s, m.latest, m.maxDelay), timerEvaluatePhase)
	}
}

func (m *manager) transition(s *Scheduler) {
	stabilized := m.phase == PhaseStabilized
	m.enter(s, PhaseTransitioning)
	m.owner.proceed(s, stabilized)
}

// enter begins a phase; the timers of the one before are void.
func (m *manager) enter(s *Scheduler, to Phase) {
	s.timers.drop(func(t timer) bool { return t.visit == s.visit && t.phase != 0 })
	if m.phase != NoPhase {
		s.declaredPhase(m.phase, to)
		s.emit(PhaseMoved{State: m.owner.id(), From: m.phase, To: to})
	}
	m.phase = to
	m.instance++
	m.evaluating = false
}

// declaredPhase remembers a move that is not in the table.
func (s *Scheduler) declaredPhase(from, to Phase) {
	declared := slices.ContainsFunc(phaseMoves, func(m PhaseMove) bool { return m.From == from && m.To == to })
	if s.fault == nil && !declared {
		s.fault = fmt.Errorf("undeclared move from phase %v to %v", from, to)
	}
}

func (m *manager) after(s *Scheduler, d time.Duration, kind timerKind) {
	s.timers.set(s.now.Add(d), kind, s.visit, m.instance)
}

// left is what remains of a time-out that began at a given time.
func (m *manager) left(s *Scheduler, since time.Time, timeout time.Duration) time.Duration {
	return max(0, timeout-s.now.Sub(since))
}

package adaptive

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// phaseWays lead a job of 2.3, with checkpoints, through each move of the table
// in Executing: its cooldown takes 30 s, its stabilization 60 s, the longest delay
// of a trigger 15 s.
var phaseWays = []struct {
	from, to Phase
	lead     func(*rig)
}{
	{PhaseCooldown, PhaseIdling, func(r *rig) { r.running(2).later(30 * time.Second) }},
	{PhaseCooldown, PhaseStabilizing, func(r *rig) { r.running(2).offer("tm2", 2); r.later(30 * time.Second) }},
	{PhaseIdling, PhaseStabilizing, func(r *rig) { r.running(2).later(time.Minute); r.offer("tm2", 2) }},
	{PhaseStabilizing, PhaseTransitioning, func(r *rig) {
		r.running(2).later(time.Minute)
		r.offer("tm2", 2)
		r.step(CheckpointCompleted{Execution: r.execution(), Checkpoint: Checkpoint{ID: 1}})
	}},
	{PhaseStabilizing, PhaseStabilized, func(r *rig) { r.running(2).later(time.Minute); r.offer("tm2", 1); r.later(time.Minute) }},
	{PhaseStabilized, PhaseTransitioning, func(r *rig) { r.running(2).later(time.Minute); r.offer("tm2", 1); r.later(time.Minute) }},
	{PhaseStabilized, PhaseIdling, func(r *rig) {
		r.running(2).later(time.Minute)
		r.offer("tm2", 1)
		r.lose("tm2") // nothing ran there
		r.later(time.Minute)
	}},
}

func TestEveryMoveBetweenPhases(t *testing.T) {
	for _, w := range phaseWays {
		t.Run(w.from.String()+" to "+w.to.String(), func(t *testing.T) {
			r := newRig(t, slots.V2_3, j3(4))
			w.lead(r)
			if !slices.Contains(r.seen, Action(PhaseMoved{State: StateExecuting, From: w.from, To: w.to})) {
				t.Errorf("not made: %v", r.phases())
			}
		})
	}
	for _, row := range PhaseMoves() {
		covered := 0
		for _, w := range phaseWays {
			if w.from == row.From && w.to == row.To {
				covered++
			}
		}
		if covered != 1 {
			t.Errorf("%d tests make %v to %v, want 1", covered, row.From, row.To)
		}
	}
}

// phases tells the moves between phases.
func (r *rig) phases() []PhaseMoved {
	var all []PhaseMoved
	for _, a := range r.seen {
		if m, ok := a.(PhaseMoved); ok {
			all = append(all, m)
		}
	}
	return all
}

func TestAnUndeclaredMoveBetweenPhasesIsAFault(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(4)
	r.s.state.(*executing).manager.enter(r.s, PhaseStabilized)
	if r.s.Fault() == nil {
		t.Error("no fault")
	}
}

func TestATransitionOfAnotherVersionIsAFault(t *testing.T) {
	r := newRig(t, slots.V1_20, j3(4)).running(4)
	r.holdTasks = true
	r.failTask()
	r.s.move(&building{}, whyBackoffOverDesired, "")
	if r.s.Fault() == nil {
		t.Error("no fault")
	}
}

func TestEveryTransitionIsMadeInTheVersionsItSays(t *testing.T) {
	for _, w := range ways {
		for _, v := range versions {
			if made := w.only == 0 || w.only == v; made && !w.transition.In(v) {
				t.Errorf("%v to %v is made in %v, and not of it: %s", w.transition.From, w.transition.To, v, w.transition.Why)
			}
		}
	}
}

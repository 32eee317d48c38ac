package fleet

import (
	"math"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// unmeasured is a pass right after a restart: Flink shows the dataflow, and there are
// no rates yet.
func unmeasured(r *autoscaler.Report) {
	r.Evaluation, r.Decision = nil, scaling.Decision{At: r.At, Reason: scaling.ReasonUnknownRate, Detail: "no rate is known"}
}

func TestAfterARescaleAJobHasTheParallelismThatFlinkShows(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 400, from: 1, to: 1}.report())
	record(t, b, pass{at: 10 * time.Second, rate: 400, from: 3, to: 3, change: unmeasured}.report())
	j, _ := b.Job(keyOf("j1"))
	if j.Parallelism != 4 || j.Wanted != 4 || !math.IsNaN(j.Now.Source) || !math.IsNaN(j.Now.Busy) {
		t.Errorf("parallelism %d, wanted %d, reads %g; want 4, 4 and what was measured before not shown", j.Parallelism, j.Wanted, j.Now.Source)
	}
	if v := j.Shape; len(v) != 2 || v[1].ID != "work" || v[1].From != 3 || len(v[1].Inputs) != 1 || !math.IsNaN(float64(v[1].Busy)) {
		t.Errorf("the dataflow is %+v", v)
	}
	record(t, b, pass{at: 20 * time.Second, rate: 600, from: 3, to: 3}.report())
	if s := b.Jobs()[0]; s.Parallelism != 4 || s.Now.Source != 600 {
		t.Errorf("measured again, it is %+v", s.Now)
	}
}

func TestARescaleOnItsWayIsWanted(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 400, from: 1, to: 1, change: func(r *autoscaler.Report) {
		unmeasured(r)
		r.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested, Want: scaling.Parallelism{"work": 5}}
	}}.report())
	if s := b.Jobs()[0]; s.Parallelism != 2 || s.Wanted != 6 {
		t.Errorf("parallelism %d, wanted %d; want 2 and 6", s.Parallelism, s.Wanted)
	}
}

func TestADataflowThatWasSeenStays(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 400, from: 1, to: 1, change: unmeasured}.report())
	record(t, b, pass{at: time.Second, rate: 400, from: 1, to: 1, change: func(r *autoscaler.Report) {
		unmeasured(r)
		r.Topology, r.Decision.Reason = nil, autoscaler.ReasonNotRunning
	}}.report())
	if j, _ := b.Job(keyOf("j1")); j.Parallelism != 0 || len(j.Shape) != 2 {
		t.Errorf("parallelism %d of %d vertices; want none, of the two that it had", j.Parallelism, len(j.Shape))
	}
}

func TestFiguresOfAnEarlierProcessAreNotThoseOfNow(t *testing.T) {
	b := lasting(keyOf("j1"))
	b.Restore(keyOf("j1"), before())
	j, _ := b.Job(keyOf("j1"))
	if len(j.Shape) != 2 || !math.IsNaN(float64(j.Shape[1].Busy)) || !math.IsNaN(j.Now.Source) {
		t.Errorf("before the first pass the vertices are %+v, and it reads %g", j.Shape, j.Now.Source)
	}
	record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3, change: unmeasured}.report())
	if s := b.Jobs()[0]; s.Parallelism != 4 || !math.IsNaN(s.Now.Source) {
		t.Errorf("after a first pass without rates it reads %g with %d subtasks", s.Now.Source, s.Parallelism)
	}
}

func TestWhereAJobWouldStandIfNobodyHeldIt(t *testing.T) {
	held := autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "by anna"}
	for name, c := range map[string]struct {
		change func(*autoscaler.Report)
		want   State
	}{
		"nobody holds it":     {func(*autoscaler.Report) {}, ""},
		"nothing is due":      {func(r *autoscaler.Report) { r.Held = held }, Steady},
		"the window fills":    {func(r *autoscaler.Report) { r.Held, r.Decision.Reason = held, scaling.ReasonWindowNotFull }, Filling},
		"a change is due":     {func(r *autoscaler.Report) { r.Held, r.Obstacle, r.Decision.Reason = held, held, held.Reason }, Waiting},
		"it is disabled too":  {func(r *autoscaler.Report) { r.Held, r.Decision.Reason = held, scaling.ReasonScalingDisabled }, Paused},
		"a rescale goes on":   {func(r *autoscaler.Report) { r.Held, r.Act = held, &autoscaler.Act{Phase: autoscaler.PhaseRequested} }, ""},
		"taken out, and held": {func(r *autoscaler.Report) { r.Held, r.Scope = held, autoscaler.ScopeDisabled }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := bookAt(0)
			record(t, b, pass{rate: 100, from: 1, to: 1, change: c.change}.report())
			if got := b.Jobs()[0].Free; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// That rates are not known yet is no fault while the window fills.
func TestAWindowThatFillsSaysUntilWhen(t *testing.T) {
	r := pass{rate: 100, from: 1, to: 1, change: func(r *autoscaler.Report) {
		unmeasured(r)
		r.Decision.Reason, r.Window = scaling.ReasonWindowNotFull, scaling.Fullness{FullAt: start.Add(time.Minute)}
	}}.report()
	b := bookAt(0)
	record(t, b, r)
	entry := decisions.New(r)
	_, restored := stateOfEntry(&entry)
	if want := "the metric window is full at 2026-07-01T12:01:00Z"; b.Jobs()[0].Why != want || restored != want {
		t.Errorf("%q, and read back %q, want %q", b.Jobs()[0].Why, restored, want)
	}
}

func TestNoVertexIsAnEmptyList(t *testing.T) {
	b := lasting(keyOf("j1"))
	if j, _ := b.Job(keyOf("j1")); j.Shape == nil || len(j.Shape) > 0 {
		t.Errorf("%v", []decisions.Vertex(j.Shape))
	}
}

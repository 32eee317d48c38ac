package fleet

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/events/eventtest"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func keyOf(id string) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "test", Job: flink.JobID(id)}
}

// pass is a pass over a job of a source and a worker, that reads rate records/s.
type pass struct {
	at       time.Duration
	rate     float64
	from, to int
	change   func(*autoscaler.Report)
}

func (p pass) report() *autoscaler.Report {
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "source", Parallelism: 1, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: p.from, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		panic(err)
	}
	at := start.Add(p.at)
	r := &autoscaler.Report{
		Job: keyOf("j1"), Name: "clicks", At: at, Topology: topology, Window: scaling.Fullness{Full: true},
		Evaluation: &scaling.Evaluation{At: at, Vertices: []scaling.VertexEvaluation{
			{Vertex: "source", Name: "source", Parallelism: 1, TrueProcessingRate: math.Inf(1), TargetRate: p.rate, PeakRate: p.rate, HasLag: true, Lag: 10, Rates: scaling.Rates{In: p.rate}},
			{Vertex: "work", Name: "work", Parallelism: p.from, Load: 0.5, TrueProcessingRate: 1000 * float64(p.from), TargetRate: 2 * p.rate, PeakRate: 2 * p.rate, Rates: scaling.Rates{In: 2 * p.rate}},
		}},
		Decision: scaling.Decision{At: at, Reason: scaling.ReasonWithinBounds, Vertices: []scaling.VertexDecision{
			{Vertex: "source", From: 1, Recommended: 1, To: 1, Reason: scaling.ReasonSteady},
			{Vertex: "work", From: p.from, Recommended: p.to, To: p.to, Reason: scaling.ReasonSteady},
		}},
	}
	if p.to != p.from {
		r.Decision.Scale, r.Decision.Reason, r.Scaled = true, scaling.ReasonScale, true
	}
	if p.change != nil {
		p.change(r)
	}
	return r
}

func record(t *testing.T, b *Book, r *autoscaler.Report) {
	t.Helper()
	if err := b.Record(t.Context(), &autoscaler.JobContext{Key: r.Job, Name: r.Name}, r); err != nil {
		t.Fatal(err)
	}
}

func bookAt(after time.Duration) *Book {
	return NewBook(func() time.Time { return start.Add(after) })
}

func TestAJobAtAGlance(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 400, from: 1, to: 1}.report())
	record(t, b, pass{at: 10 * time.Second, rate: 900, from: 1, to: 3}.report())

	jobs := b.Jobs()
	if len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1", len(jobs))
	}
	s := jobs[0]
	if s.Parallelism != 2 || s.Wanted != 4 || !s.Scaled.Equal(start.Add(10*time.Second)) || s.State != Steady {
		t.Errorf("parallelism %d, wanted %d, scaled %s, %s; want 2, 4, after 10 s, steady", s.Parallelism, s.Wanted, s.Scaled, s.State)
	}
	// The worker has two records to do for each that the source reads.
	want := Point{At: start.Add(10 * time.Second), Source: 900, Target: 900, Capacity: 500, Lag: 10, Busy: 0.5, Parallelism: 2, Slots: 2}
	if diff := cmp.Diff(want, s.Now); diff != "" {
		t.Errorf("the newest point (-want +got):\n%s", diff)
	}
	if len(s.Spark) != 2 {
		t.Errorf("%d points in the sparkline, want 2", len(s.Spark))
	}
}

func TestStates(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*autoscaler.Report)
		want   State
	}{
		"within its bounds":   {func(*autoscaler.Report) {}, Steady},
		"a rescale under way": {func(r *autoscaler.Report) { r.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested} }, Scaling},
		"one that is done":    {func(r *autoscaler.Report) { r.Act = &autoscaler.Act{Phase: autoscaler.PhaseDone} }, Steady},
		"a window that fills": {func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonWindowNotFull }, Filling},
		"a backlog":           {func(r *autoscaler.Report) { r.Evaluation.Backlog = true }, CatchingUp},
		"held, nothing to do": {func(r *autoscaler.Report) {
			r.Held = autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "by anna"}
		}, Paused},
		"scaling is disabled":      {func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonScalingDisabled }, Paused},
		"an obstacle":              {func(r *autoscaler.Report) { r.Obstacle.Reason = "checkpoint-too-old" }, Blocked},
		"a delayed scale-down":     {func(r *autoscaler.Report) { r.Decision.Vertices[1].Reason = scaling.ReasonDelayed }, Waiting},
		"reported only":            {func(r *autoscaler.Report) { r.Scope, r.Why = autoscaler.ScopeReport, "default scheduler" }, NotScalable},
		"taken out":                {func(r *autoscaler.Report) { r.Scope, r.Why = autoscaler.ScopeDisabled, "disabled" }, Paused},
		"not running":              {func(r *autoscaler.Report) { r.Decision.Reason = autoscaler.ReasonNotRunning }, NotRunning},
		"no rate of a source":      {func(r *autoscaler.Report) { r.Evaluation = nil; r.Decision.Reason = scaling.ReasonUnknownRate }, Doubtful},
		"skewed, and nothing else": {func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonNotScalable }, NotScalable},
	} {
		t.Run(name, func(t *testing.T) {
			b := bookAt(0)
			record(t, b, pass{rate: 100, from: 1, to: 1, change: c.change}.report())
			if got := b.Jobs()[0].State; got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestAStateHasTheTimeItBegan(t *testing.T) {
	b := bookAt(time.Minute)
	for i := range 3 {
		record(t, b, pass{at: time.Duration(i) * time.Second, rate: 100, from: 1, to: 1}.report())
	}
	record(t, b, pass{at: 3 * time.Second, rate: 100, from: 1, to: 1, change: func(r *autoscaler.Report) { r.Evaluation.Backlog = true }}.report())
	record(t, b, pass{at: 4 * time.Second, rate: 100, from: 1, to: 1, change: func(r *autoscaler.Report) { r.Evaluation.Backlog = true }}.report())
	if s := b.Jobs()[0]; s.State != CatchingUp || !s.Since.Equal(start.Add(3*time.Second)) {
		t.Errorf("%s since %s, want catching up since 3 s after the start", s.State, s.Since)
	}
}

func TestOnlyDecisionsThatAreNewsAreKept(t *testing.T) {
	b := bookAt(time.Hour)
	for i := range 10 { // the same with other figures
		record(t, b, pass{at: time.Duration(i) * time.Second, rate: 100 + float64(i), from: 1, to: 1}.report())
	}
	up := pass{at: 10 * time.Second, rate: 900, from: 1, to: 3}.report()
	record(t, b, up)
	got := b.Decisions(keyOf("j1"), 10)
	if len(got) != 2 || got[0].ID != 2 || got[0].Action != decisions.ActionScale || got[1].ID != 1 {
		t.Fatalf("kept %d decisions, want two, the newest first: %+v", len(got), got)
	}
	if diff := cmp.Diff(decisions.New(up), got[0].Entry, cmp.Comparer(sameFigure)); diff != "" {
		t.Errorf("the decision came back changed (-want +got):\n%s", diff)
	}
	if d, there := b.Decision(keyOf("j1"), 1); !there || d.ID != 1 || d.Action != decisions.ActionHold {
		t.Errorf("decision 1 is %+v, %t", d, there)
	}
	if _, there := b.Decision(keyOf("j1"), 3); there {
		t.Error("there is a decision 3")
	}
}

func TestRescalesOutlastWhatChangedNothing(t *testing.T) {
	b := bookAt(time.Hour)
	rescales := func() (n int) {
		for _, d := range b.Decisions(keyOf("j1"), math.MaxInt) {
			if d.Action == decisions.ActionScale {
				n++
			}
		}
		return n
	}
	at := time.Duration(0)
	decided := func(from, to int, reason scaling.Reason) {
		at += time.Second
		record(t, b, pass{at: at, rate: 900, from: from, to: to, change: func(r *autoscaler.Report) { r.Decision.Vertices[1].Reason = reason }}.report())
	}
	for i := range 10 {
		decided(1+i%2, 3, scaling.ReasonScaleUp)
	}
	for i := range 3 * keptDecisions { // back and forth between two reasons
		decided(1, 1, []scaling.Reason{scaling.ReasonSteady, scaling.ReasonDelayed}[i%2])
	}
	if n, all := rescales(), len(b.Decisions(keyOf("j1"), math.MaxInt)); n != 10 || all != keptDecisions {
		t.Errorf("kept %d rescales of %d decisions, want 10 of %d", n, all, keptDecisions)
	}
	for i := range 3 * keptDecisions {
		decided(1+i%2, 3, scaling.ReasonScaleUp)
	}
	if n, all := rescales(), len(b.Decisions(keyOf("j1"), math.MaxInt)); n > keptDecisions || n < keptRescales || all != keptDecisions {
		t.Errorf("kept %d rescales of %d decisions", n, all)
	}
	if d := b.Decisions(keyOf("j1"), 1)[0]; d.Time != start.Add(at) {
		t.Errorf("the newest is of %s, want %s", d.Time, start.Add(at))
	}
}

func sameFigure(a, b decisions.Figure) bool {
	return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b))
}

func TestAFailedPassShowsUntilOneSucceeds(t *testing.T) {
	b := bookAt(time.Minute)
	job := &autoscaler.JobContext{Key: keyOf("j1"), Name: "clicks"}
	if err := b.Handle(t.Context(), job, autoscaler.Event{At: start, Reason: autoscaler.EventAutoscalerError, Message: "a 500"}); err != nil {
		t.Fatal(err)
	}
	if f := b.Jobs()[0].Failure; f == nil || f.Text != "a 500" || b.Jobs()[0].Name != "clicks" {
		t.Errorf("the failure of %q is %+v", b.Jobs()[0].Name, f)
	}
	record(t, b, pass{rate: 100, from: 1, to: 1}.report())
	if f := b.Jobs()[0].Failure; f != nil {
		t.Errorf("still failed: %+v", f)
	}
}

func TestAJobThatIsGoneIsForgotten(t *testing.T) {
	b := bookAt(time.Minute)
	record(t, b, pass{rate: 100, from: 1, to: 1}.report())
	moved := b.Moved()
	b.Forget(keyOf("j1"))
	if _, known := b.Job(keyOf("j1")); known || len(b.Jobs()) != 0 {
		t.Error("it is still there")
	}
	select {
	case <-moved:
	default:
		t.Error("nobody was told")
	}
}

func TestEventsAreHeld(t *testing.T) {
	eventtest.Run(t, func(*testing.T) eventtest.Subject {
		b := bookAt(0)
		return eventtest.Subject{Handler: b, Told: func(*testing.T) []eventtest.Telling {
			var told []eventtest.Telling
			for _, e := range b.Events(0, nil, math.MaxInt) {
				told = append(told, eventtest.Telling{Job: e.Job, Type: e.Type, Reason: e.Reason, Message: e.Message})
			}
			return told
		}}
	})
}

func TestEventsAfterANumber(t *testing.T) {
	b := bookAt(0)
	for i := range 5 {
		job := &autoscaler.JobContext{Key: keyOf(fmt.Sprint("j", i%2))}
		if err := b.Handle(t.Context(), job, autoscaler.Event{At: start.Add(time.Duration(i) * time.Second), Reason: "Scaling", Message: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	odd := keyOf("j1")
	for name, c := range map[string]struct {
		got  []Event
		want string
	}{
		"all":                    {b.Events(0, nil, 10), "0 1 2 3 4 "},
		"after the third":        {b.Events(3, nil, 10), "3 4 "},
		"the newest two":         {b.Events(0, nil, 2), "3 4 "},
		"of one job":             {b.Events(0, &odd, 10), "1 3 "},
		"after the end":          {b.Events(99, nil, 10), ""},
		"none of those that are": {b.Events(0, nil, 0), ""},
	} {
		text := ""
		for _, e := range c.got {
			text += e.Message + " "
		}
		if text != c.want {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

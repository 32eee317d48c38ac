package standing

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// passed is a pass over a job of a source and a worker that comes to no change.
func passed(t *testing.T, change func(*autoscaler.Report)) *autoscaler.Report {
	t.Helper()
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "source", Parallelism: 2, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: 3, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &autoscaler.Report{
		Job: autoscaler.JobKey{Cluster: "prod", Job: "j1"}, Name: "clicks", At: noon, Topology: topology, Window: scaling.Fullness{Full: true},
		Evaluation: &scaling.Evaluation{At: noon, Vertices: []scaling.VertexEvaluation{
			{Vertex: "source", Name: "source", Parallelism: 2, TrueProcessingRate: math.Inf(1), TargetRate: 400, PeakRate: 410.1234567, HasLag: true, Lag: 10, Rates: scaling.Rates{In: 399.5}},
			{Vertex: "work", Name: "work", Parallelism: 3, Load: 0.5, TrueProcessingRate: 3000, TargetRate: 800, PeakRate: 820, Rates: scaling.Rates{In: 790, Busy: 0.5}},
		}},
		Decision: scaling.Decision{At: noon, Reason: scaling.ReasonWithinBounds, Detail: "all is well", Vertices: []scaling.VertexDecision{
			{Vertex: "source", From: 2, Recommended: 2, To: 2, Reason: scaling.ReasonSteady},
			{Vertex: "work", From: 3, Recommended: 3, To: 3, Reason: scaling.ReasonSteady},
		}},
	}
	change(r)
	return r
}

// What is made of a decision is what a running Sluice makes of the pass.
func TestAJobStandsWhereTheServerSaysItDoes(t *testing.T) {
	block := func(o autoscaler.Obstacle) func(*autoscaler.Report) {
		return func(r *autoscaler.Report) {
			r.Obstacle, r.Decision.Reason, r.Decision.Detail = o, o.Reason, o.Text
			r.Decision.Vertices[1].To = 5
		}
	}
	for want, change := range map[fleet.State]func(*autoscaler.Report){
		fleet.Steady: func(*autoscaler.Report) {},
		fleet.Filling: func(r *autoscaler.Report) {
			r.Decision.Reason, r.Window = scaling.ReasonWindowNotFull, scaling.Fullness{FullAt: noon.Add(time.Minute)}
		},
		fleet.Blocked:     block(autoscaler.Obstacle{Reason: autoscaler.ReasonQuota, Text: "9 TaskManagers would exceed the quota"}),
		fleet.NotRunning:  func(r *autoscaler.Report) { r.Decision.Reason, r.Evaluation = autoscaler.ReasonNotRunning, nil },
		fleet.NotScalable: func(r *autoscaler.Report) { r.Scope, r.Why = autoscaler.ScopeReport, "a batch job" },
		fleet.Doubtful:    func(r *autoscaler.Report) { r.Decision.Reason, r.Evaluation = scaling.ReasonUnknownRate, nil },
		fleet.CatchingUp:  func(r *autoscaler.Report) { r.Evaluation.Backlog = true },
		fleet.Waiting:     func(r *autoscaler.Report) { r.Decision.Vertices[1].Reason = scaling.ReasonDelayed },
		fleet.Paused: func(r *autoscaler.Report) {
			r.Held = autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "held by anna"}
			block(r.Held)(r)
		},
		fleet.Scaling: func(r *autoscaler.Report) {
			r.Act = &autoscaler.Act{Decided: noon, Phase: autoscaler.PhaseRequested, Want: scaling.Parallelism{"work": 5}}
			r.Decision.Scale, r.Decision.Reason, r.Decision.Vertices[1].To, r.Scaled = true, scaling.ReasonScale, 5, true
		},
	} {
		t.Run(string(want), func(t *testing.T) {
			r := passed(t, change)
			book := fleet.NewBook(func() time.Time { return noon })
			if err := book.Record(t.Context(), &autoscaler.JobContext{Key: r.Job, Name: r.Name}, r); err != nil {
				t.Fatal(err)
			}
			s := book.Jobs()[0]
			if s.State != want {
				t.Fatalf("the pass is %q, want %q", s.State, want)
			}
			got := Of(kept(t, r))
			if diff := cmp.Diff(shown(&s), got); diff != "" {
				t.Errorf("-as a server shows it +made of the decision:\n%s", diff)
			}
		})
	}
}

// kept is the decision as it is read back.
func kept(t *testing.T, r *autoscaler.Report) *decisions.Entry {
	t.Helper()
	text, err := json.Marshal(decisions.New(r))
	if err != nil {
		t.Fatal(err)
	}
	var e decisions.Entry
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return &e
}

func shown(s *fleet.Summary) apiclient.Job {
	j := apiclient.Job{
		Cluster: s.Key.Cluster, Job: string(s.Key.Job), Name: s.Name, State: string(s.State), Why: s.Why, Since: &s.Since, Seen: &s.Seen,
		Parallelism: s.Parallelism, Wanted: s.Wanted,
		Source: known(s.Now.Source), Target: known(s.Now.Target), Capacity: known(s.Now.Capacity), Lag: known(s.Now.Lag), Busy: known(s.Now.Busy),
	}
	if math.IsNaN(s.Now.Source) { // a decision without figures has no vertices
		j.Parallelism, j.Wanted = 0, 0
	}
	if !s.Scaled.IsZero() {
		j.Scaled = &s.Scaled
	}
	return j
}

func TestWhatIsNotKnownIsNoFigure(t *testing.T) {
	j := Of(&decisions.Entry{Time: noon, Job: "j1", Scope: "scale", Vertices: []decisions.Vertex{{
		ID: "a", From: 1, To: 1, Busy: decisions.Unknown, InputRate: decisions.Unknown, PeakRate: decisions.Unknown, Lag: decisions.Unknown, TrueProcessingRate: decisions.Unknown,
	}}})
	if j.Source != nil || j.Target != nil || j.Capacity != nil || j.Lag != nil || j.Busy != nil || j.Cluster != apiclient.Unnamed || j.Parallelism != 1 {
		t.Errorf("%+v", j)
	}
}

// Of a job of which one vertex is not known yet, a server does not know more.
func TestAPartlyUnknownJobIsAsUnknownAsTheServerSaysIt(t *testing.T) {
	for name, change := range map[string]func(source, work *scaling.VertexEvaluation){
		"nothing of the worker": func(_, w *scaling.VertexEvaluation) {
			w.TrueProcessingRate, w.Load, w.Rates.Busy = math.NaN(), math.NaN(), math.NaN()
		},
		"a worker without work": func(_, w *scaling.VertexEvaluation) {
			w.TrueProcessingRate, w.PeakRate, w.Load, w.Rates.Busy = math.NaN(), 0, math.NaN(), math.NaN()
		},
		"a source without busy": func(s, _ *scaling.VertexEvaluation) { s.Load, s.Rates.Busy = math.NaN(), math.NaN() },
	} {
		r := passed(t, func(r *autoscaler.Report) { change(&r.Evaluation.Vertices[0], &r.Evaluation.Vertices[1]) })
		book := fleet.NewBook(func() time.Time { return noon })
		if err := book.Record(t.Context(), &autoscaler.JobContext{Key: r.Job, Name: r.Name}, r); err != nil {
			t.Fatal(err)
		}
		s := book.Jobs()[0]
		if diff := cmp.Diff(shown(&s), Of(kept(t, r))); diff != "" {
			t.Errorf("%s: -as a server shows it +made of the decision:\n%s", name, diff)
		}
		if unknown := name == "nothing of the worker"; math.IsNaN(s.Now.Busy) != unknown {
			t.Errorf("%s: busy %g", name, s.Now.Busy)
		}
	}
}

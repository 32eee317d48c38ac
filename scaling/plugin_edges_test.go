package scaling

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asSaid is the evaluation of the second vertex, for which an evaluator says what
// change leaves.
func asSaid(t *testing.T, change func(*VertexEvaluation)) VertexEvaluation {
	t.Helper()
	nan := math.NaN()
	out := Decide(twoBusy(t, func(c *Config) {
		c.Evaluator = &ConfiguredEvaluator{Evaluator: evaluatorFunc(func(in EvaluatorInput) (VertexEvaluation, error) {
			own := VertexEvaluation{Load: nan, TrueProcessingRate: nan, TargetRate: nan, CatchUpRate: nan, Lag: nan, ScaleUpThreshold: nan, ScaleDownThreshold: nan}
			if in.Vertex.Vertex == "t" {
				change(&own)
			}
			return own, nil
		})}
	}))
	return out.Evaluation.Vertices[1]
}

func TestAnEvaluatorSetsTheFiguresThatItGivesAndNoOthers(t *testing.T) {
	plain := asSaid(t, func(*VertexEvaluation) {})
	figures := map[string]func(*VertexEvaluation) *float64{
		"load":                 func(e *VertexEvaluation) *float64 { return &e.Load },
		"true processing rate": func(e *VertexEvaluation) *float64 { return &e.TrueProcessingRate },
		"catch-up rate":        func(e *VertexEvaluation) *float64 { return &e.CatchUpRate },
		"lag":                  func(e *VertexEvaluation) *float64 { return &e.Lag },
		"scale-up threshold":   func(e *VertexEvaluation) *float64 { return &e.ScaleUpThreshold },
		"scale-down threshold": func(e *VertexEvaluation) *float64 { return &e.ScaleDownThreshold },
	}
	same := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	for name, of := range figures {
		got, want := asSaid(t, func(e *VertexEvaluation) { *of(e) = 3.14159 }), plain
		*of(&want) = 3.142
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// What a vertex has to take at its peak is not known any more if it has to take
	// something else.
	got, want := asSaid(t, func(e *VertexEvaluation) { e.TargetRate = 3.14159 }), plain
	want.TargetRate, want.PeakRate = 3.142, 3.142
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("target rate (-want +got):\n%s", diff)
	}
}

func TestAPeakStaysWhereTheTargetDoes(t *testing.T) {
	peaking := measured(1400, 0.7)
	peaking.Recent, peaking.Peak = 1400, 1900
	out := Decide(twoBusy(t, func(c *Config) {
		c.RecentRate, c.Estimator = true, estimates{peaking, measured(1400, 1)}
		c.Evaluator = &ConfiguredEvaluator{Evaluator: evaluatorFunc(func(in EvaluatorInput) (VertexEvaluation, error) { return in.Vertex, nil })}
	}))
	if v := out.Evaluation.Vertices[1]; v.TargetRate != 1400 || v.PeakRate != 1900 {
		t.Errorf("target %v, peak %v", v.TargetRate, v.PeakRate)
	}
}

func TestAnExecutorThatFailsFailsThePassByName(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	out := Decide(in)
	fails := errors.New("no answer")
	vetoed, err := out.Execute(in, chain(
		func(in ExecutorInput) ([]Proposal, error) { return in.Proposals, nil },
		func(ExecutorInput) ([]Proposal, error) { return nil, fails },
	))
	if vetoed != nil || !errors.Is(err, fails) || err.Error() != "apply custom executor b: no answer" {
		t.Errorf("vetoed %v, %v", vetoed, err)
	}
}

func TestWithoutExecutorsADecisionStaysAsItIs(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	out := Decide(in)
	if vetoed, err := out.Execute(in, nil); vetoed != nil || err != nil || out.Decision.Vertices[1].To != 8 {
		t.Errorf("%v, %v: %+v", vetoed, err, out.Decision.Vertices[1])
	}
}

// What an executor leaves out stays as it is, which is told; what it does not
// touch gets no guard.
func TestExecutorsAreProposedTheChangesAndTellWhatTheyLeft(t *testing.T) {
	busy := measured(1400, 1)
	busy.ProcessedIn = 1000
	in := twoBusy(t, func(c *Config) { c.Estimator = estimates{busy, busy} })
	out := Decide(in)
	var proposed []Proposal
	_, err := out.Execute(in, chain(func(in ExecutorInput) ([]Proposal, error) {
		proposed = append(proposed, in.Proposals...)
		return in.Proposals[:1], nil
	}))
	if want := []Proposal{{"s", 1, 2}, {"t", 4, 8}}; err != nil || !cmp.Equal(proposed, want) {
		t.Fatalf("proposed %v, want %v; %v", proposed, want, err)
	}
	s, work := out.Decision.Vertices[0], out.Decision.Vertices[1]
	if last := s.Guards[len(s.Guards)-1]; s.To != 2 || last.Rule == RuleExecutors {
		t.Errorf("the source: %+v", s)
	}
	want := Guard{Rule: RuleExecutors, Before: 8, After: 4, Have: 8, Limit: 4, Blocked: true}
	if work.To != 4 || work.Guards[len(work.Guards)-1] != want {
		t.Errorf("the vertex left out: %+v", work)
	}
}

package scaling

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// evaluatorFunc is an evaluator made of a function.
type evaluatorFunc func(EvaluatorInput) (VertexEvaluation, error)

func (f evaluatorFunc) Evaluate(in EvaluatorInput) (VertexEvaluation, error) { return f(in) }

// alignTo is an alignment mode that knows one answer, for vertices with inputs.
type alignTo int

func (alignTo) Applies(in AlignmentInput) bool { return !in.Vertex.IsSource() }

func (a alignTo) Align(AlignmentInput) int { return int(a) }

// estimates gives the same rates whatever the samples.
type estimates []Rates

func (estimates) Name() string { return "fixed" }

func (e estimates) Estimate(Window, *Topology, *Config) ([]Rates, error) { return e, nil }

// twoBusy is a decision about a source and a vertex that needs twice its four
// subtasks.
func twoBusy(t *testing.T, change func(*Config)) Input {
	t.Helper()
	topology, err := NewTopology([]Vertex{
		{ID: "s", Parallelism: 1, MaxParallelism: 128},
		{ID: "t", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.Restart, c.CatchUp, c.ScaleDownInterval = 0, 0, 0
	c.Estimator = estimates{measured(1400, 0.7), {In: 1400, Out: 1400, Busy: 1, ProcessedIn: 1000, Observed: math.NaN()}}
	change(&c)
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	return Input{Config: &c, Topology: topology, Window: Window{Samples: []Sample{{At: at}}}, Full: true, Now: at}
}

func TestWhatAnEvaluatorSaysCountsDownstream(t *testing.T) {
	var seen []string
	in := twoBusy(t, func(c *Config) {
		c.Evaluator = &ConfiguredEvaluator{Name: "half", Parameters: Parameters{"factor": "0.5"}, Evaluator: evaluatorFunc(func(in EvaluatorInput) (VertexEvaluation, error) {
			seen = append(seen, string(in.Vertex.Vertex)+" after "+strings.Repeat("one", len(in.Before))+" "+in.Parameters["factor"])
			nan := math.NaN()
			own := VertexEvaluation{Load: nan, TrueProcessingRate: nan, TargetRate: nan, CatchUpRate: nan, Lag: nan, ScaleUpThreshold: nan, ScaleDownThreshold: nan}
			if in.Vertex.Vertex == "s" {
				own.TargetRate = in.Vertex.TargetRate / 2
			} else {
				own.TrueProcessingRate = 700.00049
			}
			return own, nil
		})}
	})
	out := Decide(in)
	s, work := out.Evaluation.Vertices[0], out.Evaluation.Vertices[1]
	if s.TargetRate != 700 || s.ScaleUpThreshold != 1400 || work.TargetRate != 700 || work.TrueProcessingRate != 700 {
		t.Errorf("evaluated: source %v up at %v, work %v of %v", s.TargetRate, s.ScaleUpThreshold, work.TargetRate, work.TrueProcessingRate)
	}
	if want := []string{"s after  0.5", "t after one 0.5"}; !cmp.Equal(seen, want) {
		t.Errorf("asked for %q", seen)
	}
}

func TestAnEvaluatorThatFailsLeavesTheVertexAsItWas(t *testing.T) {
	plain := Decide(twoBusy(t, func(*Config) {}))
	out := Decide(twoBusy(t, func(c *Config) {
		c.Evaluator = &ConfiguredEvaluator{Name: "e", Evaluator: evaluatorFunc(func(EvaluatorInput) (VertexEvaluation, error) {
			return VertexEvaluation{}, errors.New("no model")
		})}
	}))
	if diff := cmp.Diff(plain.Decision, out.Decision, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); diff != "" {
		t.Errorf("(-without +with):\n%s", diff)
	}
	if w := out.Evaluation.Warnings; len(w) != 2 || w[1].Error() != "evaluate vertex t by e: no model" {
		t.Errorf("warnings: %v", w)
	}
}

func TestACustomAlignmentIsTakenAsItIs(t *testing.T) {
	to := func(n int) Outcome {
		return Decide(twoBusy(t, func(c *Config) {
			c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Name: "fixed", Mode: alignTo(n)}
		}))
	}
	if out := to(300); out.Decision.Vertices[1].To != 300 {
		t.Errorf("aligned to %d", out.Decision.Vertices[1].To)
	}
	if out := to(0); out.Decision.Scale || out.Decision.Reason != ReasonWithinBounds || out.Fault == nil ||
		!strings.Contains(out.Fault.Error(), "align vertex t by fixed: parallelism 0, want at least 1") {
		t.Errorf("%v %s, fault %v", out.Decision.Scale, out.Decision.Reason, out.Fault)
	}
}

// executorFunc is an executor made of a function.
type executorFunc func(ExecutorInput) ([]Proposal, error)

func (executorFunc) Priority() int { return 0 }

func (f executorFunc) Apply(in ExecutorInput) ([]Proposal, error) { return f(in) }

func chain(links ...executorFunc) (all []ConfiguredExecutor) {
	for i, f := range links {
		all = append(all, ConfiguredExecutor{Name: string(rune('a' + i)), Executor: f})
	}
	return all
}

func TestExecutorsChangeWhatIsExecutedAndNotWhatWasPlanned(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	out := Decide(in)
	vetoed, err := out.Execute(in, chain(
		func(in ExecutorInput) ([]Proposal, error) {
			return append(in.Proposals, Proposal{Vertex: "unknown", From: 1, To: 2}), nil
		},
		func(in ExecutorInput) ([]Proposal, error) {
			for i := range in.Proposals {
				in.Proposals[i].To = 5
			}
			return in.Proposals, nil
		},
	))
	work := out.Decision.Vertices[1]
	if vetoed != nil || err != nil || work.To != 5 || work.Planned != 8 || out.Decision.Vertices[0].Changed() {
		t.Errorf("vetoed %v, %v; %+v", vetoed, err, out.Decision.Vertices)
	}
	last := work.Guards[len(work.Guards)-1]
	if last.Rule != RuleExecutors || last.Before != 8 || last.After != 5 {
		t.Errorf("guard %+v", last)
	}
	if record := out.Executed().History["t"][0]; record.To != 5 || record.Planned != 8 {
		t.Errorf("recorded %+v", record)
	}
}

func TestTheExecutorThatLeavesNothingIsNamed(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	pass := func(in ExecutorInput) ([]Proposal, error) { return in.Proposals, nil }
	none := func(ExecutorInput) ([]Proposal, error) { return nil, nil }
	never := func(ExecutorInput) ([]Proposal, error) { t.Error("asked after a veto"); return nil, nil }
	out := Decide(in)
	if vetoed, err := out.Execute(in, chain(pass, none, never)); err != nil || vetoed == nil || vetoed.Name != "b" {
		t.Errorf("%v, %v", vetoed, err)
	}
}

func TestADecisionFailsOnlyAtThePeriodThatCannotBeRead(t *testing.T) {
	judged := func(periods ...string) Outcome {
		return Decide(twoBusy(t, func(c *Config) { c.DoubtfulPeriods = periods }))
	}
	if out := judged("11:00-13:00", "foo"); out.Fault != nil || out.Decision.Reason != ReasonExcludedPeriod {
		t.Errorf("in a period before the bad one: %s, %v", out.Decision.Reason, out.Fault)
	}
	out := judged("9:00-10:00", "foo")
	if out.Fault == nil || out.Decision.Scale || out.Decision.Reason != ReasonPeriodsFault || out.Decision.Vertices[1].To != 8 {
		t.Errorf("in none: %+v, %v", out.Decision, out.Fault)
	}
}

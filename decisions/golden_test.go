package decisions

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is the time of every report.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// report is a job source → work → sink at 2, 2 and 1, in need of nothing.
func report() *autoscaler.Report {
	nan := math.NaN()
	r := &autoscaler.Report{
		Job: autoscaler.JobKey{Cluster: "prod", Job: "86b9b8fc1535b602fef0e4105a5025fa"}, Name: "clickstream", At: noon,
		Window: scaling.Fullness{Full: true},
		Evaluation: &scaling.Evaluation{Vertices: []scaling.VertexEvaluation{
			{Vertex: "a", Name: "Source: clicks", Parallelism: 2, MaxParallelism: 128, Partitions: 12, Load: 0.05, TrueProcessingRate: 51234.5, TargetRate: 1250.25, PeakRate: 1300, CatchUpRate: 12.5, Lag: 22500, HasLag: true, ScaleUpThreshold: 1600, ScaleDownThreshold: 60000, Rates: scaling.Rates{In: 1250.2504}},
			{Vertex: "b", Name: "keyed work -> Map -> Filter by country", Parallelism: 2, MaxParallelism: 128, Load: 0.62, TrueProcessingRate: 2012, TargetRate: 1250.25, PeakRate: 1300, CatchUpRate: 12.5, ScaleUpThreshold: 1600, ScaleDownThreshold: 4000, Rates: scaling.Rates{In: 1250}},
			{Vertex: "c", Name: "Sink: out", Parallelism: 1, MaxParallelism: 128, Load: 0.004, TrueProcessingRate: math.Inf(1), TargetRate: 0.37, PeakRate: 0.37, Lag: nan, ScaleUpThreshold: 1, ScaleDownThreshold: 2, Rates: scaling.Rates{In: nan, ClockDoubtful: true}},
		}},
	}
	r.Decision = scaling.Decision{At: noon, Reason: scaling.ReasonWithinBounds, Vertices: []scaling.VertexDecision{
		{Vertex: "a", From: 2, To: 2, Recommended: 2, Reason: scaling.ReasonSteady, ExpectedRate: nan, Guards: []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 2, Have: 51234.5, Limit: 1900}}},
		{Vertex: "b", From: 2, To: 2, Recommended: 2, Reason: scaling.ReasonSteady, ExpectedRate: nan, Guards: []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 2, Have: 2012, Limit: 1900}}},
		{Vertex: "c", From: 1, To: 1, Recommended: 1, Reason: scaling.ReasonNoCapacity, ExpectedRate: nan},
	}}
	return r
}

func second(s int) float64 { return float64(noon.Add(time.Duration(s) * time.Second).UnixMilli()) }

// scenes are reports of one kind each; every rule speaks in one of them.
var scenes = map[string]func(*autoscaler.Report){
	"steady": func(*autoscaler.Report) {},
	"scale": func(r *autoscaler.Report) {
		r.Decision.Scale, r.Decision.Reason = true, scaling.ReasonScale
		r.Evaluation.Backlog = true
		b := &r.Decision.Vertices[1]
		b.To, b.Recommended, b.Outside, b.Reason, b.ExpectedRate = 8, 8, true, scaling.ReasonScaleUp, 8048
		b.Guards = []scaling.Guard{
			{Rule: scaling.RuleDemand, Before: 2, After: 9, Have: 2012, Limit: 8900},
			{Rule: scaling.RuleSkew, Before: 9, After: 11, Have: 700, Limit: 1006},
			{Rule: scaling.RuleStep, Before: 11, After: 7, Have: 5.5, Limit: 3.5},
			{Rule: scaling.RuleLimits, Before: 7, After: 6, Have: 1, Limit: 6},
			{Rule: scaling.RulePartitions, Before: 6, After: 5, Have: 6, Limit: 5},
			{Rule: scaling.RuleFloor, Before: 5, After: 7, Have: 5, Limit: 7},
			{Rule: scaling.RuleAlignment, Before: 7, After: 8, Have: 7, Limit: 128},
		}
		r.Act = &autoscaler.Act{Decided: noon, Phase: autoscaler.PhaseRequested, Want: scaling.Parallelism{"a": 2, "b": 8, "c": 1}}
	},
	"blocked": func(r *autoscaler.Report) {
		r.Decision.Reason, r.Decision.Detail = "checkpoint-too-old", "the newest checkpoint is 2m0s old, over the 50s allowed"
		b := &r.Decision.Vertices[1]
		b.To, b.Recommended, b.Outside, b.Reason, b.ExpectedRate = 1, 1, true, scaling.ReasonScaleDown, 1006
		b.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 1, Have: 2012, Limit: 700}, {Rule: scaling.RuleDelay, Before: 1, After: 1, Have: second(-90), Limit: second(0)}, {Rule: scaling.RuleDelay, Before: 1, After: 2, Have: second(-90), Limit: second(0)}}
		r.Act = &autoscaler.Act{
			Decided: noon.Add(-26 * time.Hour), Phase: autoscaler.PhaseFailed, Want: scaling.Parallelism{"b": 4},
			Reason: autoscaler.Obstacle{Reason: autoscaler.ReasonSlotsMissing, Text: "slots missing: 2 more are needed"},
		}
	},
	"held": func(r *autoscaler.Report) {
		r.Decision.Reason = scaling.ReasonNotScalable
		for i, d := range []struct {
			reason scaling.Reason
			guards []scaling.Guard
		}{
			{scaling.ReasonDelayed, []scaling.Guard{
				{Rule: scaling.RuleDelay, Before: 1, After: 2, Have: second(-60), Limit: second(3540), Blocked: true},
				{Rule: scaling.RuleSaturation, Before: 1, After: 2, Have: 0.98, Limit: 0.95, Blocked: true},
				{Rule: scaling.RuleUtilization, Before: 1, After: 2, Have: 51234.5, Limit: 60000, Blocked: true},
			}},
			{scaling.ReasonSkewed, []scaling.Guard{
				{Rule: scaling.RuleSkew, Before: 4, After: 2, Have: 1560, Limit: 1003, Blocked: true},
				{Rule: scaling.RuleEffect, Before: 4, After: 2, Have: 10, Limit: 1000, Blocked: true},
				{Rule: scaling.RuleBottleneck, Before: 4, After: 2, Have: 0.4, Limit: 1, Blocked: true},
			}},
			{scaling.ReasonPinned, nil},
		} {
			v := &r.Decision.Vertices[i]
			v.Recommended, v.Reason, v.Guards = 1, d.reason, d.guards
		}
	},
	"not-judged": func(r *autoscaler.Report) {
		r.Decision.Vertices[0].Reason, r.Decision.Vertices[0].Guards = scaling.ReasonExcluded, nil
		r.Decision.Vertices[1].Reason, r.Decision.Vertices[1].Guards = scaling.ReasonFinished, nil
		r.Act = &autoscaler.Act{Decided: noon.Add(-time.Minute), Phase: autoscaler.PhaseIntended, Want: scaling.Parallelism{"b": 4}}
	},
	"report-only": func(r *autoscaler.Report) {
		r.Scope, r.Why = autoscaler.ScopeReport, "Flink 1.17 cannot change a running job's parallelism (needs 1.18)"
		r.Decision.Reason, r.Decision.Detail = autoscaler.ReasonNotScalableHere, r.Why
		r.Decision.Vertices[1].To = 3
	},
	"advice": func(r *autoscaler.Report) {
		r.Decision.Reason = scaling.ReasonScalingDisabled
		r.Decision.Vertices[1].To = 3
	},
	"filling": func(r *autoscaler.Report) {
		r.Evaluation, r.Window = nil, scaling.Fullness{FullAt: noon.Add(13 * time.Minute)}
		r.Decision = scaling.Decision{At: noon, Reason: scaling.ReasonWindowNotFull, Detail: "no rate yet"}
	},
	"unknown": func(r *autoscaler.Report) {
		r.Evaluation = nil
		r.Decision = scaling.Decision{At: noon, Reason: scaling.ReasonUnknownRate, Detail: (&scaling.UnknownRateError{Vertex: "a"}).Error()}
	},
	"not-running": func(r *autoscaler.Report) {
		r.Evaluation, r.Job.Cluster, r.Name = nil, "", ""
		r.Decision = scaling.Decision{At: noon, Reason: autoscaler.ReasonNotRunning, Detail: "the job is RESTARTING"}
	},
	"memory": func(r *autoscaler.Report) {
		r.Decision = scaling.Decision{At: noon, Reason: scaling.ReasonGCPressure}
	},
	"disabled": func(r *autoscaler.Report) {
		r.Evaluation, r.Scope, r.Why = nil, autoscaler.ScopeDisabled, "sluice.enabled is false"
		r.Decision = scaling.Decision{At: noon, Reason: autoscaler.ReasonOutOfScope}
	},
}

func scene(name string) *autoscaler.Report {
	r := report()
	scenes[name](r)
	return r
}

func TestEntriesAsJSONAndText(t *testing.T) {
	for name := range scenes {
		t.Run(name, func(t *testing.T) {
			e := New(scene(name))
			encoded, err := encodeLine(e)
			if err != nil {
				t.Fatal(err)
			}
			var readable bytes.Buffer
			if err := json.Indent(&readable, encoded, "", "  "); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", readable.Bytes())
			var text bytes.Buffer
			if err := WriteText(&text, e); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", text.Bytes())

			var back Entry
			if err := json.Unmarshal(encoded, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, back, equateFigures); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

// The text is made of the data alone: what was read back says the same.
func TestTextOfAnEntryReadBackIsTheSame(t *testing.T) {
	for name := range scenes {
		e := New(scene(name))
		encoded, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back Entry
		if err := json.Unmarshal(encoded, &back); err != nil {
			t.Fatal(err)
		}
		var first, second strings.Builder
		_, _ = WriteText(&first, e), WriteText(&second, back)
		if first.String() != second.String() {
			t.Errorf("%s:\n%s\n%s", name, first.String(), second.String())
		}
	}
}

func TestEveryRuleHasASentence(t *testing.T) {
	for _, rule := range []scaling.Rule{
		scaling.RuleDemand, scaling.RuleSkew, scaling.RuleStep, scaling.RuleLimits, scaling.RuleFloor, scaling.RulePartitions,
		scaling.RuleAlignment, scaling.RuleSaturation, scaling.RuleEffect, scaling.RuleDelay, scaling.RuleBottleneck, scaling.RuleUtilization,
	} {
		free := sentence(Guard{Rule: string(rule), Before: 3, After: 4}, noon)
		blocked := sentence(Guard{Rule: string(rule), Before: 3, After: 4, Blocked: true}, noon)
		if free == "3 -> 4: "+string(rule) && blocked == "not scaled to 3: "+string(rule) {
			t.Errorf("%s has none: %q, %q", rule, free, blocked)
		}
	}
	if got := sentence(Guard{Rule: "custom", Before: 3, After: 4}, noon); got != "3 -> 4: custom" {
		t.Errorf("a rule of a later version reads %q", got)
	}
}

func TestFigures(t *testing.T) {
	tests := []struct {
		figure     Figure
		json, text string
	}{
		{0, "0", "0"},
		{0.004, "0.004", "0.004"},
		{0.37125, "0.37125", "0.37"},
		{5.55, "5.55", "5.5"},
		{99.95, "99.95", "100.0"},
		{1234.567, "1234.567", "1235"},
		{-3, "-3", "-3"},
		{1e21, "1000000000000000000000", "1000000000000000000000"},
		{Unknown, "null", "unknown"},
		{Figure(math.Inf(1)), `"Infinity"`, "unlimited"},
		{Figure(math.Inf(-1)), `"-Infinity"`, "unlimited"},
	}
	for _, tt := range tests {
		encoded, err := json.Marshal(tt.figure)
		if err != nil || string(encoded) != tt.json || tt.figure.String() != tt.text {
			t.Errorf("%v is %s, %s, %v; want %s, %s", float64(tt.figure), encoded, tt.figure, err, tt.json, tt.text)
		}
		var back Figure
		if err := json.Unmarshal(encoded, &back); err != nil || !cmp.Equal(tt.figure, back, equateFigures) {
			t.Errorf("%s reads back as %v, %v", encoded, float64(back), err)
		}
	}
	for _, text := range []string{`"many"`, `true`, `{}`, `"NaN"`} {
		var f Figure
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s is taken for %v", text, f)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestTextThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := WriteText(brokenWriter{}, New(report())); err == nil {
		t.Error("no error")
	}
}

var equateFigures = cmp.Comparer(func(a, b Figure) bool {
	return a == b || (math.IsNaN(float64(a)) && math.IsNaN(float64(b)))
})

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

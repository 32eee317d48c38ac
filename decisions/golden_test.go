package decisions

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
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

// terms are those of the defaults, with a short time to catch up.
var terms = scaling.Terms{Target: 0.7, Min: 0.4, Max: 1, CatchUp: 5 * time.Minute, InHeadroom: true}

// chain is the topology of the job.
var chain = &scaling.Topology{Vertices: []scaling.Vertex{
	{ID: "a"}, {ID: "b", Inputs: []scaling.Edge{{From: "a"}}}, {ID: "c", Inputs: []scaling.Edge{{From: "b"}}},
}}

// scenes8 makes the job one of eight vertices.
func scenes8(r *autoscaler.Report, change bool) {
	e, d := r.Evaluation, &r.Decision
	for i := 3; i < 9; i++ {
		v, w := e.Vertices[1], d.Vertices[1]
		v.Vertex, v.Name = scaling.VertexID(rune('a'+i)), fmt.Sprintf("step %d of the pipeline -> Map", i)
		w.Vertex = v.Vertex
		e.Vertices, d.Vertices = append(e.Vertices, v), append(d.Vertices, w)
	}
	e.Vertices, d.Vertices = slices.Delete(e.Vertices, 2, 3), slices.Delete(d.Vertices, 2, 3)
	if !change {
		return
	}
	d.Scale, d.Reason = true, scaling.ReasonScale
	w := &d.Vertices[6]
	w.To, w.Recommended, w.Outside, w.Reason = 4, 4, true, scaling.ReasonScaleUp
	w.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 3, Have: 2012, Limit: 2900}, {Rule: scaling.RuleAlignment, Before: 3, After: 4, Have: 3, Limit: 128}}
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
	"measured": func(r *autoscaler.Report) {
		r.Decision.Scale, r.Decision.Reason = true, scaling.ReasonScale
		r.Evaluation.Restart = 10 * time.Second
		r.Evaluation.Terms = terms
		r.Evaluation.Vertices[0].Rates.Observed = r.Evaluation.Vertices[0].TrueProcessingRate
		work := &r.Evaluation.Vertices[1]
		work.TrueProcessingRate, work.PeakRate, work.ScaleUpThreshold = 2012, 2601, 2100
		work.Rates.ProcessedIn, work.Rates.Busy, work.Rates.Observed = 1247.44, 0.62000123456789, math.NaN()
		work.Rates.Hottest = scaling.Hottest{Known: true, Share: 0.62004, Busy: 0.7405, Capacity: 1045.5551}
		b := &r.Decision.Vertices[1]
		b.To, b.Recommended, b.Outside, b.Reason, b.ExpectedRate = 4, 4, true, scaling.ReasonScaleUp, 4024
		b.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 4, Have: 2012, Limit: 3716}}
	},
	// A source is behind: work is sized by its backlog, and nothing counts as too large.
	"behind": func(r *autoscaler.Report) {
		r.Decision.Scale, r.Decision.Reason = true, scaling.ReasonScale
		r.Evaluation.Backlog, r.Evaluation.Restart, r.Evaluation.Terms = true, 5*time.Second, terms
		r.Evaluation.Terms.CatchUp = 30 * time.Minute
		r.Topology = chain
		for i := range r.Evaluation.Vertices {
			v := &r.Evaluation.Vertices[i]
			v.TargetRate, v.PeakRate, v.CatchUpRate, v.ScaleUpThreshold, v.ScaleDownThreshold = 537, 537, 538, 1075, math.Inf(1)
		}
		r.Evaluation.Vertices[0].Lag = 968400
		r.Evaluation.Vertices[0].TrueProcessingRate = 5000
		work := &r.Evaluation.Vertices[1]
		work.TrueProcessingRate, work.Load = 998, 1
		r.Decision.Vertices[0].Recommended, r.Decision.Vertices[0].Reason = 1, scaling.ReasonSaturated
		r.Decision.Vertices[0].Guards = []scaling.Guard{
			{Rule: scaling.RuleDemand, Before: 2, After: 1, Have: 5000, Limit: 1077},
			{Rule: scaling.RuleSaturation, Before: 1, After: 2, Have: 1, Limit: 0.95, Blocked: true},
		}
		b := &r.Decision.Vertices[1]
		b.To, b.Recommended, b.Outside, b.Reason, b.ExpectedRate = 3, 3, true, scaling.ReasonScaleUp, 1497
		b.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 3, Have: 998, Limit: 1077}}
	},
	// Eight vertices, of which one changes.
	"wide":       func(r *autoscaler.Report) { scenes8(r, true) },
	"wide-quiet": func(r *autoscaler.Report) { scenes8(r, false) },
	"began-anew": func(r *autoscaler.Report) {
		r.Evaluation = nil
		r.Act = &autoscaler.Act{Decided: noon.Add(-time.Minute), Ended: noon.Add(-50 * time.Second), Phase: autoscaler.PhaseDone, Want: scaling.Parallelism{"b": 4}}
		r.Decision = scaling.Decision{At: noon, Reason: scaling.ReasonUnknownRate, Detail: (&scaling.UnknownRateError{Vertex: "a"}).Error()}
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
			text.Reset()
			if err := WriteExplanation(&text, e, true); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".explained.txt", text.Bytes())
			text.Reset()
			if err := WriteExplanation(&text, e, false); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".short.txt", text.Bytes())

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

// writers are all that make text of an entry.
var writers = []func(io.Writer, Entry) error{
	WriteText,
	func(w io.Writer, e Entry) error { return WriteExplanation(w, e, false) },
	func(w io.Writer, e Entry) error { return WriteExplanation(w, e, true) },
	func(w io.Writer, e Entry) error { return WriteLastRescale(w, e, false) },
	func(w io.Writer, e Entry) error { return WriteLastRescale(w, e, true) },
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
		for _, write := range writers {
			_, _ = write(&first, e), write(&second, back)
		}
		if first.String() != second.String() {
			t.Errorf("%s:\n%s\n%s", name, first.String(), second.String())
		}
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

// Of the job's vertices only those that were rescaled are named.
func TestTheLastRescaleIsToldShortly(t *testing.T) {
	var text strings.Builder
	if err := WriteLastRescale(&text, New(scene("measured")), false); err != nil {
		t.Fatal(err)
	}
	want := `last rescaled 2026-07-01 12:00:00 UTC: keyed work -> Map -> Filter b… 2 -> 4, because it could do 2012/s and needed 3716/s
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The division by which a true processing rate came about can be checked.
func TestTheFiguresAreGivenInFull(t *testing.T) {
	v := New(scene("measured")).Vertices[1]
	if v.Busy != 0.620001235 {
		t.Errorf("busy %v", float64(v.Busy))
	}
	replaced := scene("measured")
	replaced.Evaluation.Vertices[1].Load = 0.5 // by an evaluator
	if v := New(replaced).Vertices[1]; v.Busy != 0.5 {
		t.Errorf("busy %v, and not as it was judged", float64(v.Busy))
	}
}

func TestTextThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, write := range writers {
		if err := write(brokenWriter{}, New(report())); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
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

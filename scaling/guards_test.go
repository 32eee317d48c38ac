package scaling

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// guardText prints guards one by one, with rounded figures.
func guardText(guards []Guard) string {
	var all []string
	for _, g := range guards {
		text := fmt.Sprintf("%s %d→%d (%.6g, %.6g)", g.Rule, g.Before, g.After, g.Have, g.Limit)
		if g.Blocked {
			text += " blocked"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// A vertex of four subtasks has to take 1400 records/s, at 70 % of what it can
// do, after a source of one subtask that is well sized.
func TestGuardsTellWhatShapedTheNumber(t *testing.T) {
	busy := func(rate, busy float64) func(*Input) {
		return func(in *Input) { in.Config.Estimator = estimates{measured(1400, 0.7), measured(rate, busy)} }
	}
	can := func(tpr float64) func(*Input) { return busy(1400, 1400/tpr) }
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	milliseconds := func(when time.Time) string { return fmt.Sprintf("%.6g", float64(when.UnixMilli())) }
	// A source that its limits do not touch.
	apart := func(in *Input) { in.Config.Excluded = []VertexID{"s"} }
	tests := []struct {
		name   string
		change []func(*Input)
		want   string
		to     int
		reason Reason
	}{
		{"what is asked for", nil, "demand 4→8 (1000, 2000)", 8, ReasonScaleUp},
		{
			"the largest step up",
			[]func(*Input){func(in *Input) { in.Config.ScaleUpMaxFactor = 0.5 }},
			"demand 4→8 (1000, 2000); step-factor 8→6 (2, 1.5)", 6, ReasonScaleUp,
		},
		{
			"the largest step down",
			[]func(*Input){can(8000), func(in *Input) { in.Config.ScaleDownMaxFactor = 0.25 }},
			"demand 4→1 (8000, 2000); step-factor 1→3 (0.25, 0.75)", 3, ReasonScaleDown,
		},
		{
			"the highest parallelism",
			[]func(*Input){func(in *Input) { in.Config.MinParallelism, in.Config.MaxParallelism = 2, 6 }},
			"demand 4→8 (1000, 2000); parallelism-limits 8→6 (2, 6)", 6, ReasonScaleUp,
		},
		{
			"the lowest",
			[]func(*Input){can(8000), func(in *Input) { in.Config.MinParallelism, in.Config.ScaleDownMaxFactor = 3, 1 }},
			"demand 4→1 (8000, 2000); parallelism-limits 1→3 (3, 128)", 3, ReasonScaleDown,
		},
		{
			"what the user asked for at least",
			[]func(*Input){func(in *Input) { in.Bounds = map[VertexID]Bound{"t": {Floor: 10}} }},
			"demand 4→8 (1000, 2000); lower-bound 8→10 (8, 10)", 10, ReasonScaleUp,
		},
		{"partitions", []func(*Input){func(in *Input) {
			in.Topology.Vertices[1].Partitions, in.Config.CapAtPartitions, in.Config.Alignment = 7, true, AlignOff
		}}, "demand 4→8 (1000, 2000); partitions 8→7 (8, 7)", 7, ReasonScaleUp},
		{"as many partitions as wanted", []func(*Input){func(in *Input) {
			in.Topology.Vertices[1].Partitions, in.Config.CapAtPartitions, in.Config.Alignment = 8, true, AlignOff
		}}, "demand 4→8 (1000, 2000)", 8, ReasonScaleUp},
		{
			"key groups",
			[]func(*Input){can(900), func(in *Input) { in.Topology.Vertices[1].Inputs[0].Ship = ShipHash }},
			"demand 4→9 (900, 2000); alignment 9→10 (9, 128)", 10, ReasonScaleUp,
		},
		{"a custom alignment", []func(*Input){func(in *Input) {
			in.Config.Alignment, in.Config.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: alignTo(12)}
		}}, "demand 4→8 (1000, 2000); alignment 8→12 (8, 12)", 12, ReasonScaleUp},
		{"what more subtasks brought before", []func(*Input){func(in *Input) {
			in.Config.ObservedScalability = true
			in.State.History = History{"t": {ran(1, 400), ran(2, 600), ran(4, 1200)}}
		}}, "demand 4→8 (1000, 2000); observed-scalability 8→11 (0.77, 1)", 11, ReasonScaleUp},
		{"a scale-up that brought nothing", []func(*Input){func(in *Input) {
			in.Config.EffectivenessDetection = true
			last := ran(2, 900)
			last.To, last.ExpectedRate, last.At = 4, 2000, now.Add(-time.Hour)
			in.State.History = History{"t": {last}}
		}}, "demand 4→8 (1000, 2000); effectiveness 8→4 (100, 1100) blocked", 4, ReasonIneffective},
		{"more subtasks that brought as much as they should", []func(*Input){func(in *Input) {
			in.Config.ObservedScalability = true
			in.State.History = History{"t": {ran(1, 400), ran(2, 800), ran(4, 1600)}}
		}}, "demand 4→8 (1000, 2000)", 8, ReasonScaleUp},
		{
			"as much as the user asked for at least",
			[]func(*Input){func(in *Input) { in.Bounds = map[VertexID]Bound{"t": {Floor: 8}} }},
			"demand 4→8 (1000, 2000)", 8, ReasonScaleUp,
		},
		{"a custom alignment that has nothing to add", []func(*Input){func(in *Input) {
			in.Config.Alignment, in.Config.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: alignTo(8)}
		}}, "demand 4→8 (1000, 2000)", 8, ReasonScaleUp},
		{"a custom alignment down to one", []func(*Input){func(in *Input) {
			in.Config.Alignment, in.Config.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: alignTo(1)}
		}}, "demand 4→8 (1000, 2000); alignment 8→1 (8, 1)", 1, ReasonScaleDown},
		{"what is well sized is not aligned", []func(*Input){can(2000), func(in *Input) {
			in.Config.Alignment, in.Config.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: alignTo(8)}
		}}, "demand 4→4 (2000, 2000)", 4, ReasonSteady},
		{
			"a highest parallelism below what it has",
			[]func(*Input){func(in *Input) { in.Config.MaxParallelism = 3 }},
			"demand 4→8 (1000, 2000); parallelism-limits 8→4 (1, 4)", 4, ReasonSteady,
		},
		{
			"a change within bounds out of range",
			[]func(*Input){can(3000), func(in *Input) { in.Config.MaxParallelism = 3 }},
			"demand 4→3 (3000, 2000); utilization-bounds 3→4 (3000, 3500) blocked", 4, ReasonWithinBounds,
		},
		{
			"a change within bounds at the end of the range",
			[]func(*Input){apart, can(1600), func(in *Input) { in.Config.MinParallelism, in.Config.PullIntoRange = 4, true }},
			"demand 4→5 (1600, 2000); utilization-bounds 5→4 (1600, 1400) blocked", 4, ReasonWithinBounds,
		},
		{"a lowest parallelism above the key groups", []func(*Input){apart, func(in *Input) {
			in.Config.MinParallelism, in.Config.MaxParallelism, in.Config.PullIntoRange = 200, 300, true
		}}, "demand 4→8 (1000, 2000); parallelism-limits 8→128 (128, 128)", 128, ReasonScaleUp},
		{"a lowest parallelism above the highest", []func(*Input){apart, func(in *Input) {
			in.Config.MinParallelism, in.Config.MaxParallelism, in.Config.PullIntoRange = 10, 6, true
		}}, "demand 4→8 (1000, 2000); parallelism-limits 8→10 (10, 10)", 10, ReasonScaleUp},
		{"fewer partitions than the lowest parallelism", []func(*Input){func(in *Input) {
			in.Topology.Vertices[1].Partitions, in.Config.CapAtPartitions, in.Config.Alignment = 2, true, AlignOff
			in.Config.MinParallelism = 3
		}}, "demand 4→8 (1000, 2000); partitions 8→3 (8, 2)", 3, ReasonScaleDown},
		{
			"too little to do something, upwards",
			[]func(*Input){can(1600)},
			"demand 4→5 (1600, 2000); utilization-bounds 5→4 (1600, 1400) blocked", 4, ReasonWithinBounds,
		},
		{
			"and downwards",
			[]func(*Input){can(3000)},
			"demand 4→3 (3000, 2000); utilization-bounds 3→4 (3000, 3500) blocked", 4, ReasonWithinBounds,
		},
		{"a saturated vertex", []func(*Input){busy(14000, 0.96), func(in *Input) {
			in.Config.KeepSaturated, in.Config.Estimator = true, estimates{measured(1400, 0.7), {In: 1400, Out: 1400, ProcessedIn: 9600, Busy: 0.96, Observed: math.NaN()}}
		}}, "demand 4→1 (10000, 2000); step-factor 1→2 (0.2, 0.4); saturation 2→4 (0.96, 0.95) blocked", 4, ReasonSaturated},
		{"a vertex as busy as a saturated one", []func(*Input){func(in *Input) {
			in.Config.KeepSaturated, in.Config.Estimator = true, estimates{measured(1400, 0.7), {In: 1400, Out: 1400, ProcessedIn: 9500, Busy: 0.95, Observed: math.NaN()}}
		}}, "demand 4→1 (10000, 2000); step-factor 1→2 (0.2, 0.4); saturation 2→4 (0.95, 0.95) blocked", 4, ReasonSaturated},
		{
			"a scale-down that waits",
			[]func(*Input){can(7000), func(in *Input) { in.Config.ScaleDownInterval = time.Hour }},
			"demand 4→2 (7000, 2000); step-factor 2→2 (0.285714, 0.4); scale-down-interval 2→4 (" + milliseconds(now) + ", " + milliseconds(now.Add(time.Hour)) + ") blocked", 4, ReasonDelayed,
		},
		{"the most that was wanted while it waited", []func(*Input){can(7000), func(in *Input) {
			in.Config.ScaleDownInterval = time.Hour
			in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: now.Add(-time.Hour), Recommended: []Recommendation{{At: now.Add(-time.Minute), Parallelism: 3, Outside: true}}}}
		}}, "demand 4→2 (7000, 2000); step-factor 2→2 (0.285714, 0.4); scale-down-interval 2→3 (" + milliseconds(now.Add(-time.Minute)) + ", " + milliseconds(now) + ")", 3, ReasonScaleDown},
		{"a scale-down that has waited and is wanted still", []func(*Input){can(7000), func(in *Input) {
			in.Config.ScaleDownInterval = time.Hour
			in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: now.Add(-time.Hour), Recommended: []Recommendation{{At: now.Add(-time.Minute), Parallelism: 2, Outside: true}}}}
		}}, "demand 4→2 (7000, 2000); step-factor 2→2 (0.285714, 0.4)", 2, ReasonScaleDown},
		{"as much as it has was wanted while it waited", []func(*Input){can(7000), func(in *Input) {
			in.Config.ScaleDownInterval = time.Hour
			in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: now.Add(-time.Hour), Recommended: []Recommendation{{At: now.Add(-time.Minute), Parallelism: 4, Outside: true}}}}
		}}, "demand 4→2 (7000, 2000); step-factor 2→2 (0.285714, 0.4); scale-down-interval 2→4 (" + milliseconds(now.Add(-time.Minute)) + ", " + milliseconds(now) + ")", 4, ReasonSteady},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := twoBusy(t, func(*Config) {})
			for _, change := range tt.change {
				change(&in)
			}
			out := Decide(in)
			v := out.Decision.Vertices[1]
			if got := guardText(v.Guards); got != tt.want || v.To != tt.to || v.Reason != tt.reason {
				t.Errorf("to %d for %s, want %d for %s, by\n%s, want\n%s", v.To, v.Reason, tt.to, tt.reason, got, tt.want)
			}
			if len(out.Decision.Vertices[0].Guards) > 2 || out.Decision.Vertices[0].Changed() {
				t.Errorf("the source: %+v", out.Decision.Vertices[0])
			}
		})
	}
}

// ran is what a history holds of a vertex that ran at a parallelism.
func ran(parallelism int, tpr float64) ScalingRecord {
	return ScalingRecord{From: parallelism, Evaluation: VertexEvaluation{TrueProcessingRate: tpr}, At: time.Date(2026, 7, 1, 11, 0, 0, 0, time.UTC)}
}

// More rules than space is set aside for: each vertex keeps its own guards.
func TestGuardsOfOneVertexAreNotThoseOfAnother(t *testing.T) {
	plan := []Vertex{{ID: "a-source", Parallelism: 4, MaxParallelism: 128}}
	rates := estimates{measured(1400, 0.7)}
	ids := strings.Split("bcdefghi", "")
	for _, name := range ids {
		id := VertexID(name)
		plan = append(plan, Vertex{ID: id, Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"a-source", ShipHash}}})
		rates = append(rates, Rates{In: 1400, Out: 1400, Busy: 1, ProcessedIn: 900, Observed: math.NaN()})
	}
	topology, err := NewTopology(plan)
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.Estimator, c.CatchUp, c.MaxParallelism, c.ScaleUpMaxFactor, c.ObservedScalability = rates, 0, 6, 1.4, true
	c.EffectivenessDetection = true
	c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Mode: alignTo(20)}
	bounds, history := map[VertexID]Bound{}, History{}
	for i, name := range ids {
		id := VertexID(name)
		bounds[id] = Bound{Floor: 7 + i}
		last := ran(3, 890)
		last.To, last.ExpectedRate = 4, 2000
		history[id] = []ScalingRecord{ran(1, 400), ran(2, 600), last}
	}
	out := Decide(Input{Config: &c, Topology: topology, Full: true, Bounds: bounds, State: State{History: history}, Now: ran(1, 1).At})
	for i, v := range out.Decision.Vertices[1:] {
		rules := make([]string, len(v.Guards))
		for k, g := range v.Guards {
			rules[k] = string(g.Rule)
		}
		if got := strings.Join(rules, " "); got != "demand observed-scalability step-factor parallelism-limits lower-bound alignment effectiveness" {
			t.Errorf("%s: %s", v.Vertex, got)
			continue
		}
		if floor := v.Guards[4]; floor.After != 7+i {
			t.Errorf("%s: floor %d", v.Vertex, floor.After)
		}
	}
}

// A hot key that no parallelism helps holds back what comes after it.
func TestGuardsTellOfAHotKey(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "s", Parallelism: 1, MaxParallelism: 128},
		{ID: "t", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
		{ID: "u", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"t", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := sluiceProfile()
	c.ScaleDownInterval, c.CatchUp, c.Excluded = 0, 0, []VertexID{"s"}
	source, hot := measured(1000, 0.1), measured(1400, 1)
	source.HasLag, source.Recent, source.Peak = true, 2500, 2500
	hot.Hottest = Hottest{Known: true, Share: 0.7, Busy: 1, Capacity: 1000}
	wishes := State{Delayed: DelayedScaleDown{"t": {FirstTrigger: at(0)}, "u": {FirstTrigger: at(0)}}}
	decide := func(hot Rates) ([]VertexDecision, Outcome) {
		c.Estimator = fixed{source, hot, measured(1400, 0.9)}
		out := Decide(Input{Config: &c, Topology: topology, Full: true, State: wishes})
		return out.Decision.Vertices, out
	}
	v, out := decide(hot)
	if want := []Note{{Kind: NoteSkewed, Vertex: "t", A: 1500, B: 1000}}; len(out.Notes) != 1 || out.Notes[0] != want[0] {
		t.Errorf("notes %+v, want %+v", out.Notes, want)
	}
	if len(out.State.Delayed) != 0 {
		t.Errorf("wishes to shrink wait on: %+v", out.State.Delayed)
	}
	if got, want := guardText(v[1].Guards), "demand 4→11 (1400, 3571.43); skew 11→4 (1500, 1000) blocked"; got != want {
		t.Errorf("the hot vertex: %s, want %s", got, want)
	}
	if got, want := guardText(v[2].Guards), "demand 4→10 (1555.56, 3571.43); bottleneck 10→4 (0.9, 1) blocked"; got != want || v[2].Recommended != 4 {
		t.Errorf("the vertex behind it: %s, want %s; recommended %d", got, want, v[2].Recommended)
	}
	hot.Hottest.Capacity = 2000 // 1500 of one key and 1000 of others
	v, _ = decide(hot)
	if got, want := guardText(v[1].Guards), "demand 4→11 (1400, 3571.43); skew 11→5 (1500, 2000)"; got != want || v[1].To != 5 {
		t.Errorf("a key that fits: %s, want %s; to %d", got, want, v[1].To)
	}
	c.CatchUp, c.Restart = 5*time.Minute, time.Minute // the records of a minute in five
	v, _ = decide(hot)
	if got, want := guardText(v[1].Guards), "demand 4→11 (1400, 3571.43); skew 11→6 (1800, 2000)"; got != want {
		t.Errorf("with a restart to make up for: %s, want %s", got, want)
	}
}

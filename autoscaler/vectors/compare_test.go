package vectors

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// observed is what one step brought.
type observed struct {
	*replay
	step    int
	want    *expectation
	outcome string
	report  *autoscaler.Report
	err     error
	state   autoscaler.State
}

// remembered is what expectations leave out since it was there before.
type remembered struct {
	realized, realizedConfig any
	state                    map[string]any
}

func (o *observed) compare() {
	o.t.Helper()
	if o.outcome != o.want.Outcome {
		o.errorf("outcome is %s (%v), want %s", o.outcome, o.explain(), o.want.Outcome)
	}
	o.compareError()
	o.compareCollected()
	o.compareEvaluated()
	o.compareEvents()
	o.same("resource checks", any(o.checks), any(o.want.ResourceChecks))
	o.compareRealized()
	if excluded := slices.Sorted(slices.Values(o.want.ExcludedThisCycle)); !slices.Equal(o.excluded(), excluded) {
		o.errorf("excluded in this pass: %v, want %v", o.excluded(), excluded)
	}
	counters := []any{float64(o.metrics.Scalings.Load()), float64(o.metrics.Errors.Load()), float64(o.metrics.Balanced.Load())}
	o.same("counters of scalings, errors and balanced passes", counters, any(o.want.Counters))
	o.compareState()
	o.compareHistory()
}

func (o *observed) errorf(format string, args ...any) {
	o.t.Helper()
	o.t.Errorf("step %d: "+format, append([]any{o.step}, args...)...)
}

func (o *observed) explain() any {
	if o.err != nil {
		return o.err
	}
	if o.report == nil {
		return ""
	}
	return string(o.report.Decision.Reason) + " " + o.report.Decision.Detail
}

// same compares to the last digit.
func (o *observed) same(what string, got, want any) {
	o.t.Helper()
	if diff := cmp.Diff(plain(want), plain(got), cmpopts.EquateNaNs()); diff != "" {
		o.errorf("%s (-want +got):\n%s", what, diff)
	}
}

// rounded is the tolerance of metrics. They are rounded to three decimals, and
// the sum in another order may fall on the other side of an edge.
var rounded = cmp.Comparer(near)

func near(a, b float64) bool {
	if a == b || math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return a == b || math.IsNaN(a) && math.IsNaN(b)
	}
	return math.Abs(a-b) <= math.Max(0.001000001, 1e-9*math.Max(math.Abs(a), math.Abs(b)))
}

// plain turns decoded JSON into values that compare: numbers into floats, and
// nothing at all into an empty list or object.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case []any:
		if len(v) == 0 {
			return nil
		}
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		object := make(map[string]any, len(v))
		for k := range v {
			object[k] = plain(v[k])
		}
		return object
	}
	return v
}

// number reads a number, or the text of one that is not finite. What is neither
// stays as it is, and so equals no number.
func number(v any) any {
	text := fmt.Sprint(v)
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	return text
}

func (o *observed) compareCollected() {
	if len(o.want.Collected) == 0 {
		if o.report != nil && o.report.Samples > 0 {
			o.errorf("metrics were collected, want none")
		}
		return
	}
	var want struct {
		FullyCollected bool
		HistorySize    int
		HistoryFirst   int64
		Vertices       map[string]map[string]any
		Global         map[string]any
	}
	o.must(decode(o.want.Collected, &want))
	w := o.state.Window
	if o.report.Window.Full != want.FullyCollected || len(w.Samples) != want.HistorySize {
		o.errorf("window is full: %v with %d samples, want %v with %d", o.report.Window.Full, len(w.Samples), want.FullyCollected, want.HistorySize)
		return
	}
	if first := w.Samples[0].At.UnixMilli(); first != want.HistoryFirst {
		o.errorf("the window begins at %d, want %d", first, want.HistoryFirst)
	}
	got := map[string]any{}
	latest := w.Latest()
	for i := range latest.Vertices {
		values := map[string]any{}
		for m, v := range latest.Vertices[i].All() {
			values[m.String()] = v
		}
		got[string(latest.Vertices[i].Vertex)] = values
	}
	global := map[string]any{}
	for m, v := range latest.Global.All() {
		global[m.String()] = v
	}
	for id, values := range want.Vertices {
		o.sameMetrics("collected of "+id, got[id], floats(values))
	}
	if len(got) != len(want.Vertices) {
		o.errorf("%d vertices were collected, want %d", len(got), len(want.Vertices))
	}
	o.sameMetrics("collected of the cluster", global, floats(want.Global))
}

func floats(values map[string]any) map[string]any {
	all := make(map[string]any, len(values))
	for k, v := range values {
		all[k] = number(v)
	}
	return all
}

func (o *observed) sameMetrics(what string, got, want any) {
	o.t.Helper()
	if diff := cmp.Diff(want, got, rounded); diff != "" {
		o.errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (o *observed) compareEvaluated() {
	if len(o.want.Evaluated) == 0 {
		if o.report != nil && o.report.Evaluation != nil {
			o.errorf("metrics were evaluated, want none")
		}
		return
	}
	var want struct {
		RestartTimeSec float64
		Vertices       map[string]map[string]any
		Global         map[string]any
	}
	o.must(decode(o.want.Evaluated, &want))
	e := o.report.Evaluation
	if e == nil {
		o.errorf("nothing was evaluated (%v)", o.explain())
		return
	}
	if got := e.Restart.Seconds(); got != want.RestartTimeSec {
		o.errorf("the restart time is %v s, want %v", got, want.RestartTimeSec)
	}
	for i := range e.Vertices {
		id := string(e.Vertices[i].Vertex)
		got, expected := o.evaluationOf(i), pairs(want.Vertices[id])
		if o.outcome == "ERROR" { // which vertices were judged before the error hangs on a hash
			delete(got, "EXPECTED_PROCESSING_RATE")
			delete(expected, "EXPECTED_PROCESSING_RATE")
		}
		o.sameMetrics("evaluation of "+id, got, expected)
	}
	if len(e.Vertices) != len(want.Vertices) {
		o.errorf("%d vertices were evaluated, want %d", len(e.Vertices), len(want.Vertices))
	}
	o.sameMetrics("evaluation of the cluster", globalOf(e), pairs(want.Global))
}

// pair is a metric's current value and its average.
func pair(current, average any) []any { return []any{current, average} }

// pairs reads metrics as expectations write them: a current value, a pair, or
// null for one that is not set.
func pairs(metrics map[string]any) map[string]any {
	all := make(map[string]any, len(metrics))
	for name, v := range metrics {
		switch v := v.(type) {
		case nil:
			all[name] = nil
		case []any:
			p := make([]any, len(v))
			for i := range v {
				p[i] = math.NaN()
				if v[i] != nil {
					p[i] = number(v[i])
				}
			}
			all[name] = p
		default:
			all[name] = pair(number(v), math.NaN())
		}
	}
	return all
}

// evaluationOf writes the evaluation of a vertex as expectations do.
func (o *observed) evaluationOf(i int) map[string]any {
	all := metricsOf(&o.report.Evaluation.Vertices[i])
	all["RECOMMENDED_PARALLELISM"] = nil
	if !o.report.Window.Full {
		return all
	}
	all["RECOMMENDED_PARALLELISM"] = all["PARALLELISM"]
	decided := o.report.Decision.Vertices
	if len(decided) == 0 {
		return all
	}
	all["RECOMMENDED_PARALLELISM"] = pair(float64(decided[i].Planned), math.NaN())
	if expected := decided[i].ExpectedRate; !math.IsNaN(expected) {
		all["EXPECTED_PROCESSING_RATE"] = pair(expected, math.NaN())
	}
	return all
}

func metricsOf(v *scaling.VertexEvaluation) map[string]any {
	nan := math.NaN()
	all := map[string]any{
		"LOAD": pair(nan, v.Load), "TRUE_PROCESSING_RATE": pair(nan, v.TrueProcessingRate), "TARGET_DATA_RATE": pair(nan, v.TargetRate),
		"CATCH_UP_DATA_RATE":      pair(v.CatchUpRate, nan),
		"SCALE_UP_RATE_THRESHOLD": pair(v.ScaleUpThreshold, nan), "SCALE_DOWN_RATE_THRESHOLD": pair(v.ScaleDownThreshold, nan),
		"PARALLELISM": pair(float64(v.Parallelism), nan), "MAX_PARALLELISM": pair(float64(v.MaxParallelism), nan),
		"NUM_SOURCE_PARTITIONS": pair(float64(v.Partitions), nan),
	}
	if v.HasLag {
		all["LAG"] = pair(v.Lag, nan)
	}
	return all
}

func globalOf(e *scaling.Evaluation) map[string]any {
	all := map[string]any{}
	for m := scaling.GCPressure; m <= scaling.NumTaskSlotsUsed; m++ {
		p := pair(e.Global.Latest[m], e.Global.Average[m])
		if m == scaling.GCPressure || m == scaling.NumTaskSlotsUsed {
			p[1] = math.NaN()
		}
		all[m.String()] = p
	}
	return all
}

func (o *observed) compareRealized() {
	var got, gotConfig any
	if o.realized != nil {
		got = overridesText(o.realized)
	}
	if o.realizedConfig != nil {
		gotConfig = changesText(*o.realizedConfig)
	}
	o.expectedOr(&o.expected.realized, o.want.Realized, "parallelism handed over", got)
	o.expectedOr(&o.expected.realizedConfig, o.want.RealizedConfig, "configuration handed over", gotConfig)
}

// expectedOr resolves "=", which stands for the last value.
func (o *observed) expectedOr(last *any, want any, what string, got any) {
	if want == "=" {
		want = *last
	} else if want != nil {
		*last = want
	}
	if (want == nil) != (got == nil) {
		o.errorf("%s is %v, want %v", what, got, want)
		return
	}
	o.same(what, got, want)
}

func overridesText(p scaling.Parallelism) map[string]any {
	text := map[string]any{}
	for id, n := range p {
		text[string(id)] = strconv.Itoa(n)
	}
	return text
}

func changesText(c tuning.Changes) map[string]any {
	overrides, removals := map[string]any{}, []any{}
	for k, v := range c.Overrides {
		overrides[k] = v
	}
	for _, k := range c.Removals {
		removals = append(removals, k)
	}
	return map[string]any{"overrides": overrides, "removals": removals}
}

// compareState compares all parts of what is stored; expectations name those
// that changed.
func (o *observed) compareState() {
	if o.expected.state == nil {
		o.expected.state = map[string]any{}
	}
	maps.Copy(o.expected.state, o.want.State)
	for part, got := range map[string]any{
		"parallelismOverrides":   overridesText(o.state.Overrides),
		"delayedScaleDown":       delayedText(o.state.Scaling.Delayed),
		"scalingTracking":        trackingText(o.state.Scaling.Tracking),
		"configChanges":          emptyAsNone(changesText(o.state.Changes)),
		"scalingHistory":         historyTimes(o.state.Scaling.History),
		"collectedMetricsStored": float64(len(o.state.Window.Samples)),
	} {
		want := o.expected.state[part]
		if part == "configChanges" {
			want = emptyAsNone(want)
		}
		if part == "collectedMetricsStored" && want == nil {
			want = 0.0
		}
		o.same("stored "+part, got, want)
	}
}

func emptyAsNone(changes any) any {
	m, ok := changes.(map[string]any)
	if !ok || plain(m["overrides"]) == nil && plain(m["removals"]) == nil {
		return nil
	}
	return m
}

func delayedText(d scaling.DelayedScaleDown) map[string]any {
	text := map[string]any{}
	for id, wish := range d {
		recommended := []any{}
		for _, r := range wish.Recommended {
			recommended = append(recommended, []any{float64(r.At.UnixMilli()), float64(r.Parallelism), r.Outside})
		}
		text[string(id)] = map[string]any{"firstTriggerTime": float64(wish.FirstTrigger.UnixMilli()), "recommended": recommended}
	}
	return text
}

func trackingText(records []scaling.RestartRecord) map[string]any {
	text := map[string]any{}
	for _, r := range records {
		var took any
		if r.Known {
			took = float64(r.Duration.Milliseconds())
		}
		text[strconv.FormatInt(r.At.UnixMilli(), 10)] = took
	}
	return text
}

func historyTimes(h scaling.History) map[string]any {
	text := map[string]any{}
	for id, records := range h {
		times := []any{}
		for _, r := range records {
			times = append(times, float64(r.At.UnixMilli()))
		}
		text[string(id)] = times
	}
	return text
}

// compareHistory compares the entries that are new in this step.
func (o *observed) compareHistory() {
	got, gotMetrics := map[string]any{}, map[string]any{}
	for id, records := range o.state.Scaling.History {
		known := o.before.Scaling.History[id]
		for _, r := range records {
			if slices.ContainsFunc(known, func(k scaling.ScalingRecord) bool { return k.At.Equal(r.At) }) {
				continue
			}
			metrics := metricsOf(&r.Evaluation)
			metrics["EXPECTED_PROCESSING_RATE"] = pair(r.ExpectedRate, math.NaN())
			metrics["RECOMMENDED_PARALLELISM"] = pair(float64(r.Planned), math.NaN())
			got[string(id)] = map[string]any{"at": float64(r.At.UnixMilli()), "current": float64(r.From), "new": float64(r.To)}
			gotMetrics[string(id)] = metrics
		}
	}
	want, wantMetrics := map[string]any{}, map[string]any{}
	for id, entry := range o.want.HistoryAdded {
		e := maps.Clone(entry.(map[string]any))
		wantMetrics[id] = pairs(e["metrics"].(map[string]any))
		delete(e, "metrics")
		want[id] = e
	}
	o.same("new entries of the history", got, want)
	o.sameMetrics("metrics of new entries of the history", gotMetrics, wantMetrics)
}

package statetest

import (
	"fmt"
	"math"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// ToTheBit compares states: -0 is not 0, NaN is NaN, nil and empty are the same.
var ToTheBit = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.AllowUnexported(scaling.Measures{}, scaling.GlobalMeasures{}),
	cmp.Comparer(func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
	}),
}

// DrawState is any state that passes can come to, and some that they cannot:
// every number may be NaN, infinite or -0, and everything may be absent. Times
// are in the years 1970 to 2100, in order where order is promised, and distinct.
func DrawState(t *rapid.T) autoscaler.State {
	s := autoscaler.State{
		Bounds:    drawMap(t, "bounds", drawBound),
		Overrides: drawMap(t, "overrides", func(t *rapid.T) int { return rapid.IntRange(1, 1<<15).Draw(t, "parallelism") }),
		Scaling: scaling.State{
			History:  drawHistory(t),
			Tracking: drawTracking(t),
			Delayed:  drawMap(t, "delayed", drawDelayed),
		},
	}
	if rapid.Bool().Draw(t, "an act") {
		s.Act = drawAct(t)
	}
	if rapid.Bool().Draw(t, "changes") {
		s.Changes = tuning.Changes{
			Overrides: map[string]string{"taskmanager.memory.process.size": "1 gb", "a\"b<\n": drawText(t)},
			Removals:  []string{"taskmanager.memory.size", "zé"},
		}
	}
	for _, at := range drawTimes(t, 4) {
		s.Window.Samples = append(s.Window.Samples, drawSample(t, at))
	}
	return s
}

func drawText(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "1 of 2 slots", "yes", "12", "a: b # c", "two\nlines", "\"'", "größer", "<&>", "~", "-", "{}"}).Draw(t, "text")
}

func drawID(t *rapid.T) scaling.VertexID {
	return scaling.VertexID(fmt.Sprintf("%032x", rapid.IntRange(0, 3).Draw(t, "vertex")))
}

// drawMap is of up to three vertices; nil for none.
func drawMap[V any](t *rapid.T, name string, draw func(*rapid.T) V) map[scaling.VertexID]V {
	n := rapid.IntRange(0, 3).Draw(t, name)
	if n == 0 {
		return nil
	}
	m := map[scaling.VertexID]V{}
	for range n {
		m[drawID(t)] = draw(t)
	}
	return m
}

// DrawNumber is any double.
func DrawNumber(t *rapid.T) float64 {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.Map(rapid.IntRange(0, 1<<40), func(n int) float64 { return float64(n) }),
		rapid.Map(rapid.IntRange(0, 1<<40), func(n int) float64 { return float64(n) / 1000 }),
		rapid.SampledFrom([]float64{
			0, math.Copysign(0, -1), 1, 0.5, 1e-3, 9.99e-4, 1e7, 9999999.5, 1e15, 1e21, 1e22, 1e-7, 2e-3, 2.2250738585072014e-308,
			math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1<<53 - 1, 1<<53 + 2, math.MaxInt64,
		}),
	).Draw(t, "number")
}

// drawTimes are in order and distinct.
func drawTimes(t *rapid.T, most int) []time.Time {
	var times []time.Time
	at := drawTime(t)
	for range rapid.IntRange(0, most).Draw(t, "times") {
		times = append(times, at)
		at = at.Add(rapid.SampledFrom([]time.Duration{1, time.Microsecond, time.Millisecond, time.Second, 10*time.Second + 123_456_789}).Draw(t, "later"))
	}
	return times
}

func drawTime(t *rapid.T) time.Time {
	whole := rapid.Int64Range(0, 4_102_444_800).Draw(t, "s")
	return time.Unix(whole, rapid.SampledFrom([]int64{0, 1, 500, 123_000, 123_456, 999_000_000, 123_456_789, 999_999_999}).Draw(t, "ns")).UTC()
}

func drawDuration(t *rapid.T) time.Duration {
	return rapid.OneOf(
		rapid.SampledFrom([]time.Duration{0, 1, 10, 123, 999, 1000, time.Second, -1, -time.Second, -time.Second - 1, 65432 * time.Millisecond}),
		rapid.Map(rapid.Int64Range(-1e15, 1e15), func(n int64) time.Duration { return time.Duration(n) }),
	).Draw(t, "duration")
}

func drawParallelism(t *rapid.T) int { return rapid.IntRange(1, 200).Draw(t, "parallelism") }

func drawBound(t *rapid.T) autoscaler.Bound {
	return autoscaler.Bound{Floor: drawParallelism(t), Lower: drawParallelism(t), Upper: drawParallelism(t), Ours: rapid.Bool().Draw(t, "ours")}
}

func drawAct(t *rapid.T) *autoscaler.Act {
	a := &autoscaler.Act{
		Decided: drawTime(t), Want: drawMap(t, "want", drawParallelism), From: drawMap(t, "from", drawParallelism),
		Phase: rapid.SampledFrom([]autoscaler.Phase{autoscaler.PhaseIntended, autoscaler.PhaseRequested, autoscaler.PhaseDone, autoscaler.PhaseFailed}).Draw(t, "phase"),
	}
	if rapid.Bool().Draw(t, "ended") {
		a.Requested, a.Ended = drawTime(t), drawTime(t)
		a.Reason = autoscaler.Obstacle{Reason: autoscaler.ReasonSlotsMissing, Text: drawText(t)}
	}
	return a
}

func drawHistory(t *rapid.T) scaling.History {
	h := scaling.History(drawMap(t, "history", func(*rapid.T) []scaling.ScalingRecord { return nil }))
	for id := range 4 {
		v := scaling.VertexID(fmt.Sprintf("%032x", id))
		if _, there := h[v]; !there {
			continue
		}
		for _, at := range append(drawTimes(t, 2), time.Date(2110, 1, 1, 0, 0, 0, 0, time.UTC)) {
			h[v] = append(h[v], drawRecord(t, v, at))
		}
	}
	return h
}

func drawRecord(t *rapid.T, id scaling.VertexID, at time.Time) scaling.ScalingRecord {
	e := scaling.VertexEvaluation{
		Vertex: id, Name: drawText(t), Parallelism: drawParallelism(t), MaxParallelism: rapid.IntRange(0, 1<<15).Draw(t, "max"), Partitions: rapid.IntRange(0, 9).Draw(t, "partitions"),
		Load: DrawNumber(t), TrueProcessingRate: DrawNumber(t), TargetRate: DrawNumber(t), PeakRate: DrawNumber(t), CatchUpRate: DrawNumber(t),
		HasLag: rapid.Bool().Draw(t, "has lag"), ScaleUpThreshold: DrawNumber(t), ScaleDownThreshold: DrawNumber(t),
	}
	if e.HasLag {
		e.Lag = DrawNumber(t)
	}
	if rapid.Bool().Draw(t, "rates") {
		e.Rates = scaling.Rates{
			In: DrawNumber(t), Out: DrawNumber(t), OutPerIn: DrawNumber(t), Lag: DrawNumber(t), LagGrowth: DrawNumber(t), HasLag: true,
			Recent: DrawNumber(t), Peak: DrawNumber(t), Busy: DrawNumber(t), ProcessedIn: DrawNumber(t), Observed: DrawNumber(t), Backpressured: DrawNumber(t),
			Hottest: scaling.Hottest{Known: true, Share: DrawNumber(t), Busy: DrawNumber(t), Capacity: DrawNumber(t)}, Reset: true, ClockDoubtful: true,
		}
	}
	return scaling.ScalingRecord{At: at, From: drawParallelism(t), To: drawParallelism(t), Planned: drawParallelism(t), ExpectedRate: DrawNumber(t), Evaluation: e}
}

func drawTracking(t *rapid.T) []scaling.RestartRecord {
	var records []scaling.RestartRecord
	for _, at := range drawTimes(t, 3) {
		r := scaling.RestartRecord{At: at, Known: rapid.Bool().Draw(t, "known")}
		if r.Known {
			r.Duration = drawDuration(t)
		}
		records = append(records, r)
	}
	return records
}

func drawDelayed(t *rapid.T) scaling.Delayed {
	d := scaling.Delayed{FirstTrigger: drawTime(t)}
	for _, at := range drawTimes(t, 3) {
		d.Recommended = append(d.Recommended, scaling.Recommendation{At: at, Parallelism: drawParallelism(t), Outside: rapid.Bool().Draw(t, "outside")})
	}
	return d
}

func drawSample(t *rapid.T, at time.Time) scaling.Sample {
	s := scaling.Sample{At: at}
	if rapid.Bool().Draw(t, "running") {
		s.RunningSince = drawTime(t)
	}
	for m := range scaling.NumTaskSlotsUsed + 1 {
		if rapid.Bool().Draw(t, m.String()) {
			s.Global.Set(m, DrawNumber(t))
		}
	}
	for _, i := range rapid.Permutation([]int{0, 1, 2}).Draw(t, "vertices")[:rapid.IntRange(0, 3).Draw(t, "n")] {
		s.Vertices = append(s.Vertices, drawVertex(t, scaling.VertexID(fmt.Sprintf("%032x", i))))
	}
	return s
}

func drawVertex(t *rapid.T, id scaling.VertexID) scaling.VertexSample {
	v := scaling.VertexSample{Vertex: id, Parallelism: rapid.IntRange(0, 9).Draw(t, "parallelism")}
	for m := range scaling.AccumulatedBackpressuredTime + 1 {
		if rapid.Bool().Draw(t, m.String()) {
			v.Set(m, DrawNumber(t))
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "subtasks") {
		v.Subtasks = append(v.Subtasks, scaling.Subtask{Attempt: rapid.IntRange(0, 9).Draw(t, "attempt"), Records: DrawNumber(t), Busy: DrawNumber(t), Clock: DrawNumber(t)})
	}
	return v
}

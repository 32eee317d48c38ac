package collect

import (
	"context"
	"math"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// readings are the values of one vertex, by metric, names of one metric merged.
type readings struct {
	values [metricCount]flink.AggregatedMetric
	has    [metricCount]bool
}

// add merges a value in (spec section 3.5).
func (r *readings) add(m metric, v flink.AggregatedMetric) {
	if r.has[m] {
		v = merge(r.values[m], v)
	}
	r.values[m], r.has[m] = v, true
}

func merge(a, b flink.AggregatedMetric) flink.AggregatedMetric {
	return flink.AggregatedMetric{
		ID:   a.ID + "-" + b.ID,
		Min:  both(a.Min, b.Min, math.Min),
		Max:  both(a.Max, b.Max, math.Max),
		Sum:  both(a.Sum, b.Sum, func(x, y float64) float64 { return x + y }),
		Skew: both(a.Skew, b.Skew, math.Max),
	}
}

func both(a, b flink.Float, of func(x, y float64) float64) flink.Float {
	x, hasX := a.Value()
	y, hasY := b.Value()
	if !hasX || !hasY {
		return flink.Null
	}
	return flink.Number(of(x, y))
}

// sum and average are NaN for what was not read.
func (r *readings) sum(m metric) float64     { return orNaN(r.values[m].Sum) }
func (r *readings) average(m metric) float64 { return orNaN(r.values[m].Avg) }

func orNaN(f flink.Float) float64 {
	if v, ok := f.Value(); ok {
		return v
	}
	return math.NaN()
}

// read asks for the values of a vertex. Flink has none of a vertex that has
// finished; the reference takes 0 for each (spec section 3.6).
func (p *referencePass) read(ctx context.Context, v *scaling.Vertex) (*readings, error) {
	var r readings
	if v.Finished {
		for _, m := range [...]metric{busyPerSecond, pendingRecords, sourceInPerSecond, sourceIn, sourceOut} {
			zero := flink.Number(0)
			r.add(m, flink.AggregatedMetric{Min: zero, Max: zero, Avg: zero, Sum: zero})
		}
		return &r, nil
	}
	wanted := p.memory.names[v.ID]
	ids := make([]string, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].name
	}
	answer, err := readMetrics(ctx, p.job, v.ID, ids)
	if err != nil {
		return nil, err
	}
	// In the order of the names, so that a sum does not depend on Flink's.
	for _, w := range wanted {
		for i := range answer {
			if answer[i].ID == w.name {
				r.add(w.metric, answer[i])
			}
		}
	}
	return &r, nil
}

// sample turns readings into measures (spec sections 4.2 to 4.5).
func (p *referencePass) sample(v *scaling.Vertex, r *readings) scaling.VertexSample {
	entry := entryOf(p.details, flink.VertexID(v.ID), 0)
	s := scaling.VertexSample{Vertex: v.ID, Parallelism: v.Parallelism}
	set := func(m scaling.Measure, value float64) { s.Set(m, scaling.Round3(value)) }

	var lag float64
	if v.IsSource() {
		if r.has[pendingRecords] {
			lag = r.sum(pendingRecords)
		}
		set(scaling.Lag, lag)
	}

	if busy := orNaN(p.busyOf(&r.values[busyPerSecond])); finite(busy) {
		set(scaling.Load, math.Max(0, busy)/1000)
	} else {
		set(scaling.Load, math.NaN())
		p.unusable = append(p.unusable, v.ID)
	}

	var in, out, busyTime float64
	if !v.Finished {
		in, out = float64(entry.Metrics.ReadRecords), float64(entry.Metrics.WriteRecords)
		busyTime = orNaN(entry.Metrics.AccumulatedBusy)
	}
	set(scaling.AccumulatedBusyTime, busyTime)
	set(scaling.NumRecordsOut, out)
	set(scaling.NumRecordsIn, math.Max(0, recordsIn(v, r, in)))

	switch {
	case !v.IsSource():
		if r.has[inPerSecond] {
			set(scaling.NumRecordsInPerSecond, r.sum(inPerSecond))
		}
	default:
		if observed, ok := p.observed(v, r, lag); ok {
			set(scaling.ObservedTPR, observed)
		}
	}
	return s
}

// recordsIn prefers the task's counter, which some versions do not count for
// sources, then those of the source operator.
func recordsIn(v *scaling.Vertex, r *readings, byTask float64) float64 {
	in := byTask
	for _, m := range [...]metric{sourceIn, sourceOut} {
		if v.IsSource() && in == 0 && r.has[m] {
			in = r.sum(m)
		}
	}
	return in
}

// observed is the true processing rate of a source while it catches up. While it
// does not, the average of the observations before stands in (spec section 4.5).
func (p *referencePass) observed(v *scaling.Vertex, r *readings, lag float64) (rate float64, ok bool) {
	in := math.Max(0, r.sum(sourceInPerSecond))
	switch {
	case math.IsNaN(in):
		return 0, false
	case in == 0:
		return math.Inf(1), true
	}
	if threshold := float64(p.lagThreshold / time.Second); lag >= threshold*in {
		blocked := r.average(backpressurePerSecond)
		if rate := in / (1 - blocked/1000); blocked < 1000 && !math.IsNaN(rate) {
			return rate, true
		}
	}
	return scaling.AverageObserved(p.window, v.ID, p.minObservations), true
}

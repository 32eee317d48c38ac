package scaling

import (
	"math"
	"time"
)

// Rates is what an estimator makes of one vertex over a window. Rates are in
// records/s; NaN stands for a number that the samples do not give.
type Rates struct {
	// In and Out are the rates read and written.
	In, Out float64
	// OutPerIn is the number of records written per record read, both from the
	// same readings; NaN when the estimator does not know it.
	OutPerIn float64
	// Lag is the latest number of waiting records and LagGrowth its change per
	// second; HasLag tells whether a lag was ever reported.
	Lag, LagGrowth float64
	HasLag         bool
	// Recent is the rate at which records arrived at a source in the recent part
	// of the window, Peak in its newest stretch; both NaN when the estimator
	// does not tell them from the whole window.
	Recent, Peak float64
	// Busy is the busy share of a subtask, [0,1], aggregated as configured.
	Busy float64
	// ProcessedIn is the rate that goes with Busy: ProcessedIn/Busy is the true
	// processing rate by busy time.
	ProcessedIn float64
	// Observed is the true processing rate seen while catching up.
	Observed float64
	// Backpressured is the share of time that output was blocked, [0,1], NaN
	// when the estimator does not know it.
	Backpressured float64
	// Hottest describes the subtask with most to do, where subtasks were read.
	Hottest Hottest
	// Reset is true where counters began anew so lately that no rate is given.
	Reset bool
	// ClockDoubtful is true where arrival times had to serve as clock.
	ClockDoubtful bool
}

// Hottest compares the busiest subtask of a vertex with all of them.
type Hottest struct {
	// Known is false when no subtask was read within the current segment.
	Known bool
	// Share is the part of all records that the subtask read, [0,1].
	Share float64
	// Busy is its busy share, [0,1].
	Busy float64
	// Capacity is what the subtask alone could process, in records/s.
	Capacity float64
}

// Estimator works the rates of every vertex out of a window of samples.
// Estimate returns one Rates per vertex of the topology, in its order.
type Estimator interface {
	// Name is the value of option sluice.estimator.
	Name() string
	Estimate(w Window, t *Topology, c *Config) ([]Rates, error)
}

// Reference estimates as Flink's autoscaler does: accumulated counts over wall
// time, busy time from the averaged meters (spec sections 5.1 to 5.4). It does so
// across a reset of the counters too, unless [Config.ResetsAreBorders].
type Reference struct{}

// Name implements [Estimator].
func (Reference) Name() string { return "reference" }

// Estimate implements [Estimator]. It fails when a vertex is missing in a
// sample, as after a change of topology without restart.
func (Reference) Estimate(w Window, t *Topology, c *Config) ([]Rates, error) {
	rates := make([]Rates, len(t.Vertices))
	for i := range t.Vertices {
		v := &t.Vertices[i]
		s, err := seriesOf(w, v.ID, i)
		if err != nil {
			return nil, err
		}
		if c.ResetsAreBorders && !v.Finished { // of one that has finished 0 is read
			if s.first = sinceReset(w, v, i); s.first > 0 && s.span() < c.MetricsWindow/wholePart {
				rates[i] = s.unknown()
				continue
			}
		}
		rates[i] = s.rates(v, c)
	}
	return rates, nil
}

// series is the samples of one vertex from position first on.
type series struct {
	window Window
	hint   int
	id     VertexID
	first  int
}

func seriesOf(w Window, id VertexID, hint int) (series, error) {
	for i := range w.Samples {
		if w.Samples[i].vertex(id, hint) == nil {
			return series{}, &MissingVertexError{Vertex: id, At: w.Samples[i].At}
		}
	}
	return series{window: w, hint: hint, id: id}, nil
}

// MissingVertexError says that a sample of the window lacks a vertex of the
// topology: the job graph changed without a restart that the window could see.
type MissingVertexError struct {
	Vertex VertexID
	At     time.Time
}

func (e *MissingVertexError) Error() string {
	return "the sample of " + e.At.UTC().Format(time.RFC3339) + " lacks vertex " + string(e.Vertex)
}

func (s series) at(i int) *VertexSample { return s.window.Samples[i].vertex(s.id, s.hint) }

// span is the time that the series covers.
func (s series) span() time.Duration {
	if s.first >= len(s.window.Samples) {
		return 0
	}
	return s.window.Latest().At.Sub(s.window.Samples[s.first].At)
}

// unknown is what can be said of a vertex whose counters have just begun anew:
// how much waits before it.
func (s series) unknown() Rates {
	nan := math.NaN()
	r := Rates{In: nan, Out: nan, OutPerIn: nan, LagGrowth: nan, Recent: nan, Peak: nan, Busy: nan, ProcessedIn: nan, Observed: nan, Backpressured: nan, Reset: true}
	if n := len(s.window.Samples); n > 0 {
		r.Lag, r.HasLag = s.at(n - 1).Get(Lag)
	}
	return r
}

func (s series) rates(v *Vertex, c *Config) Rates {
	r := Rates{
		In: s.rate(NumRecordsIn), Out: s.rate(NumRecordsOut), LagGrowth: s.rate(Lag),
		OutPerIn: math.NaN(), Recent: math.NaN(), Peak: math.NaN(), Backpressured: math.NaN(),
	}
	if n := len(s.window.Samples); n > 0 {
		r.Lag, r.HasLag = s.at(n - 1).Get(Lag)
	}
	if c.Aggregator == AggregateAvg {
		r.Busy = s.rate(AccumulatedBusyTime) / float64(v.Parallelism) / 1000
		r.ProcessedIn = r.In
	} else {
		r.Busy = float64(s.average(Load, 1)*1000) / 1000
		r.ProcessedIn = s.average(NumRecordsInPerSecond, 1)
		if !finite(r.ProcessedIn) {
			r.ProcessedIn = r.In
		}
	}
	r.Observed = s.average(ObservedTPR, c.ObservedMinObservations)
	return r
}

// rate is the change per second between the first and the last sample that
// have the measure (spec section 5.1).
func (s series) rate(m Measure) float64 {
	var first, last float64
	var firstAt, lastAt time.Time
	n := 0
	for i := s.first; i < len(s.window.Samples); i++ {
		v := s.at(i).Or(m)
		if math.IsNaN(v) {
			continue
		}
		if n == 0 {
			first, firstAt = v, s.window.Samples[i].At
		}
		last, lastAt = v, s.window.Samples[i].At
		n++
	}
	if n < 2 {
		return math.NaN()
	}
	ms := math.Max(1, float64(lastAt.Sub(firstAt).Milliseconds()))
	return float64(1000*(last-first)) / ms
}

// average is the mean of the finite values (spec section 5.2).
func (s series) average(m Measure, minElements int) float64 {
	return averageOf(len(s.window.Samples)-s.first, minElements, func(i int) float64 { return s.at(s.first + i).Or(m) })
}

// averageOf leaves out NaN and infinite values; with nothing else it is +Inf if
// one was infinite. Fewer than minElements finite values make it NaN.
func averageOf(n, minElements int, value func(int) float64) float64 {
	var sum float64
	count, infinite := 0, false
	for i := range n {
		switch v := value(i); {
		case math.IsNaN(v):
		case math.IsInf(v, 0):
			infinite = true
		default:
			sum += v
			count++
		}
	}
	switch {
	case count == 0 && infinite:
		return math.Inf(1)
	case count == 0 || count < minElements:
		return math.NaN()
	}
	return sum / float64(count)
}

// AverageObserved is the mean of the observed true processing rate of a vertex
// over the samples before the current one, by which a collector carries the
// value forward (spec section 4.5).
func AverageObserved(w Window, id VertexID, minObservations int) float64 {
	return averageOf(len(w.Samples), minObservations, func(i int) float64 {
		if v := w.Samples[i].vertex(id, 0); v != nil {
			return v.Or(ObservedTPR)
		}
		return math.NaN()
	})
}

package scaling

import (
	"math"
	"time"
)

// Counters estimates from differences of accumulated counters. Flink's
// per-second meters climb for a minute after every restart; counters do not.
// The clock of a vertex is its own busy + idle + back-pressured time, since a
// body may be 15 s older than it says.
type Counters struct{}

// Name implements [Estimator].
func (Counters) Name() string { return "counters" }

const (
	// recentPart is the part of the window that the recent rate spans at least.
	recentPart = 4
	// peakPart is the part of the window that the peak rate spans at least.
	peakPart = 8
	// sameLevel is how far a stretch may lie from the recent rate, as a share of
	// it, to count as the same level of load.
	sameLevel = 0.2
	// wholePart is the part of the window that a segment must span for its rates
	// to be given at all.
	wholePart = 2
)

// Estimate implements [Estimator]. A vertex whose unbroken segment spans less
// than half of the window has NaN rates.
func (Counters) Estimate(w Window, t *Topology, c *Config) ([]Rates, error) {
	rates := make([]Rates, len(t.Vertices))
	points := make([]point, 0, len(w.Samples))
	for i := range t.Vertices {
		v := &t.Vertices[i]
		start := segmentStart(w, v, i)
		if c.ResetsAreBorders {
			start = max(start, sinceReset(w, v, i))
		}
		var doubtful bool
		points, doubtful = readings(w, v, i, start, points[:0])
		rates[i] = counterRates(points, v, c)
		rates[i].ClockDoubtful = doubtful
		between := spreadOf(w, v, i, start)
		rates[i].Hottest = between.hottest
		rates[i].Busy = between.aggregate(rates[i].Busy, c.Aggregator)
	}
	return rates, nil
}

// point is one distinct reading of a vertex's counters. Times are in seconds.
type point struct {
	clock, in, out, busy, blocked float64
	lag                           float64
	hasLag                        bool
}

// arrived is the number of records that had reached a source by then.
func (p point) arrived() float64 {
	if p.hasLag {
		return p.in + p.lag
	}
	return p.in
}

// readings collects the distinct readings from sample start on, oldest first.
// doubtful tells that arrival times had to serve as clock.
func readings(w Window, v *Vertex, hint, start int, points []point) (_ []point, doubtful bool) {
	for i := start; i < len(w.Samples); i++ {
		p, own := pointOf(&w.Samples[i], w.Samples[i].vertex(v.ID, hint), w.Samples[0].At)
		doubtful = doubtful || !own
		if n := len(points); n > 0 && p.clock <= points[n-1].clock {
			continue // the same reading once more
		}
		points = append(points, p)
	}
	return points, doubtful
}

// segmentStart is the position of the first sample of the newest run of samples
// of one start of the job: same parallelism, complete, one kind of clock.
func segmentStart(w Window, v *Vertex, hint int) int {
	n := len(w.Samples)
	for i := n - 1; i >= 0; i-- {
		s := w.Samples[i].vertex(v.ID, hint)
		if s == nil || s.Parallelism != v.Parallelism || !complete(s) {
			return i + 1
		}
		if i+1 == n {
			continue
		}
		// A clock of another kind has its times elsewhere.
		next := &w.Samples[i+1]
		if !w.Samples[i].RunningSince.Equal(next.RunningSince) || finite(clockOf(s)) != finite(clockOf(next.vertex(v.ID, hint))) {
			return i + 1
		}
	}
	return 0
}

func complete(s *VertexSample) bool {
	return finite(s.Or(NumRecordsIn)) && finite(s.Or(NumRecordsOut))
}

// pointOf reads one sample; own is false when the vertex's own clock is not
// known and the time since origin stands in.
func pointOf(s *Sample, v *VertexSample, origin time.Time) (p point, own bool) {
	busy, blocked := v.Or(AccumulatedBusyTime), v.Or(AccumulatedBackpressuredTime)
	perSubtask := 1000 * float64(max(1, v.Parallelism))
	p = point{in: v.Or(NumRecordsIn), out: v.Or(NumRecordsOut), busy: busy / perSubtask, blocked: blocked / perSubtask}
	p.lag, p.hasLag = v.Get(Lag)
	p.clock = clockOf(v) / perSubtask
	if finite(p.clock) {
		return p, true
	}
	p.clock = s.At.Sub(origin).Seconds()
	return p, false
}

// clockOf is a vertex's own time in ms over all subtasks, NaN if a part is absent.
func clockOf(v *VertexSample) float64 {
	return v.Or(AccumulatedBusyTime) + v.Or(AccumulatedIdleTime) + v.Or(AccumulatedBackpressuredTime)
}

func counterRates(points []point, v *Vertex, c *Config) Rates {
	nan := math.NaN()
	r := Rates{In: nan, Out: nan, OutPerIn: nan, Lag: nan, LagGrowth: nan, Recent: nan, Peak: nan, Busy: nan, ProcessedIn: nan, Observed: nan, Backpressured: nan}
	if len(points) < 2 {
		return r
	}
	first, last := points[0], points[len(points)-1]
	span := last.clock - first.clock
	if span < c.MetricsWindow.Seconds()/wholePart {
		return r
	}
	r.In, r.Out = (last.in-first.in)/span, (last.out-first.out)/span
	if r.In > 0 && r.Out > 0 {
		r.OutPerIn = r.Out / r.In
	}
	r.ProcessedIn = r.In
	r.Busy = math.Max(0, last.busy-first.busy) / span
	r.Backpressured = (last.blocked - first.blocked) / span
	if v.IsSource() {
		r.Lag, r.HasLag, r.LagGrowth = last.lag, last.hasLag, lagGrowth(points)
		r.Recent = recentRate(points, c.MetricsWindow.Seconds()/recentPart)
		r.Peak = newestRate(points, c.MetricsWindow.Seconds()/peakPart)
		r.Observed = observedRate(points, r.In, c)
	}
	return r
}

// lagGrowth is the change of the lag in records/s, 0 when none was reported:
// nothing is known to be left behind.
func lagGrowth(points []point) float64 {
	i := 0
	for i < len(points) && !points[i].hasLag {
		i++
	}
	last := points[len(points)-1]
	if i >= len(points)-1 || !last.hasLag {
		return 0
	}
	return (last.lag - points[i].lag) / (last.clock - points[i].clock)
}

// recentRate is the rate of arrival over the newest stretch that spans at least
// the given seconds, lengthened backwards as long as the load was at the same
// level. After a step of the load it speaks of the new level alone.
func recentRate(points []point, atLeast float64) float64 {
	last := points[len(points)-1]
	i := stretch(points, atLeast)
	rate := arrivals(points[i], last)
	for i > 0 && points[i-1].hasLag == last.hasLag {
		earlier := arrivals(points[i-1], points[i])
		if math.Abs(earlier-rate) > sameLevel*math.Max(math.Abs(rate), 1) {
			break
		}
		i--
		rate = arrivals(points[i], last)
	}
	return math.Max(0, rate)
}

// newestRate is the rate of arrival over the newest stretch.
func newestRate(points []point, atLeast float64) float64 {
	return math.Max(0, arrivals(points[stretch(points, atLeast)], points[len(points)-1]))
}

// stretch is the position from which on the points span at least the given
// seconds and agree on whether a lag is reported.
func stretch(points []point, atLeast float64) int {
	last := points[len(points)-1]
	i := len(points) - 2
	for i > 0 && last.clock-points[i].clock < atLeast && points[i-1].hasLag == last.hasLag {
		i--
	}
	return i
}

func arrivals(a, b point) float64 {
	if a.hasLag != b.hasLag {
		return (b.in - a.in) / (b.clock - a.clock)
	}
	return (b.arrived() - a.arrived()) / (b.clock - a.clock)
}

// observedRate is records over time not back-pressured, in the stretches in
// which the source had more waiting than the threshold's worth of input.
func observedRate(points []point, inRate float64, c *Config) float64 {
	var records, free float64
	n := 0
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if !a.hasLag || !b.hasLag || math.Min(a.lag, b.lag) < wholeSeconds(c.ObservedLagThreshold)*inRate || inRate <= 0 {
			continue
		}
		records += b.in - a.in
		free += (b.clock - a.clock) - (b.blocked - a.blocked)
		n++
	}
	// Fully back-pressured, a source shows nothing of what it could do.
	// One that read nothing at all was kept from it by something else.
	if n < c.ObservedMinObservations || free < 0.001*float64(n) || records <= 0 {
		return math.NaN()
	}
	return records / free
}

package fleet

import (
	"math"
	"time"
)

// Point is what was measured of a job or vertex over a span of time: the means of
// its rates, the most of its lag, the newest of its parallelism. NaN is not known.
type Point struct {
	// At is the start of the span.
	At time.Time
	// Source is what the sources read, Target what they have to read, both in
	// records/s; of a vertex, what it reads and has to read.
	Source, Target float64
	// Capacity is the rate of the sources, in records/s, that the job could keep up
	// with as it is; of a vertex, its true processing rate.
	Capacity float64
	// Lag is the number of records waiting before the sources.
	Lag float64
	// Busy is the share of its time for which the busiest vertex is busy, [0,1]; of a
	// vertex, its own.
	Busy float64
	// Parallelism is that of all vertices together; of a vertex, its own.
	Parallelism int
	// Slots is how many slots that takes: vertices of one sharing group share theirs.
	Slots int
}

// tier is one resolution of a series.
type tier struct {
	step time.Duration
	keep int
}

// The resolutions: the newest passes, half an hour of them at 10 s, minutes of the
// last six hours, and ten minutes of the last three days. Vertices have their last
// day in five minutes.
var (
	jobTiers    = []tier{{0, 180}, {time.Minute, 360}, {10 * time.Minute, 432}}
	vertexTiers = []tier{{0, 90}, {5 * time.Minute, 288}}
)

// series is a past that thins out as it ages.
type series struct {
	tiers []ring
}

func newSeries(tiers []tier) series {
	s := series{tiers: make([]ring, len(tiers))}
	for i, t := range tiers {
		s.tiers[i].tier = t
	}
	return s
}

func (s *series) add(p Point) {
	for i := range s.tiers {
		s.tiers[i].add(p)
	}
}

// between returns the points from one instant up to another, in the finest
// resolution that reaches back so far, thinned out to about most points.
func (s *series) between(from, to time.Time, most int) []Point {
	r := &s.tiers[len(s.tiers)-1]
	for i := range s.tiers {
		if s.tiers[i].reaches(from) {
			r = &s.tiers[i]
			break
		}
	}
	var points []Point
	for i := range r.count() {
		p := r.at(i)
		if end := p.At.Add(r.step); p.At.Before(to) && (end.After(from) || p.At.Equal(from)) {
			points = append(points, p)
		}
	}
	return thinned(points, most)
}

// mix adds older points, in the order of their times. Where there are points of the
// same span, or as good as the same instant, those stay.
func (s *series) mix(older []Point) {
	for i := range s.tiers {
		s.tiers[i].mix(older)
	}
}

// ring holds the newest points of one resolution.
type ring struct {
	tier
	points []packed
	next   int
	// open is the span that is not over yet, of n points.
	open Point
	n    int
	seen seen
}

// packed is a point in a third of its size: what is drawn needs no more digits.
type packed struct {
	at                                  int64 // ms
	source, target, capacity, lag, busy float32
	parallelism, slots                  int32
}

func (r *ring) add(p Point) {
	if r.step == 0 {
		r.push(p)
		return
	}
	start := p.At.Truncate(r.step)
	if r.n > 0 && !r.open.At.Equal(start) {
		r.push(r.open)
		r.n, r.seen = 0, seen{}
	}
	if r.n == 0 {
		r.open, r.seen = p, seen{}
		r.open.At = start
		r.seen.count(p)
		r.n = 1
		return
	}
	r.n++
	r.seen.merge(&r.open, p)
}

func (r *ring) push(p Point) {
	k := packed{
		p.At.UnixMilli(), float32(p.Source), float32(p.Target), float32(p.Capacity), float32(p.Lag), float32(p.Busy), int32(p.Parallelism), int32(p.Slots),
	}
	if len(r.points) < r.keep {
		r.points = append(r.points, k)
		return
	}
	r.points[r.next] = k
	r.next = (r.next + 1) % r.keep
}

// sameInstant is how close two points are that measure the same.
const sameInstant = 100 * time.Millisecond

// mix puts older points between those that there are.
func (r *ring) mix(older []Point) {
	had := make([]Point, len(r.points))
	for i := range had {
		had[i] = r.at(i)
	}
	near := sameInstant
	if r.step > 0 {
		near = 1
	}
	fresh, last := ring{tier: r.tier, open: r.open, n: r.n, seen: r.seen}, time.Time{}
	for _, p := range r.spans(older) {
		for ; len(had) > 0 && had[0].At.Before(p.At); had = had[1:] {
			last = had[0].At
			fresh.push(had[0])
		}
		doubled := p.At.Sub(last) < near || len(had) > 0 && had[0].At.Sub(p.At) < near || r.n > 0 && !p.At.Before(r.open.At)
		if !doubled {
			fresh.push(p)
		}
	}
	for _, p := range had {
		fresh.push(p)
	}
	if r.step > 0 && r.n == 0 && len(fresh.points) > 0 {
		fresh.reopen()
	}
	*r = fresh
}

// reopen makes the newest span one that is not over yet.
func (r *ring) reopen() {
	last := (r.next + len(r.points) - 1) % len(r.points)
	r.open, r.n, r.seen = r.at(len(r.points)-1), 1, seen{}
	r.seen.count(r.open)
	points := make([]packed, 0, len(r.points))
	for i := range len(r.points) {
		if k := (r.next + i) % len(r.points); k != last {
			points = append(points, r.points[k])
		}
	}
	r.points, r.next = points, 0
}

// spans are points in the resolution of the ring.
func (r *ring) spans(points []Point) []Point {
	if r.step == 0 {
		return points
	}
	var spans []Point
	var s seen
	for _, p := range points {
		start := p.At.Truncate(r.step)
		if n := len(spans); n > 0 && spans[n-1].At.Equal(start) {
			s.merge(&spans[n-1], p)
			continue
		}
		s = seen{}
		s.count(p)
		p.At = start
		spans = append(spans, p)
	}
	return spans
}

// count includes the span that is not over yet.
func (r *ring) count() int {
	n := len(r.points)
	if r.n > 0 {
		n++
	}
	return n
}

// at is the i-th point, the oldest first.
func (r *ring) at(i int) Point {
	if i == len(r.points) {
		return r.open
	}
	k := r.points[(r.next+i)%len(r.points)]
	return Point{
		At: time.UnixMilli(k.at).UTC(), Source: float64(k.source), Target: float64(k.target), Capacity: float64(k.capacity),
		Lag: float64(k.lag), Busy: float64(k.busy), Parallelism: int(k.parallelism), Slots: int(k.slots),
	}
}

// reaches tells whether nothing older than from was dropped here.
func (r *ring) reaches(from time.Time) bool {
	return len(r.points) < r.keep || !r.at(0).At.After(from)
}

// seen counts the known values of a span, measure by measure, for their means.
type seen struct{ source, target, capacity, busy int }

func (s *seen) count(p Point) {
	for _, c := range [...]struct {
		n     *int
		value float64
	}{{&s.source, p.Source}, {&s.target, p.Target}, {&s.capacity, p.Capacity}, {&s.busy, p.Busy}} {
		if !math.IsNaN(c.value) {
			*c.n++
		}
	}
}

// merge takes p into the span of into.
func (s *seen) merge(into *Point, p Point) {
	mean(&into.Source, p.Source, &s.source)
	mean(&into.Target, p.Target, &s.target)
	mean(&into.Capacity, p.Capacity, &s.capacity)
	mean(&into.Busy, p.Busy, &s.busy)
	if math.IsNaN(into.Lag) || p.Lag > into.Lag {
		into.Lag = p.Lag
	}
	into.Parallelism, into.Slots = p.Parallelism, p.Slots
}

// mean takes one more value into the mean of n; what is not known counts for
// nothing.
func mean(into *float64, value float64, n *int) {
	if math.IsNaN(value) {
		return
	}
	*n++
	if *n == 1 {
		*into = value
		return
	}
	*into += (value - *into) / float64(*n)
}

// thinned merges neighbours until there are at most so many; most below 1 keeps all.
func thinned(points []Point, most int) []Point {
	if most < 1 || len(points) <= most {
		return points
	}
	group := (len(points) + most - 1) / most
	out := make([]Point, 0, most)
	for start := 0; start < len(points); start += group {
		p := points[start]
		var s seen
		s.count(p)
		for _, q := range points[start+1 : min(start+group, len(points))] {
			s.merge(&p, q)
		}
		out = append(out, p)
	}
	return out
}

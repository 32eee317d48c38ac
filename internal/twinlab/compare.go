package twinlab

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// What is held against what. A transient is over when the loads and the sizes of both sides have been the same for
// settled and nothing is left of a backlog.
const (
	settled  = 20 * time.Second
	shortest = 25 * time.Second
	// A change of the load by less than jump is part of a curve.
	jump = 0.2
	// Tolerance is by how much the twin may be off.
	Tolerance = 0.05
	// Shares of time are in ms/s. That of the vertex with the dearest records is held against itself, or against floor
	// where it is smaller: it may then be off by 2 % of the time. The other vertices hardly work; they have all of their
	// time for a floor, since waking up for a record and finding no second one is busy time too, and is no cost of a record.
	floor, lightFloor = 400, 1000
)

// Stretch is a time after a transient in which both sides ran at the same size, and what the vertices did in it.
type Stretch struct {
	From, To    time.Duration // since the start of the session
	Parallelism []int
	Vertices    []Pair
	// Waiting is what the source reported as not read, at the most.
	RealWaiting, TwinWaiting float64
	// Backlog says that the source was behind all the time.
	Backlog bool
}

// Pair is what a vertex did on either side.
type Pair struct {
	Name       string
	Heavy      bool // it has the dearest records
	Real, Twin Mean
}

// Off is the largest difference of a pair, as a share of the real figure: of the rates, and of the times, which have
// floors.
func (p Pair) Off() (share float64, of string) {
	differ := func(what string, real, twin, least float64) {
		if off := math.Abs(twin-real) / max(math.Abs(real), least); off > share {
			share, of = off, p.Name+" "+what
		}
	}
	least := float64(lightFloor)
	if p.Heavy {
		least = floor
	}
	differ("in", p.Real.Read, p.Twin.Read, 1)
	differ("out", p.Real.Written, p.Twin.Written, 1)
	differ("busy", p.Real.Busy, p.Twin.Busy, least)
	differ("idle", p.Real.Idle, p.Twin.Idle, least)
	differ("back-pressured", p.Real.BackPressured, p.Twin.BackPressured, least)
	return share, of
}

// Off is the largest of all vertices.
func (s Stretch) Off() (share float64, of string) {
	for _, p := range s.Vertices {
		if o, what := p.Off(); o > share {
			share, of = o, what
		}
	}
	return share, of
}

// Stretches finds where a job of two sessions can be compared.
func Stretches(real, twin *Session, job int) ([]Stretch, error) {
	var cuts []time.Time
	var sides [2]*Series
	for i, s := range []*Session{real, twin} {
		series, more, err := s.cuts(job)
		if err != nil {
			return nil, err
		}
		sides[i], cuts = series, append(cuts, more...)
	}
	slices.SortFunc(cuts, time.Time.Compare)
	var all []Stretch
	add := func(from, to time.Time, backlog bool) {
		if s, ok := stretch(sides, from, to); ok {
			s.From, s.To, s.Backlog = from.Sub(real.Start), to.Sub(real.Start), backlog
			all = append(all, s)
		}
	}
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1].Add(settled), cuts[i]
		begins, ends := sides[1].backlog(cuts[i-1], to)
		if begins.Before(from) && ends.After(from) {
			add(from, ends, true)
		}
		if from = drained(from, to, sides[:]...); to.Sub(from) >= shortest {
			add(from, to, false)
		}
	}
	return all, nil
}

// backlog is from when until when a source reports that it is behind, without a break, if it is at the beginning. What a
// real Kafka source reports is not all, so this is asked of the twin.
func (s *Series) backlog(from, to time.Time) (begins, ends time.Time) {
	for _, a := range s.Pending {
		switch {
		case a.At.Before(from) || a.At.After(to):
		case a.Records > waiting && begins.IsZero():
			begins, ends = a.At, a.At
		case a.Records > waiting:
			ends = a.At
		case !begins.IsZero():
			return begins, ends
		}
	}
	return begins, ends
}

// cuts are when something happened to a job from which there is a transient, in no order: its load jumped, other sizes
// were asked for, and it ran again. The first and the last look are among them.
func (s *Session) cuts(job int) (*Series, []time.Time, error) {
	series, err := s.Series(job)
	if err != nil {
		return nil, nil, err
	}
	decisions, err := s.Decisions()
	if err != nil {
		return nil, nil, err
	}
	cuts := jumps(s.Loads[job])
	for _, r := range series.Runs() {
		cuts = append(cuts, r.From)
	}
	for _, d := range decisions {
		if d.Job == job {
			cuts = append(cuts, d.At)
		}
	}
	if n := len(s.Exchanges); n > 0 {
		cuts = append(cuts, s.Start, s.Exchanges[n-1].At)
	}
	return series, cuts, nil
}

// jumps are when a load changed at once.
func jumps(rates []RateAt) []time.Time {
	var at []time.Time
	for i := 1; i < len(rates); i++ {
		if before, after := rates[i-1].Rate, rates[i].Rate; math.Abs(after-before) > jump*max(before, after) {
			at = append(at, rates[i].At)
		}
	}
	return at
}

// drained is from when on no side has a backlog.
func drained(from, to time.Time, sides ...*Series) time.Time {
	for _, s := range sides {
		for _, a := range s.Pending {
			if a.At.After(from) && a.At.Before(to) && a.Records > waiting {
				from = a.At.Add(10 * time.Second) // until it shows in what Flink has fetched
			}
		}
	}
	return from
}

// waiting is how many records are a backlog.
const waiting = 200

// stretch holds the vertices against each other between two times, as far as both sides have counters.
func stretch(sides [2]*Series, from, to time.Time) (Stretch, bool) {
	real, last, ok := sides[0].Span(from, to)
	twin, ends, also := sides[1].Span(from, to)
	first := later(real, twin)
	if ends.Before(last) {
		last = ends
	}
	if !ok || !also || last.Sub(first) < 10*time.Second {
		return Stretch{}, false
	}
	var s Stretch
	for v, name := range sides[0].Vertices {
		real, there := sides[0].Mean(v, first, last)
		twin, too := sides[1].Mean(v, first, last)
		if !there || !too || real.Parallelism != twin.Parallelism {
			return Stretch{}, false
		}
		s.Vertices = append(s.Vertices, Pair{name, false, real, twin})
		s.Parallelism = append(s.Parallelism, real.Parallelism)
	}
	heavy := 0
	for v := range s.Vertices {
		if s.Vertices[v].Real.Cost() > s.Vertices[heavy].Real.Cost() {
			heavy = v
		}
	}
	s.Vertices[heavy].Heavy = true
	s.RealWaiting, s.TwinWaiting = most(sides[0].Pending, from, to), most(sides[1].Pending, from, to)
	return s, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func most(amounts []Amount, from, to time.Time) float64 {
	top := 0.0
	for _, a := range amounts {
		if !a.At.Before(from) && !a.At.After(to) {
			top = max(top, a.Records)
		}
	}
	return top
}

// Costs are what a record took in each vertex of a real run, in seconds: over all that settled, so that the higher rates
// count for more. 0 is not known.
func (s *Session) Costs(job int) ([]float64, error) {
	series, cuts, err := s.cuts(job)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cuts, time.Time.Compare)
	costs := make([]float64, len(series.Vertices))
	for v := range costs {
		busy, records := 0.0, 0.0
		for i := 1; i < len(cuts); i++ {
			from, to, _ := series.Span(cuts[i-1].Add(settled), cuts[i])
			if m, ok := series.Mean(v, from, to); ok {
				busy += m.Busy / 1000 * float64(m.Parallelism) * m.Over
				records += max(m.Read, m.Written) * m.Over
			}
		}
		if records > 0 {
			costs[v] = busy / records
		}
	}
	return costs, nil
}

// String is the stretch in a line.
func (s Stretch) String() string {
	off, of := s.Off()
	return fmt.Sprintf("%4.0f–%4.0f s %v: %.1f %% off (%s)", s.From.Seconds(), s.To.Seconds(), s.Parallelism, off*100, of)
}

package workload

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"
)

// End says how a curve goes on that has an end.
type End int

// The ends.
const (
	// Hold keeps the last rate.
	Hold End = iota
	// Loop begins again.
	Loop
	// Silence is no load any more.
	Silence
)

// Point is the rate in records/s from a time on, or at it.
type Point struct {
	At   time.Duration
	Rate float64
}

// Path is a curve through points.
type Path struct {
	// Points stand in the order of time. Before the first the rate is that of the
	// first.
	Points []Point
	// Straight draws a line from each point to the next; otherwise each rate holds
	// until the next.
	Straight bool
	// Length is where the end begins; default the last point. To loop it has to
	// be after the start. The last rate holds up to it.
	Length time.Duration
	End    End
}

// Curve checks the path and makes a curve of it.
func (p Path) Curve() (Curve, error) {
	if len(p.Points) == 0 {
		return nil, errors.New("no point given; want at least one")
	}
	for i, q := range p.Points {
		what := fmt.Sprintf("point %d", i+1)
		if err := errors.Join(checkTime("the time of "+what, q.At, 0), checkRate("the rate of "+what, q.Rate)); err != nil {
			return nil, err
		}
		if i > 0 && q.At <= p.Points[i-1].At {
			return nil, fmt.Errorf("point %d at %s is not after the one before at %s", i+1, q.At, p.Points[i-1].At)
		}
	}
	last := p.Points[len(p.Points)-1].At
	switch {
	case p.Length == 0:
		p.Length = last
	case p.Length < last || p.Length > horizon:
		return nil, fmt.Errorf("the length is %s; want at least the time of the last point, %s, and at most 100 years", p.Length, last)
	}
	switch {
	case p.End == Loop && p.Length == 0:
		return nil, errors.New("a loop of no length; want a length or a point after the start")
	case p.End == Loop && !p.Straight && p.Length == last:
		return nil, fmt.Errorf("a loop that ends where its last step begins, at %s; want a greater length", last)
	}
	return p.pieces(), nil
}

func (p Path) pieces() *pieces {
	var c pieces
	for i, q := range p.Points {
		if i == 0 && q.At > 0 {
			c.add(0, q.Rate, q.Rate)
		}
		if q.At == p.Length {
			break // the last point: nothing runs from it
		}
		to := q.Rate
		if p.Straight && i+1 < len(p.Points) {
			to = p.Points[i+1].Rate
		}
		c.add(q.At, q.Rate, to)
	}
	c.close(p.Length, p.Points[len(p.Points)-1].Rate, p.End)
	return &c
}

// Constant is the same rate for ever.
func Constant(rate float64) (Curve, error) { return Path{Points: []Point{{0, rate}}}.Curve() }

// Ramp goes straight from one rate to another, and stays there.
func Ramp(from, to float64, start, over time.Duration) (Curve, error) {
	if err := errors.Join(checkTime("the start", start, 0), checkTime("the time of the ramp", over, 1)); err != nil {
		return nil, err
	}
	return Path{Points: []Point{{start, from}, {start + over, to}}, Straight: true}.Curve()
}

// pieces is a curve of straight pieces. Piece i runs from at[i] to at[i+1], from
// the rate from[i] to to[i].
type pieces struct {
	at       []time.Duration
	from, to []float64
	// sum are the records that came before each piece, and before the end.
	sum []float64
	// step is the length of the pieces where all have the same, else 0.
	step time.Duration
	// after is the rate after the end, where it does not loop.
	after float64
	loops bool
	// phase is where in the loop the start is.
	phase time.Duration
}

var _ Curve = (*pieces)(nil)

func (p *pieces) add(at time.Duration, from, to float64) {
	p.at, p.from, p.to = append(p.at, at), append(p.from, from), append(p.to, to)
}

// close ends the last piece and readies the curve.
func (p *pieces) close(length time.Duration, last float64, end End) {
	p.at = append(p.at, length)
	p.loops = end == Loop
	p.after = 0
	if end == Hold {
		p.after = last
	}
	p.sum = make([]float64, len(p.at))
	for i := range p.from {
		p.sum[i+1] = p.sum[i] + (p.from[i]+p.to[i])/2*(p.at[i+1]-p.at[i]).Seconds()
		if i == 0 {
			p.step = p.at[1] - p.at[0]
		}
		if p.at[i+1]-p.at[i] != p.step {
			p.step = 0
		}
	}
}

func (p *pieces) length() time.Duration { return p.at[len(p.at)-1] }

// Rate implements [Curve].
func (p *pieces) Rate(t time.Duration) float64 {
	_, in := p.within(clip(t))
	if in >= p.length() {
		return p.after
	}
	i := p.piece(in)
	return p.on(i, in)
}

// within is the start of the round and the time in it.
func (p *pieces) within(t time.Duration) (start, in time.Duration) {
	if !p.loops {
		return 0, t
	}
	in = (t + p.phase) % p.length()
	return t - in, in
}

// piece is the one that holds a time before the end.
func (p *pieces) piece(in time.Duration) int {
	if p.step > 0 {
		return int(in / p.step)
	}
	return sort.Search(len(p.from), func(i int) bool { return p.at[i+1] > in })
}

// on is the rate on a piece.
func (p *pieces) on(i int, in time.Duration) float64 {
	from, to := p.from[i], p.to[i]
	if from == to {
		return from
	}
	return from + (to-from)*(float64(in-p.at[i])/float64(p.at[i+1]-p.at[i]))
}

// Next implements [Curve].
func (p *pieces) Next(t time.Duration) (time.Duration, bool) {
	if t < 0 {
		t = 0
	}
	if t >= horizon {
		return 0, false
	}
	start, in := p.within(t)
	if in >= p.length() {
		return 0, false
	}
	return following(start, p.at[p.piece(in)+1])
}

// Mean implements [Curve].
func (p *pieces) Mean(from, to time.Duration) float64 {
	from, to = clip(from), clip(to)
	if to <= from {
		return p.Rate(from)
	}
	if next, more := p.Next(from); !more || to <= next {
		return p.Rate(from + (to-from)/2)
	}
	area := p.records(to) - p.records(from)
	return math.Max(0, area/(to-from).Seconds())
}

// records are those that came up to t since the first round began.
func (p *pieces) records(t time.Duration) float64 {
	_, in := p.within(t)
	total := p.sum[len(p.sum)-1]
	rounds := 0.0
	if p.loops {
		rounds = float64((t + p.phase) / p.length())
	}
	if in >= p.length() {
		return total + p.after*(in-p.length()).Seconds()
	}
	i := p.piece(in)
	return rounds*total + p.sum[i] + (p.from[i]+p.on(i, in))/2*(in-p.at[i]).Seconds()
}

// beginAt turns a loop so that it begins within.
func (p *pieces) beginAt(phase time.Duration) *pieces {
	p.phase = phase % p.length()
	return p
}

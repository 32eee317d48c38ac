package workload

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Sum is all of the curves together.
func Sum(curves ...Curve) Curve { return sum(curves) }

type sum []Curve

// Rate implements [Curve].
func (s sum) Rate(t time.Duration) float64 {
	total := 0.0
	for _, c := range s {
		total += c.Rate(t)
	}
	return math.Min(total, maxResult)
}

// Next implements [Curve].
func (s sum) Next(t time.Duration) (time.Duration, bool) { return earliest(s, t) }

// Mean implements [Curve].
func (s sum) Mean(from, to time.Duration) float64 {
	total := 0.0
	for _, c := range s {
		total += c.Mean(from, to)
	}
	return math.Min(total, maxResult)
}

// earliest is the next bend of any of the curves.
func earliest(curves []Curve, t time.Duration) (first time.Duration, any bool) {
	for _, c := range curves {
		if next, more := c.Next(t); more && (!any || next < first) {
			first, any = next, true
		}
	}
	return first, any
}

// Product is one curve times another: a load and a factor.
func Product(curves ...Curve) Curve { return product(curves) }

type product []Curve

// Rate implements [Curve].
func (p product) Rate(t time.Duration) float64 {
	total := 1.0
	for _, c := range p {
		total = math.Min(total*c.Rate(t), maxResult)
	}
	return total
}

// straight is how far a curve may be from a straight line between two bends, as
// a part of its height.
const straight = 0.0005

// Next implements [Curve]. A product of slopes bends all the time: it is cut until
// each part is nearly straight.
func (p product) Next(t time.Duration) (time.Duration, bool) {
	t = max(t, 0)
	next, more := earliest(p, t)
	if t >= horizon || p.slopes(t, next, more) < 2 {
		return next, more
	}
	return cutStraight(p, t, next), true
}

// cutStraight is the end of the longest cut from t on, at most to next, that is
// nearly straight.
func cutStraight(c Curve, t, next time.Duration) time.Duration {
	height := heightOf(c, t, next)
	for cut := time.Hour; cut > time.Millisecond; cut /= 2 {
		if to := min(t-t%cut+cut, next); bow(c, t, to) <= straight*height {
			return to
		}
	}
	return min(t-t%time.Millisecond+time.Millisecond, next)
}

func heightOf(c Curve, t, next time.Duration) float64 {
	return max(c.Rate(t), c.Rate(t+(next-t)/2), c.Rate(next-1))
}

// bow is how far the middle is from the line between the ends.
func bow(c Curve, t, to time.Duration) float64 {
	return math.Abs(c.Rate(t+(to-t)/2) - (c.Rate(t)+c.Rate(to-1))/2)
}

// slopes counts the curves that are not flat up to the next bend.
func (p product) slopes(t, next time.Duration, more bool) int {
	if !more {
		return 0
	}
	n := 0
	for _, c := range p {
		if c.Rate(t) != c.Rate(t+(next-t)/2) {
			n++
		}
	}
	return n
}

// Mean implements [Curve].
func (p product) Mean(from, to time.Duration) float64 { return numericMean(p, from, to) }

// Scale is a curve times a factor.
func Scale(c Curve, by float64) (Curve, error) {
	if err := checkRate("the factor", by); err != nil {
		return nil, err
	}
	return scaled{c, by}, nil
}

type scaled struct {
	of Curve
	by float64
}

// Rate implements [Curve].
func (s scaled) Rate(t time.Duration) float64 { return math.Min(s.by*s.of.Rate(t), maxResult) }

// Next implements [Curve].
func (s scaled) Next(t time.Duration) (time.Duration, bool) { return s.of.Next(t) }

// Mean implements [Curve].
func (s scaled) Mean(from, to time.Duration) float64 {
	return math.Min(s.by*s.of.Mean(from, to), maxResult)
}

// Limit keeps a curve between two rates, in records/s.
func Limit(c Curve, least, most float64) (Curve, error) {
	if err := errors.Join(checkRate("the least rate", least), checkRate("the most", most)); err != nil {
		return nil, err
	}
	if least > most {
		return nil, fmt.Errorf("the least rate %v is above the most, %v", least, most)
	}
	return limited{c, least, most}, nil
}

type limited struct {
	of          Curve
	least, most float64
}

// Rate implements [Curve].
func (l limited) Rate(t time.Duration) float64 {
	return math.Min(math.Max(l.of.Rate(t), l.least), l.most)
}

// Next implements [Curve]. The curve bends where it meets a limit too, and what is
// straight by the height of the whole may not be by what the limits leave of it.
func (l limited) Next(t time.Duration) (time.Duration, bool) {
	t = max(t, 0)
	next, more := l.of.Next(t)
	if !more {
		return 0, false
	}
	for _, level := range [...]float64{l.least, l.most} {
		if at, crosses := l.crossing(t, next, level); crosses && at < next {
			next = at
		}
	}
	if t < horizon && bow(l, t, next) > straight*heightOf(l, t, next) {
		return cutStraight(l, t, next), true
	}
	return next, true
}

// nearCrossing is too near to be worth a piece of its own, and within what a
// crossing is known to.
const nearCrossing = time.Microsecond

// crossing is where the curve meets a level between t and the end of its piece, in
// which it only rises or only falls.
func (l limited) crossing(t, end time.Duration, level float64) (time.Duration, bool) {
	before, after := t, end-1
	above := l.of.Rate(t) > level
	if l.of.Rate(t) == level || l.of.Rate(after) == level || above == (l.of.Rate(after) > level) {
		return 0, false
	}
	for after-before > nearCrossing {
		if mid := before + (after-before)/2; (l.of.Rate(mid) > level) == above {
			before = mid
		} else {
			after = mid
		}
	}
	return after, after > t+nearCrossing
}

// Mean implements [Curve].
func (l limited) Mean(from, to time.Duration) float64 { return numericMean(l, from, to) }

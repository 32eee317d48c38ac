package workload

import (
	"fmt"
	"math"
	"time"
)

// Curve is a load over time. Times count from the start; before it a curve is as
// at the start, and 100 years after it time stands still. Curves are immutable and
// safe for concurrent use.
type Curve interface {
	// Rate is the load at t, in records/s: finite and at least 0. At a jump it is
	// that after the jump.
	Rate(t time.Duration) float64
	// Next is the first instant after t at which the curve bends or jumps; false
	// if there is none. From t to there it is a straight line, or so near to one
	// (within 0.1 % of its range) that a caller may take it for one. No curve is cut
	// finer than to 1 ms for that.
	Next(t time.Duration) (time.Duration, bool)
	// Mean is the average rate between two instants, so that Mean times the
	// seconds between them is what arrived. Of an empty interval it is Rate(from).
	Mean(from, to time.Duration) float64
}

const (
	// MaxRate bounds the rates that one may ask for, in records/s.
	MaxRate = 1e12
	// maxResult bounds what sums and products come to.
	maxResult = 1e18

	day = 24 * time.Hour
	// horizon is when time stands still.
	horizon = 100 * 365 * day
)

// clip keeps a time within what curves are asked for.
func clip(t time.Duration) time.Duration { return min(max(t, 0), horizon) }

// following is Next of a curve that bends at t+d, which is no bend any more past
// the horizon.
func following(t, d time.Duration) (time.Duration, bool) {
	if t+d > horizon {
		return 0, false
	}
	return t + d, true
}

// checkRate refuses what is no rate.
func checkRate(what string, rate float64) error {
	if !(rate >= 0 && rate <= MaxRate) { // so that NaN is refused too
		return fmt.Errorf("%s is %v; want a rate from 0 to %g records/s", what, rate, float64(MaxRate))
	}
	return nil
}

// checkTime refuses what is no time after the start.
func checkTime(what string, t, least time.Duration) error {
	if t < least || t > horizon {
		return fmt.Errorf("%s is %s; want %s to 100 years", what, t, least)
	}
	return nil
}

// numericMean integrates piece by piece, exactly where a piece is a polynomial of
// up to the fifth degree.
func numericMean(c Curve, from, to time.Duration) float64 {
	from, to = clip(from), clip(to)
	if to <= from {
		return c.Rate(from)
	}
	area := 0.0
	for t := from; t < to; {
		next, more := c.Next(t)
		if !more || next > to {
			next = to
		}
		area += gauss(c, t, next) * (next - t).Seconds()
		t = next
	}
	return area / (to - from).Seconds()
}

// The points of a Gauss quadrature lie inside the piece, where no jump is.
var (
	gaussPoints  = [...]float64{0.5 - math.Sqrt(0.15), 0.5, 0.5 + math.Sqrt(0.15)}
	gaussWeights = [...]float64{5.0 / 18, 8.0 / 18, 5.0 / 18}
)

func gauss(c Curve, from, to time.Duration) float64 {
	mean := 0.0
	for i, x := range gaussPoints {
		mean += gaussWeights[i] * c.Rate(from+time.Duration(x*float64(to-from)))
	}
	return mean
}

package flow

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Cost is what one record costs one subtask.
type Cost struct {
	// Seconds is the busy time per input record, emission included, of a vertex of
	// parallelism 1.
	Seconds float64
	// Contention and Coherence make it dearer with the parallelism p, as the
	// universal scalability law has it: by the factor
	// 1 + Contention·(p−1) + Coherence·p·(p−1).
	Contention, Coherence float64
	// Capacity is, instead of the three above, what the vertex as a whole can
	// process at each parallelism: points (parallelism, records/s), straight lines
	// between them, and as much per subtask as at the ends outside of them.
	Capacity []Point
	// StateSize is a factor over the state of the hottest subtask: points (bytes,
	// factor), straight lines between them, constant outside.
	StateSize []Point
	WarmUp    WarmUp
}

// Point is one of a curve.
type Point struct{ X, Y float64 }

// WarmUp makes records dearer after a start: by Factor at first, less and less in a
// straight line, by nothing after Over.
type WarmUp struct {
	Factor float64 // 0 and 1: no warm-up
	Over   time.Duration
}

// at is the cost at a parallelism, warm and without state, in seconds.
func (c Cost) at(parallelism int) float64 {
	p := float64(parallelism)
	if len(c.Capacity) == 0 {
		return c.Seconds * (1 + c.Contention*(p-1) + c.Coherence*p*(p-1))
	}
	first, last := c.Capacity[0], c.Capacity[len(c.Capacity)-1]
	switch {
	case p <= first.X:
		return first.X / first.Y
	case p >= last.X:
		return last.X / last.Y
	}
	return p / interpolate(c.Capacity, p)
}

// factor is what the state and the time since the start make of it.
func (c Cost) factor(stateBytes float64, sinceStart time.Duration) float64 {
	f := 1.0
	if len(c.StateSize) > 0 {
		f = interpolate(c.StateSize, stateBytes)
	}
	if w := c.WarmUp; w.lasts(sinceStart) {
		f *= 1 + (w.Factor-1)*(1-sinceStart.Seconds()/w.Over.Seconds())
	}
	return f
}

func (w WarmUp) lasts(sinceStart time.Duration) bool { return w.Factor > 1 && sinceStart < w.Over }

// interpolate reads a curve of which the points ascend.
func interpolate(points []Point, x float64) float64 {
	if x <= points[0].X {
		return points[0].Y
	}
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if x <= b.X {
			return a.Y + (b.Y-a.Y)*(x-a.X)/(b.X-a.X)
		}
	}
	return points[len(points)-1].Y
}

func (c Cost) check() error {
	problems := []error{
		amount("contention", c.Contention), amount("coherence", c.Coherence),
		checkPoints("capacity", c.Capacity), checkPoints("state size", c.StateSize),
		span("warm-up", c.WarmUp.Over),
	}
	if len(c.Capacity) == 0 && !(c.Seconds >= 1e-12 && c.Seconds <= 1e9) {
		problems = append(problems, fmt.Errorf("cost: %v s a record; want more than 0", c.Seconds))
	}
	if len(c.Capacity) > 0 && c.Capacity[0].X < 1 {
		problems = append(problems, fmt.Errorf("capacity at parallelism %v; want 1 or more", c.Capacity[0].X))
	}
	if f := c.WarmUp.Factor; f != 0 && !(f >= 1 && f <= 1e6) {
		problems = append(problems, fmt.Errorf("warm-up by the factor %v; want 1 or more", f))
	}
	return errors.Join(problems...)
}

func checkPoints(what string, points []Point) error {
	last := math.Inf(-1)
	for _, p := range points {
		if !(p.X >= 0 && p.X <= 1e18 && p.X > last && p.Y > 0 && p.Y <= 1e18) {
			return fmt.Errorf("%s: point %v; want ascending ones above 0", what, p)
		}
		last = p.X
	}
	return nil
}

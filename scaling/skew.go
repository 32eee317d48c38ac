package scaling

import "math"

// skewFrom is the load of the hottest subtask, as a multiple of an even share,
// from which a vertex counts as skewed. Below it the unevenness of key groups
// explains the difference, and that shrinks with parallelism like any load.
const skewFrom = 1.25

// hotPart splits the records of a vertex in two: a part that stays on one
// subtask however many there are, and a rest that spreads evenly. With h the
// hottest subtask's share at parallelism p, h = w + (1-w)/p gives w in [0,1].
func hotPart(share float64, parallelism int) float64 {
	p := float64(parallelism)
	return math.Max(0, math.Min(1, (share*p-1)/(p-1)))
}

// skewVerdict is what a hot key leaves possible.
type skewVerdict struct {
	// applies is false for a vertex that is not skewed, or not known to be.
	applies bool
	// parallelism is the smallest one that keeps the hottest subtask within the
	// utilization; 0 when no parallelism does.
	parallelism int
	// hotRate is the rate that stays on one subtask, records/s.
	hotRate float64
}

// spreadEnough is the part of the hottest subtask's capacity below which what it
// has besides the hot key is not worth spreading any further.
const spreadEnough = 0.1

// sizeSkewed sizes a skewed vertex by its hottest subtask, for a total rate in
// records/s. Close to the rate at which the target utilization gets out of reach,
// and beyond, it settles for as many subtasks as spread the rest well enough, or
// for the upper utilization if that takes more.
func sizeSkewed(hot Hottest, parallelism int, rate float64, c *Config) skewVerdict {
	if !hot.Known || parallelism < 2 || hot.Share*float64(parallelism) < skewFrom {
		return skewVerdict{}
	}
	w := hotPart(hot.Share, parallelism)
	v := skewVerdict{applies: true, hotRate: rate * w}
	rest := rate * (1 - w)
	keepingUp := subtasksFor(rest, hot.Capacity*math.Min(1, c.UtilizationMax)-v.hotRate)
	if math.IsInf(keepingUp, 1) {
		return v
	}
	atTarget := subtasksFor(rest, hot.Capacity*c.TargetUtilization-v.hotRate)
	enough := math.Max(keepingUp, subtasksFor(rest, hot.Capacity*spreadEnough))
	v.parallelism = max(1, truncate32(math.Min(atTarget, enough)))
	return v
}

// subtasksFor is how many subtasks a rate takes at so much for each; without room
// no number is enough.
func subtasksFor(rate, room float64) float64 {
	if room > 0 {
		return math.Ceil(rate / room)
	}
	return math.Inf(1)
}

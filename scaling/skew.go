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

// sizeSkewed sizes a skewed vertex by its hottest subtask, for a total rate in
// records/s. It settles for the upper utilization where the target one is out
// of reach.
func sizeSkewed(hot Hottest, parallelism int, rate float64, c *Config) skewVerdict {
	if !hot.Known || parallelism < 2 || hot.Share*float64(parallelism) < skewFrom {
		return skewVerdict{}
	}
	w := hotPart(hot.Share, parallelism)
	v := skewVerdict{applies: true, hotRate: rate * w}
	for _, utilization := range [...]float64{c.TargetUtilization, math.Min(1, c.UtilizationMax)} {
		if room := hot.Capacity*utilization - v.hotRate; room > 0 {
			v.parallelism = max(1, truncate32(math.Ceil(rate*(1-w)/room)))
			return v
		}
	}
	return v
}

package workload

import (
	"errors"
	"fmt"
	"time"
)

// Noise is what shakes a curve. It is the same for the same seed, whatever was
// asked before.
type Noise struct {
	// Share is the largest part of the rate by which it changes, [0,1].
	Share float64
	// Amount is the largest number of records/s by which it changes beside that.
	Amount float64
	// Every is how long a change lasts; default 1 s, at least 1 ms.
	Every time.Duration
	Seed  uint64
}

// Shake lays noise over a curve, evenly distributed to both sides and never below
// 0.
func Shake(c Curve, n Noise) (Curve, error) {
	if n.Every == 0 {
		n.Every = time.Second
	}
	if err := errors.Join(checkRate("the amount", n.Amount), checkTime("every", n.Every, time.Millisecond)); err != nil {
		return nil, err
	}
	if !(n.Share >= 0 && n.Share <= 1) {
		return nil, fmt.Errorf("the share is %v; want 0 to 1", n.Share)
	}
	if n.Amount > 0 {
		return limited{noisy{c, n}, 0, maxResult}, nil
	}
	return noisy{c, n}, nil
}

// noisy may be below 0 where noise is more than the rate.
type noisy struct {
	of Curve
	Noise
}

// Rate implements [Curve].
func (n noisy) Rate(t time.Duration) float64 {
	t = clip(t)
	rate := n.of.Rate(t)
	side := 2*chance(n.Seed, uint64(t/n.Every)) - 1
	return rate + side*(n.Share*rate+n.Amount)
}

// Next implements [Curve].
func (n noisy) Next(t time.Duration) (time.Duration, bool) {
	t = max(t, 0)
	if t >= horizon {
		return 0, false
	}
	next, more := n.of.Next(t)
	if change, some := following(t-t%n.Every, n.Every); some && (!more || change < next) {
		return change, true
	}
	return next, more
}

// Mean implements [Curve].
func (n noisy) Mean(from, to time.Duration) float64 { return numericMean(n, from, to) }

// chance is a number in [0,1) for the seed and the position in its sequence.
func chance(seed, position uint64) float64 {
	return float64(mix(mix(seed)+position)>>11) / (1 << 53)
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

package workload

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// The patterns of the ESPA benchmark have one value a minute for 140 minutes.
const (
	// PatternStep is how long a value of a pattern holds.
	PatternStep = time.Minute
	// PatternLength is how long a pattern is.
	PatternLength = 140 * time.Minute

	maxSamples = 1 << 20
)

// Sampling says how often a pattern has another value. Zero values are those of
// ESPA.
type Sampling struct {
	Every  time.Duration
	Length time.Duration
	End    End
	Seed   uint64
}

func (s Sampling) withDefaults() (Sampling, error) {
	if s.Every == 0 {
		s.Every = PatternStep
	}
	if s.Length == 0 {
		s.Length = PatternLength
	}
	if err := errors.Join(checkTime("every", s.Every, time.Millisecond), checkTime("the length", s.Length, s.Every)); err != nil {
		return s, err
	}
	if n := s.Length / s.Every; n > maxSamples {
		return s, fmt.Errorf("%d values asked for; want at most %d: a greater step or a smaller length", n, maxSamples)
	}
	return s, nil
}

// curve holds each value for a step; the last one up to the length.
func (s Sampling) curve(value func(i int) float64) Curve {
	var c pieces
	last := 0.0
	for i := range int((s.Length + s.Every - 1) / s.Every) {
		last = math.Min(value(i), maxResult)
		c.add(time.Duration(i)*s.Every, last, last)
	}
	c.close(s.Length, last, s.End)
	return &c
}

// Walk is a random walk within bounds, in records/s. With a small drift it grows
// or declines.
type Walk struct {
	Sampling
	Start float64
	// Down and Up bound a step, evenly distributed between -Down and Up.
	Down, Up float64
	// Min and Max bound the rate; a step beyond ends there. Max 0 is none.
	Min, Max float64
}

// Curve checks the walk and makes a curve of it.
func (w Walk) Curve() (Curve, error) {
	if w.Max == 0 {
		w.Max = MaxRate
	}
	s, err := w.withDefaults()
	err = errors.Join(
		err, checkRate("the start", w.Start), checkRate("the step down", w.Down), checkRate("the step up", w.Up),
		checkRate("the least rate", w.Min), checkRate("the most", w.Max),
	)
	if err != nil {
		return nil, err
	}
	if w.Start < w.Min || w.Start > w.Max || w.Min > w.Max {
		return nil, fmt.Errorf("the start %v is not between the least rate %v and the most, %v", w.Start, w.Min, w.Max)
	}
	rate := w.Start
	return s.curve(func(i int) float64 {
		if i > 0 {
			step := -w.Down + (w.Down+w.Up)*chance(w.Seed, uint64(i))
			rate = math.Min(math.Max(rate+step, w.Min), w.Max)
		}
		return rate
	}), nil
}

// RandomWalk is ESPA's, used with its queries Q1 and Q11.
func RandomWalk(seed uint64) Walk {
	return Walk{Sampling: Sampling{Seed: seed}, Start: 1.25e6, Down: 500e3, Up: 500e3, Max: 2.5e6}
}

// Growth is ESPA's growth for the rate R, 2.5e6 there.
func Growth(rate float64, seed uint64) Walk {
	return Walk{Sampling: Sampling{Seed: seed}, Down: rate / 30, Up: rate / 22}
}

// Decline is ESPA's decline for the rate R, 2.5e6 there.
func Decline(rate float64, seed uint64) Walk {
	return Walk{Sampling: Sampling{Seed: seed}, Start: rate + 2000, Down: rate / 21, Up: rate / 28}
}

// Cosine is ESPA's wave: Mean 30e3, Amplitude 25e3 and Noise 250 for its query
// Q3, 12e3, 10e3 and 250 for Q5 and Q8, all in records/s.
type Cosine struct {
	Sampling
	Mean, Amplitude float64
	// Noise is the largest number of records/s by which a value is off.
	Noise float64
	// Period is that of the wave; default 60 steps.
	Period time.Duration
}

// Curve checks the wave and makes a curve of it.
func (c Cosine) Curve() (Curve, error) {
	s, err := c.withDefaults()
	if c.Period == 0 {
		c.Period = 60 * min(s.Every, horizon/60)
	}
	err = errors.Join(
		err, checkRate("the mean", c.Mean), checkRate("the amplitude", c.Amplitude), checkRate("the noise", c.Noise),
		checkTime("the period", c.Period, 1),
	)
	if err != nil {
		return nil, err
	}
	return s.curve(func(i int) float64 {
		angle := 2 * math.Pi * float64(i) * (float64(s.Every) / float64(c.Period))
		return math.Max(0, c.Mean+c.Amplitude*math.Cos(angle)+c.Noise*(2*chance(c.Seed, uint64(i))-1))
	}), nil
}

// Convergence is ESPA's step test: nothing for 10 minutes, high for 40, low for
// 40 and from then on. There the rates are 2e6 and 1e6.
func Convergence(high, low float64) (Curve, error) {
	return Path{Points: []Point{{0, 0}, {10 * time.Minute, high}, {50 * time.Minute, low}}, Length: 90 * time.Minute}.Curve()
}

package workload

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Spike is a flash sale: the rate rises straight from Base to Peak, stays there,
// and decays, fast at first.
type Spike struct {
	// Base and Peak are rates, in records/s; with 1 and 3 it is a factor.
	Base, Peak float64
	// At is when the rise begins.
	At time.Duration
	// Rise, Hold and Decay are how long each part takes; any may be 0.
	Rise, Hold, Decay time.Duration
	// Every repeats the whole; 0 for once.
	Every time.Duration
}

const (
	decayPieces = 32
	// decayDepth is how often the excess falls by e until it is cut off.
	decayDepth = 5
)

// Curve checks the spike and makes a curve of it.
func (s Spike) Curve() (Curve, error) {
	err := errors.Join(
		checkRate("the base", s.Base), checkRate("the peak", s.Peak), checkTime("the time", s.At, 0),
		checkTime("the rise", s.Rise, 0), checkTime("the hold", s.Hold, 0), checkTime("the decay", s.Decay, 0),
		checkTime("every", s.Every, 0),
	)
	if err != nil {
		return nil, err
	}
	lasts := s.Rise + s.Hold
	switch {
	case s.Peak < s.Base:
		return nil, fmt.Errorf("the peak %v is below the base, %v", s.Peak, s.Base)
	case lasts > horizon-s.Decay || lasts+s.Decay > horizon-s.At:
		return nil, errors.New("the spike is longer than 100 years")
	case lasts+s.Decay == 0:
		return nil, errors.New("the spike lasts no time; want a rise, a hold or a decay")
	case s.Every > 0 && lasts+s.Decay > s.Every:
		return nil, fmt.Errorf("the spike lasts %s, longer than it takes to the next, %s", lasts+s.Decay, s.Every)
	}
	return s.pieces(), nil
}

func (s Spike) pieces() *pieces {
	var c pieces
	at := s.At
	if s.Every > 0 {
		at = 0 // the loop is turned to it below
	}
	stretch := func(d time.Duration, from, to float64) {
		if d > 0 {
			c.add(at, from, to)
			at += d
		}
	}
	if at > 0 {
		c.add(0, s.Base, s.Base)
	}
	stretch(s.Rise, s.Base, s.Peak)
	stretch(s.Hold, s.Peak, s.Peak)
	for i := range decayPieces {
		from, to := s.Decay*time.Duration(i)/decayPieces, s.Decay*time.Duration(i+1)/decayPieces
		stretch(to-from, s.decayed(i), s.decayed(i+1))
	}
	if s.Every == 0 {
		c.close(at, s.Base, Hold)
		return &c
	}
	stretch(s.Every-at, s.Base, s.Base)
	c.close(at, s.Base, Loop)
	return c.beginAt(s.Every - s.At%s.Every)
}

// decayed is the rate after a number of pieces.
func (s Spike) decayed(i int) float64 {
	left := (math.Exp(-decayDepth*float64(i)/decayPieces) - math.Exp(-decayDepth)) / (1 - math.Exp(-decayDepth))
	return s.Base + (s.Peak-s.Base)*left
}

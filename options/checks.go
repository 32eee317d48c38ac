package options

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Ranges of single options, checked in profile sluice beyond what the
// reference validates.

func positiveDuration(d time.Duration) error {
	if d <= 0 {
		return errors.New("want a duration above zero")
	}
	return nil
}

// number refuses NaN, which passes every range check of the reference.
func number(f float64) error {
	if math.IsNaN(f) {
		return errors.New("want a number, not NaN")
	}
	return nil
}

func atLeast[T int | float64](least T) func(T) error {
	return func(v T) error {
		if v >= least {
			return nil
		}
		return fmt.Errorf("want a value of at least %v", least)
	}
}

func within(least, most int) func(int) error {
	return func(v int) error {
		if v >= least && v <= most {
			return nil
		}
		return fmt.Errorf("want a value from %d to %d", least, most)
	}
}

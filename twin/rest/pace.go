package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Speed is how many seconds of the twin pass in a second: 0 lets it stand until it
// is told to move, [Max] is as fast as it can.
type Speed float64

// The speeds that have names.
const (
	Step Speed = 0
	Max  Speed = math.MaxFloat64

	fastest = 1e6
)

// ParseSpeed reads a number from 0 to a million, "step" or "max".
func ParseSpeed(text string) (Speed, error) {
	switch text {
	case "step":
		return Step, nil
	case "max":
		return Max, nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0 && x <= fastest) {
		return 0, fmt.Errorf("%q: want a number from 0 to %d, step or max", text, int(fastest))
	}
	return Speed(x), nil
}

// String is the form that ParseSpeed reads.
func (s Speed) String() string {
	switch s {
	case Step:
		return "step"
	case Max:
		return "max"
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64)
}

// MarshalJSON writes a number, or a word.
func (s Speed) MarshalJSON() ([]byte, error) {
	if s == Step || s == Max {
		return json.Marshal(s.String())
	}
	return json.Marshal(float64(s))
}

// UnmarshalJSON reads a number or a word.
func (s *Speed) UnmarshalJSON(data []byte) (err error) {
	text := string(data)
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	if text == "" || text == "null" {
		return errors.New("no speed")
	}
	*s, err = ParseSpeed(text)
	return err
}

// pace says where the twin's clock should stand. Both clocks are arguments.
type pace struct {
	speed  Speed
	paused bool
	// Of the moment from which on the speed counts.
	real, virtual time.Time
}

// from lets the pace count from here on.
func (p *pace) from(real, virtual time.Time) { p.real, p.virtual = real, virtual }

// moves says that time passes by itself.
func (p *pace) moves() bool { return !p.paused && p.speed > 0 }

// due is where the twin's clock should stand, given where it stands. No call moves
// it by more than most: who cannot follow falls behind instead of hurrying.
func (p *pace) due(real, virtual time.Time, most time.Duration) time.Time {
	if !p.moves() {
		return virtual
	}
	if p.speed == Max {
		return virtual.Add(most)
	}
	to := p.virtual.Add(time.Duration(min(float64(real.Sub(p.real))*float64(p.speed), float64(math.MaxInt64/2))))
	if to.Sub(virtual) > most {
		to = virtual.Add(most)
		p.from(real, to)
	}
	if to.Before(virtual) {
		return virtual
	}
	return to
}

package reference

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// The types of this file read scalars out of JSON.

// number is a double; there is false for null.
type number struct {
	value float64
	there bool
}

func (n *number) UnmarshalJSON(text []byte) error {
	s := string(text)
	if s == "null" {
		*n = number{}
		return nil
	}
	if s[0] == '"' {
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
	}
	n.there = true
	switch s {
	case "NaN":
		n.value = math.NaN()
	case "Infinity", "+Infinity":
		n.value = math.Inf(1)
	case "-Infinity":
		n.value = math.Inf(-1)
	default:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return fmt.Errorf("want a number, not %s", text)
		}
		n.value = x
	}
	return nil
}

// or is the number, or another where there is none.
func (n number) or(other float64) float64 {
	if n.there {
		return n.value
	}
	return other
}

// count is a whole number of at least 0 that may be written as a double.
func (n number) count() int {
	if !(n.value > 0) {
		return 0
	}
	return int(min(n.value, math.MaxInt32))
}

// instant is a time: the key of a map, or a value in seconds.
type instant struct{ time.Time }

func (i *instant) UnmarshalText(text []byte) (err error) {
	i.Time, err = parseInstant(string(text))
	return err
}

func (i *instant) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		return i.UnmarshalText([]byte(s))
	}
	seconds, nanos, err := parseSeconds(string(text))
	if err != nil {
		return err
	}
	if seconds > 253402300799 || seconds < -62135596800 { // the years 1 to 9999
		return fmt.Errorf("want a time in seconds since 1970, not %s", text)
	}
	i.Time = time.Unix(seconds, nanos).UTC()
	return nil
}

// duration is a number of seconds; there is false for null.
type duration struct {
	value time.Duration
	there bool
}

func (d *duration) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*d = duration{}
		return nil
	}
	seconds, nanos, err := parseSeconds(string(text))
	if err != nil {
		return err
	}
	if seconds > math.MaxInt64/int64(time.Second)-1 || seconds < math.MinInt64/int64(time.Second)+1 {
		return fmt.Errorf("want seconds of at most 292 years, not %s", text)
	}
	d.value, d.there = time.Duration(seconds)*time.Second+time.Duration(nanos), true
	return nil
}

// parallelism reads the text of a whole number from 1.
func parallelism(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("want a parallelism, not %q", text)
	}
	return int(n), nil
}

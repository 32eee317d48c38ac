package conf

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

var units = map[string]time.Duration{
	"":  time.Millisecond,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond,
	"millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"µs": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond,
	"microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanos": time.Nanosecond,
	"nanosecond": time.Nanosecond, "nanoseconds": time.Nanosecond,
}

// ParseDuration reads a duration of a Flink configuration of the version: a
// whole number and a unit, by default milliseconds; 2.3 also takes ISO 8601.
// Neither takes a negative one, though -1 stands for "for ever" inside Flink. The
// error says what is wrong with the text, without naming it.
func ParseDuration(text string, v slots.Version) (time.Duration, error) {
	text = strings.TrimSpace(text)
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits == 0 {
		if iso := strings.ToUpper(text); v != slots.V1_20 && strings.HasPrefix(iso, "P") {
			return parseISO(iso)
		}
		return 0, errors.New("it does not start with a number")
	}
	unit, known := units[strings.ToLower(strings.TrimSpace(text[digits:]))]
	if !known {
		return 0, fmt.Errorf("%q is not a unit of time", strings.TrimSpace(text[digits:]))
	}
	return multiply(text[:digits], unit)
}

// multiply is a number of units; too many are refused.
func multiply(digits string, unit time.Duration) (time.Duration, error) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/int64(unit) {
		return 0, errors.New("it is too long")
	}
	return time.Duration(n) * unit, nil
}

// parseISO reads PnDTnHnMnS with whole numbers.
func parseISO(text string) (time.Duration, error) {
	var total time.Duration
	rest, inTime := text[1:], false
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			rest, inTime = rest[1:], true
			continue
		}
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits == len(rest) {
			return 0, errors.New("it is not a duration")
		}
		unit := isoUnit(rest[digits], inTime)
		part, err := multiply(rest[:digits], max(unit, 1))
		if err != nil || unit == 0 || part > math.MaxInt64-total {
			return 0, errors.New("it is not a duration")
		}
		total += part
		rest = rest[digits+1:]
	}
	if len(text) < 3 {
		return 0, errors.New("it is not a duration")
	}
	return total, nil
}

// isoUnit is the length of an ISO 8601 unit; 0 if there is none of that letter.
func isoUnit(letter byte, inTime bool) time.Duration {
	switch {
	case letter == 'D' && !inTime:
		return 24 * time.Hour
	case letter == 'H' && inTime:
		return time.Hour
	case letter == 'M' && inTime:
		return time.Minute
	case letter == 'S' && inTime:
		return time.Second
	}
	return 0
}

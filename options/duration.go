package options

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

var durations = syntax[time.Duration]{name: "duration", parse: ParseDuration, format: FormatDuration}

// Forever is what a duration becomes that Flink can hold and a time.Duration,
// which ends after 292 years, cannot.
const Forever = time.Duration(math.MaxInt64)

var durationUnits = map[string]time.Duration{
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanos": time.Nanosecond,
	"nanosecond": time.Nanosecond, "nanoseconds": time.Nanosecond,
	"µs": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond,
	"microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"": time.Millisecond, "ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond,
	"millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": day, "day": day, "days": day,
}

const day = 24 * time.Hour

var (
	errNotDuration = errors.New(`want a whole number and a unit, such as "3 min", "500 ms" or "1 h" ` +
		`(no unit: milliseconds; no sign, no decimals, not "1h 30m")`)
	errDurationUnit = errors.New("want one of the units d, h, min, s, ms, µs, ns (or day, hour, minute, second, … in full)")
	errLongDuration = errors.New("want a shorter duration: this one is out of range")
)

// ParseDuration reads Flink's durations: a whole number and an optional unit,
// in any case and with blanks around and between. No unit means milliseconds.
// More than 292 years is [Forever].
func ParseDuration(text string) (time.Duration, error) {
	digits, label := splitNumber(text)
	if digits == "" {
		return 0, errNotDuration
	}
	unit, known := durationUnits[strings.ToLower(label)]
	if !known {
		return 0, unitError(label, errNotDuration, errDurationUnit)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errLongDuration
	}
	if n > math.MaxInt64/int64(unit) {
		return beyondDuration(n, unit)
	}
	return time.Duration(n) * unit, nil
}

// beyondDuration is Forever, unless not even Java's 64-bit seconds hold it.
func beyondDuration(n int64, unit time.Duration) (time.Duration, error) {
	if seconds := int64(unit / time.Second); seconds > 0 && n > math.MaxInt64/seconds {
		return 0, errLongDuration
	}
	return Forever, nil
}

// splitNumber cuts text into its leading ASCII digits and the unit behind.
func splitNumber(text string) (digits, unit string) {
	s := trimJava(text)
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return s[:end], trimJava(s[end:])
}

// unitError tells a misspelt unit from a text that is no number and unit at all.
func unitError(unit string, notValue, notUnit error) error {
	if strings.ContainsAny(unit, "0123456789.,-+: ") {
		return notValue
	}
	return notUnit
}

// trimJava cuts blanks as Java's String.trim: all up to and including space.
func trimJava(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

// FormatDuration prints a duration that is not negative so that
// [ParseDuration] reads it back, in the largest unit that divides it.
func FormatDuration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{
		{day, "d"},
		{time.Hour, "h"},
		{time.Minute, "min"},
		{time.Second, "s"},
		{time.Millisecond, "ms"},
		{time.Microsecond, "µs"},
	} {
		if d != 0 && d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + " " + u.name
		}
	}
	if d == 0 {
		return "0 s"
	}
	return strconv.FormatInt(int64(d), 10) + " ns"
}

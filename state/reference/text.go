package reference

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// This file knows how Java and its JSON library write scalars.

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// appendNumber writes a double: 0.0, 1.23E10, and a string where JSON has no
// number.
func appendNumber(b []byte, x float64) []byte {
	text := scaling.FormatDouble(x)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(append(append(b, '"'), text...), '"')
	}
	return append(b, text...)
}

// appendString writes a JSON string, with < and > as they are.
func appendString(b []byte, s string) []byte {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string can be encoded
	}
	return append(b, strings.TrimSuffix(text.String(), "\n")...)
}

// appendKey writes a string as the key of an object.
func appendKey(b []byte, key string) []byte { return append(appendString(b, key), ':') }

// instantText is a time as key of a map: UTC, with 0, 3, 6 or 9 digits of a
// second.
func instantText(t time.Time) string {
	layout := "2006-01-02T15:04:05Z"
	switch ns := t.Nanosecond(); {
	case ns%1000 != 0:
		layout = "2006-01-02T15:04:05.000000000Z"
	case ns%1_000_000 != 0:
		layout = "2006-01-02T15:04:05.000000Z"
	case ns != 0:
		layout = "2006-01-02T15:04:05.000Z"
	}
	return t.UTC().Format(layout)
}

func parseInstant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("want a time such as 2023-11-14T22:13:20.123Z, not %q", text)
	}
	return t.UTC(), nil
}

// appendSeconds writes a time or a duration as a value: seconds with nine
// decimals. seconds is rounded down, nanos is in [0, 1e9).
func appendSeconds(b []byte, seconds int64, nanos int) []byte {
	switch {
	case seconds == 0 && nanos == 0:
		return append(b, "0.0"...)
	case seconds < 0 && nanos > 0:
		b, seconds, nanos = append(b, '-'), -(seconds + 1), 1_000_000_000-nanos
	case seconds < 0:
		b, seconds = append(b, '-'), -seconds
	}
	if seconds == 0 && nanos < 1000 {
		return appendTiny(b, nanos)
	}
	return fmt.Appendf(b, "%d.%09d", seconds, nanos)
}

// appendTiny writes less than a microsecond, for which Java takes an exponent.
func appendTiny(b []byte, nanos int) []byte {
	digits := strconv.Itoa(nanos)
	b = append(b, digits[0])
	if len(digits) > 1 {
		b = append(append(b, '.'), digits[1:]...)
	}
	return fmt.Appendf(b, "E-%d", 10-len(digits))
}

func appendInstant(b []byte, t time.Time) []byte { return appendSeconds(b, t.Unix(), t.Nanosecond()) }

func appendDuration(b []byte, d time.Duration) []byte {
	seconds, nanos := int64(d/time.Second), int(d%time.Second)
	if nanos < 0 {
		seconds, nanos = seconds-1, nanos+1_000_000_000
	}
	return appendSeconds(b, seconds, nanos)
}

// parseSeconds reads decimal seconds into whole seconds, rounded down, and
// nanoseconds in [0, 1e9); what is finer is cut off.
func parseSeconds(text string) (seconds int64, nanos int64, err error) {
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(text), "E")
	shift := 0
	if exponent != "" {
		if shift, err = strconv.Atoi(exponent); err != nil || shift < -40 || shift > 20 {
			return 0, 0, fmt.Errorf("want seconds, not %q", text)
		}
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	point := len(whole) + shift // where the decimal point stands in digits
	if point < 0 {
		digits, point = strings.Repeat("0", -point)+digits, 0
	}
	digits += strings.Repeat("0", max(0, point+9-len(digits)))
	if seconds, err = strconv.ParseInt("0"+digits[:point], 10, 64); err == nil {
		nanos, err = strconv.ParseInt(digits[point:point+9], 10, 64)
	}
	if err != nil || whole == "" || nanos < 0 {
		return 0, 0, fmt.Errorf("want seconds, not %q", text)
	}
	if negative && nanos > 0 {
		return -seconds - 1, 1_000_000_000 - nanos, nil
	}
	if negative {
		seconds = -seconds
	}
	return seconds, nanos, nil
}

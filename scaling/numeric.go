package scaling

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Round3 rounds half away from zero to three decimals of the shortest decimal
// text of x, and keeps a value that this would turn into zero. NaN and the
// infinities pass unchanged.
func Round3(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	// A number from 2^53 on has no fraction, and a whole number is its own
	// rounding; both are frequent and the decimal text is not cheap.
	if x == math.Trunc(x) {
		return x
	}
	r := roundDecimal(x, 3)
	if r == 0 {
		return x
	}
	return r
}

// roundDecimal rounds half away from zero on the shortest decimal text.
func roundDecimal(x float64, places int) float64 {
	var buf [400]byte
	text := strconv.AppendFloat(buf[:0], x, 'f', -1, 64)
	point := -1
	for i, c := range text {
		if c == '.' {
			point = i
			break
		}
	}
	if point < 0 || len(text)-point-1 <= places {
		return x
	}
	up := text[point+1+places] >= '5'
	text = text[:point+1+places]
	if up {
		text = incrementDecimal(text)
	}
	r, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return x
	}
	return r
}

// ceilDecimal rounds a number that is not negative up on its shortest decimal
// text.
func ceilDecimal(x float64, places int) float64 {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	point := strings.IndexByte(text, '.')
	if point < 0 || len(text)-point-1 <= places {
		return x
	}
	// The shortest text does not end in 0: what is cut off is above it.
	r, err := strconv.ParseFloat(string(incrementDecimal([]byte(text[:point+1+places]))), 64)
	if err != nil {
		return x
	}
	return r
}

// incrementDecimal adds one to the last digit of a decimal text, carrying.
func incrementDecimal(text []byte) []byte {
	for i := len(text) - 1; i >= 0; i-- {
		switch c := text[i]; {
		case c == '.' || c == '-':
			continue
		case c == '9':
			text[i] = '0'
		default:
			text[i]++
			return text
		}
	}
	first := 0
	if text[0] == '-' {
		first = 1
	}
	text = append(text, 0)
	copy(text[first+1:], text[first:])
	text[first] = '1'
	return text
}

// roundHalfUp is floor(x + 1/2) in exact arithmetic, within the range of an
// int64; NaN gives 0.
func roundHalfUp(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return 0
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	f := math.Floor(x)
	if x-f >= 0.5 {
		f++
	}
	return f
}

// truncate32 cuts the fraction off and stays within the range of an int32; NaN
// gives 0.
func truncate32(x float64) int {
	switch {
	case math.IsNaN(x):
		return 0
	case x >= math.MaxInt32:
		return math.MaxInt32
	case x <= math.MinInt32:
		return math.MinInt32
	}
	return int(x)
}

// wholeSeconds floors d to seconds, as every duration of the reference enters
// a formula.
func wholeSeconds(d time.Duration) float64 {
	s := d / time.Second
	if d < 0 && d%time.Second != 0 {
		s--
	}
	return float64(s)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// FormatRate prints a rate with two decimals, rounded half away from zero on
// its shortest decimal text, as the reference's reports do.
func FormatRate(x float64) string {
	if !finite(x) {
		return notFinite(x)
	}
	return strconv.FormatFloat(roundDecimal(x, 2), 'f', 2, 64)
}

// notFinite is Java's text for NaN and the infinities.
func notFinite(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case x > 0:
		return "Infinity"
	}
	return "-Infinity"
}

// FormatDouble prints a number as Java does, for messages that tools parse:
// 90.0, 1.0E7, NaN, Infinity.
func FormatDouble(x float64) string {
	switch {
	case !finite(x):
		return notFinite(x)
	case x == 0:
		if math.Signbit(x) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(x); a >= 1e-3 && a < 1e7 {
		text := strconv.FormatFloat(x, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign, digits := "", strings.TrimLeft(exponent, "+")
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	return mantissa + "E" + sign + strings.TrimLeft(digits, "0")
}

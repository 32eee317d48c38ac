package options

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var (
	integers = syntax[int]{name: "integer", parse: ParseInt, format: strconv.Itoa}
	doubles  = syntax[float64]{name: "double", parse: ParseDouble, format: formatDouble}
	texts    = syntax[string]{name: "string", parse: ParseString, format: func(s string) string { return s }}
)

// ParseString accepts every text as it is.
func ParseString(text string) (string, error) { return text, nil }

// ParseInt reads a decimal 32-bit integer with an optional sign; blanks around
// it are an error.
func ParseInt(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("want a whole number between -2147483648 and 2147483647")
	}
	if err != nil {
		return 0, errors.New("want a whole number, such as 5")
	}
	return int(n), nil
}

// ParseDouble reads a number as Java's Double.parseDouble does: blanks around
// it, the suffixes d and f, hexadecimal floats, NaN and Infinity are allowed,
// and what is too large becomes infinite.
func ParseDouble(text string) (float64, error) {
	s := strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	switch strings.TrimLeft(s, "+-") {
	case "NaN", "Infinity":
	default:
		if strings.Trim(s, "0123456789abcdefABCDEFxXpP+-.") != "" {
			return 0, errNotNumber
		}
		s = withoutSuffix(s)
	}
	f, err := strconv.ParseFloat(strings.TrimPrefix(s, signOfNaN(s)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errNotNumber
	}
	return f, nil
}

var errNotNumber = errors.New("want a number, such as 0.7 (a point, not a comma)")

// withoutSuffix cuts Java's type suffix. In a hexadecimal float d and f are
// digits until the exponent, which is never missing.
func withoutSuffix(s string) string {
	if len(s) < 2 || !strings.ContainsRune("dDfF", rune(s[len(s)-1])) {
		return s
	}
	return s[:len(s)-1]
}

// signOfNaN returns the sign in front of NaN, which Java allows and Go does not.
func signOfNaN(s string) string {
	if len(s) == 4 && s[1:] == "NaN" {
		return s[:1]
	}
	return ""
}

func formatDouble(f float64) string { return javaDouble(f) }

// javaDouble prints a double as Java does: at least one decimal, and the
// scientific form below 1e-3 and from 1e7 on.
func javaDouble(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case a != 0 && (a < 1e-3 || a >= 1e7):
		return javaScientific(f)
	}
	return withDecimal(strconv.FormatFloat(f, 'f', -1, 64))
}

func javaScientific(f float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(exponent)
	return withDecimal(mantissa) + "E" + strconv.Itoa(n)
}

func withDecimal(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}

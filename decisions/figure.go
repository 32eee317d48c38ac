package decisions

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Figure is a number that may be unknown (JSON null) or infinite (the JSON
// strings "Infinity" and "-Infinity").
type Figure float64

// Unknown is the figure that nobody knows.
var Unknown = Figure(math.NaN())

// MarshalJSON implements [json.Marshaler].
func (f Figure) MarshalJSON() ([]byte, error) {
	switch x := float64(f); {
	case math.IsNaN(x):
		return []byte("null"), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return strconv.AppendFloat(nil, x, 'f', -1, 64), nil
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Figure) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*f = Unknown
	case `"Infinity"`:
		*f = Figure(math.Inf(1))
	case `"-Infinity"`:
		*f = Figure(math.Inf(-1))
	default:
		var x float64
		if err := json.Unmarshal(text, &x); err != nil {
			return fmt.Errorf("%s is not a number, null or \"Infinity\"", text)
		}
		*f = Figure(x)
	}
	return nil
}

const (
	textUnknown   = "unknown"
	textUnlimited = "unlimited"
)

// String is short enough for a sentence: whole above 100, else one decimal.
func (f Figure) String() string {
	switch x := float64(f); {
	case math.IsNaN(x):
		return textUnknown
	case math.IsInf(x, 0):
		return textUnlimited
	case math.Abs(x) >= 100 || x == math.Trunc(x):
		return strconv.FormatFloat(x, 'f', 0, 64)
	case math.Abs(x) >= 1:
		return strconv.FormatFloat(x, 'f', 1, 64)
	default:
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
}

// exact has four digits at least, so that a person can reckon with it.
func (f Figure) exact() string {
	switch x := float64(f); {
	case math.IsNaN(x), math.IsInf(x, 0):
		return f.String()
	case math.Abs(x) >= 1000 || x == math.Trunc(x):
		return strconv.FormatFloat(x, 'f', 0, 64)
	default:
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
}

func (f Figure) percent() string {
	if math.IsNaN(float64(f)) {
		return textUnknown
	}
	return strconv.FormatFloat(100*float64(f), 'f', 0, 64) + " %"
}

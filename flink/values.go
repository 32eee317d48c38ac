package flink

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"
)

// JobID names a job: 32 hexadecimal digits.
type JobID string

// VertexID names a vertex of a job's graph: 32 hexadecimal digits. It is unique
// within one job only: jobs that use the same operator uids share vertex ids.
type VertexID string

// Millis is a point in time as Flink writes it: milliseconds since 1970 UTC.
// Flink uses -1 and 0 for "not yet".
type Millis int64

// MillisOf converts a time; the zero time becomes -1.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return -1
	}
	return Millis(t.UnixMilli())
}

// Known says whether the point in time was reached at all.
func (m Millis) Known() bool { return m > 0 }

// Time converts to a time in UTC; an unknown point is the zero time.
func (m Millis) Time() time.Time {
	if !m.Known() {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Span is a length of time in milliseconds; -1 where Flink does not know.
type Span int64

// SpanOf converts a duration, cutting what is below a millisecond.
func SpanOf(d time.Duration) Span { return Span(d.Milliseconds()) }

// Duration converts to a duration. A span too long for one is cut to the
// longest: Flink writes Long.MAX_VALUE for "never".
func (s Span) Duration() time.Duration {
	if int64(s) > math.MaxInt64/int64(time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(s) * time.Millisecond
}

// Float is a number that Flink may also send as "NaN", "Infinity" or
// "-Infinity", as null, or not at all. The zero Float was not sent.
type Float struct {
	value float64
	state floatState
}

type floatState uint8

const (
	floatAbsent floatState = iota
	floatNull
	floatNumber
)

// Null is a Float that was sent as null.
var Null = Float{state: floatNull}

// Number makes a Float; NaN and the infinities are allowed.
func Number(v float64) Float { return Float{value: v, state: floatNumber} }

// Value returns the number, which may be NaN or infinite, and whether one was
// sent at all.
func (f Float) Value() (float64, bool) { return f.value, f.state == floatNumber }

// Finite returns the number, and true only if one was sent that is neither NaN
// nor infinite.
func (f Float) Finite() (float64, bool) {
	if f.state != floatNumber || math.IsNaN(f.value) || math.IsInf(f.value, 0) {
		return 0, false
	}
	return f.value, true
}

// Or returns the number if a finite one was sent, and other if not.
func (f Float) Or(other float64) float64 {
	if v, ok := f.Finite(); ok {
		return v
	}
	return other
}

// IsZero says whether the number was absent; it is what omitzero asks.
func (f Float) IsZero() bool { return f.state == floatAbsent }

// String prints what Flink would send, and "absent" for nothing.
func (f Float) String() string {
	if f.state == floatAbsent {
		return "absent"
	}
	text, _ := f.MarshalJSON()
	return string(bytes.Trim(text, `"`))
}

// MarshalJSON writes the number the way Flink does. An absent one that is not
// left out by omitzero becomes null.
func (f Float) MarshalJSON() ([]byte, error) {
	switch {
	case f.state != floatNumber:
		return []byte("null"), nil
	case math.IsNaN(f.value):
		return []byte(`"NaN"`), nil
	case math.IsInf(f.value, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f.value, -1):
		return []byte(`"-Infinity"`), nil
	}
	return json.Marshal(f.value)
}

// UnmarshalJSON reads a number, one of the three strings, or null.
func (f *Float) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case "null":
		*f = Null
	case `"NaN"`:
		*f = Number(math.NaN())
	case `"Infinity"`:
		*f = Number(math.Inf(1))
	case `"-Infinity"`:
		*f = Number(math.Inf(-1))
	default:
		return f.parse(text)
	}
	return nil
}

// parse reads a plain JSON number. One that float64 cannot hold is an error:
// rounding it to infinity would invent a value that Flink did not send.
func (f *Float) parse(text []byte) error {
	if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return notA[float64](text)
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return notA[float64](text)
	}
	*f = Number(v)
	return nil
}

// notA is the error of encoding/json for a value of the wrong type, so that it
// adds the path of the key to it.
func notA[T any](text []byte) error {
	return &json.UnmarshalTypeError{Value: excerpt(text), Type: reflect.TypeFor[T]()}
}

// Optional is a value that some versions send, some send as null, and some do
// not send. The zero Optional was not sent.
type Optional[T any] struct {
	// Value is meaningful only if Valid is true.
	Value T
	// Valid says that a value other than null was sent.
	Valid bool
	// Null says that null was sent.
	Null bool
}

// Some makes an Optional that holds v.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Valid: true} }

// IsZero says whether the value was absent; it is what omitzero asks.
func (o Optional[T]) IsZero() bool { return !o.Valid && !o.Null }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}

// UnmarshalJSON reads the value, or null.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	*o = Optional[T]{}
	if string(text) == "null" {
		o.Null = true
		return nil
	}
	o.Valid = true
	return json.Unmarshal(text, &o.Value)
}

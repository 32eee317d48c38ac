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

// Reader reads values and keeps the first error, which names key and value. Where
// a method takes several names, the first that is set counts; where none is, the
// preset.
type Reader struct {
	Config  map[string]string
	Version slots.Version
	err     error
}

// Err is what is wrong with the first value that could not be read, or nil.
func (r *Reader) Err() error { return r.err }

// Find is the first of the names that is set, and its value without the blanks
// around it.
func (r *Reader) Find(names ...string) (name, value string, set bool) {
	for _, name := range names {
		if value, set := r.Config[name]; set {
			return name, strings.TrimSpace(value), true
		}
	}
	return "", "", false
}

// Refuse says what is wrong with the value of a key.
func (r *Reader) Refuse(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %q: %s", name, r.Config[name], why)
	}
}

// Number reads a whole number of 32 bits.
func (r *Reader) Number(preset int, names ...string) int {
	return read(r, preset, names, func(text string) (int, error) {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return 0, errors.New("want a whole number")
		}
		return int(n), nil
	})
}

// Fraction reads a finite number.
func (r *Reader) Fraction(preset float64, names ...string) float64 {
	return read(r, preset, names, func(text string) (float64, error) {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, errors.New("want a number")
		}
		return f, nil
	})
}

// Truth reads true or false.
func (r *Reader) Truth(preset bool, names ...string) bool {
	return read(r, preset, names, func(text string) (bool, error) {
		switch {
		case strings.EqualFold(text, "true"):
			return true, nil
		case strings.EqualFold(text, "false"):
			return false, nil
		}
		return false, errors.New("want true or false")
	})
}

// Duration reads what [ParseDuration] does.
func (r *Reader) Duration(preset time.Duration, names ...string) time.Duration {
	return read(r, preset, names, func(text string) (time.Duration, error) { return ParseDuration(text, r.Version) })
}

// Memory reads a number of bytes, as [ParseMemory] does.
func (r *Reader) Memory(preset int64, names ...string) int64 {
	return read(r, preset, names, ParseMemory)
}

func read[T any](r *Reader, preset T, names []string, parse func(string) (T, error)) T {
	name, text, set := r.Find(names...)
	if !set {
		return preset
	}
	value, err := parse(text)
	if err != nil {
		r.Refuse(name, err.Error())
		return preset
	}
	return value
}

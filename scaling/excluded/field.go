package excluded

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// kind is what a field counts.
type kind struct {
	name        string
	least, most int
	// mostStep bounds n in */n and a/n, though not in a-b/n.
	mostStep int
	names    []string
}

// The kinds of fields. A single year may be any; * and a/n begin and end at
// least and most (in Quartz, a hundred years from now).
var (
	ofSecond     = &kind{name: "second", least: 0, most: 59, mostStep: 59}
	ofMinute     = &kind{name: "minute", least: 0, most: 59, mostStep: 59}
	ofHour       = &kind{name: "hour", least: 0, most: 23, mostStep: 23}
	ofDayOfMonth = &kind{name: "day of month", least: 1, most: 31, mostStep: 31}
	ofMonth      = &kind{
		name: "month", least: 1, most: 12, mostStep: 12,
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"},
	}
	ofDayOfWeek = &kind{
		name: "day of week", least: 1, most: 7, mostStep: 7,
		names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"},
	}
	ofYear = &kind{name: "year", least: 1970, most: 2999, mostStep: math.MaxInt32}

	kinds = []*kind{ofSecond, ofMinute, ofHour, ofDayOfMonth, ofMonth, ofDayOfWeek, ofYear}
)

// isDay says whether ? is a value.
func (k *kind) isDay() bool { return k == ofDayOfMonth || k == ofDayOfWeek }

// field is what one field allows.
type field struct {
	kind   *kind
	values set
	years  []span
	// unspecified: ? is among the elements.
	unspecified bool
	// last: L of the month, beforeLast days earlier; or the last such weekday.
	last       bool
	beforeLast int
	// nearest: W is among the elements.
	nearest bool
	// nth is the n of #n, 1 to 5; 0 without.
	nth int
}

// span is each step-th year of a range.
type span struct{ from, to, step int }

// hasYear says whether the field allows a year.
func (f *field) hasYear(year int) bool {
	for _, s := range f.years {
		if year >= s.from && year <= s.to && (year-s.from)%s.step == 0 {
			return true
		}
	}
	return false
}

// parse reads a field's elements; empty ones do not count, nor do control
// characters around them all.
func (f *field) parse(text string) error {
	text = strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if f.kind.isDay() && strings.Contains(text, "L") && strings.Contains(text, ",") {
		return errors.New("an L cannot stand in a list")
	}
	if f.kind == ofDayOfWeek && strings.Count(text, "#") > 1 {
		return errors.New("want at most one #")
	}
	for element := range strings.SplitSeq(text, ",") {
		if element == "" {
			continue
		}
		if err := f.add(element); err != nil {
			return err
		}
	}
	if f.kind != ofYear && f.values == 0 && !f.unspecified && !f.last {
		return errors.New("it allows no value")
	}
	return nil
}

// Two numbers that mean something else to Quartz, by accident.
const (
	everyValue   = 99 // as *
	noValue      = 98 // as ?
	withoutEnd   = -1
	outsideRange = set(1) << 63 // stands for every day of week above 7, in 8#1
)

// addValue allows one number.
func (f *field) addValue(v int) error {
	if v == everyValue {
		return f.addRange(f.kind.least, withoutEnd, 1)
	}
	return f.addRange(v, withoutEnd, 0)
}

// addRange allows each step-th number from start to end, which wraps around if
// it is smaller. Step 0 allows the start alone.
func (f *field) addRange(start, end, step int) error {
	if err := f.kind.check(start, end); err != nil {
		return err
	}
	switch {
	case start == everyValue:
		start, step = f.kind.least, max(step, 1)
	case step == 0:
		f.addUnchecked(start)
		return nil
	}
	if end == withoutEnd {
		end = f.kind.most
	}
	if f.kind == ofYear {
		return f.addYears(span{start, end, step})
	}
	f.addWrapped(start, end, step)
	return nil
}

// check bounds a start and an end, which may be withoutEnd.
func (k *kind) check(start, end int) error {
	if k == ofYear || start == everyValue || start == noValue && k.isDay() {
		return nil
	}
	if start < k.least || start > k.most || end > k.most {
		return fmt.Errorf("want values from %d to %d", k.least, k.most)
	}
	return nil
}

// addUnchecked allows one number, in or out of the range.
func (f *field) addUnchecked(v int) {
	switch {
	case f.kind == ofYear:
		f.years = append(f.years, span{v, v, 1})
	case f.kind.isDay() && v == noValue:
		f.unspecified = true
	case f.kind == ofDayOfWeek && v > f.kind.most:
		f.values |= outsideRange
	default:
		f.values.add(v)
	}
}

func (f *field) addYears(s span) error {
	if s.to < s.from {
		return fmt.Errorf("want year %d not to be after %d", s.from, s.to)
	}
	f.years = append(f.years, s)
	return nil
}

// addWrapped lets 22-2 mean 22, 23, 0, 1, 2, and days 30-2 mean 30, 31, 1, 2.
func (f *field) addWrapped(start, end, step int) {
	size := f.kind.most - f.kind.least + 1
	if end < start {
		end += size
	}
	end, step = min(end, start+size-1), min(step, size)
	for v := start; v <= end; v += step {
		f.values.add((v-f.kind.least)%size + f.kind.least)
	}
}

// set holds numbers from 0 to 63.
type set uint64

func (s *set) add(v int)     { *s |= 1 << v }
func (s set) has(v int) bool { return s&(1<<v) != 0 }

// first is the smallest number, or 64.
func (s set) first() int { return bits.TrailingZeros64(uint64(s)) }

package excluded

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// add reads one element of a field: *, ?, a number, a name, a range, each with
// what may follow. Like Quartz it ignores what follows behind that.
func (f *field) add(element string) error {
	switch c := element[0]; {
	case isLast(element):
		return f.addLast(element[1:])
	case c >= 'A' && c <= 'Z':
		return f.addName(element)
	case c == '?':
		return f.addUnspecified(element[1:])
	case c == '*' || c == '/':
		return f.addEvery(strings.TrimPrefix(element, "*"))
	case isDigit(element):
		return f.addNumber(element)
	}
	return fmt.Errorf("want *, ?, a number or a name, not %q", element)
}

// isLast says whether the element is L, LW, L-3 or L-3W.
func isLast(element string) bool {
	rest, ok := strings.CutPrefix(element, "L")
	if !ok || rest == "" || rest == "W" {
		return ok
	}
	offset, ok := strings.CutPrefix(rest, "-")
	return ok && strings.Trim(strings.TrimSuffix(offset, "W"), "0123456789") == ""
}

// addLast reads what follows L. As day of week L is Saturday, and in the other
// fields it allows nothing.
func (f *field) addLast(rest string) error {
	switch f.kind {
	case ofDayOfWeek:
		return f.addValue(f.kind.most)
	case ofDayOfMonth:
	default:
		return nil
	}
	f.last = true
	rest, f.nearest = strings.CutSuffix(rest, "W")
	if rest == "" || rest == "-" && f.nearest {
		return nil
	}
	offset, _, err := leadingNumber(rest[1:])
	if err != nil {
		return err
	}
	if offset > 30 {
		return errors.New("want at most 30 days before the last")
	}
	f.beforeLast = offset
	return nil
}

// addUnspecified reads what follows ?, of which Quartz overlooks one character.
func (f *field) addUnspecified(rest string) error {
	if !f.kind.isDay() {
		return errors.New("? is for day of month and day of week only")
	}
	if len(rest) > 1 {
		return fmt.Errorf("want nothing after ?, not %q", rest)
	}
	f.unspecified = true
	return nil
}

// addEvery reads what follows *, which may have been left out before a slash.
func (f *field) addEvery(rest string) error {
	text, stepped := strings.CutPrefix(rest, "/")
	if !stepped {
		return f.addValue(everyValue)
	}
	step, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return fmt.Errorf("want a number after /, not %q", text)
	}
	return f.addSteps(everyValue, int(step))
}

// addSteps allows start and each step-th number after it.
func (f *field) addSteps(start, step int) error {
	if step > f.kind.mostStep {
		return fmt.Errorf("want a step of at most %d", f.kind.mostStep)
	}
	return f.addRange(start, withoutEnd, step)
}

// addName reads FRI, FRI-MON, FRI#2 or FRIL. Names may be longer.
func (f *field) addName(element string) error {
	from, rest, err := f.kind.leadingName(element)
	if err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(rest, "-"):
		to, _, err := f.kind.leadingName(rest[1:])
		if err != nil {
			return err
		}
		return f.addRange(from, to, 1)
	case f.kind == ofDayOfWeek && strings.HasPrefix(rest, "#"):
		return f.addNth(from, rest[1:])
	case f.kind == ofDayOfWeek && strings.HasPrefix(rest, "L"):
		f.last = true
	}
	return f.addValue(from)
}

func (k *kind) leadingName(s string) (value int, rest string, err error) {
	if len(s) >= 3 {
		if i := slices.Index(k.names, s[:3]); i >= 0 {
			return i + 1, s[3:], nil
		}
	}
	if k.names == nil {
		return 0, "", fmt.Errorf("want a number, not %q", s)
	}
	return 0, "", fmt.Errorf("want a name from %s to %s, not %q", k.names[0], k.names[len(k.names)-1], s)
}

// addNumber reads 5, 5/10, 5-20, 5-20/2, 5L, 5W or 5#2.
func (f *field) addNumber(element string) error {
	value, rest, err := leadingNumber(element)
	if err != nil {
		return err
	}
	if rest == "" {
		return f.addValue(value)
	}
	switch rest[0] {
	case 'L':
		return f.addLastWeekday(value)
	case 'W':
		return f.addNearest(value)
	case '#':
		return f.addNth(value, rest[1:])
	case '-':
		return f.addBounded(value, rest[1:])
	case '/':
		return f.addStepped(value, rest[1:])
	}
	return f.addValue(value)
}

func (f *field) addLastWeekday(value int) error {
	if f.kind != ofDayOfWeek {
		return errors.New("an L after a number is for day of week only")
	}
	if value < f.kind.least || value > f.kind.most {
		return fmt.Errorf("want values from %d to %d", f.kind.least, f.kind.most)
	}
	f.last = true
	return f.addValue(value)
}

func (f *field) addNearest(value int) error {
	if f.kind != ofDayOfMonth {
		return errors.New("a W is for day of month only")
	}
	// Quartz accepts 0W and looks for it without end.
	if value < f.kind.least || value > f.kind.most {
		return fmt.Errorf("want W after a day from %d to %d", f.kind.least, f.kind.most)
	}
	f.nearest = true
	return f.addValue(value)
}

// addNth reads what follows #. Quartz does not check the day before it.
func (f *field) addNth(value int, text string) error {
	if f.kind != ofDayOfWeek {
		return errors.New("# is for day of week only")
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 || n > 5 {
		return fmt.Errorf("want a number from 1 to 5 after #, not %q", text)
	}
	f.nth = int(n)
	f.addUnchecked(value)
	return nil
}

// addBounded reads the end of a range, and its step.
func (f *field) addBounded(start int, text string) error {
	end, rest, err := leadingNumber(text)
	if err != nil {
		return err
	}
	step := 1
	if text, stepped := strings.CutPrefix(rest, "/"); stepped {
		if step, _, err = leadingNumber(text); err != nil {
			return err
		}
	}
	return f.addRange(start, end, step)
}

// addStepped reads a step. Quartz overlooks what follows two digits only.
func (f *field) addStepped(start int, text string) error {
	step, rest, err := leadingNumber(text)
	if err != nil {
		return err
	}
	if rest != "" && len(text)-len(rest) == 1 {
		return fmt.Errorf("want nothing after the step, not %q", rest)
	}
	return f.addSteps(start, step)
}

func leadingNumber(s string) (value int, rest string, err error) {
	rest = strings.TrimLeft(s, "0123456789")
	n, err := strconv.ParseInt(s[:len(s)-len(rest)], 10, 32)
	if err != nil {
		return 0, "", fmt.Errorf("want a number, not %q", s)
	}
	return int(n), rest, nil
}

func isDigit(s string) bool { return s[0] >= '0' && s[0] <= '9' }

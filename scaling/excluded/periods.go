package excluded

import (
	"slices"
	"strings"
	"time"
)

// Periods are the elements of one list. The zero value contains no moment.
type Periods struct{ list []period }

// period is one element of the list; a moment must be in all of its parts.
type period struct {
	text  string
	parts []part
}

// part is a [daily] or a [cron].
type part interface{ contains(t time.Time) bool }

// Parse reads the elements of the list. The error is an [*Error] about the
// first element that is wrong.
func Parse(expressions []string) (Periods, error) {
	var p Periods
	for _, text := range expressions {
		one, err := parsePeriod(text)
		if err != nil {
			return Periods{}, err
		}
		p.list = append(p.list, one)
	}
	return p, nil
}

// Contains says whether t lies in one of the periods, by the clock of t's own
// zone. Where that clock is put back, a daily expression that begins or ends in
// the hour that comes twice does so the second time; cron expressions hold both
// times.
func (p Periods) Contains(t time.Time) bool {
	return slices.ContainsFunc(p.list, func(one period) bool { return one.contains(t) })
}

// String is the elements as they were written, separated by a comma and a
// blank.
func (p Periods) String() string {
	texts := make([]string, len(p.list))
	for i, one := range p.list {
		texts[i] = one.text
	}
	return strings.Join(texts, ", ")
}

// Evaluate judges a list that nobody has validated, as the reference does: the
// elements one after the other, up to the first that contains t. One that
// cannot be read is an [*Error] only when its turn comes; any number of parts
// of any kinds may be joined. t is as in [Periods.Contains].
func Evaluate(expressions []string, t time.Time) (bool, error) {
	for _, text := range expressions {
		parts, err := parseParts(text)
		if err != nil {
			return false, err
		}
		if (period{text: text, parts: parts}).contains(t) {
			return true, nil
		}
	}
	return false, nil
}

func (p period) contains(t time.Time) bool {
	return !slices.ContainsFunc(p.parts, func(one part) bool { return !one.contains(t) })
}

func parsePeriod(text string) (period, error) {
	if len(split(text, "&&")) > 2 {
		return period{}, &Error{Expression: text, Reason: TooManyParts}
	}
	parts, err := parseParts(text)
	if err != nil {
		return period{}, err
	}
	if len(parts) == 2 && isDaily(parts[0]) == isDaily(parts[1]) {
		return period{}, &Error{Expression: text, Reason: SameKind}
	}
	return period{text: text, parts: parts}, nil
}

func parseParts(text string) ([]part, error) {
	var parts []part
	for _, s := range split(text, "&&") {
		one, err := parsePart(strings.TrimSpace(s))
		if err != nil {
			return nil, &Error{Expression: text, Reason: Unreadable, Cause: err}
		}
		parts = append(parts, one)
	}
	if len(parts) == 0 {
		return nil, &Error{Expression: text, Reason: Unreadable, Cause: errNoParts}
	}
	return parts, nil
}

// parsePart tries s as a daily expression first. The error says why s is no
// cron expression, unless s looks like a daily one.
func parsePart(s string) (part, error) {
	d, errDaily := parseDaily(s)
	if errDaily == nil {
		return d, nil
	}
	c, err := parseCron(s)
	if err == nil {
		return c, nil
	}
	if strings.Contains(s, ":") {
		return nil, errDaily
	}
	return nil, err
}

func isDaily(p part) bool {
	_, ok := p.(daily)
	return ok
}

// split cuts s as Java does: empty pieces at the end do not count.
func split(s, separator string) []string {
	pieces := strings.Split(s, separator)
	if len(pieces) == 1 {
		return pieces
	}
	for len(pieces) > 0 && pieces[len(pieces)-1] == "" {
		pieces = pieces[:len(pieces)-1]
	}
	return pieces
}

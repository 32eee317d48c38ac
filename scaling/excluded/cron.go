package excluded

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// cron is a Quartz cron expression. Of daysOfMonth and daysOfWeek one is
// unspecified.
type cron struct {
	seconds, minutes, hours, daysOfMonth, months, daysOfWeek, years field
}

// contains says whether the second of t satisfies the expression by what the
// clock shows; an hour that comes twice does so twice.
func (c *cron) contains(t time.Time) bool {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return c.seconds.values.has(second) && c.minutes.values.has(minute) && c.hours.values.has(hour) &&
		c.months.values.has(int(month)) && c.years.hasYear(year) && c.hasDay(year, month, day)
}

func (c *cron) hasDay(year int, month time.Month, day int) bool {
	if c.daysOfMonth.unspecified {
		return c.daysOfWeek.hasDayOfWeek(year, month, day)
	}
	return c.daysOfMonth.hasDayOfMonth(year, month, day)
}

// hasDayOfMonth judges by L, L-3, LW, L-3W, 15W or plain days. Of several days
// with a W among them Quartz heeds the first, with the W.
func (f *field) hasDayOfMonth(year int, month time.Month, day int) bool {
	wanted := f.values.first()
	if f.last {
		wanted = daysIn(year, month) - f.beforeLast
	}
	switch {
	case f.nearest:
		return day == nearestWeekday(year, month, wanted)
	case f.last:
		return day == wanted
	}
	return f.values.has(day)
}

// hasDayOfWeek judges by 6L, 6#3 or plain days. Of several days with a # among
// them Quartz heeds the first, with the #.
func (f *field) hasDayOfWeek(year int, month time.Month, day int) bool {
	weekday := 1 + int(dayOf(year, month, day).Weekday())
	wanted := f.values.first()
	if wanted == 0 { // only 0#n gets here; Quartz counts it as Saturday
		wanted = 7
	}
	switch {
	case f.last:
		return weekday == wanted && day+7 > daysIn(year, month)
	case f.nth > 0:
		return weekday == wanted && (day+6)/7 == f.nth
	}
	return f.values.has(weekday)
}

// nearestWeekday moves a day that is a Saturday or Sunday to the nearest
// weekday in the same month. A day that the month does not have is moved by
// what it would be in the next or previous one, as in Quartz: 31W holds on a
// Friday, June 30, since "June 31" is a Saturday.
func nearestWeekday(year int, month time.Month, day int) int {
	switch dayOf(year, month, day).Weekday() {
	case time.Saturday:
		if day == 1 {
			return day + 2
		}
		return day - 1
	case time.Sunday:
		if day == daysIn(year, month) {
			return day - 2
		}
		return day + 1
	}
	return day
}

func dayOf(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func daysIn(year int, month time.Month) int { return dayOf(year, month+1, 0).Day() }

// parseCron reads six or seven fields. Like Quartz it ignores more, and letter
// case.
func parseCron(s string) (*cron, error) {
	texts := strings.FieldsFunc(strings.ToUpper(s), func(r rune) bool { return r == ' ' || r == '\t' })
	if len(texts) < 6 {
		return nil, fmt.Errorf("it has %d fields: want 6 or 7 (second minute hour day-of-month month day-of-week [year])", len(texts))
	}
	if len(texts) == 6 {
		texts = append(texts, "*")
	}
	c := &cron{}
	fields := []*field{&c.seconds, &c.minutes, &c.hours, &c.daysOfMonth, &c.months, &c.daysOfWeek, &c.years}
	for i, f := range fields {
		f.kind = kinds[i]
		if err := f.parse(texts[i]); err != nil {
			return nil, fmt.Errorf("%s %q: %w", f.kind.name, texts[i], err)
		}
	}
	if c.daysOfMonth.unspecified == c.daysOfWeek.unspecified {
		return nil, errors.New("want ? for one of day of month and day of week, and only one")
	}
	return c, nil
}

package workload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin/yamlfile"
)

var rateUnits = map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9}

// parseRate reads a number that is not negative, with k, M or G behind it.
func parseRate(text string) (float64, error) {
	digits, by := text, 1.0
	for unit, factor := range rateUnits {
		if number, found := strings.CutSuffix(text, unit); found {
			digits, by = number, factor
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	v *= by
	if err != nil || strings.ContainsAny(digits, "xXpP") || !(v >= 0 && v <= MaxRate) {
		return 0, fmt.Errorf("%s: want a number from 0 to %g, such as 500, 25k or 2.5M", yamlfile.Quoted(text), float64(MaxRate))
	}
	return v, nil
}

// parseDuration reads Flink's durations, but none without a unit: it would be
// milliseconds, which is rarely meant.
func parseDuration(text string) (time.Duration, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "0" {
		return 0, nil
	}
	if trimmed != "" && trimmed[len(trimmed)-1] >= '0' && trimmed[len(trimmed)-1] <= '9' {
		return 0, fmt.Errorf("%s: want a unit, such as %q", yamlfile.Quoted(text), trimmed+" s")
	}
	d, err := options.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", yamlfile.Quoted(text), err)
	}
	if d > horizon {
		return 0, fmt.Errorf("%s: want at most 100 years", yamlfile.Quoted(text))
	}
	return d, nil
}

// parseClock reads a time of the day, 00:00 to 23:59.
func parseClock(text string) (time.Duration, error) {
	for _, layout := range [...]string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return timeOfDay(t), nil
		}
	}
	return 0, fmt.Errorf("%s: want a time of the day, such as \"06:30\", which needs its quotes within braces", yamlfile.Quoted(text))
}

// parseDate reads a date, or a date and time.
func parseDate(text string) (time.Time, error) {
	for _, layout := range [...]string{time.DateOnly, time.RFC3339, time.DateTime} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: want a date such as 2026-07-01, or 2026-07-01T12:00:00Z", yamlfile.Quoted(text))
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%s: want true or false", yamlfile.Quoted(text))
}

var ends = map[string]End{"hold": Hold, "loop": Loop, "silence": Silence}

func parseEnd(text string) (End, error) {
	if end, known := ends[text]; known {
		return end, nil
	}
	names := []string{"hold", "loop", "silence"}
	return Hold, fmt.Errorf("%s: want hold, loop or silence%s", yamlfile.Quoted(text), yamlfile.Suggestion(text, names))
}

// oneOf reads one of two words; the second is true.
func oneOf(usual, other string) func(string) (bool, error) {
	return func(text string) (bool, error) {
		switch text {
		case usual, other:
			return text == other, nil
		}
		return false, fmt.Errorf("%s: want %s or %s", yamlfile.Quoted(text), usual, other)
	}
}

func parseWhole(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: want a whole number that is not negative", yamlfile.Quoted(text))
	}
	return n, nil
}

func parseComma(text string) (rune, error) {
	switch text {
	case "tab", "\t":
		return '\t', nil
	case ",", ";", "|", " ":
		return rune(text[0]), nil
	}
	return 0, errors.New(yamlfile.Quoted(text) + `: want ",", ";", "|", " " or tab`)
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func parseWeekday(text string) (time.Weekday, error) {
	for i, short := range weekdays {
		if d := time.Weekday(i); strings.EqualFold(text, short) || strings.EqualFold(text, d.String()) {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%s: want mon, tue, wed, thu, fri, sat or sun", yamlfile.Quoted(text))
}

package decisions

import (
	"fmt"
	"strings"
	"time"
)

// Instant is a point in time that a person gave: an absolute one, or a time of
// day, which means the newest day that there is something about. The zero
// Instant is none.
type Instant struct {
	set   bool
	daily bool
	at    time.Time
	// ofDay is the time since midnight, UTC.
	ofDay time.Duration
	// lasts is a second for a time in whole seconds: what is shown as 12:00:00 was
	// decided within it.
	lasts time.Duration
}

// ParseInstant reads a time as RFC 3339 has it or as this package prints it:
// 2026-07-01T12:00:00Z, 2026-07-01 12:00:00 UTC, 12:00:00 UTC or 12:00. Without a
// zone it is UTC.
func ParseInstant(text string) (Instant, error) {
	plain := strings.TrimSuffix(text, " UTC")
	for _, layout := range [...]string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, plain); err == nil {
			return Instant{set: true, at: at, lasts: lasts(at)}, nil
		}
	}
	for _, layout := range [...]string{time.TimeOnly, "15:04"} {
		if at, err := time.Parse(layout, plain); err == nil {
			return Instant{set: true, daily: true, ofDay: at.Sub(midnight(at)), lasts: lasts(at)}, nil
		}
	}
	return Instant{}, fmt.Errorf("%q is no time: want one such as 2026-07-01T12:00:00Z, or 12:00:00 for the newest day (UTC)", text)
}

// on is the end of the instant, if the newest decision is of the given time.
func (i Instant) on(newest time.Time) time.Time {
	if i.daily {
		return midnight(newest).Add(i.ofDay + i.lasts)
	}
	return i.at.Add(i.lasts)
}

func lasts(t time.Time) time.Duration {
	if t.Nanosecond() != 0 {
		return 0
	}
	return time.Second - time.Nanosecond
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

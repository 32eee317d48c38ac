package excluded

import "time"

// atClock is the moment at which the clock of a zone shows what the UTC time
// clock says. Of two such moments it is the later; a time that the clock skips
// is as much later as the clock is put forward. So does Java.
func atClock(clock time.Time, zone *time.Location) time.Time {
	year, month, day := clock.Date()
	hour, minute, second := clock.Clock()
	t := time.Date(year, month, day, hour, minute, second, clock.Nanosecond(), zone)
	if again, twice := secondPass(t); twice {
		return again
	}
	// In a gap time.Date may answer with a moment before it, or with one behind.
	if short := clock.Sub(shown(t)); short > 0 {
		return t.Add(short)
	}
	return t
}

// shown is the time on t's clock, as a UTC time.
func shown(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// secondPass is the later moment at which t's clock shows the same time again,
// if the next change of that clock puts it back behind t.
func secondPass(t time.Time) (again time.Time, twice bool) {
	_, change := t.ZoneBounds()
	if change.IsZero() {
		return t, false
	}
	_, now := t.Zone()
	_, then := change.Zone()
	again = t.Add(time.Duration(now-then) * time.Second)
	return again, then < now && !again.Before(change)
}

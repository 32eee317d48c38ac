package control

import "time"

const (
	// longestWait is the longest time between two tries, unless the interval
	// is longer.
	longestWait = time.Minute
	// jitter is by which part a wait is made shorter or longer, so that many
	// watchers do not fall upon a cluster that comes back all at once.
	jitter = 0.2
	// firstReminder is how long a cluster has been away when that is said
	// again; after that, at each doubling.
	firstReminder = 5 * time.Minute
)

// outage is the time during which a cluster does not answer. The zero outage is
// none.
type outage struct {
	failures int
	since    time.Time
	remind   time.Duration
}

// speech is what is to be said of an outage.
type speech uint8

const (
	silent speech = iota
	sayAway
	sayStillAway
)

// failed notes a failure, and returns how long to wait before the next try and
// what to say. chance is in [0, 1).
func (o *outage) failed(now time.Time, interval time.Duration, chance float64) (time.Duration, speech) {
	say := silent
	switch {
	case o.failures == 0:
		*o = outage{since: now, remind: firstReminder}
		say = sayAway
	case now.Sub(o.since) >= o.remind:
		for now.Sub(o.since) >= o.remind {
			o.remind *= 2
		}
		say = sayStillAway
	}
	o.failures++
	return jittered(o.wait(interval), chance), say
}

// wait doubles with every failure, from the interval to the longest wait.
func (o *outage) wait(interval time.Duration) time.Duration {
	longest := max(interval, longestWait)
	wait := interval
	for i := 1; i < o.failures && wait < longest; i++ {
		wait *= 2
	}
	return min(wait, longest)
}

func jittered(d time.Duration, chance float64) time.Duration {
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*chance))
}

// over ends the outage, and returns how long it was and whether there was one.
func (o *outage) over(now time.Time) (time.Duration, bool) {
	if o.failures == 0 {
		return 0, false
	}
	away := now.Sub(o.since)
	*o = outage{}
	return away, true
}

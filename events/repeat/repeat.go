// Package repeat tells repetitions of events from news, in memory, for handlers
// that keep no record of their own.
package repeat

import (
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Filter remembers which events were told. The zero Filter has heard none. It is
// safe for concurrent use.
type Filter struct {
	mu sync.Mutex
	// told holds when an event with an interval was told last, and which
	// interval that was.
	told map[identity]telling
	// tidyAt is the number of entries in told at which the old ones are dropped.
	tidyAt int
}

// identity is what makes two events of a job the same.
type identity struct {
	job    autoscaler.JobKey
	reason string
	key    string
}

type telling struct {
	at       time.Time
	interval time.Duration
	changes  string
}

// Repeated tells whether the event was told less than its interval ago; if not,
// it is taken as told now. A report of other changes is another event.
func (f *Filter) Repeated(job autoscaler.JobKey, e autoscaler.Event) bool {
	if e.Interval <= 0 {
		return false
	}
	id := identity{job, e.Reason, e.Key}
	if id.key == "" {
		id.key = e.Message
	}
	changes := autoscaler.ChangesText(e.Changes)
	f.mu.Lock()
	defer f.mu.Unlock()
	if last, known := f.told[id]; known && last.changes == changes && e.At.Before(last.at.Add(e.Interval)) {
		return true
	}
	f.forgetOld(e.At)
	if f.told == nil {
		f.told = map[identity]telling{}
	}
	f.told[id] = telling{e.At, e.Interval, changes}
	return false
}

// tidyFrom is the number of entries below which none is worth dropping.
const tidyFrom = 1024

// forgetOld keeps the memory bounded by what may still be a repetition. It looks
// again when the rest has doubled, so that it costs little an event.
func (f *Filter) forgetOld(now time.Time) {
	if len(f.told) < max(tidyFrom, f.tidyAt) {
		return
	}
	for id, t := range f.told {
		if !now.Before(t.at.Add(t.interval)) {
			delete(f.told, id)
		}
	}
	f.tidyAt = 2 * len(f.told)
}

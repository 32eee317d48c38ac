package fleet

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// keptRestarts is how many restarts of a job are kept.
const keptRestarts = 200

// restarts are the times at which a job came back to RUNNING, the newest last.
type restarts struct {
	since time.Time
	at    []time.Time
}

// note learns since when the job runs. The first time is that of no restart: the job
// may have run all along.
func (r *restarts) note(since time.Time) {
	if since.IsZero() || since.Equal(r.since) {
		return
	}
	if !r.since.IsZero() && since.After(r.since) {
		if len(r.at) >= keptRestarts {
			r.at = slices.Delete(r.at, 0, keptRestarts/10)
		}
		r.at = append(r.at, since.UTC())
	}
	r.since = since
}

// Restarts are the times at which a job came back to RUNNING, between two instants,
// the newest last: those that the passes saw. It is empty for a job that is not known.
func (b *Book) Restarts(key autoscaler.JobKey, from, to time.Time) []time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	j, known := b.jobs[key]
	if !known {
		return nil
	}
	var within []time.Time
	for _, at := range j.restarts.at {
		if !at.Before(from) && !at.After(to) {
			within = append(within, at)
		}
	}
	return within
}

package jobs

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// run is what is known of one run of a job: from its submission, or its recovery
// by another JobManager, to its end. A rescale does not end it.
type run struct {
	summary flink.JobSummary
	metrics *autoscaler.SelfMetrics
	// view is nil until the configuration has been read.
	view *view
	// readAt is when it was read, or was tried to be read again, last.
	readAt time.Time
	// stale: the cluster was away since.
	stale bool
	seen  time.Time

	// err is why the last reading failed; the next one is not before retryAt.
	err      error
	failures int
	retryAt  time.Time
}

// view is a job as its configuration presents it.
type view struct {
	setting *setting
	scope   autoscaler.Scope
	why     string
}

const (
	// keepMissing is how long a job that is not listed is remembered: longer
	// than any JobManager takes to recover its jobs.
	keepMissing = time.Hour
	// retryFirst is the wait after the second failed reading; the first is
	// repeated at once.
	retryFirst = 10 * time.Second
)

// match brings the known runs up to the list.
func (c *Cluster) match(summaries []flink.JobSummary, now time.Time) {
	for i := range summaries {
		s := summaries[i]
		if s.State.Terminal() {
			delete(c.runs, s.ID)
			continue
		}
		r := c.runs[s.ID]
		if r == nil {
			r = &run{metrics: &autoscaler.SelfMetrics{}}
			c.runs[s.ID] = r
		} else if r.summary.StartTime != s.StartTime {
			*r = run{metrics: r.metrics}
		}
		r.summary, r.seen = s, now
	}
	maps.DeleteFunc(c.runs, func(_ flink.JobID, r *run) bool { return now.Sub(r.seen) > keepMissing })
}

// due lists the runs to read now: those never read, then those that may have
// changed while the cluster was away, then the oldest, so many that all have
// their turn within RefreshEvery.
func (c *Cluster) due(now time.Time) []*run {
	var unread, stale, known []*run
	for _, r := range c.runs {
		// Of a job that does not run nothing is needed yet, and Flink may not
		// know its configuration.
		listed := r.seen.Equal(now) && r.summary.State == flink.JobRunning
		switch {
		case !listed || now.Before(r.retryAt):
		case r.view == nil:
			unread = append(unread, r)
		case r.stale:
			stale = append(stale, r)
		default:
			known = append(known, r)
		}
	}
	for _, runs := range [...][]*run{unread, stale, known} {
		slices.SortFunc(runs, oldestFirst)
	}
	return slices.Concat(unread, stale, known[:c.turns(len(known), now)])
}

// oldestFirst orders by the last reading; ties, such as never, by start and id.
func oldestFirst(a, b *run) int {
	return cmp.Or(
		a.readAt.Compare(b.readAt),
		cmp.Compare(a.summary.StartTime, b.summary.StartTime),
		cmp.Compare(a.summary.ID, b.summary.ID),
	)
}

// turns is how many of n known configurations are to be read again: n within
// each RefreshEvery, evenly.
func (c *Cluster) turns(n int, now time.Time) int {
	if c.fetched.IsZero() || n == 0 {
		return 0
	}
	share := now.Sub(c.fetched).Seconds() / c.cfg.RefreshEvery.Seconds()
	c.credit = min(c.credit+float64(n)*share, float64(n))
	turns := int(c.credit)
	c.credit -= float64(turns)
	return turns
}

// failed notes a reading that failed. A configuration that is known stays in
// use: the job is the same run.
func (r *run) failed(err error, now time.Time, longest time.Duration) {
	r.failures++
	wait := time.Duration(0)
	if r.failures > 1 {
		wait = min(retryFirst<<min(r.failures-2, 16), longest)
	}
	r.retryAt, r.readAt = now.Add(wait), now
	if r.view == nil {
		r.err = err
	}
}

// took notes a reading.
func (r *run) took(v *view, now time.Time) {
	r.view, r.readAt, r.stale = v, now, false
	r.err, r.failures, r.retryAt = nil, 0, time.Time{}
}

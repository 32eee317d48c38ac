package control

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// cluster watches one cluster. Its own goroutine lists and starts; the passes
// that it started come back to it under mu.
type cluster struct {
	*Loop
	index   int
	fetcher autoscaler.JobListFetcher
	log     *slog.Logger
	outage  outage
	heard   bool // the cluster has answered before

	mu      sync.Mutex
	roster  *roster
	counted int64 // requests that are in some LoopStats
	// met is true once the cluster has answered: before that, its address may be
	// wrong.
	met bool
}

func newCluster(l *Loop, index int, f autoscaler.JobListFetcher) *cluster {
	return &cluster{
		Loop: l, index: index, fetcher: f,
		log:    l.cfg.Logger.With(slog.String("cluster", f.Name())),
		roster: newRoster(l.cfg.GoneAfter),
	}
}

// watch looks again and again until ctx ends. Passes run under a context of
// their own, which ends later.
func (c *cluster) watch(ctx, passes context.Context) {
	for ctx.Err() == nil {
		waited(ctx.Done(), c.look(ctx, passes))
	}
}

// look lists the jobs and starts their passes. It returns how long to wait
// before the next look.
func (c *cluster) look(ctx, passes context.Context) time.Duration {
	started := c.cfg.Now()
	list, err := c.fetch(ctx)
	if ctx.Err() != nil {
		return 0
	}
	r := newRound(LoopStats{Cluster: c.fetcher.Name(), Started: started, Err: err}, c.deliver)
	defer r.end()
	if err != nil {
		return c.away(ctx, err)
	}
	c.answered(list)
	c.share(ctx, list)
	c.dispatch(ctx, passes, r, list)
	return max(0, c.cfg.Interval-c.cfg.Now().Sub(started))
}

// fetch lists the jobs, and takes a panic for an error.
func (c *cluster) fetch(ctx context.Context) (list autoscaler.JobList, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	err = guarded(func() (err error) {
		list, err = c.fetcher.Fetch(ctx)
		return err
	})
	return list, err
}

func (c *cluster) away(ctx context.Context, err error) time.Duration {
	c.mu.Lock()
	c.roster.away()
	c.mu.Unlock()
	wait, say := c.outage.failed(c.cfg.Now(), c.cfg.Interval, c.cfg.Rand())
	attrs := append(errorAttrs(err), slog.Duration("retry_in", wait.Round(time.Millisecond)))
	switch say {
	case sayAway:
		if !c.met {
			attrs = append(attrs, slog.String("hint", "want the REST address of a JobManager, such as http://localhost:8081; trying again until it answers"))
		}
		c.log.LogAttrs(ctx, slog.LevelWarn, "cluster does not answer", attrs...)
	case sayStillAway:
		c.log.LogAttrs(ctx, slog.LevelWarn, "cluster still does not answer", append(attrs, slog.Duration("away", c.cfg.Now().Sub(c.outage.since)))...)
	case silent:
		c.log.LogAttrs(ctx, slog.LevelDebug, "cluster does not answer", attrs...)
	}
	return wait
}

func (c *cluster) answered(list autoscaler.JobList) {
	c.met = true
	living := len(list.Jobs) + len(list.Skipped)
	away, was := c.outage.over(c.cfg.Now())
	switch {
	case was:
		c.log.Info("cluster answers again", slog.Duration("away", away), slog.Int("jobs", living))
	case !c.heard:
		c.log.Info("cluster answers", slog.Int("jobs", living))
	}
	c.heard = true
}

// dispatch has the jobs of a list worked on. It ends when all are begun, or
// when the next list is due: what was not begun is then the first.
func (c *cluster) dispatch(ctx, passes context.Context, r *round, list autoscaler.JobList) {
	turn, done := context.WithTimeout(ctx, c.cfg.Interval)
	defer done()
	unclean, due := c.enrol(r, list)
	for _, key := range unclean {
		if !c.slots.take(turn, c.index) {
			break
		}
		c.begin(r, key, func() { c.clean(passes, r, key) })
	}
	for i, job := range due {
		ctx, leave, ours := c.cfg.Shard.Enter(passes, job.Key)
		if !ours {
			r.note(func(s *LoopStats) { s.Elsewhere++ })
			continue
		}
		if !c.slots.take(turn, c.index) {
			leave()
			r.note(func(s *LoopStats) { s.Late = len(due) - i })
			break
		}
		begun := c.begin(r, job.Key, func() {
			defer leave()
			c.pass(ctx, r, job)
		})
		if !begun {
			leave()
		}
	}
}

// enrol brings the roster up to the list, says what has changed, and returns
// the jobs to forget and those to run a pass over.
func (c *cluster) enrol(r *round, list autoscaler.JobList) (unclean []autoscaler.JobKey, due []*autoscaler.JobContext) {
	c.mu.Lock()
	now := c.cfg.Now()
	changes := c.roster.listed(list, now)
	due, overlapped, slow := c.roster.due(list.Jobs, now, c.cfg.JobTimeout)
	unclean = c.roster.unclean()
	c.mu.Unlock()

	c.say(append(changes, slow...))
	r.note(func(s *LoopStats) {
		s.Jobs = len(list.Jobs) + len(list.Skipped)
		s.Overlapped, s.Skipped = overlapped, len(list.Skipped)
		for _, job := range list.Skipped {
			if job.Err != nil {
				s.Unreadable++
			}
		}
	})
	return unclean, due
}

// begin has work done on a goroutine of its own. The slot is taken; it is given
// back, and false returned, if the job is at work already, which a list that names
// it twice may ask.
func (c *cluster) begin(r *round, key autoscaler.JobKey, work func()) bool {
	c.mu.Lock()
	free := c.roster.begin(key, c.cfg.Now())
	c.mu.Unlock()
	if !free {
		c.slots.release(c.index)
		return false
	}
	r.begin()
	c.running.Add(1)
	c.passes.Go(func() {
		defer c.running.Add(-1)
		defer r.end()
		defer c.slots.release(c.index)
		work()
	})
	return true
}

// deliver completes the stats of a look and hands them out.
func (c *cluster) deliver(stats LoopStats) {
	c.telling.Lock()
	defer c.telling.Unlock()
	stats.Duration = c.cfg.Now().Sub(stats.Started)
	if counter, ok := c.fetcher.(requestCounter); ok {
		total := counter.Requests()
		stats.Requests, c.counted = total-c.counted, total
	}
	if c.cfg.OnLoop != nil {
		c.cfg.OnLoop(stats)
	}
}

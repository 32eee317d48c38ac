// Package advise looks at clusters without touching them: it runs the passes of
// the autoscaler and hands out what would be decided and why. It can wait until
// the metric window is full, answer at once from what a job has counted since
// its last start, or replay a recording.
package advise

import (
	"context"
	"errors"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// Config is what a look needs. Scaler must not change anything: see package
// realize/report.
type Config struct {
	Fetchers  []autoscaler.JobListFetcher
	Scaler    *autoscaler.Autoscaler
	Collector autoscaler.MetricCollector
	// Interval is the time between two samples.
	Interval time.Duration
	// Now is the clock, Wait sleeps on it.
	Now  func() time.Time
	Wait func(context.Context, time.Duration) error
	// Wanted narrows the jobs down by key and name; nil takes all.
	Wanted func(*autoscaler.JobContext) bool
	// Progress is told how far the windows are, nil tells nobody.
	Progress func(Progress)
}

// Progress says how many of the jobs have a full window, and when the last one
// will have it.
type Progress struct {
	Ready, Jobs int
	FullAt      time.Time
}

// ErrNoJobs says that there is nothing to advise on.
var ErrNoJobs = errors.New("no running job was found")

// patience is how many looks in a row have to fail before the failure is the
// answer: one that takes a whole window must not end with a dropped connection.
const patience = 3

// reasonError is the reason of an entry about a job that could not be looked at.
const reasonError = "error"

// UntilFull samples every job until its window is full, and returns one entry a
// job. Jobs that cannot be decided on are in the result with the reason. It fails
// when the first list of jobs cannot be had, or three later ones in a row.
func UntilFull(ctx context.Context, c Config) ([]decisions.Entry, error) {
	failures := map[autoscaler.JobKey]int{}
	for lost, heard := 0, false; ; {
		found, err := c.fetch(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil:
			lost, heard = 0, true
			entries, progress, err := c.sample(ctx, found, failures)
			if err != nil || progress.Ready == progress.Jobs {
				return entries, err
			}
			c.tell(progress)
		case !heard || lost+1 == patience:
			return nil, err
		default:
			lost++
		}
		if err := c.Wait(ctx, c.Interval); err != nil {
			return nil, err
		}
	}
}

// sample runs one pass over every job. failures counts, per job, the passes in a
// row that failed.
func (c *Config) sample(ctx context.Context, f found, failures map[autoscaler.JobKey]int) ([]decisions.Entry, Progress, error) {
	entries := make([]decisions.Entry, 0, len(f.jobs)+len(f.skipped))
	progress := Progress{Jobs: len(f.jobs) + len(f.skipped)}
	for _, job := range f.jobs {
		report, err := c.Scaler.Scale(ctx, job)
		if ctx.Err() != nil {
			return nil, progress, ctx.Err()
		}
		entries = append(entries, entryOf(&report, err))
		switch failures[job.Key]++; {
		case err == nil:
			delete(failures, job.Key)
			progress.add(&report)
		case failures[job.Key] >= patience:
			progress.Ready++
		}
	}
	for _, job := range f.skipped {
		entries = append(entries, c.unread(job))
		switch failures[job.Key]++; {
		case job.Err == nil:
			delete(failures, job.Key)
		case failures[job.Key] >= patience:
			progress.Ready++
		}
	}
	return entries, progress, nil
}

// entryOf is the entry of a pass, which may have failed.
func entryOf(r *autoscaler.Report, err error) decisions.Entry {
	entry := decisions.New(r)
	if err != nil {
		entry.Reason, entry.Detail = reasonError, err.Error()
	}
	return entry
}

func (c *Config) tell(p Progress) {
	if c.Progress != nil {
		c.Progress(p)
	}
}

// add counts a pass that succeeded. A job that cannot be judged at all is ready.
func (p *Progress) add(r *autoscaler.Report) {
	filling := r.Topology != nil && !r.Window.Full
	starting := r.Topology == nil && r.Decision.Reason == scaling.ReasonWindowNotFull
	if !filling && !starting {
		p.Ready++
	}
	if filling && r.Window.FullAt.After(p.FullAt) {
		p.FullAt = r.Window.FullAt
	}
}

// AtOnce judges every job by the counters since its last start. A job that
// cannot be looked at is in the result with the reason. What may stand against a
// restart just now, such as a savepoint, is not looked at.
func AtOnce(ctx context.Context, c Config) ([]decisions.Entry, error) {
	f, err := c.fetch(ctx)
	if err != nil {
		return nil, err
	}
	entries := make([]decisions.Entry, 0, len(f.jobs)+len(f.skipped))
	for _, job := range f.jobs {
		entry, err := c.sinceStart(ctx, job)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			entry = entryOf(&autoscaler.Report{Job: job.Key, Name: job.Name, At: c.Now(), Scope: job.Scope, Why: job.Why}, err)
		}
		entries = append(entries, entry)
	}
	for _, job := range f.skipped {
		entries = append(entries, c.unread(job))
	}
	return entries, nil
}

// found is what the fetchers list, narrowed down to what is wanted.
type found struct {
	jobs    []*autoscaler.JobContext
	skipped []autoscaler.SkippedJob
}

func (c *Config) fetch(ctx context.Context) (found, error) {
	var all found
	for _, fetcher := range c.Fetchers {
		list, err := fetcher.Fetch(ctx)
		if err != nil {
			return found{}, err
		}
		for _, job := range list.Jobs {
			if !job.Status.Terminal() && c.wants(job) {
				all.jobs = append(all.jobs, job)
			}
		}
		for _, job := range list.Skipped {
			if c.wants(&autoscaler.JobContext{Key: job.Key, Name: job.Name}) {
				all.skipped = append(all.skipped, job)
			}
		}
	}
	if len(all.jobs)+len(all.skipped) == 0 {
		return found{}, ErrNoJobs
	}
	return all, nil
}

func (c *Config) wants(job *autoscaler.JobContext) bool { return c.Wanted == nil || c.Wanted(job) }

// unread is the entry of a job whose configuration is not known: nothing may be
// done with it.
func (c *Config) unread(job autoscaler.SkippedJob) decisions.Entry {
	const why = "its configuration has not been read"
	err := job.Err
	if err == nil {
		err = errors.New(why)
	}
	return entryOf(&autoscaler.Report{Job: job.Key, Name: job.Name, At: c.Now(), Scope: autoscaler.ScopeIgnore, Why: why}, err)
}

func (c *Config) sinceStart(ctx context.Context, job *autoscaler.JobContext) (decisions.Entry, error) {
	report := autoscaler.Report{Job: job.Key, Name: job.Name, At: c.Now(), Scope: job.Scope, Why: job.Why}
	if reason, detail := job.NotJudged(); reason != "" {
		report.Decision = scaling.Decision{At: report.At, Reason: reason, Detail: detail}
		return decisions.New(&report), nil
	}
	settings, err := autoscaler.SettingsFor(job)
	if err != nil {
		return decisions.Entry{}, err
	}
	// Flink fetches metrics when somebody asks, and answers the first question
	// with what it had before: nothing, if nobody asked for a while.
	for range firstAnswers {
		if err = c.judge(ctx, job, settings.Scaling, &report); err != nil || report.Decision.Reason != scaling.ReasonUnknownRate {
			break
		}
		if err = c.Wait(ctx, betweenAnswers); err != nil {
			break
		}
	}
	if err != nil {
		return decisions.Entry{}, err
	}
	return decisions.New(&report), nil
}

// firstAnswers and betweenAnswers outlast Flink's default interval of fetching
// metrics, 10 s.
const (
	firstAnswers   = 7
	betweenAnswers = 2 * time.Second
)

// judge decides on the counters since the job's last start.
func (c *Config) judge(ctx context.Context, job *autoscaler.JobContext, config scaling.Config, report *autoscaler.Report) error {
	o, err := c.Collector.Collect(ctx, job, scaling.Window{})
	if err != nil {
		return err
	}
	if refiner, ok := c.Collector.(autoscaler.Refiner); ok {
		if err := refiner.Refine(ctx, job, o, vertices(o.Topology)); err != nil {
			return err
		}
	}
	window := scaling.SinceStart(o.Sample)
	config.Estimator, config.MetricsWindow = scaling.Counters{}, o.Sample.At.Sub(o.Sample.RunningSince)
	out := scaling.Decide(scaling.Input{Config: &config, Topology: o.Topology, Window: window, Full: true, Now: c.Now()})
	report.Topology, report.Evaluation, report.Decision = o.Topology, out.Evaluation, out.Decision
	report.Window.Full = true
	if report.Decision.Scale && job.Scope == autoscaler.ScopeReport {
		report.Decision.Scale, report.Decision.Reason, report.Decision.Detail = false, autoscaler.ReasonNotScalableHere, job.Why
	}
	return nil
}

func vertices(t *scaling.Topology) []scaling.VertexID {
	ids := make([]scaling.VertexID, len(t.Vertices))
	for i := range t.Vertices {
		ids[i] = t.Vertices[i].ID
	}
	return ids
}

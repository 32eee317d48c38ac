package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/events/sqlevents"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
)

const (
	// pastReach is how far back the page reads: as far as its series reach.
	pastReach = 72 * time.Hour
	// pastEvents is how many events it reads back, pastOfJob how many decisions of a
	// job, pastOfAll how many of all jobs together; each job has some, however many.
	pastEvents     = 1000
	pastOfJob      = 100
	pastOfAll      = 20_000
	pastOfJobLeast = 10
	// pastEvery is the time between two looks for what is still missing.
	pastEvery = 500 * time.Millisecond
	// windowsFor is how long the samples of a job wait for a decision about it.
	windowsFor = 5 * time.Minute
)

// past brings back to the page what was before the process, beside the work: decisions
// and events from the database, samples as the first passes read them.
type past struct {
	book  *fleet.Book
	db    *sqldb.DB
	log   *slog.Logger
	began time.Time
	// terms are those by which samples are judged.
	terms scaling.Config

	told    bool // events are there
	failing bool
	mu      sync.Mutex
	windows map[autoscaler.JobKey]*window
}

// window is what the first look at a job's state brought.
type window struct {
	samples scaling.Window
	at      time.Time
}

// newPast returns what brings back the past of a process that begins now.
func newPast(p *process, w *wiring, book *fleet.Book) (*past, error) {
	settings, err := autoscaler.SettingsOf(p.config)
	if err != nil {
		return nil, &usageError{err}
	}
	book.Lasting(sqlevents.Key)
	return &past{book: book, db: w.db, log: p.log, began: w.now(), terms: settings.Scaling, windows: map[autoscaler.JobKey]*window{}}, nil
}

// run looks for what is missing until the context ends.
func (r *past) run(ctx context.Context) {
	for pauseFor(ctx, pastEvery) {
		err := r.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !r.failing {
			r.log.LogAttrs(ctx, slog.LevelWarn, "the page is without its past: it cannot be read", slog.String("error", err.Error()))
		}
		if r.failing = err != nil; r.failing && !pauseFor(ctx, 10*pastEvery) {
			return
		}
	}
}

func (r *past) look(ctx context.Context) error {
	if !r.told {
		if err := r.events(ctx); err != nil {
			return err
		}
		r.told = true
	}
	missing := r.book.Missing()
	for _, key := range missing {
		began := time.Now()
		if err := r.decisions(ctx, key, len(missing)); err != nil {
			return err
		}
		// Passes go first: this takes half of one processor at most.
		if !pauseFor(ctx, time.Since(began)) {
			return ctx.Err()
		}
	}
	r.drawWindows(ctx)
	return nil
}

func (r *past) events(ctx context.Context) error {
	records, err := sqlevents.Read(ctx, r.db, sqlevents.Query{Since: r.began.Add(-pastReach), Newest: pastEvents})
	if err != nil {
		return err
	}
	var kept []fleet.KeptEvent
	for _, e := range records {
		if e.First.Before(r.began) {
			kept = append(kept, fleet.KeptEvent{
				Job: e.Job, Name: e.JobName, At: e.First, Last: e.Last, Times: e.Count, Type: e.Type, Reason: e.Reason, Message: e.Message, Key: e.Key,
			})
		}
	}
	r.book.RestoreEvents(kept)
	return nil
}

// decisions brings back those about one of so many jobs.
func (r *past) decisions(ctx context.Context, key autoscaler.JobKey, jobs int) error {
	most := min(pastOfJob, max(pastOfJobLeast, pastOfAll/jobs))
	found, err := sqldecisions.OfJob(ctx, r.db, key, r.began.Add(-pastReach), most)
	if err != nil {
		return err
	}
	entries := make([]decisions.Entry, len(found))
	for i := range found {
		entries[i] = found[i].Entry
	}
	r.book.Restore(key, entries)
	return nil
}

// drawWindows draws the samples of jobs that are known by now.
func (r *past) drawWindows(ctx context.Context) {
	r.mu.Lock()
	pending := make(map[autoscaler.JobKey]*window, len(r.windows))
	for key, w := range r.windows {
		if w.at.IsZero() {
			continue
		}
		pending[key] = w
	}
	r.mu.Unlock()
	for key, w := range pending {
		began := time.Now()
		if r.book.RestoreWindow(key, w.samples, &r.terms) || began.Sub(w.at) > windowsFor {
			r.mu.Lock()
			*w = window{} // it was looked at, and is not again
			r.mu.Unlock()
		}
		if !pauseFor(ctx, time.Since(began)) {
			return
		}
	}
}

// over is a factory of stores whose first look at each job is noted.
func (r *past) over(open autoscaler.StateStoreFactory) autoscaler.StateStoreFactory {
	if r == nil {
		return open
	}
	return func(ctx context.Context) (autoscaler.StateStore, error) {
		store, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return noting{store, r}, nil
	}
}

// noting is a store whose first look at each job is noted.
type noting struct {
	autoscaler.StateStore
	past *past
}

// Get implements [autoscaler.StateStore].
func (n noting) Get(ctx context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	state, err := n.StateStore.Get(ctx, key)
	if err == nil {
		n.past.note(key, state.Window)
	}
	return state, err
}

// Remove implements [autoscaler.StateStore].
func (n noting) Remove(ctx context.Context, key autoscaler.JobKey) error {
	n.past.mu.Lock()
	delete(n.past.windows, key)
	n.past.mu.Unlock()
	return n.StateStore.Remove(ctx, key)
}

func (r *past) note(key autoscaler.JobKey, samples scaling.Window) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, seen := r.windows[key]; seen {
		return
	}
	w := &window{}
	if len(samples.Samples) > 1 {
		*w = window{samples, time.Now()}
	}
	r.windows[key] = w
}

// pauseFor waits; false when the context has ended.
func pauseFor(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// listing is a fetcher whose page knows the jobs before their first passes.
type listing struct {
	autoscaler.JobListFetcher
	cluster string // its name in the keys of jobs
	book    *fleet.Book
}

// Requests is how many the cluster got.
func (l listing) Requests() int64 { return requestsOf(l.JobListFetcher) }

// Fetch implements [autoscaler.JobListFetcher].
func (l listing) Fetch(ctx context.Context) (autoscaler.JobList, error) {
	list, err := l.JobListFetcher.Fetch(ctx)
	if err != nil {
		return list, err
	}
	jobs := make([]fleet.Listed, 0, len(list.Jobs)+len(list.Skipped))
	for _, job := range list.Jobs {
		jobs = append(jobs, fleet.Listed{Key: job.Key, Name: job.Name})
	}
	for _, job := range list.Skipped {
		jobs = append(jobs, fleet.Listed{Key: job.Key, Name: job.Name})
	}
	l.book.List(l.cluster, jobs)
	return list, nil
}

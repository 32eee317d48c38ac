package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// Config is what an autoscaler needs of the platform.
type Config struct {
	Collector MetricCollector
	// OpenStore is called at the start, and again when a store became invalid.
	OpenStore StateStoreFactory
	Events    EventHandler
	Realizer  Realizer
	// Resources tells whether the platform has room for a rescale; nil means that
	// it always has.
	Resources ResourceCheck
	// Extensions are parts of the algorithm that configuration may name.
	Extensions Extensions
	// Zone is that of excluded periods; nil is the local one.
	Zone *time.Location
	// Recorder keeps decisions as data; nil keeps none.
	Recorder DecisionRecorder
	// Now is the clock.
	Now func() time.Time
}

// Autoscaler runs passes. Passes over different jobs may run at the same time;
// passes over one job must not.
type Autoscaler struct {
	cfg Config

	mu    sync.Mutex
	store StateStore
	// windows are those of jobs that were taken out by configuration.
	windows map[JobKey]scaling.Window
}

// New opens the state store. It fails when a part of cfg is missing.
func New(ctx context.Context, cfg Config) (*Autoscaler, error) {
	switch {
	case cfg.Collector == nil:
		return nil, errors.New("new autoscaler: no metric collector given")
	case cfg.OpenStore == nil:
		return nil, errors.New("new autoscaler: no state store given")
	case cfg.Events == nil:
		return nil, errors.New("new autoscaler: no event handler given")
	case cfg.Realizer == nil:
		return nil, errors.New("new autoscaler: no realizer given")
	case cfg.Now == nil:
		return nil, errors.New("new autoscaler: no clock given")
	}
	if cfg.Zone == nil {
		cfg.Zone = time.Local
	}
	a := &Autoscaler{cfg: cfg, windows: map[JobKey]scaling.Window{}}
	if _, err := a.stateStore(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// stateStore is the store in use, opened if there is none.
func (a *Autoscaler) stateStore(ctx context.Context) (StateStore, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store != nil {
		return a.store, nil
	}
	store, err := a.cfg.OpenStore(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the state store: %w", err)
	}
	a.store = store
	return store, nil
}

// dropIfInvalid lets the next pass open the store anew after an error that says
// so.
func (a *Autoscaler) dropIfInvalid(err error, used StateStore) {
	if !errors.Is(err, ErrStoreInvalid) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store == used {
		a.store = nil
	}
}

// Scale runs one pass over a job. An error has been told as an event already;
// it is returned so that the caller can count it.
func (a *Autoscaler) Scale(ctx context.Context, job *JobContext) (Report, error) {
	p := &pass{
		Autoscaler: a, job: job, now: a.cfg.Now(),
		report: Report{Job: job.Key, Name: job.Name, Scope: job.Scope, Why: job.Why, Held: job.Held},
	}
	p.report.At = p.now
	err := p.ended(ctx, p.run(ctx))
	if unsaved(err) {
		return p.report, err
	}
	handover := p.ended(ctx, p.handOver(ctx, err != nil))
	return p.report, errors.Join(err, handover)
}

// ended tells an error of the pass, and takes one that is none back.
func (p *pass) ended(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrNotOurs) || errors.Is(context.Cause(ctx), ErrNotOurs) {
		return err
	}
	var notReady *NotReadyError
	if errors.As(err, &notReady) {
		p.report.Decision = scaling.Decision{At: p.now, Reason: scaling.ReasonWindowNotFull, Detail: notReady.Err.Error()}
		return nil
	}
	var refused *refusedConfigError
	if errors.As(err, &refused) {
		return errors.Join(err, p.tellRefused(ctx, refused)) // no pass, so that none is counted
	}
	p.job.Metrics.failed()
	if errors.Is(err, flink.KindUnreachable) || errors.Is(err, ErrStoreAway) {
		return err // the cluster or the store is away: who watches it says so once, not once a job
	}
	return errors.Join(err, p.tellError(ctx, err))
}

// unsaved tells whether a pass ended since its state could not be written: then
// nothing that rests on it is done, or written by another way.
func unsaved(err error) bool {
	return errors.Is(err, ErrStateConflict) || errors.Is(err, ErrStoreAway)
}

// Cleanup forgets a job that is gone.
func (a *Autoscaler) Cleanup(ctx context.Context, key JobKey) error {
	a.cfg.Collector.Forget(key)
	a.takeWindow(key)
	store, err := a.stateStore(ctx)
	if err != nil {
		return err
	}
	if err := flushed(ctx, store, store.Remove(ctx, key)); err != nil {
		a.dropIfInvalid(err, store)
		return fmt.Errorf("clean up job %s: %w", key, err)
	}
	return nil
}

// keepWindow holds the window of a job that configuration takes out, as the
// reference does: enabled again in the same process, it goes on from there.
func (a *Autoscaler) keepWindow(key JobKey, w scaling.Window) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(w.Samples) > 0 {
		a.windows[key] = w
	}
}

func (a *Autoscaler) takeWindow(key JobKey) scaling.Window {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.windows[key]
	delete(a.windows, key)
	return w
}

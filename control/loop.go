package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Scaler runs passes over jobs; [autoscaler.Autoscaler] is one.
type Scaler interface {
	// Scale runs one pass. It has told its error itself.
	Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error)
	// Cleanup forgets a job that is gone. It is repeated until it succeeds.
	Cleanup(ctx context.Context, key autoscaler.JobKey) error
}

// Config is what a [Loop] is made of. Fetchers, Scaler, Now and Logger are
// needed.
type Config struct {
	// Fetchers list the jobs, one for each cluster.
	Fetchers []autoscaler.JobListFetcher
	Scaler   Scaler
	// Shard says which jobs are ours; nil for all of them.
	Shard Shard
	// Interval is the time from the start of one look at a cluster to the next;
	// default 10 s.
	Interval time.Duration
	// Parallelism is how many passes run at once, over all clusters; default 16
	// for each processor.
	Parallelism int
	// JobTimeout is the deadline of one pass; default 30 s.
	JobTimeout time.Duration
	// GoneAfter is how long a job must be missing from successful lists before
	// it is forgotten. At 0 the second such list is enough.
	GoneAfter time.Duration
	// Grace is how long passes may go on after the end was asked for; default
	// 30 s.
	Grace time.Duration
	// Flush is called once all passes have ended; nil for nothing to do.
	Flush func(context.Context) error
	// Now is the clock.
	Now func() time.Time
	// Rand gives numbers in [0, 1) for jitter; default math/rand.
	Rand   func() float64
	Logger *slog.Logger
	// OnLoop receives what each look at a cluster came to, one call at a time,
	// when the last of its passes has ended; nil for nobody.
	OnLoop func(LoopStats)
}

const (
	defaultInterval   = 10 * time.Second
	defaultJobTimeout = 30 * time.Second
	defaultGrace      = 30 * time.Second
	// fetchTimeout ends a look at a cluster whose fetcher has no end of its own.
	fetchTimeout = time.Minute
	// lastWait is how long passes that were cut may take to notice, and how
	// long Flush may take.
	lastWait = 5 * time.Second
)

// Loop watches clusters until it is told to end.
type Loop struct {
	cfg      Config
	clusters []*cluster
	slots    *slots
	passes   sync.WaitGroup
	running  atomic.Int64
	overdue  error // the cause of the deadline of a pass
	telling  sync.Mutex
}

// New checks the configuration. It starts nothing.
func New(cfg Config) (*Loop, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("new control loop: %w", err)
	}
	l := &Loop{
		cfg:     cfg,
		slots:   newSlots(cfg.Parallelism, len(cfg.Fetchers)),
		overdue: fmt.Errorf("the pass took longer than %s: %w", cfg.JobTimeout, context.DeadlineExceeded),
	}
	for i, f := range cfg.Fetchers {
		l.clusters = append(l.clusters, newCluster(l, i, f))
	}
	return l, nil
}

func (c Config) withDefaults() Config {
	if c.Interval == 0 {
		c.Interval = defaultInterval
	}
	if c.Parallelism == 0 {
		c.Parallelism = 16 * runtime.GOMAXPROCS(0)
	}
	if c.JobTimeout == 0 {
		c.JobTimeout = defaultJobTimeout
	}
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Shard == nil {
		c.Shard = alone{}
	}
	return c
}

func (c Config) check() error {
	switch {
	case len(c.Fetchers) == 0:
		return errors.New("no cluster given")
	case c.Scaler == nil:
		return errors.New("no scaler given")
	case c.Now == nil:
		return errors.New("no clock given")
	case c.Logger == nil:
		return errors.New("no logger given")
	case c.Interval < 0 || c.JobTimeout < 0 || c.GoneAfter < 0 || c.Grace < 0:
		return errors.New("a negative duration given")
	case c.Parallelism < 0:
		return fmt.Errorf("parallelism %d given; want at least 1", c.Parallelism)
	}
	names := map[string]bool{}
	for _, f := range c.Fetchers {
		if names[f.Name()] {
			return fmt.Errorf("two clusters have the name %q", f.Name())
		}
		names[f.Name()] = true
	}
	return nil
}

// Run watches the clusters until ctx is canceled. Then it starts nothing more,
// lets the passes that run come to their end within Grace, and flushes. It is
// called once. The error is what could not be ended in order.
func (l *Loop) Run(ctx context.Context) error {
	passes, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	ended := make(chan struct{})
	var watchers sync.WaitGroup
	for _, c := range l.clusters {
		watchers.Go(func() { c.watch(ctx, passes) })
	}
	go func() {
		defer close(ended)
		watchers.Wait()
		l.passes.Wait()
	}()
	<-ctx.Done()
	return errors.Join(l.finish(ended, cut), l.flush(context.WithoutCancel(ctx)))
}

// finish waits for the passes, and cuts them when Grace is over.
func (l *Loop) finish(ended <-chan struct{}, cut context.CancelCauseFunc) error {
	if n := l.running.Load(); n > 0 {
		l.cfg.Logger.Info("ending: waiting for passes", slog.Int64("running", n), slog.Duration("grace", l.cfg.Grace))
	}
	if waited(ended, l.cfg.Grace) {
		return nil
	}
	err := fmt.Errorf("%d passes had to be cut, %s after the end was asked for", l.running.Load(), l.cfg.Grace)
	cut(err)
	if !waited(ended, lastWait) {
		return fmt.Errorf("%w; %d of them ignored it", err, l.running.Load())
	}
	return err
}

func (l *Loop) flush(ctx context.Context) error {
	if l.cfg.Flush == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lastWait)
	defer cancel()
	if err := l.cfg.Flush(ctx); err != nil {
		return fmt.Errorf("flush at the end: %w", err)
	}
	return nil
}

// waited tells whether done was closed within d.
func waited(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

package demo

import (
	"context"
	_ "embed" // the files of the demo
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/stage"
	"github.com/sluice-project/sluice/twin/workload"
)

// The files of the demo.
var (
	//go:embed shop.yaml
	shopFile []byte
	//go:embed day.yaml
	dayFile []byte
	//go:embed sluice.yaml
	optionsFile []byte
)

// Config is what a demo is made of.
type Config struct {
	// Seed is what all chance follows from.
	Seed uint64
	// Settings are options of the autoscaler in place of those of the demo.
	Settings []options.KeyValue
	// Watch is told of every step; nil for nobody.
	Watch func(Step)
	// Recorder and Events are told what the autoscaler decides and tells; nil for
	// nobody.
	Recorder autoscaler.DecisionRecorder
	Events   autoscaler.EventHandler
	// Held tells of jobs that people hold Sluice's hand off; nil for none.
	Held func(autoscaler.JobKey) autoscaler.Obstacle
	// Logger is told what the autoscaler tells; nil for nobody.
	Logger *slog.Logger
}

// Step is what there was to see at one look of the autoscaler.
type Step struct {
	Sample
	// News are decisions and events since the step before.
	News []News
}

// News is something that happened.
type News struct {
	At   time.Time
	Text string
}

// Demo is a stage with the autoscaler at work on it. It is not safe for use by
// several goroutines.
type Demo struct {
	stage    *stage.Stage
	plan     *stage.Plan
	interval time.Duration
	target   float64
	next     time.Time // the autoscaler's next look
	end      time.Time
	now      atomic.Int64

	process options.Config
	fetcher autoscaler.JobListFetcher
	scaler  *autoscaler.Autoscaler
	ctx     context.Context
	stop    context.CancelFunc

	log   *slog.Logger
	watch func(Step)
	held  func(autoscaler.JobKey) autoscaler.Obstacle
	news  []News
	tally tally
}

// New sets the demo up. Its context ends what the autoscaler is about to do.
func New(ctx context.Context, c Config) (*Demo, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	plan, err := newPlan(c.Seed)
	if err != nil {
		return nil, fmt.Errorf("set up the demo: %w", err)
	}
	opened, err := plan.Open()
	if err != nil {
		return nil, fmt.Errorf("set up the demo: %w", err)
	}
	process, _, err := options.Load(options.LoadInput{File: "demo/sluice.yaml", FileContents: optionsFile, Flags: c.Settings})
	if err != nil {
		return nil, err
	}
	d := &Demo{stage: opened, plan: plan, log: c.Logger, watch: c.Watch, held: c.Held, end: opened.Twin().Start().Add(plan.Duration)}
	d.ctx, d.stop = context.WithCancel(ctx)
	opened.Happened = d.happened
	r := options.NewReader(process)
	d.interval, d.target = options.Read(r, options.ControlLoopInterval), options.Read(r, options.UtilizationTarget)
	if err := r.Err(); err != nil {
		return nil, err
	}
	d.move(opened.Twin().Now())
	d.next = d.Now().Add(d.interval)
	if err := d.assemble(process, c); err != nil {
		return nil, fmt.Errorf("set up the demo: %w", err)
	}
	d.tally = newTally(plan, d.target, d.Now())
	return d, nil
}

// newPlan reads the files.
func newPlan(seed uint64) (*stage.Plan, error) {
	plan, err := stage.Read(stage.File{Name: "demo/shop.yaml", Contents: shopFile})
	if err != nil {
		return nil, err
	}
	day, err := workload.ParseScenario("demo/day.yaml", fmt.Appendf(nil, "%s\nseed: %d\n", dayFile, seed), nil)
	if err != nil {
		return nil, err
	}
	plan.Cluster.Seed = seed
	return plan, plan.Follow(day)
}

// Twin is the cluster.
func (d *Demo) Twin() *twin.Twin { return d.stage.Twin() }

// Now is where the clock stands.
func (d *Demo) Now() time.Time { return time.Unix(0, d.now.Load()).UTC() }

// End is when the day is over.
func (d *Demo) End() time.Time { return d.end }

func (d *Demo) move(to time.Time) { d.now.Store(to.UnixNano()) }

// Advance moves the clock, not past the end, with the autoscaler looking at the
// cluster whenever it is time.
func (d *Demo) Advance(to time.Time) error {
	if to.After(d.end) {
		to = d.end
	}
	for !d.next.After(to) {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		if err := d.stage.Advance(d.next); err != nil {
			return err
		}
		d.move(d.next)
		d.look()
		d.next = d.next.Add(d.interval)
	}
	err := d.stage.Advance(to)
	d.move(d.Twin().Now())
	return err
}

// Options are what the autoscaler goes by.
func (d *Demo) Options() options.Config { return d.process }

// Restore refuses: what the autoscaler remembers has no way back.
func (d *Demo) Restore([]byte) error {
	return fmt.Errorf("a demo cannot be put back; sluice twin can")
}

// Close ends the demo.
func (d *Demo) Close() { d.stop() }

// look is one pass of the autoscaler over each job, and one sample for the tally.
// What fails is logged as sluice run logs it, and tried again at the next.
func (d *Demo) look() {
	list, err := d.fetcher.Fetch(d.ctx)
	if err != nil {
		d.log.LogAttrs(d.ctx, slog.LevelWarn, "the jobs cannot be listed", slog.String("error", err.Error()))
	}
	for _, job := range list.Jobs {
		if d.held != nil {
			job.Held = d.held(job.Key)
		}
		report, err := d.scaler.Scale(d.ctx, job)
		if err != nil {
			d.log.LogAttrs(d.ctx, slog.LevelDebug, "pass failed",
				slog.String("job", job.Key.String()), slog.String("name", job.Name), slog.String("error", err.Error()))
		}
		d.decided(&report)
	}
	sample := d.tally.sample(d.Twin().State())
	if d.watch != nil {
		d.watch(Step{sample, d.news})
	}
	d.news = nil
}

func (d *Demo) decided(r *autoscaler.Report) {
	if !r.Scaled {
		return
	}
	changes := d.tally.rescale(r)
	d.news = append(d.news, News{r.At, sentence(changes)})
}

func (d *Demo) happened(at time.Time, e stage.Event, err error) {
	text := e.String()
	if err != nil {
		text += " (not: " + err.Error() + ")"
	}
	d.news = append(d.news, News{at, text})
}

// locked lets requests take their turn: jobs are read side by side.
type locked struct {
	mu   sync.Mutex
	next func() http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (l *locked) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next().RoundTrip(r)
}

package workloads

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/twin"
)

// Run is a cluster with one job, and what looks after it.
type Run struct {
	Cluster twin.Config
	Job     twin.JobSpec
	// Options are those of the autoscaler that differ from its defaults; nil is no
	// autoscaler.
	Options []options.KeyValue
	// Turn is called every Every, before the autoscaler; nil for nothing.
	Turn  func(t *twin.Twin) error
	Every time.Duration
	// Loads change what arrives at a source.
	Loads    []Change
	Duration time.Duration
}

// Change is another load from a time on, in records/s.
type Change struct {
	At     time.Duration
	Source string
	Rate   float64
}

// Rescale is one change that the autoscaler asked for.
type Rescale struct {
	At time.Duration
	// From and To are by the names of vertices.
	From, To map[string]int
}

// Outcome is what a run came to.
type Outcome struct {
	Rescales []Rescale
	// End is the parallelism at the end, by the names of vertices.
	End map[string]int
}

// Steps are the parallelisms that a vertex was given one after the other.
func (o *Outcome) Steps(vertex string) []int {
	var steps []int
	for _, r := range o.Rescales {
		if r.From[vertex] != r.To[vertex] {
			steps = append(steps, r.To[vertex])
		}
	}
	return steps
}

// Do lets a run happen. It fails if the cluster or the autoscaler cannot be set up,
// and if a change of the cluster cannot be made.
func (r *Run) Do(ctx context.Context) (*Outcome, error) {
	t, err := twin.New(r.Cluster)
	if err != nil {
		return nil, err
	}
	id, err := t.Submit(r.Job)
	if err != nil {
		return nil, err
	}
	w := &world{Run: r, twin: t, job: id, names: map[string]string{}, outcome: &Outcome{End: map[string]int{}}}
	for i := range r.Job.Vertices {
		w.names[r.Job.Vertices[i].ID] = r.Job.Graph.Vertices[i].Name
	}
	if r.Options != nil {
		if err := w.assemble(ctx); err != nil {
			return nil, err
		}
	}
	if err := w.pass(ctx); err != nil {
		return nil, err
	}
	for _, v := range t.State().Jobs[0].Vertices {
		w.outcome.End[v.Name] = v.Parallelism
	}
	return w.outcome, nil
}

// world is a run as it happens.
type world struct {
	*Run
	twin     *twin.Twin
	job      string
	names    map[string]string // of vertices by their ids
	interval time.Duration     // of the autoscaler; 0 for none
	fetcher  autoscaler.JobListFetcher
	scaler   *autoscaler.Autoscaler
	outcome  *Outcome
}

// Now is the autoscaler's clock.
func (w *world) Now() time.Time { return w.twin.Now() }

// assemble builds the autoscaler of the parts that sluice run is made of. Only the
// network and the clock are others.
func (w *world) assemble(ctx context.Context) error {
	process, _, err := options.Load(options.LoadInput{Flags: w.Options})
	if err != nil {
		return err
	}
	if w.interval, err = options.Get(process, options.ControlLoopInterval); err != nil {
		return err
	}
	transport := &oneByOne{next: w.twin.Transport()}
	client, err := flink.New(flink.Config{
		Addresses: []string{"http://twin"}, WrapTransport: func(http.RoundTripper) http.RoundTripper { return transport },
	})
	if err != nil {
		return err
	}
	if w.fetcher, err = jobs.NewCluster(jobs.Config{Client: client, Process: process, Now: w.Now}); err != nil {
		return err
	}
	shared, err := collect.NewClusterMetrics(w.interval*9/10, w.Now)
	if err != nil {
		return err
	}
	collector, err := collect.New(collect.Config{Now: w.Now, Cluster: shared})
	if err != nil {
		return err
	}
	w.scaler, err = autoscaler.New(ctx, autoscaler.Config{
		Collector: collector, OpenStore: memory.New().Open, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: &rescale.Realizer{Now: w.Now}, Now: w.Now,
	})
	return err
}

// oneByOne lets requests take their turn: jobs are read side by side.
type oneByOne struct {
	mu   sync.Mutex
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (o *oneByOne) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.next.RoundTrip(r)
}

// moment is something that is due.
type moment struct {
	at   time.Duration
	what func(context.Context) error
}

// pass lets the time pass, with everything that is due on the way.
func (w *world) pass(ctx context.Context) error {
	var due []moment
	for _, c := range w.Loads {
		due = append(due, moment{c.At, func(context.Context) error { return w.twin.SetLoad(w.job, c.Source, twin.Rate(c.Rate)) }})
	}
	if w.Turn != nil {
		due = append(due, every(w.Every, w.Duration, func(context.Context) error { return w.Turn(w.twin) })...)
	}
	if w.scaler != nil {
		due = append(due, every(w.interval, w.Duration, w.look)...)
	}
	slices.SortStableFunc(due, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	for _, d := range due {
		if err := w.twin.Advance(w.twin.Start().Add(d.at)); err != nil {
			return err
		}
		if err := d.what(ctx); err != nil {
			return fmt.Errorf("after %s: %w", d.at, err)
		}
	}
	return w.twin.Advance(w.twin.Start().Add(w.Duration))
}

func every(interval, until time.Duration, what func(context.Context) error) []moment {
	var due []moment
	for at := interval; at <= until; at += interval {
		due = append(due, moment{at, what})
	}
	return due
}

// look is one pass of the autoscaler. It fails while the job restarts, as beside a
// real cluster, and is tried again at the next.
func (w *world) look(ctx context.Context) error {
	list, err := w.fetcher.Fetch(ctx)
	if err != nil {
		return ctx.Err()
	}
	for _, job := range list.Jobs {
		report, _ := w.scaler.Scale(ctx, job)
		w.note(&report)
	}
	return ctx.Err()
}

func (w *world) note(report *autoscaler.Report) {
	if !report.Scaled {
		return
	}
	r := Rescale{At: report.At.Sub(w.twin.Start()), From: map[string]int{}, To: map[string]int{}}
	for _, v := range report.Decision.Vertices {
		name := w.names[string(v.Vertex)]
		r.From[name], r.To[name] = v.From, v.To
	}
	w.outcome.Rescales = append(w.outcome.Rescales, r)
}

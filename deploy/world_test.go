package deploy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/memory"
)

// mostJobs is how many jobs have metrics.
const mostJobs = 4

// world is a process that serves metrics, whose troubles are made here.
type world struct {
	t       *testing.T
	metrics *metrics.Metrics
	book    *fleet.Book
	client  *flink.Client
	store   autoscaler.StateStore
	bad     atomic.Bool
	queued  atomic.Int64
	dropped atomic.Int64
	events  func(op string, use func() error) error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cluster := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(cluster.Close)
	probe := metrics.NewProbe(time.Now)
	w := &world{t: t, book: fleet.NewBook(time.Now), store: probe.Store(memory.New(), nil), events: probe.Around("events", "write")}
	var err error
	w.client, err = flink.New(flink.Config{
		Addresses: []string{cluster.URL},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return probe.Transport(func() string { return "prod" }, next)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	w.metrics, err = metrics.New(metrics.Config{
		Book: w.book, Clients: map[string]*flink.Client{"prod": w.client}, Version: "1.2.3", Interval: 10 * time.Second, Probe: probe, MostJobs: mostJobs,
		Gauges: []metrics.Gauge{
			{Name: "sluice_state_store_up", Help: "The database serves.", Value: func() float64 {
				if w.bad.Load() {
					return 0
				}
				return 1
			}},
			{Name: "sluice_webhook_queue_length", Help: "Events that wait.", Labels: map[string]string{"webhook": "chat"}, Value: func() float64 { return float64(w.queued.Load()) }},
			{Name: "sluice_webhook_dropped_total", Help: "Events that were dropped.", Counts: true, Labels: map[string]string{"webhook": "chat"}, Value: func() float64 { return float64(w.dropped.Load()) }},
			{Name: "sluice_database_queue_length", Help: "Events that wait.", Labels: map[string]string{"store": "events"}, Value: func() float64 { return float64(w.queued.Load()) }},
			{Name: "sluice_database_queue_dropped_total", Help: "Events that were dropped.", Counts: true, Labels: map[string]string{"store": "events"}, Value: func() float64 { return float64(w.dropped.Load()) }},
			{Name: "sluice_leases_held", Help: "Leases.", Value: func() float64 { return 1 }},
			{Name: "sluice_leases_elsewhere", Help: "Leases of others.", Value: func() float64 { return 1 }},
			{Name: "sluice_event_streams", Help: "Streams.", Value: func() float64 { return 2 }},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.pass("a-orders", nil)
	return w
}

// live has the loop go on until the test ends.
func (w *world) live() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat := time.NewTicker(50 * time.Millisecond)
		defer beat.Stop()
		for {
			w.beat(ctx)
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
		}
	}()
	w.t.Cleanup(func() { stop(); <-ended })
}

// beat is one look at the clusters.
func (w *world) beat(ctx context.Context) {
	_, _ = w.client.JobsOverview(ctx) // it is not found, which is counted
	_, _ = w.store.Get(ctx, autoscaler.JobKey{})
	_ = w.events("write", func() error { return nil })
	if w.bad.Load() {
		w.dropped.Add(1)
	}
	if !w.bad.Load() {
		w.metrics.Looked(control.LoopStats{Cluster: "prod", Duration: 300 * time.Millisecond, Jobs: 1, OK: 1})
		w.metrics.Looked(control.LoopStats{Cluster: "far", Duration: 300 * time.Millisecond})
		return
	}
	w.metrics.Looked(control.LoopStats{Cluster: "prod", Duration: time.Hour, Jobs: 100, Failed: 100})
	w.metrics.Looked(control.LoopStats{Cluster: "far", Err: errors.New("no answer")})
}

// spoil makes everything go wrong that an alert is there for.
func (w *world) spoil() {
	w.bad.Store(true)
	w.queued.Store(5)
	w.pass("b-behind", func(r *autoscaler.Report) { r.Evaluation.Vertices[0].Lag = 1e6 })
	w.pass("c-blocked", func(r *autoscaler.Report) {
		r.Obstacle = autoscaler.Obstacle{Reason: autoscaler.ReasonFailedBefore, Text: "the same change failed"}
		r.Act = &autoscaler.Act{Decided: r.At, Phase: autoscaler.PhaseFailed}
	})
	w.pass("d-failing", nil)
	w.pass("e-left-out", nil)
	failing := &autoscaler.JobContext{Key: keyOf("d-failing"), Name: "d-failing"}
	e := autoscaler.Event{At: time.Now(), Type: autoscaler.EventWarning, Reason: autoscaler.EventAutoscalerError, Message: "no metrics"}
	if err := w.book.Handle(context.Background(), failing, e); err != nil {
		w.t.Fatal(err)
	}
}

func keyOf(name string) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "prod", Job: flink.JobID("id-of-" + name)}
}

// pass is a pass over a job of a source and a worker that is at the right size, but
// for what change does.
func (w *world) pass(name string, change func(*autoscaler.Report)) {
	w.t.Helper()
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "source", Parallelism: 1, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: 2, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	at := time.Now()
	r := &autoscaler.Report{
		Job: keyOf(name), Name: name, At: at, Topology: topology, Window: scaling.Fullness{Full: true},
		Act: &autoscaler.Act{Decided: at, Phase: autoscaler.PhaseDone},
		Evaluation: &scaling.Evaluation{At: at, Vertices: []scaling.VertexEvaluation{
			{Vertex: "source", Name: "source", Parallelism: 1, MaxParallelism: 128, Load: 0.1, TrueProcessingRate: 5000, TargetRate: 500, PeakRate: 500, ScaleUpThreshold: 600, ScaleDownThreshold: 1200, HasLag: true, Lag: 70, Rates: scaling.Rates{In: 500}},
			{Vertex: "work", Name: "work", Parallelism: 2, MaxParallelism: 128, Load: 0.5, TrueProcessingRate: 1000, TargetRate: 500, PeakRate: 500, ScaleUpThreshold: 600, ScaleDownThreshold: 1200, Rates: scaling.Rates{In: 500}},
		}},
		Decision: scaling.Decision{At: at, Reason: scaling.ReasonWithinBounds, Vertices: []scaling.VertexDecision{
			{Vertex: "source", From: 1, To: 1, Recommended: 1}, {Vertex: "work", From: 2, To: 2, Recommended: 2},
		}},
	}
	if change != nil {
		change(r)
	}
	job := &autoscaler.JobContext{Key: r.Job, Name: name, Metrics: &autoscaler.SelfMetrics{}}
	if err := w.book.Record(context.Background(), job, r); err != nil {
		w.t.Fatal(err)
	}
}

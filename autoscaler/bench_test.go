package autoscaler_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/report"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/memory"
)

// steadyJob is a job of eight vertices that is as wide as it needs to be, seen
// every 10 s by its own clock. It is the collector and the clock at once.
type steadyJob struct {
	b        *testing.B
	now      time.Time
	since    time.Time
	topology *scaling.Topology
}

func newSteadyJob(b *testing.B) *steadyJob {
	b.Helper()
	inputs := [...][]int{nil, nil, {0}, {1}, {2, 3}, {4}, {5}, {6}}
	vertices := make([]scaling.Vertex, len(inputs))
	for i, from := range inputs {
		vertices[i] = scaling.Vertex{ID: scaling.VertexID(fmt.Sprintf("%032x", i)), Name: fmt.Sprint("vertex ", i), Parallelism: 4, MaxParallelism: 128}
		for _, u := range from {
			vertices[i].Inputs = append(vertices[i].Inputs, scaling.Edge{From: vertices[u].ID, Ship: scaling.ShipHash})
		}
	}
	topology, err := scaling.NewTopology(vertices)
	if err != nil {
		b.Fatal(err)
	}
	since := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	return &steadyJob{b: b, now: since.Add(time.Hour), since: since, topology: topology}
}

func (j *steadyJob) Now() time.Time { return j.now }

// Collect implements [autoscaler.MetricCollector].
func (j *steadyJob) Collect(context.Context, *autoscaler.JobContext, scaling.Window) (*autoscaler.Observation, error) {
	seconds := j.now.Sub(j.since).Seconds()
	sample := scaling.Sample{At: j.now, RunningSince: j.since, Vertices: make([]scaling.VertexSample, len(j.topology.Vertices))}
	sample.Global.Set(scaling.GCPressure, 0.01)
	for i := range sample.Vertices {
		v := &sample.Vertices[i]
		v.Vertex, v.Parallelism = j.topology.Vertices[i].ID, 4
		records := 1000 * seconds
		if i >= 4 { // from the join on there are those of both sources
			records *= 2
		}
		v.Set(scaling.NumRecordsIn, records)
		v.Set(scaling.NumRecordsOut, records)
		v.Set(scaling.AccumulatedBusyTime, 2600*seconds)
		v.Set(scaling.AccumulatedIdleTime, 1400*seconds)
		v.Set(scaling.AccumulatedBackpressuredTime, 0)
		if j.topology.Vertices[i].IsSource() {
			v.Set(scaling.Lag, 0)
		}
	}
	return &autoscaler.Observation{Topology: j.topology, Sample: sample}, nil
}

// Forget implements [autoscaler.MetricCollector].
func (j *steadyJob) Forget(autoscaler.JobKey) {}

// Handle implements [autoscaler.EventHandler].
func (j *steadyJob) Handle(_ context.Context, _ *autoscaler.JobContext, e autoscaler.Event) error {
	j.b.Errorf("a steady job gave the event %s: %s", e.Reason, e.Message)
	return nil
}

// BenchmarkPass is one pass over a job with a full window of 90 samples, state
// in memory, and nothing to change: what most passes are.
func BenchmarkPass(b *testing.B) {
	job := newSteadyJob(b)
	a, err := autoscaler.New(b.Context(), autoscaler.Config{
		Collector: job, OpenStore: memory.New().Open, Events: job, Realizer: report.Realizer{}, Now: job.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	loaded, _, err := options.Load(options.LoadInput{})
	if err != nil {
		b.Fatal(err)
	}
	settings, err := autoscaler.SettingsOf(loaded)
	if err != nil {
		b.Fatal(err)
	}
	seen := &autoscaler.JobContext{
		Key: autoscaler.JobKey{Job: "675a71a0f9edfe349acfb3ed2939082b"}, Status: flink.JobRunning,
		Config: loaded, Settings: settings,
	}
	pass := func() autoscaler.Report {
		r, err := a.Scale(b.Context(), seen)
		if err != nil {
			b.Fatal(err)
		}
		job.now = job.now.Add(10 * time.Second)
		return r
	}
	for range 100 {
		pass()
	}
	if r := pass(); !r.Window.Full || r.Decision.Reason != scaling.ReasonWithinBounds {
		b.Fatalf("after 101 passes the window is full: %t, and the decision is %q (%s)", r.Window.Full, r.Decision.Reason, r.Decision.Detail)
	}
	b.ReportAllocs()
	for b.Loop() {
		pass()
	}
}

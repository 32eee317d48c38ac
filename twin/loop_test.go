package twin

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/scheduler/slots"
	instate "github.com/sluice-project/sluice/state/memory"
)

// loop is an autoscaler beside a twin, in the twin's time.
type loop struct {
	*rig
	interval time.Duration
	jobs     *jobs.Cluster
	scaler   *autoscaler.Autoscaler
}

func newLoop(r *rig, config options.Config, interval time.Duration, transport http.RoundTripper) *loop {
	r.t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{"http://twin:8081"}, Transport: transport})
	r.do(err)
	fetcher, err := jobs.NewCluster(jobs.Config{Client: client, Process: config, Now: r.Now})
	r.do(err)
	shared, err := collect.NewClusterMetrics(interval*9/10, r.Now)
	r.do(err)
	collector, err := collect.New(collect.Config{Now: r.Now, Cluster: shared})
	r.do(err)
	scaler, err := autoscaler.New(context.Background(), autoscaler.Config{
		Collector: collector, OpenStore: instate.NewUnpacked().Open, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: &rescale.Realizer{Now: r.Now}, Now: r.Now,
	})
	r.do(err)
	return &loop{rig: r, interval: interval, jobs: fetcher, scaler: scaler}
}

// asText is a transport whose bodies are text, as those from a network are.
type asText struct{ http.RoundTripper }

func (w asText) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = struct{ io.ReadCloser }{response.Body}
	}
	return response, err
}

// turns lets the loop go round for a while.
func (l *loop) turns(d time.Duration) {
	l.t.Helper()
	for end := l.Now().Add(d); l.Now().Before(end); {
		l.pass(l.interval)
		l.turn()
	}
}

func (l *loop) turn() {
	l.t.Helper()
	list, err := l.jobs.Fetch(context.Background())
	l.do(err)
	for _, job := range list.Jobs {
		// A pass fails while the job restarts, as beside a real cluster.
		_, _ = l.scaler.Scale(context.Background(), job)
	}
}

// asked are the upper bounds of a vertex that were asked for, in order.
func (r *rig) asked(vertex string) (bounds []int, at []time.Duration) {
	r.t.Helper()
	for _, d := range r.journal.actions {
		if d.Action.Do != PutRequirements {
			continue
		}
		var all flink.ResourceRequirements
		r.do(json.Unmarshal(d.Action.Body, &all))
		bounds, at = append(bounds, all[flink.VertexID(hexID(vertex))].Parallelism.Upper), append(at, d.At)
	}
	return bounds, at
}

func stepConfig(t testing.TB) options.Config {
	t.Helper()
	file, err := os.ReadFile("../testdata/step.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := options.Load(options.LoadInput{File: "step.yaml", FileContents: file})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// The recorded run of testdata/step.yaml beside a real Flink 2.3.0: a step from 500
// to 2500/s and, 42 s later, back. What counts for how long a rescale waits for a
// checkpoint is when the loop and the steps came: the loop 2.05 s after a
// checkpoint began, the step up 0.2 s before a loop, the step down 1.9 s after one.
func TestTheAutoscalerDecidesAsBesideARealCluster(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	l := newLoop(r, stepConfig(t), 5*time.Second, r.Transport())
	r.pass(time.Minute)
	checkpoints := get[flink.Checkpoints](r, "/jobs/"+id+"/checkpoints")
	r.do(r.Advance(checkpoints.Latest.Completed.TriggerTime.Time().Add(10*time.Second + 2050*time.Millisecond)))
	l.turns(90 * time.Second)
	if got, _ := r.asked("work"); len(got) > 0 {
		t.Fatalf("asked for %v while one subtask suffices", got)
	}
	up := l.step(id, 2500, 4800*time.Millisecond)
	l.turns(40 * time.Second)
	down := l.step(id, 500, 1900*time.Millisecond)
	l.turns(2 * time.Minute)
	got, at := r.asked("work")
	if want := []int{4, 2, 1}; !slices.Equal(got, want) {
		t.Fatalf("asked for %v at %v, want %v", got, at, want)
	}
	for i, recorded := range []time.Duration{up + 5300*time.Millisecond, down + 28200*time.Millisecond, down + 93200*time.Millisecond} {
		if off := at[i] - recorded; off.Abs() > l.interval {
			t.Errorf("change %d is asked for at %v, recorded was %v: more than a loop apart", i, at[i], recorded)
		}
	}
	if d := get[flink.JobDetails](r, "/jobs/"+id); d.Vertices[1].Parallelism != 1 {
		t.Errorf("work runs at %d at the end", d.Vertices[1].Parallelism)
	}
}

// step changes the load so long after a loop, goes on to the next, and says when it
// was.
func (l *loop) step(id string, rate float64, after time.Duration) time.Duration {
	l.t.Helper()
	l.pass(after)
	l.do(l.SetLoad(id, "source", Rate(rate)))
	at := l.Now().Sub(l.Start())
	l.pass(l.interval - after)
	l.turn()
	return at
}

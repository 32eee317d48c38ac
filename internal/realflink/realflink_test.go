package realflink

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The harness in one go: what a test of the autoscaler relies on.
func TestClusterRunsAJobThatCanBeRescaledAndSteered(t *testing.T) {
	c := New(t, ClusterConfig{TaskManagers: 1, Slots: 4})
	ctx := t.Context()
	job := mustSubmit(t, c, JobSpec{Rate: 300, Cost: time.Millisecond, EvenKeys: true})

	mustRead(t, job, "work", 250, 350)
	if err := job.SetRate(900); err != nil {
		t.Fatal(err)
	}
	mustRead(t, job, "work", 800, 1000)

	rescale(t, job, map[string]int{"work": 3})
	if got := readRate(t, job, "work"); got < 800 { // and more, while it works off what lay behind
		t.Errorf("after the rescale work reads %.0f records/s, want 900 and more", got)
	}

	pids := c.Processes()
	if err := job.Cancel(ctx); err != nil {
		t.Fatal(err)
	}
	if err := job.WaitState(ctx, "CANCELED"); err != nil {
		t.Fatal(err)
	}
	c.kill()
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("%s (pid %d) is still there", name, pid)
		}
	}
}

func mustSubmit(t *testing.T, c *Cluster, spec JobSpec) *Job {
	t.Helper()
	job, err := c.Submit(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := job.WaitRunning(t.Context()); err != nil {
		t.Fatal(err)
	}
	return job
}

// mustRead waits for a rate: a job that was slow to start first works off what lay behind.
func mustRead(t *testing.T, job *Job, vertex string, least, most float64) {
	t.Helper()
	var got float64
	for range 8 {
		if got = readRate(t, job, vertex); got >= least && got <= most {
			return
		}
	}
	t.Errorf("%s reads %.0f records/s, want %.0f to %.0f", vertex, got, least, most)
}

// readRate is the records/s that a vertex reads in 5 s from now on. Its clock is the vertex's own time, counted beside the
// records: what Flink tells may be seconds older than the moment at which it tells it.
func readRate(t *testing.T, job *Job, vertex string) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var from, to Vertex
	err := poll(ctx, pollEvery, func() (bool, error) {
		v, err := job.Vertex(ctx, vertex)
		if from.ID == "" {
			from = v
		}
		to = v
		return to.Metrics.elapsed(v.Parallelism)-from.Metrics.elapsed(v.Parallelism) >= 5*time.Second, err
	})
	if err != nil {
		t.Fatalf("%s has not worked for 5 s (%+v, %+v): %v", vertex, from.Metrics, to.Metrics, err)
	}
	d := to.Metrics.elapsed(to.Parallelism) - from.Metrics.elapsed(to.Parallelism)
	return float64(to.Metrics.ReadRecords-from.Metrics.ReadRecords) / d.Seconds()
}

// elapsed is how long the subtasks have run on average.
func (m VertexMetrics) elapsed(parallelism int) time.Duration {
	ms := (m.Busy + m.Idle + m.BackPressured) / Millis(parallelism)
	return time.Duration(ms * Millis(time.Millisecond))
}

// rescale asks Flink itself, as one would by hand, and waits until it is done.
func rescale(t *testing.T, job *Job, want map[string]int) {
	t.Helper()
	type bounds struct {
		Parallelism struct {
			LowerBound int `json:"lowerBound"`
			UpperBound int `json:"upperBound"`
		} `json:"parallelism"`
	}
	c, path := job.cluster, "/jobs/"+job.ID+"/resource-requirements"
	requirements := map[string]bounds{}
	if err := c.Call(t.Context(), http.MethodGet, path, nil, &requirements); err != nil {
		t.Fatal(err)
	}
	for prefix, p := range want {
		v, err := job.Vertex(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		b := requirements[v.ID]
		b.Parallelism.UpperBound = p
		requirements[v.ID] = b
	}
	if err := c.Call(t.Context(), http.MethodPut, path, requirements, nil); err != nil {
		t.Fatal(err)
	}
	if err := job.WaitParallelism(t.Context(), want); err != nil {
		t.Fatal(err)
	}
}

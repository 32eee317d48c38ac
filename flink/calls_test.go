package flink

import (
	"bytes"
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/recording"
)

// Every call, answered by a recorded cluster: the path is one that Flink has,
// and the answer says something.
func TestEveryCallReadsWhatARealClusterAnswers(t *testing.T) {
	ctx := context.Background()
	const (
		job    = JobID("675a71a0f9edfe349acfb3ed2939082b")
		vertex = VertexID("674df9b0384c0348e0b9d1034a44c46c")
	)
	c := replay(t, "2.3.0-kafka")
	uuid := ""
	for _, e := range recorded(t, "2.3.0-kafka") {
		if _, id, found := strings.Cut(e.Path, "/rescales/details/"); found {
			uuid = id
		}
	}
	calls := map[string]func() (any, error){
		"Overview":             func() (any, error) { return c.Overview(ctx) },
		"ClusterConfig":        func() (any, error) { return c.ClusterConfig(ctx) },
		"JobManagerConfig":     func() (any, error) { return c.JobManagerConfig(ctx) },
		"TaskManagers":         func() (any, error) { return c.TaskManagers(ctx) },
		"Applications":         func() (any, error) { return c.Applications(ctx) },
		"Jobs":                 func() (any, error) { return c.Jobs(ctx) },
		"JobsOverview":         func() (any, error) { return c.JobsOverview(ctx) },
		"Job":                  func() (any, error) { return c.Job(ctx, job) },
		"JobStatus":            func() (any, error) { return c.JobStatus(ctx, job) },
		"JobConfig":            func() (any, error) { return c.JobConfig(ctx, job) },
		"JobManagerJobConfig":  func() (any, error) { return c.JobManagerJobConfig(ctx, job) },
		"Plan":                 func() (any, error) { return c.Plan(ctx, job) },
		"Checkpoints":          func() (any, error) { return c.Checkpoints(ctx, job) },
		"CheckpointConfig":     func() (any, error) { return c.CheckpointConfig(ctx, job) },
		"ResourceRequirements": func() (any, error) { return c.ResourceRequirements(ctx, job) },
		"VertexDetails":        func() (any, error) { return c.VertexDetails(ctx, job, vertex) },
		"SubtaskTimes":         func() (any, error) { return c.SubtaskTimes(ctx, job, vertex) },
		"VertexTaskManagers":   func() (any, error) { return c.VertexTaskManagers(ctx, job, vertex) },
		"Backpressure":         func() (any, error) { return c.Backpressure(ctx, job, vertex) },
		"Watermarks":           func() (any, error) { return c.Watermarks(ctx, job, vertex) },
		"SubtaskMetricNames":   func() (any, error) { return c.SubtaskMetricNames(ctx, job, vertex) },
		"VertexMetrics": func() (any, error) {
			return c.VertexMetrics(ctx, job, vertex, []string{"1.busyTimeMsPerSecond", "0.busyTimeMsPerSecond"})
		},
		"JobMetricNames": func() (any, error) { return c.JobMetricNames(ctx, job) },
		"JobMetrics": func() (any, error) {
			return c.JobMetrics(ctx, job, []string{"numRestarts", "uptime", "lastCheckpointDuration", "fullRestarts"})
		},
		"JobManagerMetricNames":  func() (any, error) { return c.JobManagerMetricNames(ctx) },
		"JobManagerMetrics":      func() (any, error) { return c.JobManagerMetrics(ctx, []string{"taskSlotsTotal", "taskSlotsAvailable"}) },
		"TaskManagerMetricNames": func() (any, error) { return c.TaskManagerMetricNames(ctx) },
		"RescaleConfig":          func() (any, error) { return c.RescaleConfig(ctx, job) },
		"RescaleHistory":         func() (any, error) { return c.RescaleHistory(ctx, job) },
		"RescaleOverview":        func() (any, error) { return c.RescaleOverview(ctx, job) },
		"RescaleSummary":         func() (any, error) { return c.RescaleSummary(ctx, job) },
		"RescaleDetails":         func() (any, error) { return c.RescaleDetails(ctx, job, uuid) },
	}
	for name, call := range calls {
		answer, err := call()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if v := reflect.ValueOf(answer); v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
			t.Errorf("%s says nothing: %+v", name, answer)
		}
	}
	if _, err := c.Exceptions(ctx, job, 20); err != nil {
		t.Errorf("Exceptions: %v", err)
	}
	if _, err := c.Accumulators(ctx, job); err != nil {
		t.Errorf("Accumulators: %v", err)
	}
	if _, err := c.DataSets(ctx); err != nil {
		t.Errorf("DataSets: %v", err)
	}
}

func TestJobDetailsHoldWhatScalingReads(t *testing.T) {
	job, err := replay(t, "2.3.0").Job(context.Background(), jobOf(t, "2.3.0"))
	if err != nil {
		t.Fatal(err)
	}
	if job.State != JobRunning || job.SchedulerType != SchedulerAdaptive || job.JobType != TypeStreaming {
		t.Errorf("job is %s %s %s", job.State, job.SchedulerType, job.JobType)
	}
	if !job.Now.Known() || job.Now.Time().Year() != 2026 || job.Timestamps.Failed.Known() || job.EndTime.Known() {
		t.Errorf("times are %v %v", job.Now, job.Timestamps)
	}
	if input := job.Plan.Nodes[1].Inputs[0]; input.ID != job.Vertices[0].ID || input.ShipStrategy != "HASH" {
		t.Errorf("input is %+v", input)
	}
}

func TestVerticesHoldWhatScalingReads(t *testing.T) {
	job, err := replay(t, "2.3.0").Job(context.Background(), jobOf(t, "2.3.0"))
	if err != nil {
		t.Fatal(err)
	}
	work := job.Vertices[1]
	if work.Parallelism != 4 || work.MaxParallelism != 128 || work.Tasks.Running != 4 {
		t.Errorf("vertex is %+v", work)
	}
	if m := work.Metrics; m.ReadRecords != 485575 || !m.ReadRecordsComplete || m.AccumulatedBusy.Or(-1) <= 0 {
		t.Errorf("metrics are %+v", m)
	}
}

func TestABatchSourceHasNoBusyTime(t *testing.T) {
	job, err := replay(t, "2.3.0-batch").Job(context.Background(), jobOf(t, "2.3.0-batch"))
	if err != nil {
		t.Fatal(err)
	}
	busy := job.Vertices[0].Metrics.AccumulatedBusy
	if v, sent := busy.Value(); !sent || v == v {
		t.Errorf("busy time is %s, want NaN", busy)
	}
	if _, finite := busy.Finite(); finite {
		t.Error("NaN counts as finite")
	}
}

func TestATransportCanBeLaidAround(t *testing.T) {
	player, err := recording.NewPlayer(recorded(t, "2.3.0"))
	if err != nil {
		t.Fatal(err)
	}
	_, last := player.Span()
	player.Advance(last)
	var file bytes.Buffer
	writer := recording.NewWriter(&file)
	c := newClient(t, Config{
		Addresses: []string{"jm"}, Transport: player, BearerToken: "hunter2",
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return recording.NewRecorder(next, player.Now, writer)
		},
	})
	if _, err := c.Overview(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := recording.Read(&file)
	if err != nil || len(got) != 1 || got[0].Path != "/overview" || !got[0].At.Equal(last) || len(got[0].Body) == 0 {
		t.Errorf("recorded %+v, %v", got, err)
	}
}

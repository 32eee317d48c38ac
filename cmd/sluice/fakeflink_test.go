package main

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// fakeFlink is a cluster of Flink 2.3 with one job: a source that feeds work that
// feeds a sink, these two of 100 records/s a subtask. Its counters follow the load in
// real time, what does not fit waits before the source, and a PUT of resource
// requirements restarts the job at another parallelism.
type fakeFlink struct {
	URL string
	job flink.JobID

	mu    sync.Mutex
	load  float64 // records/s that arrive
	tasks [3]fakeVertex
	// pending waits before the source, since is when the job became RUNNING, at
	// the time up to which the counters are.
	pending   float64
	since, at time.Time
	upper     [3]int
	requests  []fakeRequest
	fault     fault
}

// fault is laid around the cluster's answers.
type fault func(http.Handler) http.Handler

type fakeRequest struct{ method, path, authorization, body string }

// fakeVertex holds what a vertex did since the job became RUNNING: records, and
// milliseconds over all its subtasks.
type fakeVertex struct {
	id          flink.VertexID
	name        string
	parallelism int
	capacity    float64 // records/s a subtask

	in, out, busy, idle, blocked float64
}

const (
	source = flink.VertexID("0a000000000000000000000000000000")
	work   = flink.VertexID("0b000000000000000000000000000000")
	sink   = flink.VertexID("0c000000000000000000000000000000")

	// fakeRestart is how long the job does not run at a rescale.
	fakeRestart = 100 * time.Millisecond
)

// startFlink starts a cluster on loopback, whose job gets the load in records/s.
func startFlink(t *testing.T, load float64) *fakeFlink {
	t.Helper()
	now := time.Now()
	f := &fakeFlink{
		job: "0123456789abcdef0123456789abcdef", load: load, since: now, at: now, upper: [3]int{1, 1, 1},
		tasks: [3]fakeVertex{
			{id: source, name: "Source: numbers", parallelism: 1, capacity: 1000},
			{id: work, name: "work", parallelism: 1, capacity: 100},
			{id: sink, name: "Sink: nowhere", parallelism: 1, capacity: 100},
		},
	}
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

func (f *fakeFlink) serve(w http.ResponseWriter, r *http.Request) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.requests = append(f.requests, fakeRequest{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), string(sent)})
	around := f.fault
	f.mu.Unlock()
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, string(sent)) })
	if around != nil {
		handler = around(handler)
	}
	handler.ServeHTTP(w, r)
}

func (f *fakeFlink) answer(w http.ResponseWriter, r *http.Request, sent string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	path, ofJob := strings.CutPrefix(r.URL.Path, "/jobs/"+string(f.job))
	switch {
	case r.Method == http.MethodPut && path == "/resource-requirements":
		f.rescale(w, sent)
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case strings.HasSuffix(path, "/subtasks/metrics"):
		reply(w, f.sourceMetrics(flink.VertexID(strings.Split(path, "/")[2]), r.URL.Query().Get("get")))
	case strings.HasPrefix(path, "/vertices/"):
		reply(w, f.vertexDetails(flink.VertexID(strings.TrimPrefix(path, "/vertices/"))))
	default:
		body, known := f.bodies(ofJob)[path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			body = flink.ErrorBody{Errors: []string{"Not found: " + path}}
		}
		reply(w, body)
	}
}

func reply(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }

// bodies are the answers that take no parameter, by path below the job or the
// cluster.
func (f *fakeFlink) bodies(ofJob bool) map[string]any {
	if !ofJob {
		free := 8 - slices.Max([]int{f.tasks[0].parallelism, f.tasks[1].parallelism, f.tasks[2].parallelism})
		return map[string]any{
			"/config":               flink.ClusterConfig{FlinkVersion: "2.3.0"},
			"/overview":             flink.Overview{FlinkVersion: "2.3.0", TaskManagers: 1, SlotsTotal: 8, SlotsAvailable: free},
			"/jobs/overview":        flink.JobsOverview{Jobs: []flink.JobSummary{f.summary()}},
			"/jobmanager/metrics":   []flink.Metric{},
			"/taskmanagers/metrics": []flink.AggregatedMetric{},
		}
	}
	checkpoint := flink.Checkpoint{ID: f.at.Unix(), Status: flink.CheckpointCompleted, TriggerTime: flink.MillisOf(f.at.Add(-time.Second))}
	return map[string]any{
		"":        f.details(),
		"/config": flink.JobConfig{ID: f.job, Name: "orders", ExecutionConfig: &flink.ExecutionConfig{}},
		"/jobmanager/config": []flink.KeyValue{
			{Key: "jobmanager.scheduler", Value: "adaptive"},
			{Key: "metrics.fetcher.update-interval", Value: "100 ms"},
		},
		"/resource-requirements": f.requirements(),
		"/checkpoints":           flink.Checkpoints{Latest: flink.LatestCheckpoints{Completed: &checkpoint}, History: []flink.Checkpoint{checkpoint}},
		"/checkpoints/config":    flink.CheckpointConfig{Mode: "exactly_once", Interval: 1000},
	}
}

func (f *fakeFlink) summary() flink.JobSummary {
	return flink.JobSummary{
		ID: f.job, Name: "orders", JobType: flink.TypeStreaming, SchedulerType: flink.SchedulerAdaptive,
		StartTime: 1, EndTime: -1, State: f.state(), Tasks: flink.TasksTotal{Running: 3, Total: 3},
	}
}

func (f *fakeFlink) state() flink.JobStatus {
	if f.at.Before(f.since) {
		return flink.JobRestarting
	}
	return flink.JobRunning
}

func (f *fakeFlink) details() flink.JobDetails {
	d := flink.JobDetails{
		ID: f.job, Name: "orders", State: f.state(), JobType: flink.TypeStreaming, StartTime: 1, EndTime: -1,
		Now: flink.MillisOf(f.at), Timestamps: flink.JobTimestamps{Running: flink.MillisOf(f.since)},
		Plan: flink.Plan{JobID: f.job, Type: flink.TypeStreaming},
	}
	for i := range f.tasks {
		v := &f.tasks[i]
		d.Vertices = append(d.Vertices, flink.Vertex{
			ID: v.id, SlotSharingGroupID: "default", Name: v.name, MaxParallelism: 128, Parallelism: v.parallelism,
			Status: "RUNNING", Metrics: v.metrics(1),
		})
		node := flink.PlanNode{ID: v.id, Parallelism: v.parallelism}
		if i > 0 {
			node.Inputs = []flink.PlanInput{{ID: f.tasks[i-1].id, ShipStrategy: "HASH", Exchange: "pipelined_bounded"}}
		}
		d.Plan.Nodes = append(d.Plan.Nodes, node)
	}
	return d
}

// metrics are a share of what the vertex counted.
func (v *fakeVertex) metrics(share float64) flink.IOMetrics {
	return flink.IOMetrics{
		ReadRecords: int64(v.in * share), ReadRecordsComplete: true, WriteRecords: int64(v.out * share), WriteRecordsComplete: true,
		ReadBytesComplete: true, WriteBytesComplete: true,
		AccumulatedBusy: ms(v.busy * share), AccumulatedIdle: ms(v.idle * share), AccumulatedBackPressured: ms(v.blocked * share),
	}
}

func ms(x float64) flink.Float { return flink.Number(math.Floor(x)) }

func (f *fakeFlink) vertexDetails(id flink.VertexID) flink.VertexDetails {
	v := &f.tasks[slices.IndexFunc(f.tasks[:], func(v fakeVertex) bool { return v.id == id })]
	d := flink.VertexDetails{ID: id, Name: v.name, Parallelism: v.parallelism, MaxParallelism: 128, Now: flink.MillisOf(f.at), Subtasks: []flink.Subtask{}}
	for i := range v.parallelism {
		d.Subtasks = append(d.Subtasks, flink.Subtask{Index: i, Status: "RUNNING", Metrics: v.metrics(1 / float64(v.parallelism))})
	}
	return d
}

// sourceMetrics are the names of the source's metrics or, where it is asked for
// some, their sums.
func (f *fakeFlink) sourceMetrics(id flink.VertexID, ids string) any {
	v := &f.tasks[0]
	values := map[string]float64{
		"numRecordsIn": 0, "numRecordsOut": v.out,
		"Source__numbers.numRecordsIn": v.in, "Source__numbers.numRecordsOut": v.out, "Source__numbers.pendingRecords": f.pending,
		"accumulateBusyTimeMs": v.busy, "accumulateIdleTimeMs": v.idle, "accumulateBackPressuredTimeMs": v.blocked,
	}
	if id != source || ids == "" {
		names := []flink.MetricName{}
		for name := range values {
			names = append(names, flink.MetricName{ID: name})
		}
		return names
	}
	sums := []flink.AggregatedMetric{}
	for name := range strings.SplitSeq(ids, ",") {
		value, known := values[name]
		if !known {
			return []flink.AggregatedMetric{} // one unknown name, and Flink leaves out all
		}
		sums = append(sums, flink.AggregatedMetric{ID: name, Sum: ms(value)})
	}
	return sums
}

func (f *fakeFlink) requirements() flink.ResourceRequirements {
	r := flink.ResourceRequirements{}
	for i := range f.tasks {
		r[f.tasks[i].id] = flink.Require(1, f.upper[i])
	}
	return r
}

// rescale restarts the job at the upper bounds that were sent.
func (f *fakeFlink) rescale(w http.ResponseWriter, sent string) {
	var wanted flink.ResourceRequirements
	if err := json.Unmarshal([]byte(sent), &wanted); err != nil || len(wanted) != len(f.tasks) {
		w.WriteHeader(http.StatusBadRequest)
		reply(w, flink.ErrorBody{Errors: []string{"The request did not name every vertex."}})
		return
	}
	f.since = f.at.Add(fakeRestart)
	for i := range f.tasks {
		v := &f.tasks[i]
		f.upper[i] = wanted[v.id].Parallelism.Upper
		*v = fakeVertex{id: v.id, name: v.name, capacity: v.capacity, parallelism: f.upper[i]}
	}
	reply(w, flink.Empty{})
}

// advance lets the job work up to now.
func (f *fakeFlink) advance(now time.Time) {
	seconds := now.Sub(f.at).Seconds()
	running := min(seconds, now.Sub(f.since).Seconds())
	f.at = now
	f.pending += f.load * seconds
	if running <= 0 {
		return
	}
	can := math.Inf(1)
	for i := range f.tasks {
		can = min(can, f.tasks[i].capacity*float64(f.tasks[i].parallelism)*running)
	}
	records := min(f.pending, can)
	held := f.pending > can
	f.pending -= records
	for i := range f.tasks {
		v := &f.tasks[i]
		v.in, v.out = v.in+records, v.out+records
		total := 1000 * running * float64(v.parallelism)
		busy := 1000 * records / v.capacity
		v.busy += busy
		if rest := max(0, total-busy); held && i == 0 {
			v.blocked += rest
		} else {
			v.idle += rest
		}
	}
	f.tasks[len(f.tasks)-1].out = 0
}

// setLoad changes how many records/s arrive.
func (f *fakeFlink) setLoad(load float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance(time.Now())
	f.load = load
}

// suffer lays a fault around all answers; nil ends it.
func (f *fakeFlink) suffer(around fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = around
}

// asked returns the requests so far.
func (f *fakeFlink) asked() []fakeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// puts returns the bodies of the PUTs so far.
func (f *fakeFlink) puts() []string {
	var bodies []string
	for _, r := range f.asked() {
		if r.method != http.MethodGet {
			bodies = append(bodies, r.body)
		}
	}
	return bodies
}

// parallelism is that of the vertex work.
func (f *fakeFlink) parallelism() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tasks[1].parallelism
}

// startedBefore lets the job have run under its load for some time.
func (f *fakeFlink) startedBefore(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since, f.at = f.since.Add(-d), f.at.Add(-d)
}

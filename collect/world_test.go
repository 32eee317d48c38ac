package collect_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

const (
	source = "f362c87ffabe89c8a91fa7d0a523ba6c"
	work   = "674df9b0384c0348e0b9d1034a44c46c"
	sink   = "9c32e3838cee893dbb2fc90ccad79598"
)

// world is a running job of three vertices in a fake cluster, and the collector
// under test. Tests change the fields and look.
type world struct {
	t       *testing.T
	cluster *fakeCluster
	clock   *clock
	details flink.JobDetails
	// metrics is the table of the source's values, by id.
	metrics map[string]any
	// listed are names beyond those of metrics.
	listed []string
	// subtasks are the bodies of the vertices by subtask.
	subtasks  map[string]flink.VertexDetails
	job       *autoscaler.JobContext
	collector *collect.Counters
	window    scaling.Window
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, cluster: newFakeCluster(t), clock: &clock{now: started.Add(time.Minute)},
		metrics: map[string]any{
			"Source__orders.numRecordsIn": 9000, "Source__orders.numRecordsOut": 9001, "Source__orders.pendingRecords": 12,
			"numRecordsIn": 0, "numRecordsOut": 9002,
			"accumulateBusyTimeMs": 1000, "accumulateIdleTimeMs": 57000, "accumulateBackPressuredTimeMs": 500,
		},
		subtasks: map[string]flink.VertexDetails{},
	}
	w.details = flink.JobDetails{
		ID: jobID, State: flink.JobRunning, Now: flink.MillisOf(w.clock.now),
		Timestamps: flink.JobTimestamps{Running: flink.MillisOf(started)},
		Vertices: []flink.Vertex{
			vertex(source, "Source: orders", 1, counters(0, 8000, 900, 56000, 400)),
			vertex(work, "work", 2, counters(8000, 8000, 60000, 50000, 0)),
			vertex(sink, "sink", 1, counters(8000, 0, 5000, 50000, 0)),
		},
		Plan: flink.Plan{Nodes: []flink.PlanNode{
			{ID: source, Parallelism: 1},
			{ID: work, Parallelism: 2, Inputs: []flink.PlanInput{{ID: source, ShipStrategy: "HASH"}}},
			{ID: sink, Parallelism: 1, Inputs: []flink.PlanInput{{ID: work, ShipStrategy: "REBALANCE"}}},
		}},
	}
	w.subtasks[work] = bySubtask(work, 2, counters(4000, 4000, 30000, 25000, 0))
	w.cluster.set("/jobmanager/metrics?get=*", []flink.Metric{{ID: "taskSlotsTotal", Value: "8"}, {ID: "taskSlotsAvailable", Value: "5"}})
	w.cluster.set("/taskmanagers/metrics?get=*", []map[string]any{
		{"id": "Status.JVM.Memory.Heap.Max", "max": 1000},
		{"id": "Status.JVM.Memory.Heap.Used", "max": 400},
		{"id": "Status.Flink.Memory.Managed.Used", "max": 7},
		{"id": "Status.JVM.Memory.Metaspace.Used", "max": 9},
		{"id": "Status.JVM.GarbageCollector.All.TimeMsPerSecond", "max": 20},
	})
	w.job = jobContext(w.cluster.client(), map[string]string{"job.autoscaler.metrics.window": "60 s", "metrics.fetcher.update-interval": "10 s"})
	w.newCollector(time.Second)
	return w
}

func (w *world) newCollector(ttl time.Duration) {
	w.t.Helper()
	var err error
	if w.collector, err = collect.NewCounters(collect.Config{Now: w.clock.Now, Cluster: clusterMetrics(w.t, ttl, w.clock.Now)}); err != nil {
		w.t.Fatal(err)
	}
}

func vertex(id, name string, parallelism int, io flink.IOMetrics) flink.Vertex {
	return flink.Vertex{
		ID: flink.VertexID(id), Name: name, Parallelism: parallelism, MaxParallelism: 128, Status: "RUNNING",
		SlotSharingGroupID: "group", Metrics: io,
	}
}

func counters(read, written int64, busy, idle, blocked float64) flink.IOMetrics {
	return flink.IOMetrics{
		ReadRecords: read, ReadRecordsComplete: true, WriteRecords: written, WriteRecordsComplete: true,
		AccumulatedBusy: flink.Number(busy), AccumulatedIdle: flink.Number(idle), AccumulatedBackPressured: flink.Number(blocked),
	}
}

func bySubtask(id string, parallelism int, each flink.IOMetrics) flink.VertexDetails {
	d := flink.VertexDetails{ID: flink.VertexID(id), Parallelism: parallelism}
	for i := range parallelism {
		d.Subtasks = append(d.Subtasks, flink.Subtask{Index: i, Attempt: 3, Status: "RUNNING", Metrics: each})
	}
	return d
}

// vertex is the entry of a vertex in the job's details.
func (w *world) vertex(id string) *flink.Vertex {
	i := slices.IndexFunc(w.details.Vertices, func(v flink.Vertex) bool { return v.ID == flink.VertexID(id) })
	return &w.details.Vertices[i]
}

// rescale gives a vertex another parallelism, without a restart.
func (w *world) rescale(id string, parallelism int) {
	w.vertex(id).Parallelism = parallelism
	for i := range w.details.Plan.Nodes {
		if w.details.Plan.Nodes[i].ID == flink.VertexID(id) {
			w.details.Plan.Nodes[i].Parallelism = parallelism
		}
	}
	w.subtasks[id] = bySubtask(id, parallelism, counters(4000, 4000, 30000, 25000, 0))
}

// publish brings the cluster to the state of the world.
func (w *world) publish() {
	w.t.Helper()
	w.details.Now = flink.MillisOf(w.clock.Now())
	w.cluster.set("/jobs/"+string(jobID), w.details)
	ids := slices.Sorted(maps.Keys(w.metrics))
	table := []map[string]any{}
	for _, id := range ids {
		table = append(table, map[string]any{"id": id, "sum": w.metrics[id]})
	}
	w.cluster.set(metricsPath(source), names(append(ids, w.listed...)...))
	w.cluster.set(metricsPath(source)+"?get=*", table)
	for id, body := range w.subtasks {
		w.cluster.set("/jobs/"+string(jobID)+"/vertices/"+id, body)
	}
}

// look takes a sample and puts it into the window.
func (w *world) look() *autoscaler.Observation {
	w.t.Helper()
	w.publish()
	o, err := w.collector.Collect(w.t.Context(), w.job, w.window)
	if err != nil {
		w.t.Fatal(err)
	}
	w.window, _ = w.window.Add(o.Sample, time.Minute, 0)
	return o
}

// settle looks until the list of names has been read twice.
func (w *world) settle() {
	w.t.Helper()
	w.look()
	w.clock.advance(10 * time.Second)
	w.look()
	w.clock.advance(10 * time.Second)
	w.cluster.asked()
}

// measures are those of one vertex.
func measures(o *autoscaler.Observation, id string) map[string]float64 {
	return values(&o.Sample.Vertices[o.Topology.Index(scaling.VertexID(id))])
}

// count says how many of the requests were to a path.
func count(requests []string, path string) int {
	n := 0
	for _, r := range requests {
		if r == path {
			n++
		}
	}
	return n
}

const (
	detailsPath = "/jobs/" + string(jobID)
	sinkPath    = detailsPath + "/vertices/" + sink
	workPath    = detailsPath + "/vertices/" + work
	sourcePath  = detailsPath + "/vertices/" + source
)

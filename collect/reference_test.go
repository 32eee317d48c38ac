package collect_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/scaling"
)

// referenceWorld is the world with what the reference asks for, and a collector
// that takes samples of it as the reference does.
func referenceWorld(t *testing.T) (*world, *collect.Reference) {
	t.Helper()
	w := newWorld(t)
	w.publish()
	w.setSource(map[string]float64{"Source__orders.numRecordsInPerSecond": 100})
	for _, id := range []string{work, sink} {
		w.cluster.set(metricsPath(id), names("busyTimeMsPerSecond"))
		w.cluster.set(metricsPath(id)+"?get=*", []map[string]any{{"id": "busyTimeMsPerSecond", "min": 100, "avg": 400, "max": 700}})
	}
	collector, err := collect.NewReference(collect.Config{Now: w.clock.Now, Cluster: clusterMetrics(t, 0, w.clock.Now)})
	if err != nil {
		t.Fatal(err)
	}
	return w, collector
}

// setSource sets metrics of the source; all aggregates have the value given.
func (w *world) setSource(changed map[string]float64) {
	all := map[string]float64{
		"busyTimeMsPerSecond": 5, "backPressuredTimeMsPerSecond": 0, "Source__orders.numRecordsIn": 9000,
		"Source__orders.numRecordsInPerSecond": 100, "Source__orders.numRecordsOut": 9001, "Source__orders.pendingRecords": 12,
	}
	for id, v := range changed {
		all[id] = v
	}
	var ids []string
	var table []map[string]any
	for id, v := range all {
		ids = append(ids, id)
		table = append(table, map[string]any{"id": id, "min": v, "max": v, "avg": v, "sum": v})
	}
	w.cluster.set(metricsPath(source), names(ids...))
	w.cluster.set(metricsPath(source)+"?get=*", table)
}

func (w *world) referenceLook(c *collect.Reference, window scaling.Window) *autoscaler.Observation {
	w.t.Helper()
	o, err := c.Collect(w.t.Context(), w.job, window)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// observedBefore is a window in which the source was seen at a rate twice.
func observedBefore(rate float64) scaling.Window {
	var window scaling.Window
	for i := range 2 {
		s := scaling.Sample{At: started.Add(time.Duration(i+1) * time.Second), Vertices: []scaling.VertexSample{{Vertex: source}}}
		s.Vertices[0].Set(scaling.ObservedTPR, rate)
		window.Samples = append(window.Samples, s)
	}
	return window
}

func TestObservedRateIsOfTheTimeNotHeldUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                   string
		rate, lag, heldUpForMs float64
		want                   float64
	}{
		{"catching up", 100, 3000, 200, 125},
		{"just not catching up", 100, 2999, 200, 77},
		{"held up all the time", 100, 5000, 1000, 77},
		{"held up longer than there is time", 100, 5000, 1200, 77},
		{"nothing is read", 0, 5000, 0, math.Inf(1)},
		{"a negative rate", -3, 5000, 0, math.Inf(1)},
	} {
		w, c := referenceWorld(t)
		w.setSource(map[string]float64{
			"Source__orders.numRecordsInPerSecond": test.rate, "Source__orders.pendingRecords": test.lag, "backPressuredTimeMsPerSecond": test.heldUpForMs,
		})
		got := measures(w.referenceLook(c, observedBefore(77)), source)["OBSERVED_TPR"]
		if got != test.want {
			t.Errorf("%s: observed %v, want %v", test.name, got, test.want)
		}
	}
}

func TestRestartedJobHasNoObservationsToCarryForward(t *testing.T) {
	t.Parallel()
	w, c := referenceWorld(t)
	w.details.Timestamps.Running += 30_000
	w.cluster.set(detailsPath, w.details)
	got := measures(w.referenceLook(c, observedBefore(77)), source)["OBSERVED_TPR"]
	if !math.IsNaN(got) {
		t.Errorf("observed %v, want NaN", got)
	}
}

func TestReferencePrefersTheTaskCounterOfASource(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		byTask               int64
		byOperator, outgoing float64
		want                 float64
	}{{8000, 9000, 9001, 8000}, {0, 9000, 9001, 9000}, {0, 0, 9001, 9001}, {0, 0, 0, 0}, {-4, 9000, 9001, 0}} {
		w, c := referenceWorld(t)
		w.vertex(source).Metrics.ReadRecords = test.byTask
		w.cluster.set(detailsPath, w.details)
		w.setSource(map[string]float64{"Source__orders.numRecordsIn": test.byOperator, "Source__orders.numRecordsOut": test.outgoing})
		if got := measures(w.referenceLook(c, scaling.Window{}), source)["NUM_RECORDS_IN"]; got != test.want {
			t.Errorf("%+v: %v records in", test, got)
		}
	}
}

func TestBusyTimeIsAggregatedAsConfigured(t *testing.T) {
	t.Parallel()
	got := map[string]float64{}
	for _, aggregator := range []string{"MIN", "avg", "MAX"} {
		w, c := referenceWorld(t)
		w.job = jobContext(w.job.Client, map[string]string{"job.autoscaler.metrics.busy-time.aggregator": aggregator})
		got[aggregator] = measures(w.referenceLook(c, scaling.Window{}), work)["LOAD"]
	}
	if diff := cmp.Diff(map[string]float64{"MIN": 0.1, "avg": 0.4, "MAX": 0.7}, got); diff != "" {
		t.Errorf("load (-want +got):\n%s", diff)
	}
}

func TestGarbageCollectionIsTriedOnceARunAndAfterAnOutage(t *testing.T) {
	t.Parallel()
	w, c := referenceWorld(t)
	with := []map[string]any{{"id": "Status.JVM.GarbageCollector.All.TimeMsPerSecond", "max": 20}}
	without := []map[string]any{
		{"id": "Status.JVM.Memory.Heap.Max", "max": 1000},
		{"id": "Status.JVM.Memory.Heap.Used", "max": 400},
		{"id": "Status.Flink.Memory.Managed.Used", "max": 7},
		{"id": "Status.JVM.Memory.Metaspace.Used", "max": 9},
	}
	with = append(with, without...)
	for i, step := range []struct {
		serve          []map[string]any
		known, failure bool
	}{
		{without, false, false},
		{with, false, false}, // not tried again
		{nil, false, true},
		{with, true, false},
		{without, false, true}, // it was known, and is missed now
		{without, false, false},
	} {
		if step.serve == nil {
			step.serve = []map[string]any{}
		}
		w.cluster.set(memoryPath, step.serve)
		o, err := c.Collect(t.Context(), w.job, scaling.Window{})
		if (err != nil) != step.failure {
			t.Fatalf("step %d: error %v", i, err)
		}
		if err == nil {
			if _, known := clusterValues(o)["GC_PRESSURE"]; known != step.known {
				t.Errorf("step %d: garbage collection known: %v", i, known)
			}
		}
	}
}

func TestNamesOfOtherVerticesAreReadOnceARun(t *testing.T) {
	t.Parallel()
	w, c := referenceWorld(t)
	reads := func() (ofSource, ofWork int) {
		w.cluster.asked()
		w.referenceLook(c, scaling.Window{})
		asked := w.cluster.asked()
		return count(asked, metricsPath(source)), count(asked, metricsPath(work))
	}
	for i, want := range [][2]int{{1, 1}, {1, 0}, {1, 0}} {
		if s, o := reads(); s != want[0] || o != want[1] {
			t.Errorf("look %d: lists read %d and %d times, want %v", i, s, o, want)
		}
	}
	c.Forget(w.job.Key)
	if _, o := reads(); o != 1 {
		t.Errorf("list of a job that was forgotten read %d times", o)
	}
}

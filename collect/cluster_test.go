package collect_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

const (
	memoryPath = "/taskmanagers/metrics?get=*"
	slotsPath  = "/jobmanager/metrics?get=*"
)

func TestJobsOfAClusterAskOnceALoopBetweenThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, askOnceALoop) // fails on goroutines that are left behind
}

func askOnceALoop(t *testing.T) {
	w := newWorld(t)
	w.cluster.latency = 50 * time.Millisecond
	w.newCollector(9 * time.Second)
	w.publish()
	const jobs, loops = 100, 3
	for range loops {
		var all sync.WaitGroup
		for i := range jobs {
			all.Go(func() {
				job := *w.job
				job.Key = autoscaler.JobKey{Cluster: fmt.Sprint("view ", i), Job: jobID}
				if _, err := w.collector.Collect(t.Context(), &job, scaling.Window{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		asked := w.cluster.asked()
		for path, want := range map[string]int{memoryPath: 1, slotsPath: 1, detailsPath: jobs} {
			if got := count(asked, path); got != want {
				t.Errorf("%d requests of %s for %d jobs, want %d", got, path, jobs, want)
			}
		}
		w.clock.advance(10 * time.Second)
	}
}

func TestClustersDoNotShareMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCollector(time.Minute)
	if used := clusterValues(w.look())["NUM_TASK_SLOTS_USED"]; used != 3 {
		t.Errorf("%v slots used, want 3", used)
	}
	other := newWorld(t)
	other.collector = w.collector
	other.cluster.set(slotsPath, []flink.Metric{{ID: "taskSlotsTotal", Value: "8"}, {ID: "taskSlotsAvailable", Value: "0"}})
	if used := clusterValues(other.look())["NUM_TASK_SLOTS_USED"]; used != 8 {
		t.Errorf("%v slots used in the other cluster, want 8", used)
	}
}

func clusterValues(o *autoscaler.Observation) map[string]float64 {
	return globalValues(&o.Sample.Global)
}

func TestFailureOfTheClusterIsSharedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCollector(9 * time.Second)
	w.cluster.setReply(memoryPath, reply{status: http.StatusServiceUnavailable, body: []byte(`{"errors":["no leader"]}`)})
	w.look()
	w.look()
	if n := count(w.cluster.asked(), memoryPath); n != 1 {
		t.Errorf("asked %d times within the time to live, want once", n)
	}
	w.clock.advance(9 * time.Second)
	w.look()
	if n := count(w.cluster.asked(), memoryPath); n != 1 {
		t.Errorf("asked %d times after it, want once", n)
	}
}

func TestCanceledQuestionIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCollector(9 * time.Second)
	w.publish()
	ctx, cancel := context.WithCancel(t.Context())
	w.cluster.onRequest(memoryPath, cancel)
	if _, err := w.collector.Collect(ctx, w.job, scaling.Window{}); err == nil {
		t.Error("a canceled pass gave a sample")
	}
	w.cluster.onRequest(memoryPath, func() {})
	if got := clusterValues(w.look())["HEAP_MEMORY_USED"]; got != 400 {
		t.Errorf("heap in the pass after: %v, want 400", got)
	}
}

func TestClusterThatKnowsNoGarbageCollectionTellsTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cluster.set(memoryPath, []map[string]any{
		{"id": "Status.JVM.Memory.Heap.Max", "max": -1},
		{"id": "Status.JVM.Memory.Heap.Used", "max": 400},
		{"id": "Status.Flink.Memory.Managed.Used", "max": "NaN"},
		{"id": "Status.JVM.Memory.Metaspace.Used", "max": 9},
	})
	got := clusterValues(w.look())
	for name, want := range map[string]bool{
		"HEAP_MEMORY_USED": true, "METASPACE_MEMORY_USED": true, "NUM_TASK_SLOTS_USED": true,
		"GC_PRESSURE": false, "HEAP_MAX_USAGE_RATIO": false, "MANAGED_MEMORY_USED": false,
	} {
		if _, present := got[name]; present != want {
			t.Errorf("%s present: %v, want %v", name, present, want)
		}
	}
}

func TestCollectorsNeedAClockAndClusterMetrics(t *testing.T) {
	t.Parallel()
	shared := clusterMetrics(t, 0, time.Now)
	for _, cfg := range []collect.Config{{}, {Now: time.Now}, {Cluster: shared}} {
		if _, err := collect.New(cfg); err == nil {
			t.Errorf("collector from %+v", cfg)
		}
	}
	if _, err := collect.NewClusterMetrics(0, nil); err == nil {
		t.Error("cluster metrics without a clock")
	}
}

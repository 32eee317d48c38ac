package collect_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

func TestCountersTakesASourceFromItsOwnMetricsAndTheRestFromTheDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.look()
	for id, want := range map[string]map[string]float64{
		source: {
			"NUM_RECORDS_IN": 9000, "NUM_RECORDS_OUT": 9002, "LAG": 12,
			"ACCUMULATED_BUSY_TIME": 1000, "ACCUMULATED_IDLE_TIME": 57000, "ACCUMULATED_BACKPRESSURED_TIME": 500,
		},
		work: {
			"NUM_RECORDS_IN": 8000, "NUM_RECORDS_OUT": 8000,
			"ACCUMULATED_BUSY_TIME": 60000, "ACCUMULATED_IDLE_TIME": 50000, "ACCUMULATED_BACKPRESSURED_TIME": 0,
		},
		sink: {
			"NUM_RECORDS_IN": 8000, "NUM_RECORDS_OUT": 0,
			"ACCUMULATED_BUSY_TIME": 5000, "ACCUMULATED_IDLE_TIME": 50000, "ACCUMULATED_BACKPRESSURED_TIME": 0,
		},
	} {
		if diff := cmp.Diff(want, measures(o, id)); diff != "" {
			t.Errorf("vertex %s (-want +got):\n%s", id, diff)
		}
	}
	cluster := map[string]float64{
		"GC_PRESSURE": 0.02, "HEAP_MAX_USAGE_RATIO": 0.4, "HEAP_MEMORY_USED": 400,
		"MANAGED_MEMORY_USED": 7, "METASPACE_MEMORY_USED": 9, "NUM_TASK_SLOTS_USED": 3,
	}
	if diff := cmp.Diff(cluster, globalValues(&o.Sample.Global)); diff != "" {
		t.Errorf("cluster (-want +got):\n%s", diff)
	}
	if !o.Sample.RunningSince.Equal(started) || !o.Sample.At.Equal(w.clock.Now()) {
		t.Errorf("sample of %s, running since %s", o.Sample.At, o.Sample.RunningSince)
	}
}

func TestTopologyComesFromThePlanAndTheVertices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.vertex(sink).Status = "FINISHED"
	got := w.look().Topology.Vertices
	want := []scaling.Vertex{
		{ID: source, Name: "Source: orders", Parallelism: 1, MaxParallelism: 128, SlotSharingGroup: "group", Inputs: []scaling.Edge{}},
		{
			ID: work, Name: "work", Parallelism: 2, MaxParallelism: 128, SlotSharingGroup: "group",
			Inputs: []scaling.Edge{{From: source, Ship: scaling.ShipHash}},
		},
		{
			ID: sink, Name: "sink", Parallelism: 1, MaxParallelism: 128, SlotSharingGroup: "group", Finished: true,
			Inputs: []scaling.Edge{{From: work, Ship: scaling.ShipRebalance}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topology (-want +got):\n%s", diff)
	}
}

func TestWhatIsIncompleteOrMakesNoSenseIsAbsent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		vertex string
		change func(w *world)
		absent []string
	}{
		{"read records incomplete", work, func(w *world) { w.vertex(work).Metrics.ReadRecordsComplete = false }, []string{"NUM_RECORDS_IN"}},
		{"written records incomplete", work, func(w *world) { w.vertex(work).Metrics.WriteRecordsComplete = false }, []string{"NUM_RECORDS_OUT"}},
		{"negative counters", work, func(w *world) { w.vertex(work).Metrics.ReadRecords = -5 }, []string{"NUM_RECORDS_IN"}},
		{"absurd counters", work, func(w *world) { w.vertex(work).Metrics.WriteRecords = math.MaxInt64 }, []string{"NUM_RECORDS_OUT"}},
		{"busy time NaN", work, func(w *world) { w.vertex(work).Metrics.AccumulatedBusy = flink.Number(math.NaN()) }, []string{"ACCUMULATED_BUSY_TIME"}},
		{"busy time not sent", work, func(w *world) { w.vertex(work).Metrics.AccumulatedBusy = flink.Float{} }, []string{"ACCUMULATED_BUSY_TIME"}},
		{"idle time null", work, func(w *world) { w.vertex(work).Metrics.AccumulatedIdle = flink.Null }, []string{"ACCUMULATED_IDLE_TIME"}},
		{"negative time", work, func(w *world) { w.vertex(work).Metrics.AccumulatedBackPressured = flink.Number(-1) }, []string{"ACCUMULATED_BACKPRESSURED_TIME"}},
		{"no pending records", source, func(w *world) { delete(w.metrics, "Source__orders.pendingRecords") }, []string{"LAG"}},
		{"pending records NaN", source, func(w *world) { w.metrics["Source__orders.pendingRecords"] = "NaN" }, []string{"LAG"}},
		{"negative pending records", source, func(w *world) { w.metrics["Source__orders.pendingRecords"] = -1 }, []string{"LAG"}},
		{"a second reader whose lag is unknown", source, func(w *world) { w.metrics["Source__b.pendingRecords"] = "NaN" }, []string{"LAG"}},
		{"busy time of the source NaN", source, func(w *world) { w.metrics["accumulateBusyTimeMs"] = "NaN" }, []string{"ACCUMULATED_BUSY_TIME"}},
		{"records of the source infinite", source, func(w *world) {
			for _, id := range []string{"Source__orders.numRecordsIn", "Source__orders.numRecordsOut", "numRecordsIn", "numRecordsOut"} {
				w.metrics[id] = "Infinity"
			}
		}, []string{"NUM_RECORDS_IN", "NUM_RECORDS_OUT"}},
		{"a name of the source unknown", source, func(w *world) {
			w.listed = []string{"Source__gone.pendingRecords"}
		}, []string{"NUM_RECORDS_IN", "NUM_RECORDS_OUT", "LAG"}},
		{"no names of the source yet", source, func(w *world) { w.metrics = nil }, []string{"NUM_RECORDS_IN", "LAG"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			whole := measures(newWorld(t).look(), test.vertex)
			w := newWorld(t)
			test.change(w)
			got := measures(w.look(), test.vertex)
			for name := range whole {
				if _, present := got[name]; present == slices.Contains(test.absent, name) {
					t.Errorf("%s present: %v", name, present)
				}
			}
		})
	}
}

func TestClockOfASourceFallsBackToTheDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delete(w.metrics, "accumulateIdleTimeMs") // as before 1.17
	delete(w.metrics, "numRecordsOut")
	got := measures(w.look(), source)
	want := map[string]float64{
		"NUM_RECORDS_IN": 9000, "NUM_RECORDS_OUT": 8000, "LAG": 12,
		"ACCUMULATED_BUSY_TIME": 900, "ACCUMULATED_IDLE_TIME": 56000, "ACCUMULATED_BACKPRESSURED_TIME": 400,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source (-want +got):\n%s", diff)
	}
}

func TestSourceWithoutCountersOfItsOwnIsTakenFromTheDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.metrics = map[string]any{"mailboxQueueSize": 0}
	w.settle()
	if got := measures(w.look(), source)["NUM_RECORDS_IN"]; got != 8000 {
		t.Errorf("records in: %v, want the 8000 written", got)
	}
}

func TestRecordsOfASourceStayWithOneCounter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.metrics["Source__orders.numRecordsIn"], w.metrics["Source__orders.numRecordsOut"], w.metrics["numRecordsOut"] = 0, 0, 0
	in := func() any {
		w.clock.advance(10 * time.Second)
		if v, ok := measures(w.look(), source)["NUM_RECORDS_IN"]; ok {
			return v
		}
		return "absent"
	}
	for i, s := range []struct {
		read, emitted int
		want          any
	}{
		{0, 0, 0.0},
		{0, 70, 70.0},  // this version does not count what a source reads
		{90, 80, 80.0}, // nor may it begin to, within one run
		{0, 85, 85.0},
	} {
		w.metrics["Source__orders.numRecordsIn"], w.metrics["Source__orders.numRecordsOut"] = s.read, s.emitted
		if got := in(); got != s.want {
			t.Errorf("look %d: records in: %v, want %v", i, got, s.want)
		}
	}
	w.details.Timestamps.Running += 90_000
	w.metrics["Source__orders.numRecordsIn"], w.metrics["Source__orders.numRecordsOut"] = 5, 4
	if got := in(); got != 5.0 {
		t.Errorf("after a restart: %v, want 5 by the better counter", got)
	}
}

func TestTaskCountersAreNotTrustedBeforeTheListIsComplete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.metrics = map[string]any{"numRecordsIn": 0, "numRecordsOut": 9002}
	if got, ok := measures(w.look(), source)["NUM_RECORDS_IN"]; ok {
		t.Errorf("records in: %v from an incomplete list", got)
	}
	w.settle()
	if got := measures(w.look(), source)["NUM_RECORDS_IN"]; got != 9002 {
		t.Errorf("records in: %v, want 9002 when the list has settled", got)
	}
}

func TestUnknownNameMakesTheListBeReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.publish()
	w.cluster.set(metricsPath(source)+"?get=*", []any{})
	o, err := w.collector.Collect(t.Context(), w.job, w.window)
	if err != nil {
		t.Fatal(err)
	}
	got := measures(o, source)
	for _, name := range []string{"LAG", "NUM_RECORDS_IN"} {
		if v, ok := got[name]; ok {
			t.Errorf("%s is %v, want it absent", name, v)
		}
	}
	if n := count(w.cluster.asked(), metricsPath(source)); n != 0 {
		t.Errorf("the list was read %d times in a pass of the steady state", n)
	}
	w.clock.advance(10 * time.Second)
	if got := measures(w.look(), source)["LAG"]; got != 12 {
		t.Errorf("lag in the next pass: %v, want 12", got)
	}
	if n := count(w.cluster.asked(), metricsPath(source)); n != 1 {
		t.Errorf("the list was read %d times in the next pass, want once", n)
	}
}

func TestReadingsServedTwiceAreNoNewOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	topology := w.look().Topology
	w.window = scaling.Window{}
	for i := range 13 { // looks every 5 s, a new reading every 10 s
		age := float64(i / 2 * 10)
		w.metrics["Source__orders.numRecordsIn"] = 9000 + 500*age
		w.metrics["accumulateIdleTimeMs"] = 57000 + 1000*age
		w.vertex(work).Metrics = counters(8000+int64(500*age), 8000+int64(500*age), 60000+500*age, 50000+1500*age, 0)
		o := w.look()
		topology = o.Topology
		w.clock.advance(5 * time.Second)
	}
	c := scaling.DefaultConfig()
	c.MetricsWindow = time.Minute
	rates, err := scaling.Counters{}.Estimate(w.window, topology, &c)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{source, work} {
		if math.Abs(rates[i].In-500) > 1e-6 {
			t.Errorf("rate of %s: %v, want 500 in its own time", id, rates[i].In)
		}
	}
}

func TestFinishedSourceKeepsItsCountersAndItsClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.vertex(source).Status = "FINISHED"
	w.metrics = nil
	first := measures(w.look(), source)
	w.clock.advance(10 * time.Second)
	second := measures(w.look(), source)
	if second["NUM_RECORDS_IN"] != 9000 || second["NUM_RECORDS_OUT"] != 9002 || second["LAG"] != 0 {
		t.Errorf("counters of a finished source: %v", second)
	}
	if went := second["ACCUMULATED_IDLE_TIME"] - first["ACCUMULATED_IDLE_TIME"]; went != 10000 {
		t.Errorf("its clock went on by %v ms in 10 s", went)
	}
	if n := count(w.cluster.asked(), metricsPath(source)+"?get=*"); n != 0 {
		t.Errorf("its metrics were asked for %d times", n)
	}
}

func TestJobThatIsNotThereYetIsNotReady(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d *flink.JobDetails){
		"it restarts":              func(d *flink.JobDetails) { d.State = flink.JobRestarting },
		"it never ran":             func(d *flink.JobDetails) { d.Timestamps.Running = 0 },
		"it has no plan":           func(d *flink.JobDetails) { d.Plan.Nodes = nil },
		"a vertex has no subtasks": func(d *flink.JobDetails) { d.Plan.Nodes[1].Parallelism = -1 },
	} {
		w := newWorld(t)
		change(&w.details)
		w.publish()
		_, err := w.collector.Collect(t.Context(), w.job, scaling.Window{})
		var notReady *autoscaler.NotReadyError
		if !errors.As(err, &notReady) {
			t.Errorf("%s: error %v, want a NotReadyError", name, err)
		}
	}
}

func TestBrokenPlansAreErrors(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d *flink.JobDetails){
		"lacks":      func(d *flink.JobDetails) { d.Vertices = d.Vertices[:2] },
		"reads from": func(d *flink.JobDetails) { d.Plan.Nodes[1].Inputs[0].ID = "0000" },
		"cycle":      func(d *flink.JobDetails) { d.Plan.Nodes[0].Inputs = []flink.PlanInput{{ID: sink}} },
	} {
		w := newWorld(t)
		change(&w.details)
		w.publish()
		_, err := w.collector.Collect(t.Context(), w.job, scaling.Window{})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

func TestBrokenAnswersAreErrorsAndNotSamples(t *testing.T) {
	t.Parallel()
	for _, path := range []string{detailsPath, metricsPath(source), metricsPath(source) + "?get=*", workPath} {
		for name, broken := range map[string]struct {
			reply reply
			kind  flink.Kind
		}{
			"500":       {reply{status: http.StatusInternalServerError, body: []byte(`{"errors":["Internal server error."]}`)}, flink.KindOther},
			"cut off":   {reply{status: http.StatusOK, body: []byte(`[{"id":"numRecor`)}, flink.KindMalformed},
			"HTML page": {reply{status: http.StatusOK, body: []byte(`<html><body>Bad gateway</body></html>`), html: true}, flink.KindMalformed},
			"gone":      {reply{status: http.StatusNotFound, body: []byte(`{"errors":["Job could not be found."]}`)}, flink.KindNotFound},
		} {
			w := newWorld(t)
			w.publish()
			w.cluster.setReply(path, broken.reply)
			o, err := w.collector.Collect(t.Context(), w.job, scaling.Window{})
			if err == nil || o != nil {
				t.Errorf("%s of %s: sample %v, error %v", name, path, o, err)
				continue
			}
			if kind := flink.KindOf(err); broken.kind != flink.KindOther && kind != broken.kind {
				t.Errorf("%s of %s: error of kind %s: %v", name, path, kind, err)
			}
			if !strings.Contains(err.Error(), string(jobID)) {
				t.Errorf("%s of %s: the error does not name the job: %v", name, path, err)
			}
		}
	}
}

func TestClusterThatDoesNotAnswerCostsItsMeasuresOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cluster.setReply("/taskmanagers/metrics?get=*", reply{status: http.StatusInternalServerError, body: []byte(`{"errors":["oops"]}`)})
	w.cluster.set("/jobmanager/metrics?get=*", []flink.Metric{{ID: "taskSlotsTotal", Value: "many"}, {ID: "taskSlotsAvailable", Value: "5"}})
	if got := w.look().Sample.Global; len(globalValues(&got)) != 0 {
		t.Errorf("measures of a cluster that does not answer: %v", globalValues(&got))
	}
}

func TestPassThatIsCanceledGivesNoSample(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, err := w.collector.Collect(ctx, w.job, scaling.Window{}); err == nil {
		t.Errorf("sample %v of a canceled pass", o)
	}
}

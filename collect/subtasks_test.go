package collect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// subtaskReads counts how often a path is read in each of the coming passes, 5 s
// apart. between changes the world before each pass.
func (w *world) subtaskReads(path string, passes int, between func()) []int {
	w.t.Helper()
	var reads []int
	for range passes {
		between()
		w.cluster.asked()
		w.look()
		reads = append(reads, count(w.cluster.asked(), path))
		w.clock.advance(5 * time.Second)
	}
	return reads
}

func subtasks(o *autoscaler.Observation, id string) []scaling.Subtask {
	return o.Sample.Vertices[o.Topology.Index(scaling.VertexID(id))].Subtasks
}

func TestEveryVertexIsReadBySubtaskOnceAWindow(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		workPath:   "[1 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 1 0]",
		sinkPath:   "[0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0]",
		sourcePath: "[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0]", // parallelism 1
	} {
		w := newWorld(t) // a window of 60 s
		w.rescale(sink, 3)
		if got := fmt.Sprint(w.subtaskReads(path, 24, func() {})); got != want {
			t.Errorf("readings of %s: %s, want %s", path, got, want)
		}
	}
}

func TestFinishedVertexIsNotReadBySubtask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.vertex(work).Status = "FINISHED"
	if got := fmt.Sprint(w.subtaskReads(workPath, 2, func() {})); got != "[0 0]" {
		t.Errorf("readings: %s", got)
	}
}

func TestVertexBelowBackpressureIsReadThreeTimesAWindowAtMost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// busy, idle and blocked are what the source adds in 5 s.
		busy, idle, blocked int
		// every is how many passes see the same reading.
		every int
		want  string
	}{
		{"held up for 12 % of the time", 400, 4000, 600, 1, "[1 0 0 0 1 0 0 0 1 0 0 0]"},
		{"held up for 8 %", 600, 4000, 400, 1, "[1 0 0 0 0 0 0 0 0 0 0 1]"},
		{"held up, and each reading served thrice", 400, 4000, 600, 3, "[1 0 0 0 1 0 0 0 1 0 0 0]"},
	} {
		w := newWorld(t)
		totals, pass := [3]int{1000, 57000, 500}, 0
		got := w.subtaskReads(workPath, 12, func() {
			if pass++; pass%test.every != 0 {
				return
			}
			totals[0], totals[1], totals[2] = totals[0]+test.busy, totals[1]+test.idle, totals[2]+test.blocked
			w.metrics["accumulateBusyTimeMs"], w.metrics["accumulateIdleTimeMs"], w.metrics["accumulateBackPressuredTimeMs"] = totals[0], totals[1], totals[2]
		})
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: readings %v, want %s", test.name, got, test.want)
		}
	}
}

func TestSourceThatFallsBehindIsReadBySubtask(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		read, lag int // in 5 s
		want      string
	}{
		{"lag grows by a quarter of what is read", 1000, 250, "[1 0 0 0 1 0 0 0 1]"}, // the first is its turn
		{"lag wavers", 1000, 50, "[1 0 0 0 0 0 0 0 0]"},
		{"nothing is read", 0, 250, "[1 0 0 0 1 0 0 0 1]"},
		{"nothing happens", 0, 0, "[1 0 0 0 0 0 0 0 0]"},
	} {
		w := newWorld(t)
		w.rescale(source, 2)
		w.rescale(sink, 2)
		read, lag, idle := 9000, 12, 57000
		got := w.subtaskReads(sourcePath, 9, func() {
			read, lag, idle = read+test.read, lag+test.lag, idle+5000
			w.metrics["Source__orders.numRecordsIn"], w.metrics["Source__orders.pendingRecords"], w.metrics["accumulateIdleTimeMs"] = read, lag, idle
		})
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: readings %v, want %s", test.name, got, test.want)
		}
	}
}

func TestRefineReadsWhatTheSampleLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.look() // the turn of work
	w.clock.advance(5 * time.Second)
	o := w.look()
	if got := subtasks(o, work); got != nil {
		t.Fatalf("subtasks before they were asked for: %v", got)
	}
	w.cluster.asked()
	if err := w.collector.Refine(t.Context(), w.job, o, []scaling.VertexID{source, work, "unknown"}); err != nil {
		t.Fatal(err)
	}
	each := scaling.Subtask{Attempt: 3, Records: 4000, Busy: 30000, Clock: 55000}
	if diff := cmp.Diff([]scaling.Subtask{each, each}, subtasks(o, work)); diff != "" {
		t.Errorf("subtasks (-want +got):\n%s", diff)
	}
	if err := w.collector.Refine(t.Context(), w.job, o, []scaling.VertexID{work}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.cluster.asked()); got != fmt.Sprint([]string{workPath}) {
		t.Errorf("requests: %s, want %s once", got, workPath)
	}
}

func TestSubtasksOfASourceCountWhatItEmits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ read, written, want int64 }{
		"emits":                   {5, 40, 40},
		"ends in its own vertex":  {50, 0, 50},
		"counts nothing it reads": {0, 40, 40},
	} {
		w := newWorld(t)
		w.rescale(source, 2)
		w.subtasks[source] = bySubtask(source, 2, counters(test.read, test.written, 1, 1, 1))
		o := w.look()
		if err := w.collector.Refine(t.Context(), w.job, o, []scaling.VertexID{source}); err != nil {
			t.Fatal(err)
		}
		if got := subtasks(o, source); len(got) != 2 || got[1].Records != float64(test.want) {
			t.Errorf("%s: %v, want %d records each", name, got, test.want)
		}
	}
}

func TestSubtasksThatDoNotFitAreNotTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d *flink.VertexDetails){
		"another parallelism":         func(d *flink.VertexDetails) { *d = bySubtask(work, 3, d.Subtasks[0].Metrics) },
		"it says another parallelism": func(d *flink.VertexDetails) { d.Parallelism = 3 },
		"one is missing":              func(d *flink.VertexDetails) { d.Subtasks = d.Subtasks[:1] },
		"one is there twice":          func(d *flink.VertexDetails) { d.Subtasks[1].Index = 0 },
		"an index beyond":             func(d *flink.VertexDetails) { d.Subtasks[1].Index = 2 },
		"records incomplete":          func(d *flink.VertexDetails) { d.Subtasks[1].Metrics.ReadRecordsComplete = false },
		"negative records":            func(d *flink.VertexDetails) { d.Subtasks[1].Metrics.ReadRecords = -1 },
		"busy time NaN":               func(d *flink.VertexDetails) { d.Subtasks[1].Metrics.AccumulatedBusy = flink.Null },
		"no idle time":                func(d *flink.VertexDetails) { d.Subtasks[1].Metrics.AccumulatedIdle = flink.Float{} },
	} {
		w := newWorld(t)
		d := w.subtasks[work]
		change(&d)
		w.subtasks[work] = d
		if got := subtasks(w.look(), work); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := subtasks(newWorld(t).look(), work); len(got) != 2 {
		t.Errorf("subtasks without fault: %v", got)
	}
}

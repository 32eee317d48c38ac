package collect_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
)

func TestSteadyStateIsOneRequestAndOneForEachSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.job = jobContext(w.job.Client, map[string]string{"job.autoscaler.metrics.window": "15 min"})
	w.newCollector(9 * time.Second)
	w.settle()
	w.look()
	w.cluster.asked()
	const passes = 6
	for range passes {
		w.clock.advance(10 * time.Second)
		w.look()
	}
	asked := w.cluster.asked()
	for path, want := range map[string]int{
		detailsPath: passes, metricsPath(source) + "?get=*": passes, metricsPath(source): 0,
		"/taskmanagers/metrics?get=*": passes, "/jobmanager/metrics?get=*": passes,
	} {
		if got := count(asked, path); got != want {
			t.Errorf("%d requests of %s in %d passes, want %d", got, path, passes, want)
		}
	}
	if len(asked) != 4*passes {
		t.Errorf("%d requests in %d passes, want 4 each: %v", len(asked), passes, asked)
	}
}

// listReads counts how often the list of the source's names is read in each of
// the coming passes, 5 s apart.
func (w *world) listReads(passes int) []int {
	w.t.Helper()
	var reads []int
	for range passes {
		w.cluster.asked()
		w.look()
		reads = append(reads, count(w.cluster.asked(), metricsPath(source)))
		w.clock.advance(5 * time.Second)
	}
	return reads
}

func TestListsAreReadUntilTwoReadingsAgree(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fetch string
		// late is the pass in which a name appears, -1 for none.
		late int
		want string
	}{
		{"two readings, if the JobManager fetches often", "2 s", -1, "[1 1 0 0 0 0 0 0]"},
		{"as long as the JobManager may not have fetched anew", "10 s", -1, "[1 1 1 0 0 0 0 0]"},
		{"a name comes late", "2 s", 1, "[1 1 1 0 0 0 0 0]"},
		{"a name comes late and the JobManager fetches seldom", "10 s", 2, "[1 1 1 1 1 0 0 0]"},
	} {
		w := newWorld(t)
		w.job = jobContext(w.job.Client, map[string]string{"metrics.fetcher.update-interval": test.fetch})
		var got []int
		for pass := range 8 {
			if pass == test.late {
				w.metrics["Source__orders.KafkaSourceReader.topic.orders.partition.0.currentOffset"] = 1
			}
			got = append(got, w.listReads(1)...)
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: %v readings, want %s", test.name, got, test.want)
		}
	}
}

func TestListIsReadAnewAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.details.Timestamps.Running += 120_000
	if got := fmt.Sprint(w.listReads(4)); got != "[1 1 1 0]" {
		t.Errorf("readings after a restart: %s", got)
	}
}

func TestListThatNeverAgreesIsTakenAfterAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	total := 0
	for i := range 60 {
		w.listed = []string{fmt.Sprintf("Source__orders.file.%d.offset", i)}
		total += w.listReads(1)[0]
	}
	if total > 26 { // 2 min of passes 5 s apart, and one refresh or so
		t.Errorf("the list was read %d times in 5 min", total)
	}
}

func TestSettledListsAreRefreshedInTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const other = "00000000000000000000000000000001"
	w.details.Vertices = append(w.details.Vertices, vertex(other, "Source: returns", 1, counters(0, 1, 1, 1, 1)))
	w.details.Plan.Nodes = append(w.details.Plan.Nodes, flink.PlanNode{ID: other, Parallelism: 1})
	w.cluster.set(metricsPath(other), names("numRecordsIn"))
	w.cluster.set(metricsPath(other)+"?get=*", []map[string]any{{"id": "numRecordsIn", "sum": 1}})
	w.settle()
	for range 26 { // to 270 s after the lists were read last
		w.look()
		w.clock.advance(10 * time.Second)
	}
	w.cluster.asked()
	var got []string
	for range 8 {
		w.look()
		asked := w.cluster.asked()
		got = append(got, fmt.Sprint(count(asked, metricsPath(source)), count(asked, metricsPath(other))))
		w.clock.advance(10 * time.Second)
	}
	if want := "[0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0]"; fmt.Sprint(got) != want {
		t.Errorf("lists read after 270 s: %v, want %s", got, want)
	}
}

func TestPartitionsNeverFallWithinARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	partition := func(i int) string {
		return fmt.Sprintf("Source__orders.KafkaSourceReader.topic.orders.partition.%d.currentOffset", i)
	}
	partitions := func() int {
		w.clock.advance(10 * time.Second)
		return w.look().Topology.Vertices[0].Partitions
	}
	w.metrics[partition(0)], w.metrics[partition(1)] = 1, 1
	if got := partitions(); got != 2 {
		t.Errorf("%d partitions, want 2", got)
	}
	delete(w.metrics, partition(1))
	if got := partitions(); got != 2 {
		t.Errorf("%d partitions after one is no longer listed, want 2", got)
	}
	w.details.Timestamps.Running += 120_000
	if got := partitions(); got != 1 {
		t.Errorf("%d partitions after a restart, want 1", got)
	}
}

func TestForgottenJobBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.collector.Forget(w.job.Key)
	if got := w.listReads(1)[0]; got != 1 {
		t.Errorf("%d readings of the list of a job that was forgotten, want 1", got)
	}
}

package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// questions are what the autoscaler and its commands ask a cluster.
func questions(c *flink.Client, job flink.JobID, vertex flink.VertexID) map[string]func() (any, error) {
	ctx := context.Background()
	ids := []string{"numRecordsIn", "busyTimeMsPerSecond", "accumulateBusyTimeMs"}
	return map[string]func() (any, error){
		"overview":        func() (any, error) { return c.Overview(ctx) },
		"config":          func() (any, error) { return c.ClusterConfig(ctx) },
		"options":         func() (any, error) { return c.JobManagerConfig(ctx) },
		"jobs":            func() (any, error) { return c.JobsOverview(ctx) },
		"job":             func() (any, error) { return c.Job(ctx, job) },
		"job config":      func() (any, error) { return c.JobConfig(ctx, job) },
		"plan":            func() (any, error) { return c.Plan(ctx, job) },
		"exceptions":      func() (any, error) { return c.Exceptions(ctx, job, 10) },
		"checkpoints":     func() (any, error) { return c.Checkpoints(ctx, job) },
		"requirements":    func() (any, error) { return c.ResourceRequirements(ctx, job) },
		"vertex":          func() (any, error) { return c.VertexDetails(ctx, job, vertex) },
		"names":           func() (any, error) { return c.SubtaskMetricNames(ctx, job, vertex) },
		"metrics":         func() (any, error) { return c.SubtaskMetrics(ctx, job, vertex, ids) },
		"sums":            func() (any, error) { return c.SubtaskMetrics(ctx, job, vertex, ids, flink.AggSum) },
		"unknown metrics": func() (any, error) { return c.SubtaskMetrics(ctx, job, vertex, []string{"nothing"}) },
		"job metrics":     func() (any, error) { return c.JobMetrics(ctx, job, []string{"numRestarts", "uptime"}) },
		"machines":        func() (any, error) { return c.TaskManagers(ctx) },
		"machine metrics": func() (any, error) {
			return c.TaskManagerMetrics(ctx, []string{"Status.JVM.Memory.Heap.Used", "Status.JVM.CPU.Load"})
		},
		"no job": func() (any, error) { return c.Job(ctx, "00000000000000000000000000000000") },
	}
}

// A client gets the same whether it has an answer as a value or reads its text.
func TestAnAnswerIsTheSameAsAValueAndAsText(t *testing.T) {
	everythingCounts := cmp.Options{
		cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmp.Exporter(func(reflect.Type) bool { return true }),
	}
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		r, id := stepRig(t, version, 500, nil)
		read, err := flink.New(flink.Config{Addresses: []string{"http://twin:8081"}, Transport: asText{r.Transport()}})
		r.do(err)
		for range 4 {
			r.pass(15 * time.Second)
			r.do(r.Do(Action{Do: FailTask, Job: id, Vertex: "work"}))
			work := flink.VertexID(hexID("work"))
			texts := questions(read, flink.JobID(id), work)
			for name, ask := range questions(r.client(), flink.JobID(id), work) {
				_, _ = ask() // now the metrics are as old for one as for the other
				value, err := ask()
				text, err2 := texts[name]()
				if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
					t.Errorf("%s: %s: %v as a value, %v as text", version, name, err, err2)
				}
				if diff := cmp.Diff(text, value, everythingCounts); diff != "" {
					t.Errorf("%s: %s (-text +value):\n%s", version, name, diff)
				}
			}
		}
		if used := read.Stats().BytesIn; used == 0 {
			t.Error("nobody has read a text")
		}
	}
}

// Who has values shares them with the twin. The autoscaler changes none: the twin
// says the same afterwards, and the decisions are the same.
func TestTheAutoscalerLeavesValuesAsTheyAre(t *testing.T) {
	run := func(text bool) (*rig, []byte) {
		r, id := stepRig(t, slots.V2_3, 500, nil)
		transport := r.Transport()
		if text {
			transport = asText{transport}
		}
		l := newLoop(r, stepConfig(t), 5*time.Second, transport)
		for _, load := range []float64{500, 2500, 500} {
			r.do(r.SetLoad(id, "source", Rate(load)))
			l.turns(2 * time.Minute)
		}
		return r, r.everything()
	}
	byText, want := run(true)
	byValue, got := run(false)
	if !bytes.Equal(want, got) {
		t.Errorf("the twin says something else:\n%s", cmp.Diff(string(want), string(got)))
	}
	first, err := json.Marshal(byText.journal.actions)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(byValue.journal.actions)
	if err != nil || !bytes.Equal(first, second) || len(byValue.journal.actions) < 6 {
		t.Errorf("decisions differ, or there are none:\n%s\n%s", first, second)
	}
}

// What is drawn by lot lies anywhere between 0 and 1, and is another for another
// purpose, number or seed.
func TestChance(t *testing.T) {
	r := newRig(t, Config{})
	drawn := map[float64]bool{}
	least, most, sum := 1.0, 0.0, 0.0
	const each = 1000
	for i := range each {
		for _, x := range []float64{r.chance("a", "deploy", i), r.chance("b", "deploy", i), r.chance("a", "checkpoint", i)} {
			drawn[x] = true
			least, most, sum = min(least, x), max(most, x), sum+x
		}
	}
	if len(drawn) != 3*each || least < 0 || least > 0.01 || most > 1 || most < 0.99 || sum/(3*each) < 0.48 || sum/(3*each) > 0.52 {
		t.Errorf("%d numbers from %v to %v, %v on average", len(drawn), least, most, sum/(3*each))
	}
}

// Another seed is another run.
func TestAnotherSeedIsAnotherRun(t *testing.T) {
	run := func(seed uint64) []byte {
		r, _ := stepRig(t, slots.V2_3, 500, func(c *Config) { c.Seed = seed })
		r.pass(time.Minute)
		return r.everything()
	}
	if !bytes.Equal(run(1), run(1)) {
		t.Error("the same seed gives another run")
	}
	if bytes.Equal(run(1), run(2)) {
		t.Error("two seeds give the same")
	}
}

package twin

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// rig is a twin under test.
type rig struct {
	*Twin
	t testing.TB
}

func newRig(t testing.TB, c Config) *rig {
	t.Helper()
	made, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{made, t}
}

func (r *rig) do(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	r.do(r.Advance(r.Now().Add(d)))
}

func (r *rig) submit(spec JobSpec) string {
	r.t.Helper()
	id, err := r.Submit(spec)
	r.do(err)
	return id
}

// ask is a request as a path with its query.
func (r *rig) ask(method, target string, body ...string) Answer {
	r.t.Helper()
	u, err := url.Parse(target)
	r.do(err)
	return r.Answer(method, u.Path, u.Query(), []byte(strings.Join(body, "")))
}

// get reads the body of a GET as T.
func get[T any](r *rig, target string) T {
	r.t.Helper()
	answer := r.ask("GET", target)
	var body T
	if answer.Status != 200 {
		r.t.Fatalf("at %v GET %s answers %d: %s", r.Now().Sub(r.Start()), target, answer.Status, answer.Body())
	}
	if err := json.Unmarshal(answer.Body(), &body); err != nil {
		r.t.Fatalf("GET %s: %v in %s", target, err, answer.Body())
	}
	return body
}

// stepOptions are those of the recorded run of testdata/step.yaml.
func stepOptions() map[string]string {
	const scheduler = "jobmanager.adaptive-scheduler."
	return map[string]string{
		"web.adaptive-scheduler.rescale-history.size":           "50",
		"restart-strategy.type":                                 "fixed-delay",
		"restart-strategy.fixed-delay.attempts":                 "1000000",
		"restart-strategy.fixed-delay.delay":                    "1s",
		"heartbeat.interval":                                    "2000",
		"heartbeat.timeout":                                     "20000",
		"metrics.fetcher.update-interval":                       "2000",
		"execution.checkpointing.interval":                      "5s",
		"taskmanager.numberOfTaskSlots":                         "4",
		"taskmanager.memory.task.heap.size":                     "256mb",
		"taskmanager.memory.managed.size":                       "64mb",
		scheduler + "submission.resource-stabilization-timeout": "1s",
		scheduler + "scaling-interval.min":                      "5s",
		scheduler + "resource-stabilization-timeout":            "1s",
		scheduler + "executing.cooldown-after-rescaling":        "5s",
		scheduler + "executing.resource-stabilization-timeout":  "2s",
	}
}

// stepJob is a source, a keyed vertex of 1 ms a record, and a sink of 0.1 ms.
func stepJob(rate float64) JobSpec {
	return JobSpec{
		Name: "step",
		Graph: flow.Graph{
			Vertices: []flow.Vertex{
				{Name: "source", Cost: flow.Cost{Seconds: 10e-6}, RecordBytes: 25, Source: &flow.Source{RecordBytes: 25}},
				{Name: "work", Cost: flow.Cost{Seconds: 1e-3}, RecordBytes: 25},
				{Name: "enrich", Cost: flow.Cost{Seconds: 0.1e-3}},
			},
			Edges: []flow.Edge{
				{From: 0, To: 1, Selectivity: 1, Exchange: flow.Hash},
				{From: 1, To: 2, Selectivity: 1, Exchange: flow.Rebalance},
			},
		},
		Vertices: []VertexSpec{
			{CountsInput: true}, {}, {Operators: []string{"enrich", "sink: Writer"}},
		},
		Loads: map[string]Load{"source": Rate(rate)},
	}
}

func stepRig(t testing.TB, version slots.Version, rate float64, change func(*Config)) (*rig, string) {
	t.Helper()
	c := Config{Version: version, Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}, Seed: 1}
	if change != nil {
		change(&c)
	}
	r := newRig(t, c)
	r.pass(time.Second)
	return r, r.submit(stepJob(rate))
}

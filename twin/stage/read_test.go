package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
)

const full = `
flink: 1.20
start: 2026-07-04
seed: 3
honest: true
options:
  execution.checkpointing: {interval: 10 s, timeout: 1 min}
taskmanagers:
  - {id: big, slots: 8, cores: 4}
  - {count: 2, slots: 2}
times: {deploy: 2 s, spread: 0.5, download: 50 mb}
latencies: {register: 1 s}
jobs:
  - name: orders
    options: {restart-strategy.type: none}
    parameters: {job.autoscaler.enabled: false}
    checkpoints: {upload: 10 mb, unaligned: true}
    vertices:
      - name: orders
        source: {partitions: 4, partition-shares: [1, 1, 1, 3], topic: o, retention: 1 d, backlog: 2k, backlog-span: 1 h}
        load: {noise: {of: 500, share: 0.1, seed: 1}}
        cost: 0.25 ms
        parallelism: 4
      - name: prices
        operators: [prices, "Sink: Writer"]
        cost: {record: 1 ms, contention: 0.02, warm-up: {factor: 2, over: 30 s}, state-size: {0: 1, 1G: 1.5}}
        parallelism: 2:6
        max-parallelism: 60
        key-groups: 120
        hot-keys: [0.1, 0.05]
        state: {keys: 1M, bytes-per-key: 100, incremental: true}
        inputs: {orders: {records: 0.5, exchange: hash}}
`

func TestReadTakesEverything(t *testing.T) {
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(full)})
	if err != nil {
		t.Fatal(err)
	}
	readCluster(t, p.Cluster)
	readJob(t, p.Jobs[0])
}

func readCluster(t *testing.T, c twin.Config) {
	t.Helper()
	if c.Version != slots.V1_20 || c.Seed != 3 || !c.Honest || c.Start.Format(time.DateOnly) != "2026-07-04" || c.Latencies.Register != time.Second || c.Latencies.Peer == 0 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff(map[string]string{"execution.checkpointing.interval": "10 s", "execution.checkpointing.timeout": "1 min"}, c.Options); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]twin.TaskManager{{ID: "big", Slots: 8, Cores: 4}, {Slots: 2}, {Slots: 2}}, c.TaskManagers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(twin.Times{Deploy: 2 * time.Second, Spread: 0.5, Download: 50 << 20}, c.Times); diff != "" {
		t.Error(diff)
	}
}

func readJob(t *testing.T, job twin.JobSpec) {
	t.Helper()
	want := flow.Graph{
		Vertices: []flow.Vertex{
			{
				Name: "orders", Cost: flow.Cost{Seconds: 0.00025},
				Source: &flow.Source{Partitions: 4, PartitionShares: []float64{1, 1, 1, 3}, Retention: 24 * time.Hour, Backlog: 2000, BacklogSpan: time.Hour},
			},
			{
				Name: "prices", KeyGroups: 120, HotKeys: []float64{0.1, 0.05},
				Cost: flow.Cost{
					Seconds: 0.001, Contention: 0.02, WarmUp: flow.WarmUp{Factor: 2, Over: 30 * time.Second},
					StateSize: []flow.Point{{X: 0, Y: 1}, {X: 1e9, Y: 1.5}},
				},
				State: flow.State{Keys: 1e6, BytesPerKey: 100, Incremental: true},
			},
		},
		Edges:       []flow.Edge{{From: 0, To: 1, Selectivity: 0.5, Exchange: flow.Hash}},
		Checkpoints: flow.Checkpointing{Upload: 10 << 20, Unaligned: true},
	}
	if diff := cmp.Diff(want, job.Graph); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]twin.VertexSpec{
		{Topic: "o", Lower: 1, Parallelism: 4},
		{Operators: []string{"prices", "Sink: Writer"}, Lower: 2, Parallelism: 6, MaxParallelism: 60},
	}, job.Vertices); diff != "" {
		t.Error(diff)
	}
	if job.Options["restart-strategy.type"] != "none" || job.Parameters["job.autoscaler.enabled"] != "false" || job.Loads["orders"].Curve == nil {
		t.Errorf("%+v", job)
	}
}

// Loads are kept as texts that give the same curve, so that snapshots hold them.
func TestLoadsCanBeWrittenDown(t *testing.T) {
	for _, text := range []string{"500", "{day: {low: 200, high: 2k}}", "{noise: {of: 500, share: 0.5}}", "\n          sum:\n            - 5\n            - {spike: {peak: 3, at: 1 h, hold: 2 h}}\n"} {
		p, err := Read(File{Name: "twin.yaml", Contents: []byte("jobs: [{name: a, vertices: [{name: s, source: {}, cost: 1 ms, load: " + text + "}]}]")})
		if strings.Contains(text, "\n") {
			p, err = Read(File{Name: "twin.yaml", Contents: []byte("jobs:\n  - name: a\n    vertices:\n      - name: s\n        source: {}\n        cost: 1 ms\n        load:" + text)})
		}
		if err != nil {
			t.Fatal(err)
		}
		load := p.Jobs[0].Loads["s"]
		again, err := twin.Load{YAML: load.YAML}.Read(p.Cluster, "a", "s")
		if err != nil {
			t.Fatalf("%q: %v", load.YAML, err)
		}
		for at := time.Duration(0); at < 24*time.Hour; at += time.Hour {
			if a, b := load.Curve.Mean(at, at+time.Hour), again.Curve.Mean(at, at+time.Hour); a != b {
				t.Errorf("%q: %v, and written down %v", text, a, b)
			}
		}
	}
}

// Every fault is told with its line and key.
func TestWhatIsWrongWithAPlan(t *testing.T) {
	job := func(vertex string) string { return "jobs:\n- name: a\n  vertices:\n  - " + vertex + "\n" }
	for _, c := range []struct {
		name, text, want string
	}{
		{"nothing", "", "empty"},
		{"no YAML", "a: [", "not readable as YAML"},
		{"a list", "- a", `:1: a twin: want "key: value"`},
		{"an unknown key", "flink: 2.3\nflnk: 2.3", `:2: a twin: unknown key "flnk"; there are flink`},
		{"a key that is nearly one", "tskmanagers: []", "did you mean taskmanagers?"},
		{"a key twice", "seed: 1\nseed: 2", "already defined"},
		{"a version", "flink: 1.17", `:1: a twin: flink: "1.17": want 1.20 or 2.3`},
		{"a date", "start: today", ":1: a twin: start:"},
		{"a flag", "honest: maybe", "want true or false"},
		{"a seed", "seed: -1", ":1: a twin: seed:"},
		{"an option of Flink's", "options: {heartbeat.interval: often}", ":1: set up a twin: heartbeat.interval"},
		{"an option that is none", "options: {a: [1]}", ":1: a twin: a: want a plain value"},
		{"TaskManagers that are no list", "taskmanagers: 3", ":1: a twin: taskmanagers: want a list"},
		{"too many TaskManagers", "taskmanagers:\n- {count: 100000}", ":2: taskmanagers: count: 100000: want at most"},
		{"an id for several", "taskmanagers:\n- {count: 2, id: a}", ":2: taskmanagers: id and count"},
		{"one id twice", "taskmanagers: [{id: a}, {id: a}]", "a"},
		{"a time without a unit", "times: {deploy: 3}", `"3": want a unit, such as "3 s"`},
		{"a spread", "times: {spread: 2}", "spread 2"},
		{"a job without a name", "jobs:\n- vertices: [{name: a, cost: 1 s, source: {}}]", ":2: a job: name is missing"},
		{"a job without vertices", "jobs:\n- name: a", ":2: a job: vertices are missing"},
		{"a job's option", "jobs:\n- name: a\n  options: {execution.checkpointing.interval: often}\n  vertices: [{name: a, cost: 1 s, source: {}}]", ":2: submit job a: execution.checkpointing.interval"},
		{"a vertex without a name", job("{cost: 1 ms}"), ":4: a vertex: name is missing"},
		{"a vertex without a cost", job("{name: v, source: {}}"), ":4: vertex v: cost is missing"},
		{"a cost", job("{name: v, source: {}, cost: much}"), ":4: vertex v: cost:"},
		{"a cost below 0", job("{name: v, source: {}, cost: -1 ms}"), ":4: vertex v: cost:"},
		{"a capacity", job("{name: v, source: {}, cost: {capacity: {one: 3}}}"), ":4: vertex v: cost: capacity:"},
		{"a parallelism", job("{name: v, source: {}, cost: 1 ms, parallelism: 3:2}"), `:4: vertex v: parallelism: "3:2"`},
		{"a size", job("{name: v, source: {}, cost: 1 ms, state: {bytes: huge}}"), ":4: vertex v: state: bytes:"},
		{"an input that is not there", job("{name: v, cost: 1 ms, inputs: {u: {}}}"), `:4: vertex v: inputs: there is no vertex "u" above`},
		{"an input that is itself", job("{name: v, cost: 1 ms, inputs: {v: {}}}"), `there is no vertex "v" above`},
		{"an exchange", job("{name: u, source: {}, cost: 1 ms}") + "  - {name: v, cost: 1 ms, inputs: {u: {exchange: random}}}", `:5: vertex v: inputs: u: exchange: "random"`},
		{"a load of no source", job("{name: v, cost: 1 ms, load: 3}"), ":4: vertex v: load: it is no source"},
		{"a load", job("{name: v, source: {}, cost: 1 ms, load: {day: {hihg: 3}}}"), ":4: vertex v: load: "},
		{"a file where none is read", job("{name: v, source: {}, cost: 1 ms, load: {trace: {file: a.csv}}}"), "no files are read here"},
		{"two sources of one name", job("{name: v, source: {}, cost: 1 ms}") + "  - {name: v, source: {}, cost: 1 ms}", ":2: submit job a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(File{Name: "twin.yaml", Contents: []byte(c.text)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "twin.yaml") {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
	several := "flink: 1\nseed: x\nhonest: y\n"
	if _, err := Read(File{Name: "f", Contents: []byte(several)}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("of three faults it tells %v", err)
	}
}

func TestTablesAreReadByWhomever(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name != "a.csv" {
			return nil, fmt.Errorf("no %s", name)
		}
		return []byte("0,100\n60,200\n"), nil
	}
	p, err := Read(File{
		Name: "f", ReadFile: read,
		Contents: []byte("jobs: [{name: a, vertices: [{name: v, source: {}, cost: 1 ms, load: {trace: {file: a.csv}}}]}]"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Jobs[0].Loads["v"].Curve.Mean(0, 0); got != 100 {
		t.Errorf("it begins with %v", got)
	}
}

// The example that the documents name is right.
func TestTheExampleCanBeOpened(t *testing.T) {
	contents, err := os.ReadFile(filepath.Join("..", "..", "examples", "twin", "twin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(File{Name: "twin.yaml", Contents: contents})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(); err != nil {
		t.Fatal(err)
	}
}

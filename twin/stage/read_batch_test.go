package stage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/bulk"
)

const batchPlan = `
taskmanagers: [{slots: 4}]
jobs:
- name: report
  batch: {daily: "02:30", every: 2 d, volume: [1, 0.5]}
  options: {parallelism.default: 4}
  vertices:
  - {name: sales, bytes: 2 gb, cost: 20 ms, infers: true, operators: ["Source: sales[1]", "Calc[2]"]}
  - {name: shops, bytes: 20 mb, steady: true, cost: 10 ms, fixed: 1 s, record-bytes: 50, parallelism: 2, max-parallelism: 8}
  - name: join
    cost: 0.5 ms
    group: other
    inputs: {sales: {exchange: rebalance, share: 0.5, shuffle: hybrid-full}, shops: {exchange: broadcast}}
  - {name: sum, cost: 1 ms, inputs: {join: {exchange: hash, skew: 3}}}
  - {name: top, cost: 1 ms, inputs: {sum: }}
`

func TestAPlanWithABatchJob(t *testing.T) {
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(batchPlan)})
	if err != nil {
		t.Fatal(err)
	}
	at := 2*time.Hour + 30*time.Minute
	want := &twin.BatchSpec{
		Repeat: &twin.Repeat{Daily: &at, Every: 48 * time.Hour, Volumes: []float64{1, 0.5}},
		Graph: bulk.Graph{
			Vertices: []bulk.Vertex{
				{Name: "sales", Bytes: 2 << 30, Cost: 20 * time.Millisecond, Infers: true},
				{Name: "shops", Bytes: 20 << 20, Steady: true, Cost: 10 * time.Millisecond, Fixed: time.Second, RecordBytes: 50, Parallelism: 2, MaxParallelism: 8},
				{Name: "join", Cost: 500 * time.Microsecond},
				{Name: "sum", Cost: time.Millisecond},
				{Name: "top", Cost: time.Millisecond},
			},
			Edges: []bulk.Edge{
				{From: 0, To: 2, Share: 0.5, Ship: bulk.Rebalance, Exchange: bulk.HybridFull},
				{From: 1, To: 2, Share: 1, Ship: bulk.Broadcast},
				{From: 2, To: 3, Share: 1, Ship: bulk.Hash, Skew: 3},
				{From: 3, To: 4, Share: 1, Ship: bulk.Forward},
			},
		},
	}
	if d := cmp.Diff(want, p.Jobs[0].Batch); d != "" {
		t.Error(d)
	}
	if got := p.Jobs[0]; got.Options["parallelism.default"] != "4" || len(got.Vertices[0].Operators) != 2 || got.Vertices[2].Group != "other" {
		t.Errorf("it is read as %+v", got)
	}
}

func TestWhenABatchJobRuns(t *testing.T) {
	for text, want := range map[string]func(*twin.Repeat) bool{
		"true":                    func(r *twin.Repeat) bool { return r == nil },
		"{}":                      func(r *twin.Repeat) bool { return r == nil },
		"{every: 6 h}":            func(r *twin.Repeat) bool { return r.Every == 6*time.Hour && r.Daily == nil },
		`{daily: "00:00"}`:        func(r *twin.Repeat) bool { return *r.Daily == 0 },
		`{every: 1 h, volume: 2}`: func(r *twin.Repeat) bool { return r.Load.YAML == "2" },
		`{every: 1 h, volume: {noise: {of: 1, share: 0.2}}}`: func(r *twin.Repeat) bool {
			read, err := r.Load.Read(twin.Config{}, "a", "volume")
			return err == nil && read.Curve != nil && r.Load.Place == "a/volume"
		},
	} {
		p, err := Read(File{Name: "twin.yaml", Contents: []byte("jobs: [{name: a, batch: " + text + ", vertices: [{name: s, bytes: 1, cost: 1 ms}]}]")})
		if err != nil || !want(p.Jobs[0].Batch.Repeat) {
			t.Errorf("batch: %s: %v", text, err)
		}
	}
}

// Every fault is told with its line and key.
func TestWhatIsWrongWithABatchJob(t *testing.T) {
	job := func(batch, vertex string) string {
		return "jobs:\n- name: a\n  batch: " + batch + "\n  vertices:\n  - {name: s, bytes: 1, cost: 1 ms}\n  - " + vertex + "\n"
	}
	for _, c := range []struct{ name, text, want string }{
		{"neither yes nor when", job("daily", "{name: v, bytes: 1, cost: 1 ms}"), `:3: a job: batch: "daily": want true, or when it runs`},
		{"a time of day", job("{daily: 2 am}", "{name: v, bytes: 1, cost: 1 ms}"), `:3: a job: batch: daily: "2 am": want a time of day`},
		{"a key", job("{nightly: 1}", "{name: v, bytes: 1, cost: 1 ms}"), `:3: a job: batch: unknown key "nightly"; there are daily, every, volume`},
		{"a volume of one that does not repeat", job("{volume: [1]}", "{name: v, bytes: 1, cost: 1 ms}"), ":3: a job: batch: volume: it is for a job that repeats"},
		{"a volume", job("{every: 1 h, volume: [x]}", "{name: v, bytes: 1, cost: 1 ms}"), ":3: a job: batch: volume:"},
		{"a curve", job("{every: 1 h, volume: {dy: 1}}", "{name: v, bytes: 1, cost: 1 ms}"), ":3: a job: batch: volume: "},
		{"a period", job("{every: 1}", "{name: v, bytes: 1, cost: 1 ms}"), ":3: a job: batch: every:"},
		{"a savepoint", "jobs:\n- name: a\n  batch: true\n  savepoint: x\n  vertices: [{name: s, bytes: 1, cost: 1 ms}]", ":4: a job: savepoint: a batch job has none"},
		{"options of the cluster", "jobs:\n- name: a\n  batch: true\n  options: {execution.batch.adaptive.auto-parallelism.max-parallelism: 3}\n  vertices: [{name: s, bytes: 1, cost: 1 ms}]", ":4: a job: options: execution.batch.adaptive.auto-parallelism.max-parallelism: Flink heeds it among the options of the cluster only"},
		{"a key of a stream", job("true", "{name: v, source: {}, cost: 1 ms}"), `:6: a vertex of a batch job: unknown key "source"`},
		{"no name", job("true", "{bytes: 1, cost: 1 ms}"), ":6: a vertex: name is missing"},
		{"no cost", job("true", "{name: v, bytes: 1}"), ":6: vertex v: cost is missing: what a MiB takes one task"},
		{"nothing to read", job("true", "{name: v, cost: 1 ms}"), ":6: vertex v: it has neither inputs nor the bytes of a source"},
		{"a size", job("true", "{name: v, bytes: much, cost: 1 ms}"), `:6: vertex v: bytes: "much"`},
		{"an input that is not there", job("true", "{name: v, cost: 1 ms, inputs: {u: {}}}"), `:6: vertex v: inputs: there is no vertex "u" above`},
		{"an exchange", job("true", "{name: v, cost: 1 ms, inputs: {s: {exchange: random}}}"), `:6: vertex v: inputs: s: exchange: "random": want forward, rebalance, rescale, hash or broadcast`},
		{"a shuffle", job("true", "{name: v, cost: 1 ms, inputs: {s: {shuffle: fast}}}"), `:6: vertex v: inputs: s: shuffle: "fast": want blocking, hybrid-full, hybrid-selective or pipelined`},
		{"records", job("true", "{name: v, cost: 1 ms, inputs: {s: {records: 1}}}"), `:6: vertex v: inputs: s: unknown key "records"; there are share, exchange, shuffle, skew, hot-keys`},
		{"a parallelism", "jobs:\n- name: a\n  parallelism: 0\n  vertices: [{name: s, source: {}, cost: 1 ms}]", `:3: a job: parallelism: "0": want a whole number from 1 to 32768`},
		{"another parallelism", "jobs:\n- name: a\n  batch: true\n  options: {parallelism.default: 4}\n  parallelism: 5\n  vertices: [{name: s, bytes: 1, cost: 1 ms}]", ":5: a job: parallelism, and parallelism.default: 4 in its options: want one of the two"},
		{"a pipelined exchange", job("true", "{name: v, cost: 1 ms, inputs: {s: {shuffle: pipelined}}}"), ":2: submit job a: At the moment, adaptive batch scheduler requires"},
		{"bounds", "options: {execution.batch.adaptive.auto-parallelism.max-parallelism: 2, execution.batch.adaptive.auto-parallelism.min-parallelism: 3}\n" + job("true", "{name: v, bytes: 1, cost: 1 ms}"), "min-parallelism: 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(File{Name: "twin.yaml", Contents: []byte(c.text)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "twin.yaml") {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// What a job says of its parallelism is the largest of a vertex that the scheduler
// decides, and what a vertex of a stream has that says nothing.
func TestAJobSaysItsParallelism(t *testing.T) {
	const text = `
taskmanagers: [{slots: 8}]
options: {parallelism.default: 7, execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task: 1 mb}
jobs:
- name: report
  batch: true
  parallelism: 5
  vertices: [{name: sales, bytes: 1 gb, cost: 1 ms}, {name: sum, cost: 1 ms, inputs: {sales: {exchange: hash}}}]
- name: orders
  parallelism: 3
  vertices: [{name: orders, source: {}, cost: 1 ms}, {name: prices, parallelism: 2, cost: 1 ms, inputs: {orders: {exchange: hash}}}]
`
	p, err := Read(File{Name: "twin.yaml", Contents: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(s.Twin().Start().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	jobs := s.Twin().State().Jobs
	if batch := jobs[0].Vertices; batch[0].Parallelism != 5 || batch[1].Parallelism != 5 {
		t.Errorf("the vertices of the report are %+v", batch)
	}
	if stream := jobs[1].Vertices; stream[0].Upper != 3 || stream[1].Upper != 2 {
		t.Errorf("the vertices of the stream are %+v", stream)
	}
}

// The example with a report each night is right, and does what it says.
func TestTheExampleOfANightlyReport(t *testing.T) {
	contents, err := os.ReadFile(filepath.Join("..", "..", "examples", "twin", "batch.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(File{Name: "batch.yaml", Contents: contents})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(s.Twin().Start().Add(6*time.Hour + 5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	state := s.Twin().State()
	if len(state.Jobs) != 2 || state.Jobs[0].Status != "RUNNING" || state.Jobs[1].Status != "FINISHED" {
		t.Fatalf("after the night there are %+v", state.Jobs)
	}
	if join := state.Jobs[1].Vertices[2]; join.ReadBytes < 4<<30 || join.Finished != join.Parallelism {
		t.Errorf("the join is %+v", join)
	}
	p.Jobs = p.Jobs[1:]
	if s, err = p.Open(); err != nil {
		t.Fatal(err)
	}
	parallelism := map[int]bool{}
	for night := range 7 {
		if err := s.Advance(s.Twin().Start().Add(time.Duration(night)*24*time.Hour + 6*time.Hour + 5*time.Minute)); err != nil {
			t.Fatal(err)
		}
		jobs := s.Twin().State().Jobs
		if len(jobs) != night+1 {
			t.Fatalf("after night %d, %d reports are listed", night, len(jobs))
		}
		parallelism[jobs[night].Vertices[2].Parallelism] = true
	}
	if len(parallelism) < 4 {
		t.Errorf("the parallelism is %v whatever there is to read", parallelism)
	}
}

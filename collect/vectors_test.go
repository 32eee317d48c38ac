package collect_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// A vector is a job in virtual time with what Flink's Java autoscaler made of it;
// testdata/README.md describes the format.
type vector struct {
	Job    struct{ JobID flink.JobID }
	Config map[string]string
	Plans  []json.RawMessage
	Steps  []step
}

type step struct {
	At        int64
	JobStatus flink.JobStatus
	Config    map[string]*string
	Action    string
	Rest      map[string]json.RawMessage
	Expected  struct {
		Outcome   string
		Exception *struct{ Stage, Message string }
		Collected *struct {
			Vertices map[string]map[string]jsonNumber
			Global   map[string]jsonNumber
		}
		Evaluated *struct {
			Vertices map[string]map[string]json.RawMessage
		}
		ExcludedThisCycle []string
	}
}

// jsonNumber is a number that may come as "NaN" or "Infinity".
type jsonNumber float64

func (n *jsonNumber) UnmarshalJSON(text []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*n = jsonNumber(v)
	return err
}

func TestReferenceCollectsWhatTheJavaAutoscalerDoes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/vectors/*.json.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d vectors: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json.gz"), func(t *testing.T) {
			t.Parallel()
			newReplay(t, readVector(t, file)).run()
		})
	}
}

func readVector(t *testing.T, file string) vector {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.NewDecoder(plain).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// replay runs a vector through the collector.
type replay struct {
	t         *testing.T
	vector    vector
	cluster   *fakeCluster
	client    *flink.Client
	clock     *clock
	collector *collect.Reference
	config    map[string]string
	rest      map[string]any
	window    scaling.Window
}

func newReplay(t *testing.T, v vector) *replay {
	t.Helper()
	r := &replay{t: t, vector: v, cluster: newFakeCluster(t), clock: &clock{}, config: maps.Clone(v.Config), rest: map[string]any{}}
	r.config[options.ProfileOption.Key] = string(options.ProfileReference)
	r.client = r.cluster.client()
	r.restart()
	return r
}

func (r *replay) restart() {
	collector, err := collect.NewReference(collect.Config{Now: r.clock.Now, Cluster: clusterMetrics(r.t, 0, r.clock.Now)})
	if err != nil {
		r.t.Fatal(err)
	}
	r.collector = collector
}

func (r *replay) run() {
	for i := range r.vector.Steps {
		s := &r.vector.Steps[i]
		r.clock.set(time.UnixMilli(s.At))
		for key, value := range s.Config {
			delete(r.config, key)
			if value != nil {
				r.config[key] = *value
			}
		}
		r.serve(s)
		job := jobContext(r.client, r.config)
		job.Key.Job = r.vector.Job.JobID
		switch {
		case s.Action == "newProcess":
			r.restart()
		case s.Action == "cleanup", s.Expected.Outcome == "DISABLED":
			if s.Action == "cleanup" {
				r.collector.Forget(job.Key)
			}
			r.window = scaling.Window{}
			continue
		}
		if s.Expected.Outcome != "NOT_RUNNING" {
			r.step(i, s, job)
		}
	}
}

// serve brings the cluster to the state of a step.
func (r *replay) serve(s *step) {
	for key, raw := range s.Rest {
		path := strings.TrimPrefix(key, "GET ")
		var change any
		r.must(json.Unmarshal(raw, &change))
		if change == nil {
			delete(r.rest, path)
			r.cluster.remove(path)
			continue
		}
		if m, ok := change.(map[string]any); ok && m["$merge"] != nil {
			change = merged(r.rest[path], m["$merge"])
		}
		r.rest[path] = change
		status := 200
		if m, ok := change.(map[string]any); ok && m["$status"] != nil {
			status, change = int(m["$status"].(float64)), m["$body"]
		}
		body, err := json.Marshal(r.withPlan(change))
		r.must(err)
		r.cluster.setReply(path, reply{status: status, body: body})
	}
}

func merged(old, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	switch was := old.(type) {
	case map[string]any:
		was = maps.Clone(was)
		for k, v := range changes {
			was[k] = merged(was[k], v)
		}
		return was
	case []any:
		was = slices.Clone(was)
		for k, v := range changes {
			i, _ := strconv.Atoi(k)
			was[i] = merged(was[i], v)
		}
		return was
	}
	return patch
}

func (r *replay) withPlan(body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	reference, ok := m["plan"].(string)
	if !ok {
		return body
	}
	i, err := strconv.Atoi(strings.TrimPrefix(reference, "$plan:"))
	r.must(err)
	m = maps.Clone(m)
	m["plan"] = r.vector.Plans[i]
	return m
}

func (r *replay) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *replay) step(i int, s *step, job *autoscaler.JobContext) {
	want := &s.Expected
	o, err := r.collector.Collect(r.t.Context(), job, r.window)
	if x := want.Exception; x != nil && x.Stage == "collect" {
		r.failed(i, want.Outcome, x.Message, err)
		return
	}
	if err != nil {
		r.t.Fatalf("step %d: %v", i, err)
	}
	length, err := options.Get(job.Config, options.MetricsWindow)
	r.must(err)
	stabilization, err := options.Get(job.Config, options.StabilizationInterval)
	r.must(err)
	r.window, _ = r.window.Add(o.Sample, length, stabilization)
	if want.Collected != nil {
		latest := r.window.Latest() // not the new one, when the clock went back
		for k := range latest.Vertices {
			v := &latest.Vertices[k]
			r.same(i, string(v.Vertex), values(v), want.Collected.Vertices[string(v.Vertex)])
		}
		if len(latest.Vertices) != len(want.Collected.Vertices) {
			r.t.Errorf("step %d: %d vertices, want %d", i, len(latest.Vertices), len(want.Collected.Vertices))
		}
		r.same(i, "cluster", globalValues(&latest.Global), want.Collected.Global)
	}
	if want.Evaluated != nil {
		r.topology(i, o.Topology, want.Evaluated.Vertices)
	}
	r.excluded(i, o, want.ExcludedThisCycle)
}

func (r *replay) failed(i int, outcome, message string, err error) {
	r.t.Helper()
	var notReady *autoscaler.NotReadyError
	var unparsable *options.ParseError
	switch {
	case err == nil:
		r.t.Errorf("step %d: no error, want %s: %s", i, outcome, message)
	case errors.As(err, &notReady) != (outcome == "NOT_READY"):
		r.t.Errorf("step %d: error %v, want outcome %s", i, err, outcome)
	case flink.KindOf(err) != flink.KindOther:
		// What the cluster did wrong is told in other words.
	case errors.As(err, &unparsable):
		if unparsable.Reference() != message {
			r.t.Errorf("step %d: error %q, want %q", i, unparsable.Reference(), message)
		}
	case !strings.HasSuffix(message, rootOf(err).Error()):
		r.t.Errorf("step %d: error %q, want %q", i, err, message)
	}
}

func rootOf(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

func (r *replay) same(i int, what string, got map[string]float64, want map[string]jsonNumber) {
	r.t.Helper()
	names := slices.Collect(maps.Keys(got))
	for name := range want {
		if _, ok := got[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		g, hasGot := got[name]
		w, hasWant := want[name]
		if hasGot != hasWant || !near(g, float64(w)) {
			r.t.Errorf("step %d: %s: %s is %v (present: %v), want %v (present: %v)", i, what, name, g, hasGot, w, hasWant)
		}
	}
}

func near(a, b float64) bool {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

func (r *replay) topology(i int, t *scaling.Topology, want map[string]map[string]json.RawMessage) {
	r.t.Helper()
	for k := range t.Vertices {
		v := &t.Vertices[k]
		got := map[string]int{"PARALLELISM": v.Parallelism, "MAX_PARALLELISM": v.MaxParallelism, "NUM_SOURCE_PARTITIONS": v.Partitions}
		for name, n := range got {
			if w := string(want[string(v.ID)][name]); w != "" && w != strconv.Itoa(n) {
				r.t.Errorf("step %d: %s of %s is %d, want %s", i, name, v.ID, n, w)
			}
		}
	}
}

func (r *replay) excluded(i int, o *autoscaler.Observation, want []string) {
	r.t.Helper()
	var got []string
	for k := range o.Topology.Vertices {
		v := &o.Topology.Vertices[k]
		if v.Finished || slices.Contains(o.Unusable, v.ID) {
			got = append(got, string(v.ID))
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		r.t.Errorf("step %d: excluded in this pass: %v, want %v", i, got, want)
	}
}

package twin

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
	"github.com/sluice-project/sluice/twin/flow"
)

const autoKeys = "execution.batch.adaptive.auto-parallelism."

func batchOptions() map[string]string {
	o := stepOptions()
	o[autoKeys+"max-parallelism"] = "16"
	o[autoKeys+"default-source-parallelism"] = "4"
	o[autoKeys+"avg-data-volume-per-task"] = "16 mb"
	return o
}

const mib8 = 8 << 20

// reportSpec is a batch job of two sources, a join with the smaller one, and a sum.
func reportSpec() JobSpec {
	return JobSpec{
		Name: "report",
		Batch: &BatchSpec{Graph: bulk.Graph{
			Vertices: []bulk.Vertex{
				{Name: "sales", Bytes: 25 * mib8, Cost: 200 * time.Millisecond},
				{Name: "shops", Bytes: 1 << 20, Cost: 100 * time.Millisecond, Steady: true},
				{Name: "join", Cost: 300 * time.Millisecond},
				{Name: "sum", Cost: 400 * time.Millisecond},
			},
			Edges: []bulk.Edge{
				{From: 0, To: 2, Share: 1, Ship: bulk.Rebalance},
				{From: 1, To: 2, Share: 1, Ship: bulk.Broadcast},
				{From: 2, To: 3, Share: 0.5, Ship: bulk.Hash, Skew: 3},
			},
		}},
		Vertices: []VertexSpec{{}, {}, {Operators: []string{"HashJoin[4]", "Calc[5]"}}, {Operators: []string{"Sum[6]", "report[7]: Writer"}}},
	}
}

func batchRig(t testing.TB, version slots.Version, change func(*Config)) *rig {
	t.Helper()
	c := Config{Version: version, Options: batchOptions(), TaskManagers: []TaskManager{{}, {}}, Seed: 1}
	if change != nil {
		change(&c)
	}
	r := newRig(t, c)
	r.pass(time.Second)
	return r
}

// until lets time pass until something holds.
func (r *rig) until(what string, step time.Duration, holds func() bool) {
	r.t.Helper()
	for range 10_000 {
		if holds() {
			return
		}
		r.pass(step)
	}
	r.t.Fatalf("never: %s", what)
}

func (r *rig) state(id string) *JobState {
	s := r.State()
	for i := range s.Jobs {
		if s.Jobs[i].ID == id {
			return &s.Jobs[i]
		}
	}
	return nil
}

func (r *rig) ends(id, as string) {
	r.t.Helper()
	r.until("job "+id+" ends", time.Second, func() bool { return flink.JobStatus(r.state(id).Status).Terminal() })
	if got := r.state(id).Status; got != as {
		r.t.Fatalf("the job is %s, want %s", got, as)
	}
}

// batchRecording is a real batch job as package batchlab has recorded it.
type batchRecording struct {
	Job     string
	Options map[string]string
	Bodies  map[string]struct {
		Status int
		JSON   json.RawMessage
	}
	Seen []struct{ Job json.RawMessage } // while it ran
	// Vertices are those of the job as they got their tasks.
	Vertices []struct {
		Vertex               string
		Parallelism, Maximum int
		Decision             *struct{} // nil where the parallelism was fixed before
		Inputs               []struct{ Forward bool }
	}
}

func readBatchRecording(t *testing.T, name string) batchRecording {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "internal", "batchlab", "testdata", name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var r batchRecording
	if err := json.NewDecoder(unpacked).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

var hashKeys = regexp.MustCompile(`\[.*\]$`)

// likeRecordedBatch is the recorded job, whose sources write what they wrote.
func likeRecordedBatch(t *testing.T, b batchRecording) JobSpec {
	t.Helper()
	var d flink.JobDetails
	if err := json.Unmarshal(b.Bodies["/jobs/"+b.Job].JSON, &d); err != nil {
		t.Fatal(err)
	}
	spec := JobSpec{ID: b.Job, Name: d.Name, Batch: &BatchSpec{}}
	at := map[flink.VertexID]int{}
	for i, v := range d.Vertices {
		at[v.ID] = i
		spec.Vertices = append(spec.Vertices, VertexSpec{ID: string(v.ID), Operators: strings.Split(v.Name, " -> ")})
		spec.Batch.Graph.Vertices = append(spec.Batch.Graph.Vertices, bulk.Vertex{Name: v.Name, RecordBytes: 41})
	}
	for _, node := range d.Plan.Nodes {
		to := at[node.ID]
		v := &spec.Batch.Graph.Vertices[to]
		if len(node.Inputs) == 0 || len(node.Inputs) == 1 && strings.HasPrefix(v.Name, "MultipleInput") {
			v.Bytes, v.Parallelism, v.MaxParallelism = float64(d.Vertices[to].Metrics.WriteBytes), d.Vertices[to].Parallelism, d.Vertices[to].MaxParallelism
		}
		for _, in := range node.Inputs {
			ship, err := bulk.ParseShip(strings.ToLower(hashKeys.ReplaceAllString(in.ShipStrategy, "")))
			if err != nil {
				ship = bulk.Hash
			}
			share, from := 1.0, &d.Vertices[at[in.ID]]
			if reads := float64(from.Metrics.ReadBytes); reads > 0 { // it reads a broadcast and a source
				share = float64(from.Metrics.WriteBytes) / (float64(from.Metrics.WriteBytes) + reads)
			}
			spec.Batch.Graph.Edges = append(spec.Batch.Graph.Edges, bulk.Edge{From: at[in.ID], To: to, Share: share, Ship: ship})
		}
	}
	return spec
}

// besideTheTwin are bodies of a recording that the twin has elsewhere, or not at all.
var besideTheTwin = regexp.MustCompile(`/(config|overview|taskmanagers|jobmanager/config)$`)

// withoutEmpty are the inputs of operators that have none, among others that have.
var withoutEmpty = regexp.MustCompile(`,\s*"inputs":\s*\[\]`)

func TestABatchJobAnswersAsTheRecordedOne(t *testing.T) {
	for _, name := range []string{"1.20.5-small-join", "2.3.0-small-join", "1.20.5-small-broadcast", "2.3.0-small-broadcast", "2.3.0-small-skew"} {
		t.Run(name, func(t *testing.T) {
			b := readBatchRecording(t, name)
			version := slots.V2_3
			if strings.HasPrefix(name, "1.20") {
				version = slots.V1_20
			}
			r := newRig(t, Config{Version: version, Options: b.Options, TaskManagers: []TaskManager{{ID: "tm1", Slots: 4}}})
			r.pass(time.Second)
			r.submit(likeRecordedBatch(t, b))
			r.pass(100 * time.Millisecond)
			compareBodies(t, recording.Exchange{
				Method: "GET", Path: "/jobs/" + b.Job, Status: 200, Body: withoutEmpty.ReplaceAll(b.Seen[0].Job, nil),
			}, withoutEmpty.ReplaceAll(r.ask("GET", "/jobs/"+b.Job).Body(), nil))
			r.ends(b.Job, "FINISHED")
			r.pass(10 * time.Second)
			compared := 0
			for _, path := range sorted(b.Bodies) {
				if !strings.HasPrefix(path, "/jobs/") || besideTheTwin.MatchString(path) && path != "/jobs/overview" && !strings.HasSuffix(path, b.Job+"/config") {
					continue
				}
				recorded := b.Bodies[path]
				answer := r.ask("GET", path)
				if answer.Status != recorded.Status {
					t.Errorf("GET %s answers %d, recorded was %d", path, answer.Status, recorded.Status)
					continue
				}
				compareBodies(t, recording.Exchange{
					Method: "GET", Path: path, Status: recorded.Status, Body: withoutEmpty.ReplaceAll(recorded.JSON, nil),
				}, withoutEmpty.ReplaceAll(answer.Body(), nil))
				compared++
			}
			if compared < 8 {
				t.Errorf("%d bodies are compared", compared)
			}
			r.comparesVolumes(b)
		})
	}
}

// edges are those of a plan, by the vertex that they lead to.
func edges(d *flink.JobDetails) map[flink.VertexID][]string {
	all := map[flink.VertexID][]string{}
	for _, node := range d.Plan.Nodes {
		for _, in := range node.Inputs {
			all[node.ID] = append(all[node.ID], string(in.ID)+" "+in.Exchange+" "+hashKeys.ReplaceAllString(in.ShipStrategy, ""))
		}
	}
	return all
}

// comparesVolumes holds the vertices against the recorded ones.
func (r *rig) comparesVolumes(b batchRecording) {
	r.t.Helper()
	var want flink.JobDetails
	r.do(json.Unmarshal(b.Bodies["/jobs/"+b.Job].JSON, &want))
	got := get[flink.JobDetails](r, "/jobs/"+b.Job)
	if d := cmp.Diff(edges(&want), edges(&got)); d != "" {
		r.t.Errorf("the edges of the plan: %s", d)
	}
	for i, v := range want.Vertices {
		g := got.Vertices[i]
		if g.Parallelism != v.Parallelism || g.MaxParallelism != v.MaxParallelism || g.Status != v.Status || g.Tasks != v.Tasks {
			r.t.Errorf("%s has parallelism %d of %d, %s; recorded was %d of %d, %s", v.Name, g.Parallelism, g.MaxParallelism, g.Status, v.Parallelism, v.MaxParallelism, v.Status)
		}
		if len(want.Plan.Nodes) == 3 && strings.Contains(v.Name, "Join[") && (g.Metrics.ReadBytes-v.Metrics.ReadBytes > 4000 || v.Metrics.ReadBytes-g.Metrics.ReadBytes > 4000) {
			r.t.Errorf("%s reads %d bytes, recorded was %d", v.Name, g.Metrics.ReadBytes, v.Metrics.ReadBytes)
		}
	}
}

// What nobody has recorded of a batch job that runs: that it has no checkpoints, no
// bounds and no rescales was.
func TestABatchJobRefusesAsFlinkDoes(t *testing.T) {
	r := batchRig(t, slots.V2_3, nil)
	id := r.submit(reportSpec())
	r.pass(3 * time.Second)
	of := func(v int) string {
		return `"` + r.byID[id].spec.Vertices[v].ID + `":{"parallelism":{"lowerBound":1,"upperBound":2}}`
	}
	bounds := "{" + of(0) + "," + of(1) + "}"
	for _, c := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"GET", "/resource-requirements", "", 500, "AdaptiveBatchScheduler does not support changing the parallelism without a job restart"},
		{"PUT", "/resource-requirements", bounds, 500, "does not support changing the parallelism"},
		{"GET", "/checkpoints", "", 404, "Checkpointing has not been enabled."},
		{"GET", "/checkpoints/config", "", 404, "Checkpointing is not enabled for this job (" + id + ")."},
		{"GET", "/rescales/config", "", 404, "AdaptiveScheduler is not enabled for this job (" + id + ")."},
		{"GET", "/vertices/" + r.byID[id].spec.Vertices[3].ID, "", 404, "JobVertex"},
	} {
		answer := r.ask(c.method, "/jobs/"+id+c.path, c.body)
		if answer.Status != c.status || !strings.Contains(string(answer.Body()), c.text) {
			t.Errorf("%s %s answers %d: %s", c.method, c.path, answer.Status, answer.Body())
		}
	}
	for _, a := range []Action{
		{Do: SetLoad, Job: id, Vertex: "sales", Load: &Load{YAML: "5"}},
		{Do: SetCost, Job: id, Vertex: "sales", Cost: &flow.Cost{}},
		{Do: TakeSavepoint, Job: id},
		{Do: FailTask, Job: id, Vertex: "nobody"},
	} {
		if err := r.Do(a); err == nil || !strings.Contains(err.Error(), "report") {
			t.Errorf("%s: %v", a.Do, err)
		}
	}
	if len(r.journal.actions) != 1 {
		t.Errorf("%d deeds are written down", len(r.journal.actions))
	}
}

// While it runs: in 1.20 vertices are there from the start, undecided ones with -1 and
// no subtasks; in 2.3 they come, and operators wait.
func TestABatchJobIsShownWhileItRuns(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		t.Run(version.String(), func(t *testing.T) {
			r := batchRig(t, version, func(c *Config) { c.Honest = true })
			id := r.submit(reportSpec())
			r.pass(4 * time.Second)
			d := get[flink.JobDetails](r, "/jobs/"+id)
			if d.JobType != flink.TypeBatch || d.State != flink.JobRunning || d.Plan.Type != flink.TypeBatch {
				t.Errorf("it is a %s, plan of %s, and %s", d.JobType, d.Plan.Type, d.State)
			}
			source := d.Vertices[0]
			if source.Tasks.Running != 4 || source.Parallelism != 4 {
				t.Errorf("the source is shown as %+v", source)
			}
			if m := source.Metrics; m.ReadBytes != 0 || m.WriteBytes <= 0 || m.WriteBytes >= 25*mib8 {
				t.Errorf("the source is shown to have moved %+v", m)
			}
			if version == slots.V1_20 {
				r.showsUndecided(&d)
			} else {
				r.showsPending(&d)
			}
		})
	}
}

// showsUndecided is how 1.20 shows the report while its sources run.
func (r *rig) showsUndecided(d *flink.JobDetails) {
	r.t.Helper()
	v := d.Vertices[3]
	if v.Parallelism != -1 || v.MaxParallelism != 16 || v.Status != "CREATED" || v.Tasks != (flink.TaskCounts{}) {
		r.t.Errorf("an undecided vertex is shown as %+v", v)
	}
	if len(d.Vertices) != 4 || len(d.Plan.Nodes) != 4 || d.PendingOperators != nil {
		r.t.Errorf("%d vertices are shown, in the plan %d", len(d.Vertices), len(d.Plan.Nodes))
	}
	body := get[flink.VertexDetails](r, "/jobs/"+string(d.ID)+"/vertices/"+string(v.ID))
	if len(body.Subtasks) != 0 || body.Parallelism != -1 {
		r.t.Errorf("it has %+v", body)
	}
}

// showsPending is how 2.3 does.
func (r *rig) showsPending(d *flink.JobDetails) {
	r.t.Helper()
	if len(d.Vertices) != 2 || *d.PendingOperators != 4 || len(d.Plan.Nodes) != 2 {
		r.t.Errorf("%d vertices are shown, in the plan %d, and %d operators wait", len(d.Vertices), len(d.Plan.Nodes), *d.PendingOperators)
	}
	if d.SchedulerType != flink.SchedulerAdaptiveBatch || len(d.StreamGraph.Nodes) != 6 {
		r.t.Errorf("%d operators are shown, under %s", len(d.StreamGraph.Nodes), d.SchedulerType)
	}
	if node := d.StreamGraph.Nodes[2]; node.JobVertexID != "" || node.Parallelism != -1 {
		r.t.Errorf("an operator that waits is shown as %+v", node)
	}
	o := get[flink.JobsOverview](r, "/jobs/overview").Jobs[0]
	if *o.PendingOperators != 4 || o.JobType != flink.TypeBatch || o.Tasks.Total != 8 {
		r.t.Errorf("in the list it is %+v", o)
	}
}

// The counters of a task that runs are as old as the metrics, and not known before.
func TestTheCountersOfATaskThatRunsAreFetched(t *testing.T) {
	r := batchRig(t, slots.V2_3, func(c *Config) { c.Options["rest.cache.execution-graph.timeout"] = "0 s" })
	id := r.submit(reportSpec())
	r.pass(3 * time.Second)
	source := func() flink.Vertex { return get[flink.JobDetails](r, "/jobs/"+id).Vertices[0] }
	if m := source().Metrics; m.WriteBytesComplete || m.WriteBytes != 0 {
		t.Errorf("before they are fetched the counters are %+v", m)
	}
	r.pass(time.Second)
	if m := source().Metrics; !m.WriteBytesComplete || m.WriteBytes == 0 {
		t.Errorf("once they are fetched the counters are %+v", m)
	}
	r.ends(id, "FINISHED")
	if m := source().Metrics; !m.WriteBytesComplete || m.WriteBytes != 25*mib8 {
		t.Errorf("at the end the counters are %+v", m)
	}
	names := get[[]flink.MetricName](r, "/jobs/"+id+"/vertices/"+r.byID[id].spec.Vertices[2].ID+"/subtasks/metrics")
	if len(names) == 0 {
		t.Error("there are no metrics")
	}
}

func TestAJobIsStaticWhereTheClusterIsConfiguredForStreams(t *testing.T) {
	for name, c := range map[string]struct {
		cluster, job string
		want         int
		scheduler    string
	}{
		"not configured":         {"", "", 13, flink.SchedulerAdaptiveBatch},
		"adaptive":               {"adaptive", "", 2, flink.SchedulerAdaptiveBatch},
		"the job says otherwise": {"adaptive", "AdaptiveBatch", 13, flink.SchedulerAdaptiveBatch},
		"default":                {"default", "", 2, flink.SchedulerDefault},
	} {
		t.Run(name, func(t *testing.T) {
			r := batchRig(t, slots.V2_3, func(config *Config) {
				if c.cluster != "" {
					config.Options[schedulerOption] = c.cluster
				}
			})
			text, err := json.Marshal(r.Snapshot())
			r.do(err)
			var s Snapshot
			r.do(json.Unmarshal(text, &s))
			restored, err := Restore(&s)
			r.do(err)
			r = &rig{restored, t}
			spec := reportSpec()
			spec.Options = map[string]string{"parallelism.default": "2", autoKeys + "avg-data-volume-per-task": "1 gb"} // which is not heeded
			if c.job != "" {
				spec.Options[schedulerOption] = c.job
			}
			id := r.submit(spec)
			r.ends(id, "FINISHED")
			r.pass(5 * time.Second)
			d := get[flink.JobDetails](r, "/jobs/"+id)
			if got := d.Vertices[2].Parallelism; got != c.want || d.SchedulerType != c.scheduler {
				t.Errorf("the join has %d tasks under %s, want %d under %s", got, d.SchedulerType, c.want, c.scheduler)
			}
		})
	}
}

// A stream and a batch job want more slots than there are: the stream keeps its own,
// the batch job takes the rest, and when a stage ends a stream that waits has its turn.
func TestStreamsAndBatchesShareTheSlots(t *testing.T) {
	r := batchRig(t, slots.V2_3, nil)
	stream := stepJob(500)
	stream.Vertices[1].Parallelism = 3
	streaming := r.submit(stream)
	r.pass(30 * time.Second)
	id := r.submit(reportSpec())
	most := 0
	r.until("the batch job ends", 500*time.Millisecond, func() bool {
		s := r.State()
		held := map[slots.JobID]int{}
		for _, tm := range s.TaskManagers {
			for _, slot := range tm.Held {
				held[slot.Job]++
			}
		}
		if held[slots.JobID(streaming)] != 3 || held[slots.JobID(streaming)]+held[slots.JobID(id)] > 8 {
			t.Fatalf("the slots are divided as %v", held)
		}
		if running := get[flink.JobsOverview](r, "/jobs/overview").Jobs[1].Tasks; running.Running+running.Deploying+running.Initializing > held[slots.JobID(id)] {
			t.Fatalf("%+v tasks run in %d slots", running, held[slots.JobID(id)])
		}
		most = max(most, held[slots.JobID(id)])
		return flink.JobStatus(r.state(id).Status).Terminal()
	})
	if most != 5 || r.state(id).Status != "FINISHED" || r.state(streaming).Status != "RUNNING" {
		t.Errorf("the batch job had up to %d slots and is %s", most, r.state(id).Status)
	}
	r.pass(time.Second)
	if free := r.State().FreeSlots; free != 5 {
		t.Errorf("%d slots are free at the end", free)
	}
}

func TestABatchJobSurvivesALostTaskManager(t *testing.T) {
	r := batchRig(t, slots.V2_3, func(c *Config) { c.TaskManagers = append(c.TaskManagers, TaskManager{}) })
	spec := reportSpec()
	spec.Batch.Graph.Vertices[0].Parallelism = 6 // of which four are on tm-1
	id := r.submit(spec)
	r.until("the join runs", 100*time.Millisecond, func() bool { return r.state(id).Vertices[2].Parallelism > 0 })
	r.pass(time.Second)
	r.do(r.Kill("tm-1"))
	r.pass(2 * time.Second)
	e := get[flink.Exceptions](r, "/jobs/"+id+"/exceptions")
	first := flink.ExceptionEntry{}
	if n := len(e.History.Entries); n > 0 {
		first = e.History.Entries[n-1]
	}
	if first.TaskManagerID.Value == "tm-1" || !strings.Contains(first.Stacktrace, "remote task manager 'tm-1'") || !strings.Contains(first.TaskName.Value, "HashJoin[4] -> Calc[5] (") {
		t.Errorf("its failures are %+v", e)
	}
	r.ends(id, "FINISHED")
	j := r.state(id)
	if j.Restarts == 0 || j.Vertices[0].ReadBytes != 0 || j.Vertices[2].ReadBytes != 25*mib8+13<<20 {
		t.Errorf("after %d restarts it has read %d bytes", j.Restarts, j.Vertices[2].ReadBytes)
	}
	r.pass(4 * time.Second)
	attempts := map[int]int{}
	for _, s := range get[flink.VertexDetails](r, "/jobs/"+id+"/vertices/"+r.byID[id].spec.Vertices[0].ID).Subtasks {
		attempts[s.Attempt]++
	}
	if attempts[0] != 2 {
		t.Errorf("the sources ran in attempts %v: only some of their data were lost", attempts)
	}
}

// With high availability a job that ran begins anew when the JobManager is back;
// without it is gone.
func TestABatchJobAndAJobManagerThatDies(t *testing.T) {
	for _, available := range []bool{false, true} {
		r := batchRig(t, slots.V2_3, func(c *Config) {
			if available {
				c.Options["high-availability.type"] = "kubernetes"
			}
		})
		id := r.submit(reportSpec())
		r.pass(10 * time.Second)
		r.do(r.Do(Action{Do: KillJobManager}))
		r.pass(10 * time.Second)
		r.do(r.Do(Action{Do: RestartJobManager}))
		r.pass(5 * time.Second)
		answer := r.ask("GET", "/jobs/"+id)
		if available != (answer.Status == http.StatusOK) {
			t.Errorf("with high availability %t: %d %s", available, answer.Status, answer.Body())
		}
		if available {
			r.ends(id, "FINISHED")
		} else if free := r.State().FreeSlots; free != 8 {
			t.Errorf("%d of 8 slots are free", free)
		}
	}
}

// An active cluster starts TaskManagers for the tasks that wait, and stops them after
// the job.
func TestAnActiveClusterRunsABatchJob(t *testing.T) {
	r := newRig(t, Config{Options: batchOptions(), Active: true})
	r.pass(time.Second)
	id := r.submit(reportSpec())
	most := 0
	r.until("the job ends", time.Second, func() bool {
		most = max(most, r.State().Slots)
		return flink.JobStatus(r.state(id).Status).Terminal()
	})
	if r.state(id).Status != "FINISHED" || most < 8 || r.state(id).Restarts > 0 {
		t.Errorf("it is %s after %d restarts, on up to %d slots", r.state(id).Status, r.state(id).Restarts, most)
	}
	r.pass(5 * time.Minute)
	if left := r.State().Slots; left != 0 {
		t.Errorf("%d slots are left", left)
	}
}

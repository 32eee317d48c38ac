package twin

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// client is Flink's REST client of ours, in process.
func (r *rig) client() *flink.Client {
	r.t.Helper()
	c, err := flink.New(flink.Config{Addresses: []string{"http://twin:8081"}, Transport: r.Transport()})
	r.do(err)
	return c
}

func TestAStopWithSavepointEndsTheJobAndAnotherGoesOnFromThere(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(30 * time.Second)
	c, ctx := r.client(), context.Background()
	trigger, err := c.StopWithSavepoint(ctx, flink.JobID(id), flink.StopRequest{})
	r.do(err)
	o, err := c.SavepointStatus(ctx, flink.JobID(id), trigger)
	r.do(err)
	if o.Done() {
		t.Error("the operation is done at once")
	}
	r.pass(5 * time.Second)
	o, err = c.SavepointStatus(ctx, flink.JobID(id), trigger)
	r.do(err)
	if !o.Done() || o.Result == nil || o.Result.Location == "" {
		t.Fatalf("after 5 s the operation is %+v", o)
	}
	if s, err := c.JobStatus(ctx, flink.JobID(id)); err != nil || s != flink.JobFinished {
		t.Errorf("the job is %s, %v", s, err)
	}
	spec := stepJob(500)
	spec.Savepoint = o.Result.Location
	second := r.submit(spec)
	r.pass(10 * time.Second)
	k := get[flink.Checkpoints](r, "/jobs/"+second+"/checkpoints")
	if k.Latest.Restored == nil || !k.Latest.Restored.IsSavepoint {
		t.Errorf("the second job was restored from %+v, want the savepoint", k.Latest.Restored)
	}
	spec.Savepoint = "file:/nowhere"
	if _, err := r.Submit(spec); err == nil {
		t.Error("a job starts from a savepoint that is not there")
	}
}

func TestAJobIsCanceledOnceAndForAll(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(10 * time.Second)
	c, ctx := r.client(), context.Background()
	r.do(c.CancelJob(ctx, flink.JobID(id)))
	r.pass(time.Second)
	r.do(c.CancelJob(ctx, flink.JobID(id)))
	if o, err := c.Overview(ctx); err != nil || o.JobsCancelled != 1 || o.JobsRunning != 0 || o.SlotsAvailable != 8 {
		t.Errorf("the cluster has %+v, %v", o, err)
	}
	for target, want := range map[string]int{
		"/jobs/" + id + "?mode=stop":               308,
		"/jobs/" + id + "?mode=gently":             400,
		"/jobs/" + strings.Repeat("0", 32):         404,
		"/jobs/" + id + "/rescaling?parallelism=3": 503,
	} {
		if got := r.ask("PATCH", target); got.Status != want {
			t.Errorf("PATCH %s answers %d, want %d", target, got.Status, want)
		}
	}
}

func TestAFailedTaskIsShownAmongTheExceptions(t *testing.T) {
	for _, version := range []slots.Version{slots.V1_20, slots.V2_3} {
		r, id := stepRig(t, version, 500, nil)
		r.pass(30 * time.Second)
		r.do(r.Do(Action{Do: FailTask, Job: id, Vertex: "work", Message: "out of luck"}))
		r.pass(20 * time.Second)
		e := get[flink.Exceptions](r, "/jobs/"+id+"/exceptions")
		if len(e.History.Entries) != 1 || !strings.Contains(e.History.Entries[0].Stacktrace, "out of luck") ||
			e.History.Entries[0].TaskName.Value != "work (1/1)" {
			t.Errorf("%v: the exceptions are %+v", version, e)
		}
		if old := e.RootException.Valid; old != (version == slots.V1_20) {
			t.Errorf("%v: the fields of 1.20 are there: %v", version, old)
		}
		d := get[flink.VertexDetails](r, "/jobs/"+id+"/vertices/"+hexID("work"))
		if d.Subtasks[0].Attempt != 1 || d.Subtasks[0].Status != "RUNNING" {
			t.Errorf("%v: the subtask is %s in attempt %d, want RUNNING in 1", version, d.Subtasks[0].Status, d.Subtasks[0].Attempt)
		}
	}
}

func TestAJobManagerThatIsDownRefusesConnections(t *testing.T) {
	r, _ := stepRig(t, slots.V2_3, 500, func(c *Config) { c.Options["high-availability.type"] = "zookeeper" })
	r.pass(30 * time.Second)
	c, ctx := r.client(), context.Background()
	r.do(r.Do(Action{Do: KillJobManager}))
	var e *flink.Error
	if _, err := c.Overview(ctx); !errors.As(err, &e) || e.Kind != flink.KindUnreachable {
		t.Errorf("a dead JobManager gives %v, want one that cannot be reached", err)
	}
	r.pass(10 * time.Second)
	r.do(r.Do(Action{Do: RestartJobManager}))
	r.pass(30 * time.Second)
	list, err := c.JobsOverview(ctx)
	if err != nil || len(list) != 1 || list[0].State != flink.JobRunning {
		t.Errorf("after the restart the jobs are %+v, %v", list, err)
	}
}

func TestWithoutHighAvailabilityTheJobsAreGone(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(30 * time.Second)
	r.do(r.Do(Action{Do: KillJobManager}))
	r.do(r.Do(Action{Do: RestartJobManager}))
	r.pass(10 * time.Second)
	if jobs := r.Jobs(); len(jobs) != 0 {
		t.Errorf("the jobs %v are still there", jobs)
	}
	if got := r.ask("GET", "/jobs/"+id); got.Status != 404 {
		t.Errorf("the job is answered with %d, want 404", got.Status)
	}
	r.submit(stepJob(100))
}

func TestAFrozenTaskManagerHoldsTheJobUp(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, func(c *Config) { c.Options["heartbeat.timeout"] = "60 s" })
	r.pass(30 * time.Second)
	on := get[flink.VertexDetails](r, "/jobs/"+id+"/vertices/"+hexID("work")).Subtasks[0].TaskManagerID
	r.do(r.Freeze(on))
	r.pass(20 * time.Second)
	before := r.State().Jobs[0].Flow.Vertices[1]
	if before.Rate != 0 {
		t.Errorf("work on a frozen TaskManager does %v/s", before.Rate)
	}
	r.do(r.Thaw(on))
	r.pass(10 * time.Second)
	if after := r.State().Jobs[0].Flow.Vertices[1]; after.Rate < 500 {
		t.Errorf("after it thawed work does %v/s", after.Rate)
	}
}

func TestACostThatChangesTakesNothingAway(t *testing.T) {
	r, id := stepRig(t, slots.V2_3, 500, nil)
	r.pass(2 * time.Minute)
	read := r.State().Jobs[0].Flow.Vertices[0].Source.Offsets[0]
	r.do(r.SetCost(id, "work", flow.Cost{Seconds: 4e-3}))
	r.pass(2 * time.Minute)
	s := r.State().Jobs[0].Flow
	if s.Vertices[0].Source.Offsets[0] < read || math.Abs(s.Vertices[1].Capacity-250) > 1 {
		t.Errorf("at 4 ms a record work can do %v/s, want 250; read are %v after %v", s.Vertices[1].Capacity, s.Vertices[0].Source.Offsets[0], read)
	}
	if err := r.SetCost(id, "work", flow.Cost{Seconds: -1}); err == nil {
		t.Error("a cost below 0 is taken")
	}
	if err := r.SetLoad(id, "work", Rate(5)); err == nil {
		t.Error("a vertex that is no source is given a load")
	}
}

func TestAProgramRunsUnderTheNameOfItsJar(t *testing.T) {
	r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}, {}}})
	spec := stepJob(100)
	r.do(r.Do(Action{Do: RegisterJar, Jar: "step.jar", Spec: &spec}))
	list := get[jarList](r, "/jars")
	if len(list.Files) != 1 || list.Files[0].Name != "step.jar" {
		t.Fatalf("the jars are %+v", list)
	}
	run, err := r.client().RunJar(context.Background(), list.Files[0].ID, flink.RunJarRequest{Parallelism: 2})
	r.do(err)
	r.pass(30 * time.Second)
	d := get[flink.JobDetails](r, "/jobs/"+string(run.JobID))
	if d.State != flink.JobRunning || d.Vertices[1].Parallelism != 2 {
		t.Errorf("the job is %s at %d", d.State, d.Vertices[1].Parallelism)
	}
	if got := r.ask("POST", "/jars/none.jar/run"); got.Status != 500 {
		t.Errorf("a jar that is not there answers %d, want 500", got.Status)
	}
}

func TestStateOnTheHeapShowsInItsUseAndInGarbageCollection(t *testing.T) {
	used := func(bytes float64) (heap, gc float64) {
		r := newRig(t, Config{Options: stepOptions(), TaskManagers: []TaskManager{{}}})
		spec := stepJob(800)
		spec.Graph.Vertices[1].State = flow.State{Bytes: bytes, OnHeap: true}
		spec.Graph.Vertices[1].Garbage = 20e3
		r.submit(spec)
		r.pass(time.Minute)
		r.fetch()
		list := get[[]flink.AggregatedMetric](r, "/taskmanagers/metrics?get=Status.JVM.Memory.Heap.Used,Status.JVM.GarbageCollector.All.TimeMsPerSecond")
		return list[0].Max.Or(-1), list[1].Max.Or(-1)
	}
	littleHeap, littleGC := used(10e6)
	muchHeap, muchGC := used(250e6)
	if !(muchHeap > littleHeap+80e6 && muchGC > 2*littleGC && littleGC > 0) {
		t.Errorf("with 10 MB of state %.0f MB of heap and %.2f ms/s of GC, with 250 MB %.0f MB and %.2f ms/s",
			littleHeap/1e6, littleGC, muchHeap/1e6, muchGC)
	}
}

func TestTwoJobsShareTheSlots(t *testing.T) {
	r, first := stepRig(t, slots.V2_3, 500, nil)
	other := stepJob(300)
	other.Name = "other"
	second := r.submit(other)
	r.pass(30 * time.Second)
	if o := get[flink.Overview](r, "/overview"); o.JobsRunning != 2 || o.SlotsAvailable != 6 {
		t.Errorf("the cluster has %+v, want two jobs in two of eight slots", o)
	}
	r.fetch()
	a, _ := r.metric(first, "work", "numRecordsIn")
	b, _ := r.metric(second, "work", "numRecordsIn")
	if a <= b || b == 0 {
		t.Errorf("the jobs read %v and %v records, want more at 500/s than at 300/s", a, b)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	good := func() JobSpec { return stepJob(1) }
	for name, spoil := range map[string]func(s *JobSpec){
		"no name":            func(s *JobSpec) { s.Name = "" },
		"bad id":             func(s *JobSpec) { s.ID = "x" },
		"missing vertex":     func(s *JobSpec) { s.Vertices = s.Vertices[:2] },
		"edge back":          func(s *JobSpec) { s.Graph.Edges = append(s.Graph.Edges, flow.Edge{From: 2, To: 1, Selectivity: 1}) },
		"load for none":      func(s *JobSpec) { s.Loads["nobody"] = Rate(1) },
		"load that is none":  func(s *JobSpec) { s.Loads["source"] = Load{YAML: "never"} },
		"bounds":             func(s *JobSpec) { s.Vertices[1].Lower, s.Vertices[1].Parallelism = 3, 2 },
		"bad option":         func(s *JobSpec) { s.Options = map[string]string{"execution.checkpointing.interval": "soon"} },
		"one id twice":       func(s *JobSpec) { s.Vertices[0].ID, s.Vertices[1].ID = hexID("a"), hexID("a") },
		"topic of no source": func(s *JobSpec) { s.Vertices[1].Topic = "t" },
	} {
		r := newRig(t, Config{})
		spec := good()
		spoil(&spec)
		if _, err := r.Submit(spec); err == nil {
			t.Errorf("%s: it is taken", name)
		}
		if len(r.jobs) != 0 || len(r.Snapshot().actions) != 0 {
			t.Errorf("%s: something of it is left", name)
		}
	}
	for _, c := range []Config{
		{Options: map[string]string{"web.refresh-interval": "soon"}},
		{Options: map[string]string{"taskmanager.memory.process.size": "much"}},
		{TaskManagers: []TaskManager{{ID: "a"}, {ID: "a"}}},
		{TaskManagers: []TaskManager{{Slots: -1}}},
		{Times: Times{Spread: 2}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("a twin of %+v is made", c)
		}
	}
}

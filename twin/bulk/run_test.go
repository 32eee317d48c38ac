package bulk

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

var versions = []slots.Version{slots.V1_20, slots.V2_3}

// each runs a test for each release line.
func each(t *testing.T, test func(t *testing.T, v slots.Version)) {
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) { test(t, v) })
	}
}

func TestStagesComeOneAfterTheOther(t *testing.T) {
	each(t, func(t *testing.T, v slots.Version) {
		r := newRig(t, v, report(Blocking), map[string]string{maxKey: "8", sourceKey: "4"}, 2, 2)
		r.until("the sources run", 10*time.Millisecond, func() bool { return r.running(0) > 0 })
		for vertex := 2; vertex < 4; vertex++ {
			if got := r.Vertex(vertex); got.Parallelism != -1 || len(got.Tasks) > 0 || got.Hidden != (v == slots.V2_3) {
				t.Errorf("%s is shown as %+v while its input is written", r.Graph().Vertices[vertex].Name, got)
			}
		}
		r.ends(adaptive.StatusFinished)
		for _, e := range r.Graph().Edges {
			last := time.Time{}
			for k := range r.vertices[e.From].Tasks {
				if ended := r.vertices[e.From].Tasks[k].Entered[Finished]; ended.After(last) {
					last = ended
				}
			}
			for k := range r.vertices[e.To].Tasks {
				if began := r.vertices[e.To].Tasks[k].Entered[Scheduled]; began.Before(last) {
					t.Errorf("task %d of vertex %d is scheduled at %v, before all of vertex %d has finished at %v", k, e.To, began, e.From, last)
				}
			}
		}
	})
}

func TestATaskTakesTheTimeOfItsBytes(t *testing.T) {
	g := Graph{Vertices: []Vertex{{Name: "source", Bytes: 40 * mb, Cost: 100 * time.Millisecond, Fixed: time.Second, Parallelism: 2}}}
	r := newRig(t, slots.V2_3, g, nil, 1, 2)
	r.ends(adaptive.StatusFinished)
	for k := range r.vertices[0].Tasks {
		task := &r.vertices[0].Tasks[k]
		if took, want := task.Entered[Finished].Sub(task.Entered[Running]), 3*time.Second; took != want {
			t.Errorf("task %d took %v, want a second, and 20 MiB of 100 ms", k, took)
		}
	}
}

// What is decided is what package batch decides of the bytes that were written.
func TestTheDecidedParallelismIsThatOfTheBytes(t *testing.T) {
	each(t, func(t *testing.T, v slots.Version) {
		options := map[string]string{maxKey: "16", sourceKey: "4", volumeKey: "16 mb"}
		r := newRig(t, v, report(Blocking), options, 2, 4)
		r.ends(adaptive.StatusFinished)
		o, err := batch.ReadOptions(options, v)
		if err != nil {
			t.Fatal(err)
		}
		for vertex := range r.vertices {
			var inputs []batch.Input
			for side, e := range r.Graph().inputs(vertex) {
				edge := r.Graph().edge(e)
				inputs = append(inputs, batch.Input{
					Name: "in", Pattern: edge.Pattern, Broadcast: edge.Broadcast, Single: edge.Broadcast,
					Type: edge.Type, InterCorrelated: edge.InterCorrelated, IntraCorrelated: edge.IntraCorrelated, Bytes: r.produced[e],
				})
				if len(r.Graph().inputs(vertex)) > 1 && edge.Type != side+1 {
					t.Errorf("side %d has the number %d", side, edge.Type)
				}
			}
			d, err := batch.Decide(o, batch.Vertex{ID: "v"}, inputs)
			if err != nil {
				t.Fatal(err)
			}
			if d.Parallelism != r.Vertex(vertex).Parallelism || d.Rule() != r.Vertex(vertex).Why[0].Rule {
				t.Errorf("vertex %d has %d tasks, want %d: %v", vertex, r.Vertex(vertex).Parallelism, d.Parallelism, d.Why)
			}
			for k := range d.Read {
				if got := r.vertices[vertex].Tasks[k].Reads; got != d.Read[k] {
					t.Errorf("task %d of vertex %d reads %d bytes, want %d", k, vertex, got, d.Read[k])
				}
			}
		}
		if got := r.Vertex(2).Parallelism; v == slots.V2_3 && got != 13 {
			t.Errorf("200 MiB at 16 MiB a task are %d tasks", got)
		}
	})
}

func TestASourceThatInfersHasATaskForEachShare(t *testing.T) {
	g := Graph{Vertices: []Vertex{
		{Name: "files", Bytes: 100 * mb, Infers: true, Cost: time.Millisecond},
		{Name: "few", Bytes: 10, Infers: true},
		{Name: "many", Bytes: 1000 * mb, Infers: true},
	}}
	r := newRig(t, slots.V2_3, g, map[string]string{maxKey: "20", volumeKey: "16 mb"}, 1, 4)
	r.ends(adaptive.StatusFinished)
	if got := [...]int{r.Vertex(0).Parallelism, r.Vertex(1).Parallelism, r.Vertex(2).Parallelism}; got != [...]int{7, 1, 20} {
		t.Errorf("they have %v tasks", got)
	}
}

func TestABroadcastIsReadByEachAndWrittenOnce(t *testing.T) {
	r := newRig(t, slots.V2_3, report(Blocking), map[string]string{maxKey: "8", sourceKey: "4"}, 2, 4)
	r.ends(adaptive.StatusFinished)
	sum := func(v int, of func(*Task) int64) (all int64) {
		for k := range r.vertices[v].Tasks {
			all += of(&r.vertices[v].Tasks[k])
		}
		return all
	}
	wrote := func(t *Task) int64 { return t.Writes }
	read := func(t *Task) int64 { return t.Reads }
	p := int64(r.Vertex(2).Parallelism)
	if want, got := sum(0, wrote)+p*sum(1, wrote), sum(2, read); got != want || sum(1, wrote) != 3*mb {
		t.Errorf("the join reads %d bytes in %d tasks, want %d", got, p, want)
	}
	if want, got := sum(2, wrote), sum(3, read); got != want {
		t.Errorf("the sum reads %d bytes of %d", got, want)
	}
}

func TestAForwardGroupHasOneParallelismAndFixedOnesStay(t *testing.T) {
	g := Graph{
		Vertices: []Vertex{{Name: "a", Bytes: 64 * mb, Parallelism: 3}, {Name: "b"}, {Name: "c", Parallelism: 5}},
		Edges: []Edge{
			{From: 0, To: 1, Share: 1, Ship: Forward, Exchange: Blocking}, {From: 1, To: 2, Share: 1, Ship: Rescale, Exchange: Blocking},
		},
	}
	r := newRig(t, slots.V2_3, g, nil, 1, 2)
	r.ends(adaptive.StatusFinished)
	if got := [...]int{r.Vertex(0).Parallelism, r.Vertex(1).Parallelism, r.Vertex(2).Parallelism}; got != [...]int{3, 3, 5} {
		t.Errorf("they have %v tasks", got)
	}
	if rule := r.Vertex(1).Why[0].Rule; rule != batch.RuleForwardGroup {
		t.Errorf("b has them by %s", rule)
	}
}

// Over a hybrid exchange of 1.20 a vertex whose parallelism is known reads while the
// one before it writes, and ends after it. In 2.3 it is no vertex before that.
func TestAHybridExchangeIsReadWhileItIsWritten(t *testing.T) {
	g := Graph{
		Vertices: []Vertex{
			{Name: "a", Bytes: 100 * mb, Cost: 100 * time.Millisecond, Parallelism: 2}, {Name: "b", Cost: time.Millisecond, Parallelism: 2},
		},
		Edges: []Edge{{From: 0, To: 1, Share: 1, Ship: Hash, Exchange: HybridFull}},
	}
	r := newRig(t, slots.V1_20, g, nil, 1, 4)
	r.until("both run", 10*time.Millisecond, func() bool { return r.vertices[0].Tasks != nil && r.running(0) == 2 && r.running(1) == 2 })
	r.ends(adaptive.StatusFinished)
	for k := range r.vertices[1].Tasks {
		if ended := r.vertices[1].Tasks[k].Entered[Finished]; ended.Before(r.vertices[0].Tasks[k].Entered[Finished]) {
			t.Errorf("task %d has read all at %v, before it was written", k, ended)
		}
	}
}

func TestTheTasksOfAStageWaitForSlots(t *testing.T) {
	g := Graph{Vertices: []Vertex{{Name: "a", Bytes: 120 * mb, Cost: 100 * time.Millisecond, Parallelism: 12}}}
	r := newRig(t, slots.V2_3, g, nil, 1, 4)
	most := 0
	r.until("it ends", 50*time.Millisecond, func() bool {
		if r.vertices[0].Tasks != nil {
			most = max(most, r.running(0))
		}
		return r.Status().Terminal()
	})
	if took := r.Since().Sub(r.cluster.Now().Truncate(time.Hour)); most != 4 || took < 3*time.Second || took > 6*time.Second {
		t.Errorf("12 tasks of a second ended after %v on %d of 4 slots", took, most)
	}
}

// The slots of one who has done its work go back after the time-out, and at the end.
func TestSlotsGoBack(t *testing.T) {
	g := report(Blocking)
	g.Vertices[3].Fixed = 5 * time.Minute
	r := newRig(t, slots.V2_3, g, map[string]string{maxKey: "8", sourceKey: "8", volumeKey: "64 mb", "slot.idle.timeout": "20 s"}, 2, 4)
	r.until("the last stage runs", time.Second, func() bool { return r.Vertex(3).Parallelism > 0 && r.running(3) > 0 })
	last := r.running(3)
	r.pass(time.Minute)
	if free := r.cluster.Overview().FreeSlots; last > 4 || free != 8-last {
		t.Errorf("%d slots are free while %d tasks run", free, last)
	}
	r.ends(adaptive.StatusFinished)
	r.pass(time.Second)
	if free := r.cluster.Overview().FreeSlots; free != 8 {
		t.Errorf("%d of 8 slots are free after the end", free)
	}
}

func TestWhatASchedulerDoesNotTakeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		graph   Graph
		options map[string]string
		want    string
	}{
		"a pipelined exchange": {report(Pipelined), nil, "requires batch workloads to be executed with types of all edges being BLOCKING or HYBRID_FULL/HYBRID_SELECTIVE"},
		"a minimum above the maximum": {
			report(Blocking), map[string]string{maxKey: "2", "execution.batch.adaptive.auto-parallelism.min-parallelism": "3"}, "min-parallelism",
		},
		"a time-out":         {report(Blocking), map[string]string{"slot.idle.timeout": "long"}, `slot.idle.timeout: "long"`},
		"a restart strategy": {report(Blocking), map[string]string{"restart-strategy.type": "never"}, "never"},
		"a minimum above the job's parallelism": {
			report(Blocking), map[string]string{"execution.batch.adaptive.auto-parallelism.min-parallelism": "3"}, "parallelism.default",
		},
	} {
		t.Run(name, func(t *testing.T) {
			job := Config{Graph: c.graph, Cluster: c.options, Options: c.options, Version: slots.V2_3, Now: time.Now, IDs: make([]slots.VertexID, 4)}
			if _, err := New(job); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestAStaticGraphHasTheParallelismOfTheJob(t *testing.T) {
	g := report(Blocking)
	r := newRig(t, slots.V2_3, g, nil, 1, 4)
	c := r.config
	c.Static, c.Parallelism, c.Job = true, 3, "static"
	run, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Take(r.cluster); err != nil {
		t.Fatal(err)
	}
	r.Run = run
	r.ends(adaptive.StatusFinished)
	for v := range r.vertices {
		if got := r.Vertex(v); got.Parallelism != 3 || got.Why[0].Rule != batch.RuleFixed {
			t.Errorf("vertex %d has %d tasks: %v", v, got.Parallelism, got.Why)
		}
	}
}

func TestCancelling(t *testing.T) {
	r := newRig(t, slots.V2_3, report(Blocking), map[string]string{sourceKey: "8"}, 1, 4)
	r.until("the sources run", 10*time.Millisecond, func() bool { return r.running(0) == 4 })
	r.Cancel()
	r.ends(adaptive.StatusCanceled)
	r.each(func(p at, task *Task) {
		if task.State != Canceled {
			t.Errorf("task %v is %s", p, task.State)
		}
	})
	r.pass(time.Second)
	if free := r.cluster.Overview().FreeSlots; free != 4 {
		t.Errorf("%d of 4 slots are free", free)
	}
	if now := r.cluster.Jobs(); len(now) != 0 || !r.cluster.Hosted(r.config.Job) {
		t.Error("it is forgotten")
	}
	r.cluster.Forget(r.config.Job)
	if r.cluster.Hosted(r.config.Job) {
		t.Error("it is not forgotten")
	}
}

var why = adaptive.Failure{Class: "java.lang.RuntimeException", Message: "out of luck"}

func TestWithoutARestartStrategyAFailureIsTheEnd(t *testing.T) {
	r := newRig(t, slots.V2_3, report(Blocking), map[string]string{"restart-strategy.type": "none"}, 1, 4)
	r.until("a source runs", 10*time.Millisecond, func() bool { return r.vertices[0].Tasks != nil && r.vertices[0].Tasks[0].State == Running })
	if err := r.FailTask(0, 0, why); err != nil {
		t.Fatal(err)
	}
	r.ends(adaptive.StatusFailed)
	if len(r.Exceptions()) != 1 || r.Exceptions()[0].Failure.Message != why.Message {
		t.Errorf("it fails of %+v", r.Exceptions())
	}
}

func TestATaskThatFailsIsRunAgainAndNoOther(t *testing.T) {
	r := newRig(t, slots.V2_3, report(Blocking), map[string]string{sourceKey: "4", maxKey: "4"}, 2, 2)
	r.until("the join runs", 10*time.Millisecond, func() bool { return len(r.vertices[2].Tasks) > 0 && r.vertices[2].Tasks[1].State == Running })
	if err := r.FailTask(2, 1, why); err != nil {
		t.Fatal(err)
	}
	if r.Status() != adaptive.StatusRestarting || r.Restarts() != 1 {
		t.Errorf("it is %s after %d restarts", r.Status(), r.Restarts())
	}
	r.ends(adaptive.StatusFinished)
	r.each(func(p at, task *Task) {
		if want := map[bool]int{true: 1}[p == at{2, 1}]; task.Attempt != want {
			t.Errorf("task %v ends in attempt %d, want %d", p, task.Attempt, want)
		}
	})
	if err := r.FailTask(2, 99, why); err == nil {
		t.Error("a task that is not there can fail")
	}
	if err := r.FailTask(2, 1, why); err == nil {
		t.Error("a task that has finished can fail")
	}
}

// losses are the ways in which a TaskManager is lost.
var losses = map[string]func(*cluster.Cluster, slots.TaskManagerID) error{
	"killed":  (*cluster.Cluster).KillTaskManager,
	"stopped": (*cluster.Cluster).StopTaskManager,
	"frozen":  (*cluster.Cluster).FreezeTaskManager,
}

// What a TaskManager takes with it is run again: the tasks that ran there, and those
// that had written what is still to be read.
func TestALostTaskManagerTakesItsDataWithIt(t *testing.T) {
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, v slots.Version) {
				r := newRig(t, v, report(Blocking), map[string]string{sourceKey: "4", maxKey: "4", "parallelism.default": "4"}, 2, 4)
				r.until("the join runs", 10*time.Millisecond, func() bool { return len(r.vertices[2].Tasks) > 0 && r.vertices[2].Tasks[0].State == Running })
				on := map[at]slots.TaskManagerID{}
				r.each(func(p at, task *Task) { on[p] = task.Slot.TaskManager })
				if err := lose(r.cluster, "tm-1"); err != nil {
					t.Fatal(err)
				}
				r.Replace()
				r.ends(adaptive.StatusFinished)
				lost := 0
				r.each(func(p at, task *Task) {
					if p.vertex > 1 {
						if task.Slot.TaskManager == "tm-1" && p.vertex == 2 {
							t.Errorf("task %v ended on the TaskManager that is lost", p)
						}
						return
					}
					was := on[p] == "tm-1"
					if was {
						lost++
					}
					if again := task.Attempt > 0; again != was {
						t.Errorf("task %v had written to %s and is in attempt %d", p, on[p], task.Attempt)
					}
				})
				if lost == 0 || lost == len(on) {
					t.Errorf("of %d tasks %d were there", len(on), lost)
				}
			})
		})
	}
}

// Those fail that read from a TaskManager that goes, wherever they run.
func TestWhoReadsFromALostTaskManagerFails(t *testing.T) {
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			g := Graph{
				Vertices: []Vertex{{Name: "a", Bytes: mb, Parallelism: 2}, {Name: "b", Fixed: 5 * time.Minute, Parallelism: 1}},
				Edges:    []Edge{{From: 0, To: 1, Share: 1, Ship: Hash, Exchange: Blocking}},
			}
			r := newRig(t, slots.V2_3, g, nil, 2, 1)
			r.until("it reads", 10*time.Millisecond, func() bool { return len(r.vertices[1].Tasks) > 0 && r.vertices[1].Tasks[0].State == Running })
			away := slots.TaskManagerID("tm-1")
			if r.vertices[1].Tasks[0].Slot.TaskManager == away {
				away = "tm-2"
			}
			if err := lose(r.cluster, away); err != nil {
				t.Fatal(err)
			}
			r.Replace()
			r.pass(2 * time.Minute)
			if f := r.Exceptions(); len(f) == 0 || f[len(f)-1].Vertex != 1 || !strings.Contains(f[len(f)-1].Failure.Message, "'"+string(away)+"'") {
				t.Errorf("its failures are %+v", f)
			}
			r.ends(adaptive.StatusFinished)
			for k := range r.vertices[0].Tasks {
				if task := &r.vertices[0].Tasks[k]; task.Slot.TaskManager == away {
					t.Errorf("task %d was not run again", k)
				}
			}
		})
	}
}

// What nobody has to read any more is not written again.
func TestDataThatWereReadAreNotMissed(t *testing.T) {
	r := newRig(t, slots.V2_3, report(Blocking), map[string]string{sourceKey: "4", maxKey: "4"}, 2, 4)
	r.until("the sum runs", 10*time.Millisecond, func() bool { return len(r.vertices[3].Tasks) > 0 && r.vertices[3].Tasks[0].State == Running })
	if err := r.FailTask(3, 0, why); err != nil {
		t.Fatal(err)
	}
	r.ends(adaptive.StatusFinished)
	r.each(func(p at, task *Task) {
		if p.vertex < 3 && task.Attempt > 0 {
			t.Errorf("task %v runs again", p)
		}
	})
}

// A TaskManager that stands still for a while delays its tasks by that.
func TestAFrozenTaskManagerGoesOn(t *testing.T) {
	g := Graph{Vertices: []Vertex{{Name: "a", Fixed: time.Minute, Parallelism: 2}}}
	r := newRig(t, slots.V2_3, g, nil, 2, 1)
	r.until("both run", 10*time.Millisecond, func() bool {
		return len(r.vertices[0].Tasks) == 2 && r.vertices[0].Tasks[0].State == Running && r.vertices[0].Tasks[1].State == Running
	})
	began := r.cluster.Now()
	r.pass(15 * time.Second)
	if err := r.cluster.FreezeTaskManager("tm-1"); err != nil {
		t.Fatal(err)
	}
	r.Replace()
	r.pass(20 * time.Second)
	if err := r.cluster.ThawTaskManager("tm-1"); err != nil {
		t.Fatal(err)
	}
	r.Replace()
	r.ends(adaptive.StatusFinished)
	for k := range r.vertices[0].Tasks {
		task := &r.vertices[0].Tasks[k]
		want := time.Minute
		if task.Slot.TaskManager == "tm-1" {
			want += 20 * time.Second
		}
		if took := task.Entered[Finished].Sub(began); (took-want).Abs() > time.Second || task.Attempt > 0 {
			t.Errorf("the task on %s took %v in attempt %d, want %v", task.Slot.TaskManager, took, task.Attempt, want)
		}
	}
}

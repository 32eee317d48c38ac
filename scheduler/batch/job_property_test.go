package batch

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// someJob draws a job whose vertices may have several inputs of any kind.
func someJob(t *rapid.T, o Options) Job {
	job := Job{ID: "job"}
	n := rapid.IntRange(1, 6).Draw(t, "vertices")
	// Vertices that forward edges join must not contradict one another.
	configured := rapid.IntRange(0, o.MaxParallelism).Draw(t, "parallelism")
	for i := range n {
		v := JobVertex{ID: fmt.Sprint("v", i), Infers: rapid.Bool().Draw(t, "infers")}
		if rapid.IntRange(0, 4).Draw(t, "configured") == 0 {
			v.Parallelism = configured
		}
		job.Vertices = append(job.Vertices, v)
	}
	for to := 1; to < n; to++ {
		for range rapid.IntRange(0, 2).Draw(t, "inputs") {
			strategy := rapid.SampledFrom([]string{"HASH", "HASH", "BROADCAST", "FORWARD", "RESCALE", "REBALANCE"}).Draw(t, "ship")
			e := ship(strategy, rapid.IntRange(0, to-1).Draw(t, "from"), to)
			e.Exchange = rapid.SampledFrom([]Exchange{Blocking, Blocking, HybridFull, HybridSelective}).Draw(t, "exchange")
			job.Edges = append(job.Edges, e)
		}
	}
	strategy := adaptive.RestartStrategy{Kind: adaptive.RestartFixedDelay, Attempts: 100, Delay: time.Duration(rapid.IntRange(0, 3).Draw(t, "delay")) * time.Second}
	job.Restart = &strategy
	return job
}

// drive runs a job to its end, with failures and losses on the way, and checks
// each action.
type drive struct {
	t       *rapid.T
	s       *Scheduler
	now     time.Time
	running []Deploy
	cancels []CancelTask
	asked   []int
	// done is what has finished and was not reset, by task.
	done map[TaskID]bool
	// failures are still to come, fewer than the strategy allows.
	failures int
}

func (d *drive) step(e Event) {
	for _, a := range d.s.Step(d.now, e) {
		switch a := a.(type) {
		case InferSource:
			d.asked = append(d.asked, a.Vertex)
		case Deploy:
			d.check(a)
			d.running = append(d.running, a)
		case CancelTask:
			d.cancels = append(d.cancels, a)
		case Reset:
			if !d.done[a.Task] {
				d.t.Fatalf("%+v was not done", a)
			}
			delete(d.done, a.Task)
		}
	}
	if err := d.s.Fault(); err != nil {
		d.t.Fatal(err)
	}
	if got := d.s.Demand(); got != len(d.running) {
		d.t.Fatalf("it wants %d slots, and %d tasks were deployed", got, len(d.running))
	}
}

// check: nothing runs twice, and blocking inputs are all there.
func (d *drive) check(a Deploy) {
	for _, one := range d.running {
		if one.Task == a.Task {
			d.t.Fatalf("%+v is deployed while attempt %d runs", a, one.Attempt)
		}
	}
	if d.done[a.Task] {
		d.t.Fatalf("%+v is deployed though it has finished", a)
	}
	v := &d.s.vertices[a.Task.Vertex]
	for k, i := range v.in {
		e := &d.s.edges[i]
		for _, b := range v.decision.Blocks[k][a.Task.Subtask] {
			for p := b.Partitions.First; p <= b.Partitions.Last; p++ {
				if !e.Exchange.hybrid() && !d.done[TaskID{e.From, p}] {
					d.t.Fatalf("%+v is deployed, and task %d of vertex %d has not finished", a, p, e.From)
				}
			}
		}
	}
}

// next does one thing that can happen.
func (d *drive) next() {
	t := d.t
	d.now = d.now.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "elapsed")) * 500 * time.Millisecond)
	what := rapid.IntRange(0, 20).Draw(t, "what")
	switch {
	case len(d.asked) > 0:
		v := d.asked[0]
		d.asked = d.asked[1:]
		d.step(SourceInferred{Vertex: v, Tasks: rapid.IntRange(-1, 3).Draw(t, "tasks")})
	case len(d.cancels) > 0:
		a := d.cancels[0]
		d.cancels = d.cancels[1:]
		d.drop(a.Task)
		d.step(TaskCanceled(a))
	case len(d.running) == 0:
		next, set := d.s.Next()
		if !set {
			t.Fatalf("the job hangs: %+v", d.s.View())
		}
		d.now = next
		d.step(Tick{})
	case what == 0 && d.failures > 0:
		d.failures--
		a := d.pick()
		d.drop(a.Task)
		d.step(TaskFailed{Task: a.Task, Attempt: a.Attempt, Failure: adaptive.Failure{Message: "no"}})
	case what == 1 && len(d.done) > 0:
		d.step(ResultsLost{Tasks: []TaskID{d.someDone()}})
	case what == 2 && d.failures > 0 && rapid.IntRange(0, 3).Draw(t, "global") == 0:
		d.failures--
		d.step(GlobalFailure{Failure: adaptive.Failure{Message: "all"}})
	default:
		a := d.pick()
		d.drop(a.Task)
		d.done[a.Task] = true
		d.step(d.report(a))
	}
}

func (d *drive) pick() Deploy {
	return d.running[rapid.IntRange(0, len(d.running)-1).Draw(d.t, "task")]
}

func (d *drive) drop(id TaskID) {
	for i, one := range d.running {
		if one.Task == id {
			d.running = append(d.running[:i:i], d.running[i+1:]...)
			return
		}
	}
}

// someDone is the first task in order that is done.
func (d *drive) someDone() TaskID {
	for _, id := range d.s.tasks() {
		if d.done[id] {
			return id
		}
	}
	return TaskID{}
}

func (d *drive) report(a Deploy) TaskFinished {
	e := TaskFinished{Task: a.Task, Attempt: a.Attempt}
	for _, out := range d.s.vertices[a.Task.Vertex].out {
		bytes := make([]int64, d.s.Subpartitions(out))
		for i := range bytes {
			bytes[i] = rapid.Int64Range(0, 9).Draw(d.t, "bytes") * mib
		}
		e.Produced = append(e.Produced, bytes)
	}
	return e
}

func TestAnyJobFinishes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := DefaultOptions(rapid.SampledFrom(versions).Draw(t, "version"))
		o.MinParallelism = rapid.IntRange(1, 2).Draw(t, "least")
		o.MaxParallelism = rapid.IntRange(3, 5).Draw(t, "most")
		o.AverageVolume = rapid.Int64Range(1, 40).Draw(t, "volume") * mib
		o.Hybrid = rapid.SampledFrom([]Constraint{UnfinishedProducers, OnlyFinishedProducers, AllProducersFinished}).Draw(t, "hybrid")
		job := someJob(t, o)
		s, err := New(epoch(), job, o)
		if err != nil {
			t.Fatal(err)
		}
		d := &drive{t: t, s: s, now: epoch(), done: make(map[TaskID]bool), failures: 20}
		d.step(Start{})
		for steps := 0; !s.Status().Terminal(); steps++ {
			if steps > 5_000 {
				t.Fatal("it does not end")
			}
			d.next()
		}
		view := s.View()
		if view.Status != adaptive.StatusFinished {
			t.Fatalf("%v: %v", view.Status, view.Failure)
		}
		checkEnd(t, s, o)
	})
}

// checkEnd: every vertex has a parallelism within its bounds, the same one for a
// forward group, and all its tasks are done.
func checkEnd(t *rapid.T, s *Scheduler, o Options) {
	for i, v := range s.View().Vertices {
		configured := s.job.Vertices[i].Parallelism
		switch {
		case !v.Known || len(v.Tasks) != v.Parallelism:
			t.Fatalf("vertex %d: %+v", i, v)
		case configured > 0 && v.Parallelism != configured, v.Parallelism > max(o.MaxParallelism, configured), v.Parallelism > v.MaxParallelism:
			t.Fatalf("vertex %d has parallelism %d", i, v.Parallelism)
		}
		for _, task := range v.Tasks {
			if task.State != TaskDone {
				t.Fatalf("vertex %d: %+v", i, v)
			}
		}
		for _, w := range s.vertices[i].group {
			if other := s.vertices[w].Parallelism; other != v.Parallelism {
				t.Fatalf("vertices %d and %d are a forward group and have parallelism %d and %d", i, w, v.Parallelism, other)
			}
		}
	}
}

// The same events lead to the same actions, whatever else was done with the
// values.
func TestTheSameEventsLeadToTheSameActions(t *testing.T) {
	run := func() []string {
		job := restarting(Job{Vertices: vertices("a", "b", "c", "d"), Edges: []Edge{
			ship("HASH", 0, 2), ship("BROADCAST", 1, 2), ship("FORWARD", 2, 3), ship("RESCALE", 0, 3),
		}})
		o := options(versions[1], 2, 6)
		o.DefaultSourceParallelism = 3
		r := newRig(t, job, o)
		r.step(Start{})
		r.finishAll(0)
		r.step(ResultsLost{Tasks: []TaskID{{0, 1}, {0, 2}}})
		r.finishAll(1)
		r.fail(TaskID{2, 0})
		r.cancelAll()
		r.elapse(time.Second)
		r.run()
		return r.log
	}
	want := run()
	for range 20 {
		if diff := cmp.Diff(want, run()); diff != "" {
			t.Fatalf("(-first +later)\n%s", diff)
		}
	}
}

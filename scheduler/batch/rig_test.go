package batch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

var versions = []slots.Version{slots.V1_20, slots.V2_3}

const mib = 1 << 20

// bytes are those of several partitions, as "4,4 1,1" MiB: two partitions of two
// subpartitions.
func bytes(t testing.TB, text string) [][]int64 {
	t.Helper()
	var all [][]int64
	for _, partition := range strings.Fields(text) {
		var one []int64
		for _, field := range strings.Split(partition, ",") {
			var n float64
			if _, err := fmt.Sscan(field, &n); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			one = append(one, int64(n*mib))
		}
		all = append(all, one)
	}
	return all
}

// hash is an input that is read by hash, keys together.
func hash(t testing.TB, text string) Input {
	return Input{Name: "hash", Pattern: AllToAll, InterCorrelated: true, IntraCorrelated: true, Bytes: bytes(t, text)}
}

func broadcast(t testing.TB, text string) Input {
	return Input{Name: "broadcast", Pattern: AllToAll, Broadcast: true, Single: true, InterCorrelated: true, IntraCorrelated: true, Bytes: bytes(t, text)}
}

func rescale(t testing.TB, text string) Input {
	return Input{Name: "rescale", Pattern: Pointwise, Bytes: bytes(t, text)}
}

func rebalance(t testing.TB, text string) Input {
	return Input{Name: "rebalance", Pattern: AllToAll, Bytes: bytes(t, text)}
}

func of(kind int, in Input) Input {
	in.Type = kind
	return in
}

// show is what the tasks read of one input: blocks of a task joined by "+".
func show(tasks [][]Block) string {
	var all []string
	for _, blocks := range tasks {
		var one []string
		for _, b := range blocks {
			one = append(one, b.String())
		}
		all = append(all, strings.Join(one, "+"))
	}
	return strings.Join(all, " ")
}

func rules(why []Reason) string {
	var all []string
	for _, r := range why {
		all = append(all, string(r.Rule))
	}
	return strings.Join(all, " ")
}

func epoch() time.Time { return time.Unix(1_000_000_000, 0).UTC() }

// rig runs a scheduler: it answers what the scheduler asks for, one second
// later, and writes down what happens.
type rig struct {
	t         testing.TB
	s         *Scheduler
	now       time.Time
	produce   func(edge int, task TaskID, subpartitions int) []int64
	tasks     map[int]int // answers of sources
	running   []Deploy
	canceling []CancelTask
	decided   map[int]Decision
	log       []string
}

func newRig(t testing.TB, job Job, o Options) *rig {
	t.Helper()
	s, err := New(epoch(), job, o)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{
		t: t, s: s, now: epoch(),
		decided: make(map[int]Decision),
		tasks:   make(map[int]int),
		produce: func(_ int, _ TaskID, n int) []int64 { return slices.Repeat([]int64{mib}, n) },
	}
}

// step hands over an event and does what follows from it.
func (r *rig) step(e Event) {
	var ask []InferSource
	for _, a := range r.s.Step(r.now, e) {
		switch a := a.(type) {
		case InferSource:
			ask = append(ask, a)
			r.note("ask %s up to %d", r.id(a.Vertex), a.Bound)
		case Decided:
			r.decided[a.Vertex] = a.Decision
			r.note("%s gets %d", r.id(a.Vertex), a.Decision.Parallelism)
		case Deploy:
			r.running = append(r.running, a)
			r.note("deploy %s", r.name(a.Task, a.Attempt))
		case CancelTask:
			r.canceling = append(r.canceling, a)
			r.note("cancel %s", r.name(a.Task, a.Attempt))
		case Reset:
			r.note("reset %s", r.name(a.Task, a.Attempt))
		case Moved:
			r.note("%s", a.To)
		case Ended:
			r.note("ended %s", a.Status)
		}
	}
	for _, a := range ask {
		r.step(SourceInferred{Vertex: a.Vertex, Tasks: r.tasks[a.Vertex]})
	}
}

func (r *rig) note(text string, args ...any) { r.log = append(r.log, fmt.Sprintf(text, args...)) }

func (r *rig) id(v int) string { return r.s.job.Vertices[v].ID }

func (r *rig) name(id TaskID, attempt int) string {
	return fmt.Sprintf("%s/%d#%d", r.id(id.Vertex), id.Subtask, attempt)
}

// finish finishes the running task at an index.
func (r *rig) finish(i int) {
	one := r.running[i]
	r.running = slices.Delete(r.running, i, i+1)
	e := TaskFinished{Task: one.Task, Attempt: one.Attempt}
	for _, out := range r.s.vertices[one.Task.Vertex].out {
		e.Produced = append(e.Produced, r.produce(out, one.Task, r.s.Subpartitions(out)))
	}
	r.step(e)
}

// finishAll finishes the tasks of a vertex that run now.
func (r *rig) finishAll(v int) {
	for {
		i := slices.IndexFunc(r.running, func(d Deploy) bool { return d.Task.Vertex == v })
		if i < 0 {
			return
		}
		r.finish(i)
	}
}

// fail fails a running task.
func (r *rig) fail(id TaskID, missing ...TaskID) {
	r.t.Helper()
	i := slices.IndexFunc(r.running, func(d Deploy) bool { return d.Task == id })
	if i < 0 {
		r.t.Fatalf("task %v does not run", id)
	}
	one := r.running[i]
	r.running = slices.Delete(r.running, i, i+1)
	r.step(TaskFailed{Task: id, Attempt: one.Attempt, Failure: adaptive.Failure{Class: "java.lang.RuntimeException", Message: "no"}, Missing: missing})
}

// cancelAll ends the tasks that are being cancelled.
func (r *rig) cancelAll() {
	for len(r.canceling) > 0 {
		one := r.canceling[0]
		r.canceling = r.canceling[1:]
		r.running = slices.DeleteFunc(r.running, func(d Deploy) bool { return d.Task == one.Task && d.Attempt == one.Attempt })
		r.step(TaskCanceled(one))
	}
}

// elapse lets time go by, timers included.
func (r *rig) elapse(d time.Duration) {
	r.now = r.now.Add(d)
	r.step(Tick{})
}

// run runs the job to its end.
func (r *rig) run() {
	r.step(Start{})
	for len(r.running) > 0 {
		r.now = r.now.Add(time.Second)
		r.finish(0)
	}
}

// take is the log so far, which begins anew.
func (r *rig) take() string {
	text := strings.Join(r.log, "\n")
	r.log = nil
	return text
}

// edge is an edge of a ship strategy.
func ship(strategy string, from, to int) Edge {
	e := EdgeOf(strategy)
	e.From, e.To = from, to
	return e
}

func vertices(ids ...string) []JobVertex {
	all := make([]JobVertex, len(ids))
	for i, id := range ids {
		all[i] = JobVertex{ID: id}
	}
	return all
}

func options(v slots.Version, least, most int) Options {
	o := DefaultOptions(v)
	o.MinParallelism, o.MaxParallelism = least, most
	return o
}

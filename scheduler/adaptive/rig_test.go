package adaptive

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// epoch is the start of every test's clock.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

var versions = []slots.Version{slots.V1_20, slots.V2_3}

// rig drives a scheduler and answers its actions: graphs are built and tasks
// cancelled at once, unless the test holds them back.
type rig struct {
	t   *testing.T
	s   *Scheduler
	now time.Time
	// holdBuilds and holdTasks leave the answers to the test.
	holdBuilds, holdTasks bool
	// seen are all actions, moves the transitions among them.
	seen  []Action
	moves []Transition
	// lines tells the moves with their times.
	lines []string
	// wait is what an answer is due to.
	queue []Event
}

// j3 is the common job of the experiments: three vertices in one sharing group.
func j3(upper int) Job {
	job := Job{ID: "job", Name: "j3", Streaming: true, Checkpointing: Checkpointing{Interval: 5 * time.Second}}
	for _, name := range []string{"source", "work", "count"} {
		job.Vertices = append(job.Vertices, slots.Vertex{
			ID: slots.VertexID(name), Group: "default", Bounds: slots.Bounds{Lower: 1, Upper: upper}, MaxParallelism: 128,
		})
		job.Names = append(job.Names, name)
	}
	job.Edges = []Edge{{From: 0, To: 1}, {From: 1, To: 2}}
	return job
}

func newRig(t *testing.T, v slots.Version, job Job, change ...func(*Options)) *rig {
	t.Helper()
	o := DefaultOptions(v, false)
	o.RescaleHistory = 20
	for _, c := range change {
		c(&o)
	}
	s, err := New(epoch, job, o)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return &rig{t: t, s: s, now: epoch}
}

// step handles an event now, and what answers its actions.
func (r *rig) step(e Event) {
	r.t.Helper()
	r.queue = append(r.queue, e)
	for len(r.queue) > 0 {
		e, r.queue = r.queue[0], r.queue[1:]
		for _, a := range r.s.Step(r.now, e) {
			r.take(a)
		}
	}
	if err := r.s.Fault(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) take(a Action) {
	r.seen = append(r.seen, a)
	switch a := a.(type) {
	case Moved:
		r.moves = append(r.moves, Transition{a.From, a.To, a.Why})
		r.lines = append(r.lines, fmt.Sprintf("%v %v", r.now.Sub(epoch), a.To))
	case BuildGraph:
		if !r.holdBuilds {
			r.queue = append(r.queue, GraphBuilt{Build: a.Build})
		}
	case CancelTasks:
		if !r.holdTasks {
			r.queue = append(r.queue, TasksEnded{Execution: a.Execution})
		}
	}
}

// until moves the clock to a time after the start, through all timers.
func (r *rig) until(d time.Duration) {
	r.t.Helper()
	end := epoch.Add(d)
	for {
		next, ok := r.s.Next()
		if !ok || next.After(end) {
			break
		}
		r.now = next
		r.step(Tick{})
	}
	r.now = end
	r.step(Tick{})
}

func (r *rig) later(d time.Duration) { r.t.Helper(); r.until(r.now.Sub(epoch) + d) }

// offer has a TaskManager offer its first n slots.
func (r *rig) offer(tm slots.TaskManagerID, n int) {
	r.t.Helper()
	r.step(SlotsOffered{TaskManager: tm, Slots: slotsOf(tm, n)})
}

func slotsOf(tm slots.TaskManagerID, n int) []slots.Slot {
	all := make([]slots.Slot, n)
	for i := range all {
		all[i] = slots.Slot{Allocation: slots.AllocationID(fmt.Sprintf("%s-%d", tm, i)), TaskManager: tm, Index: i}
	}
	return all
}

func (r *rig) lose(tm slots.TaskManagerID) {
	r.t.Helper()
	r.step(TaskManagerLost{TaskManager: tm, Failure: Failure{Message: "The TaskExecutor is shutting down."}})
}

// bounds sets the same bounds for every vertex.
func (r *rig) bounds(lower, upper int) {
	r.t.Helper()
	r.step(RequirementsChanged{Bounds: slices.Repeat([]slots.Bounds{{Lower: lower, Upper: upper}}, len(r.s.vertices))})
}

// running starts the job and has it run with the slots of tm1.
func (r *rig) running(n int) *rig {
	r.t.Helper()
	r.step(Start{})
	r.offer("tm1", n)
	for r.s.View().State != StateExecuting {
		next, ok := r.s.Next()
		if !ok || r.now.Sub(epoch) > time.Hour {
			r.t.Fatalf("the job does not run: %v", r.lines)
		}
		r.now = next
		r.step(Tick{})
	}
	return r
}

func (r *rig) execution() int { return r.s.View().Execution }

// parallelism is that of the vertices.
func (r *rig) parallelism() []int {
	var all []int
	for _, v := range r.s.View().Vertices {
		all = append(all, v.Parallelism)
	}
	return all
}

func (r *rig) wantState(want State) {
	r.t.Helper()
	if got := r.s.View().State; got != want {
		r.t.Fatalf("at %v: state %v, want %v\n%s", r.now.Sub(epoch), got, want, strings.Join(r.lines, "\n"))
	}
}

func (r *rig) wantRunning(parallelism ...int) {
	r.t.Helper()
	r.wantState(StateExecuting)
	if got := r.parallelism(); !slices.Equal(got, parallelism) {
		r.t.Fatalf("at %v: parallelism %v, want %v", r.now.Sub(epoch), got, parallelism)
	}
}

// wantLast compares the times of the last moves.
func (r *rig) wantLast(want ...string) {
	r.t.Helper()
	if len(r.lines) < len(want) || !slices.Equal(r.lines[len(r.lines)-len(want):], want) {
		r.t.Fatalf("moves:\n%s\nwant at the end:\n%s", strings.Join(r.lines, "\n"), strings.Join(want, "\n"))
	}
}

// find is the last action of a kind.
func find[A Action](r *rig) (A, bool) {
	for _, a := range slices.Backward(r.seen) {
		if a, ok := a.(A); ok {
			return a, true
		}
	}
	var none A
	return none, false
}

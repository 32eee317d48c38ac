package adaptive

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// world is a cluster around a scheduler that does what it is told, at a time the
// test chooses, and that watches over what must always hold.
type world struct {
	t    *rapid.T
	s    *Scheduler
	now  time.Time
	next int // number of the next TaskManager
	// held are the slots given to the job, by TaskManager in order of joining.
	machines []slots.TaskManagerID
	held     map[slots.AllocationID]slots.TaskManagerID
	// What was asked for and not answered.
	build, ended, save func() Event
	attempts           map[slots.Subtask]int
	began              time.Time // of the present Executing
	checkpoint         int64
}

func newWorld(t *rapid.T) *world {
	v := rapid.SampledFrom(versions).Draw(t, "version")
	o := DefaultOptions(v, rapid.IntRange(0, 4).Draw(t, "reactive") == 0)
	o.RescaleHistory = rapid.IntRange(0, 3).Draw(t, "history")
	o.LocalRecovery = rapid.Bool().Draw(t, "local recovery")
	o.Application = rapid.Bool().Draw(t, "application")
	seconds := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Second
	}
	o.Stabilization, o.ExecutingStabilization = seconds("stabilization", 20), seconds("executing stabilization", 90)
	o.Cooldown, o.ScalingIntervalMin = seconds("cooldown", 40), seconds("interval", 40)
	o.MinParallelismIncrease = rapid.IntRange(1, 3).Draw(t, "increase")
	if rapid.Bool().Draw(t, "longest interval") {
		o.ScalingIntervalMax = o.ScalingIntervalMin + 20*time.Second
	}
	s, err := New(epoch, drawJob(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, s: s, now: epoch, held: map[slots.AllocationID]slots.TaskManagerID{}, attempts: map[slots.Subtask]int{}}
}

func drawJob(t *rapid.T) Job {
	job := Job{ID: "job", Streaming: true}
	for i := range rapid.IntRange(1, 5).Draw(t, "vertices") {
		lower := rapid.IntRange(1, 3).Draw(t, "lower")
		job.Vertices = append(job.Vertices, slots.Vertex{
			ID: slots.VertexID(fmt.Sprint(i)), Group: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"), MaxParallelism: 8,
			Bounds: slots.Bounds{Lower: lower, Upper: lower + rapid.IntRange(0, 4).Draw(t, "range")},
		})
	}
	job.Checkpointing.Interval = time.Duration(rapid.IntRange(0, 2).Draw(t, "checkpoints")) * 5 * time.Second
	if rapid.Bool().Draw(t, "restarts") {
		often := RestartStrategy{Kind: RestartFixedDelay, Attempts: 1000, Delay: time.Second}
		job.Restart = &often
	}
	return job
}

// step handles an event and watches over its actions.
func (w *world) step(e Event) {
	held := w.s.pool.Required()
	for _, a := range w.s.Step(w.now, e) {
		w.take(a)
	}
	if w.s.pool.Count() > max(held, w.s.pool.Required(), len(w.held)) {
		w.t.Fatalf("the pool holds %d slots of %d", w.s.pool.Count(), w.s.pool.Required())
	}
	w.check()
}

func (w *world) take(a Action) {
	switch a := a.(type) {
	case AcceptOffer:
		for _, slot := range a.Slots {
			w.held[slot.Allocation] = a.TaskManager
		}
	case ReturnSlots:
		for _, slot := range a.Slots {
			delete(w.held, slot.Allocation)
		}
	case BuildGraph:
		w.checkPlan(a)
		w.build = func() Event { return GraphBuilt{Build: a.Build} }
	case Deploy:
		w.checkDeploy(a)
	case CancelTasks:
		w.ended = func() Event { return TasksEnded{Execution: a.Execution} }
	case TriggerSavepoint:
		w.save = func() Event { return SavepointCompleted{Operation: a.Operation, Location: "file:/savepoint"} }
	case Moved:
		w.moved(a)
	}
}

func (w *world) moved(a Moved) {
	if a.Why == whyRescale {
		least := w.s.opts.Cooldown
		if w.s.opts.Version == slots.V1_20 {
			least = w.s.opts.ScalingIntervalMin
		}
		if ran := w.s.since.Sub(w.began); ran < least {
			w.t.Fatalf("rescale after %v, within the cooldown of %v", ran, least)
		}
	}
	if a.To == StateExecuting {
		w.began = w.s.since
	}
}

// checkPlan holds a plan to the bounds and to the slots there are.
func (w *world) checkPlan(a BuildGraph) {
	groups := map[string]int{}
	for i, v := range w.s.vertices {
		p := a.Parallelism[i]
		if p < v.Bounds.Lower || p > v.Bounds.Upper {
			w.t.Fatalf("vertex %s: parallelism %d outside of %+v", v.ID, p, v.Bounds)
		}
		groups[v.Group] = max(groups[v.Group], p)
	}
	used := map[slots.AllocationID]bool{}
	tasks := map[slots.Subtask]bool{}
	for _, p := range a.Placements {
		if used[p.Slot.Allocation] {
			w.t.Fatalf("slot %s is used twice", p.Slot.Allocation)
		}
		if _, held := w.held[p.Slot.Allocation]; !held {
			w.t.Fatalf("slot %s is not the job's", p.Slot.Allocation)
		}
		used[p.Slot.Allocation] = true
		groups[p.Group]--
		for _, task := range p.Subtasks {
			if tasks[task] {
				w.t.Fatalf("subtask %+v is placed twice", task)
			}
			tasks[task] = true
		}
	}
	total := 0
	for _, p := range a.Parallelism {
		total += p
	}
	if len(tasks) != total {
		w.t.Fatalf("%d subtasks are placed, want %d", len(tasks), total)
	}
	for name, left := range groups {
		if left != 0 {
			w.t.Fatalf("group %s: %d slots missing", name, left)
		}
	}
}

// checkDeploy holds attempt numbers to their order.
func (w *world) checkDeploy(a Deploy) {
	for v, attempts := range a.Attempts {
		for i, n := range attempts {
			task := slots.Subtask{Vertex: v, Index: i}
			before, ran := w.attempts[task]
			if ran && n <= before || !ran && n != 0 {
				w.t.Fatalf("subtask %+v: attempt %d after %d (%v)", task, n, before, ran)
			}
			w.attempts[task] = n
		}
	}
}

// check watches over what holds after every step.
func (w *world) check() {
	s := w.s
	if err := s.Fault(); err != nil {
		w.t.Fatal(err)
	}
	w.checkTimers()
	view := s.View()
	if _, left := s.Next(); left && view.State == StateFinished {
		w.t.Fatal("a timer is left of a job that is over")
	}
	for i, r := range view.History.Records {
		if r.Open() && i > 0 {
			w.t.Fatalf("record %d is open and not the newest", r.Number)
		}
	}
	if view.FreeSlots > view.HeldSlots || view.HeldSlots != len(w.held) {
		w.t.Fatalf("%d of %d slots free; the job was given %d", view.FreeSlots, view.HeldSlots, len(w.held))
	}
	if view.State == StateExecuting && slots.Least(s.vertices) == 0 {
		w.t.Fatal("a job runs without lower bounds")
	}
}

// checkTimers: none is of a state or a phase that was left, and none is overdue.
func (w *world) checkTimers() {
	s := w.s
	for _, one := range s.timers.list {
		if one.visit != 0 && one.visit != s.visit {
			w.t.Fatalf("timer %v of a state that was left", one.kind)
		}
		if one.visit == 0 && one.kind != timerIdleCheck {
			w.t.Fatalf("timer %v belongs to no state", one.kind)
		}
		if one.phase != 0 && one.phase != w.instance() {
			w.t.Fatalf("timer %v of a phase that was left", one.kind)
		}
		if one.at.Before(w.now) {
			w.t.Fatalf("timer %v was due at %v, it is %v", one.kind, one.at, w.now)
		}
	}
}

func (w *world) instance() int {
	switch st := w.s.state.(type) {
	case *waiting:
		return st.manager.instance
	case *executing:
		return st.manager.instance
	}
	return 0
}

func (w *world) join(n int) {
	w.next++
	tm := slots.TaskManagerID(fmt.Sprintf("tm%d", w.next))
	w.machines = append(w.machines, tm)
	w.step(SlotsOffered{TaskManager: tm, Slots: slotsOf(tm, n)})
}

func (w *world) lose(tm slots.TaskManagerID) {
	w.machines = slices.DeleteFunc(w.machines, func(m slots.TaskManagerID) bool { return m == tm })
	for a, m := range w.held {
		if m == tm {
			delete(w.held, a)
		}
	}
	w.step(TaskManagerLost{TaskManager: tm, Failure: boom})
}

// answer gives an answer that is due.
func (w *world) answer(what *func() Event) {
	if *what == nil {
		return
	}
	e := (*what)()
	*what = nil
	w.step(e)
}

// tick moves the clock on, through the timers.
func (w *world) tick(d time.Duration) {
	end := w.now.Add(d)
	for {
		next, ok := w.s.Next()
		if !ok || next.After(end) {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
		w.step(Tick{})
	}
	w.now = end
}

// act does one thing drawn at random.
func (w *world) act() {
	t, x := w.t, w.s.executions
	seldom := func() bool { return rapid.IntRange(0, 4).Draw(t, "seldom") == 0 }
	acts := []func(){
		func() { w.step(Start{}) },
		func() { w.join(rapid.IntRange(1, 4).Draw(t, "slots")) },
		func() { w.join(rapid.IntRange(1, 4).Draw(t, "slots")) },
		func() {
			if len(w.machines) > 0 {
				w.lose(rapid.SampledFrom(w.machines).Draw(t, "machine"))
			}
		},
		func() { w.tick(time.Duration(rapid.IntRange(0, 5000).Draw(t, "ms")) * time.Millisecond) },
		func() { w.tick(time.Duration(rapid.IntRange(0, 40).Draw(t, "s")) * time.Second) },
		func() { w.answer(&w.build) },
		func() { w.answer(&w.build) },
		func() { w.answer(&w.ended) },
		func() { w.answer(&w.save) },
		func() { w.step(RequirementsChanged{Bounds: w.drawBounds()}) },
		func() { w.step(TaskFailed{Execution: x, Failure: boom}) },
		func() {
			w.checkpoint++
			w.step(CheckpointCompleted{Execution: x, Checkpoint: Checkpoint{ID: w.checkpoint}})
		},
		func() { w.step(CheckpointFailed{Execution: x}) },
		func() { w.step(StopWithSavepoint{Operation: fmt.Sprint(x)}) },
		func() {
			w.save = nil
			w.step(SavepointFailed{Operation: fmt.Sprint(x), Failure: boom})
		},
		func() {
			if seldom() {
				w.step(GraphFailed{Build: w.s.builds, Failure: boom})
			}
		},
		func() {
			if seldom() {
				w.step(GlobalFailure{Failure: boom})
			}
		},
	}
	acts[rapid.IntRange(0, len(acts)-1).Draw(t, "act")]()
}

func (w *world) drawBounds() []slots.Bounds {
	all := make([]slots.Bounds, len(w.s.vertices))
	for i := range all {
		all[i] = slots.Bounds{Lower: rapid.IntRange(0, 3).Draw(w.t, "lower"), Upper: rapid.IntRange(1, 9).Draw(w.t, "upper")}
	}
	return all
}

// settle answers everything and gives the job all the slots it wants, for as
// long as any of its time-outs may take.
func (w *world) settle() {
	for range 60 {
		w.answer(&w.build)
		w.answer(&w.ended)
		w.answer(&w.save)
		if w.s.View().State == StateStopWithSavepoint {
			w.step(TasksEnded{Execution: w.s.executions, Outcome: TasksFinished})
		}
		if w.s.View().State != StateFinished && len(w.held) < w.s.pool.Required() {
			w.join(w.s.pool.Required() - len(w.held))
		}
		w.tick(10 * time.Second)
	}
}

func TestWhateverHappensTheRulesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 60).Draw(t, "acts") {
			w.act()
		}
		w.step(Start{})
		w.settle()
		view := w.s.View()
		if view.State != StateExecuting && view.State != StateFinished {
			t.Fatalf("the job hangs in %v", view.State)
		}
		if view.State == StateExecuting {
			w.checkRunning(view)
		}
		w.step(Cancel{})
		w.answer(&w.ended)
		if got := w.s.View().State; got != StateFinished {
			t.Fatalf("cancelled, and in %v", got)
		}
	})
}

// checkRunning holds a settled job to all that its slots allow, as far as a
// rescale was worth it.
func (w *world) checkRunning(view View) {
	if w.s.opts.Version == slots.V1_20 && w.s.opts.MinParallelismIncrease > 1 {
		return
	}
	for i, v := range view.Vertices {
		if target, ok := w.s.available(); ok && v.Parallelism != target[i] {
			w.t.Fatalf("vertex %s runs with %d, its slots allow %d", v.ID, v.Parallelism, target[i])
		}
	}
}

// A job whose lower bounds can be met runs after the wait time-out at the latest,
// whatever came before.
func TestAJobWithEnoughSlotsRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.step(Start{})
		w.join(slots.Least(w.s.vertices) + rapid.IntRange(0, 6).Draw(t, "more"))
		w.tick(w.s.opts.Stabilization)
		w.answer(&w.build)
		if got := w.s.View().State; got != StateExecuting {
			t.Fatalf("in %v", got)
		}
	})
}

// No event, however senseless, upsets a scheduler.
func TestAnyEventInAnyState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		number := rapid.IntRange(-1, 4)
		name := rapid.SampledFrom([]slots.TaskManagerID{"tm1", "tm2"})
		for range rapid.IntRange(1, 80).Draw(t, "events") {
			n := number.Draw(t, "n")
			events := []Event{
				Start{},
				SlotsOffered{TaskManager: "tm1", Slots: slotsOf("tm1", max(0, n))},
				SlotsOffered{TaskManager: "tm2", Slots: slotsOf("tm1", 2)},
				TaskManagerLost{TaskManager: name.Draw(t, "tm")},
				RequirementsChanged{Bounds: slices.Repeat([]slots.Bounds{{Lower: n, Upper: n + 1}}, max(0, n))},
				GlobalFailure{Failure: boom},
				GraphBuilt{Build: n},
				GraphFailed{Build: n},
				TaskFailed{Execution: n, Vertex: n, Subtask: n},
				TasksEnded{Execution: n, Outcome: Outcome(n)},
				CheckpointCompleted{Execution: n},
				CheckpointFailed{Execution: n},
				StopWithSavepoint{Operation: "op"},
				SavepointCompleted{Operation: "op"},
				SavepointFailed{Operation: "op"},
				Tick{},
				nil,
				Cancel{},
				Suspend{},
			}
			w.now = w.now.Add(time.Duration(n) * time.Second) // may go back
			w.s.Step(w.now, rapid.SampledFrom(events).Draw(t, "event"))
			if err := w.s.Fault(); err != nil {
				t.Fatal(err)
			}
			w.s.View()
			w.s.Handover()
		}
	})
}

// The same events give the same actions.
func TestStepsAreDeterministic(t *testing.T) {
	run := func() string {
		r := newRig(t, slots.V2_3, j3(4)).running(2)
		r.until(60 * second)
		r.offer("tm2", 2)
		r.until(90 * second)
		r.lose("tm1")
		r.until(200 * second)
		return fmt.Sprintf("%+v", r.seen)
	}
	if first := run(); first != run() {
		t.Error("two runs differ")
	}
}

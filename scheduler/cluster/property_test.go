package cluster

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/requirements"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Whatever is done to a cluster, no slot has two users, no plan leaves the bounds
// or takes slots that are not there, attempts never fall, and at most one rescale
// record is open. Once there is enough of everything, every job that is not over
// runs with as much as it wants, and after its end nothing is left of it.
func TestUnderRandomActionsTheClusterStaysSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"add": w.add, "stop": w.stop, "kill": w.kill, "freeze": w.freeze, "thaw": w.thaw, "submit": w.submit,
			"put": w.put, "cancel": w.cancel, "savepoint": w.savepoint, "demand": w.demand, "fail": w.fail, "fail job": w.failJob,
			"finish": w.finish, "jobmanager": w.jobManager, "pass": w.pass, "pass again": w.pass, "": w.check,
		})
		w.heal()
		if w.provider() || rapid.Bool().Draw(t, "plenty") {
			w.settleInPlenty()
		} else {
			w.settleWithTheLeast()
		}
		w.end()
	})
}

// world is a cluster and what was done to it.
type world struct {
	*Cluster
	t        *rapid.T
	count    int            // TaskManagers added
	attempts map[string]int // the highest attempt of each subtask
	trace    int            // entries written down
	calm     bool           // nothing fails by itself any more
	asked    map[slots.JobID]Entry
}

var jobIDs = []slots.JobID{"a", "b", "c"}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, attempts: map[string]int{}, asked: map[slots.JobID]Entry{}}
	config := DefaultConfig(rapid.SampledFrom([]slots.Version{slots.V1_20, slots.V2_3}).Draw(t, "version"))
	config.Start, config.Trace = start, w.saw
	config.HighAvailability = rapid.Bool().Draw(t, "high availability")
	w.drawScheduler(&config)
	w.drawResources(&config)
	c, err := New(config, chance{w})
	if err != nil {
		t.Fatal(err)
	}
	w.Cluster = c
	return w
}

func (w *world) drawScheduler(config *Config) {
	if rapid.IntRange(0, 3).Draw(w.t, "reactive") == 0 {
		config.Scheduler = adaptive.DefaultOptions(config.Version, true)
	}
	config.Scheduler.RescaleHistory = rapid.IntRange(0, 3).Draw(w.t, "history")
	config.Scheduler.LocalRecovery = rapid.Bool().Draw(w.t, "local recovery")
	config.Scheduler.Application = config.Scheduler.Reactive || rapid.Bool().Draw(w.t, "application")
}

func (w *world) drawResources(config *Config) {
	modes := []slots.LoadBalance{slots.BalanceNone, slots.BalanceSlots}
	if config.Version != slots.V1_20 {
		modes = append(modes, slots.BalanceMinResources, slots.BalanceTasks)
	}
	mode := rapid.SampledFrom(modes).Draw(w.t, "load balance")
	config.Resources.LoadBalance, config.Scheduler.LoadBalance = mode, mode
	if !config.Scheduler.Reactive && rapid.IntRange(0, 3).Draw(w.t, "provider") == 0 {
		config.Resources.Active, config.Resources.SlotsPerWorker = true, rapid.IntRange(1, 3).Draw(w.t, "slots a worker")
	}
}

func (w *world) provider() bool { return w.config.Resources.Active }

func (w *world) add(t *rapid.T) {
	w.count++
	w.addSlots(fmt.Sprintf("tm%d", w.count), rapid.IntRange(1, 4).Draw(t, "slots"))
}

func (w *world) addSlots(id string, n int) {
	if err := w.AddTaskManager(slots.TaskManagerID(id), n); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) machine(t *rapid.T) slots.TaskManagerID {
	all := w.TaskManagers()
	if len(all) == 0 {
		return "none"
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "taskmanager")].ID
}

// Actions that do not fit the state of things are errors, and change nothing.
func (w *world) stop(t *rapid.T)      { _ = w.StopTaskManager(w.machine(t)) }
func (w *world) kill(t *rapid.T)      { _ = w.KillTaskManager(w.machine(t)) }
func (w *world) freeze(t *rapid.T)    { _ = w.FreezeTaskManager(w.machine(t)) }
func (w *world) thaw(t *rapid.T)      { _ = w.ThawTaskManager(w.machine(t)) }
func (w *world) cancel(t *rapid.T)    { _ = w.Cancel(w.job(t)) }
func (w *world) savepoint(t *rapid.T) { _, _ = w.StopWithSavepoint(w.job(t), "", false) }
func (w *world) demand(t *rapid.T) {
	if rapid.Bool().Draw(t, "of a savepoint") {
		_, _ = w.Savepoint(w.job(t), "")
	} else {
		_, _ = w.Cluster.Checkpoint(w.job(t))
	}
}

func (w *world) failJob(t *rapid.T) { _ = w.FailJob(w.job(t), adaptive.Failure{Message: "broken"}) }

func (w *world) job(t *rapid.T) slots.JobID { return rapid.SampledFrom(jobIDs).Draw(t, "job") }

func (w *world) submit(t *rapid.T) {
	j := Job{Job: adaptive.Job{ID: w.job(t), Streaming: true}}
	for i := range rapid.IntRange(1, 4).Draw(t, "vertices") {
		j.Vertices = append(j.Vertices, slots.Vertex{
			ID: slots.VertexID(fmt.Sprintf("%032d", i)), Group: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"),
			Bounds: slots.Bounds{Lower: 1, Upper: rapid.IntRange(1, 5).Draw(t, "upper")}, MaxParallelism: 8,
		})
		if i > 0 {
			j.Edges = append(j.Edges, adaptive.Edge{From: i - 1, To: i})
		}
	}
	j.Checkpointing.Interval = rapid.SampledFrom([]time.Duration{0, 5 * time.Second}).Draw(t, "checkpoints")
	if rapid.Bool().Draw(t, "restarts") {
		j.Restart = &adaptive.RestartStrategy{Kind: adaptive.RestartFixedDelay, Attempts: 1000, Delay: time.Second}
	}
	_ = w.Submit(j)
}

// put asks for other bounds, and then for the same ones, which changes nothing.
func (w *world) put(t *rapid.T) {
	id := w.job(t)
	view, ok := w.Job(id)
	if !ok {
		return
	}
	var vertices []slots.Vertex
	for _, v := range view.Scheduler.Vertices {
		lower := rapid.IntRange(1, 3).Draw(t, "lower")
		vertices = append(vertices, slots.Vertex{ID: v.ID, Bounds: slots.Bounds{Lower: lower, Upper: lower + rapid.IntRange(0, 4).Draw(t, "more")}})
	}
	body := requirements.Body(vertices)
	if answer, err := w.Put(id, body); err != nil || answer.Refusal != nil {
		return
	}
	before := w.trace
	if _, _ = w.Put(id, body); w.trace != before+1 {
		t.Fatalf("the same bounds again made %d things happen", w.trace-before-1)
	}
}

func (w *world) fail(t *rapid.T) {
	_ = w.FailTask(w.job(t), rapid.IntRange(0, 1).Draw(t, "vertex"), rapid.IntRange(0, 3).Draw(t, "subtask"), adaptive.Failure{Message: "broken"})
}

func (w *world) finish(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "seldom") == 0 {
		_ = w.Finish(w.job(t))
	}
}

func (w *world) jobManager(t *rapid.T) {
	if w.Down() {
		w.attempts = map[string]int{} // a new JobMaster counts anew
		if err := w.RestartJobManager(); err != nil {
			t.Fatal(err)
		}
	} else if err := w.KillJobManager(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) pass(t *rapid.T) {
	w.advance(rapid.SampledFrom([]time.Duration{0, 50 * time.Millisecond, 400 * time.Millisecond, time.Second, 10 * time.Second, time.Minute, 6 * time.Minute}).Draw(t, "time"))
}

func (w *world) advance(d time.Duration) {
	if err := w.Advance(w.Now().Add(d)); err != nil {
		w.t.Fatal(err)
	}
}

// saw holds every plan to the bounds, and to the slots that there are.
func (w *world) saw(e Entry) {
	w.trace++
	switch v := e.Event.(type) {
	case Asked:
		w.asked[e.Job] = e
	case adaptive.BuildGraph:
		w.checkBounds(e, v.Parallelism)
		w.checkPlaces(e.Job, v)
	}
}

// checkBounds, unless they were changed at the very instant of the plan: it may
// have been made before.
func (w *world) checkBounds(e Entry, parallelism []int) {
	if last, ok := w.asked[e.Job]; ok && last.At.Equal(e.At) {
		return
	}
	for i, v := range w.Cluster.job(e.Job).scheduler.View().Vertices {
		if p := parallelism[i]; p < v.Bounds.Lower || p > v.Bounds.Upper || p > v.MaxParallelism {
			w.t.Fatalf("vertex %d of job %s: %d is outside of %+v", i, e.Job, p, v.Bounds)
		}
	}
}

func (w *world) checkPlaces(id slots.JobID, plan adaptive.BuildGraph) {
	missing := map[string]int{}
	for i, v := range w.Cluster.job(id).scheduler.View().Vertices {
		missing[v.Group] = max(missing[v.Group], plan.Parallelism[i])
	}
	taken := map[slots.Slot]bool{}
	for _, p := range plan.Placements {
		missing[p.Group]--
		place := slots.Slot{TaskManager: p.Slot.TaskManager, Index: p.Slot.Index}
		if tm := w.byID[place.TaskManager]; tm == nil || place.Index >= len(tm.held) || taken[place] {
			w.t.Fatalf("job %s is to use %v, which is not there, or twice", id, place)
		}
		taken[place] = true
	}
	for group, n := range missing {
		if n != 0 {
			w.t.Fatalf("sharing group %s of job %s lacks %d slots of those it needs", group, id, n)
		}
	}
}

// check is what holds at any time.
func (w *world) check(t *rapid.T) {
	o := w.Overview()
	if o.FreeSlots < 0 || o.FreeSlots > o.Slots {
		t.Fatalf("%d of %d slots are free", o.FreeSlots, o.Slots)
	}
	w.checkAlarms(t)
	user := map[slots.Slot]slots.JobID{}
	for _, id := range w.Jobs() {
		view, _ := w.Job(id)
		if fault := w.Cluster.job(id).scheduler.Fault(); fault != nil {
			t.Fatal(fault)
		}
		for i, r := range view.Scheduler.History.Records {
			if r.Open() && (i > 0 || view.Scheduler.Status.Terminal()) {
				t.Fatalf("rescale record %d of job %s is still open", r.Number, id)
			}
		}
		if view.Execution != nil {
			w.checkExecution(t, view, user)
		}
	}
}

// checkAlarms compares the alarm at hand with what the schedulers say themselves.
func (w *world) checkAlarms(t *rapid.T) {
	if w.manager == nil {
		return
	}
	var first *job
	var at time.Time
	for _, j := range w.manager.jobs {
		if next, waits := j.scheduler.Next(); waits && j.started && !j.over && (first == nil || next.Before(at)) {
			first, at = j, next
		}
	}
	waiting := w.manager.alarms
	if (first == nil) != (len(waiting) == 0) || first != nil && (waiting[0] != first || !waiting[0].alarm.at.Equal(at)) {
		t.Fatalf("of %d alarms the first is not the next, at %v", len(waiting), at)
	}
}

func (w *world) checkExecution(t *rapid.T, view JobView, user map[slots.Slot]slots.JobID) {
	group, used := map[slots.Slot]string{}, map[string]bool{}
	for _, task := range view.Execution.Tasks {
		place := slots.Slot{TaskManager: task.Slot.TaskManager, Index: task.Slot.Index}
		if tm := w.byID[place.TaskManager]; tm == nil || place.Index >= len(tm.held) {
			t.Fatalf("job %s uses %v, which is not there", view.ID, place)
		}
		if other, taken := user[place]; taken && other != view.ID && !task.State.Over() {
			t.Fatalf("jobs %s and %s both use %v", view.ID, other, place)
		}
		if !task.State.Over() {
			user[place] = view.ID
		}
		own := view.Scheduler.Vertices[task.Vertex].Group
		if other, taken := group[place]; taken && other != own {
			t.Fatalf("sharing groups %s and %s of job %s are both in %v", own, other, view.ID, place)
		}
		group[place] = own
		same := fmt.Sprint(task.Vertex, place)
		if used[same] {
			t.Fatalf("two subtasks of vertex %d are in %v", task.Vertex, place)
		}
		used[same] = true
		name := fmt.Sprint(view.ID, task.Vertex, task.Subtask)
		if task.Attempt < w.attempts[name] {
			t.Fatalf("attempt %d of %s after attempt %d", task.Attempt, name, w.attempts[name])
		}
		w.attempts[name] = task.Attempt
	}
}

// heal ends all disturbances.
func (w *world) heal() {
	w.calm = true
	if w.Down() {
		w.jobManager(w.t)
	}
	for _, tm := range w.TaskManagers() {
		if tm.Health == Frozen {
			_ = w.ThawTaskManager(tm.ID)
		}
	}
}

// settleInPlenty waits in a cluster with slots for all: what is not over must run
// at its upper bounds.
func (w *world) settleInPlenty() {
	if !w.provider() {
		w.addSlots("enough", 60)
	}
	w.advance(30 * time.Minute)
	w.check(w.t)
	for _, id := range w.Jobs() {
		view, _ := w.Job(id)
		s := view.Scheduler
		full := !slices.ContainsFunc(s.Vertices, func(v adaptive.VertexView) bool { return v.Parallelism != v.Bounds.Upper })
		if !s.Status.Terminal() && (s.Status != adaptive.StatusRunning || !full) {
			w.t.Fatalf("job %s is %s with %+v in a cluster with slots for all", id, s.Status, s.Vertices)
		}
	}
}

// settleWithTheLeast leaves one job, and it the slots for its lower bounds: that
// must be enough for it to run.
func (w *world) settleWithTheLeast() {
	for _, id := range jobIDs[1:] {
		_ = w.Cancel(id)
	}
	w.advance(10 * time.Second) // a job that was starting then can be cancelled now
	for _, id := range jobIDs[1:] {
		_ = w.Cancel(id)
	}
	view, ok := w.Job(jobIDs[0])
	if !ok {
		return
	}
	var vertices []slots.Vertex
	for _, v := range view.Scheduler.Vertices {
		vertices = append(vertices, slots.Vertex{Group: v.Group, Bounds: v.Bounds})
	}
	w.addSlots("least", slots.Least(vertices))
	w.advance(30 * time.Minute)
	w.check(w.t)
	view, _ = w.Job(jobIDs[0])
	if s := view.Scheduler.Status; s != adaptive.StatusRunning && !s.Terminal() {
		w.t.Fatalf("with slots for its lower bounds the job is %s", s)
	}
}

// end cancels all jobs, after which no slot is taken and nothing is left to come.
func (w *world) end() {
	for _, id := range jobIDs {
		_ = w.Cancel(id)
	}
	w.advance(10 * time.Minute)
	for _, id := range w.Jobs() {
		if view, _ := w.Job(id); !view.Scheduler.Status.Terminal() || view.Execution != nil {
			w.t.Fatalf("job %s, cancelled, is %s", id, view.Scheduler.Status)
		}
		w.checkOperations(id)
	}
	if o := w.Overview(); o.FreeSlots != o.Slots || w.provider() && o.Slots > 0 {
		w.t.Fatalf("after all jobs the cluster has %+v", o)
	}
	if next, ok := w.Next(); ok && !w.provider() {
		w.t.Fatalf("at %v something is due at %v", w.Now(), next)
	}
}

// checkOperations says that what was asked for has an end.
func (w *world) checkOperations(id slots.JobID) {
	view, _ := w.Job(id)
	for _, o := range view.Operations {
		if !o.Done || (o.Location == "") == (o.Failure == adaptive.Failure{}) {
			w.t.Fatalf("operation %+v of job %s, which is over", o, id)
		}
	}
}

// chance is a behaviour by lot: things take their time, and some fail.
type chance struct{ w *world }

var _ Behaviour = chance{}

func (c chance) takes(what string) time.Duration {
	if c.w.calm {
		return 100 * time.Millisecond
	}
	return rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 0, 2 * time.Second, 12 * time.Second}).Draw(c.w.t, what)
}

func (c chance) fails(what string, in int) *adaptive.Failure {
	if c.w.calm || rapid.IntRange(1, in).Draw(c.w.t, what) < in {
		return nil
	}
	return &adaptive.Failure{Message: what}
}

func (c chance) Build(slots.JobID, adaptive.BuildGraph) (time.Duration, *adaptive.Failure) {
	return c.takes("build"), c.fails("build fails", 20)
}

func (c chance) Deploy(Execution) []time.Duration        { return []time.Duration{c.takes("deploy")} }
func (c chance) Cancel(Execution) time.Duration          { return c.takes("cancel") }
func (c chance) Finish(Execution) time.Duration          { return c.takes("finish") }
func (c chance) FirstCheckpoint(Execution) time.Duration { return c.takes("first checkpoint") }
func (c chance) Ended(Execution)                         {}

func (c chance) Checkpoint(CheckpointRequest) CheckpointResult {
	return CheckpointResult{Takes: c.takes("checkpoint"), Failure: c.fails("checkpoint fails", 5)}
}

// Running the same actions again gives the same trace, to the last letter.
func TestTheSameActionsGiveTheSameTrace(t *testing.T) {
	once := func() string {
		l := newLab(t, nil, nil)
		for i := range 5 {
			l.do(l.AddTaskManager(slots.TaskManagerID(fmt.Sprintf("tm%d", i)), 2))
			l.do(l.Submit(chain(slots.JobID(fmt.Sprintf("j%d", i)), 3)))
			l.pass(5 * time.Second)
		}
		l.do(l.KillTaskManager("tm2"))
		l.pass(2 * time.Minute)
		return l.text()
	}
	first := once()
	for range 5 {
		if again := once(); again != first {
			t.Fatalf("two traces of the same actions:\n%s\n%s", first, again)
		}
	}
}

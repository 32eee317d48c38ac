package cluster

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

var start = time.Unix(0, 0).UTC()

// lab is a cluster under test with what it wrote down.
type lab struct {
	*Cluster
	t     testing.TB
	trace []Entry
}

func newLab(t testing.TB, change func(*Config), behaviour Behaviour) *lab {
	t.Helper()
	l := &lab{t: t}
	config := DefaultConfig(slots.V2_3)
	config.Start = start
	if change != nil {
		change(&config)
	}
	config.Trace = func(e Entry) { l.trace = append(l.trace, e) }
	c, err := New(config, behaviour)
	if err != nil {
		t.Fatal(err)
	}
	l.Cluster = c
	return l
}

func (l *lab) do(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// pass lets time pass.
func (l *lab) pass(d time.Duration) {
	l.t.Helper()
	l.do(l.Advance(l.Now().Add(d)))
}

func (l *lab) status(id slots.JobID) string {
	l.t.Helper()
	view, ok := l.Job(id)
	if !ok {
		return "unknown"
	}
	var parallelism []int
	for _, v := range view.Scheduler.Vertices {
		parallelism = append(parallelism, v.Parallelism)
	}
	return view.Scheduler.Status.String() + " " + join(parallelism)
}

func (l *lab) expect(id slots.JobID, want string) {
	l.t.Helper()
	if got := l.status(id); got != want {
		l.t.Errorf("at %v job %s is %s, want %s\n%s", l.Now().Sub(start), id, got, want, l.text())
	}
}

// text is the trace as a person reads it.
func (l *lab) text() string {
	var b strings.Builder
	for _, e := range l.trace {
		if text := e.Text(); text != "" {
			fmt.Fprintf(&b, "%8.3f %s %s\n", e.At.Sub(start).Seconds(), e.Job, text)
		}
	}
	return b.String()
}

// chain is a job of two vertices in one sharing group with a checkpoint every 5 s.
func chain(id slots.JobID, parallelism int) Job {
	j := Job{Job: adaptive.Job{ID: id, Streaming: true, Names: []string{"source", "work"}}}
	j.Checkpointing.Interval = 5 * time.Second
	for i := range 2 {
		j.Vertices = append(j.Vertices, slots.Vertex{
			ID: slots.VertexID(fmt.Sprintf("%032d", i)), Group: "default", Bounds: slots.Bounds{Lower: 1, Upper: parallelism},
		})
	}
	j.Edges = []adaptive.Edge{{From: 0, To: 1, Exchange: adaptive.PipelinedBounded}}
	return j
}

func TestJobsAreServedInTheOrderOfTheirSubmission(t *testing.T) {
	l := newLab(t, nil, nil)
	l.do(l.Submit(chain("a", 3)))
	l.pass(time.Second)
	l.do(l.Submit(chain("b", 3)))
	l.pass(time.Second)
	l.do(l.AddTaskManager("tm1", 4))
	l.pass(2 * time.Second)
	l.expect("a", "RUNNING 3,3")
	l.expect("b", "CREATED 3,3")
	l.pass(11 * time.Second)
	l.expect("b", "RUNNING 1,1")

	l.do(l.Cancel("a"))
	l.pass(100 * time.Second)
	l.expect("a", "CANCELED 3,3")
	l.expect("b", "RUNNING 3,3")
	if got := l.Overview(); got != (Overview{TaskManagers: 1, Slots: 4, FreeSlots: 1}) {
		t.Errorf("the cluster has %+v", got)
	}
}

func TestAJobWhoseInputEndsIsFinishedAndItsSlotsAreFree(t *testing.T) {
	l := newLab(t, nil, nil)
	l.do(l.AddTaskManager("tm1", 2))
	l.do(l.Submit(chain("a", 2)))
	l.pass(5 * time.Second)
	l.do(l.Finish("a"))
	l.pass(time.Second)
	l.expect("a", "FINISHED 2,2")
	if got := l.Overview().FreeSlots; got != 2 {
		t.Errorf("%d slots are free, want 2", got)
	}
	if err := l.Finish("a"); err == nil {
		t.Error("a job that is over finished again")
	}
}

// refusing is a behaviour whose graphs cannot be built.
type refusing struct{ Fixed }

func (refusing) Build(slots.JobID, adaptive.BuildGraph) (time.Duration, *adaptive.Failure) {
	return time.Second, &adaptive.Failure{Class: "java.io.IOException", Message: "no such checkpoint"}
}

func TestAJobWhoseGraphCannotBeBuiltFails(t *testing.T) {
	l := newLab(t, nil, refusing{DefaultFixed()})
	l.do(l.AddTaskManager("tm1", 2))
	l.do(l.Submit(chain("a", 2)))
	l.pass(3 * time.Second)
	l.expect("a", "FAILED 2,2")
	if view, _ := l.Job("a"); view.Scheduler.Failure.Root().Message != "no such checkpoint" || view.Scheduler.Restarts != 0 {
		t.Errorf("failed with %v after %d restarts", view.Scheduler.Failure, view.Scheduler.Restarts)
	}
}

// counting tells how many executions began and ended.
type counting struct {
	Fixed
	began, ended int
}

func (c *counting) Deploy(e Execution) []time.Duration { c.began++; return c.Fixed.Deploy(e) }
func (c *counting) Ended(Execution)                    { c.ended++ }

func TestABehaviourHearsOfTheBeginAndTheEndOfEachExecution(t *testing.T) {
	b := &counting{Fixed: DefaultFixed()}
	l := newLab(t, nil, b)
	l.do(l.AddTaskManager("tm1", 2))
	l.do(l.Submit(chain("a", 2)))
	l.pass(5 * time.Second)
	l.do(l.FailTask("a", 1, 0, adaptive.Failure{Message: "broken"}))
	l.pass(5 * time.Second)
	if b.began != 2 || b.ended != 1 {
		t.Errorf("%d executions began and %d ended, want 2 and 1", b.began, b.ended)
	}
	l.do(l.KillJobManager())
	if b.ended != 2 {
		t.Errorf("with the JobManager %d executions ended, want 2", b.ended)
	}
}

// uneven starts each task a second after the one before.
type uneven struct{ Fixed }

func (uneven) Deploy(e Execution) []time.Duration {
	var takes []time.Duration
	for i := range e.Tasks {
		takes = append(takes, time.Duration(i+1)*time.Second)
	}
	return takes
}

func TestEachTaskRunsWhenItsBehaviourSaysSo(t *testing.T) {
	l := newLab(t, nil, uneven{DefaultFixed()})
	l.do(l.AddTaskManager("tm1", 2))
	l.do(l.Submit(chain("a", 2)))
	l.pass(3 * time.Second)
	view, _ := l.Job("a")
	var states []string
	for _, task := range view.Execution.Tasks {
		states = append(states, fmt.Sprintf("%d.%d %s %s", task.Vertex, task.Subtask, task.Slot.TaskManager, task.State))
	}
	want := []string{"0.0 tm1 RUNNING", "0.1 tm1 RUNNING", "1.0 tm1 DEPLOYING", "1.1 tm1 DEPLOYING"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	if len(view.Checkpoints) != 0 {
		t.Error("a checkpoint began before all tasks ran")
	}
	l.pass(3 * time.Second)
	if view, _ = l.Job("a"); len(view.Checkpoints) != 1 || view.Checkpoints[0].Status != "COMPLETED" {
		t.Errorf("checkpoints after all tasks run: %+v", view.Checkpoints)
	}
}

func TestAnActiveResourceManagerHasTaskManagersStartedAndStopped(t *testing.T) {
	l := newLab(t, func(c *Config) {
		c.Resources.Active, c.Resources.SlotsPerWorker = true, 2
	}, nil)
	l.do(l.Submit(chain("a", 3)))
	l.pass(10 * time.Second)
	l.expect("a", "RUNNING 3,3")
	if got := l.Overview(); got != (Overview{TaskManagers: 2, Slots: 4, FreeSlots: 1}) {
		t.Errorf("the cluster has %+v", got)
	}
	l.do(l.Cancel("a"))
	l.pass(2 * time.Minute)
	if got := l.Overview(); got.TaskManagers != 0 {
		t.Errorf("of the idle TaskManagers %d are left", got.TaskManagers)
	}
}

func TestASlotThatAJobDoesNotTakeIsFreedAgain(t *testing.T) {
	// The offer is on its way for longer than the TaskManager waits for the answer.
	l := newLab(t, func(c *Config) { c.Latencies.Connect = 12 * time.Second }, nil)
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(5 * time.Second)
	before := l.TaskManagers()[0].Held
	l.pass(6 * time.Second)
	after := l.TaskManagers()[0].Held
	if len(before) != 1 || len(after) != 1 || before[0].Allocation == after[0].Allocation {
		t.Errorf("held %v before the time-out and %v after it, want the slot given anew", before, after)
	}
	l.pass(20 * time.Second)
	l.expect("a", "RUNNING 1,1")
}

func TestASlotThatAJobHasIsNotGivenAgain(t *testing.T) {
	l := newLab(t, nil, nil)
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(3 * time.Second)
	tm := l.byID["tm1"]
	had := *tm.held[0]
	l.allocate(tm, slots.AllocateSlot{Job: "b", TaskManager: "tm1", Index: 0, Allocation: "other"})
	l.allocate(tm, slots.AllocateSlot{Job: "b", TaskManager: "tm1", Index: 7, Allocation: "beyond"})
	if *tm.held[0] != had {
		t.Errorf("the slot of job a went to %+v", *tm.held[0])
	}
}

func TestWhatHappensAtOneInstantHasAnOrder(t *testing.T) {
	t.Run("messages as they were sent", func(t *testing.T) {
		l, got := newLab(t, nil, nil), ""
		for _, name := range []string{"a", "b", "c"} {
			l.after(time.Second, func() { got += name })
		}
		l.pass(time.Second)
		if got != "abc" {
			t.Errorf("came as %s", got)
		}
	})
	t.Run("messages before timers", func(t *testing.T) {
		l := newLab(t, nil, nil)
		l.do(l.Submit(chain("a", 1)))
		l.pass(time.Second)
		due, ok := l.job("a").scheduler.Next()
		if !ok {
			t.Fatal("the scheduler has no timer")
		}
		pending := false
		l.queue.push(due, func() {
			next, some := l.job("a").scheduler.Next()
			pending = some && next.Equal(due)
		})
		l.do(l.Advance(due))
		if !pending {
			t.Error("the timer fired before the message")
		}
	})
}

func TestAThawedTaskManagerServesAgain(t *testing.T) {
	l := newLab(t, func(c *Config) {
		c.Heartbeats = slots.HeartbeatConfig{Interval: time.Second, Timeout: 5 * time.Second, Threshold: 2}
	}, nil)
	l.do(l.AddTaskManager("tm1", 2))
	l.do(l.Submit(chain("a", 2)))
	l.pass(5 * time.Second)
	l.do(l.FreezeTaskManager("tm1"))
	l.pass(10 * time.Second)
	l.expect("a", "CREATED 2,2")
	if got := l.Overview().Slots; got != 0 {
		t.Errorf("%d slots are left of a TaskManager that is lost", got)
	}
	l.do(l.ThawTaskManager("tm1"))
	l.pass(10 * time.Second)
	l.expect("a", "RUNNING 2,2")
	if got := l.Overview(); got != (Overview{TaskManagers: 1, Slots: 2}) {
		t.Errorf("the cluster has %+v", got)
	}
}

func TestWhatCannotBeDoneIsAnError(t *testing.T) {
	l := newLab(t, nil, nil)
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	wrong := map[string]error{
		"no slots":          l.AddTaskManager("tm2", 0),
		"an id twice":       l.AddTaskManager("tm1", 1),
		"an unknown id":     l.KillTaskManager("tm9"),
		"thaw what is up":   l.ThawTaskManager("tm1"),
		"a job twice":       l.Submit(chain("a", 1)),
		"a batch job":       l.Submit(Job{Job: adaptive.Job{ID: "b", Vertices: chain("b", 1).Vertices}}),
		"an unknown job":    l.Cancel("c"),
		"while it starts":   l.Cancel("a"),
		"a task of nothing": l.FailTask("a", 0, 0, adaptive.Failure{}),
		"a start while up":  l.RestartJobManager(),
	}
	l.do(l.KillJobManager())
	wrong["submit to nobody"] = l.Submit(chain("d", 1))
	wrong["kill it twice"] = l.KillJobManager()
	_, wrong["ask nobody"] = l.Put("a", nil)
	for name, err := range wrong {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, name := range []string{"submit to nobody", "kill it twice", "ask nobody"} {
		if !errors.Is(wrong[name], ErrDown) {
			t.Errorf("%s: %v, want ErrDown", name, wrong[name])
		}
	}
	if _, err := New(Config{}, nil); err == nil {
		t.Error("a cluster without heartbeats was set up")
	}
}

func TestHighAvailabilityKeepsBoundsAndCheckpoints(t *testing.T) {
	l := newLab(t, func(c *Config) { c.HighAvailability = true }, nil)
	l.do(l.AddTaskManager("tm1", 4))
	l.do(l.Submit(chain("a", 4)))
	l.pass(20 * time.Second)
	body := `{"00000000000000000000000000000000":{"parallelism":{"lowerBound":1,"upperBound":3}},` +
		`"00000000000000000000000000000001":{"parallelism":{"lowerBound":1,"upperBound":2}}}`
	if answer, err := l.Put("a", []byte(body)); err != nil || answer.Refusal != nil {
		t.Fatal(err, answer.Refusal)
	}
	before, _ := l.Job("a")
	l.do(l.KillJobManager())
	l.pass(time.Second)
	l.do(l.RestartJobManager())
	l.pass(5 * time.Second)
	l.expect("a", "RUNNING 3,2")
	after, _ := l.Job("a")
	if got, want := after.Scheduler.Restored.Checkpoint.ID, before.Scheduler.Checkpoint.ID; got != want || want == 0 {
		t.Errorf("restored from checkpoint %d, the last one was %d", got, want)
	}
	l.pass(10 * time.Second)
	if after, _ = l.Job("a"); after.Scheduler.Checkpoint.ID <= before.Scheduler.Checkpoint.ID {
		t.Errorf("checkpoint %d after %d: ids are used again", after.Scheduler.Checkpoint.ID, before.Scheduler.Checkpoint.ID)
	}
}

func TestTooManyFailedCheckpointsFailTheJob(t *testing.T) {
	b := &failing{Fixed: DefaultFixed()}
	l := newLab(t, nil, b)
	l.do(l.AddTaskManager("tm1", 1))
	job := chain("a", 1)
	job.Checkpoints.Tolerable = 1
	l.do(l.Submit(job))
	l.pass(3 * time.Second)
	b.fail = true
	l.pass(3700 * time.Millisecond) // the first has failed, at 6.6 s
	l.expect("a", "RUNNING 1,1")
	l.pass(4300 * time.Millisecond)
	l.expect("a", "RUNNING 1,1")
	l.pass(650 * time.Millisecond) // the second, at 11.6 s
	l.expect("a", "RESTARTING 1,1")
}

func TestACheckpointThatCompletesForgivesThoseThatFailedBefore(t *testing.T) {
	b := &failing{Fixed: DefaultFixed()}
	l := newLab(t, nil, b)
	l.do(l.AddTaskManager("tm1", 1))
	job := chain("a", 1)
	job.Checkpoints.Tolerable = 1
	l.do(l.Submit(job))
	l.pass(3 * time.Second)
	for _, fail := range []bool{true, false, true} {
		b.fail = fail
		l.pass(5 * time.Second)
	}
	if view, _ := l.Job("a"); view.Scheduler.Restarts != 0 || len(view.Checkpoints) != 4 {
		t.Errorf("%d restarts after %+v", view.Scheduler.Restarts, view.Checkpoints)
	}
}

// failing is a behaviour whose checkpoints fail on demand.
type failing struct {
	Fixed
	fail bool
}

func (f *failing) Checkpoint(r CheckpointRequest) CheckpointResult {
	result := f.Fixed.Checkpoint(r)
	if f.fail {
		result.Failure = &adaptive.Failure{Message: "refused"}
	}
	return result
}

func TestCheckpointsOfAFrozenTaskManagerWaitForIt(t *testing.T) {
	l := newLab(t, nil, nil)
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.Submit(chain("a", 1)))
	l.pass(5 * time.Second)
	before, _ := l.Job("a")
	l.do(l.FreezeTaskManager("tm1"))
	l.pass(20 * time.Second)
	if frozen, _ := l.Job("a"); frozen.Scheduler.Checkpoint.ID != before.Scheduler.Checkpoint.ID {
		t.Error("a checkpoint completed without its task")
	}
	l.do(l.ThawTaskManager("tm1"))
	l.pass(2 * time.Second)
	if after, _ := l.Job("a"); after.Scheduler.Checkpoint.ID <= before.Scheduler.Checkpoint.ID {
		t.Error("no checkpoint completed after the thaw")
	}
}

func TestOptionsSetUpAClusterAndAJob(t *testing.T) {
	c, err := FromOptions(map[string]string{
		"heartbeat.interval": "2 s", "heartbeat.timeout": "8s", "taskmanager.slot.timeout": "1 min",
		"high-availability.type": "zookeeper", "jobmanager.scheduler": "Adaptive", "slotmanager.number-of-slots.max": "7",
	}, slots.V1_20)
	if err != nil {
		t.Fatal(err)
	}
	type part struct {
		interval, timeout, slot time.Duration
		available, fixed        bool
		most                    int
	}
	got := part{c.Heartbeats.Interval, c.Heartbeats.Timeout, c.SlotTimeout, c.HighAvailability, c.DefaultScheduler, c.Resources.MaxSlots}
	if want := (part{2 * time.Second, 8 * time.Second, time.Minute, true, false, 7}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	j, err := JobFromOptions(map[string]string{
		"execution.checkpointing.interval": "10min", "execution.checkpointing.tolerable-failed-checkpoints": "3",
		"restart-strategy.type": "none",
	}, slots.V2_3)
	if err != nil || j.Checkpointing.Interval != 10*time.Minute || j.Checkpoints.Tolerable != 3 || j.Restart == nil {
		t.Errorf("got %+v, %v", j, err)
	}
}

func TestOptionsSetUpAnActiveResourceManager(t *testing.T) {
	c, err := FromOptions(map[string]string{
		"slotmanager.taskmanager-timeout": "1 min", "slotmanager.declare-needed-resource.delay": "1 s",
		"resourcemanager.taskmanager-registration.timeout": "2 min", "resourcemanager.start-worker.max-failure-rate": "2.5",
		"resourcemanager.start-worker.retry-interval": "7 s", "slotmanager.redundant-taskmanager-num": "1",
		"slotmanager.number-of-slots.min": "4", "taskmanager.numberOfTaskSlots": "3",
	}, slots.V2_3)
	if err != nil {
		t.Fatal(err)
	}
	want := slots.DefaultRMConfig(slots.V2_3)
	want.IdleTimeout, want.DeclareDelay, want.RegistrationTimeout = time.Minute, time.Second, 2*time.Minute
	want.MaxFailures, want.RetryInterval, want.Redundant, want.MinSlots, want.SlotsPerWorker = 2.5, 7*time.Second, 1, 4, 3
	if diff := cmp.Diff(want, c.Resources); diff != "" {
		t.Error(diff)
	}
	c, err = FromOptions(map[string]string{"slotmanager.taskmanager-timeout": "1 min", "resourcemanager.taskmanager-timeout": "9 s"}, slots.V2_3)
	if err != nil || c.Resources.IdleTimeout != 9*time.Second {
		t.Errorf("of an old and a new name %v counts, %v", c.Resources.IdleTimeout, err)
	}
}

func TestAWrongOptionIsNamedWithItsValue(t *testing.T) {
	for key, value := range map[string]string{
		"heartbeat.interval": "often", "heartbeat.rpc-failure-threshold": "two", "resourcemanager.start-worker.max-failure-rate": "NaN",
	} {
		if _, err := FromOptions(map[string]string{key: value}, slots.V2_3); err == nil || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %s gave %v", key, value, err)
		}
	}
}

// outlasting is a behaviour whose checkpoints take four times their interval.
type outlasting struct{ Fixed }

func (outlasting) Checkpoint(CheckpointRequest) CheckpointResult {
	return CheckpointResult{Takes: 20 * time.Second}
}

func TestACheckpointThatOutlastsItsIntervalIsFollowedAtOnce(t *testing.T) {
	for pause, want := range map[time.Duration]time.Duration{0: 0, 3 * time.Second: 3 * time.Second} {
		l := newLab(t, nil, outlasting{DefaultFixed()})
		l.do(l.AddTaskManager("tm1", 1))
		job := chain("a", 1)
		job.Checkpoints.MinPause = pause
		l.do(l.Submit(job))
		l.pass(50 * time.Second)
		view, _ := l.Job("a")
		if n := len(view.Checkpoints); n < 2 {
			t.Fatalf("%d checkpoints", n)
		}
		if gap := view.Checkpoints[1].Triggered.Sub(view.Checkpoints[0].Ended); gap != want {
			t.Errorf("with a least pause of %v the second came after %v", pause, gap)
		}
	}
}

// lopsided is a behaviour in whose checkpoints the last subtask has nearly all
// the state.
type lopsided struct{ Fixed }

func (lopsided) Checkpoint(r CheckpointRequest) CheckpointResult {
	result := CheckpointResult{Takes: 10 * time.Millisecond}
	for _, p := range r.Execution.Parallelism {
		state := make([]int64, p)
		for i := range state {
			state[i] = 1 << 10
		}
		state[p-1] = 1 << 30
		result.KeyedState = append(result.KeyedState, state)
	}
	return result
}

func TestWithLocalRecoveryAJobGoesToWhereMostOfItsStateIs(t *testing.T) {
	l := newLab(t, func(c *Config) { c.Scheduler.LocalRecovery = true }, lopsided{DefaultFixed()})
	l.do(l.AddTaskManager("tm1", 1))
	l.do(l.AddTaskManager("tm2", 1))
	l.do(l.Submit(chain("a", 2)))
	l.pass(time.Minute)
	before, _ := l.Job("a")
	body := `{"00000000000000000000000000000000":{"parallelism":{"lowerBound":1,"upperBound":1}},` +
		`"00000000000000000000000000000001":{"parallelism":{"lowerBound":1,"upperBound":1}}}`
	if answer, err := l.Put("a", []byte(body)); err != nil || answer.Refusal != nil {
		t.Fatal(err, answer.Refusal)
	}
	l.pass(20 * time.Second)
	l.expect("a", "RUNNING 1,1")
	after, _ := l.Job("a")
	if got, want := after.Execution.Tasks[0].Slot, before.Execution.Tasks[1].Slot; got != want {
		t.Errorf("the job is in %v, most of its state in %v", got, want)
	}
}

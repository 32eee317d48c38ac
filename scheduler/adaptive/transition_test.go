package adaptive

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// A way leads a job through a transition. want is the state of the job after
// it; a way that holds for one version only says which.
type way struct {
	transition Transition
	only       slots.Version
	change     func(*Options)
	lead       func(r *rig)
	want       Status
}

var boom = Failure{Class: "java.lang.Exception", Message: "boom"}

func suspend(r *rig)       { r.step(Suspend{Failure: Failure{Message: "stopped"}}) }
func cancel(r *rig)        { r.step(Cancel{}) }
func globalFailure(r *rig) { r.step(GlobalFailure{Failure: boom}) }
func waitingFor2(r *rig)   { r.step(Start{}); r.offer("tm1", 2) }

func building2(r *rig) { r.holdBuilds = true; r.step(Start{}); r.offer("tm1", 4) }
func restart2(r *rig)  { r.running(4); r.holdTasks = true; r.failTask() }
func failing2(r *rig)  { r.running(4); r.holdTasks = true; r.failForGood() }
func stopping2(r *rig) { r.running(4); r.step(StopWithSavepoint{Operation: "op"}) }
func canceling2(r *rig) {
	r.running(4)
	r.holdTasks = true
	cancel(r)
}

func (r *rig) failTask() {
	r.step(TaskFailed{Execution: r.execution(), Vertex: 1, Subtask: 1, Failure: boom})
}

func (r *rig) failForGood() {
	f := boom
	f.Unrecoverable = true
	r.step(TaskFailed{Execution: r.execution(), Failure: f})
}

func (r *rig) end(o Outcome) { r.step(TasksEnded{Execution: r.execution(), Outcome: o}) }

func (r *rig) saved(f *Failure) {
	if f != nil {
		r.step(SavepointFailed{Operation: "op", Failure: *f})
		return
	}
	r.step(SavepointCompleted{Operation: "op", Location: "file:/savepoint"})
}

func then(all ...func(*rig)) func(*rig) {
	return func(r *rig) {
		for _, one := range all {
			one(r)
		}
	}
}

var ways = []way{
	{Transition{StateCreated, StateWaitingForResources, whyStart}, 0, nil, func(r *rig) { r.step(Start{}) }, StatusCreated},
	{Transition{StateCreated, StateFinished, whyCancel}, 0, nil, cancel, StatusCanceled},
	{Transition{StateCreated, StateFinished, whyGlobalFailure}, 0, nil, globalFailure, StatusFailed},
	{Transition{StateCreated, StateFinished, whySuspend}, 0, nil, suspend, StatusSuspended},

	{Transition{StateWaitingForResources, StateCreatingExecutionGraph, whyDesired}, 0, nil, building2, StatusCreated},
	{
		Transition{StateWaitingForResources, StateCreatingExecutionGraph, whyStable},
		0, nil,
		then(waitingFor2, func(r *rig) { r.later(10 * time.Second) }), StatusRunning,
	},
	{
		Transition{StateWaitingForResources, StateCreatingExecutionGraph, whyWaitTimeout},
		0,
		func(o *Options) { o.WaitTimeout = 5 * time.Second },
		then(waitingFor2, func(r *rig) { r.later(5 * time.Second) }), StatusRunning,
	},
	{Transition{StateWaitingForResources, StateFinished, whyCancel}, 0, nil, then(waitingFor2, cancel), StatusCanceled},
	{Transition{StateWaitingForResources, StateFinished, whyGlobalFailure}, 0, nil, then(waitingFor2, globalFailure), StatusFailed},
	{Transition{StateWaitingForResources, StateFinished, whySuspend}, 0, nil, then(waitingFor2, suspend), StatusSuspended},

	{
		Transition{StateCreatingExecutionGraph, StateExecuting, whyBuilt},
		0, nil,
		then(building2, func(r *rig) { r.step(GraphBuilt{Build: 1}) }), StatusRunning,
	},
	{
		Transition{StateCreatingExecutionGraph, StateWaitingForResources, whySlotsVanished},
		0, nil,
		then(building2, func(r *rig) { r.lose("tm1"); r.step(GraphBuilt{Build: 1}) }), StatusCreated,
	},
	{
		Transition{StateCreatingExecutionGraph, StateFinished, whyNoPlan},
		0, nil,
		func(r *rig) { r.step(Start{}); r.later(5 * time.Minute) }, StatusFailed,
	},
	{
		Transition{StateCreatingExecutionGraph, StateFinished, whyBuildFailed},
		0, nil,
		then(building2, func(r *rig) { r.step(GraphFailed{Build: 1, Failure: boom}) }), StatusFailed,
	},
	{Transition{StateCreatingExecutionGraph, StateFinished, whyCancel}, 0, nil, then(building2, cancel), StatusCanceled},
	{Transition{StateCreatingExecutionGraph, StateFinished, whyGlobalFailure}, 0, nil, then(building2, globalFailure), StatusFailed},
	{Transition{StateCreatingExecutionGraph, StateFinished, whySuspend}, 0, nil, then(building2, suspend), StatusSuspended},

	{
		Transition{StateExecuting, StateRestarting, whyRescale},
		0, nil,
		func(r *rig) { r.running(4); r.holdTasks = true; r.bounds(1, 2); r.later(time.Minute) }, StatusRestarting,
	},
	{Transition{StateExecuting, StateRestarting, whyFailure}, 0, nil, restart2, StatusRestarting},
	{Transition{StateExecuting, StateFailing, whyNoRestart}, 0, nil, failing2, StatusFailing},
	{Transition{StateExecuting, StateCanceling, whyCancel}, 0, nil, canceling2, StatusCancelling},
	{Transition{StateExecuting, StateStopWithSavepoint, whyStop}, 0, nil, stopping2, StatusRunning},
	{
		Transition{StateExecuting, StateFinished, whyAllFinished},
		0, nil,
		func(r *rig) { r.running(4); r.end(TasksFinished) }, StatusFinished,
	},
	{Transition{StateExecuting, StateFinished, whySuspend}, 0, nil, func(r *rig) { r.running(4); suspend(r) }, StatusSuspended},

	{
		Transition{StateRestarting, StateWaitingForResources, whyBackoffOver},
		slots.V1_20, nil,
		func(r *rig) { r.running(4); r.failTask(); r.later(time.Second) }, StatusRunning,
	},
	{
		Transition{StateRestarting, StateWaitingForResources, whyBackoffOver},
		slots.V2_3, nil,
		func(r *rig) { r.running(2); r.failTask(); r.later(time.Second) }, StatusCreated,
	},
	{
		Transition{StateRestarting, StateCreatingExecutionGraph, whyBackoffOverDesired},
		slots.V2_3, nil,
		func(r *rig) { r.running(4); r.failTask(); r.later(time.Second) }, StatusRunning,
	},
	{Transition{StateRestarting, StateCanceling, whyCancel}, 0, nil, then(restart2, cancel), StatusCancelling},
	{Transition{StateRestarting, StateFinished, whySuspend}, 0, nil, then(restart2, suspend), StatusSuspended},

	{
		Transition{StateCanceling, StateFinished, whyAllEnded},
		0, nil,
		then(canceling2, func(r *rig) { r.end(TasksCanceled) }), StatusCanceled,
	},
	{Transition{StateCanceling, StateFinished, whySuspend}, 0, nil, then(canceling2, suspend), StatusSuspended},

	{
		Transition{StateFailing, StateFinished, whyAllEnded},
		0, nil,
		then(failing2, func(r *rig) { r.end(TasksCanceled) }), StatusFailed,
	},
	{Transition{StateFailing, StateCanceling, whyCancel}, 0, nil, then(failing2, cancel), StatusCancelling},
	{Transition{StateFailing, StateFinished, whySuspend}, 0, nil, then(failing2, suspend), StatusSuspended},

	{
		Transition{StateStopWithSavepoint, StateFinished, whyAllFinished},
		0, nil,
		then(stopping2, func(r *rig) { r.saved(nil); r.end(TasksFinished) }), StatusFinished,
	},
	{
		Transition{StateStopWithSavepoint, StateExecuting, whySavepointFailed},
		0, nil,
		then(stopping2, func(r *rig) { r.saved(&boom) }), StatusRunning,
	},
	{
		Transition{StateStopWithSavepoint, StateRestarting, whyFailure},
		0, nil,
		then(stopping2, func(r *rig) { r.holdTasks = true; r.failTask(); r.saved(&boom) }), StatusRestarting,
	},
	{
		Transition{StateStopWithSavepoint, StateFailing, whyNoRestart},
		0, nil,
		then(stopping2, func(r *rig) { r.holdTasks = true; r.failForGood(); r.saved(nil) }), StatusFailing,
	},
	{
		Transition{StateStopWithSavepoint, StateCanceling, whyCancel},
		0, nil,
		then(stopping2, func(r *rig) { r.holdTasks = true; cancel(r) }), StatusCancelling,
	},
	{Transition{StateStopWithSavepoint, StateFinished, whySuspend}, 0, nil, then(stopping2, suspend), StatusSuspended},
}

func TestEveryTransitionOfTheTable(t *testing.T) {
	for _, w := range ways {
		for _, v := range versions {
			if w.only != 0 && w.only != v {
				continue
			}
			t.Run(v.String()+" "+w.transition.From.String()+" to "+w.transition.To.String()+" "+w.transition.Why, func(t *testing.T) {
				change := []func(*Options){}
				if w.change != nil {
					change = append(change, w.change)
				}
				r := newRig(t, v, j3(4), change...)
				w.lead(r)
				if !slices.Contains(r.moves, w.transition) {
					t.Errorf("not taken: %v", r.lines)
				}
				view := r.s.View()
				if view.Status != w.want {
					t.Errorf("status %v, want %v", view.Status, w.want)
				}
				if _, left := r.s.Next(); view.Status.Terminal() && left {
					t.Error("a timer is left of a job that is over")
				}
			})
		}
	}
}

func TestTheTestsCoverTheTable(t *testing.T) {
	for _, row := range Transitions() {
		if !slices.ContainsFunc(ways, func(w way) bool { return w.transition == row }) {
			t.Errorf("no test takes %v to %v: %s", row.From, row.To, row.Why)
		}
	}
	for i, row := range transitions {
		if slices.Contains(transitions[:i], row) {
			t.Errorf("%v to %v stands twice: %s", row.From, row.To, row.Why)
		}
	}
}

func TestAnUndeclaredTransitionIsAFault(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4))
	r.s.move(&executing{}, whyStart, "")
	if r.s.Fault() == nil {
		t.Error("no fault")
	}
}

func TestWhatIsNotAskedForChangesNothing(t *testing.T) {
	events := []Event{
		Tick{},
		GraphBuilt{Build: 9},
		GraphFailed{Build: 9},
		TaskFailed{Execution: 9},
		TasksEnded{Execution: 9},
		CheckpointCompleted{Execution: 9},
		CheckpointFailed{Execution: 9},
		SavepointCompleted{Operation: "other"},
		SavepointFailed{Operation: "other"},
		TaskManagerLost{TaskManager: "other"},
		RequirementsChanged{},
		nil,
	}
	at := map[string]func(*rig){
		"created": func(*rig) {}, "waiting": waitingFor2, "building": building2, "restarting": restart2,
		"failing": failing2, "canceling": canceling2, "stopping": stopping2,
		"running":  func(r *rig) { r.running(4) },
		"finished": then(canceling2, func(r *rig) { r.end(TasksCanceled) }),
	}
	for name, lead := range at {
		for _, v := range versions {
			r := newRig(t, v, j3(4))
			lead(r)
			before := len(r.moves)
			for _, e := range events {
				r.step(e)
			}
			if len(r.moves) != before {
				t.Errorf("%s %v: moved %v", name, v, r.lines[before:])
			}
		}
	}
}

// What an execution reports after the next one has begun is neither restored nor
// a trigger, though the number of the checkpoint is the highest.
func TestACheckpointOfAnEarlierExecutionDoesNotCount(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(2)
		earlier := r.execution()
		r.until(60 * second)
		r.checkpoint(1)
		r.failTask()
		r.until(2 * time.Minute)
		r.wantRunning(2, 2, 2)
		r.offer("tm2", 2) // 1.20 rescales at once, 2.3 waits for a checkpoint
		if r.execution() == earlier {
			t.Fatalf("%v: still execution %d", v, earlier)
		}
		moves := len(r.moves)
		r.step(CheckpointCompleted{Execution: earlier, Checkpoint: Checkpoint{ID: 7}})
		if got := r.s.Handover().Checkpoint.ID; got != 1 {
			t.Errorf("%v: checkpoint %d would be restored", v, got)
		}
		if len(r.moves) != moves {
			t.Errorf("%v: it led to %v", v, r.lines[moves:])
		}
		r.checkpoint(8)
		if got := r.s.Handover().Checkpoint.ID; got != 8 {
			t.Errorf("%v: checkpoint 8 of the present execution is not kept, but %d", v, got)
		}
		if v == slots.V2_3 && len(r.moves) == moves {
			t.Error("the checkpoint of the present execution is no trigger")
		}
	}
}

func TestTheRefusalsOfTheConstructor(t *testing.T) {
	tests := map[string]struct {
		change func(*Job)
		want   string
	}{
		"no streaming job": {func(j *Job) { j.Streaming = false }, "The adaptive scheduler only supports streaming jobs."},
		"no parallelism": {
			func(j *Job) { j.Vertices[1].Bounds.Upper = 0 },
			"The adaptive scheduler expects the parallelism being set for each JobVertex (violated JobVertex: work).",
		},
		"a blocking edge": {
			func(j *Job) { j.Edges[1].Exchange = Blocking },
			"The adaptive scheduler supports pipelined data exchanges (violated by work -> count).",
		},
		"no vertices":            {func(j *Job) { j.Vertices = nil }, "the job has no vertices"},
		"too parallel":           {func(j *Job) { j.Vertices[0].Bounds.Upper = 129 }, "vertex source: parallelism 129 is above the maximum parallelism 128"},
		"a bad edge":             {func(j *Job) { j.Edges[0].From = 7 }, "edge 7 -> 1 leads to a vertex that the job does not have"},
		"a bad lower bound":      {func(j *Job) { j.Vertices[0].Bounds.Lower = 5 }, "vertex source: lower bound 5 is not between 1 and the parallelism 4"},
		"a bad max parallelism":  {func(j *Job) { j.Vertices[0].MaxParallelism = 1 << 20 }, "vertex source: maximum parallelism 1048576 is not between 1 and 32768"},
		"a bad restart strategy": {func(j *Job) { j.Restart = &RestartStrategy{Kind: "x"} }, `restart strategy: restart strategy "x" is not known`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			job := j3(4)
			test.change(&job)
			_, err := New(epoch, job, DefaultOptions(slots.V2_3, false))
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if _, err := New(epoch, j3(4), Options{}); err == nil || errors.Is(err, nil) {
		t.Error("options without a version are taken")
	}
	job := j3(4)
	job.Edges[0].Exchange, job.Edges[1].Exchange = Pipelined, PipelinedBounded
	if _, err := New(epoch, job, DefaultOptions(slots.V2_3, false)); err != nil {
		t.Errorf("pipelined edges are refused: %v", err)
	}
}

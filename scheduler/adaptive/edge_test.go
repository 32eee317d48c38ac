package adaptive

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func TestCancelDuringTheBackoff(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(4)
		r.until(10 * second)
		r.failTask() // its tasks end at once
		r.later(500 * time.Millisecond)
		r.step(Cancel{})
		r.wantLast("10s Restarting", "10.5s Canceling", "10.5s Finished")
		if got := r.s.View().Status; got != StatusCanceled {
			t.Errorf("%v: %v", v, got)
		}
	}
}

func TestASecondCancelChangesNothing(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4))
	canceling2(r)
	n := len(r.seen)
	r.step(Cancel{})
	if len(r.seen) != n {
		t.Errorf("%+v", r.seen[n:])
	}
	r.end(TasksCanceled)
	n = len(r.seen)
	r.step(Cancel{})
	r.step(Suspend{})
	r.step(GlobalFailure{Failure: boom})
	r.later(time.Hour)
	if len(r.seen) != n {
		t.Errorf("after the end: %+v", r.seen[n:])
	}
}

func TestAGlobalFailureOfARunningJobRestartsIt(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(4)
	r.step(GlobalFailure{Failure: boom})
	r.later(time.Second)
	r.wantRunning(4, 4, 4)
	if got := r.s.View().Exceptions; len(got) != 1 || got[0].Vertex != -1 || got[0].TaskManager != "" {
		t.Errorf("exceptions %+v", got)
	}
	stopping2 := newRig(t, slots.V2_3, j3(4)).running(4)
	stopping2.step(StopWithSavepoint{Operation: "op"})
	stopping2.step(GlobalFailure{Failure: boom})
	stopping2.wantState(StateStopWithSavepoint)
	stopping2.saved(&boom)
	stopping2.later(time.Second)
	stopping2.wantRunning(4, 4, 4)
}

func TestTasksThatEndBeforeTheirWorkIsDoneAreAFailure(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(4)
	r.end(TasksCanceled)
	r.wantState(StateRestarting)
	r.later(time.Second)
	r.wantRunning(4, 4, 4)
	if view := r.s.View(); len(view.Exceptions) != 1 || view.Rescales != 0 {
		t.Errorf("exceptions %+v, %d rescales", view.Exceptions, view.Rescales)
	}

	job := j3(4)
	job.Checkpointing = Checkpointing{}
	r = newRig(t, slots.V2_3, job).running(4)
	r.end(TasksCanceled)
	if got := r.s.View().Status; got != StatusFailed {
		t.Errorf("without restarts: %v", got)
	}
}

func TestFailuresOfSubtasksThatDoNotExist(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	for _, f := range []TaskFailed{{Vertex: 3}, {Vertex: -1}, {Subtask: 2}, {Subtask: -1}, {Execution: -1}} {
		f.Execution++
		r.step(f)
	}
	r.wantRunning(2, 2, 2)
}

func TestTheTaskManagerOfAFailedSubtask(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4))
	r.step(Start{})
	r.offer("tm1", 1)
	r.offer("tm2", 3)
	r.failTask() // subtask 1 of work
	if got := r.s.View().Exceptions[0].TaskManager; got != "tm2" {
		t.Errorf("on %q, want tm2", got)
	}
}

func TestTimeDoesNotGoBack(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(4)
	r.until(60 * second)
	r.now = epoch
	r.failTask()
	if got := r.s.View().Since; !got.Equal(epoch.Add(60 * second)) {
		t.Errorf("failed at %v", got)
	}
}

func TestLateTimersFireAtTheirOwnTimes(t *testing.T) {
	s, err := New(epoch, j3(4), DefaultOptions(slots.V2_3, false))
	if err != nil {
		t.Fatal(err)
	}
	s.Step(epoch, Start{})
	s.Step(epoch, SlotsOffered{TaskManager: "tm1", Slots: slotsOf("tm1", 2)})
	s.Step(epoch.Add(time.Hour), Tick{}) // nobody looked for an hour
	if view := s.View(); view.State != StateCreatingExecutionGraph || !view.Since.Equal(epoch.Add(10*second)) {
		t.Errorf("%v since %v", view.State, view.Since)
	}
}

func TestNamesOfStatesAndPhases(t *testing.T) {
	if got := StateStopWithSavepoint.String() + PhaseStabilized.String() + StatusCancelling.String() + NoPhase.String(); got != "StopWithSavepointStabilizedCANCELLING" {
		t.Errorf("%q", got)
	}
	if got := State(99).String() + Phase(-1).String() + Status(99).String(); got != "unknownunknownunknown" {
		t.Errorf("%q", got)
	}
}

func TestThePhasesAreTold(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.seen = nil
	r.until(60 * second)
	r.offer("tm2", 1)
	r.until(120 * second)
	want := []PhaseMoved{
		{StateExecuting, PhaseCooldown, PhaseIdling},
		{StateExecuting, PhaseIdling, PhaseStabilizing},
		{StateExecuting, PhaseStabilizing, PhaseStabilized},
		{StateExecuting, PhaseStabilized, PhaseTransitioning},
	}
	var got []PhaseMoved
	for _, a := range r.seen {
		if a, ok := a.(PhaseMoved); ok && len(got) < len(want) {
			got = append(got, a)
		}
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("phases %+v, want %+v", got, want)
		}
	}
	r = newRig(t, slots.V1_20, j3(4)).running(2)
	if _, told := find[PhaseMoved](r); told || r.s.View().Phase != NoPhase {
		t.Error("1.20 has phases")
	}
}

func TestChangesDuringTheStabilizationOfARunningJob(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.offer("tm2", 1) // evaluated at 75 s: not desired
	r.until(80 * second)
	r.offer("tm3", 1) // evaluated 15 s after this one
	r.until(95*second - 1)
	r.wantRunning(2, 2, 2)
	r.until(95 * second)
	r.wantRunning(4, 4, 4)

	r = newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.offer("tm2", 1)
	r.until(70 * second)
	r.offer("tm3", 1) // one evaluation at a time: still at 75 s
	r.until(75 * second)
	r.wantRunning(4, 4, 4)
}

func TestAWaitOfNothing(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4), func(o *Options) { o.WaitTimeout = 0 })
		r.step(Start{})
		if got := r.s.View().Status; got != StatusFailed {
			t.Errorf("%v: %v, want FAILED at once", v, got)
		}
	}
}

func TestAStabilizationOfNothing(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4), func(o *Options) { o.Stabilization = 0 })
		r.step(Start{})
		r.offer("tm1", 1)
		r.wantRunning(1, 1, 1)
	}
}

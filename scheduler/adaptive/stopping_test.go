package adaptive

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// done is the answer to the stop request; the test fails if there is not one.
func (r *rig) done() OperationDone {
	r.t.Helper()
	n := 0
	var last OperationDone
	for _, a := range r.seen {
		if d, ok := a.(OperationDone); ok {
			n, last = n+1, d
		}
	}
	if n != 1 || last.Operation != "op" {
		r.t.Fatalf("%d answers to the operation, the last %+v", n, last)
	}
	return last
}

func stoppingRig(t *testing.T, v slots.Version) *rig {
	r := newRig(t, v, j3(4))
	stopping2(r)
	return r
}

func TestStopWithSavepoint(t *testing.T) {
	for _, v := range versions {
		for _, finishFirst := range []bool{true, false} {
			r := stoppingRig(t, v)
			stop, _ := find[StopCheckpoints](r)
			trigger, _ := find[TriggerSavepoint](r)
			if stop.Execution != 1 || trigger != (TriggerSavepoint{Execution: 1, Operation: "op"}) {
				t.Errorf("%v: %+v %+v", v, stop, trigger)
			}
			if finishFirst {
				r.end(TasksFinished)
				r.wantState(StateStopWithSavepoint)
				r.saved(nil)
			} else {
				r.saved(nil)
				r.wantState(StateStopWithSavepoint)
				r.end(TasksFinished)
			}
			view := r.s.View()
			if got := r.done(); got.Location != "file:/savepoint" || view.Status != StatusFinished {
				t.Errorf("%v: %+v, job %v", v, got, view.Status)
			}
			if view.HeldSlots != 0 {
				t.Errorf("%v: holds %d slots", v, view.HeldSlots)
			}
		}
	}
}

func TestAFailedSavepointLetsTheJobRunOn(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(2)
		r.until(100 * second)
		r.step(StopWithSavepoint{Operation: "op"})
		r.offer("tm2", 2) // StopWithSavepoint does not react
		r.until(120 * second)
		r.saved(&boom)
		r.wantRunning(2, 2, 2)
		if got := r.done().Failure; !strings.Contains(got.Root().String(), "boom") {
			t.Errorf("%v: the operation failed with %v", v, got)
		}
		if a, ok := find[StartCheckpoints](r); !ok || a.Execution != 1 {
			t.Errorf("%v: checkpoints do not run again", v)
		}
		deploys := 0
		for _, a := range r.seen {
			if _, ok := a.(Deploy); ok {
				deploys++
			}
		}
		if deploys != 1 || r.s.View().Restarts != 0 {
			t.Errorf("%v: deployed %d times, %d restarts", v, deploys, r.s.View().Restarts)
		}
		r.until(150*second - 1) // the cooldown began anew
		r.wantRunning(2, 2, 2)
		r.until(170 * second)
		r.wantRunning(4, 4, 4)
		if got := r.startedRestart(); got != 150*second {
			t.Errorf("%v: rescale at %v, want 2m30s", v, got)
		}
	}
}

func TestATaskFailureWhileStoppingWaitsForTheSavepoint(t *testing.T) {
	for _, v := range versions {
		r := stoppingRig(t, v)
		r.failTask()
		r.failTask() // only the first decides
		r.wantState(StateStopWithSavepoint)
		r.saved(nil)
		if r.s.View().Restarts != 1 || r.s.View().Rescales != 0 {
			t.Errorf("%v: %d restarts, %d rescales", v, r.s.View().Restarts, r.s.View().Rescales)
		}
		got := r.done().Failure
		if got.CausedBy == nil || !strings.HasPrefix(got.CausedBy.Message, "A savepoint has been created at: file:/savepoint, but the corresponding job job failed during stopping.") ||
			got.Root() != boom {
			t.Errorf("%v: the operation failed with %v: %v", v, got, got.CausedBy)
		}
		if history := r.s.View().Exceptions; len(history) != 1 || len(history[0].Concurrent) != 1 {
			t.Errorf("%v: exceptions %+v", v, history)
		}
		r.later(time.Second)
		r.wantRunning(4, 4, 4)
	}
}

func TestATaskFailureAfterTheSavepointNamesIt(t *testing.T) {
	r := stoppingRig(t, slots.V2_3)
	r.saved(nil)
	r.failTask()
	if got := r.done().Failure.CausedBy; got == nil || !strings.Contains(got.Message, "file:/savepoint") {
		t.Errorf("the operation failed with %v", got)
	}
	r.later(time.Second)
	r.wantRunning(4, 4, 4)
}

func TestALostTaskManagerWhileStopping(t *testing.T) {
	r := stoppingRig(t, slots.V2_3)
	r.lose("tm1")
	r.lose("tm1")
	r.wantState(StateStopWithSavepoint)
	r.saved(&boom)
	if got := r.s.View().Exceptions; len(got) != 1 || len(got[0].Concurrent) != 0 || got[0].TaskManager != "tm1" {
		t.Errorf("exceptions %+v", got)
	}
}

func TestCancelWhileStoppingFailsTheOperation(t *testing.T) {
	r := stoppingRig(t, slots.V2_3)
	r.step(Cancel{})
	if got := r.done().Failure; got.Root().Message != "The job was cancelled." {
		t.Errorf("the operation failed with %v", got)
	}
	r.saved(nil)
	if got := r.s.View().Status; got != StatusCanceled {
		t.Errorf("job %v", got)
	}
	r.done()
}

func TestASavepointThatFailsAfterTheJobFinished(t *testing.T) {
	r := stoppingRig(t, slots.V2_3)
	r.end(TasksFinished)
	r.saved(&boom)
	if got := r.done(); got.Location != "" || got.Failure.Root() != boom || r.s.View().Status != StatusFinished {
		t.Errorf("%+v, job %v", got, r.s.View().Status)
	}
}

func TestTasksThatEndWithoutFinishingFailTheStop(t *testing.T) {
	r := stoppingRig(t, slots.V2_3)
	r.end(TasksCanceled)
	r.saved(&boom)
	r.later(time.Second)
	r.wantRunning(4, 4, 4)
	if got := r.s.View().Exceptions; len(got) != 1 || !strings.Contains(got[0].Failure.Message, "did not reach the FINISHED state") {
		t.Errorf("exceptions %+v", got)
	}
}

func TestAStopIsRefusedWhereNothingRuns(t *testing.T) {
	for _, lead := range []func(*rig){waitingFor2, building2, restart2, canceling2} {
		r := newRig(t, slots.V2_3, j3(4))
		lead(r)
		r.step(StopWithSavepoint{Operation: "op"})
		if got := r.done().Failure.Message; got != "The Flink job is currently not executing." {
			t.Errorf("answer %q", got)
		}
	}
	r := stoppingRig(t, slots.V2_3)
	r.step(StopWithSavepoint{Operation: "second"})
	if a, _ := find[OperationDone](r); a.Operation != "second" {
		t.Errorf("a second stop is not refused: %+v", a)
	}
}

func TestASuspendedJobHasItsTasksCancelled(t *testing.T) {
	r := stoppingRig(t, slots.V1_20)
	r.step(Suspend{})
	if a, ok := find[CancelTasks](r); !ok || a.Execution != 1 {
		t.Error("its tasks run on")
	}
	if got := r.done().Failure.Message; got != "Stop with savepoint operation could not be completed." {
		t.Errorf("the operation failed with %q", got)
	}
}

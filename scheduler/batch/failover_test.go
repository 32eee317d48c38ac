package batch

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// running is a job whose work runs: two sources have finished.
func running(t *testing.T, v slots.Version, job Job) *rig {
	t.Helper()
	job.Vertices[0].Parallelism = 2
	o := options(v, 2, 4)
	r := newRig(t, job, o)
	r.step(Start{})
	r.finishAll(0)
	r.take()
	return r
}

func TestWithoutAStrategyTheFirstFailureFailsTheJob(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, chain("HASH", "HASH"))
		r.fail(TaskID{1, 0})
		expect(t, r, "FAILING\ncancel work/1#0")
		r.cancelAll()
		expect(t, r, "FAILED\nended FAILED")
		f := r.s.View().Failure
		if f.Message != "Recovery is suppressed by NoRestartBackoffTimeStrategy" || f.Root().Message != "no" {
			t.Errorf("%v", f)
		}
	}
}

// Only the task restarts whose inputs are still there.
func TestATaskRestartsAlone(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, restarting(chain("HASH", "HASH")))
		r.fail(TaskID{1, 0})
		expect(t, r, "RESTARTING")
		if next, set := r.s.Next(); !set || next.Sub(r.now) != time.Second {
			t.Errorf("%v: next at %v %v", v, next, set)
		}
		r.finish(0) // the other one goes on
		r.elapse(time.Second)
		expect(t, r, "RUNNING\ndeploy work/0#1")
		r.run()
		if got := r.s.Status(); got != adaptive.StatusFinished {
			t.Errorf("%v: %v", v, got)
		}
	}
}

// What a TaskManager took with it is written again, and all that read it starts
// anew, with the parallelism it had.
func TestLostResultsAreWrittenAgain(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, restarting(chain("HASH", "HASH")))
		r.step(ResultsLost{Tasks: []TaskID{{0, 1}}})
		expect(t, r, "")
		r.fail(TaskID{1, 0})
		expect(t, r, "RESTARTING\ncancel work/1#0")
		r.elapse(time.Second)
		expect(t, r, "") // the cancelled task has not ended yet
		r.cancelAll()
		expect(t, r, "reset source/1#0\nRUNNING\ndeploy source/1#1")
		r.produce = func(_ int, _ TaskID, n int) []int64 { return make([]int64, n) }
		r.finish(0)
		expect(t, r, "deploy work/0#1\ndeploy work/1#1")
		if got := r.s.View().Vertices[1].Parallelism; got != 2 {
			t.Errorf("%v: %d", v, got)
		}
	}
}

// Over a pointwise edge only those are affected that read from one that is.
func TestOnlyReadersAreAffected(t *testing.T) {
	for _, v := range versions {
		job := restarting(chain("RESCALE", "HASH"))
		job.Vertices[1].Parallelism = 4
		r := running(t, v, job)
		r.fail(TaskID{1, 0}, TaskID{0, 0})
		r.cancelAll()
		r.elapse(time.Second)
		expect(t, r, "RESTARTING\ncancel work/1#0\nreset source/0#0\nRUNNING\ndeploy source/0#1")
		r.finishAll(0)
		r.finishAll(1)
		r.take()
		r.step(ResultsLost{Tasks: []TaskID{{0, 0}, {0, 1}}})
		r.fail(TaskID{2, 0}, TaskID{1, 0}, TaskID{1, 2})
		r.cancelAll()
		r.elapse(time.Second)
		expect(t, r, `
			RESTARTING
			cancel sink/1#0
			reset source/0#1
			reset source/1#0
			reset work/0#1
			reset work/1#1
			reset work/2#0
			reset work/3#0
			RUNNING
			deploy source/0#2
			deploy source/1#1`)
	}
}

// A task that cannot read names what is missing, and that is written again.
func TestAMissingResultIsWrittenAgain(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, restarting(chain("HASH", "HASH")))
		r.fail(TaskID{1, 1}, TaskID{0, 0})
		r.cancelAll()
		r.elapse(time.Second)
		expect(t, r, "RESTARTING\ncancel work/0#0\nreset source/0#0\nRUNNING\ndeploy source/0#1")
	}
}

// A vertex that is not decided yet waits for what is written again, and is
// decided from that.
func TestADecisionWaitsForWhatIsWrittenAgain(t *testing.T) {
	for _, v := range versions {
		job := restarting(Job{Vertices: vertices("a", "b", "join"), Edges: []Edge{ship("HASH", 0, 2), ship("HASH", 1, 2)}})
		job.Vertices[0].Parallelism, job.Vertices[1].Parallelism = 2, 1
		o := options(v, 1, 4)
		o.AverageVolume = 4 * mib
		r := newRig(t, job, o)
		r.step(Start{})
		r.finishAll(0)
		r.take()
		r.step(GlobalFailure{Failure: adaptive.Failure{Message: "all"}})
		r.cancelAll()
		r.elapse(time.Second)
		expect(t, r, "RESTARTING\ncancel b/0#0\nreset a/0#0\nreset a/1#0\nRUNNING\ndeploy a/0#1\ndeploy a/1#1\ndeploy b/0#1")
		r.finishAll(1)
		expect(t, r, "")
		r.produce = func(_ int, _ TaskID, n int) []int64 { return make([]int64, n) }
		r.finishAll(0)
		expect(t, r, "join gets 1\ndeploy join/0#0")
	}
}

// What was written to a selective exchange cannot be read twice.
func TestASelectiveExchangeIsWrittenAgain(t *testing.T) {
	for x, want := range map[Exchange]string{
		HybridSelective: "RESTARTING\ncancel work/1#0\nreset source/0#0\nreset source/1#0\nRUNNING\ndeploy source/0#1\ndeploy source/1#1\ndeploy work/0#1\ndeploy work/1#1",
		HybridFull:      "RESTARTING\nRUNNING\ndeploy work/0#1",
	} {
		job := restarting(chain("HASH", "HASH"))
		job.Edges[0].Exchange = x
		r := running(t, slots.V2_3, job)
		r.fail(TaskID{1, 0})
		r.cancelAll()
		r.elapse(time.Second)
		expect(t, r, want)
	}
}

// A second failure while the first waits: each restarts what it is for, and what
// both are for restarts with the later one.
func TestFailuresOverlap(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, restarting(chain("HASH", "HASH")))
		r.fail(TaskID{1, 0})
		expect(t, r, "RESTARTING")
		r.elapse(500 * time.Millisecond)
		r.fail(TaskID{1, 1}, TaskID{0, 0})
		expect(t, r, "")
		r.elapse(500 * time.Millisecond)
		expect(t, r, "") // both tasks are the second restart's now
		r.elapse(500 * time.Millisecond)
		expect(t, r, "reset source/0#0\nRUNNING\ndeploy source/0#1")
	}
}

func TestAfterTooManyFailuresTheJobFails(t *testing.T) {
	r := running(t, slots.V2_3, restarting(chain("HASH", "HASH")))
	for range 3 {
		r.fail(TaskID{1, 0})
		r.elapse(time.Second)
	}
	if got := r.s.View().Vertices[1].Tasks[0].Attempt; got != 3 {
		t.Errorf("attempt %d", got)
	}
	r.take()
	r.fail(TaskID{1, 0})
	expect(t, r, "FAILING\ncancel work/1#0")
}

func TestAnUnrecoverableFailureFailsTheJob(t *testing.T) {
	r := running(t, slots.V2_3, restarting(chain("HASH", "HASH")))
	r.step(GlobalFailure{Failure: adaptive.Failure{Message: "no", Unrecoverable: true}})
	r.cancelAll()
	if v := r.s.View(); v.Status != adaptive.StatusFailed || v.Failure.Message != "The failure is not recoverable" {
		t.Errorf("%v", v)
	}
}

func TestAJobIsCancelled(t *testing.T) {
	for _, v := range versions {
		r := running(t, v, restarting(chain("HASH", "HASH")))
		r.step(CancelJob{})
		r.step(CancelJob{})
		expect(t, r, "CANCELLING\ncancel work/0#0\ncancel work/1#0")
		r.finish(0) // too late
		r.fail(TaskID{1, 1})
		expect(t, r, "CANCELED\nended CANCELED")
		r.step(Start{})
		expect(t, r, "")
	}
}

func TestAJobIsSuspended(t *testing.T) {
	r := running(t, slots.V2_3, restarting(chain("HASH", "HASH")))
	r.fail(TaskID{1, 0})
	r.step(Suspend{Failure: adaptive.Failure{Message: "bye"}})
	expect(t, r, "RESTARTING\nSUSPENDED\nended SUSPENDED")
	if _, set := r.s.Next(); set || r.s.View().Failure.Message != "bye" {
		t.Error("a timer is left, or no reason")
	}
}

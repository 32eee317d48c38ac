package adaptive

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

const second = time.Second

// checkpoint completes a checkpoint of the present execution now.
func (r *rig) checkpoint(id int64) {
	r.t.Helper()
	r.step(CheckpointCompleted{Execution: r.execution(), Checkpoint: Checkpoint{ID: id, Completed: r.now}})
}

// The worked timings: a job with a checkpoint interval of 5 s, so that a rescale
// waits 15 s for a checkpoint at most. It runs from 10 s on, since it got two of
// four slots.
func TestWorkedTimings(t *testing.T) {
	join := func(n int) func(*rig) { return func(r *rig) { r.offer("tm2", n) } }
	tests := []struct {
		name   string
		at     time.Duration
		event  func(*rig)
		want   map[slots.Version]time.Duration // when the job runs anew
		result map[slots.Version][]int
	}{
		{
			"two slots join long after the last rescale", 60 * second, join(2),
			map[slots.Version]time.Duration{slots.V1_20: 60 * second, slots.V2_3: 75 * second},
			nil,
		},
		{
			"one slot joins", 60 * second, join(1),
			map[slots.Version]time.Duration{slots.V1_20: 60 * second, slots.V2_3: 120 * second},
			map[slots.Version][]int{slots.V1_20: {3, 3, 3}, slots.V2_3: {3, 3, 3}},
		},
		{
			"the upper bounds are lowered", 60 * second, func(r *rig) { r.bounds(1, 1) },
			map[slots.Version]time.Duration{slots.V1_20: 60 * second, slots.V2_3: 75 * second},
			map[slots.Version][]int{slots.V1_20: {1, 1, 1}, slots.V2_3: {1, 1, 1}},
		},
		{
			"two slots join 10 s after the last rescale", 20 * second, join(2),
			map[slots.Version]time.Duration{slots.V1_20: 40 * second, slots.V2_3: 40 * second},
			nil,
		},
		{
			"two slots join 20 s after the last rescale", 30 * second, join(2),
			map[slots.Version]time.Duration{slots.V1_20: 40 * second, slots.V2_3: 45 * second},
			nil,
		},
		{
			"two slots join 29 s after the last rescale", 39 * second, join(2),
			map[slots.Version]time.Duration{slots.V1_20: 40 * second, slots.V2_3: 54 * second},
			nil,
		},
	}
	for _, test := range tests {
		for _, v := range versions {
			t.Run(fmt.Sprintf("%v %s", v, test.name), func(t *testing.T) {
				r := newRig(t, v, j3(4)).running(2)
				r.wantLast("10s CreatingExecutionGraph", "10s Executing")
				r.wantRunning(2, 2, 2)
				r.until(test.at)
				test.event(r)
				// 1.20 waits for resources after the restart, if slots are short.
				began := test.want[v]
				r.until(began + 10*second)
				want := test.result[v]
				if want == nil {
					want = []int{4, 4, 4}
				}
				r.wantRunning(want...)
				if got := r.startedRestart(); got != began {
					t.Errorf("restart at %v, want %v", got, began)
				}
			})
		}
	}
}

// startedRestart is when the last execution was left.
func (r *rig) startedRestart() time.Duration {
	for i := len(r.lines) - 1; i >= 0; i-- {
		var at, state string
		if _, err := fmt.Sscan(r.lines[i], &at, &state); err == nil && state == "Restarting" {
			d, _ := time.ParseDuration(at)
			return d
		}
	}
	return -1
}

func TestACheckpointTriggersARescaleThatHasItsSlots(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.offer("tm2", 2)
	r.until(63 * second)
	r.checkpoint(1)
	r.wantLast("1m3s Restarting", "1m3s CreatingExecutionGraph", "1m3s Executing")
	r.wantRunning(4, 4, 4)
	if d, _ := find[Deploy](r); d.Restore.Checkpoint.ID != 1 {
		t.Errorf("restored %+v, want checkpoint 1", d.Restore)
	}
}

func TestACheckpointDoesNotTriggerWhileSlotsAreShort(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.offer("tm2", 1)
	r.checkpoint(1)
	r.until(119 * second)
	r.wantRunning(2, 2, 2)
	r.until(120 * second)
	r.wantRunning(3, 3, 3)
}

func TestACheckpointDuringCooldownDoesNothing(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(20 * second)
	r.offer("tm2", 2)
	r.checkpoint(1)
	r.until(39 * second)
	r.wantRunning(2, 2, 2)
	r.until(40 * second)
	r.wantRunning(4, 4, 4)
}

func TestWithoutCheckpointsARescaleWaitsForNone(t *testing.T) {
	job := j3(4)
	job.Checkpointing = Checkpointing{}
	r := newRig(t, slots.V2_3, job).running(2)
	r.until(60 * second)
	r.offer("tm2", 2)
	r.wantLast("1m0s Restarting", "1m0s CreatingExecutionGraph", "1m0s Executing")
}

func TestFailedCheckpointsTriggerAWaitingRescale(t *testing.T) {
	job := j3(4)
	job.Checkpointing.Interval = 10 * time.Minute
	r := newRig(t, slots.V2_3, job).running(2)
	r.until(50 * second)
	failed := CheckpointFailed{Execution: 1}
	r.step(failed) // before the change: it does not count
	r.offer("tm2", 2)
	r.until(55 * second)
	r.step(failed)
	r.wantRunning(2, 2, 2)
	r.until(58 * second)
	r.step(failed)
	r.wantLast("58s Restarting", "58s CreatingExecutionGraph", "58s Executing")
	r.wantRunning(4, 4, 4)
}

func TestACompletedCheckpointForgetsTheFailedOnes(t *testing.T) {
	job := j3(8)
	job.Checkpointing.Interval = 10 * time.Minute
	r := newRig(t, slots.V2_3, job).running(2)
	r.until(50 * second)
	r.offer("tm2", 2) // short of 8: a checkpoint changes nothing
	r.step(CheckpointFailed{Execution: 1})
	r.checkpoint(1)
	r.offer("tm3", 4)
	r.step(CheckpointFailed{Execution: 1})
	r.wantRunning(2, 2, 2)
	r.step(CheckpointFailed{Execution: 1})
	r.wantRunning(8, 8, 8)
}

func TestATaskManagerWithHalfOfTheSlotsStops(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4))
		r.step(Start{})
		r.offer("tm1", 2)
		r.offer("tm2", 2)
		r.wantRunning(4, 4, 4)
		r.until(60 * second)
		r.lose("tm2")
		r.until(90 * second)
		r.wantLast("1m0s Restarting", "1m1s WaitingForResources", "1m11s CreatingExecutionGraph", "1m11s Executing")
		r.wantRunning(2, 2, 2)
	}
}

func TestATaskManagerWithoutTasksMayGo(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(2)
		r.offer("tm2", 2) // within the cooldown
		r.lose("tm2")
		r.until(5 * time.Minute)
		r.wantRunning(2, 2, 2)
		if view := r.s.View(); view.Restarts != 0 || view.HeldSlots != 2 {
			t.Errorf("%v: %d restarts with %d slots, want 0 with 2", v, view.Restarts, view.HeldSlots)
		}
	}
}

func TestReactiveMode(t *testing.T) {
	reactive := func(o *Options) {
		history := o.RescaleHistory
		*o = DefaultOptions(o.Version, true)
		o.RescaleHistory = history
	}
	grown := map[slots.Version]time.Duration{slots.V1_20: 60 * second, slots.V2_3: 120 * second}
	for _, v := range versions {
		t.Run(v.String(), func(t *testing.T) {
			r := newRig(t, v, j3(4), reactive)
			r.step(Start{})
			r.until(time.Hour)
			r.wantState(StateWaitingForResources) // for ever
			if view := r.s.View(); view.RequiredSlots != 128 || view.Vertices[0].Bounds != (slots.Bounds{Lower: 1, Upper: 128}) || view.Vertices[0].Parallelism != 128 {
				t.Errorf("wants %d slots, vertex %+v", view.RequiredSlots, view.Vertices[0])
			}
			r.offer("tm1", 1)
			r.wantRunning(1, 1, 1) // at once
			start := r.now.Sub(epoch)
			r.until(start + 60*second)
			r.offer("tm2", 2)
			r.until(start + grown[v] - time.Millisecond)
			if v == slots.V2_3 {
				r.wantRunning(1, 1, 1)
			}
			r.until(start + grown[v])
			r.wantRunning(3, 3, 3)
			r.bounds(1, 1) // ignored
			r.until(start + 300*second)
			r.wantRunning(3, 3, 3)
			r.lose("tm2")
			r.until(start + 301*second)
			r.wantRunning(1, 1, 1) // after the backoff, without a wait
		})
	}
}

func TestReactiveModeWithoutCheckpointsFailsWithItsTaskManager(t *testing.T) {
	job := j3(4)
	job.Checkpointing = Checkpointing{}
	for _, v := range versions {
		r := newRig(t, v, job, func(o *Options) { o.Reactive, o.Stabilization = true, 0 }).running(2)
		r.lose("tm1")
		if got := r.s.View().Status; got != StatusFailed {
			t.Errorf("%v: %v, want FAILED", v, got)
		}
	}
}

func TestSmallIncreasesIn120(t *testing.T) {
	small := func(o *Options) { o.MinParallelismIncrease = 2 }
	r := newRig(t, slots.V1_20, j3(4), small).running(2)
	r.until(100 * second)
	r.offer("tm2", 1)
	r.until(10 * time.Minute)
	r.wantRunning(2, 2, 2)
	r.offer("tm3", 1)
	r.wantRunning(4, 4, 4)

	// A decrease is always worth it, and a larger vertex may carry the others.
	r = newRig(t, slots.V1_20, j3(4), small).running(4)
	r.until(100 * second)
	r.bounds(1, 3)
	r.wantRunning(3, 3, 3)
}

func TestAVertexThatStaysAsItIsMakesNoRescaleWorthItIn120(t *testing.T) {
	job := j3(4)
	job.Vertices[2].Bounds.Upper = 2
	r := newRig(t, slots.V1_20, job, func(o *Options) { o.MinParallelismIncrease = 2 }).running(2)
	r.until(100 * second)
	r.offer("tm2", 1)
	r.until(10 * time.Minute)
	r.wantRunning(2, 2, 2)
}

func TestTheIntervalsOf120AreOverOnlyAfterThem(t *testing.T) {
	started := func(v slots.Version) *rig {
		return newRig(t, v, j3(4), func(o *Options) {
			o.MinParallelismIncrease, o.ScalingIntervalMax = 2, 60*second
		}).running(2)
	}
	r := started(slots.V1_20)
	r.until(70 * second) // 60 s after the start, not longer
	r.offer("tm2", 1)
	r.wantRunning(2, 2, 2)
	r = started(slots.V1_20)
	r.until(40 * second) // 30 s after the start: looked at 30 s later
	r.bounds(1, 1)
	r.until(70*second - 1)
	r.wantRunning(2, 2, 2)
	r.until(70 * second)
	r.wantRunning(1, 1, 1)
}

func TestTheLongestIntervalForcesARescaleIn120(t *testing.T) {
	r := newRig(t, slots.V1_20, j3(4), func(o *Options) {
		o.MinParallelismIncrease, o.ScalingIntervalMax = 2, 60*second
	}).running(2)
	r.until(50 * second) // 40 s after the start
	r.offer("tm2", 1)
	// The look at the end of the shortest interval, 30 s after the start, set one
	// for 60 s later, 90 s after the start.
	r.until(99*second + 999*time.Millisecond)
	r.wantRunning(2, 2, 2)
	r.until(110 * second)
	r.wantRunning(3, 3, 3)
	if got := r.startedRestart(); got != 100*second {
		t.Errorf("restart at %v, want 1m40s", got)
	}

	r = newRig(t, slots.V1_20, j3(4), func(o *Options) {
		o.MinParallelismIncrease, o.ScalingIntervalMax = 2, 60*second
	}).running(2)
	r.until(80 * second) // longer ago than the longest interval
	r.offer("tm2", 1)
	r.wantState(StateWaitingForResources)
	r.until(90 * second)
	r.wantRunning(3, 3, 3)
}

func TestStabilizationIsRestartedIn120AndNotIn23(t *testing.T) {
	want := map[slots.Version]time.Duration{slots.V1_20: 16 * second, slots.V2_3: 10 * second}
	for _, v := range versions {
		r := newRig(t, v, j3(4))
		r.step(Start{})
		r.offer("tm1", 2)
		r.until(5 * second)
		r.lose("tm1")
		r.until(5*second + 1)
		if v == slots.V1_20 {
			r.bounds(1, 3) // a change that is not enough ends the stabilization
		}
		r.until(6 * second)
		r.offer("tm2", 2)
		r.until(want[v] - 1)
		r.wantState(StateWaitingForResources)
		r.until(want[v])
		r.wantRunning(2, 2, 2)
	}
}

func TestStabilizedWithoutSlotsIdles(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4))
	r.step(Start{})
	r.offer("tm1", 2)
	r.until(5 * second)
	r.lose("tm1")
	r.until(10 * second)
	if got := r.s.View().Phase; got != PhaseIdling {
		t.Fatalf("phase %v, want Idling", got)
	}
	r.offer("tm2", 2)
	r.until(20 * second)
	r.wantRunning(2, 2, 2)
}

func TestARestartedJobWaitsOnlyWhenSlotsAreShort(t *testing.T) {
	fail := func(v slots.Version, upper int) *rig {
		r := newRig(t, v, j3(upper)).running(2)
		r.failTask()
		r.later(time.Second)
		return r
	}
	fail(slots.V2_3, 2).wantLast("1s CreatingExecutionGraph", "1s Executing")
	fail(slots.V1_20, 2).wantLast("1s WaitingForResources", "1s CreatingExecutionGraph", "1s Executing")
	fail(slots.V2_3, 4).wantState(StateWaitingForResources)
}

func TestARescaleThatLostItsSlotsMeanwhileWaits(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.offer("tm2", 2)
	r.holdTasks = true
	r.checkpoint(1)
	r.wantState(StateRestarting)
	r.lose("tm2")
	r.end(TasksCanceled)
	r.later(0)
	r.wantState(StateWaitingForResources)
	r.later(10 * second)
	r.wantRunning(2, 2, 2)
}

func TestALowerBoundThatCannotBeMetChangesNothingUntilARestart(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(2)
		r.until(60 * second)
		r.bounds(3, 4)
		r.until(5 * time.Minute)
		r.wantRunning(2, 2, 2)
		r.failTask()
		r.later(2 * second)
		r.wantState(StateWaitingForResources)
		r.later(5 * time.Minute)
		view := r.s.View()
		if view.Status != StatusFailed || view.Failure.Message != "Not enough resources available for scheduling." {
			t.Errorf("%v: %v because of %v", v, view.Status, view.Failure)
		}
	}
}

func TestIdleSlotsAreReturned(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(4)
		r.until(60 * second)
		r.bounds(1, 2)
		r.until(75 * second)
		r.wantRunning(2, 2, 2)
		if view := r.s.View(); view.HeldSlots != 4 || view.FreeSlots != 2 || view.RequiredSlots != 2 {
			t.Errorf("%v: %d of %d slots free", v, view.FreeSlots, view.HeldSlots)
		}
		if _, returned := find[ReturnSlots](r); returned {
			t.Fatal("returned before they idled")
		}
		r.until(150*second - 1)
		if got := r.s.View().HeldSlots; got != 4 {
			t.Errorf("%v: %d slots before the check", v, got)
		}
		r.until(150 * second) // the check at 100 s came too early
		a, _ := find[ReturnSlots](r)
		if got := r.s.View().HeldSlots; got != 2 || len(a.Slots) != 2 {
			t.Errorf("%v: %d slots after the check, %d returned", v, got, len(a.Slots))
		}
		r.until(time.Hour)
		r.wantRunning(2, 2, 2)
	}
}

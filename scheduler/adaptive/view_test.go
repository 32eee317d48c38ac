package adaptive

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// stamps are the timestamps of the view, as seconds after the start.
func (r *rig) stamps() map[Status]float64 {
	all := map[Status]float64{}
	for _, s := range r.s.View().Timestamps {
		all[s.Status] = s.At.Sub(epoch).Seconds()
	}
	return all
}

func (r *rig) wantStamps(want map[Status]float64) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.stamps()); diff != "" {
		r.t.Errorf("at %v: timestamps (-want +got)\n%s", r.now.Sub(epoch), diff)
	}
}

func TestTimestampsAreThoseOfTheGraph(t *testing.T) {
	r := newRig(t, slots.V1_20, j3(4))
	r.until(1 * second)
	r.wantStamps(map[Status]float64{StatusInitializing: 0})
	r.step(Start{})
	r.wantStamps(map[Status]float64{StatusInitializing: 0})
	r.holdBuilds, r.holdTasks = true, true
	r.offer("tm1", 4)
	r.until(3 * second)
	r.step(GraphBuilt{Build: 1})
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusCreated: 1, StatusRunning: 3})
	r.until(10 * second)
	r.failTask()
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusCreated: 1, StatusRunning: 3, StatusCancelling: 10})
	r.until(11 * second)
	r.end(TasksCanceled)
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusCreated: 1, StatusRunning: 3, StatusCancelling: 10})
	r.until(12 * second)
	r.wantStamps(map[Status]float64{StatusInitializing: 0})
	r.step(GraphBuilt{Build: 2})
	r.until(20 * second)
	r.failForGood()
	r.until(21 * second)
	r.end(TasksCanceled)
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusCreated: 12, StatusRunning: 12, StatusFailing: 20, StatusFailed: 21})

	r = newRig(t, slots.V2_3, j3(4))
	r.step(Start{})
	r.until(7 * second)
	r.step(GlobalFailure{Failure: boom})
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusFailed: 7})
	r = newRig(t, slots.V2_3, j3(4)).running(4)
	r.until(7 * second)
	r.step(Cancel{})
	r.wantStamps(map[Status]float64{StatusInitializing: 0, StatusCreated: 0, StatusRunning: 0, StatusCancelling: 7, StatusCanceled: 7})
}

func TestTheViewShowsTheConfiguredParallelismWithoutAGraph(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.wantRunning(2, 2, 2)
	r.bounds(1, 3)
	r.holdTasks = true
	r.failTask()
	if got := r.parallelism(); !slices.Equal(got, []int{2, 2, 2}) {
		t.Errorf("restarting: %v", got)
	}
	r.end(TasksCanceled)
	r.later(time.Second)
	r.wantState(StateWaitingForResources)
	if got := r.s.View().Vertices[0]; got.Parallelism != 4 || got.Attempts != nil || got.Bounds.Upper != 3 || got.Name != "source" {
		t.Errorf("waiting: %+v", got)
	}
}

func TestAttemptsAreKeptForEachSubtask(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4), func(o *Options) { o.SlotIdleTimeout = time.Hour }).running(4)
		attempts := func(want ...int) {
			t.Helper()
			d, _ := find[Deploy](r)
			if got := r.s.View().Vertices[1].Attempts; !slices.Equal(got, want) || !slices.Equal(d.Attempts[1], want) {
				t.Errorf("%v: attempts %v, deployed %v, want %v", v, got, d.Attempts[1], want)
			}
		}
		attempts(0, 0, 0, 0)
		r.until(100 * second)
		r.bounds(1, 2)
		r.until(200 * second)
		attempts(1, 1)
		r.bounds(1, 4)
		r.until(300 * second)
		attempts(2, 2, 1, 1)
		r.failTask()
		r.until(310 * second)
		attempts(3, 3, 2, 2)
	}
}

func TestTheExceptionHistory(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4), func(o *Options) { o.ExceptionHistory = 2 }).running(4)
	r.holdTasks = true
	r.failTask()
	r.failTask()                         // cancelled by now
	r.step(GlobalFailure{Failure: boom}) // recorded beside the first
	if len(r.s.View().Exceptions) != 0 {
		t.Error("in the history before the tasks ended")
	}
	r.end(TasksCanceled)
	want := []Exception{{
		At: epoch, Failure: boom, Vertex: 1, Subtask: 1, TaskManager: "tm1",
		Concurrent: []Exception{{At: epoch, Failure: boom, Vertex: -1, Subtask: -1}},
	}}
	if diff := cmp.Diff(want, r.s.View().Exceptions); diff != "" {
		t.Error(diff)
	}
	r.holdTasks = false
	for range 2 {
		r.later(10 * second)
		r.lose("tm1")
		r.offer("tm1", 4)
	}
	view := r.s.View()
	if len(view.Exceptions) != 2 || !view.ExceptionsTruncated || !view.Exceptions[0].At.After(view.Exceptions[1].At) ||
		view.Exceptions[0].Failure.Message != "The TaskExecutor is shutting down." {
		t.Errorf("truncated %v: %+v", view.ExceptionsTruncated, view.Exceptions)
	}
}

func TestAJobThatNeverRanHasNoExceptions(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4), func(o *Options) { o.WaitTimeout = 8 * second })
	r.step(Start{})
	r.until(8 * second)
	view := r.s.View()
	if view.Status != StatusFailed || view.Restarts != 0 || len(view.Exceptions) != 0 ||
		view.Failure.Class != "org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException" {
		t.Errorf("%+v", view)
	}
	r.wantLast("8s CreatingExecutionGraph", "8s Finished")
	if a, _ := find[Ended](r); a.Status != StatusFailed || a.Failure != view.Failure || !a.At.Equal(at(8)) {
		t.Errorf("%+v", a)
	}
}

func TestOffersBeyondWhatIsWantedAreRefused(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(2))
	r.offer("tm0", 1) // before the start: nothing is declared
	if a, _ := find[RefuseOffer](r); len(a.Slots) != 1 || a.TaskManager != "tm0" {
		t.Errorf("refused %+v", a)
	}
	r.step(Start{})
	if a, _ := find[DeclareSlots](r); a.Count != 2 {
		t.Errorf("declared %+v", a)
	}
	r.seen = nil
	r.offer("tm1", 1)
	if _, told := find[RefuseOffer](r); told {
		t.Error("nothing was refused, and it is told")
	}
	r.offer("tm1", 3)
	accepted, _ := find[AcceptOffer](r)
	refused, _ := find[RefuseOffer](r)
	if len(accepted.Slots) != 2 || len(refused.Slots) != 1 || refused.TaskManager != "tm1" {
		t.Errorf("accepted %+v, refused %+v", accepted, refused)
	}
	r.step(Cancel{})
	if a, _ := find[DeclareSlots](r); a.Count != 0 {
		t.Errorf("a job that is over declares %d", a.Count)
	}
	if a, _ := find[ReturnSlots](r); len(a.Slots) != 2 {
		t.Errorf("a job that is over returns %+v", a)
	}
	r.offer("tm2", 1)
	if a, _ := find[RefuseOffer](r); a.TaskManager != "tm2" {
		t.Error("a job that is over takes slots")
	}
}

func TestRequirementsInEveryState(t *testing.T) {
	for name, lead := range map[string]func(*rig){"created": func(*rig) {}, "waiting": waitingFor2, "building": building2, "restarting": restart2, "failing": failing2, "stopping": stopping2} {
		for _, v := range versions {
			r := newRig(t, v, j3(4))
			lead(r)
			r.bounds(2, 6)
			if view := r.s.View(); view.RequiredSlots != 6 || view.Vertices[2].Bounds != (slots.Bounds{Lower: 2, Upper: 6}) {
				t.Errorf("%s %v: %d slots, %+v", name, v, view.RequiredSlots, view.Vertices[2])
			}
			if a, _ := find[DeclareSlots](r); a.Count != 6 {
				t.Errorf("%s %v: declared %d", name, v, a.Count)
			}
		}
	}
}

func TestInvalidRequirementsAreIgnored(t *testing.T) {
	good := slots.Bounds{Lower: 1, Upper: 2}
	for name, bounds := range map[string][]slots.Bounds{
		"too few": {good, good}, "too many": {good, good, good, good}, "none": nil,
		"zero": {good, {Lower: 0, Upper: 2}, good}, "minus one": {good, {Lower: -1, Upper: -1}, good},
		"reversed": {good, {Lower: 3, Upper: 2}, good}, "above the maximum": {good, {Lower: 1, Upper: 129}, good},
	} {
		r := newRig(t, slots.V2_3, j3(4)).running(4)
		r.step(RequirementsChanged{Bounds: bounds})
		if a, ok := find[Noted](r); !ok || a.Text != "requirements ignored: they are not valid" {
			t.Errorf("%s: %+v", name, a)
		}
		if view := r.s.View(); view.Vertices[0].Bounds.Upper != 4 || len(view.History.Records) != 1 {
			t.Errorf("%s: %+v", name, view.Vertices)
		}
	}
}

func TestTheSameRequirementsChangeNothing(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(4)
	n := len(r.seen)
	r.bounds(1, 4)
	if len(r.seen) != n {
		t.Errorf("%+v", r.seen[n:])
	}
	if left := r.s.Handover(); left.Requirements != nil {
		t.Errorf("handed over %+v", left)
	}
}

func TestAnotherJobManagerTakesOver(t *testing.T) {
	for _, v := range versions {
		r := newRig(t, v, j3(4)).running(2)
		r.bounds(1, 3)
		r.checkpoint(7)
		r.step(Suspend{})
		left := r.s.Handover()
		s, err := Resume(r.now, j3(4), DefaultOptions(v, false), left)
		if err != nil {
			t.Fatal(err)
		}
		n := &rig{t: t, s: s, now: r.now}
		n.step(Start{})
		n.offer("tm1", 3)
		n.wantRunning(3, 3, 3)
		if d, _ := find[Deploy](n); d.Restore.Checkpoint.ID != 7 || d.Attempts[0][0] != 0 {
			t.Errorf("%v: deployed %+v", v, d)
		}
		if diff := cmp.Diff(left, s.Handover()); diff != "" {
			t.Error(diff)
		}
	}
	bad := Handover{Requirements: []slots.Bounds{{Lower: 9, Upper: 1}}}
	s, err := Resume(epoch, j3(4), DefaultOptions(slots.V2_3, false), bad)
	if err != nil || s.View().Vertices[0].Bounds.Upper != 4 {
		t.Errorf("requirements that do not fit the job are taken: %v", err)
	}
	reactive := Handover{Requirements: slices.Repeat([]slots.Bounds{{Lower: 1, Upper: 2}}, 3)}
	s, err = Resume(epoch, j3(4), DefaultOptions(slots.V2_3, true), reactive)
	if err != nil || s.View().Vertices[0].Bounds.Upper != 128 {
		t.Errorf("requirements are taken in reactive mode: %v", err)
	}
}

func TestWhatAJobIsRestoredFrom(t *testing.T) {
	job := j3(2)
	job.Savepoint = "file:/start"
	r := newRig(t, slots.V2_3, job).running(2)
	if d, _ := find[Deploy](r); d.Restore.Savepoint != "file:/start" || d.Restore.Checkpoint.ID != 0 {
		t.Errorf("first: %+v", d.Restore)
	}
	r.checkpoint(5)
	r.checkpoint(4) // late
	r.failTask()
	r.later(time.Second)
	if d, _ := find[Deploy](r); d.Restore.Checkpoint.ID != 5 || d.Restore.Savepoint != "" {
		t.Errorf("then: %+v", d.Restore)
	}
}

func TestForwardEdgesRebalanceWhereTheirEndsDiffer(t *testing.T) {
	for _, v := range versions {
		job := j3(4)
		job.Vertices[1].Bounds.Upper = 3
		job.Edges[0].Forward, job.Edges[1].Forward = true, false
		r := newRig(t, v, job).running(4)
		d, _ := find[Deploy](r)
		var want []int
		if v == slots.V2_3 {
			want = []int{0}
		}
		if !slices.Equal(d.Parallelism, []int{4, 3, 4}) || !slices.Equal(d.Rebalanced, want) {
			t.Errorf("%v: %v, rebalanced %v", v, d.Parallelism, d.Rebalanced)
		}
	}
	r := newRig(t, slots.V2_3, func() Job { j := j3(4); j.Edges[0].Forward = true; return j }()).running(4)
	if d, _ := find[Deploy](r); d.Rebalanced != nil {
		t.Errorf("equal ends: %v", d.Rebalanced)
	}
}

// A restart with local recovery keeps each subtask where its state is, although
// the pool lists the slots in another order then.
func TestLocalRecoveryKeepsSubtasksInTheirSlots(t *testing.T) {
	for _, v := range versions {
		for _, checkpointed := range []bool{true, false} {
			r := newRig(t, v, j3(4), func(o *Options) { o.LocalRecovery = true })
			r.step(Start{})
			r.offer("tm1", 2)
			r.offer("tm2", 2)
			if checkpointed {
				state := slices.Repeat([][]int64{{1000, 1000, 1000, 1000}}, 3)
				r.step(CheckpointCompleted{Execution: 1, Checkpoint: Checkpoint{ID: 1, Parallelism: []int{4, 4, 4}, KeyedState: state}})
			}
			r.until(100 * second)
			r.bounds(1, 2) // key groups 0 to 63 and 64 to 127
			r.until(200 * second)
			r.wantRunning(2, 2, 2)
			d, _ := find[Deploy](r)
			held := []slots.AllocationID{d.Placements[0].Slot.Allocation, d.Placements[1].Slot.Allocation}
			local := slices.Contains([]slots.AllocationID{"tm1-0", "tm1-1"}, held[0]) && slices.Contains([]slots.AllocationID{"tm2-0", "tm2-1"}, held[1])
			if want := v == slots.V1_20 || checkpointed; local != want {
				t.Errorf("%v, checkpoint %v: slots %v", v, checkpointed, held)
			}
		}
	}
}

func TestTheStateOfASubtaskThatNobodyMeasured(t *testing.T) {
	c := Checkpoint{ID: 1, Parallelism: []int{2, 2, 3}, KeyedState: [][]int64{{7, 8}, {9}}}
	running := []int{2, 2, 2}
	for task, want := range map[slots.Subtask]int64{
		{Vertex: 0, Index: 1}: 8,
		{Vertex: 1, Index: 0}: 9,
		{Vertex: 1, Index: 1}: 0, // not known
		{Vertex: 2, Index: 0}: 0, // taken with another parallelism
	} {
		if got := c.keyedState(task, running); got != want {
			t.Errorf("%+v: %d bytes, want %d", task, got, want)
		}
	}
	c.Parallelism[2] = 2
	if got := c.keyedState(slots.Subtask{Vertex: 2}, running); got != 0 {
		t.Errorf("of a vertex without sizes: %d", got)
	}
	if got := (Checkpoint{}).keyedState(slots.Subtask{}, running); got != 0 {
		t.Errorf("without a checkpoint: %d", got)
	}
}

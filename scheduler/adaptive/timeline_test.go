package adaptive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// records is the rescale history, oldest first, a line each.
func (r *rig) records() []string {
	var all []string
	for _, x := range r.s.View().History.Records {
		end := "open"
		if !x.Open() {
			end = fmt.Sprintf("%v %s/%s", x.End.Sub(epoch), x.Terminal, x.Reason)
		}
		var states []string
		for _, s := range x.States {
			states = append(states, s.State.String())
		}
		v := x.Vertices[0]
		line := fmt.Sprintf("%d.%d %s %v-%s %d..%d %d>%d [%s]", x.Requirements, x.Attempt, x.Trigger, x.Start.Sub(epoch), end,
			v.Sufficient, v.Desired, v.Before, v.After, strings.Join(states, " "))
		all = append([]string{line}, all...)
	}
	return all
}

func (r *rig) wantRecords(want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.records()); diff != "" {
		r.t.Errorf("records (-want +got)\n%s", diff)
	}
}

const initial2 = "1.1 INITIAL_SCHEDULE 0s-10s COMPLETED/SUCCEEDED 1..4 0>2 [Created WaitingForResources CreatingExecutionGraph Executing]"

func TestRescaleRecords(t *testing.T) {
	tests := map[string]struct {
		lead func(r *rig)
		want []string
	}{
		"slots join": {func(r *rig) { r.until(60 * second); r.offer("tm2", 2); r.until(90 * second) }, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 1m0s-1m15s COMPLETED/SUCCEEDED 1..4 2>4 [Executing Restarting CreatingExecutionGraph Executing]",
		}},
		"slots join during the cooldown": {func(r *rig) { r.until(20 * second); r.offer("tm2", 2); r.until(30 * second) }, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 20s-open 1..4 2>0 []",
		}},
		"slots join and leave": {func(r *rig) {
			r.until(60 * second)
			r.offer("tm2", 2)
			r.lose("tm2")
			r.until(130 * second)
		}, []string{initial2, "1.2 NEW_RESOURCE_AVAILABLE 1m0s-2m0s IGNORED/NO_RESOURCES_OR_PARALLELISMS_CHANGE 1..4 2>0 []"}},
		"requirements change": {func(r *rig) { r.until(60 * second); r.bounds(1, 1); r.until(90 * second) }, []string{
			initial2,
			"2.1 UPDATE_REQUIREMENT 1m0s-1m15s COMPLETED/SUCCEEDED 1..1 2>1 [Executing Restarting CreatingExecutionGraph Executing]",
		}},
		"requirements that cannot be met yet": {func(r *rig) { r.until(60 * second); r.bounds(1, 8); r.until(time.Hour) }, []string{
			initial2,
			"2.1 UPDATE_REQUIREMENT 1m0s-open 1..8 2>0 []",
		}},
		"three changes and one rescale": {func(r *rig) {
			r.until(60 * second)
			r.bounds(1, 8)
			r.until(64 * second)
			r.bounds(2, 4)
			r.until(68 * second)
			r.offer("tm2", 2)
			r.until(100 * second)
		}, []string{
			initial2,
			"2.1 UPDATE_REQUIREMENT 1m0s-1m4s IGNORED/RESOURCE_REQUIREMENTS_UPDATED 1..8 2>0 [Executing]",
			"3.1 UPDATE_REQUIREMENT 1m4s-1m23s COMPLETED/SUCCEEDED 2..4 2>4 [Executing Restarting CreatingExecutionGraph Executing]",
		}},
		"a failure": {func(r *rig) { r.until(60 * second); r.failTask(); r.until(90 * second) }, []string{
			initial2,
			"1.2 RECOVERABLE_FAILOVER 1m0s-1m11s COMPLETED/SUCCEEDED 1..4 2>2 [Executing Restarting WaitingForResources CreatingExecutionGraph Executing]",
		}},
		"a failure while a rescale waits": {func(r *rig) {
			r.until(60 * second)
			r.offer("tm2", 2)
			r.until(62 * second)
			r.failTask()
			r.until(90 * second)
		}, []string{
			initial2,
			"1.2 RECOVERABLE_FAILOVER 1m2s-1m3s COMPLETED/SUCCEEDED 1..4 2>4 [Executing Restarting CreatingExecutionGraph Executing]",
		}},
		"cancelled": {func(r *rig) { r.until(60 * second); r.offer("tm2", 2); r.step(Cancel{}) }, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 1m0s-1m0s IGNORED/JOB_CANCELED 1..4 2>0 [Executing]",
		}},
		"failed": {func(r *rig) { r.until(60 * second); r.offer("tm2", 2); r.failForGood() }, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 1m0s-1m0s IGNORED/JOB_FAILED 1..4 2>0 [Executing]",
		}},
		"finished": {func(r *rig) { r.until(60 * second); r.offer("tm2", 2); r.end(TasksFinished) }, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 1m0s-1m0s IGNORED/JOB_FINISHED 1..4 2>0 [Executing]",
		}},
		"the graph fails": {func(r *rig) {
			r.until(60 * second)
			r.holdBuilds = true
			r.offer("tm2", 2)
			r.until(75 * second)
			r.step(GraphFailed{Build: 2, Failure: boom})
		}, []string{
			initial2,
			"1.2 NEW_RESOURCE_AVAILABLE 1m0s-1m15s FAILED/EXCEPTION_OCCURRED 1..4 2>0 [Executing Restarting]",
		}},
		"a savepoint that fails": {func(r *rig) {
			r.until(60 * second)
			r.offer("tm2", 1)
			r.step(StopWithSavepoint{Operation: "op"})
			r.saved(&boom)
			r.until(70 * second)
		}, []string{initial2, "1.2 NEW_RESOURCE_AVAILABLE 1m0s-open 1..4 2>0 [Executing StopWithSavepoint]"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, slots.V2_3, j3(4)).running(2)
			test.lead(r)
			r.wantRecords(test.want...)
		})
	}
}

func TestAJobCancelledWithoutAGraphCountsAsFinished(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4))
	r.step(Start{})
	r.until(3 * second)
	r.step(Cancel{})
	r.wantRecords("1.1 INITIAL_SCHEDULE 0s-3s IGNORED/JOB_FINISHED 1..4 0>0 [Created WaitingForResources]")
}

func TestTheHistoryIsCounted(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4), func(o *Options) { o.RescaleHistory = 2 }).running(2)
	r.until(60 * second)
	r.bounds(1, 8)
	r.bounds(1, 7)
	r.bounds(1, 6)
	h := r.s.View().History
	if !h.Enabled || h.InProgress != 1 || h.Completed != 1 || h.Ignored != 2 || h.Failed != 0 {
		t.Errorf("%+v", h)
	}
	if len(h.Records) != 2 || h.Records[0].Number != 4 || h.Records[1].Number != 3 ||
		h.LatestCompleted.Number != 1 || h.LatestIgnored.Number != 3 || h.LatestFailed != nil {
		t.Errorf("%+v", h)
	}
	if h.Records[0].Slots[0] != (GroupRescale{Group: "default", Desired: 6, Minimal: 1, Before: 2}) {
		t.Errorf("slots %+v", h.Records[0].Slots)
	}
}

func TestEveryEndOfARecordIsTold(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	r.until(60 * second)
	r.bounds(1, 8)
	r.bounds(1, 7)
	var told []string
	for _, a := range r.seen {
		if a, ok := a.(RescaleRecorded); ok {
			told = append(told, fmt.Sprintf("%d %s", a.Rescale.Number, a.Rescale.Terminal))
		}
	}
	if diff := cmp.Diff([]string{"1 ", "1 COMPLETED", "2 ", "2 IGNORED", "3 "}, told); diff != "" {
		t.Error(diff)
	}
}

func TestTheSpansOfARecordAreSeamless(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(4)).running(2)
	var last time.Time
	for i, s := range r.s.View().History.Records[0].States {
		if i > 0 && !s.Enter.Equal(last) {
			t.Errorf("%v begins at %v, the one before ended at %v", s.State, s.Enter, last)
		}
		last = s.Leave
	}
}

func TestNoHistoryIsKeptUnlessAskedFor(t *testing.T) {
	for v, size := range map[slots.Version]int{slots.V1_20: 20, slots.V2_3: 0} {
		r := newRig(t, v, j3(4), func(o *Options) { o.RescaleHistory = size }).running(2)
		r.bounds(1, 2)
		if h := r.s.View().History; h.Enabled || len(h.Records) != 0 {
			t.Errorf("%v: %+v", v, h)
		}
	}
}

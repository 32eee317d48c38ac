package rescale

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

func TestActIsFollowedToItsEnd(t *testing.T) {
	const timeout = 10 * time.Minute
	requested := now.Add(-20 * time.Second)
	asked := flink.ResourceRequirements{flink.VertexID(source): flink.Require(1, 1), flink.VertexID(work): flink.Require(1, 4), flink.VertexID(sink): flink.Require(1, 1)}
	known := bounds{source: bound(1, 1, 1), work: ours(1, 1, 4), sink: bound(1, 1, 1)}
	others := flink.ResourceRequirements{flink.VertexID(source): flink.Require(1, 1), flink.VertexID(work): flink.Require(1, 6), flink.VertexID(sink): flink.Require(1, 1)}
	tests := []struct {
		name    string
		shown   flink.ResourceRequirements
		runs    scaling.Parallelism
		groups  []string
		free    int
		waited  time.Duration
		timeout time.Duration
		history string
		phase   autoscaler.Phase
		reason  scaling.Reason
		says    string
	}{
		{name: "it runs as wanted", shown: asked, runs: at(1, 4, 1), phase: autoscaler.PhaseDone},
		{name: "it runs as wanted, and someone has changed the bounds since", shown: others, runs: at(1, 4, 1), phase: autoscaler.PhaseDone},
		{name: "on its way", shown: asked, runs: at(1, 1, 1), phase: autoscaler.PhaseRequested},
		{name: "partly there", shown: asked, runs: at(1, 3, 1), phase: autoscaler.PhaseRequested},
		{name: "superseded", shown: others, runs: at(1, 1, 1), phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSuperseded, says: "someone else changed"},
		{name: "superseded by a vertex that came", shown: flink.ResourceRequirements{flink.VertexID(work): flink.Require(1, 4)}, runs: at(1, 1, 1), phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSuperseded},

		{name: "no slot is free, but Flink has time yet", shown: asked, runs: at(1, 1, 1), waited: slotsAfter - time.Second, phase: autoscaler.PhaseRequested},
		{name: "slots missing: one group", shown: asked, runs: at(1, 1, 1), free: 1, waited: slotsAfter, phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSlotsMissing, says: "needs 4 slots, 2 more than there are on the cluster (1 of 8 free)"},
		{name: "slots enough: one group", shown: asked, runs: at(1, 1, 1), free: 3, waited: slotsAfter, phase: autoscaler.PhaseRequested},
		{name: "slots missing: a group each", shown: asked, runs: at(1, 1, 1), groups: []string{"a", "b", "c"}, free: 2, waited: slotsAfter, phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSlotsMissing, says: "needs 6 slots, 1 more"},
		{name: "slots missing: two share a group", shown: asked, runs: at(1, 1, 1), groups: []string{"a", "a", "b"}, free: 2, waited: slotsAfter, phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSlotsMissing, says: "needs 5 slots, 1 more"},
		{name: "slots enough: two share a group", shown: asked, runs: at(1, 1, 1), groups: []string{"a", "a", "b"}, free: 3, waited: slotsAfter, phase: autoscaler.PhaseRequested},
		{name: "slots are looked at no later than the timeout", shown: asked, runs: at(1, 1, 1), waited: 30 * time.Second, timeout: 30 * time.Second, phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonSlotsMissing},

		{name: "just before the timeout", shown: asked, runs: at(1, 1, 1), free: 8, waited: timeout - time.Millisecond, phase: autoscaler.PhaseRequested},
		{name: "timeout", shown: asked, runs: at(1, 1, 1), free: 8, waited: timeout, phase: autoscaler.PhaseFailed, reason: autoscaler.ReasonTimeout, says: "sluice.rescale.timeout (10m0s) though no slot is missing"},
		{
			name: "timeout, and the history of 2.3 says why", shown: asked, runs: at(1, 1, 1), free: 8, waited: timeout,
			history: `{"rescalesCounts":{"failed":1},"latest":{"completed":null,"failed":{"rescaleUuid":"u","terminalState":"FAILED","terminatedReason":"EXCEPTION_OCCURRED"},"ignored":null}}`,
			phase:   autoscaler.PhaseFailed, reason: autoscaler.ReasonTimeout, says: "ended with EXCEPTION_OCCURRED",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.requirements, c.slotsAvailable, c.rescales = tt.shown, tt.free, tt.history
			job := c.job(t)
			if tt.timeout != 0 {
				job.Settings.RescaleTimeout = tt.timeout
			}
			act := autoscaler.Act{Decided: requested, Requested: requested, Phase: autoscaler.PhaseRequested, Want: at(1, 4, 1), From: at(1, 1, 1)}
			if tt.waited > 0 {
				act.Requested = now.Add(-tt.waited)
			}
			state := &autoscaler.State{Bounds: known}
			got, err := (&Realizer{Now: clock(now)}).Follow(t.Context(), job, state, act, running(t, tt.runs, tt.groups...), now)
			if err != nil {
				t.Fatal(err)
			}
			if got.Phase != tt.phase || got.Reason.Reason != tt.reason || !strings.Contains(got.Reason.Text, tt.says) {
				t.Errorf("act is %s, %q: %s", got.Phase, got.Reason.Reason, got.Reason.Text)
			}
			if ended := got.Phase != autoscaler.PhaseRequested; ended != got.Ended.Equal(now) {
				t.Errorf("ended at %v", got.Ended)
			}
			if len(c.puts) > 0 {
				t.Error("following changes something")
			}
		})
	}
}

// A finished vertex is not waited for: Flink restarts it at no other size.
func TestFinishedVertexIsNotWaitedFor(t *testing.T) {
	c := newCluster(t)
	topology := running(t, at(1, 4, 1))
	topology.Vertices[topology.Index(source)].Finished = true
	act := autoscaler.Act{Phase: autoscaler.PhaseRequested, Want: at(3, 4, 1)}
	got, err := (&Realizer{Now: clock(now)}).Follow(t.Context(), c.job(t), &autoscaler.State{}, act, topology, now)
	if err != nil || got.Phase != autoscaler.PhaseDone {
		t.Errorf("%s, %v", got.Phase, err)
	}
}

// Of an act whose request may or may not have arrived, Flink knows.
func TestIntendedActIsTakenUp(t *testing.T) {
	before := bounds{source: bound(1, 1, 1), work: bound(2, 2, 2), sink: bound(1, 1, 1)}
	act := autoscaler.Act{Decided: now.Add(-time.Minute), Phase: autoscaler.PhaseIntended, Want: at(1, 4, 1)}
	t.Run("it arrived", func(t *testing.T) {
		c := newCluster(t)
		c.requirements[flink.VertexID(work)] = flink.Require(2, 4)
		state := &autoscaler.State{Bounds: before}
		got, err := (&Realizer{Now: clock(now)}).Follow(t.Context(), c.job(t), state, act, running(t, at(1, 2, 1)), now)
		if err != nil || got.Phase != autoscaler.PhaseRequested || !got.Requested.Equal(now) {
			t.Errorf("%+v, %v", got, err)
		}
		if want := (bounds{source: bound(1, 1, 1), work: ours(2, 2, 4), sink: bound(1, 1, 1)}); !cmp.Equal(want, state.Bounds) {
			t.Error(cmp.Diff(want, state.Bounds))
		}
		if before[work] != bound(2, 2, 2) {
			t.Error("the saved state was changed")
		}
	})
	t.Run("it did not arrive", func(t *testing.T) {
		c := newCluster(t)
		c.requirements[flink.VertexID(work)] = flink.Require(2, 2)
		state := &autoscaler.State{Bounds: before}
		got, err := (&Realizer{Now: clock(now)}).Follow(t.Context(), c.job(t), state, act, running(t, at(1, 2, 1)), now)
		if err != nil || got.Phase != autoscaler.PhaseFailed || got.Reason.Reason != "" || !cmp.Equal(before, state.Bounds) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestActStaysAsItIsWhenItCannotBeLookedAt(t *testing.T) {
	act := autoscaler.Act{Phase: autoscaler.PhaseRequested, Requested: now.Add(-time.Hour), Want: at(1, 4, 1)}
	for _, call := range []string{"GET resource-requirements", "GET overview"} {
		t.Run(call, func(t *testing.T) {
			c := newCluster(t)
			c.requirements[flink.VertexID(work)] = flink.Require(1, 4)
			c.faults[call] = func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
			state := &autoscaler.State{Bounds: bounds{source: bound(1, 1, 1), work: ours(1, 1, 4), sink: bound(1, 1, 1)}}
			got, err := (&Realizer{Now: clock(now)}).Follow(t.Context(), c.job(t), state, act, running(t, at(1, 1, 1)), now)
			if err == nil || !cmp.Equal(act, got) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// What one part writes the others read: two rescales and a change by the user
// between them, against one cluster.
func TestRescalesInARow(t *testing.T) {
	c := newCluster(t)
	c.requirements[flink.VertexID(work)] = flink.Require(2, 8)
	job, realizer, state := c.job(t), &Realizer{Now: clock(now)}, &autoscaler.State{}

	rescaleTo := func(want scaling.Parallelism, changed bool) {
		t.Helper()
		ready, err := realizer.Prepare(t.Context(), job, state)
		if err != nil || ready.Blocked.Reason != "" || ready.Changed != changed {
			t.Fatalf("%+v, %v", ready, err)
		}
		state.Bounds = ready.Bounds
		act := autoscaler.Act{Want: want, Phase: autoscaler.PhaseIntended}
		if err := realizer.Realize(t.Context(), job, state, &act); err != nil {
			t.Fatal(err)
		}
		if act, err = realizer.Follow(t.Context(), job, state, act, running(t, want), now); err != nil || act.Phase != autoscaler.PhaseDone {
			t.Fatalf("%+v, %v", act, err)
		}
	}
	rescaleTo(at(1, 5, 1), false)
	rescaleTo(at(1, 3, 1), false)
	c.requirements[flink.VertexID(work)] = flink.Require(4, 10)
	rescaleTo(at(1, 6, 1), true)
	rescaleTo(at(1, 4, 1), false)
	want := flink.ResourceRequirements{flink.VertexID(source): flink.Require(1, 1), flink.VertexID(work): flink.Require(4, 4), flink.VertexID(sink): flink.Require(1, 1)}
	if diff := cmp.Diff(want, c.requirements); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if state.Bounds[work].Pinned() {
		t.Error("what Sluice wrote pins the vertex")
	}
}

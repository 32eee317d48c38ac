package fenced

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/leasetest"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/memory"
)

// passes notes what happens, and is what the scaler calls all the rest of.
type passes struct {
	did  []string
	late [][]flink.ResourceRequirements
	had  bool
	err  error
}

func (p *passes) Scale(_ context.Context, _ *autoscaler.JobContext) (autoscaler.Report, error) {
	p.did = append(p.did, "pass")
	return autoscaler.Report{Samples: 7}, nil
}

func (p *passes) Cleanup(context.Context, autoscaler.JobKey) error {
	p.did = append(p.did, "cleanup")
	return nil
}

func (p *passes) Assert(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, late []flink.ResourceRequirements) (bool, error) {
	p.did = append(p.did, "assert")
	p.late = append(p.late, late)
	return p.had, p.err
}

// heir is a process that got a job from another one.
type heir struct {
	*passes
	t      *testing.T
	store  *memory.Store
	leases *leasetest.Memory
	keeper *lease.Keeper
	scaler *Scaler
	ctx    context.Context
}

const bound = 15 * time.Second

func bubbleClock() time.Duration { return time.Duration(time.Now().UnixNano()) }

// inherit makes an heir whose job's former owner left a state.
func inherit(t *testing.T, state autoscaler.State) *heir {
	t.Helper()
	h := &heir{passes: &passes{}, t: t, store: memory.New(), leases: leasetest.NewMemory(bubbleClock)}
	h.must(h.store.Put(t.Context(), jobOne, state))
	h.must(h.leases.Take(t.Context(), "former", []lease.Lease{{Key: jobOne}}))
	k, err := lease.New(lease.Config{
		Store: h.leases, Name: "heir", Time: time.Hour, Clock: bubbleClock,
		Random: func() float64 { return 0.5 }, Logger: slog.New(slog.DiscardHandler),
	})
	h.must(err)
	h.keeper = k
	h.scaler = NewScaler(Config{
		Passes: h, Asserter: h, Notes: k, Bound: bound, Store: h.store.Open, Logger: slog.New(slog.DiscardHandler),
		Intended: func(s *autoscaler.State) flink.ResourceRequirements {
			if s.Act == nil || s.Act.Phase != autoscaler.PhaseIntended {
				return nil
			}
			return requirements(s.Act.Want["v"])
		},
	})
	k.Listed(t.Context(), "c", []autoscaler.JobKey{jobOne})
	ctx, leave, ok := k.Enter(t.Context(), jobOne)
	if !ok {
		t.Fatal("the job is not ours")
	}
	t.Cleanup(leave)
	h.ctx = ctx
	return h
}

func (h *heir) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func requirements(upper int) flink.ResourceRequirements {
	return flink.ResourceRequirements{"v": flink.Require(1, upper)}
}

func act(phase autoscaler.Phase, want int) autoscaler.State {
	return autoscaler.State{Act: &autoscaler.Act{Phase: phase, Want: scaling.Parallelism{"v": want}}}
}

// pass runs a pass some time after the one before, and returns what happened.
func (h *heir) pass(after time.Duration) string {
	h.t.Helper()
	timer := time.NewTimer(after)
	<-timer.C
	h.did, h.late = nil, nil
	report, err := h.scaler.Scale(h.ctx, &autoscaler.JobContext{Key: jobOne})
	if h.err == nil && (err != nil || report.Samples != 7) {
		h.t.Errorf("report %+v, %v", report, err)
	}
	return strings.Join(h.did, " ")
}

func TestWhatTheFormerOwnerHadUnderWayIsLookedForUntilItCannotComeAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseIntended, 4))
		if did := h.pass(0); did != "pass" {
			t.Errorf("the first pass: %s; whether it has arrived is for the pass to find out", did)
		}
		h.must(h.store.Put(t.Context(), jobOne, act(autoscaler.PhaseRequested, 6)))
		for _, after := range []time.Duration{5 * time.Second, 5 * time.Second, 6 * time.Second} {
			if did := h.pass(after); did != "assert pass" || fmt.Sprint(h.late) != fmt.Sprint([][]flink.ResourceRequirements{{requirements(4)}}) {
				t.Errorf("then: %s, for %v", did, h.late)
			}
		}
		if did := h.pass(time.Second); did != "pass" {
			t.Errorf("after the bound: %s", did)
		}
	})
}

func TestWithoutAnythingUnderWayAPassIsAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseDone, 4))
		if did := h.pass(0) + h.pass(time.Second); did != "passpass" {
			t.Errorf("%s", did)
		}
	})
}

func TestAPassWithoutALeaseIsAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseIntended, 4))
		h.ctx = t.Context()
		if did := h.pass(0); did != "pass" {
			t.Errorf("%s", did)
		}
	})
}

// A pass that took a late write for its user's wish would keep it.
func TestThereIsNoPassWhileALateWriteCannotBeWrittenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseIntended, 4))
		h.pass(0)
		h.must(h.store.Put(t.Context(), jobOne, act(autoscaler.PhaseDone, 6)))
		h.err = errors.New("connection refused")
		if did := h.pass(time.Second); did != "assert" {
			t.Errorf("%s", did)
		}
	})
}

func TestALateWriteThatWasNotedIsWrittenOverWheneverItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseDone, 6))
		h.pass(10 * bound)
		r, err := http.NewRequestWithContext(context.WithValue(t.Context(), jobKey{}, jobOne), http.MethodPut, "http://jm/jobs/x/resource-requirements", http.NoBody)
		h.must(err)
		h.scaler.Late(lease.FromContext(h.ctx), r, []byte(`{"v":{"parallelism":{"lowerBound":1,"upperBound":9}}}`))
		h.keeper.Listed(t.Context(), "c", []autoscaler.JobKey{jobOne, {Job: "another"}}) // a round
		if did := h.pass(0); did != "assert pass" || fmt.Sprint(h.late) != fmt.Sprint([][]flink.ResourceRequirements{{requirements(9)}}) {
			t.Errorf("%s, for %v", did, h.late)
		}
		if did := h.pass(0); did != "pass" {
			t.Errorf("once it is settled: %s", did)
		}
	})
}

func TestNotesOfOtherRequestsAndJobsAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseDone, 6))
		other := context.WithValue(t.Context(), jobKey{}, autoscaler.JobKey{Job: "other"})
		for url, ctx := range map[string]context.Context{"http://jm/jobs/x/resource-requirements": other, "http://jm/jobs/x/savepoints": context.WithValue(t.Context(), jobKey{}, jobOne)} {
			r, err := http.NewRequestWithContext(ctx, http.MethodPut, url, http.NoBody)
			h.must(err)
			h.scaler.Late(lease.FromContext(h.ctx), r, []byte(`{"v":{"parallelism":{"lowerBound":1,"upperBound":9}}}`))
		}
		h.keeper.Listed(t.Context(), "c", []autoscaler.JobKey{jobOne, {Job: "another"}})
		if did := h.pass(0); did != "pass" {
			t.Errorf("%s", did)
		}
		if notes := lease.FromContext(h.ctx).Strays(); len(notes) != 1 {
			t.Errorf("notes %q, want that of the other job", notes)
		}
	})
}

func TestAJobThatIsForgottenLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := inherit(t, act(autoscaler.PhaseIntended, 4))
		h.pass(0)
		h.did = nil
		h.must(h.scaler.Cleanup(t.Context(), jobOne))
		if len(h.did) != 1 || len(h.scaler.heirlooms) != 0 {
			t.Errorf("%v, %v", h.did, h.scaler.heirlooms)
		}
	})
}

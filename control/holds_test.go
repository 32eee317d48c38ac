package control

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
)

var (
	noon   = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	orders = autoscaler.JobKey{Cluster: "prod", Job: "orders"}
	clicks = autoscaler.JobKey{Cluster: "prod", Job: "clicks"}
)

// heldPasses notes what the passes knew of holds.
type heldPasses struct {
	texts   []string
	cleaned []autoscaler.JobKey
}

func (p *heldPasses) Scale(_ context.Context, job *autoscaler.JobContext) (autoscaler.Report, error) {
	p.texts = append(p.texts, job.Held.Text)
	return autoscaler.Report{}, nil
}

func (p *heldPasses) Cleanup(_ context.Context, key autoscaler.JobKey) error {
	p.cleaned = append(p.cleaned, key)
	return nil
}

func TestAHoldReachesThePassUntilItEnds(t *testing.T) {
	now := noon
	holds := heldBy(t, func() time.Time { return now }, nil)
	var passes heldPasses
	scaler := holds.Over(&passes)
	pass := func(key autoscaler.JobKey) {
		t.Helper()
		if _, err := scaler.Scale(t.Context(), &autoscaler.JobContext{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	set := func(key autoscaler.JobKey, h Hold) {
		t.Helper()
		if err := holds.Set(t.Context(), key, h); err != nil {
			t.Fatal(err)
		}
	}

	pass(orders)
	set(orders, Hold{By: "anna", Why: "release", Since: now, Until: now.Add(time.Hour)})
	pass(orders)
	pass(clicks)
	set(Everything, Hold{By: "bob", Since: now})
	pass(orders) // its own goes before that on all
	pass(clicks)
	now = now.Add(time.Hour)
	pass(orders)
	if err := holds.Release(t.Context(), Everything); err != nil {
		t.Fatal(err)
	}
	pass(orders)

	want := []string{
		"",
		"held by anna (release) until 2026-07-01T13:00:00Z", "",
		"held by anna (release) until 2026-07-01T13:00:00Z", "held by bob until it is resumed",
		"held by bob until it is resumed", "",
	}
	if diff := cmp.Diff(want, passes.texts); diff != "" {
		t.Errorf("what the passes knew (-want +got):\n%s", diff)
	}
}

// keptHolds is a store of holds in memory, which may be full.
type keptHolds struct {
	all  map[autoscaler.JobKey]Hold
	full error
}

func (k *keptHolds) Save(_ context.Context, h HeldJob) error {
	if k.full == nil {
		k.all[h.Key] = h.Hold
	}
	return k.full
}

func (k *keptHolds) Remove(_ context.Context, key autoscaler.JobKey) error {
	delete(k.all, key)
	return nil
}

func (k *keptHolds) Load(context.Context) ([]HeldJob, error) { return listed(k.all), nil }

func heldBy(t *testing.T, now func() time.Time, store HoldStore) *Holds {
	t.Helper()
	holds, err := NewHolds(t.Context(), now, store)
	if err != nil {
		t.Fatal(err)
	}
	return holds
}

func atNoon() time.Time { return noon }

func TestHoldsOutliveTheProcessThatKeepsThem(t *testing.T) {
	store := &keptHolds{all: map[autoscaler.JobKey]Hold{}}
	holds := heldBy(t, atNoon, store)
	if err := errors.Join(
		holds.Set(t.Context(), orders, Hold{By: "anna", Since: noon}),
		holds.Set(t.Context(), clicks, Hold{By: "bob", Since: noon}),
		holds.Release(t.Context(), clicks),
	); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]HeldJob{{orders, Hold{By: "anna", Since: noon}}}, heldBy(t, atNoon, store).All()); diff != "" {
		t.Errorf("holds after a restart (-want +got):\n%s", diff)
	}
}

func TestAHoldThatCannotBeKeptIsNotInForce(t *testing.T) {
	full := errors.New("disk full")
	holds := heldBy(t, atNoon, &keptHolds{full: full})
	if err := holds.Set(t.Context(), orders, Hold{By: "anna"}); !errors.Is(err, full) {
		t.Errorf("set: %v, want %v", err, full)
	}
	if _, held := holds.Of(orders); held {
		t.Error("it is in force all the same")
	}
}

func TestTheHoldOnAJobEndsWithTheJob(t *testing.T) {
	holds := heldBy(t, atNoon, &keptHolds{all: map[autoscaler.JobKey]Hold{orders: {By: "anna"}, Everything: {By: "bob"}}})
	var passes heldPasses
	if err := errors.Join(holds.Over(&passes).Cleanup(t.Context(), orders), holds.Over(&passes).Cleanup(t.Context(), clicks)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]HeldJob{{Everything, Hold{By: "bob"}}}, holds.All()); diff != "" {
		t.Errorf("holds that are left (-want +got):\n%s", diff)
	}
	if len(passes.cleaned) != 2 {
		t.Errorf("cleaned %v, want both jobs", passes.cleaned)
	}
}

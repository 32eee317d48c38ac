package metrics

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/lease"
)

// failingHolds and failingLeases are stores that do nothing, and fail so.
type failingHolds struct{ err error }

func (f failingHolds) Save(context.Context, control.HeldJob) error     { return f.err }
func (f failingHolds) Remove(context.Context, autoscaler.JobKey) error { return f.err }
func (f failingHolds) Load(context.Context) ([]control.HeldJob, error) {
	return []control.HeldJob{{Key: key(1)}}, f.err
}

type failingLeases struct {
	lease.Store
	err error
}

func (f failingLeases) Renew(context.Context, string, []string, time.Duration) (bool, error) {
	return true, f.err
}

func (f failingLeases) View(context.Context) (lease.View, error) {
	return lease.View{Leases: []lease.Lease{{Key: key(1)}}}, f.err
}
func (f failingLeases) Take(context.Context, string, []lease.Lease) error { return f.err }
func (f failingLeases) Check(context.Context, autoscaler.JobKey) (lease.Standing, error) {
	return lease.Standing{Alive: true}, f.err
}

func TestUsesOfTheDatabaseAreTimedAndTheirFailuresCounted(t *testing.T) {
	probe := NewProbe(ticking())
	events := probe.Around("events", "write", "sweep")
	for _, err := range []error{nil, errors.New("gone")} {
		holds, leases := probe.Holds(failingHolds{err}), probe.Leases(failingLeases{err: err})
		found, loaded := holds.Load(t.Context())
		alive, renewed := leases.Renew(t.Context(), "a", nil, time.Second)
		view, seen := leases.View(t.Context())
		standing, checked := leases.Check(t.Context(), key(1))
		if len(found) != 1 || !alive || len(view.Leases) != 1 || !standing.Alive {
			t.Errorf("%v, %t, %v, %v: want what the stores said", found, alive, view, standing)
		}
		for op, got := range map[string]error{
			"load": loaded, "save": holds.Save(t.Context(), control.HeldJob{}), "remove": holds.Remove(t.Context(), key(1)),
			"renew": renewed, "view": seen, "take": leases.Take(t.Context(), "a", nil), "check": checked,
			"write": events("write", func() error { return err }),
		} {
			if !errors.Is(got, err) {
				t.Errorf("%s: %v, want %v", op, got, err)
			}
		}
	}
	text := scrape(t, made(t, Config{Book: bookOf(t, 0, ""), Probe: probe}))
	for _, c := range [][2]string{
		{"holds", "load"}, {"holds", "save"}, {"holds", "remove"}, {"leases", "renew"}, {"leases", "view"}, {"leases", "take"}, {"leases", "check"}, {"events", "write"},
	} {
		wantLines(t, text,
			`sluice_database_duration_seconds_count{op="`+c[1]+`",store="`+c[0]+`"} 2`,
			`sluice_database_duration_seconds_bucket{op="`+c[1]+`",store="`+c[0]+`",le="0.1"} 0`,
			`sluice_database_errors_total{op="`+c[1]+`",store="`+c[0]+`"} 1`)
	}
	wantLines(t, text, `sluice_database_errors_total{op="sweep",store="events"} 0`)
	var none *Probe
	if got := none.Holds(failingHolds{}); got != control.HoldStore(failingHolds{}) {
		t.Errorf("without a probe the store is wrapped: %T", got)
	}
	if err := none.Around("x")("y", func() error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a probe: %v", err)
	}
}

package sqlholds_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
	"github.com/sluice-project/sluice/steer/sqlholds"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// Two processes share a database: what one is told, the other keeps to.
func TestHoldsAreSharedAndOutliveTheProcess(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		now := func() time.Time { return noon }
		one, another := open(t, url, now), open(t, url, now)
		orders, clicks := autoscaler.JobKey{Cluster: "prod", Job: "orders"}, autoscaler.JobKey{Job: "clicks"}
		if err := errors.Join(
			one.Set(t.Context(), orders, control.Hold{By: "anna", Why: "a release, öffentlich", Since: noon, Until: noon.Add(time.Hour)}),
			one.Set(t.Context(), clicks, control.Hold{By: "anna", Since: noon}),
			another.Set(t.Context(), control.Everything, control.Hold{By: "bob", Since: noon}),
			one.Set(t.Context(), orders, control.Hold{By: "anna", Why: "longer", Since: noon, Until: noon.Add(2 * time.Hour)}),
			another.Release(t.Context(), clicks),
			one.Refresh(t.Context()), another.Refresh(t.Context()),
		); err != nil {
			t.Fatal(err)
		}
		want := []control.HeldJob{
			{Key: control.Everything, Hold: control.Hold{By: "bob", Since: noon}},
			{Key: orders, Hold: control.Hold{By: "anna", Why: "longer", Since: noon, Until: noon.Add(2 * time.Hour)}},
		}
		for name, holds := range map[string]*control.Holds{"the one": one, "the other": another, "a later one": open(t, url, now)} {
			if diff := cmp.Diff(want, holds.All()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func open(t *testing.T, url string, now func() time.Time) *control.Holds {
	t.Helper()
	holds, err := control.NewHolds(t.Context(), now, sqlholds.New(sqldbtest.Open(t, url)))
	if err != nil {
		t.Fatal(err)
	}
	return holds
}

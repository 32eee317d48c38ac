package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
)

func setByHand(key autoscaler.JobKey, at time.Time) decisions.Entry {
	return decisions.NewByHand(key, "orders", at, "anna", "", []decisions.Vertex{{ID: "0a", Name: "work", From: 2, To: 4}},
		[]decisions.SetBounds{{Vertex: "0a", Name: "work", Before: decisions.Bounds{Lower: 1, Upper: 2}, After: decisions.Bounds{Lower: 1, Upper: 4}}})
}

func checkByHand(t *testing.T, b *Book, key autoscaler.JobKey, at time.Time) {
	t.Helper()
	all := b.Decisions(key, 10)
	if len(all) == 0 || all[0].ByHand == nil || all[0].ByHand.By != "anna" {
		t.Fatalf("decisions %+v", all)
	}
	s := b.Jobs()[0]
	if !s.Scaled.Equal(at) || s.Rescale.ID != all[0].ID || s.Last.ID != all[0].ID || !strings.Contains(s.Rescale.Text, "2 → 4 work, by hand of anna") {
		t.Errorf("last rescale %s, %+v, newest %+v", s.Scaled, s.Rescale, s.Last)
	}
}

func TestARescaleByHandIsADecision(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID("a1")}
	b := NewBook(func() time.Time { return at })
	e := setByHand(key, at)
	if err := b.RecordByHand(t.Context(), key, e); err != nil || len(b.Jobs()) != 0 {
		t.Errorf("%v, and a job that nobody knows has %d decisions", err, len(b.Jobs()))
	}
	b.List("prod", []Listed{{key, "orders"}})
	before := b.Jobs()[0]
	if err := b.RecordByHand(t.Context(), key, e); err != nil {
		t.Fatal(err)
	}
	checkByHand(t, b, key, at)
	if after := b.Jobs()[0]; after.State != before.State || after.Known != before.Known {
		t.Errorf("%+v; want that it still stands as in %+v", after, before)
	}
}

// A person's act between two passes comes back with them, and says nothing of how the
// job stood.
func TestARescaleByHandOutlivesTheProcess(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID("a1")}
	pass := decisions.Entry{
		Time: at.Add(-time.Minute), Job: "a1", Name: "orders", Scope: "scale", Action: decisions.ActionHold, Reason: "within-bounds",
		Vertices: []decisions.Vertex{{ID: "0a", Name: "work", From: 2, To: 2, Recommended: 2, Busy: 0.5, InputRate: 100, TargetRate: 100, PeakRate: 100, TrueProcessingRate: 200}},
	}
	for name, past := range map[string][]decisions.Entry{
		"after a pass": {pass, setByHand(key, at)}, "alone": {setByHand(key, at)},
	} {
		b := NewBook(func() time.Time { return at.Add(time.Minute) })
		b.Lasting(func(autoscaler.JobKey, *autoscaler.Event) string { return "" })
		b.List("prod", []Listed{{key, "orders"}})
		b.Restore(key, past)
		checkByHand(t, b, key, at)
		if e, _ := b.Entry(key); e.ByHand != nil {
			t.Errorf("%s: the job stands by what a person did", name)
		}
		for _, p := range b.Series(key, "", at.Add(-time.Hour), at.Add(time.Hour), 100) {
			if p.At.Equal(at) {
				t.Errorf("%s: the series has a point of the rescale: %+v", name, p)
			}
		}
	}
}

func TestAnothersRescaleByHandIsLearntOnce(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID("a1")}
	b := NewBook(func() time.Time { return at })
	b.List("prod", []Listed{{key, "orders"}})
	b.Owners(func(autoscaler.JobKey) string { return "other" })
	for range 2 {
		b.Learn(key, setByHand(key, at))
	}
	checkByHand(t, b, key, at)
	if n := len(b.Decisions(key, 10)); n != 1 {
		t.Errorf("%d decisions; want 1", n)
	}
}

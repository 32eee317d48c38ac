package decisions

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// setByHand is what anna did at noon: work 1:2 -> 1:4, and the source stays.
func setByHand() Entry {
	key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID("a1")}
	return NewByHand(key, "orders", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), "anna", "held by anna until it is resumed",
		[]Vertex{{ID: "0a", Name: "Source: clicks", From: 2, To: 2}, {ID: "0b", Name: "work", From: 2, To: 4}},
		[]SetBounds{{Vertex: "0b", Name: "work", Before: Bounds{1, 2}, After: Bounds{1, 4}}})
}

func TestARescaleByHandIsExplained(t *testing.T) {
	e := setByHand()
	for name, c := range map[string]struct {
		write func(*strings.Builder) error
		want  string
	}{
		"history":      {func(b *strings.Builder) error { return WriteHistory(b, []Entry{e}, true) }, "\"orders\" (prod/a1)\n  2026-07-01 12:00:00 UTC  rescale: by hand of anna: bounds work 1:2 -> 1:4\n"},
		"last rescale": {func(b *strings.Builder) error { return WriteLastRescale(b, e, true) }, "last rescaled 2026-07-01 12:00:00 UTC: by hand of anna: bounds work 1:2 -> 1:4\n"},
		"in short": {
			func(b *strings.Builder) error { return WriteExplanation(b, e, false) },
			"2026-07-01 12:00:00 UTC  \"orders\" (prod/a1): rescale by hand of anna: bounds work 1:2 -> 1:4\n  work                           2            bounds 1:2 -> 1:4\n",
		},
		"in full": {
			func(b *strings.Builder) error { return WriteExplanation(b, e, true) },
			"2026-07-01 12:00:00 UTC  \"orders\" (prod/a1): rescale by hand of anna: bounds work 1:2 -> 1:4\n  work                           2            bounds 1:2 -> 1:4\n",
		},
	} {
		var b strings.Builder
		if err := c.write(&b); err != nil || b.String() != c.want {
			t.Errorf("%s: %v\n%swant\n%s", name, err, b.String(), c.want)
		}
	}
	stories := e.Stories()
	if stories[0].Figures != "its bounds stay" || stories[1].Figures != "bounds 1:2 -> 1:4, set by anna" || stories[1].To != 4 {
		t.Errorf("stories %+v", stories)
	}
}

// A rescale that ended before a person set bounds is told of once.
func TestARescaleByHandDoesNotTellAnEndAgain(t *testing.T) {
	hand := setByHand()
	ended := hand.Time.Add(-time.Hour)
	act := &Act{Decided: ended.Add(-time.Minute), Ended: &ended, Phase: string(autoscaler.PhaseDone)}
	pass := func(at time.Time) Entry {
		return Entry{Time: at, Job: "a1", Scope: "scale", Action: ActionHold, Reason: "within-bounds", Act: act}
	}
	first := Entry{Time: act.Decided, Job: "a1", Scope: "scale", Action: ActionHold, Reason: "within-bounds"}
	var b strings.Builder
	if err := WriteHistory(&b, []Entry{first, pass(ended), hand, pass(hand.Time.Add(time.Minute))}, false); err != nil || strings.Count(b.String(), ": done") != 1 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestARescaleByHandIsKeptInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	file, err := OpenFile(path, 1<<20, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	e := setByHand()
	if err := file.RecordByHand(t.Context(), autoscaler.JobKey{Cluster: "prod", Job: "a1"}, e); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back Entry
	var line Line
	if err := errors.Join(json.Unmarshal(text, &back), json.Unmarshal(text, &line)); err != nil || line.Action != ActionScale || line.Reason != ReasonByHand {
		t.Errorf("%v, %+v", err, line)
	}
	if back.ByHand == nil || back.ByHand.By != "anna" || len(back.ByHand.Bounds) != 1 || back.ByHand.Bounds[0] != e.ByHand.Bounds[0] || back.Detail != e.Detail {
		t.Errorf("%+v", back)
	}
	if v := back.Vertices[1]; v.To != 4 || !math.IsNaN(float64(v.Busy)) || !math.IsNaN(float64(v.Lag)) {
		t.Errorf("%+v; want no figure", v)
	}
}

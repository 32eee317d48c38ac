package decisions

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scaling"
)

func TestAReportReadsWellInBothKindsOfLog(t *testing.T) {
	want := []string{
		"rescale 1 vertex",
		"keyed work -> Map -> Filter b… 2 -> 4: can do 2012/s and needs 3716/s",
		"Sink: out 1: not judged: what it can do, or has to do, is not known",
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("decision", slog.Any("why", Why{scene("measured")}))
	var line struct{ Why []string }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || strings.Contains(log.String(), `\u003e`) {
		t.Errorf("%v: %s", err, &log)
	}
	if diff := cmp.Diff(want, line.Why); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	log.Reset()
	slog.New(slog.NewTextHandler(&log, nil)).Info("decision", slog.Any("why", Why{scene("measured")}))
	if text := `why="` + strings.Join(want, " | ") + `"`; !strings.Contains(log.String(), text) {
		t.Errorf("text:\ngot  %swant %s", &log, text)
	}
}

func TestALogNamesOnlyTheVerticesThereIsMoreToSayOf(t *testing.T) {
	for name, want := range map[string]int{"filling": 1, "steady": 2, "memory": 1, "blocked": 4, "held": 3, "not-judged": 5, "scale": 3} {
		lines := Why{scene(name)}.LogValue().Any().(LogLines)
		if len(lines) != want {
			t.Errorf("%s: %d lines, want %d:\n%s", name, len(lines), want, strings.Join(lines, "\n"))
		}
	}
	waits := scene("held")
	waits.Decision.Vertices[0].Outside = true
	lines := Why{waits}.LogValue().Any().(LogLines)
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Source: clicks 2 (1 wanted): ") }) {
		t.Errorf("what waits out of its bounds is not named:\n%s", strings.Join(lines, "\n"))
	}
}

// The changed vertices come first, and of many the number is told.
func TestALogLineIsShort(t *testing.T) {
	wide := scene("wide")
	why := Why{wide}.LogValue().Any().(LogLines)
	want := LogLines{"rescale 1 vertex", "step 7 of the pipeline -> Map 2 -> 4: can do 2012/s and needs 2900/s (demand 3, alignment 4)"}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name := range scenes {
		r := scene(name)
		r.Decision.Detail += strings.Repeat(" and so on", 100)
		for i := range r.Decision.Vertices {
			v := &r.Decision.Vertices[i]
			v.Reason = scaling.ReasonSkewed
			if i == len(r.Decision.Vertices)-1 {
				v.To, v.Outside = v.From+1, true
			}
		}
		why := Why{r}.LogValue().Any().(LogLines)
		if n := len([]rune(why.String())); n >= 600 {
			t.Errorf("%s: %d characters: %s", name, n, why)
		}
		if name == "wide" && (!strings.HasPrefix(why[1], "step 7") || !strings.HasPrefix(why[2], "step 8") || !strings.HasPrefix(why[len(why)-1], "and ")) {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// A logger that wants nothing, or that keeps the line for later, costs no words.
func TestNothingIsRenderedBeforeAHandlerAsks(t *testing.T) {
	r := scene("scale")
	r.Decision.Vertices[1].Guards = slices.Repeat([]scaling.Guard{{Rule: scaling.RuleDemand, Before: 2, After: 9, Have: 2012, Limit: 8900}}, 1000)
	log := slog.New(slog.NewTextHandler(new(bytes.Buffer), &slog.HandlerOptions{Level: slog.LevelWarn}))
	cost := testing.AllocsPerRun(100, func() {
		log.LogAttrs(t.Context(), slog.LevelInfo, "decision", slog.Any("why", Why{r}))
	})
	if cost > 0 {
		t.Errorf("%v allocations for a line that nobody reads", cost)
	}
}

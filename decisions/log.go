package decisions

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Why explains a report in a log, shortly: what is done with the job in a
// sentence, then a line for each vertex that is changed or held back, those that
// are changed first. It has less than 600 characters. Nothing is rendered before a
// handler asks for it.
type Why struct{ Report *autoscaler.Report }

var _ slog.LogValuer = Why{}

// The bounds of a text for the log, in characters: whole, and of its parts.
const (
	mostLogged  = 560
	mostSummary = 240
	mostOfOne   = 200
)

// LogValue implements [slog.LogValuer].
func (w Why) LogValue() slog.Value {
	e := New(w.Report)
	lines := LogLines{shorten(summary(&e), mostSummary)}
	if line := lastRescale(&e); line != "" && e.Action != ActionScale {
		lines = append(lines, shorten(line, mostOfOne))
	}
	return slog.AnyValue(lines.with(tellingOf(&e)))
}

// with appends a line for each vertex as long as there is room.
func (l LogLines) with(vertices []*Vertex) LogLines {
	room := mostLogged - utf8.RuneCountInString(l.String())
	for i, v := range vertices {
		line := shorten(logged(v), mostOfOne)
		if room -= utf8.RuneCountInString(line) + len(bar); room < 0 {
			return append(l, fmt.Sprintf("and %s", plural(len(vertices)-i, "vertex more", "vertices more")))
		}
		l = append(l, line)
	}
	return l
}

func tellingOf(e *Entry) []*Vertex {
	var all []*Vertex
	for i := range e.Vertices {
		if v := &e.Vertices[i]; telling(v) {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b *Vertex) int { return cmp.Compare(weight(b), weight(a)) })
	return all
}

// logged says why a vertex changes, or why not.
func logged(v *Vertex) string {
	text := fmt.Sprintf("%s %s: ", shorten(v.Name, nameWidth), arrow(v))
	if acts(v) {
		return text + cause(v, "can do", "needs")
	}
	return text + standing(v)
}

// telling tells whether more is to be said of a vertex than its figures. A wish
// within its bounds comes and goes with every sample.
func telling(v *Vertex) bool {
	switch scaling.Reason(v.Reason) {
	case "", scaling.ReasonSteady:
		return v.To != v.From
	case scaling.ReasonWithinBounds, scaling.ReasonDelayed, scaling.ReasonSaturated:
		return v.To != v.From || v.OutOfBounds
	}
	return true
}

// LogLines are lines of a log attribute: an array in JSON, one text with bars
// between the lines elsewhere.
type LogLines []string

// MarshalText implements [encoding.TextMarshaler].
func (l LogLines) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// MarshalJSON implements [json.Marshaler].
func (l LogLines) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // for the arrows
	err := encoder.Encode([]string(l))
	return text.Bytes(), err
}

// String is the lines with bars between them.
func (l LogLines) String() string { return strings.Join(l, bar) }

const bar = " | "

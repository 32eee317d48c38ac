package decisions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/scaling"
)

const (
	// mostExplained is how many vertices a short text explains in full.
	mostExplained = 5
	// mostListed is how many more of them it names.
	mostListed = 10
	// mostAlike is how many vertices that there is nothing to say of, or the same of
	// each, have a line of their own; of more the number is told.
	mostAlike = 3
)

// writeShort writes what there is to say of the vertices in a few lines.
func writeShort(b *strings.Builder, e *Entry) {
	if e.ByHand != nil {
		writeByHand(b, e)
		return
	}
	explained, listed := acting(e)
	for i := range e.Vertices {
		if v := &e.Vertices[i]; slices.Contains(explained, v) {
			writeVertex(b, e, v, true)
		}
	}
	for _, v := range listed[:min(mostListed, len(listed))] {
		writeLine(b, v, figures(v))
	}
	if n := len(listed) - mostListed; n > 0 {
		fmt.Fprintf(b, "  %s changed or held back; --all shows them\n", more(n, "is", "are"))
	}
	writeAlike(b, e, len(explained)+len(listed) > 0)
}

// acting are the vertices that change, are out of bounds or are held back: those
// that tell most, in the order of their weight, and the rest.
func acting(e *Entry) (first, rest []*Vertex) {
	var all []*Vertex
	for i := range e.Vertices {
		if v := &e.Vertices[i]; acts(v) {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b *Vertex) int { return cmp.Compare(weight(b), weight(a)) })
	n := min(mostExplained, len(all))
	return all[:n], all[n:]
}

func acts(v *Vertex) bool {
	if v.To != v.From || v.OutOfBounds {
		return true
	}
	return blocked(v) && telling(v)
}

// weight puts what started a rescale before what is put right with it.
func weight(v *Vertex) int {
	w := 0
	if v.To != v.From {
		w += 2
	}
	if v.OutOfBounds {
		w++
	}
	return w
}

// alike are vertices of which the same is to be said.
type alike struct {
	text     string
	vertices []*Vertex
}

// writeAlike writes a line for each vertex that stays as it is, or for many.
func writeAlike(b *strings.Builder, e *Entry, others bool) {
	var groups []alike
	for i := range e.Vertices {
		v := &e.Vertices[i]
		if acts(v) {
			continue
		}
		text := standing(v)
		at := slices.IndexFunc(groups, func(g alike) bool { return g.text == text })
		if at < 0 {
			at, groups = len(groups), append(groups, alike{text: text})
		}
		groups[at].vertices = append(groups[at].vertices, v)
	}
	for _, g := range groups {
		g.write(b, others || len(groups) > 1)
	}
}

func (g *alike) write(b *strings.Builder, others bool) {
	if n := len(g.vertices); n > mostAlike {
		number := fmt.Sprintf("%d vertices are", n)
		if others {
			number = more(n, "is", "are")
		}
		fmt.Fprintf(b, "  %s %s; --all shows them\n", number, g.text)
		return
	}
	for _, v := range g.vertices {
		text := figures(v)
		switch why := vertexReasons[scaling.Reason(v.Reason)]; {
		case g.text != inOrder && g.text != unjudged:
			text = g.text
		case v.Recommended != v.From && why != "":
			text += "; " + why
		}
		writeLine(b, v, text)
	}
}

const (
	inOrder  = "in order"
	unjudged = "not judged yet"
)

// standing says how a vertex stands that stays as it is.
func standing(v *Vertex) string {
	reason := scaling.Reason(v.Reason)
	text, known := vertexReasons[reason]
	switch {
	case reason == "":
		return unjudged
	case !telling(v):
		return inOrder
	case known:
		return text
	}
	return v.Reason
}

func writeLine(b *strings.Builder, v *Vertex, text string) {
	fmt.Fprintf(b, "  %-*s %-12s %s\n", nameWidth, shorten(v.Name, nameWidth), arrow(v), text)
}

func more(n int, is, are string) string {
	if n == 1 {
		return "1 more vertex " + is
	}
	return fmt.Sprintf("%d more vertices %s", n, are)
}

// mostRescaled is how many vertices the line about the last rescale names.
const mostRescaled = 3

// rescaled says of a rescale in a line which vertices and why.
func rescaled(e *Entry) string {
	if e.ByHand != nil {
		return rescaledByHand(e)
	}
	var changed []*Vertex
	for i := range e.Vertices {
		if v := &e.Vertices[i]; v.To != v.From {
			changed = append(changed, v)
		}
	}
	slices.SortStableFunc(changed, func(a, b *Vertex) int { return cmp.Compare(weight(b), weight(a)) })
	var parts []string
	for _, v := range changed[:min(mostRescaled, len(changed))] {
		parts = append(parts, fmt.Sprintf("%s %s, because it %s", shorten(v.Name, nameWidth), arrow(v), cause(v, "could do", "needed")))
	}
	if n := len(changed) - mostRescaled; n > 0 {
		parts = append(parts, fmt.Sprintf("and %d more; --all shows them", n))
	}
	return strings.Join(parts, "; ")
}

// cause says shortly why a vertex gets the parallelism that it gets: what it can
// do and needs, and the result of each rule that changed the number after that.
func cause(v *Vertex, can, needs string) string {
	text := can + " " + rate(v.TrueProcessingRate)
	var ruled []string
	for _, g := range v.Guards {
		demand := scaling.Rule(g.Rule) == scaling.RuleDemand
		if demand {
			text += fmt.Sprintf(" and %s %s", needs, rate(g.Limit))
		}
		switch {
		case g.Blocked:
			ruled = append(ruled, g.Rule+" keeps "+subtasks(g.After))
		case g.Before != g.After:
			ruled = append(ruled, g.Rule+" "+subtasks(g.After))
		}
	}
	if len(ruled) > 1 || len(ruled) == 1 && scaling.Rule(v.Guards[0].Rule) != scaling.RuleDemand || blocked(v) {
		text += " (" + strings.Join(ruled, ", ") + ")"
	}
	return text
}

func blocked(v *Vertex) bool {
	return slices.ContainsFunc(v.Guards, func(g Guard) bool { return g.Blocked })
}

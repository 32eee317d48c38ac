package decisions

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// WriteText explains an entry in a few lines: what is done with the job and
// why, each vertex with its figures, and under it every rule that shaped its
// parallelism. Times are UTC.
func WriteText(w io.Writer, e Entry) error {
	var b strings.Builder
	writeEntry(&b, &e, false)
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteExplanation is what WriteText says in a few lines, with the time of the
// decision and the arithmetic of the vertices that change, are out of bounds or
// are held back. With all it has a line for every vertex and the arithmetic of
// each, also of one that stays as it is: how its figures were measured and how
// many subtasks they ask for.
func WriteExplanation(w io.Writer, e Entry, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  ", fullMoment(e.Time))
	if all {
		writeEntry(&b, &e, true)
	} else {
		writeHead(&b, &e)
		writeShort(&b, &e)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteLastRescale says in a line when a job was last rescaled and why; with all
// it has the arithmetic of each vertex that was.
func WriteLastRescale(w io.Writer, e Entry, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "last rescaled %s: ", fullMoment(e.Time))
	switch {
	case !all || e.ByHand != nil:
		fmt.Fprintf(&b, "%s\n", rescaled(&e))
	default:
		b.WriteString("\n")
		for i := range e.Vertices {
			if v := &e.Vertices[i]; v.To != v.From {
				writeVertex(&b, &e, v, true)
			}
		}
	}
	_, err := io.WriteString(w, strings.Replace(b.String(), ": \n", ":\n", 1))
	return err
}

func writeHead(b *strings.Builder, e *Entry) {
	fmt.Fprintf(b, "%s: %s\n", title(e), summary(e))
	if line := lastRescale(e); line != "" {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

func writeEntry(b *strings.Builder, e *Entry, full bool) {
	writeHead(b, e)
	if e.ByHand != nil {
		writeByHand(b, e)
		return
	}
	for i := range e.Vertices {
		writeVertex(b, e, &e.Vertices[i], full)
	}
}

// unnamed is how a running Sluice calls a cluster that has no name.
const unnamed = "-"

func title(e *Entry) string {
	job := e.Job
	if e.Cluster != "" && e.Cluster != unnamed {
		job = e.Cluster + "/" + job
	}
	if e.Name != "" {
		return fmt.Sprintf("%q (%s)", e.Name, job)
	}
	return job
}

// summary says in a sentence what is done with the job.
func summary(e *Entry) string {
	changes := 0
	for i := range e.Vertices {
		if e.Vertices[i].To != e.Vertices[i].From {
			changes++
		}
	}
	reason := scaling.Reason(e.Reason)
	switch {
	case e.ByHand != nil:
		return "rescale " + rescaledByHand(e)
	case e.Action == ActionScale:
		return fmt.Sprintf("rescale %s", plural(changes, "vertex", "vertices"))
	case reason == scaling.ReasonWindowNotFull && e.WindowFullAt != nil:
		return fmt.Sprintf("no decision yet: the metric window is full at %s", moment(*e.WindowFullAt, e.Time))
	case reason == scaling.ReasonWindowNotFull:
		return "no decision yet: " + because(e)
	case changes > 0:
		return fmt.Sprintf("would rescale %s, but %s", plural(changes, "vertex", "vertices"), because(e))
	}
	switch reason {
	case scaling.ReasonUnknownRate, scaling.ReasonFault, reasonError:
		return "no decision: " + because(e)
	}
	return "no change: " + because(e)
}

// lastRescale tells of a rescale that is not simply done.
func lastRescale(e *Entry) string {
	if e.Act == nil {
		return ""
	}
	decided := moment(e.Act.Decided, e.Time)
	switch autoscaler.Phase(e.Act.Phase) {
	case autoscaler.PhaseIntended:
		return fmt.Sprintf("rescale of %s: decided, and not known to have reached Flink", decided)
	case autoscaler.PhaseRequested:
		return fmt.Sprintf("rescale of %s: asked for, not running yet", decided)
	case autoscaler.PhaseFailed:
		why := e.Act.Detail
		if why == "" {
			why = jobReasons[scaling.Reason(e.Act.Reason)]
		}
		if why != "" {
			return fmt.Sprintf("rescale of %s: failed: %s", decided, why)
		}
	}
	return ""
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// moment is a time of day, with the date when it is not the day of near.
func moment(t, near time.Time) string {
	t, near = t.UTC(), near.UTC()
	if t.Format(time.DateOnly) != near.Format(time.DateOnly) {
		return fullMoment(t)
	}
	return t.Format(time.TimeOnly) + " UTC"
}

func fullMoment(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }

const nameWidth = 30

func writeVertex(b *strings.Builder, e *Entry, v *Vertex, full bool) {
	writeLine(b, v, figures(v))
	for _, line := range explanations(e, v, full) {
		fmt.Fprintf(b, "      %s\n", line)
	}
}

// arrow is what becomes of a vertex's parallelism.
func arrow(v *Vertex) string {
	switch {
	case v.To != v.From:
		return fmt.Sprintf("%d -> %d", v.From, v.To)
	case v.Recommended != v.From:
		return fmt.Sprintf("%d (%d wanted)", v.From, v.Recommended)
	}
	return fmt.Sprintf("%d", v.From)
}

// explanations are the lines under a vertex; full shows the arithmetic of one
// that stays as it is too.
func explanations(e *Entry, v *Vertex, full bool) []string {
	var lines []string
	if full {
		lines = append(lines, measured(v)...)
	}
	if v.OutOfBounds {
		lines = append(lines, "out of bounds: it should be able to do "+between(v.ScaleUpBelow, v.ScaleDownAbove))
	}
	if v.ClockDoubtful {
		lines = append(lines, "doubtful: Flink does not say how long it was busy, the time of the answers stands in")
	}
	ruled, spoken := ruleLines(e, v, full)
	lines = append(lines, ruled...)
	// Of a vertex that is right as it is the division says so, or nobody asked.
	reason := scaling.Reason(v.Reason)
	if text, known := vertexReasons[reason]; known && !spoken && reason != scaling.ReasonSteady {
		lines = append(lines, text)
	}
	return lines
}

// ruleLines say what each rule did. spoken is true when one of them did anything;
// of the others full shows the demand.
func ruleLines(e *Entry, v *Vertex, full bool) (lines []string, spoken bool) {
	for _, g := range v.Guards {
		telling, demand := g.Before != g.After || g.Blocked, scaling.Rule(g.Rule) == scaling.RuleDemand
		spoken = spoken || telling
		if !telling && !(demand && full) {
			continue
		}
		if demand {
			lines = append(lines, need(e, v, g))
		}
		lines = append(lines, sentence(e, v, g))
	}
	return lines, spoken
}

// measured says how what a vertex can do was worked out, where that is not
// plain: by its busy time, or by what it was seen to do while it caught up.
func measured(v *Vertex) []string {
	able, byBusy := v.TrueProcessingRate, v.ProcessedRate/v.TrueProcessingRate
	switch {
	case !finite(able) || able <= 0:
		return nil
	case v.ProcessedRate > 0 && math.Abs(float64(byBusy-v.Busy)) <= 0.0006:
		return []string{fmt.Sprintf("can do %s: it read %s/s while %s busy, and %s / %s is %s",
			rate(able), v.ProcessedRate.exact(), (100*byBusy).exact()+" %", v.ProcessedRate.exact(), byBusy.exact(), able.exact())}
	case v.ObservedRate == able:
		return []string{fmt.Sprintf("can do %s: so much it was seen to read while it caught up", rate(able))}
	}
	return nil
}

func figures(v *Vertex) string {
	text := fmt.Sprintf("busy %s, can do %s, has to do %s", v.Busy.percent(), rate(v.TrueProcessingRate), rate(v.TargetRate))
	// Nothing is said of differences that nobody would see in the result.
	if v.PeakRate > v.TargetRate*1.01 {
		text += ", newest " + rate(v.PeakRate)
	}
	// Some records always wait; below a thousandth of the load they say nothing.
	if v.CatchUpRate > v.TargetRate/1000 {
		text += fmt.Sprintf(" and %s of backlog", rate(v.CatchUpRate))
		if v.Lag > 0 {
			text += fmt.Sprintf(", %s records behind", v.Lag)
		}
	}
	return text
}

// between are bounds of a rate.
func between(least, most Figure) string {
	if math.IsInf(float64(most), 1) {
		return "at least " + rate(least)
	}
	return fmt.Sprintf("%s to %s", least, rate(most))
}

// rate is a number of records per second.
func rate(f Figure) string {
	switch f.String() {
	case textUnknown:
		return "an unknown rate"
	case textUnlimited:
		return "any rate"
	}
	return f.String() + "/s"
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

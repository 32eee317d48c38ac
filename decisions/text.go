package decisions

import (
	"fmt"
	"io"
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
	fmt.Fprintf(&b, "%s: %s\n", title(e), summary(e))
	if line := lastRescale(e); line != "" {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	for i := range e.Vertices {
		writeVertex(&b, &e.Vertices[i], e.Time)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func title(e Entry) string {
	job := e.Job
	if e.Cluster != "" {
		job = e.Cluster + "/" + job
	}
	if e.Name != "" {
		return fmt.Sprintf("%q (%s)", e.Name, job)
	}
	return job
}

// summary says in a sentence what is done with the job.
func summary(e Entry) string {
	changes := 0
	for i := range e.Vertices {
		if e.Vertices[i].To != e.Vertices[i].From {
			changes++
		}
	}
	switch {
	case e.Action == ActionScale:
		return fmt.Sprintf("rescale %s", plural(changes, "vertex", "vertices"))
	case e.Reason == string(scaling.ReasonWindowNotFull) && e.WindowFullAt != nil:
		return fmt.Sprintf("no decision yet: the metric window is full at %s", moment(*e.WindowFullAt, e.Time))
	case e.Reason == string(scaling.ReasonUnknownRate):
		return "no decision: " + because(e)
	case changes > 0:
		return fmt.Sprintf("would rescale %s, but %s", plural(changes, "vertex", "vertices"), because(e))
	}
	return "no change: " + because(e)
}

// because is the reason in words, with its name in brackets where the words
// differ from one time to the next.
func because(e Entry) string {
	if e.Detail != "" {
		return fmt.Sprintf("%s (%s)", e.Detail, e.Reason)
	}
	if text, known := jobReasons[scaling.Reason(e.Reason)]; known {
		return text
	}
	if e.Why != "" {
		return fmt.Sprintf("%s (%s)", e.Why, e.Reason)
	}
	return e.Reason
}

var jobReasons = map[scaling.Reason]string{
	scaling.ReasonWithinBounds:    "every vertex is within its utilization bounds",
	scaling.ReasonWindowNotFull:   "the metric window is not full yet",
	scaling.ReasonScalingDisabled: "job.autoscaler.scaling.enabled is false",
	scaling.ReasonNoCapacity:      "what a vertex can do, or has to do, is not known",
	scaling.ReasonNotScalable:     "a vertex that no parallelism helps holds the job back",
	scaling.ReasonGCPressure:      "garbage collection takes too much time; give the TaskManagers more memory first",
	scaling.ReasonHeapUsage:       "the heap is too full; give the TaskManagers more memory first",
}

// lastRescale tells of a rescale that is not simply done.
func lastRescale(e Entry) string {
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
		if e.Act.Detail != "" {
			return fmt.Sprintf("rescale of %s: failed: %s", decided, e.Act.Detail)
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
		return t.Format(time.DateTime) + " UTC"
	}
	return t.Format(time.TimeOnly) + " UTC"
}

const nameWidth = 30

func writeVertex(b *strings.Builder, v *Vertex, at time.Time) {
	arrow := fmt.Sprintf("%d", v.From)
	if v.To != v.From {
		arrow = fmt.Sprintf("%d -> %d", v.From, v.To)
	} else if v.Recommended != v.From {
		arrow = fmt.Sprintf("%d (%d wanted)", v.From, v.Recommended)
	}
	fmt.Fprintf(b, "  %-*s %-12s %s\n", nameWidth, shorten(v.Name, nameWidth), arrow, figures(v))
	for _, line := range explanations(v, at) {
		fmt.Fprintf(b, "      %s\n", line)
	}
}

// explanations are the lines under a vertex.
func explanations(v *Vertex, at time.Time) []string {
	var lines []string
	if v.OutOfBounds {
		lines = append(lines, fmt.Sprintf("out of bounds: it should be able to do %s to %s", v.ScaleUpBelow, rate(v.ScaleDownAbove)))
	}
	if v.ClockDoubtful {
		lines = append(lines, "doubtful: Flink does not say how long it was busy, the time of the answers stands in")
	}
	if text, known := vertexReasons[scaling.Reason(v.Reason)]; known {
		lines = append(lines, text)
	}
	for _, g := range v.Guards {
		if g.Before != g.After || g.Blocked {
			lines = append(lines, sentence(g, at))
		}
	}
	return lines
}

// vertexReasons are those that no rule speaks for.
var vertexReasons = map[scaling.Reason]string{
	scaling.ReasonExcluded:   "not judged: job.autoscaler.vertex.exclude.ids names it, or its metrics are unusable",
	scaling.ReasonFinished:   "not judged: it has finished",
	scaling.ReasonPinned:     "not scaled: the job's user set both its bounds to the same value",
	scaling.ReasonNoCapacity: "not judged: what it can do, or has to do, is not known",
}

func figures(v *Vertex) string {
	text := fmt.Sprintf("busy %s, can do %s, has to do %s", v.Busy.percent(), rate(v.TrueProcessingRate), rate(v.TargetRate))
	// Some records always wait; below a thousandth of the load they say nothing.
	if v.CatchUpRate > v.TargetRate/1000 {
		text += fmt.Sprintf(" and %s of backlog", rate(v.CatchUpRate))
	}
	if v.CatchUpRate > v.TargetRate/1000 && v.Lag > 0 {
		text += fmt.Sprintf(", %s records behind", v.Lag)
	}
	return text
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

package decisions

import (
	"fmt"
	"io"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
)

// WriteHistory writes decisions about one job as a table, oldest first as they are
// given: when, what was done with the job and why, and how each rescale ended. With
// rescales it leaves out the decisions that are none. Times are UTC.
func WriteHistory(w io.Writer, entries []Entry, rescales bool) error {
	var b strings.Builder
	if len(entries) > 0 {
		fmt.Fprintf(&b, "%s\n", title(&entries[len(entries)-1]))
	}
	told := ""
	for i := range entries {
		e := &entries[i]
		if line := ending(e); line != told && e.ByHand == nil {
			if told = line; line != "" && i > 0 {
				fmt.Fprintf(&b, "  %s  %s\n", fullMoment(*e.Act.Ended), line)
			}
		}
		if e.Action == ActionScale || !rescales {
			fmt.Fprintf(&b, "  %s  %s\n", fullMoment(e.Time), happened(e))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// happened is a decision in a line.
func happened(e *Entry) string {
	if e.Action == ActionScale {
		return "rescale: " + rescaled(e)
	}
	return summary(e)
}

// ending says how the rescale that an entry knows of ended; empty for one that
// has not, and for the entry's own.
func ending(e *Entry) string {
	if e.Act == nil || e.Act.Ended == nil || !e.Act.Decided.Before(e.Time) {
		return ""
	}
	decided := moment(e.Act.Decided, *e.Act.Ended)
	if autoscaler.Phase(e.Act.Phase) != autoscaler.PhaseFailed {
		return fmt.Sprintf("rescale of %s: done", decided)
	}
	if line := lastRescale(e); line != "" {
		return line
	}
	return fmt.Sprintf("rescale of %s: failed", decided)
}

package demo

import (
	"fmt"
	"io"
	"time"
)

// Lines tells a demo line by line: what happens, and once an hour how it stands.
type Lines struct {
	out  io.Writer
	next time.Time
}

// NewLines tells a demo that begins at start.
func NewLines(out io.Writer, start time.Time) *Lines {
	return &Lines{out: out, next: start.Add(time.Hour)}
}

// Show takes a step in.
func (l *Lines) Show(s Step) {
	for _, n := range s.News {
		fmt.Fprintf(l.out, "%s  %s\n", n.At.Format("15:04:05"), n.Text)
	}
	if s.At.Before(l.next) {
		return
	}
	l.next = l.next.Add(time.Hour)
	fmt.Fprintf(l.out, "%s  load %s/s, capacity %s/s, lag %s, %d slots\n",
		s.At.Format("15:04:05"), count(s.Load), count(s.Capacity), s.Lag.Round(time.Second), s.Slots)
}

// WriteText says in a few lines what a demo came to.
func (r Result) WriteText(w io.Writer) error {
	saved := 0.0
	if r.SlotHoursAtFixedPeak > 0 {
		saved = 100 * (1 - r.SlotHours/r.SlotHoursAtFixedPeak)
	}
	_, err := fmt.Fprintf(w, "%.1f hours in %.0f s: %d rescales, %d changes of a vertex; more than %.0f min behind for %.1f min\n"+
		"%.0f slot-hours; a job of fixed size for the peak of the day takes %.0f: %.0f %% saved\n",
		r.VirtualHours, r.WallSeconds, r.Rescales, len(r.Decisions), LagObjective.Minutes(), r.LagViolationMinutes,
		r.SlotHours, r.SlotHoursAtFixedPeak, saved)
	return err
}

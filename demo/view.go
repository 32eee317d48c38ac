package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	columns = 48 // of a sparkline, half an hour each
	lines   = 8  // of news
	frame   = 100 * time.Millisecond
)

// View draws a demo on a terminal, over and over in the same place.
type View struct {
	out   io.Writer
	title string
	now   func() time.Time
	drawn time.Time
	tall  int // lines that were drawn

	start, end                 time.Time
	load, capacity, lag, slots *series
	vertices                   []*series
	last                       Sample
	news                       []string
}

// NewView draws to a terminal. now is the real clock, by which it is not drawn more
// often than can be seen.
func NewView(out io.Writer, title string, start, end time.Time, now func() time.Time) *View {
	return &View{
		out: out, title: title, now: now, start: start, end: end, load: newSeries(columns, false),
		capacity: newSeries(columns, false), lag: newSeries(columns, true), slots: newSeries(columns, true),
	}
}

// Show takes a step in, and draws it if it is time.
func (v *View) Show(s Step) {
	part := float64(s.At.Sub(v.start)) / float64(v.end.Sub(v.start))
	v.load.add(part, s.Load)
	if s.Running {
		v.capacity.add(part, s.Capacity)
	}
	v.lag.add(part, s.Lag.Seconds())
	v.slots.add(part, float64(s.Slots))
	for i, p := range s.Parallelism {
		if i == len(v.vertices) {
			v.vertices = append(v.vertices, newSeries(columns, true))
		}
		if s.Running {
			v.vertices[i].add(part, float64(p))
		}
	}
	for _, n := range s.News {
		v.news = append(v.news, n.At.Format("15:04:05")+"  "+n.Text)
	}
	v.news = v.news[max(0, len(v.news)-lines):]
	v.last = s.Sample
	if now := v.now(); now.Sub(v.drawn) >= frame {
		v.drawn = now
		v.draw()
	}
}

// Close draws the end.
func (v *View) Close() {
	v.draw()
	fmt.Fprintln(v.out)
}

func (v *View) draw() {
	var b strings.Builder
	if v.tall > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", v.tall) // up to where it began
	}
	v.tall = 0
	put := func(text string) {
		b.WriteString(cut(text))
		b.WriteString("\x1b[K\n")
		v.tall++
	}
	put(v.title)
	put("")
	top := max(v.load.max(), 1)
	state := ""
	if !v.last.Running {
		state = "restarting"
	}
	put(row(v.last.At.Format("15:04:05"), axis, state))
	put(row("load", v.load.line(top), count(v.last.Load)+"/s"))
	put(row("capacity", v.capacity.line(top), count(v.last.Capacity)+"/s"))
	put(row("lag", v.lag.line(max(v.lag.max(), LagObjective.Seconds())), v.last.Lag.Round(time.Second).String()))
	put(row("slots", v.slots.line(v.slots.max()), fmt.Sprint(v.last.Slots)))
	put("")
	for i, s := range v.vertices {
		put(row(v.last.Names[i], s.line(v.slots.max()), fmt.Sprint(v.last.Parallelism[i])))
	}
	put("")
	for i := range lines {
		text := ""
		if i < len(v.news) {
			text = v.news[i]
		}
		put(text)
	}
	_, _ = io.WriteString(v.out, b.String()) // a terminal that is gone takes the process along
}

// axis are the hours of the day.
const axis = "0h          6h          12h         18h         "

func row(name, line, value string) string { return fmt.Sprintf("%-12s %s %s", name, line, value) }

// widest is as many characters as every terminal has in a line.
const widest = 79

// cut keeps a text on one line.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= widest {
		return text
	}
	return string([]rune(text)[:widest-1]) + "…"
}

// count is a rate in few digits.
func count(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.1fM", x/1e6)
	case x >= 1e4:
		return fmt.Sprintf("%.0fk", x/1e3)
	case x >= 1e3:
		return fmt.Sprintf("%.1fk", x/1e3)
	}
	return fmt.Sprintf("%.0f", x)
}

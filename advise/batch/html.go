package batch

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed report.html
var reportPage string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"plural": plural, "seconds": seconds, "figure": figure, "skew": skew, "count": count, "was": orNone, "now": Setting.now,
	"headline": func(a Advice) string { return a.headline() },
	"amount":   func(bytes int64) string { return amount(float64(bytes)) },
	"took":     func(v VertexAdvice) string { return seconds(v.End - v.Start) },
	"why":      func(reasons []string) string { return strings.Join(reasons, "; ") },
	"date":     func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"left":     func(r *Report) []leftOut { return r.leftBy() },
	"bars":     bars, "timeline": timelineOf,
}).Parse(reportPage))

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	if err := page.Execute(&b, r); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// box is a rectangle of a drawing, in its units.
type box struct {
	X, Y, W, H   string
	Class, Title string
}

func boxOf(x, y, w, h float64) box {
	return box{X: unit(x), Y: unit(y), W: unit(w), H: unit(h)}
}

func unit(x float64) string { return fmt.Sprintf("%.1f", x) }

// bars draws what each task had to do, many tasks put together by their largest.
func bars(tasks []int64) []box {
	const width, height, most = 130.0, 26.0, 65
	n := min(len(tasks), most)
	heights := make([]int64, n)
	var top int64
	for i, b := range tasks {
		at := i * n / len(tasks)
		heights[at] = max(heights[at], b)
		top = max(top, b)
	}
	if top == 0 {
		return nil
	}
	all := make([]box, 0, n)
	step := width / float64(n)
	for i, b := range heights {
		h := max(0.5, height*float64(b)/float64(top))
		all = append(all, boxOf(float64(i)*step, height-h, max(0.5, min(12, step*0.8)), h))
	}
	return all
}

// timeline is when each vertex ran, and when it would.
type timeline struct {
	Rows         []timelineRow
	Height, Axis string
	End          string
	Both         bool
}

type timelineRow struct {
	Name, Text string
	Bars       []box
}

func timelineOf(a Advice) *timeline {
	const left, width, row = 230.0, 660.0, 30.0
	t := &timeline{Both: a.Verdict == Change}
	end := 0.0
	for i := range a.Vertices {
		end = max(end, a.Vertices[i].End, a.Vertices[i].ThenEnd)
	}
	if end <= 0 {
		return nil
	}
	bar := func(from, to, y float64, class string) box {
		b := boxOf(left+width*from/end, y, max(1.5, width*(to-from)/end), 11)
		b.Class, b.Title = class, fmt.Sprintf("%s to %s", seconds(from), seconds(to))
		return b
	}
	for i := range a.Vertices {
		v, y := &a.Vertices[i], row*float64(i)
		r := timelineRow{Name: shorten(v.Name, 32), Text: unit(y + 15), Bars: []box{bar(v.Start, v.End, y+2, "had")}}
		if t.Both {
			r.Bars = append(r.Bars, bar(v.ThenStart, v.ThenEnd, y+14, "then"))
		}
		t.Rows = append(t.Rows, r)
	}
	t.Height, t.Axis = unit(row*float64(len(a.Vertices))+18), unit(row*float64(len(a.Vertices))+12)
	t.End = seconds(end)
	return t
}

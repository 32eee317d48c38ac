package demo

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestViewDrawsADay(t *testing.T) {
	begin := time.Date(2026, 7, 4, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	real := time.Unix(0, 0)
	v := NewView(&out, "a day", begin, begin.Add(24*time.Hour), func() time.Time { return real })
	for h := range 18 {
		real = real.Add(frame)
		step := Step{Sample: Sample{
			At: begin.Add(time.Duration(h) * time.Hour), Running: h != 9, Load: float64(1000 * h), Capacity: 12_000,
			Lag: time.Duration(h/9) * 20 * time.Second, Slots: 1 + h/4, Parallelism: []int{1 + h/4, 2}, Names: []string{"clicks", "warehouse"},
		}}
		if h%2 == 0 {
			step.News = []News{{step.At, "rescale clicks 1 → 2" + strings.Repeat(", and more", h)}}
		}
		v.Show(step)
	}
	frames := strings.Split(out.String(), "\x1b[")
	if len(frames) < 18 {
		t.Errorf("%d frames", len(frames))
	}
	out.Reset()
	v.Close()
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\x1b[K")
		if n := utf8.RuneCountInString(line); n > widest+len("\x1b[99A") {
			t.Errorf("%d characters in a line: %s", n, line)
		}
	}
	golden(t, "view.txt", strings.ReplaceAll(out.String(), "\x1b", "ESC"))
}

func TestViewIsNotDrawnMoreOftenThanCanBeSeen(t *testing.T) {
	begin := time.Date(2026, 7, 4, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	real := time.Unix(0, 0)
	v := NewView(&out, "a day", begin, begin.Add(24*time.Hour), func() time.Time { return real })
	for i := range 1000 {
		real = real.Add(time.Millisecond)
		v.Show(Step{Sample: Sample{At: begin.Add(time.Duration(i) * time.Second)}})
	}
	if n := strings.Count(out.String(), "a day"); n < 9 || n > 11 {
		t.Errorf("in a second it is drawn %d times", n)
	}
}

func TestResultsAreToldInWords(t *testing.T) {
	var out bytes.Buffer
	r := Result{VirtualHours: 24, WallSeconds: 3.2, Rescales: 20, LagViolationMinutes: 1.5, SlotHours: 110, SlotHoursAtFixedPeak: 264, Decisions: make([]Decision, 52)}
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	const want = "24.0 hours in 3 s: 20 rescales, 52 changes of a vertex; more than 1 min behind for 1.5 min\n" +
		"110 slot-hours; a job of fixed size for the peak of the day takes 264: 58 % saved\n"
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
}

package scaling

import (
	"testing"
	"time"
)

// A loop of 5 s that starts some milliseconds early or late divides a window of
// 30 s: once full, the counters estimator's window has to stay full.
func TestExtendStaysFullUnderAJitteringLoop(t *testing.T) {
	c := DefaultConfig()
	c.Estimator, c.MetricsWindow, c.Stabilization = Counters{}, 30*time.Second, 10*time.Second
	start := time.UnixMilli(0)
	var w Window
	filled := false
	for i := range 200 {
		jitter := time.Duration(i*7919%40-20) * time.Millisecond
		var f Fullness
		w, f = c.Extend(w, Sample{At: start.Add(time.Duration(i+1)*5*time.Second + jitter), RunningSince: start})
		if filled && !f.Full {
			t.Fatalf("pass %d: the window is not full any more", i)
		}
		filled = filled || f.Full
		if f.Full && w.Samples[1].At.Before(w.Latest().At.Add(-c.MetricsWindow)) {
			t.Fatalf("pass %d: more than one sample lies before the window", i)
		}
	}
	if !filled {
		t.Fatal("the window never filled")
	}
}

package scaling

import (
	"slices"
	"testing"
	"time"
)

func at(seconds float64) time.Time {
	return time.UnixMilli(1_700_000_000_000 + int64(1000*seconds))
}

// times are the seconds at which a window's samples were taken.
func times(w Window) []float64 {
	var seconds []float64
	for _, s := range w.Samples {
		seconds = append(seconds, s.At.Sub(at(0)).Seconds())
	}
	return seconds
}

func TestWindowFills(t *testing.T) {
	const length, stabilization = 30 * time.Second, 10 * time.Second
	every5 := func(from, to float64) (s []float64) {
		for x := from; x <= to; x += 5 {
			s = append(s, x)
		}
		return s
	}
	cases := []struct {
		name string
		// runs is when the job last became RUNNING as of a sample's time.
		runs    func(float64) float64
		samples []float64
		// The rest is as of the last sample.
		left                     []float64
		full, stabilizing, reset bool
		fullAt                   float64
	}{
		{"the first sample of a young job", nil, []float64{0}, []float64{0}, false, true, false, 40},
		{"samples are kept while stabilizing", nil, every5(0, 5), every5(0, 5), false, true, false, 40},
		{"the first stable sample counts", nil, every5(0, 10), every5(0, 10), false, false, false, 40},
		{"the window counts from the first stable sample, not from stability", nil, []float64{0, 8, 13, 18}, []float64{0, 8, 13, 18}, false, false, false, 43},
		{"one moment before it is full nothing is dropped", nil, append(every5(0, 35), 39.999), append(every5(0, 35), 39.999), false, false, false, 40},
		{"full at exactly its length, stabilization dropped", nil, every5(0, 40), every5(10, 40), true, false, false, 40},
		{"full windows slide", nil, every5(0, 100), every5(70, 100), true, false, false, 95},
		{"a sample as old as the length stays", nil, append(every5(0, 40), 42), append(every5(15, 40), 42), true, false, false, 40},
		{"a gap within the window does no harm at first", nil, append(every5(0, 50), every5(70, 80)...), append([]float64{50}, every5(70, 80)...), true, false, false, 75},
		{"a gap that reaches the tail makes it wait", nil, append(every5(0, 50), every5(70, 90)...), every5(70, 90), false, false, false, 100},
		{"and full again", nil, append(every5(0, 50), every5(70, 100)...), every5(70, 100), true, false, false, 100},
		{"a restart empties it", func(x float64) float64 {
			if x > 52 {
				return 52
			}
			return 0
		}, every5(0, 55), []float64{55}, false, true, true, 92},
		{"a restart before the earliest sample changes nothing", func(x float64) float64 { return -100 }, every5(0, 40), every5(10, 40), true, false, false, 35},
		{"a late sample finds its place", nil, []float64{0, 10, 20, 15}, []float64{0, 10, 15, 20}, false, false, false, 40},
		{"a second sample of one instant replaces the first", nil, []float64{0, 10, 20, 20}, []float64{0, 10, 20}, false, false, false, 40},
		{"a sample as long after the last as the window is full alone", nil, []float64{0, 10, 45}, []float64{45}, true, false, false, 40},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var w Window
			var f Fullness
			for _, x := range tc.samples {
				running := 0.0
				if tc.runs != nil {
					running = tc.runs(x)
				}
				w, f = w.Add(Sample{At: at(x), RunningSince: at(running)}, length, stabilization)
			}
			if got := times(w); !slices.Equal(got, tc.left) {
				t.Errorf("holds %v, want %v", got, tc.left)
			}
			if want := (Fullness{Full: tc.full, Stabilizing: tc.stabilizing, FullAt: at(tc.fullAt), Reset: tc.reset}); f != want {
				t.Errorf("got %+v, want %+v", f, want)
			}
		})
	}
}

func TestSecondSampleOfAnInstantIsTheOneThatCounts(t *testing.T) {
	var w Window
	for _, n := range []int{1, 2} {
		w, _ = w.Add(Sample{At: at(5), Vertices: make([]VertexSample, n)}, time.Minute, 0)
	}
	if n := len(w.Latest().Vertices); n != 2 {
		t.Errorf("the sample has %d vertices", n)
	}
}

func TestAddLeavesTheWindowAsItWas(t *testing.T) {
	for n := 1; n < 12; n++ {
		var w Window
		for x := range n {
			w, _ = w.Add(Sample{At: at(float64(10 * x))}, 50*time.Second, 0)
		}
		before, last := times(w), float64(10*n)
		// Several futures of one window must not see each other.
		after := map[float64]Window{}
		for _, x := range []float64{last, last + 1, last - 10, last - 15, last + 120} {
			after[x], _ = w.Add(Sample{At: at(x), RunningSince: at(-1000)}, 50*time.Second, 0)
		}
		if got := times(w); !slices.Equal(got, before) {
			t.Errorf("the window became %v, was %v", got, before)
		}
		for x, next := range after {
			if x >= before[0] && !slices.Contains(times(next), x) {
				t.Errorf("the window with a sample at %v holds %v", x, times(next))
			}
		}
	}
}

func TestEmptyWindowHasNoLatest(t *testing.T) {
	if s := (Window{}).Latest(); s != nil {
		t.Errorf("got %v", s)
	}
}

package scaling

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestAMeasureThatWasNotSeenIsNotZero(t *testing.T) {
	var m Measures
	m.Set(Lag, 0)
	m.Set(Load, math.NaN())
	if x, known := m.Get(Lag); x != 0 || !known || m.Or(Lag) != 0 {
		t.Errorf("a lag of 0: %v, %v, %v", x, known, m.Or(Lag))
	}
	if x, known := m.Get(Load); !math.IsNaN(x) || !known {
		t.Errorf("a load that Flink does not know: %v, %v", x, known)
	}
	if _, known := m.Get(NumRecordsIn); known || !math.IsNaN(m.Or(NumRecordsIn)) {
		t.Errorf("records that were not read: known %v, %v", known, m.Or(NumRecordsIn))
	}
	var g GlobalMeasures
	g.Set(NumTaskSlotsUsed, 0)
	if _, known := g.Get(NumTaskSlotsUsed); !known {
		t.Error("no slots in use is not known")
	}
	if _, known := g.Get(HeapMemoryUsed); known {
		t.Error("memory is known that was not read")
	}
}

func TestMeasuresAreListedInOrderAsLongAsAsked(t *testing.T) {
	var m Measures
	var g GlobalMeasures
	for _, name := range []Measure{Lag, Load, AccumulatedBackpressuredTime} {
		m.Set(name, 10+float64(name))
	}
	for _, name := range []GlobalMeasure{NumTaskSlotsUsed, GCPressure} {
		g.Set(name, 10+float64(name))
	}
	var names []Measure
	for name, x := range m.All() {
		names = append(names, name)
		if x != 10+float64(name) {
			t.Errorf("%v is %v", name, x)
		}
	}
	if want := []Measure{Load, Lag, AccumulatedBackpressuredTime}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	var globals []GlobalMeasure
	for name, x := range g.All() {
		globals = append(globals, name)
		if x != 10+float64(name) {
			t.Errorf("%v is %v", name, x)
		}
	}
	if want := []GlobalMeasure{GCPressure, NumTaskSlotsUsed}; !slices.Equal(globals, want) {
		t.Errorf("got %v, want %v", globals, want)
	}
	for name := range m.All() {
		if name != Load {
			t.Errorf("%v is given after the first was enough", name)
		}
		break
	}
	for name := range g.All() {
		if name != GCPressure {
			t.Errorf("%v is given after the first was enough", name)
		}
		break
	}
}

func TestMeasuresHaveTheNamesOfTheReference(t *testing.T) {
	if a, b, c := Load.String(), AccumulatedBackpressuredTime.String(), measureCount.String(); a != "LOAD" || b != "ACCUMULATED_BACKPRESSURED_TIME" || c != "UNKNOWN" {
		t.Errorf("got %s, %s, %s", a, b, c)
	}
	if a, b, c := GCPressure.String(), NumTaskSlotsUsed.String(), globalMeasureCount.String(); a != "GC_PRESSURE" || b != "NUM_TASK_SLOTS_USED" || c != "UNKNOWN" {
		t.Errorf("got %s, %s, %s", a, b, c)
	}
}

func TestAVertexIsFoundWhereverItStands(t *testing.T) {
	s := Sample{Vertices: []VertexSample{{Vertex: "a"}, {Vertex: "b"}}}
	for _, hint := range []int{0, 1, 2, 9} {
		for i, id := range []VertexID{"a", "b"} {
			if got := s.vertex(id, hint); got != &s.Vertices[i] {
				t.Errorf("%s, looked for at %d: %v", id, hint, got)
			}
		}
		if got := s.vertex("c", hint); got != nil {
			t.Errorf("a vertex that is not there, looked for at %d: %v", hint, got)
		}
	}
}

// With the counters estimator a full window reaches one sample further back, but
// not into the time of stabilization.
func TestAFullWindowOfCountersKeepsTheSampleBeforeIt(t *testing.T) {
	tests := []struct {
		name      string
		estimator Estimator
		samples   []float64
		want      []float64
	}{
		{"counters", Counters{}, []float64{10, 19, 31, 50}, []float64{19, 31, 50}},
		{"the reference", Reference{}, []float64{10, 19, 31, 50}, []float64{31, 50}},
		{"one on the edge is enough", Counters{}, []float64{10, 15, 20, 31, 50}, []float64{15, 20, 31, 50}},
		{"none before it", Counters{}, []float64{20, 31, 50}, []float64{20, 31, 50}},
		{"only one while stabilizing", Counters{}, []float64{9, 20, 31, 50}, []float64{20, 31, 50}},
		{"one just after", Counters{}, []float64{9, 10, 31, 50}, []float64{10, 31, 50}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := DefaultConfig()
			c.Estimator, c.MetricsWindow, c.Stabilization = tt.estimator, 30*time.Second, 10*time.Second
			var w Window
			var f Fullness
			for _, x := range tt.samples {
				w, f = c.Extend(w, Sample{At: at(x), RunningSince: at(0)})
			}
			if got := times(w); !f.Full || !slices.Equal(got, tt.want) {
				t.Errorf("full %v, holds %v, want %v", f.Full, got, tt.want)
			}
		})
	}
}

func TestAWindowSinceTheStartCountsFromZero(t *testing.T) {
	v := VertexSample{Vertex: "v", Parallelism: 3}
	for m := range measureCount {
		v.Set(m, 5)
	}
	bare := VertexSample{Vertex: "w", Parallelism: 1}
	w := SinceStart(Sample{At: at(100), RunningSince: at(40), Vertices: []VertexSample{v, bare}})
	if len(w.Samples) != 2 || !w.Samples[0].At.Equal(at(40)) || !w.Samples[0].RunningSince.Equal(at(40)) || !w.Samples[1].At.Equal(at(100)) {
		t.Fatalf("got %+v", w)
	}
	start := w.Samples[0].Vertices
	if start[0].Vertex != "v" || start[0].Parallelism != 3 || start[1].Vertex != "w" || start[1].Parallelism != 1 {
		t.Errorf("vertices %+v", start)
	}
	for m := range measureCount {
		counts := slices.Contains([]Measure{NumRecordsIn, NumRecordsOut, AccumulatedBusyTime, AccumulatedIdleTime, AccumulatedBackpressuredTime}, m)
		if x, known := start[0].Get(m); known != counts || x != 0 {
			t.Errorf("%v was %v, known %v", m, x, known)
		}
		if _, known := start[1].Get(m); known {
			t.Errorf("%v is known of a vertex that does not show it", m)
		}
		if w.Samples[1].Vertices[0].Or(m) != 5 {
			t.Errorf("%v is %v now", m, w.Samples[1].Vertices[0].Or(m))
		}
	}
}

func TestARestartIsOneAfterTheEarliestSample(t *testing.T) {
	w := Window{Samples: []Sample{{At: at(10)}, {At: at(20)}}}
	for seconds, want := range map[float64]bool{9: false, 10: false, 11: true, 30: true} {
		if got := w.RestartedBy(at(seconds)); got != want {
			t.Errorf("running since %v: %v", seconds, got)
		}
	}
	if (Window{}).RestartedBy(at(1)) {
		t.Error("an empty window was restarted")
	}
}

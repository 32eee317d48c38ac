package scaling

import (
	"errors"
	"math"
	"testing"
	"time"
)

// referenceOf are the reference's rates of a source, alone in its job, over a
// window of 60 s.
func referenceOf(t *testing.T, samples []Sample, change func(*Config)) Rates {
	t.Helper()
	topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: 2}})
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.MetricsWindow = time.Minute
	if change != nil {
		change(&c)
	}
	rates, err := Reference{}.Estimate(Window{Samples: samples}, topology, &c)
	if err != nil {
		t.Fatal(err)
	}
	return rates[0]
}

// sampled is one sample of that vertex.
func sampled(seconds float64, values map[Measure]float64) Sample {
	v := VertexSample{Vertex: "v", Parallelism: 2}
	for m, x := range values {
		v.Set(m, x)
	}
	return Sample{At: at(seconds), Vertices: []VertexSample{v}}
}

func TestTheReferenceFailsWhereASampleLacksAVertex(t *testing.T) {
	topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: 2}})
	if err != nil {
		t.Fatal(err)
	}
	samples := []Sample{sampled(0, nil), {At: at(1)}, sampled(2, nil)}
	c := DefaultConfig()
	_, err = Reference{}.Estimate(Window{Samples: samples}, topology, &c)
	var missing *MissingVertexError
	if !errors.As(err, &missing) || missing.Vertex != "v" || !missing.At.Equal(at(1)) {
		t.Errorf("got %v", err)
	}
}

func TestARateOfTheReferenceTakesAMillisecondAtLeast(t *testing.T) {
	samples := []Sample{sampled(0, map[Measure]float64{NumRecordsIn: 10}), sampled(0, map[Measure]float64{NumRecordsIn: 12})}
	samples[1].At = samples[1].At.Add(time.Microsecond)
	if r := referenceOf(t, samples, nil); r.In != 2000 {
		t.Errorf("2 records within a microsecond are %v/s", r.In)
	}
}

func TestOneSampleIsNoRate(t *testing.T) {
	r := referenceOf(t, []Sample{sampled(0, map[Measure]float64{NumRecordsIn: 10}), sampled(5, nil)}, nil)
	if !math.IsNaN(r.In) {
		t.Errorf("got %v", r.In)
	}
}

// Where resets are borders, a window that is short for another reason is not
// taken for one after a reset, and only what lies after one counts.
func TestTheReferenceAfterAReset(t *testing.T) {
	borders := func(c *Config) { c.ResetsAreBorders = true }
	sample := func(seconds, records, load float64) Sample {
		return sampled(seconds, map[Measure]float64{NumRecordsIn: records, Load: load, NumRecordsInPerSecond: records, Lag: 7})
	}
	if r := referenceOf(t, []Sample{sample(0, 100, 0.5), sample(10, 1100, 0.5)}, borders); r.In != 100 || r.Reset {
		t.Errorf("a short window: %+v", r)
	}
	reset := []Sample{sample(0, 1000, 0.9), sample(20, 3000, 0.9), sample(30, 100, 0.5), sample(50, 400, 0.4), sample(60, 700, 0.6)}
	if r := referenceOf(t, reset, borders); r.In != 20 || !(math.Abs(r.Busy-0.5) <= 1e-9) || r.ProcessedIn != 400 || r.Reset {
		t.Errorf("half of the window after a reset: %+v", r)
	}
	if r := referenceOf(t, reset[:4], borders); finite(r.In) || finite(r.Busy) || !r.Reset || !r.HasLag || r.Lag != 7 {
		t.Errorf("less than that: %+v", r)
	}
}

func TestObservedRatesAreAveragedWhereTheVertexWasThere(t *testing.T) {
	samples := []Sample{sampled(0, map[Measure]float64{ObservedTPR: 100}), {At: at(1)}, sampled(2, nil), sampled(3, map[Measure]float64{ObservedTPR: 300})}
	w := Window{Samples: samples}
	if got := AverageObserved(w, "v", 2); got != 200 {
		t.Errorf("got %v", got)
	}
	if got := AverageObserved(w, "v", 3); !math.IsNaN(got) {
		t.Errorf("of too few: %v", got)
	}
	if got := AverageObserved(w, "other", 0); !math.IsNaN(got) {
		t.Errorf("of a vertex that is in no sample: %v", got)
	}
}

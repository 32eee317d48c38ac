package scaling

import (
	"math"
	"testing"
	"time"
)

// flow is what one vertex reads and writes, in records/s.
func flow(in, out, outPerIn float64) Rates {
	r := measured(in, 0.5)
	r.Out, r.OutPerIn = out, outPerIn
	return r
}

// The target of a vertex follows from those of its inputs, by what they send it.
func TestATargetIsInheritedByTheShareThatIsSent(t *testing.T) {
	nan := math.NaN()
	source := func(id VertexID) Vertex { return Vertex{ID: id, Parallelism: 1, MaxParallelism: 128} }
	fed := func(id VertexID, inputs ...Edge) Vertex {
		return Vertex{ID: id, Parallelism: 1, MaxParallelism: 128, Inputs: inputs}
	}
	tests := []struct {
		name string
		plan []Vertex
		// rates are in the order of the topology: by rank, then by id.
		rates  []Rates
		of     VertexID
		target float64
	}{
		{"what the input writes per record that it reads", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 50, 0.5), flow(60, 0, nan)}, "v", 50},
		{"though less arrives", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 50, 0.5), flow(30, 0, nan)}, "v", 50},
		{"unless what arrives is much less", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 50, 0.5), flow(10, 0, nan)}, "v", 10},
		{"or much more", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 50, 0.5), flow(200, 0, nan)}, "v", 200},
		{"or the input does not tell", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 50, nan), flow(60, 0, nan)}, "v", 60},
		{"or sends all to each subtask", []Vertex{source("a"), fed("v", Edge{"a", ShipBroadcast})}, []Rates{flow(100, 50, 0.5), flow(60, 0, nan)}, "v", 60},
		{"or feeds others too", []Vertex{source("a"), fed("v", Edge{"a", ShipHash}), fed("w", Edge{"a", ShipHash})}, []Rates{flow(100, 50, 0.5), flow(60, 0, nan), flow(1, 0, nan)}, "v", 60},
		{"nothing written is nothing sent", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(100, 0, nan), flow(0, 0, nan)}, "v", 0},
		{"nothing read is nothing sent", []Vertex{source("a"), fed("v", Edge{"a", ShipHash})}, []Rates{flow(0, 0, nan), flow(7, 0, nan)}, "v", 0},
		{"of two inputs each sends what the other does not", []Vertex{source("a"), source("b"), fed("v", Edge{"a", ShipHash}, Edge{"b", ShipHash})}, []Rates{flow(100, 30, nan), flow(10, 20, nan), flow(60, 0, nan)}, "v", 70},
		{"of three as well", []Vertex{source("a"), source("b"), source("c"), fed("v", Edge{"a", ShipHash}, Edge{"b", ShipHash}, Edge{"c", ShipHash})}, []Rates{flow(100, 30, nan), flow(10, 20, nan), flow(10, 5, nan), flow(60, 0, nan)}, "v", 35 + 25 + 10},
		{"one that feeds others too is taken to send all", []Vertex{source("a"), source("b"), fed("v", Edge{"a", ShipHash}, Edge{"b", ShipHash}), fed("w", Edge{"b", ShipHash})}, []Rates{flow(100, 30, nan), flow(10, 20, nan), flow(60, 0, nan), flow(5, 0, nan)}, "v", 30 + 30},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology(tt.plan)
			if err != nil {
				t.Fatal(err)
			}
			c := DefaultConfig()
			c.Estimator = estimates(tt.rates)
			e, err := Evaluate(Window{}, topology, &c, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Vertices[topology.Index(tt.of)].TargetRate; got != tt.target {
				t.Errorf("target %v, want %v", got, tt.target)
			}
		})
	}
}

// even is a window of 30 s in which each vertex reads and writes 100 records/s, but
// for what change does to its samples.
func even(topology *Topology, change func(i int, v *VertexSample)) Window {
	var w Window
	for i := range 7 {
		s := Sample{At: at(5 * float64(i))}
		for k := range topology.Vertices {
			v := VertexSample{Vertex: topology.Vertices[k].ID, Parallelism: 1}
			v.Set(NumRecordsIn, 500*float64(i))
			v.Set(NumRecordsOut, 500*float64(i))
			v.Set(AccumulatedBusyTime, 1000*float64(i))
			v.Set(AccumulatedIdleTime, 4000*float64(i))
			v.Set(AccumulatedBackpressuredTime, 0)
			if topology.Vertices[k].IsSource() {
				v.Set(Lag, 0)
			}
			change(i, &v)
			s.Vertices = append(s.Vertices, v)
		}
		w.Samples = append(w.Samples, s)
	}
	return w
}

// Where the counters estimator cannot tell what a vertex is sent, it says so; the
// reference takes it for nothing.
func TestWhatAVertexIsSentMayBeUnknown(t *testing.T) {
	nan := math.NaN()
	chain := []Vertex{
		{ID: "a", Parallelism: 1, MaxParallelism: 128},
		{ID: "b", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}}},
		{ID: "c", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"b", ShipHash}}},
	}
	// Both sources feed b and d, so that it is known what b has to take without its
	// own counters.
	joins := []Vertex{
		{ID: "a", Parallelism: 1, MaxParallelism: 128},
		{ID: "a2", Parallelism: 1, MaxParallelism: 128},
		{ID: "b", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}, {"a2", ShipHash}}},
		{ID: "d", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}, {"a2", ShipHash}}},
		{ID: "c", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"b", ShipHash}}},
	}
	tests := []struct {
		name   string
		plan   []Vertex
		change func(i int, v *VertexSample)
		want   float64 // of c, for the counters estimator
		same   bool    // for the reference too
	}{
		{"all known", chain, func(int, *VertexSample) {}, 100, true},
		{"what is read and not passed on", chain, func(_ int, v *VertexSample) {
			if v.Vertex == "c" {
				v.Set(NumRecordsIn, 0)
			}
		}, 0, true},
		{"not what one of two joins reads", joins, func(_ int, v *VertexSample) {
			if v.Vertex == "b" {
				v.Set(NumRecordsIn, nan)
			}
		}, nan, false},
		{"not what the vertex before reads", chain, func(_ int, v *VertexSample) {
			if v.Vertex == "b" {
				v.Set(NumRecordsIn, nan)
			}
		}, nan, false},
		{"not what the vertex itself reads", chain, func(_ int, v *VertexSample) {
			if v.Vertex == "c" {
				v.Set(NumRecordsIn, nan)
			}
		}, nan, false},
		{"not what comes of records that wait to be read", chain, func(i int, v *VertexSample) {
			if v.Vertex == "a" {
				v.Set(NumRecordsIn, 0)
				v.Set(Lag, 500*float64(i))
			}
		}, nan, false},
		{"nothing comes of nothing", chain, func(i int, v *VertexSample) {
			v.Set(NumRecordsIn, 0)
			v.Set(NumRecordsOut, 0)
		}, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology(tt.plan)
			if err != nil {
				t.Fatal(err)
			}
			w := even(topology, tt.change)
			for _, estimator := range []Estimator{Counters{}, Reference{}} {
				c := DefaultConfig()
				c.MetricsWindow, c.Estimator = 30*time.Second, estimator
				e, err := Evaluate(w, topology, &c, 0)
				if err != nil {
					t.Fatal(err)
				}
				want := tt.want
				if _, reference := estimator.(Reference); reference && !tt.same {
					want = 0
				}
				if got := e.Vertices[topology.Index("c")].TargetRate; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("%s: target %v, want %v", estimator.Name(), got, want)
				}
			}
		})
	}
}

func TestWhatASourceHasToTake(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name                  string
		change                func(*Rates)
		recent                bool
		target, peak, catchUp float64
	}{
		{"what it reads", func(*Rates) {}, false, 1000, 1000, 0},
		{"and what is left to wait", func(r *Rates) { r.LagGrowth = 200 }, false, 1200, 1200, 0},
		{"less what was waiting", func(r *Rates) { r.LagGrowth = -200 }, false, 800, 800, 0},
		{"never less than nothing", func(r *Rates) { r.LagGrowth = -1200 }, false, 0, 0, 0},
		{"of late", func(r *Rates) { r.Recent, r.Peak = 1500, 1600 }, true, 1500, 1600, 0},
		{"at its peak no less than of late", func(r *Rates) { r.Recent, r.Peak = 1500, 1400 }, true, 1500, 1500, 0},
		{"of late, only where that is wanted", func(r *Rates) { r.Recent, r.Peak = 1500, 1600 }, false, 1000, 1000, 0},
		{"all along, where nothing is known of late", func(r *Rates) { r.Recent = nan }, true, 1000, 1000, 0},
		{"nor of the peak", func(r *Rates) { r.Peak = nan }, true, 1000, 1000, 0},
		{"what waits is worked off besides", func(r *Rates) { r.Lag, r.HasLag = 600, true }, false, 1000, 1000, 2},
		{"a lag that was never seen is none", func(r *Rates) { r.Lag = 600 }, false, 1000, 1000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{{ID: "s", Parallelism: 1, MaxParallelism: 128}})
			if err != nil {
				t.Fatal(err)
			}
			r := measured(1000, 0.5)
			tt.change(&r)
			c := DefaultConfig()
			c.Estimator, c.RecentRate, c.CatchUp = estimates{r}, tt.recent, 5*time.Minute
			e, err := Evaluate(Window{Samples: []Sample{{At: at(7)}}}, topology, &c, 0)
			if err != nil {
				t.Fatal(err)
			}
			if v := e.Vertices[0]; v.TargetRate != tt.target || v.PeakRate != tt.peak || v.CatchUpRate != tt.catchUp {
				t.Errorf("target %v, peak %v, catch-up %v; want %v, %v, %v", v.TargetRate, v.PeakRate, v.CatchUpRate, tt.target, tt.peak, tt.catchUp)
			}
			if !e.At.Equal(at(7)) {
				t.Errorf("evaluated as of %v", e.At)
			}
		})
	}
}

// A source is behind if what waits would take it longer to read than the
// threshold, 300 s; then a vertex is free to use all of its capacity.
func TestABacklogIsTheLagOfASource(t *testing.T) {
	lagging := func(lag float64, seen bool) Rates {
		r := measured(1000, 0.5)
		r.Lag, r.HasLag = lag, seen
		return r
	}
	tests := []struct {
		name       string
		first, two Rates // sources
		fed        Rates
		want       bool
	}{
		{"nothing waits", lagging(0, true), lagging(0, true), lagging(0, false), false},
		{"as much as is allowed", lagging(300_000, true), lagging(0, true), lagging(0, false), false},
		{"more before one", lagging(300_001, true), lagging(0, true), lagging(0, false), true},
		{"more before the other", lagging(0, true), lagging(300_001, true), lagging(0, false), true},
		{"not seen before one", lagging(300_001, false), lagging(0, true), lagging(0, false), false},
		{"what no source shows does not count", lagging(0, true), lagging(0, true), lagging(300_001, true), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{
				{ID: "a", Parallelism: 1, MaxParallelism: 128},
				{ID: "b", Parallelism: 1, MaxParallelism: 128},
				{ID: "c", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}, {"b", ShipHash}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			c := DefaultConfig()
			c.Estimator, c.CatchUp = estimates{tt.first, tt.two, tt.fed}, 0
			e, err := Evaluate(Window{}, topology, &c, 0)
			if err != nil {
				t.Fatal(err)
			}
			up, down := 1000.0, 2500.0
			if tt.want {
				down = math.Inf(1)
			}
			if v := e.Vertices[0]; e.Backlog != tt.want || v.ScaleUpThreshold != up || v.ScaleDownThreshold != down {
				t.Errorf("backlog %v, thresholds %v and %v, want %v and %v", e.Backlog, v.ScaleUpThreshold, v.ScaleDownThreshold, up, down)
			}
		})
	}
}

// Shortly after a reset nothing is known of a vertex, and so of what it feeds,
// even where somebody else knows what the vertex itself has to take.
func TestAResetLeavesATargetUnknown(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "a", Parallelism: 1, MaxParallelism: 128},
		{ID: "b", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}}},
		{ID: "c", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"b", ShipHash}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reset := range []bool{true, false} {
		of := unknown()
		of.Reset = reset
		c := DefaultConfig()
		c.Estimator = estimates{measured(100, 0.5), of, measured(100, 0.5)}
		e, err := Evaluate(Window{}, topology, &c, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Evaluator = &ConfiguredEvaluator{Evaluator: evaluatorFunc(func(in EvaluatorInput) (VertexEvaluation, error) {
			own := in.Vertex
			if own.Vertex == "b" {
				own.TargetRate = 100
			}
			return own, nil
		})}
		known, err := Evaluate(Window{}, topology, &c, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := known.Vertices[2].TargetRate; math.IsNaN(got) != reset {
			t.Errorf("c: target %v after a reset: %v", got, reset)
		}
		for _, v := range e.Vertices[1:] {
			if math.IsNaN(v.TargetRate) != reset || math.IsNaN(v.PeakRate) != reset {
				t.Errorf("%s: target %v, peak %v after a reset: %v", v.Vertex, v.TargetRate, v.PeakRate, reset)
			}
		}
	}
}

// The busy share tells what a vertex could do, unless it says more by over 25 %
// than what the vertex did when it had enough to do.
func TestTrueProcessingRatePrefersBusyTimeUnlessItIsTooGood(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct{ processed, busy, observed, want float64 }{
		{1000, 0.5, nan, 2000},
		{1000, 0.5, 3000, 2000},
		{1000, 0.5, 1600, 2000},
		{1000, 0.5, 1599, 1599},
		{0, 0.5, nan, inf},
		{0, 0.5, 700, 700},
		{1000, 0, 700, 700},
		{1000, 0, nan, inf},
		{nan, 0.5, 700, 700},
		{nan, 0.5, nan, nan},
	} {
		c := DefaultConfig()
		c.ObservedSwitchThreshold = 0.25
		got := trueProcessingRate(Rates{ProcessedIn: tt.processed, Busy: tt.busy, Observed: tt.observed}, &c)
		if got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

func TestClusterFiguresAreTheNewestAndTheAverage(t *testing.T) {
	var w Window
	for i, used := range []float64{100, math.NaN(), 300.00049} {
		s := Sample{At: at(float64(i))}
		s.Global.Set(HeapMemoryUsed, used)
		if i < 2 {
			s.Global.Set(GCPressure, 0.5)
		}
		w.Samples = append(w.Samples, s)
	}
	g := evaluateGlobal(w)
	if g.Latest[HeapMemoryUsed] != 300 || g.Average[HeapMemoryUsed] != 200 {
		t.Errorf("heap: %v now, %v on average", g.Latest[HeapMemoryUsed], g.Average[HeapMemoryUsed])
	}
	if !math.IsNaN(g.Latest[GCPressure]) || g.Average[GCPressure] != 0.5 || !math.IsNaN(g.Average[NumTaskSlotsUsed]) {
		t.Errorf("collection: %v now, %v on average; slots %v", g.Latest[GCPressure], g.Average[GCPressure], g.Average[NumTaskSlotsUsed])
	}
	if none := evaluateGlobal(Window{}); !math.IsNaN(none.Latest[GCPressure]) || !math.IsNaN(none.Average[GCPressure]) {
		t.Errorf("of an empty window: %+v", none)
	}
}

// What was asked of the figures is told with them, in the units of the formulas.
func TestAnEvaluationTellsItsTerms(t *testing.T) {
	c := DefaultConfig()
	c.TargetUtilization, c.UtilizationMin, c.UtilizationMax = 0.6, 0.3, 0.9
	c.CatchUp, c.CatchUpInHeadroom = 301900*time.Millisecond, true
	want := Terms{Target: 0.6, Min: 0.3, Max: 0.9, CatchUp: 301 * time.Second, InHeadroom: true}
	if got := c.terms(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

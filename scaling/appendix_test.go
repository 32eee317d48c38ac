package scaling

import (
	"math"
	"testing"
	"time"
)

// appendixA is the end-to-end example of the specification's appendix A: three
// samples of a join with two sources.
func appendixA(t testing.TB) (*Topology, Window) {
	t.Helper()
	topology, err := NewTopology([]Vertex{
		{ID: "v1", Parallelism: 4, MaxParallelism: 128, Partitions: 12},
		{ID: "v2", Parallelism: 4, MaxParallelism: 128},
		{ID: "v3", Parallelism: 6, MaxParallelism: 128, Inputs: []Edge{{"v1", ShipHash}, {"v2", ShipHash}}},
		{ID: "v4", Parallelism: 6, MaxParallelism: 128, Inputs: []Edge{{"v3", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	series := map[VertexID]map[Measure][3]float64{
		"v1": {NumRecordsIn: {1000, 61000, 121777}, NumRecordsOut: {900, 54900, 109599.3}, Lag: {500, 3500, 6500}, Load: {.61, .63, .655}, ObservedTPR: {nan, 1510, 1520}},
		"v2": {NumRecordsIn: {400, 12400, 24461}, NumRecordsOut: {400, 12400, 24461}, Lag: {0, 0, 0}, Load: {.11, .12, .13}, ObservedTPR: {nan, nan, nan}},
		"v3": {NumRecordsIn: {1290, 67290, 134040.3}, NumRecordsOut: {640, 33640, 67018}, NumRecordsInPerSecond: {0, 1101.5, 1112.345}, Load: {.92, .95, .97}},
		"v4": {NumRecordsIn: {640, 33640, 67018}, NumRecordsOut: {0, 0, 0}, NumRecordsInPerSecond: {0, 551.25, 556.172}, Load: {.31, .33, .35}},
	}
	start := time.UnixMilli(0)
	var w Window
	for i := range 3 {
		s := Sample{At: start.Add(time.Duration(i) * time.Minute)}
		for _, v := range topology.Vertices {
			vs := VertexSample{Vertex: v.ID, Parallelism: v.Parallelism}
			for m, values := range series[v.ID] {
				vs.Set(m, values[i])
			}
			s.Vertices = append(s.Vertices, vs)
		}
		w.Samples = append(w.Samples, s)
	}
	return topology, w
}

func TestAppendixAEvaluates(t *testing.T) {
	topology, w := appendixA(t)
	c := DefaultConfig()
	e, err := Evaluate(w, topology, &c, c.Restart)
	if err != nil {
		t.Fatal(err)
	}
	want := map[VertexID][6]float64{ // target, catch-up, true processing rate, load, up, down
		"v1": {1056.475, 3.611, 1593.364, 0.632, 1060, 2821},
		"v2": {200.508, 0, 1670.903, 0.12, 201, 535},
		"v3": {1151.165, 3.25, 779.523, 0.947, 1154, 3073},
		"v4": {575.607, 1.625, 1118.608, 0.33, 577, 1537},
	}
	for _, v := range e.Vertices {
		got := [6]float64{v.TargetRate, v.CatchUpRate, v.TrueProcessingRate, v.Load, v.ScaleUpThreshold, v.ScaleDownThreshold}
		if got != want[v.Vertex] {
			t.Errorf("%s: got %v, want %v", v.Vertex, got, want[v.Vertex])
		}
	}
}

func TestAppendixADecides(t *testing.T) {
	immediately := func(c *Config) { c.ScaleDownInterval = 0 }
	type change struct {
		to       int
		expected float64
	}
	cases := []struct {
		name   string
		change func(*Config)
		want   map[VertexID]change
	}{
		{"defaults delay the scale-downs", func(*Config) {}, map[VertexID]change{"v1": {6, 2390.046}, "v3": {16, 2078.728}}},
		{"no interval", immediately, map[VertexID]change{"v1": {6, 2390.046}, "v2": {2, 835.452}, "v3": {16, 2078.728}, "v4": {5, 932.173}}},
		{"other utilization", func(c *Config) {
			immediately(c)
			c.TargetUtilization, c.UtilizationMax, c.UtilizationMin, c.CatchUp = 0.5, 0.6, 0.4, 10*time.Minute
		}, map[VertexID]change{"v1": {12, 4780.092}, "v2": {2, 835.452}, "v3": {26, 3377.933}, "v4": {8, 1491.477}}},
		{"backlog mode still shrinks with another out of bounds", func(c *Config) {
			immediately(c)
			c.BacklogLagThreshold = 5 * time.Second
		}, map[VertexID]change{"v1": {6, 2390.046}, "v2": {2, 835.452}, "v3": {16, 2078.728}, "v4": {5, 932.173}}},
		{"no catch-up, no alignment", func(c *Config) {
			immediately(c)
			c.CatchUp, c.Alignment = 0, AlignOff
		}, map[VertexID]change{"v2": {2, 835.452}, "v3": {13, 1688.967}, "v4": {5, 932.173}}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			topology, w := appendixA(t)
			c := DefaultConfig()
			tc.change(&c)
			out := Decide(Input{Config: &c, Topology: topology, Window: w, Full: true, Now: w.Latest().At})
			if !out.Decision.Scale {
				t.Fatalf("nothing is scaled: %s", out.Decision.Reason)
			}
			for _, v := range out.Decision.Vertices {
				want, changes := tc.want[v.Vertex]
				if v.Changed() != changes {
					t.Errorf("%s: %d -> %d (%s), want change %v", v.Vertex, v.From, v.To, v.Reason, changes)
				} else if changes && (v.To != want.to || v.ExpectedRate != want.expected) {
					t.Errorf("%s: -> %d (%v), want %d (%v)", v.Vertex, v.To, v.ExpectedRate, want.to, want.expected)
				}
			}
		})
	}
}

package scaling

import (
	"math"
	"testing"
	"time"
)

// measured is a vertex that reads at a rate, with a busy share and a capacity
// that follows from the two.
func measured(rate, busy float64) Rates {
	nan := math.NaN()
	return Rates{In: rate, Out: rate, OutPerIn: 1, Recent: rate, Peak: rate, Busy: busy, ProcessedIn: rate, Observed: nan, Backpressured: 0}
}

func TestGuardsOfAVertex(t *testing.T) {
	source := func(change func(*Rates)) Rates {
		r := measured(1000, 0.1)
		change(&r)
		return r
	}
	plain := func(*Rates) {}
	heldBack := func(r *Rates) { r.Backpressured = 0.9 }
	hot := func(share, busy, capacity float64, r Rates) Rates {
		r.Hottest = Hottest{Known: true, Share: share, Busy: busy, Capacity: capacity}
		return r
	}
	cases := []struct {
		name         string
		source, a, b Rates
		config       func(*Config)
		// wantA and wantB are the parallelism, 4 at the start, and the reason.
		wantA   int
		reasonA Reason
		wantB   int
		reasonB Reason
	}{
		{"well sized", source(plain), measured(1000, 0.68), measured(1000, 0.65), nil, 4, ReasonSteady, 4, ReasonSteady},
		{"too busy within its bounds waits for company", source(plain), measured(1000, 0.9), measured(1000, 0.65), nil, 4, ReasonWithinBounds, 4, ReasonSteady},
		{"held back by a saturated vertex and no lag to see", source(heldBack), measured(1000, 1), measured(1000, 0.65), nil, 6, ReasonScaleUp, 4, ReasonSteady},
		{"held back, but the lag is seen to be nothing", source(func(r *Rates) { heldBack(r); r.HasLag = true }), measured(1000, 1), measured(1000, 0.65), nil, 4, ReasonWithinBounds, 4, ReasonSteady},
		{"held back by something else", source(heldBack), measured(1000, 0.9), measured(1000, 0.65), nil, 4, ReasonWithinBounds, 4, ReasonSteady},
		{"not held back", source(plain), measured(1000, 1), measured(1000, 0.65), nil, 4, ReasonWithinBounds, 4, ReasonSteady},

		{"idle is shrunk", source(plain), measured(1000, 0.1), measured(1000, 0.65), nil, 2, ReasonScaleDown, 4, ReasonSteady},
		{"before a saturated vertex nothing is shrunk", source(plain), measured(1000, 0.1), measured(1000, 0.96), nil, 4, ReasonSaturated, 4, ReasonWithinBounds},
		{"but in profile reference", source(plain), measured(1000, 0.1), measured(1000, 0.96), func(c *Config) { c.KeepSaturated = false }, 2, ReasonScaleDown, 6, ReasonScaleUp},
		{"a saturated vertex is not shrunk", source(plain), func() Rates { r := measured(1000, 1); r.ProcessedIn = 9000; return r }(), measured(1000, 0.65), nil, 4, ReasonSaturated, 4, ReasonSteady},

		{"a hot key that no parallelism helps", source(func(r *Rates) { r.HasLag, r.Recent, r.Peak = true, 2500, 2500 }), hot(0.7, 1, 1000, measured(1430, 1)), measured(1430, 0.9), nil, 4, ReasonSkewed, 4, ReasonBehindBottleneck},
		{"a saturated vertex is not behind a bottleneck", source(func(r *Rates) { r.HasLag, r.Recent, r.Peak = true, 2500, 2500 }), hot(0.7, 1, 1000, measured(1430, 1)), measured(1430, 1), nil, 4, ReasonSkewed, 10, ReasonScaleUp},
		{"a key that is only warm", source(func(r *Rates) { r.HasLag, r.Recent, r.Peak = true, 1500, 1500 }), hot(0.35, 1, 350, measured(1000, 1)), measured(1000, 0.6), nil, 29, ReasonScaleUp, 6, ReasonScaleUp},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{
				{ID: "s", Parallelism: 1, MaxParallelism: 128},
				{ID: "t", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
				{ID: "u", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"t", ShipRebalance}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			c := sluiceProfile()
			c.ScaleDownInterval, c.CatchUp, c.Excluded = 0, 0, []VertexID{"s"}
			c.Estimator = fixed{tc.source, tc.a, tc.b}
			if tc.config != nil {
				tc.config(&c)
			}
			out := Decide(Input{Config: &c, Topology: topology, Full: true})
			a, b := out.Decision.Vertices[1], out.Decision.Vertices[2]
			if a.To != tc.wantA || a.Reason != tc.reasonA {
				t.Errorf("first: %d (%s), want %d (%s): %+v", a.To, a.Reason, tc.wantA, tc.reasonA, a.Guards)
			}
			if b.To != tc.wantB || b.Reason != tc.reasonB {
				t.Errorf("second: %d (%s), want %d (%s): %+v", b.To, b.Reason, tc.wantB, tc.reasonB, b.Guards)
			}
		})
	}
}

// Two decisions on one history must not write into one array.
func TestExecutedSharesNothingWithOtherOutcomes(t *testing.T) {
	topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: 4, MaxParallelism: 128}})
	if err != nil {
		t.Fatal(err)
	}
	records := append(make([]ScalingRecord, 0, 8), ScalingRecord{At: at(1), From: 1, To: 2})
	tracking := append(make([]RestartRecord, 0, 8), RestartRecord{At: at(1), Known: true})
	executed := func(seconds, busy float64) State {
		c := sluiceProfile()
		c.ScaleDownInterval, c.Estimator = 0, fixed{measured(1000, busy)}
		out := Decide(Input{Config: &c, Topology: topology, Full: true, Now: at(seconds), State: State{History: History{"v": records}, Tracking: tracking}})
		if !out.Decision.Scale {
			t.Fatalf("not scaled: %s", out.Decision.Reason)
		}
		return out.Executed()
	}
	first := executed(10, 0.1)
	second := executed(20, 0.2)
	for want, s := range map[time.Time]State{at(10): first, at(20): second} {
		if got := s.History["v"][1].At; !got.Equal(want) {
			t.Errorf("the history holds the change of %v, want %v", got, want)
		}
		if got := s.Tracking[1].At; !got.Equal(want) {
			t.Errorf("the tracking holds the change of %v, want %v", got, want)
		}
	}
}

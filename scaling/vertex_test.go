package scaling

import (
	"math"
	"testing"
	"time"
)

// A source that is held back without showing what waits hides how much a vertex
// has to take: then a saturated vertex may grow within its bounds.
func TestDemandIsHiddenByASourceThatIsHeldBack(t *testing.T) {
	tests := []struct {
		name           string
		source, vertex func(*Rates)
		want           int
	}{
		{"held back", func(r *Rates) { r.Backpressured = 0.1 }, func(*Rates) {}, 6},
		{"a little less", func(r *Rates) { r.Backpressured = 0.099 }, func(*Rates) {}, 4},
		{"and a vertex just saturated", func(r *Rates) { r.Backpressured = 0.1 }, func(r *Rates) { r.Busy, r.ProcessedIn = 0.95, 950 }, 6},
		{"and one not quite", func(r *Rates) { r.Backpressured = 0.1 }, func(r *Rates) { r.Busy, r.ProcessedIn = 0.949, 949 }, 4},
		{"the vertex is held back, and no source", func(*Rates) {}, func(r *Rates) { r.Backpressured = 0.9 }, 4},
		{"saturated though it could be smaller", func(r *Rates) { r.Backpressured = 0.1 }, func(r *Rates) { r.ProcessedIn = 2000 }, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, vertex := measured(1000, 0.7), measured(1000, 1)
			tt.source(&source)
			tt.vertex(&vertex)
			out := Decide(twoBusy(t, func(c *Config) { c.Estimator = estimates{source, vertex} }))
			if v := out.Decision.Vertices[1]; v.To != tt.want {
				t.Errorf("to %d for %s, want %d", v.To, v.Reason, tt.want)
			}
		})
	}
}

// Which subtask has most to do matters where a vertex is to grow, and skew is
// looked at.
func TestAHotKeyMattersForScaleUpsOnly(t *testing.T) {
	hot := func(r Rates) Rates {
		r.Hottest = Hottest{Known: true, Share: 0.7, Busy: 1, Capacity: 500}
		return r
	}
	busy := measured(1400, 1)
	busy.ProcessedIn = 1000
	tests := []struct {
		name string
		rate Rates
		skew bool
		to   int
		want Reason
	}{
		{"to grow", hot(busy), true, 4, ReasonSkewed},
		{"not looked at", hot(busy), false, 8, ReasonScaleUp},
		{"well sized", hot(measured(1400, 0.7)), true, 4, ReasonSteady},
		{"to shrink", hot(measured(1400, 0.2)), true, 2, ReasonScaleDown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := Decide(twoBusy(t, func(c *Config) { c.Skew, c.Estimator = tt.skew, estimates{measured(1400, 0.7), tt.rate} }))
			if v := out.Decision.Vertices[1]; v.To != tt.to || v.Reason != tt.want {
				t.Errorf("to %d for %s, want %d for %s", v.To, v.Reason, tt.to, tt.want)
			}
		})
	}
}

// 1000 records/s arrive, at 70 % of what there should be; 100 more work a backlog
// off, and 200 make up for a restart of a minute in five.
func TestABacklogIsWorkedOffInTheHeadroomWhereWanted(t *testing.T) {
	for _, tt := range []struct {
		name         string
		headroom     bool
		target, most float64
		catchUp      float64
		want         float64
	}{
		{"on top", false, 0.5, 0.9, 100, 2300},
		{"within the steady size", true, 0.5, 0.9, 100, 2000},
		{"beyond it, up to the upper utilization", true, 0.8, 0.8, 100, 1625},
		{"no backlog but a restart", true, 0.8, 0.8, 0, 1500},
		{"an upper utilization below the target counts for nothing", true, 0.8, 0.5, 100, 1625},
		{"nor does one above 1", true, 1, 1.3, 100, 1300},
	} {
		c := DefaultConfig()
		c.CatchUpInHeadroom, c.TargetUtilization, c.UtilizationMax, c.CatchUp = tt.headroom, tt.target, tt.most, 5*time.Minute
		v := deciderOf(Vertex{Parallelism: 4}, &c)
		v.restart = time.Minute
		v.evaluation = &VertexEvaluation{TargetRate: 500, PeakRate: 1000, CatchUpRate: tt.catchUp}
		if got := v.need(); !(math.Abs(got-tt.want) <= 1e-9) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A vertex that had nothing to do when it was smallest says nothing about how it
// scales; the reference fails over it.
func TestScalabilityThatCannotBeTold(t *testing.T) {
	for _, estimator := range []Estimator{Counters{}, Reference{}} {
		c := DefaultConfig()
		c.Estimator = estimator
		v := deciderOf(Vertex{ID: "v"}, &c)
		v.state.History = History{"v": {ran(1, math.Inf(1)), ran(2, 600), ran(4, 1200)}}
		_, reference := estimator.(Reference)
		if got := v.scalability(); got != 1 || (v.fault != nil) != reference {
			t.Errorf("%s: %v, fault %v", estimator.Name(), got, v.fault)
		}
		v = deciderOf(Vertex{ID: "v"}, &c)
		v.state.History = History{"v": {ran(1, 400), ran(2, 600), ran(4, 1200)}}
		if got := v.scalability(); got != 0.77 || v.fault != nil {
			t.Errorf("%s: %v, fault %v", estimator.Name(), got, v.fault)
		}
	}
	c := DefaultConfig()
	c.ScalabilityMinObservations = 0
	if got := (History{}).scalability("v", &c); got != 1 {
		t.Errorf("of nothing seen: %v", got)
	}
}

func TestAScaleUpThatBroughtNothingIsNotedBlockedOrNot(t *testing.T) {
	for _, blocking := range []bool{true, false} {
		in := twoBusy(t, func(c *Config) { c.EffectivenessDetection = blocking })
		last := ran(2, 900)
		last.To, last.ExpectedRate = 4, 2000
		in.State.History = History{"t": {last}}
		out := Decide(in)
		want := Note{Kind: NoteIneffective, Vertex: "t", A: 1100, B: 100, Blocking: blocking}
		if len(out.Notes) != 1 || out.Notes[0] != want {
			t.Errorf("blocking %v: %+v", blocking, out.Notes)
		}
		if out.Decision.Scale == blocking {
			t.Errorf("blocking %v: scale %v", blocking, out.Decision.Scale)
		}
	}
}

// A wish to shrink is forgotten by whatever speaks against it.
func TestAWishToShrinkIsForgotten(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		waits  bool
	}{
		{"it is wished still", func(c *Config) {
			c.ScaleDownInterval, c.Estimator = time.Hour, estimates{measured(1400, 0.7), measured(1400, 0.2)}
		}, true},
		{"grown", func(*Config) {}, false},
		{"well sized", func(c *Config) { c.Estimator = estimates{measured(1400, 0.7), measured(1400, 0.7)} }, false},
		{"saturated", func(c *Config) {
			c.KeepSaturated, c.ScaleDownInterval = true, time.Hour
			c.Estimator = estimates{measured(1400, 0.7), {In: 1400, Out: 1400, ProcessedIn: 9600, Busy: 0.96, Observed: math.NaN()}}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := twoBusy(t, tt.change)
			in.State.Delayed = DelayedScaleDown{"t": {FirstTrigger: in.Now, Recommended: []Recommendation{{At: in.Now, Parallelism: 3}}}}
			if _, waits := Decide(in).State.Delayed["t"]; waits != tt.waits {
				t.Errorf("waits: %v", waits)
			}
		})
	}
}

// An interval of less than a millisecond is none, and nothing waits.
func TestWithoutAnIntervalNothingWaits(t *testing.T) {
	for interval, waits := range map[time.Duration]bool{0: false, 999 * time.Microsecond: false, time.Millisecond: true} {
		out := Decide(twoBusy(t, func(c *Config) {
			c.ScaleDownInterval, c.Estimator = interval, estimates{measured(1400, 0.7), measured(1400, 0.2)}
		}))
		if v := out.Decision.Vertices[1]; v.Changed() == waits || (len(out.State.Delayed) > 0) != waits {
			t.Errorf("interval %v: to %d, waiting %v", interval, v.To, out.State.Delayed)
		}
	}
}

func TestAVertexThatCannotBeAlignedSaysSo(t *testing.T) {
	out := Decide(twoBusy(t, func(c *Config) {
		c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Name: "none", Mode: alignTo(0)}
	}))
	if v := out.Decision.Vertices[1]; v.Reason != ReasonFault || v.Changed() {
		t.Errorf("to %d for %s", v.To, v.Reason)
	}
}

func TestATopologyKnowsItsEdgesAndSizes(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "a", Parallelism: 2},
		{ID: "b", Parallelism: 3},
		{ID: "v", Parallelism: 4, Inputs: []Edge{{"a", ShipHash}, {"b", ShipBroadcast}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, b, none := topology.ship(0, 2), topology.ship(1, 2), topology.ship(0, 1); a != ShipHash || b != ShipBroadcast || none != ShipUnknown {
		t.Errorf("edges %v, %v and %v", a, b, none)
	}
	p := topology.Parallelism()
	if len(p) != 3 || p["a"] != 2 || p["b"] != 3 || p["v"] != 4 {
		t.Errorf("sizes %v", p)
	}
	if h, s, next := ShipHash.String(), ShipShuffle.String(), (ShipShuffle + 1).String(); h != "HASH" || s != "SHUFFLE" || next != "UNKNOWN" {
		t.Errorf("names %s, %s and %s", h, s, next)
	}
}

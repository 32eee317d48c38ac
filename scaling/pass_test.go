package scaling

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unknown is a vertex of which nothing is known.
func unknown() Rates {
	nan := math.NaN()
	return Rates{In: nan, Out: nan, OutPerIn: nan, Recent: nan, Peak: nan, Busy: nan, ProcessedIn: nan, Observed: nan}
}

func TestAWindowThatIsNotFullIsEvaluatedAndDecidesNothing(t *testing.T) {
	for _, full := range []bool{true, false} {
		for _, known := range []bool{true, false} {
			in := twoBusy(t, func(c *Config) {
				if !known {
					c.Estimator = estimates{unknown(), unknown()}
				}
			})
			in.Full = full
			out := Decide(in)
			want := ReasonWindowNotFull
			switch {
			case full && known:
				want = ReasonScale
			case full:
				want = ReasonUnknownRate
			}
			if out.Decision.Reason != want || out.Decision.Scale != (full && known) || (out.Evaluation != nil) != known || (len(out.Decision.Vertices) > 0) != (full && known) {
				t.Errorf("full %v, known %v: %+v", full, known, out.Decision)
			}
			if UnknownRate(out.Fault) == known || (out.Decision.Detail != "") == known {
				t.Errorf("full %v, known %v: fault %v, detail %q", full, known, out.Fault, out.Decision.Detail)
			}
		}
	}
}

func TestUnknownRateIsAboutMissingData(t *testing.T) {
	for err, want := range map[error]bool{
		&UnknownRateError{Vertex: "v"}:                               true,
		&MissingVertexError{Vertex: "v"}:                             true,
		fmt.Errorf("pass: %w", &UnknownRateError{Vertex: "v"}):       true,
		fmt.Errorf("pass: %w", &MissingVertexError{Vertex: "v"}):     true,
		errors.New("align vertex v by fixed: parallelism 0, want …"): false,
	} {
		if got := UnknownRate(err); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestMemoryUnderPressureKeepsAJobStill(t *testing.T) {
	tests := []struct {
		name           string
		gc, heap       float64 // the newest, and of the sample before
		gc0, heap0     float64
		want           Reason
		note           Note
		maxGC, maxHeap float64
	}{
		{"none", 0.1, 0.5, 0.1, 0.5, ReasonScale, Note{}, 0.4, 0.8},
		{"at the thresholds", 0.4, 0.8, 0.4, 0.8, ReasonScale, Note{}, 0.4, 0.8},
		{"the newest garbage collection counts", 0.5, 0.5, 0, 0.5, ReasonGCPressure, Note{Kind: NoteGCPressure, A: 0.5, B: 0.4}, 0.4, 0.8},
		{"and not the one before", 0, 0.5, 0.9, 0.5, ReasonScale, Note{}, 0.4, 0.8},
		{"of the heap it is the average", 0, 0.5, 0, 1.3, ReasonHeapUsage, Note{Kind: NoteHeapUsage, A: 0.9, B: 0.8}, 0.4, 0.8},
		{"and not the newest", 0, 0.9, 0, 0.1, ReasonScale, Note{}, 0.4, 0.8},
		{"collection before heap", 0.5, 0.9, 0.5, 0.9, ReasonGCPressure, Note{Kind: NoteGCPressure, A: 0.5, B: 0.4}, 0.4, 0.8},
		{"nothing known of either", math.NaN(), math.NaN(), math.NaN(), math.NaN(), ReasonScale, Note{}, 0.4, 0.8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := twoBusy(t, func(c *Config) { c.GCPressureThreshold, c.HeapUsageThreshold = tt.maxGC, tt.maxHeap })
			before := Sample{At: in.Now.Add(-time.Minute)}
			newest := Sample{At: in.Now}
			before.Global.Set(GCPressure, tt.gc0)
			before.Global.Set(HeapMaxUsageRatio, tt.heap0)
			newest.Global.Set(GCPressure, tt.gc)
			newest.Global.Set(HeapMaxUsageRatio, tt.heap)
			in.Window = Window{Samples: []Sample{before, newest}}
			out := Decide(in)
			if out.Decision.Reason != tt.want || out.Decision.Scale != (tt.want == ReasonScale) {
				t.Errorf("scale %v for %s, want %s", out.Decision.Scale, out.Decision.Reason, tt.want)
			}
			var notes []Note
			if tt.want != ReasonScale {
				notes = []Note{tt.note}
			}
			if !cmp.Equal(out.Notes, notes) {
				t.Errorf("notes %+v, want %+v", out.Notes, notes)
			}
		})
	}
}

// What keeps a decision from being executed, the first in order.
func TestADecisionSaysWhyItIsNotExecuted(t *testing.T) {
	broken := func(c *Config) {
		c.Alignment, c.AlignmentMode = AlignCustom, &ConfiguredAlignment{Name: "none", Mode: alignTo(0)}
	}
	off := func(c *Config) { c.ScalingEnabled = false }
	excluded := func(c *Config) { c.DoubtfulPeriods = []string{"11:00-13:00"} }
	doubtful := func(c *Config) { c.DoubtfulPeriods = []string{"foo"} }
	tests := []struct {
		name   string
		change []func(*Config)
		want   Reason
		fault  bool
	}{
		{"nothing does", nil, ReasonScale, false},
		{"a fault", []func(*Config){broken, off, excluded}, ReasonFault, true},
		{"not wanted", []func(*Config){off, doubtful}, ReasonScalingDisabled, false},
		{"an excluded period", []func(*Config){excluded}, ReasonExcludedPeriod, false},
		{"a period that cannot be read", []func(*Config){doubtful}, ReasonPeriodsFault, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := twoBusy(t, func(c *Config) {
				c.Estimator = estimates{{In: 1400, Out: 1400, Busy: 1, ProcessedIn: 1000, Observed: math.NaN()}, {In: 1400, Out: 1400, Busy: 1, ProcessedIn: 1000, Observed: math.NaN()}}
				for _, change := range tt.change {
					change(c)
				}
			})
			out := Decide(in) // the source, which no mode aligns, is to grow in any case
			if out.Decision.Reason != tt.want || out.Decision.Scale != (tt.want == ReasonScale) || (out.Fault != nil) != tt.fault {
				t.Errorf("scale %v for %s, fault %v; want %s", out.Decision.Scale, out.Decision.Reason, out.Fault, tt.want)
			}
			if s := out.Decision.Vertices[0]; !s.Changed() {
				t.Errorf("the source stays: %+v", s)
			}
		})
	}
}

// A job that stays as it is says why: for the reason of a vertex, if that is one.
func TestAJobThatStaysSaysWhy(t *testing.T) {
	hot := measured(1430, 1)
	hot.Hottest = Hottest{Known: true, Share: 0.7, Busy: 1, Capacity: 1000}
	lagging := measured(1000, 0.1)
	lagging.HasLag, lagging.Recent, lagging.Peak = true, 2500, 2500
	tests := []struct {
		name string
		t, u Rates
		want Reason
	}{
		{"within bounds", measured(1000, 0.1), measured(1000, 0.1), ReasonWithinBounds},
		{"nothing known of one", unknown(), measured(1000, 0.1), ReasonNoCapacity},
		{"nothing known of the other", measured(1000, 0.1), unknown(), ReasonNoCapacity},
		{"one that no parallelism helps", hot, measured(1430, 0.4), ReasonNotScalable},
		{"that, and one of which nothing is known", hot, unknown(), ReasonNotScalable},
		{"the other way around", unknown(), hot, ReasonNotScalable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{
				{ID: "s", Parallelism: 1, MaxParallelism: 128},
				{ID: "t", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
				{ID: "u", Parallelism: 4, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			c := sluiceProfile()
			c.CatchUp, c.Excluded, c.UtilizationMin, c.TargetUtilization = 0, []VertexID{"s"}, 0, 0.1
			if tt.want == ReasonNotScalable {
				c.TargetUtilization = 0.7
			}
			c.Estimator = fixed{lagging, tt.t, tt.u}
			if tt.want != ReasonNotScalable {
				c.Estimator = fixed{measured(1000, 0.1), tt.t, tt.u}
			}
			if out := Decide(Input{Config: &c, Topology: topology, Full: true}); out.Decision.Scale || out.Decision.Reason != tt.want {
				t.Errorf("%s, want %s: %+v", out.Decision.Reason, tt.want, out.Decision.Vertices)
			}
		})
	}
}

// What a restart took is learnt in every pass, also in one that decides nothing.
func TestAFinishedRestartIsKeptWhateverIsDecided(t *testing.T) {
	in := twoBusy(t, func(*Config) {})
	in.Full = false
	since := in.Now.Add(-time.Minute)
	in.Window.Samples[0].RunningSince = since
	in.State.Tracking = []RestartRecord{{At: since.Add(-42 * time.Second)}}
	got := Decide(in).State.Tracking
	if want := []RestartRecord{{At: since.Add(-42 * time.Second), Duration: 42 * time.Second, Known: true}}; !cmp.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

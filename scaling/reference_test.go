package scaling

import (
	"math"
	"testing"
	"time"
)

// The properties that property_test.go checks in profile sluice, each with an
// example in which the reference does not have it; profile sluice has. Two it has
// in both: more load never asks for less, and neither names nor the hour matter.
func TestWhereTheReferenceBreaksAProperty(t *testing.T) {
	saturated := measured(1000, 1)
	saturated.ProcessedIn = 9000
	tests := []struct {
		property string
		decide   func(t *testing.T, c Config) Decision
		// broken tells what the second vertex, 4 now, does in the reference, kept what
		// in profile sluice.
		broken, kept int
	}{
		{"the parallelism lies within its limits: above the maximum", func(t *testing.T, c Config) Decision {
			c.MaxParallelism = 3
			return decideTwo(t, c, measured(1000, 0.65), measured(1000, 0.68), nil)
		}, 4, 3},
		{"the parallelism lies within its limits: below the minimum", func(t *testing.T, c Config) Decision {
			c.MinParallelism = 6
			return decideTwo(t, c, measured(1000, 0.65), measured(1000, 0.68), nil)
		}, 4, 6},
		{"the parallelism lies within its limits: a wish from before they changed", func(t *testing.T, c Config) Decision {
			c.MaxParallelism, c.ScaleDownInterval = 2, time.Minute
			return decideTwo(t, c, measured(1000, 0.65), measured(1000, 0.1), waiting(3))
		}, 3, 2},
		{"no scaling against the evidence: a wish from when the vertex was larger", func(t *testing.T, c Config) Decision {
			c.ScaleDownInterval = time.Minute
			return decideTwo(t, c, measured(1000, 0.65), measured(1000, 0.1), waiting(9))
		}, 9, 4},
		{"no scaling against the evidence: saturated and shrunk (FLINK-38538)", func(t *testing.T, c Config) Decision {
			return decideTwo(t, c, measured(1000, 0.65), saturated, nil)
		}, 2, 4},
		{"no scaling against the evidence: counters that began anew", func(t *testing.T, c Config) Decision {
			c.MetricsWindow, c.UtilizationMin, c.Aggregator = time.Minute, 0.1, AggregateAvg
			w := resetWindow("t", nil)
			topology := resetTopology(t)
			for i := range w.Samples {
				w.Samples[i].Vertices[1].Parallelism = 4
			}
			topology.Vertices[1].Parallelism = 4
			return Decide(Input{Config: &c, Topology: topology, Window: w, Full: true, Now: at(60)}).Decision
		}, 2, 4},
		{"a unit of records does not matter: 1.4/s are 1/s, 1400/s are not 1000/s", func(t *testing.T, c Config) Decision {
			return decideTwo(t, c, measured(1.4, 0.65), Rates{In: 1.4, Out: 1.4, OutPerIn: 1, Busy: 1, ProcessedIn: 1, Observed: math.NaN()}, nil)
		}, 4, 8},
	}
	for _, tt := range tests {
		t.Run(tt.property, func(t *testing.T) {
			reference, sluice := DefaultConfig(), sluiceProfile()
			for _, c := range []*Config{&reference, &sluice} {
				c.ScaleDownInterval, c.CatchUp, c.Restart = 0, 0, 0
			}
			sluice.Estimator, sluice.RecentRate = nil, false // the same figures for both
			if got := tt.decide(t, reference).Vertices[1]; got.To != tt.broken {
				t.Errorf("reference: 4 -> %d (%s), want %d", got.To, got.Reason, tt.broken)
			}
			if got := tt.decide(t, sluice).Vertices[1]; got.To != tt.kept {
				t.Errorf("sluice: 4 -> %d (%s), want %d", got.To, got.Reason, tt.kept)
			}
		})
	}
}

// decideTwo decides about a source and a vertex at 4 by given rates.
func decideTwo(t *testing.T, c Config, source, work Rates, delayed *Delayed) Decision {
	t.Helper()
	in := twoBusy(t, func(own *Config) {
		*own = c
		own.Estimator = estimates{source, work}
	})
	if delayed != nil {
		in.State.Delayed = DelayedScaleDown{"t": *delayed}
		in.Now = delayed.FirstTrigger.Add(c.ScaleDownInterval)
	}
	return Decide(in).Decision
}

// waiting is a scale-down that has waited since the start.
func waiting(parallelism int) *Delayed {
	return &Delayed{FirstTrigger: at(0), Recommended: []Recommendation{{At: at(0), Parallelism: parallelism, Outside: true}}}
}

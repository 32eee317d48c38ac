package reference_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/reference"
)

// What docs/migrate.md says of going on from the rows of Java: its window is full
// at once, the reference's estimator works on it, and the counters estimator
// waits for samples of its own.
func TestAWindowOfJavaServesTheReferencesEstimatorAtOnce(t *testing.T) {
	const window = 10 * time.Minute
	start := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var samples []string
	for i := range 60 {
		at := start.Add(time.Duration(i) * 10 * time.Second)
		samples = append(samples, fmt.Sprintf(`"%s":{"vertexMetrics":{"%s":{"LOAD":0.5,"LAG":0.0,"NUM_RECORDS_IN":%d.0,"NUM_RECORDS_OUT":0.0,"ACCUMULATED_BUSY_TIME":%d.0}},"globalMetrics":{}}`,
			at.Format(time.RFC3339), vid, 1000*i, 5000*i))
	}
	state, broken := reference.Decode(reference.Items{reference.CollectedMetrics: "{" + strings.Join(samples, ",") + "}"})
	if len(broken) > 0 {
		t.Fatal(broken[0])
	}
	topology, err := scaling.NewTopology([]scaling.Vertex{{ID: vid, Parallelism: 1, MaxParallelism: 128}})
	if err != nil {
		t.Fatal(err)
	}
	config := scaling.DefaultConfig()
	config.MetricsWindow, config.Stabilization = window, 0
	for _, c := range []struct {
		estimator scaling.Estimator
		own       int // samples of our own before there is a rate
	}{{scaling.Reference{}, 1}, {scaling.Counters{}, 31}} {
		t.Run(c.estimator.Name(), func(t *testing.T) {
			config.Estimator = c.estimator
			w := state.Window
			for own := 1; own <= c.own; own++ {
				i := 59 + own
				v := scaling.VertexSample{Vertex: vid, Parallelism: 1}
				v.Set(scaling.Load, 0.5)
				v.Set(scaling.Lag, 0)
				v.Set(scaling.NumRecordsIn, float64(1000*i))
				v.Set(scaling.NumRecordsOut, 0)
				v.Set(scaling.AccumulatedBusyTime, float64(5000*i))
				v.Set(scaling.AccumulatedIdleTime, float64(5000*i))
				v.Set(scaling.AccumulatedBackpressuredTime, 0)
				var full scaling.Fullness
				w, full = config.Extend(w, scaling.Sample{At: start.Add(time.Duration(i) * 10 * time.Second), RunningSince: start.Add(-time.Hour), Vertices: []scaling.VertexSample{v}})
				if !full.Full {
					t.Fatalf("after %d samples of our own the window is not full: %+v", own, full)
				}
				rates, err := c.estimator.Estimate(w, topology, &config)
				if err != nil {
					t.Fatal(err)
				}
				if known := !math.IsNaN(rates[0].In); known != (own == c.own) {
					t.Errorf("after %d samples of our own the rate is %v", own, rates[0].In)
				} else if known && math.Abs(rates[0].In-100) > 0.1 {
					t.Errorf("the rate is %v, want 100/s", rates[0].In)
				}
			}
		})
	}
}

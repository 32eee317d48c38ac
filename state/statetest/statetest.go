// Package statetest is the conformance suite of state stores: every
// implementation of [autoscaler.StateStore] passes it, against the real thing.
package statetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// Run checks what every state store promises. open returns an empty store.
func Run(t *testing.T, open func(t *testing.T) autoscaler.StateStore) {
	t.Helper()
	t.Run("an unknown job has the zero state", func(t *testing.T) {
		equal(t, open(t), key("a", "1"), autoscaler.State{})
	})
	t.Run("what was put is read back whole", func(t *testing.T) {
		s := open(t)
		put(t, s, key("a", "1"), Example(3))
		equal(t, s, key("a", "1"), Example(3))
	})
	t.Run("a later put replaces an earlier one", func(t *testing.T) {
		s := open(t)
		put(t, s, key("a", "1"), Example(3))
		put(t, s, key("a", "1"), Example(1))
		equal(t, s, key("a", "1"), Example(1))
	})
	t.Run("jobs of the same id in two clusters are two", func(t *testing.T) {
		s := open(t)
		put(t, s, key("a", "1"), Example(1))
		put(t, s, key("b", "1"), Example(2))
		equal(t, s, key("a", "1"), Example(1))
		equal(t, s, key("b", "1"), Example(2))
	})
	t.Run("a removed job is unknown, the others stay", func(t *testing.T) {
		s := open(t)
		put(t, s, key("a", "1"), Example(1))
		put(t, s, key("a", "2"), Example(2))
		if err := s.Remove(t.Context(), key("a", "1")); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		equal(t, s, key("a", "1"), autoscaler.State{})
		equal(t, s, key("a", "2"), Example(2))
	})
	t.Run("removing an unknown job is no error", func(t *testing.T) {
		if err := open(t).Remove(t.Context(), key("a", "nobody")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("changing what was got changes nothing in the store", func(t *testing.T) {
		s := open(t)
		put(t, s, key("a", "1"), Example(3))
		got, err := s.Get(t.Context(), key("a", "1"))
		if err != nil {
			t.Fatal(err)
		}
		got.Window, _ = got.Window.Add(scaling.Sample{At: start.Add(time.Hour)}, time.Minute, 0)
		got.Act = nil
		equal(t, s, key("a", "1"), Example(3))
	})
	t.Run("jobs are served at the same time", func(t *testing.T) {
		s := open(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				k := key("a", fmt.Sprint(i))
				for n := range 10 {
					put(t, s, k, Example(n))
				}
				equal(t, s, k, Example(9))
			})
		}
		wg.Wait()
	})
}

var start = time.Date(2026, 7, 1, 12, 0, 0, 123_000_000, time.UTC)

func key(cluster, job string) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: cluster, Job: flink.JobID(job)}
}

// Example is a state in which everything is set, with the given number of
// samples in its window.
func Example(samples int) autoscaler.State {
	s := autoscaler.State{
		Scaling: scaling.State{
			History: scaling.History{"v1": {{
				At: start, From: 1, To: 2, ExpectedRate: 2000,
				Evaluation: scaling.VertexEvaluation{Vertex: "v1", Parallelism: 1, TrueProcessingRate: 1000, TargetRate: 1400.5},
			}}},
			Tracking: []scaling.RestartRecord{{At: start, Duration: 4200 * time.Millisecond, Known: true}},
			Delayed: scaling.DelayedScaleDown{"v2": {FirstTrigger: start, Recommended: []scaling.Recommendation{
				{At: start, Parallelism: 3, Outside: true},
			}}},
		},
		Bounds: map[scaling.VertexID]autoscaler.Bound{"v1": {Floor: 2, Lower: 2, Upper: 4, Ours: true}},
		Act: &autoscaler.Act{
			Decided: start, Want: scaling.Parallelism{"v1": 2}, From: scaling.Parallelism{"v1": 1},
			Phase: autoscaler.PhaseFailed, Requested: start, Ended: start.Add(time.Minute),
			Reason: autoscaler.Obstacle{Reason: autoscaler.ReasonSlotsMissing, Text: "1 of 2 slots"},
		},
	}
	for i := range samples {
		v := scaling.VertexSample{Vertex: "v1", Parallelism: 2, Subtasks: []scaling.Subtask{{Attempt: 1, Records: 5, Busy: 3, Clock: 9}}}
		v.Set(scaling.NumRecordsIn, float64(1000*i))
		v.Set(scaling.Lag, 0)
		sample := scaling.Sample{At: start.Add(time.Duration(i) * time.Second), RunningSince: start, Vertices: []scaling.VertexSample{v}}
		sample.Global.Set(scaling.GCPressure, 0.01)
		s.Window.Samples = append(s.Window.Samples, sample)
	}
	return s
}

func put(t *testing.T, s autoscaler.StateStore, k autoscaler.JobKey, state autoscaler.State) {
	t.Helper()
	if err := s.Put(context.WithoutCancel(t.Context()), k, state); err != nil {
		t.Errorf("put %s: %v", k, err)
	}
	if err := s.Flush(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("flush %s: %v", k, err)
	}
}

func equal(t *testing.T, s autoscaler.StateStore, k autoscaler.JobKey, want autoscaler.State) {
	t.Helper()
	got, err := s.Get(context.WithoutCancel(t.Context()), k)
	if err != nil {
		t.Errorf("get %s: %v", k, err)
		return
	}
	opts := []cmp.Option{cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmp.AllowUnexported(scaling.Measures{}, scaling.GlobalMeasures{})}
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("state of %s (-want +got):\n%s", k, diff)
	}
}

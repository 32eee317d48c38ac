package reference_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/statetest"
)

func TestItemsAndExtraTogetherGiveTheStateBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := statetest.DrawState(t)
		got, broken := reference.Decode(reference.Encode(&want))
		if len(broken) > 0 {
			t.Fatal(broken[0])
		}
		reference.Join(&got, reference.Extra(&want))
		if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
			t.Fatalf("encoded and decoded (-want +got):\n%s", diff)
		}
	})
}

var nan = math.NaN()

const vid = "bc764cd8ddf7a0cff126f51c16239658"

// The texts are the spec's (section 7.2).
func TestItemsHaveTheShapesOfTheReference(t *testing.T) {
	at := time.Date(2023, 11, 14, 22, 14, 20, 123456789, time.UTC)
	var v scaling.VertexSample
	v.Vertex = vid
	v.Set(scaling.Load, nan)
	v.Set(scaling.Lag, 0)
	sample := scaling.Sample{At: time.Date(2023, 11, 14, 22, 13, 20, 123e6, time.UTC), Vertices: []scaling.VertexSample{v}}
	sample.Global.Set(scaling.HeapMemoryUsed, 536870912)
	state := autoscaler.State{
		Window: scaling.Window{Samples: []scaling.Sample{sample, {At: time.Date(2023, 11, 14, 22, 15, 20, 0, time.UTC)}}},
		Scaling: scaling.State{
			Tracking: []scaling.RestartRecord{{At: at}, {At: at.Add(time.Hour), Duration: 65432 * time.Millisecond, Known: true}},
			Delayed: scaling.DelayedScaleDown{vid: {FirstTrigger: time.Unix(1700000060, 123456789), Recommended: []scaling.Recommendation{
				{At: time.Unix(1700000060, 123456789), Parallelism: 3, Outside: true},
			}}},
		},
		Overrides: scaling.Parallelism{"b": 2, "a": 1},
		Changes: tuning.Changes{
			Overrides: map[string]string{"taskmanager.memory.process.size": "1 gb"}, Removals: []string{"taskmanager.memory.managed.size"},
		},
	}
	want := reference.Items{
		reference.CollectedMetrics: `{"2023-11-14T22:13:20.123Z":{"vertexMetrics":{"` + vid + `":{"LOAD":"NaN","LAG":0.0}},"globalMetrics":{"HEAP_MEMORY_USED":5.36870912E8}},` +
			`"2023-11-14T22:15:20Z":{"vertexMetrics":{},"globalMetrics":{}}}`,
		reference.ScalingTracking: `{"scalingRecords":{"2023-11-14T22:14:20.123456789Z":{"restartDuration":null},"2023-11-14T23:14:20.123456789Z":{"restartDuration":65.432000000}}}`,
		reference.DelayedScaleDown: `{"delayedVertices":{"` + vid + `":{"firstTriggerTime":1700000060.123456789,` +
			`"recommendedParallelisms":[{"triggerTime":1700000060.123456789,"parallelism":3,"outsideUtilizationBound":true}]}}}`,
		reference.ConfigOverrides:      `{"overrides":{"taskmanager.memory.process.size":"1 gb"},"removals":["taskmanager.memory.managed.size"]}`,
		reference.ParallelismOverrides: `a:1,b:2`,
	}
	if diff := cmp.Diff(want, reference.Encode(&state)); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

func TestAnEmptyStateHasNoItems(t *testing.T) {
	if items := reference.Encode(&autoscaler.State{}); len(items) > 0 {
		t.Errorf("items of an empty state: %v", items)
	}
}

func TestWhatReleasesOfTheReferenceHaveWrittenIsRead(t *testing.T) {
	at := time.Date(2023, 11, 14, 22, 14, 20, 0, time.UTC)
	for name, c := range map[string]struct {
		item reference.Item
		text string
		want autoscaler.State
	}{
		"a change with nulls promised nothing": {
			reference.ScalingHistory,
			`{"v":{"2023-11-14T22:14:20Z":{"currentParallelism":1,"newParallelism":2,"metrics":{"TRUE_PROCESSING_RATE":{"current":"NaN","average":100.123},"EXPECTED_PROCESSING_RATE":null}}}}`,
			autoscaler.State{Scaling: scaling.State{History: scaling.History{"v": {{
				At: at, From: 1, To: 2, Planned: 2, ExpectedRate: 100.123,
				Evaluation: scaling.VertexEvaluation{
					Vertex: "v", Parallelism: 1, Load: nan, TrueProcessingRate: 100.123, TargetRate: nan, PeakRate: nan, CatchUpRate: nan,
					ScaleUpThreshold: nan, ScaleDownThreshold: nan,
				},
			}}}}},
		},
		"metrics of older releases are left out, null is not there": {
			reference.CollectedMetrics,
			`{"2023-11-14T22:14:20Z":{"vertexMetrics":{"v":{"LAG":null,"SOURCE_DATA_RATE":1.0,"LOAD":0.5}},"globalMetrics":null,"outputRatios":{"a,b":1.0}}}`,
			autoscaler.State{Window: scaling.Window{Samples: []scaling.Sample{{At: at, Vertices: []scaling.VertexSample{withLoad("v", 0.5)}}}}},
		},
		"up to 1.10 a delayed scale-down was the time of the first": {
			reference.DelayedScaleDown, `{"firstTriggerTime":{"v":1700000060}}`,
			autoscaler.State{Scaling: scaling.State{Delayed: scaling.DelayedScaleDown{"v": {FirstTrigger: time.Unix(1700000060, 0).UTC()}}}},
		},
		"nothing is delayed":         {reference.DelayedScaleDown, `{"delayedVertices":{}}`, autoscaler.State{}},
		"no restarts":                {reference.ScalingTracking, `{"scalingRecords":{}}`, autoscaler.State{}},
		"no changes":                 {reference.ConfigOverrides, `{"overrides":{},"removals":[]}`, autoscaler.State{}},
		"no history":                 {reference.ScalingHistory, `{}`, autoscaler.State{}},
		"no metrics":                 {reference.CollectedMetrics, `{}`, autoscaler.State{}},
		"no overrides":               {reference.ParallelismOverrides, ``, autoscaler.State{}},
		"overrides in standard YAML": {reference.ParallelismOverrides, `{a: '1', b: '2'}`, autoscaler.State{Overrides: scaling.Parallelism{"a": 1, "b": 2}}},
		"overrides in legacy form":   {reference.ParallelismOverrides, `b:2,a:1`, autoscaler.State{Overrides: scaling.Parallelism{"a": 1, "b": 2}}},
		"a tiny and a negative duration": {
			reference.ScalingTracking, `{"scalingRecords":{"2023-11-14T22:14:20Z":{"restartDuration":1.23E-7},"2023-11-14T22:14:20.000001Z":{"restartDuration":-1.500000000}}}`,
			autoscaler.State{Scaling: scaling.State{Tracking: []scaling.RestartRecord{
				{At: at, Duration: 123, Known: true}, {At: at.Add(time.Microsecond), Duration: -1500 * time.Millisecond, Known: true},
			}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, broken := reference.Decode(reference.Items{c.item: c.text})
			if len(broken) > 0 {
				t.Fatal(broken[0])
			}
			if diff := cmp.Diff(c.want, got, statetest.ToTheBit); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

func withLoad(id scaling.VertexID, load float64) scaling.VertexSample {
	v := scaling.VertexSample{Vertex: id}
	v.Set(scaling.Load, load)
	return v
}

func TestABrokenItemIsToldAndTheOthersAreRead(t *testing.T) {
	for item, text := range map[reference.Item]string{
		reference.ScalingHistory:       `{"v":{"yesterday":{}}}`,
		reference.ScalingTracking:      `{"scalingRecords":{"2023-11-14T22:14:20Z":{"restartDuration":1e99}}}`,
		reference.CollectedMetrics:     `{"2023-11-14T22:14:20Z":{"vertexMetrics":{"v":{"LOAD":"much"}}}}`,
		reference.ParallelismOverrides: `a:many`,
		reference.ConfigOverrides:      `[]`,
		reference.DelayedScaleDown:     `{"delayedVertices":{"v":{}}}`,
	} {
		good := reference.Encode(&autoscaler.State{Overrides: scaling.Parallelism{"a": 1}, Scaling: scaling.State{Tracking: []scaling.RestartRecord{{}}}})
		good[item] = text
		got, broken := reference.Decode(good)
		if len(broken) != 1 || broken[0].Item != item || broken[0].Text != text || !strings.Contains(broken[0].Error(), string(item)) {
			t.Errorf("%s %s: broken %v", item, text, broken)
		}
		if tracked := len(got.Scaling.Tracking) == 1; !tracked && item != reference.ScalingTracking {
			t.Errorf("%s %s: the tracking is lost too", item, text)
		}
	}
}

// Where Java has written since, its rows count, and what we kept besides them
// does not bring back what is gone.
func TestWhatSomebodyElseRemovedIsNotBroughtBack(t *testing.T) {
	was := statetest.Example(3)
	extra := reference.Extra(&was)
	now := was
	now.Window.Samples = was.Window.Samples[1:2:2]
	now.Scaling.History = nil
	got, _ := reference.Decode(reference.Encode(&now))
	reference.Join(&got, extra)
	if diff := cmp.Diff(now, got, statetest.ToTheBit); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}
}

func FuzzDecodeNeverPanics(f *testing.F) {
	state := statetest.Example(1)
	for _, text := range reference.Encode(&state) {
		f.Add(text)
	}
	f.Add(`{"scalingRecords":{"2023-11-14T22:14:20Z":{"restartDuration":-1.5E-7}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, item := range reference.AllItems {
			state, broken := reference.Decode(reference.Items{item: text})
			if len(broken) > 0 {
				continue
			}
			again, broken := reference.Decode(reference.Encode(&state))
			if len(broken) > 0 {
				t.Fatalf("%s %q: what was read from it cannot be read again: %v", item, text, broken[0])
			}
			if diff := cmp.Diff(state, again, statetest.ToTheBit); diff != "" && item != reference.ScalingHistory {
				t.Fatalf("%s %q (-read +again):\n%s", item, text, diff)
			}
		}
	})
}

package tuning

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scaling"
)

// shrink is a job of two vertices at 50 that shrinks to 25 and 10, on
// TaskManagers of 5 slots.
func shrink(t *testing.T) Rescale {
	t.Helper()
	return Rescale{
		Topology: topologyOf(t,
			scaling.Vertex{ID: "source", Parallelism: 50},
			scaling.Vertex{ID: "sink", Parallelism: 50, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipRebalance}}}),
		Target:    scaling.Parallelism{"source": 25, "sink": 10},
		SlotsUsed: 50, SlotsPerTaskManager: 5,
	}
}

// golden is the example of the spec: a TaskManager of 30 GiB.
func golden(t *testing.T) Input {
	t.Helper()
	in := Input{
		Spec: DefaultSpec(), MaxMemory: 30 * gib, Rescale: shrink(t), Config: defaults(),
		Usage: Usage{Heap: 5096 * mib, Managed: 10000 * mib, Metaspace: 100 * mib},
	}
	in.Spec.Process = Bytes(30 * gib)
	in.Config.Compensation = false
	return in
}

func TestTuningGivesTheSpecsExample(t *testing.T) {
	tests := []struct {
		name                       string
		change                     func(*Input)
		process, managed, overhead string
	}{
		{"plain", func(*Input) {}, "20108162027 bytes", "0.654", "0.054"},
		{"managed memory maximized", func(in *Input) { in.Config.MaximizeManaged = true }, "30 gb", "0.789", "0.034"},
		{"managed memory not used", func(in *Input) { in.Usage.Managed = 0 }, "7760130867 bytes", "0.0", "0.139"},
		{"managed memory not known", func(in *Input) { in.Usage.Managed = math.NaN() }, "7760130867 bytes", "0.0", "0.139"},
		{"less than a byte of managed memory used", func(in *Input) { in.Usage.Managed = 0.9 }, "7760130867 bytes", "0.0", "0.139"},
		{"heap compensated", func(in *Input) { in.Usage.Managed, in.Config.Compensation = 0, true }, "14172382822 bytes", "0.0", "0.076"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := golden(t)
			tt.change(&in)
			tuned, err := Tune(in)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"taskmanager.memory.process.size":          tt.process,
				"taskmanager.memory.managed.fraction":      tt.managed,
				"taskmanager.memory.jvm-overhead.fraction": tt.overhead,
				"taskmanager.memory.network.min":           "13760 kb",
				"taskmanager.memory.network.max":           "13760 kb",
				"taskmanager.memory.jvm-metaspace.size":    "120 mb",
				"taskmanager.memory.framework.heap.size":   "0 bytes",
			}
			if got := tuned.Changes().Overrides; !maps.Equal(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
		})
	}
}

func TestTuningIsThatOfTheReferenceInEveryRecordedDecision(t *testing.T) {
	recommended := 0
	for _, d := range recordedDecisions(t) {
		tuned, err := Tune(d.input(t))
		if d.Overrides == nil {
			if !errors.Is(err, ErrNotTunable) {
				t.Errorf("%s: got %+v, %v, and there was no recommendation", d.Of, tuned, err)
			}
			continue
		}
		recommended++
		if err != nil {
			t.Errorf("%s: %v", d.Of, err)
			continue
		}
		got := tuned.Changes()
		if !maps.Equal(got.Overrides, d.Overrides) || !slices.Equal(got.Removals, d.Removals) {
			t.Errorf("%s:\n got %v\nwant %v, %v", d.Of, got, d.Overrides, d.Removals)
		}
	}
	if recommended < 90 {
		t.Errorf("%d recommendations", recommended)
	}
}

func TestMemoryGoesToWhatAJobCannotRunWithout(t *testing.T) {
	fixed := 128*mib + gib // off-heap and overhead of 30 GiB
	network := int64(13760 * kib)
	metaspace, heap := int64(120*mib), truncate(5096*mib*1.2)
	tests := []struct {
		memory int64
		want   [4]int64 // network, metaspace, heap, managed
	}{
		{1, [4]int64{}},
		{int64(fixed) - 1, [4]int64{}},
		{int64(fixed) + 5, [4]int64{5, 0, 0, 0}},
		{int64(fixed) + network + 5, [4]int64{network, 5, 0, 0}},
		{int64(fixed) + network + metaspace + 5, [4]int64{network, metaspace, 5, 0}},
		{int64(fixed) + network + metaspace + heap + 5, [4]int64{network, metaspace, heap, 5}},
	}
	for _, tt := range tests {
		in := golden(t)
		in.MaxMemory = tt.memory
		tuned, err := Tune(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := [...]int64{tuned.Network, tuned.Metaspace, tuned.Heap, tuned.Managed}; got != tt.want || tuned.Process != tt.memory {
			t.Errorf("%d bytes: got %v of %d, want %v", tt.memory, got, tuned.Process, tt.want)
		}
	}
}

func TestHeapIsCompensatedForTaskManagersThatGo(t *testing.T) {
	tests := []struct {
		name string
		used float64
		want float64
	}{
		{"10 to 5", 50, 2},
		{"slots that vertices do not share: 20 to 7", 100, 20.0 / 7},
		{"no fewer than now", 5, 1},
		{"slots not known", math.NaN(), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := golden(t)
			in.Config.Compensation, in.Usage.Managed, in.Rescale.SlotsUsed = true, 0, tt.used
			tuned, err := Tune(in)
			if err != nil {
				t.Fatal(err)
			}
			heap := 5096 * mib * 1.2
			if want := truncate(tt.want * float64(truncate(heap))); tuned.Compensation != tt.want || tuned.Heap != want {
				t.Errorf("got %v and a heap of %d, want %v and %d", tuned.Compensation, tuned.Heap, tt.want, want)
			}
		})
	}
}

func TestWhatCannotBeJudgedIsNotTuned(t *testing.T) {
	tests := []struct {
		name       string
		change     func(*Input)
		want       string
		notTunable bool
	}{
		{"no memory model", func(in *Input) { in.Spec.Process = Size{} }, "derive the memory model", true},
		{"no size of a TaskManager", func(in *Input) { in.MaxMemory = 0 }, "size of a TaskManager", true},
		{"no need at all", useNothing, "no pool needs any memory", true},
		{"nothing for flink", func(in *Input) {
			useNothing(in)
			in.Usage.Metaspace = 5
		}, "nothing is left for flink", false},
		{"negative use", func(in *Input) { in.Usage.Heap = -5e9 }, "the need for heap memory is -6000000000 bytes", false},
		{"too many buffers to count", func(in *Input) { in.Config.Buffers.PerChannel = 1 << 28 }, "the need for network memory", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := golden(t)
			tt.change(&in)
			tuned, err := Tune(in)
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrNotTunable) != tt.notTunable {
				t.Errorf("got %+v, %v", tuned, err)
			}
		})
	}
}

func useNothing(in *Input) {
	in.Usage = Usage{}
	in.Config.Buffers.SegmentSize = 0
	in.Spec.FrameworkOffHeap, in.Spec.Overhead = 0, Range{}
}

func TestTunedMemoryStaysWithinWhatThereWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := golden(t)
		in.Spec.Process = Bytes(rapid.Int64Range(gib, 64*gib).Draw(rt, "process"))
		in.MaxMemory = rapid.Int64Range(1, 64*gib).Draw(rt, "max")
		in.Usage = Usage{
			Heap:      rapid.Float64Range(0, 1e11).Draw(rt, "heap"),
			Managed:   rapid.Float64Range(0, 1e11).Draw(rt, "managed"),
			Metaspace: rapid.Float64Range(0, 1e9).Draw(rt, "metaspace"),
		}
		in.Config.MaximizeManaged, in.Config.Compensation = rapid.Bool().Draw(rt, "maximize"), rapid.Bool().Draw(rt, "compensation")
		in.Rescale.SlotsUsed = float64(rapid.IntRange(0, 500).Draw(rt, "slots"))
		tuned, err := Tune(in)
		if err != nil {
			rt.Fatal(err)
		}
		b := tuned.Before
		if tuned.Process > in.MaxMemory {
			rt.Fatalf("%d bytes of %d", tuned.Process, in.MaxMemory)
		}
		pools := tuned.Heap + tuned.Managed + tuned.Network + tuned.Metaspace + b.FrameworkOffHeap + b.TaskOffHeap + b.Overhead
		if tuned.Process != min(pools, in.MaxMemory) {
			rt.Fatalf("%d bytes, and the pools hold %d", tuned.Process, pools)
		}
	})
}

package memory

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scaling"
)

// Windows of any content are unpacked to the bit, also where numbers jump
// between whole, broken and none, and where vertices come and go.
func TestAWindowIsUnpackedToTheBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := scaling.Window{Samples: rapid.SliceOfN(rapid.Custom(drawSample), 0, 12).Draw(t, "samples")}
		if len(w.Samples) == 0 {
			w.Samples = nil
		}
		p, _ := pack(w, nil)
		if diff := cmp.Diff(w, p.unpack(), toTheBit); diff != "" {
			t.Fatalf("packed and unpacked (-want +got):\n%s", diff)
		}
	})
}

var toTheBit = cmp.Options{
	cmp.AllowUnexported(scaling.Measures{}, scaling.GlobalMeasures{}),
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
}

func drawSample(t *rapid.T) scaling.Sample {
	s := scaling.Sample{At: drawTime(t), RunningSince: drawTime(t)}
	for _, m := range rapid.SliceOfDistinct(rapid.IntRange(0, int(scaling.NumTaskSlotsUsed)), rapid.ID).Draw(t, "global measures") {
		s.Global.Set(scaling.GlobalMeasure(m), drawNumber(t))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "vertices") {
		s.Vertices = append(s.Vertices, drawVertex(t, i))
	}
	return s
}

func drawVertex(t *rapid.T, i int) scaling.VertexSample {
	v := scaling.VertexSample{Vertex: scaling.VertexID(fmt.Sprintf("v%d", i)), Parallelism: rapid.IntRange(1, 2).Draw(t, "parallelism")}
	for _, m := range rapid.SliceOfDistinct(rapid.IntRange(0, int(scaling.AccumulatedBackpressuredTime)), rapid.ID).Draw(t, "measures") {
		v.Set(scaling.Measure(m), drawNumber(t))
	}
	if !rapid.Bool().Draw(t, "subtasks were read") {
		return v
	}
	v.Subtasks = []scaling.Subtask{}
	for range rapid.IntRange(0, 3).Draw(t, "subtasks") {
		v.Subtasks = append(v.Subtasks, scaling.Subtask{
			Attempt: rapid.IntRange(-1, 1000).Draw(t, "attempt"), Records: drawNumber(t), Busy: drawNumber(t), Clock: drawNumber(t),
		})
	}
	return v
}

func drawNumber(t *rapid.T) float64 {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) }),
		rapid.SampledFrom([]float64{
			0, math.Copysign(0, -1), 1, -1, 0.5, math.NaN(), math.Float64frombits(0x7ff8_0000_dead_beef), math.Inf(1), math.Inf(-1),
			1<<53 - 1, 1 << 53, -(1<<53 - 1), math.MaxInt64, math.MinInt64, math.MaxFloat64, math.SmallestNonzeroFloat64,
		}),
	).Draw(t, "number")
}

func drawTime(t *rapid.T) time.Time {
	return rapid.OneOf(
		rapid.Just(time.Time{}),
		rapid.Map(rapid.Int64(), func(n int64) time.Time { return time.Unix(0, n).UTC() }),
	).Draw(t, "time")
}

// A counter that falls by exactly 2^31, or by more, cannot be told from the mark
// of a number in full by its difference.
func TestDifferencesAtTheEdgeOfTheirWidth(t *testing.T) {
	var w scaling.Window
	for i, x := range []float64{1 << 31, 0, 1<<31 - 1, 0, 1 << 31, -1, 1 << 32, math.NaN(), math.NaN(), 0, 0.5, 1.5, math.Copysign(0, -1), 0} {
		v := scaling.VertexSample{Vertex: "v", Parallelism: 1}
		v.Set(scaling.NumRecordsIn, x)
		w.Samples = append(w.Samples, scaling.Sample{At: time.Unix(int64(i), 0).UTC(), Vertices: []scaling.VertexSample{v}})
	}
	p, _ := pack(w, nil)
	if diff := cmp.Diff(w, p.unpack(), toTheBit); diff != "" {
		t.Errorf("packed and unpacked (-want +got):\n%s", diff)
	}
}

// day is a window as a job of eight vertices leaves it.
func day(samples int) scaling.Window {
	start := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	var w scaling.Window
	for i := range samples {
		s := scaling.Sample{At: start.Add(time.Duration(i) * 10 * time.Second).Add(12_345_678), RunningSince: start}
		s.Global.Set(scaling.HeapMaxUsageRatio, 0.25+0.01*float64(i%7))
		s.Global.Set(scaling.HeapMemoryUsed, float64(50_000_000+1_234_567*(i%7)))
		for j := range 8 {
			v := scaling.VertexSample{Vertex: scaling.VertexID(fmt.Sprintf("%032x", j)), Parallelism: 4}
			for n, m := range [...]scaling.Measure{
				scaling.NumRecordsIn, scaling.NumRecordsOut, scaling.AccumulatedBusyTime, scaling.AccumulatedIdleTime, scaling.AccumulatedBackpressuredTime,
			} {
				v.Set(m, float64(1_000_000_000+i*(10_000+1000*n+j)))
			}
			if i%90 == j {
				v.Subtasks = make([]scaling.Subtask, 4)
			}
			s.Vertices = append(s.Vertices, v)
		}
		w.Samples = append(w.Samples, s)
	}
	return w
}

func TestAFullWindowOfEightVerticesTakesLessThan20KB(t *testing.T) {
	p, _ := pack(day(90), nil)
	if size := len(p.text); size > 20_000 {
		t.Errorf("90 samples of 8 vertices take %d bytes", size)
	}
}

func BenchmarkPack(b *testing.B) {
	w := day(90)
	var scratch []byte
	b.ReportAllocs()
	for b.Loop() {
		_, scratch = pack(w, scratch)
	}
}

func BenchmarkUnpack(b *testing.B) {
	p, _ := pack(day(90), nil)
	b.ReportAllocs()
	for b.Loop() {
		p.unpack()
	}
}

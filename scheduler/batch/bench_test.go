package batch

import (
	"fmt"
	"testing"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// even are partitions whose subpartitions differ a little, with a huge one.
func even(partitions, subpartitions int) [][]int64 {
	all := make([][]int64, partitions)
	for i := range all {
		all[i] = make([]int64, subpartitions)
		for j := range all[i] {
			all[i][j] = int64(100_000 + (i*31+j*17)%1_000)
		}
		all[i][subpartitions/2] *= 100
	}
	return all
}

// BenchmarkDecide measures one decision about a vertex with one input, and about
// a join whose larger side is skewed and may be cut.
func BenchmarkDecide(b *testing.B) {
	for _, v := range versions {
		for _, n := range []struct{ partitions, subpartitions int }{{128, 128}, {128, 2_000}, {2_000, 2_000}} {
			name := fmt.Sprintf("%v %dx%d", v, n.partitions, n.subpartitions)
			in := Input{Name: "a", Pattern: AllToAll, InterCorrelated: true, IntraCorrelated: true, Bytes: even(n.partitions, n.subpartitions)}
			b.Run(name+" hash", func(b *testing.B) { manyDecisions(b, v, n.subpartitions, in) })
			point := Input{Name: "a", Pattern: Pointwise, Bytes: even(n.partitions, max(1, n.subpartitions/n.partitions))}
			b.Run(name+" pointwise", func(b *testing.B) { manyDecisions(b, v, n.subpartitions, point) })
			left, right := in, in
			left.Type, left.IntraCorrelated, right.Type = 1, false, 2
			b.Run(name+" skewed join", func(b *testing.B) { manyDecisions(b, v, n.subpartitions, left, right) })
		}
	}
}

func manyDecisions(b *testing.B, v slots.Version, most int, inputs ...Input) {
	o := options(v, max(1, most/4), most)
	o.SkewedThreshold = mib
	for b.Loop() {
		if _, err := Decide(o, Vertex{ID: "v"}, inputs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScheduler measures a job of three vertices from its start to its end,
// for each task.
func BenchmarkScheduler(b *testing.B) {
	for _, n := range []int{10, 100, 1_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			o := options(slots.V2_3, n, n)
			o.AverageVolume = mib
			for b.Loop() {
				r := newRig(b, chain("HASH", "HASH"), o)
				bytes := make([]int64, n)
				for i := range bytes {
					bytes[i] = mib
				}
				r.produce = func(int, TaskID, int) []int64 { return bytes }
				r.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(3*n), "ns/task")
		})
	}
}

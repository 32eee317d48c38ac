package batch

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// someBytes draws what partitions wrote: small and large, often nothing, at
// times one that is huge.
func someBytes(t *rapid.T, partitions, subpartitions int) [][]int64 {
	one := rapid.OneOf(
		rapid.Int64Range(0, 50),
		rapid.Just(int64(0)),
		rapid.Int64Range(0, 1_000),
		rapid.Just(int64(100_000)),
	)
	all := make([][]int64, partitions)
	for i := range all {
		all[i] = rapid.SliceOfN(one, subpartitions, subpartitions).Draw(t, "bytes")
	}
	return all
}

func someOptions(t *rapid.T) Options {
	o := DefaultOptions(rapid.SampledFrom(versions).Draw(t, "version"))
	o.MinParallelism = rapid.IntRange(1, 5).Draw(t, "least")
	o.MaxParallelism = o.MinParallelism + rapid.IntRange(0, 20).Draw(t, "more")
	o.AverageVolume = rapid.OneOf(rapid.Int64Range(0, 300), rapid.Just(int64(16<<20))).Draw(t, "volume")
	o.SkewedFactor = rapid.Float64Range(0.5, 5).Draw(t, "factor")
	o.SkewedThreshold = rapid.Int64Range(1, 500).Draw(t, "threshold")
	return o
}

// someInputs draws inputs that one vertex may have: those that are hashed have
// as many subpartitions.
func someInputs(t *rapid.T, v slots.Version, maximum int) []Input {
	var all []Input
	n := rapid.IntRange(1, 3).Draw(t, "inputs")
	for i := range n {
		in := Input{Name: string(rune('a' + i)), Pattern: AllToAll, Type: rapid.IntRange(0, 2).Draw(t, "type")}
		partitions, subpartitions := rapid.IntRange(1, 6).Draw(t, "partitions"), maximum
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			in.Broadcast, in.Single, subpartitions = true, true, 1
			in.InterCorrelated = rapid.Bool().Draw(t, "together")
		case 1:
			in.Pattern = Pointwise
			subpartitions = (maximum + partitions - 1) / partitions
		case 2:
			in.InterCorrelated = true
			in.IntraCorrelated = in.Type != 1
		case 3:
			in.IntraCorrelated = rapid.Bool().Draw(t, "whole")
		case 4:
			in.Broadcast, in.InterCorrelated = v != slots.V1_20, true
			in.IntraCorrelated = in.Type != 1
		}
		in.Bytes = someBytes(t, partitions, subpartitions)
		all = append(all, in)
	}
	return all
}

func someVertex(t *rapid.T, o Options) Vertex {
	v := Vertex{ID: "v"}
	if rapid.IntRange(0, 3).Draw(t, "own maximum") == 0 {
		v.MaxParallelism = rapid.IntRange(1, 30).Draw(t, "maximum")
	}
	if rapid.IntRange(0, 3).Draw(t, "infers") == 0 {
		v.Inferred = rapid.IntRange(-1, o.MinParallelism).Draw(t, "inferred")
	}
	if rapid.IntRange(0, 3).Draw(t, "configured") == 0 {
		v.Parallelism = rapid.IntRange(1, o.VertexMaximum(0, v.MaxParallelism)).Draw(t, "parallelism")
	}
	return v
}

func TestWhatIsDecidedHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := someOptions(t)
		v := someVertex(t, o)
		maximum := o.VertexMaximum(v.Parallelism, v.MaxParallelism)
		inputs := someInputs(t, o.Version, maximum)
		d, err := Decide(o, v, inputs)
		if err != nil {
			t.Fatalf("%v", err)
		}
		again, _ := Decide(o, v, inputs)
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("it is decided otherwise the second time:\n%s", diff)
		}
		checkBounds(t, o, v, d)
		for i, in := range inputs {
			checkCover(t, in, d.Blocks[i], o.Version)
		}
		checkRead(t, inputs, d)
		for _, r := range d.Why {
			if r.text() == string(r.Rule) {
				t.Fatalf("%s has no words", r.Rule)
			}
		}
	})
}

func checkBounds(t *rapid.T, o Options, v Vertex, d Decision) {
	least, most := o.MinParallelism, o.MaxParallelism
	maximum := o.VertexMaximum(v.Parallelism, v.MaxParallelism)
	least, most = min(max(least, v.Inferred), maximum), min(most, maximum)
	if v.Parallelism > 0 {
		least, most = v.Parallelism, v.Parallelism
	}
	if d.Parallelism < least || d.Parallelism > most {
		t.Fatalf("parallelism %d is not within %d and %d: %v", d.Parallelism, least, most, d.Why)
	}
}

// checkCover: each task of a broadcast reads all; else each subpartition of each
// partition is read, in order, and once unless it meets several pieces of another
// side.
func checkCover(t *rapid.T, in Input, tasks [][]Block, v slots.Version) {
	reads := make(map[[2]int]int)
	for task, blocks := range tasks {
		if !slices.IsSortedFunc(blocks, func(a, b Block) int { return compare(a.Partitions, b.Partitions) }) {
			t.Fatalf("the blocks of task %d of input %s are not in order: %v", task, in.Name, blocks)
		}
		mine := cells(blocks)
		for i, cell := range mine {
			if slices.Contains(mine[:i], cell) {
				t.Fatalf("task %d reads subpartition %d of partition %d of input %s twice", task, cell[1], cell[0], in.Name)
			}
			reads[cell]++
		}
	}
	least, most := 1, 1
	switch {
	case in.Broadcast:
		least, most = len(tasks), len(tasks)
	case v != slots.V1_20 && in.InterCorrelated:
		most = len(tasks)
	}
	for _, cell := range cells([]Block{{Range{0, len(in.Bytes) - 1}, Range{0, len(in.Bytes[0]) - 1}}}) {
		if n := reads[cell]; n < least || n > most {
			t.Fatalf("subpartition %d of partition %d of input %s is read by %d of %d tasks: %s", cell[1], cell[0], in.Name, n, len(tasks), show(tasks))
		}
	}
}

// cells are the partitions and subpartitions of blocks.
func cells(blocks []Block) [][2]int {
	var all [][2]int
	for _, b := range blocks {
		for p := b.Partitions.First; p <= b.Partitions.Last; p++ {
			for s := b.Subpartitions.First; s <= b.Subpartitions.Last; s++ {
				all = append(all, [2]int{p, s})
			}
		}
	}
	return all
}

// checkRead: the bytes of the tasks are those of their blocks.
func checkRead(t *rapid.T, inputs []Input, d Decision) {
	want := make([]int64, d.Parallelism)
	for i, in := range inputs {
		if len(d.Blocks[i]) != d.Parallelism {
			t.Fatalf("input %s is read by %d tasks of %d", in.Name, len(d.Blocks[i]), d.Parallelism)
		}
		for task, blocks := range d.Blocks[i] {
			for _, b := range blocks {
				for _, partition := range in.Bytes[b.Partitions.First : b.Partitions.Last+1] {
					for _, n := range partition[b.Subpartitions.First : b.Subpartitions.Last+1] {
						want[task] += n
					}
				}
			}
		}
	}
	if diff := cmp.Diff(want, d.Read); diff != "" {
		t.Fatalf("bytes read (-want +got)\n%s", diff)
	}
}

// Whatever the bytes, no task reads more than the volume unless it reads one
// piece only, or the bounds force it to.
func TestNoTaskIsOverloadedWithoutNeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := options(rapid.SampledFrom(versions).Draw(t, "version"), 1, 64)
		o.AverageVolume = rapid.Int64Range(1, 1_000).Draw(t, "volume")
		in := Input{Name: "a", Pattern: AllToAll, InterCorrelated: true, IntraCorrelated: true}
		in.Bytes = someBytes(t, rapid.IntRange(1, 3).Draw(t, "partitions"), 64)
		d, err := Decide(o, Vertex{}, []Input{in})
		if err != nil {
			t.Fatal(err)
		}
		for task, blocks := range d.Blocks[0] {
			if d.Read[task] > o.AverageVolume && blocks[0].Subpartitions.Len() > 1 {
				t.Fatalf("task %d reads %d bytes of subpartitions %v, at %d a task", task, d.Read[task], blocks[0].Subpartitions, o.AverageVolume)
			}
		}
	})
}

// The search finds what a look at each volume finds.
func TestTheSearchFindsTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Int64Range(0, 50).Draw(t, "low")
		high := low + rapid.Int64Range(0, 50).Draw(t, "more")
		turn := rapid.Int64Range(-5, 110).Draw(t, "turn")
		from, upTo := int64(-1), int64(-1)
		for v := low; v <= high; v++ {
			if v >= turn && from < 0 {
				from = v
			}
			if v <= turn {
				upTo = v
			}
		}
		if got := smallest(low, high, func(v int64) bool { return v >= turn }); got != from {
			t.Fatalf("smallest: got %d, want %d", got, from)
		}
		if got := largest(low, high, func(v int64) bool { return v <= turn }); got != upTo {
			t.Fatalf("largest: got %d, want %d", got, upTo)
		}
	})
}

// A producer always writes enough subpartitions for the parallelism that its
// consumer gets, and no more than the largest needs.
func TestAProducerWritesEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Result{
			Pattern:      rapid.SampledFrom([]Pattern{AllToAll, Pointwise}).Draw(t, "pattern"),
			Producers:    rapid.IntRange(1, 300).Draw(t, "producers"),
			MaxConsumers: rapid.IntRange(1, 300).Draw(t, "most"),
		}
		n := Subpartitions(r)
		p := rapid.IntRange(1, r.MaxConsumers).Draw(t, "consumers")
		s := shape{pattern: r.Pattern, partitions: r.Producers, subpartitions: n}
		if _, err := evenSubpartitions(s, p); err != nil {
			t.Fatal(err)
		}
		want := r.MaxConsumers
		if r.Pattern == Pointwise {
			want = int(math.Ceil(float64(want) / float64(r.Producers)))
		}
		if n != want {
			t.Fatalf("%d subpartitions, want %d", n, want)
		}
	})
}

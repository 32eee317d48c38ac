package slots

import "container/heap"

// bins picks, again and again, the TaskManager with the smallest load in relation
// to its size (or the largest, with most), of equal ones the first; a bin without
// room drops out.
type bins struct {
	all  []bin
	most bool
}

type bin struct {
	index      int // the TaskManager's, which breaks ties
	room       int // slots
	load, size int // compared as load/size; size above 0
}

func newBins(all []bin, most bool) *bins {
	b := &bins{all: all, most: most}
	heap.Init(b)
	return b
}

// take takes a slot in the bin that comes first, whose load thereby grows, and
// returns the TaskManager's index. There must be one with room.
func (b *bins) take(load int) int {
	first := &b.all[0]
	index := first.index
	first.room--
	first.load += load
	if first.room == 0 {
		heap.Pop(b)
	} else if load > 0 {
		heap.Fix(b, 0)
	}
	return index
}

func (b *bins) Len() int      { return len(b.all) }
func (b *bins) Swap(i, j int) { b.all[i], b.all[j] = b.all[j], b.all[i] }

func (b *bins) Less(i, j int) bool {
	x, y := b.all[i], b.all[j]
	if l, r := x.load*y.size, y.load*x.size; l != r {
		return l < r != b.most
	}
	return x.index < y.index
}

func (b *bins) Push(x any) { b.all = append(b.all, x.(bin)) }

func (b *bins) Pop() any {
	last := len(b.all) - 1
	x := b.all[last]
	b.all = b.all[:last]
	return x
}

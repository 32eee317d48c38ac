package batch

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// slice is the least piece of an input that 2.3 gives to a task: a block and
// its bytes.
type slice struct {
	Block
	bytes int64
}

// lane are the slices of one input, or of all inputs of one side, and the order
// in which they are dealt out. Where sides are combined a slice comes more than
// once; a task reads it once.
type lane struct {
	slices []slice
	order  []int // indexes into slices
}

// straight deals out each slice once.
func straight(all []slice) lane {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	return lane{slices: all, order: order}
}

// dealing deals out several lanes in step: a task gets the same range of places
// in each.
type dealing struct {
	lanes  []lane
	places int
	// held says, by lane and slice, in which round a task last got it.
	held  [][]int
	round int
}

func newDealing(lanes []lane) (*dealing, error) {
	d := &dealing{lanes: lanes, places: len(lanes[0].order)}
	for _, l := range lanes {
		if len(l.order) != d.places {
			return nil, fmt.Errorf("%d and %d pieces cannot be dealt out in step", d.places, len(l.order))
		}
		d.held = append(d.held, make([]int, len(l.slices)))
	}
	return d, nil
}

// extremes are the bytes of the least place and those of all, a slice counted
// each time it comes.
func (d *dealing) extremes() (least, sum int64) {
	least = math.MaxInt64
	for place := range d.places {
		bytes := d.at(place)
		least, sum = min(least, bytes), sum+bytes
	}
	return least, sum
}

// at are the bytes at a place.
func (d *dealing) at(place int) int64 {
	var bytes int64
	for _, l := range d.lanes {
		bytes += l.slices[l.order[place]].bytes
	}
	return bytes
}

// fresh are the bytes at a place that the present task does not have yet.
func (d *dealing) fresh(place int) int64 {
	var bytes int64
	for i, l := range d.lanes {
		if one := l.order[place]; d.held[i][one] != d.round {
			bytes += l.slices[one].bytes
		}
	}
	return bytes
}

// take gives the slices at a place to the present task.
func (d *dealing) take(place int) {
	for i, l := range d.lanes {
		d.held[i][l.order[place]] = d.round
	}
}

// each goes over the ranges of places that hold one, and more of them up to the
// volume.
func (d *dealing) each(volume int64, visit func(Range)) {
	d.round++
	start, sum := 0, int64(0)
	for place := range d.places {
		bytes := d.fresh(place)
		if place != start && sum+bytes > volume {
			visit(Range{start, place - 1})
			d.round++
			start, sum, bytes = place, 0, d.at(place)
		}
		sum += bytes
		d.take(place)
	}
	visit(Range{start, d.places - 1})
}

func (d *dealing) count(volume int64) int {
	n := 0
	d.each(volume, func(Range) { n++ })
	return n
}

func (d *dealing) ranges(volume int64) []Range {
	var all []Range
	d.each(volume, func(r Range) { all = append(all, r) })
	return all
}

// deal finds the range of places that each task gets: by data, else evenly by
// number; nil if there are fewer places than the least parallelism.
func (d *dealing) deal(b bounds, perTask int64) ([]Range, Reason) {
	least, sum := d.extremes()
	s := search{bounds: b, perTask: perTask, low: min(least, perTask), high: sum, count: d.count}
	volume, because, found := s.run()
	if found {
		ranges := d.ranges(volume)
		return ranges, Reason{Rule: because, Pieces: d.places, PerTask: volume, From: s.count(perTask), To: len(ranges)}
	}
	if d.places < b.least {
		return nil, Reason{}
	}
	tasks := min(d.places, b.most)
	ranges := make([]Range, tasks)
	for task := range ranges {
		ranges[task] = part(task, tasks, d.places)
	}
	return ranges, Reason{Rule: RuleEvenPieces, Pieces: d.places, To: tasks}
}

// blocks are what the tasks read of an input whose slices are these, if each
// gets one of the ranges of places.
func (l lane) blocks(ranges []Range, in *input) ([][]Block, error) {
	all := make([][]Block, len(ranges))
	for task, r := range ranges {
		blocks, err := l.merge(r, in)
		if err != nil {
			return nil, err
		}
		all[task] = blocks
	}
	return all, nil
}

// merge joins the slices at a range of places to as few blocks as there can be.
func (l lane) merge(places Range, in *input) ([]Block, error) {
	pieces := make([]Block, 0, places.Len())
	for place := places.First; place <= places.Last; place++ {
		piece := l.slices[l.order[place]].Block
		piece.Partitions.Last = min(piece.Partitions.Last, in.partitions-1)
		if piece.Partitions.Len() < 1 {
			return nil, fmt.Errorf("input %s: a piece begins at partition %d of %d", in.name, piece.Partitions.First, in.partitions)
		}
		pieces = append(pieces, piece)
	}
	turned := in.pattern == AllToAll
	return ordered(join(join(pieces, !turned), turned)), nil
}

// join joins blocks that lie side by side: those of the same partitions by
// subpartition, or those of the same subpartitions by partition.
func join(blocks []Block, samePartitions bool) []Block {
	key, value := Block.subpartitions, Block.partitions
	if samePartitions {
		key, value = Block.partitions, Block.subpartitions
	}
	slices.SortFunc(blocks, func(a, b Block) int {
		return cmp.Or(compare(key(a), key(b)), compare(value(a), value(b)))
	})
	joined := blocks[:0]
	for _, b := range blocks {
		if n := len(joined); n > 0 && key(joined[n-1]) == key(b) && value(b).First <= value(joined[n-1]).Last+1 {
			last := &joined[n-1]
			last.Partitions.Last = max(last.Partitions.Last, b.Partitions.Last)
			last.Subpartitions.Last = max(last.Subpartitions.Last, b.Subpartitions.Last)
			continue
		}
		joined = append(joined, b)
	}
	return joined
}

func (b Block) partitions() Range    { return b.Partitions }
func (b Block) subpartitions() Range { return b.Subpartitions }

func compare(a, b Range) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
}

// ordered sorts blocks by partition, then by subpartition.
func ordered(blocks []Block) []Block {
	slices.SortFunc(blocks, func(a, b Block) int {
		return cmp.Or(compare(a.Partitions, b.Partitions), compare(a.Subpartitions, b.Subpartitions))
	})
	return blocks
}

package batch

import (
	"fmt"
	"slices"
)

// distribute120 divides the inputs as 1.20 does: by data if all are all-to-all
// and one is not broadcast, else by numbers.
func (c *decider) distribute120() error {
	data := false
	for i := range c.inputs {
		if c.inputs[i].pattern == Pointwise {
			return c.evenly(c.all())
		}
		data = data || !c.inputs[i].broadcast
	}
	if !data {
		return c.evenly(c.all())
	}
	return c.byData120()
}

// byData120 puts neighbouring subpartitions together; how many tasks that makes
// is the parallelism.
func (c *decider) byData120() error {
	bytes, partitions, err := c.sum120()
	if err != nil {
		return err
	}
	row := row{bytes: bytes, longest: mostSubpartitions / partitions}
	s := search{
		bounds:  c.bounds,
		perTask: c.options.AverageVolume,
		low:     slices.Min(bytes),
		high:    row.sum(),
		count:   row.count,
	}
	volume, because, found := s.run()
	if !found {
		return c.evenly(c.all())
	}
	ranges := row.ranges(volume)
	c.because(Reason{Rule: because, Pieces: len(bytes), PerTask: volume, From: s.count(s.perTask), To: len(ranges)})
	c.parallelism = len(ranges)
	for i := range c.inputs {
		c.blocks[i] = c.inputs[i].cut120(ranges)
	}
	return nil
}

// sum120 are the bytes of each subpartition over the inputs that are not
// broadcast, and their largest number of partitions.
func (c *decider) sum120() (bytes []int64, partitions int, err error) {
	var one *input
	for i := range c.inputs {
		in := &c.inputs[i]
		if in.broadcast {
			continue
		}
		if one == nil {
			one, bytes = in, make([]int64, in.subpartitions)
		}
		if in.subpartitions != one.subpartitions {
			return nil, 0, unequal(in, one)
		}
		partitions = max(partitions, in.partitions)
		for k, b := range in.columns {
			bytes[k] += b
		}
	}
	return bytes, partitions, nil
}

func unequal(a, b *input) error {
	return fmt.Errorf("input %s has %d subpartitions and input %s has %d: want as many", a.name, a.subpartitions, b.name, b.subpartitions)
}

// cut120 are the blocks of the tasks that read these subpartitions.
func (in *input) cut120(ranges []Range) [][]Block {
	blocks := make([][]Block, len(ranges))
	for task, r := range ranges {
		if in.broadcast {
			r = Range{0, 0}
		}
		blocks[task] = []Block{{in.whole(), r}}
	}
	return blocks
}

// row are subpartitions side by side, and how many a task may read.
type row struct {
	bytes   []int64
	longest int
}

func (r row) sum() int64 {
	var sum int64
	for _, b := range r.bytes {
		sum += b
	}
	return sum
}

// count is the number of ranges that a volume makes.
func (r row) count(volume int64) int {
	n := 0
	r.each(volume, func(Range) { n++ })
	return n
}

func (r row) ranges(volume int64) []Range {
	var all []Range
	r.each(volume, func(one Range) { all = append(all, one) })
	return all
}

// each goes over the ranges that hold a subpartition, and more of them up to the
// volume and the longest range.
func (r row) each(volume int64, visit func(Range)) {
	start, sum := 0, int64(0)
	for i, b := range r.bytes {
		if i != start && (sum+b > volume || i-start+1 > r.longest) {
			visit(Range{start, i - 1})
			start, sum = i, 0
		}
		sum += b
	}
	visit(Range{start, len(r.bytes) - 1})
}

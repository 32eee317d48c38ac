package batch

import "fmt"

// slicesPerTask bounds the slices of pointwise inputs, by the largest
// parallelism.
const slicesPerTask = 32

// pointwise divides inputs that are read pointwise in step.
func (c *decider) pointwise(indexes []int, perTask int64) error {
	total, err := c.sliceCount(indexes)
	if err != nil {
		return err
	}
	lanes := make([]lane, len(indexes))
	for k, i := range indexes {
		all, err := c.inputs[i].cutPointwise(total)
		if err != nil {
			return err
		}
		lanes[k] = straight(all)
	}
	d, err := newDealing(lanes)
	if err != nil {
		return err
	}
	ranges, because := d.deal(c.bounds, perTask)
	if ranges == nil {
		return c.evenly(indexes)
	}
	c.because(because)
	c.parallelism = len(ranges)
	for k, i := range indexes {
		if c.blocks[i], err = lanes[k].blocks(ranges, &c.inputs[i]); err != nil {
			return err
		}
	}
	return nil
}

// sliceCount is into how many slices each input is cut: the partitions of those
// whose keys must stay together, else as many as the one with the fewest
// subpartitions allows, and not too many.
func (c *decider) sliceCount(indexes []int) (int, error) {
	var whole *input
	fewest := slicesPerTask * c.most
	for _, i := range indexes {
		in := &c.inputs[i]
		fewest = min(fewest, in.partitions*in.subpartitions)
		switch {
		case !in.IntraCorrelated:
		case whole == nil:
			whole = in
		case whole.partitions != in.partitions:
			return 0, fmt.Errorf("inputs %s and %s keep keys together and have %d and %d partitions: want as many", whole.name, in.name, whole.partitions, in.partitions)
		}
	}
	if whole != nil {
		return whole.partitions, nil
	}
	return fewest, nil
}

// cutPointwise cuts an input into so many slices: of neighbouring partitions if
// it has enough, else each partition into shares of its subpartitions.
func (in *input) cutPointwise(total int) ([]slice, error) {
	all := make([]slice, 0, total)
	add := func(b Block) { all = append(all, slice{b, in.bytes(b)}) }
	if in.partitions >= total {
		for one := range total {
			add(Block{part(one, total, in.partitions), Range{0, in.subpartitions - 1}})
		}
		return all, nil
	}
	for i := range in.partitions {
		count := part(i, in.partitions, total).Len()
		if count > in.subpartitions {
			return nil, fmt.Errorf("input %s: %d pieces of a partition with %d subpartitions: want at least as many subpartitions", in.name, count, in.subpartitions)
		}
		for one := range count {
			add(Block{Range{i, i}, part(one, count, in.subpartitions)})
		}
	}
	return all, nil
}

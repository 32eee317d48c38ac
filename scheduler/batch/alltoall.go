package batch

import (
	"fmt"
	"slices"
)

// distribute23 divides the inputs as 2.3 does: those that are read pointwise and
// those that are read all-to-all by themselves, each with its part of the volume
// per task.
func (c *decider) distribute23() error {
	var pointwise, allToAll []int
	for _, i := range c.all() {
		if c.inputs[i].pattern == Pointwise {
			pointwise = append(pointwise, i)
		} else {
			allToAll = append(allToAll, i)
		}
	}
	if len(pointwise) > 0 && len(c.notBroadcast(allToAll)) > 0 {
		c.bind()
	}
	perTask := c.options.AverageVolume
	if len(pointwise) > 0 {
		if err := c.pointwise(pointwise, portion(perTask, c.bytesOf(pointwise), c.bytesOf(c.all()))); err != nil {
			return err
		}
	}
	if len(allToAll) == 0 {
		return nil
	}
	if len(pointwise) > 0 {
		c.bind()
	}
	return c.allToAll(allToAll, portion(perTask, c.bytesOf(allToAll), c.bytesOf(c.all())))
}

// bind fixes the parallelism found so far for what is still to be divided.
func (c *decider) bind() { c.bounds = bounds{c.parallelism, c.parallelism} }

func (c *decider) notBroadcast(indexes []int) []int {
	return slices.DeleteFunc(slices.Clone(indexes), func(i int) bool { return c.inputs[i].broadcast })
}

func (c *decider) bytesOf(indexes []int) int64 {
	var sum int64
	for _, i := range indexes {
		sum += c.inputs[i].total
	}
	return sum
}

// portion is the part of the volume per task that is for some of the bytes.
func portion(perTask, some, all int64) int64 {
	if all == 0 {
		return 0
	}
	return int64(float64(some) / float64(all) * float64(perTask))
}

// allToAll divides the inputs that must be cut at the same places together, then
// each of the others by itself.
func (c *decider) allToAll(indexes []int, perTask int64) error {
	var together, apart []int
	for _, i := range indexes {
		if c.inputs[i].InterCorrelated {
			together = append(together, i)
		} else {
			apart = append(apart, i)
		}
	}
	all := c.bytesOf(indexes)
	if len(together) > 0 {
		if err := c.together(together, portion(perTask, c.bytesOf(together), all)); err != nil {
			return err
		}
	}
	perTask = portion(perTask, c.bytesOf(apart), all)
	for _, i := range apart {
		if err := c.apart(i, portion(perTask, c.inputs[i].total, c.bytesOf(apart))); err != nil {
			return err
		}
	}
	return nil
}

// together divides inputs whose keys must meet.
func (c *decider) together(indexes []int, perTask int64) error {
	data := c.notBroadcast(indexes)
	if len(data) == 0 {
		return c.evenly(indexes)
	}
	sides, err := c.sides(data, perTask)
	if err != nil {
		return err
	}
	lanes, err := combine(sides)
	if err != nil {
		return err
	}
	d, err := newDealing(lanes)
	if err != nil {
		return err
	}
	ranges, because := d.deal(c.bounds, perTask)
	if ranges == nil {
		return c.evenly(indexes)
	}
	for _, one := range sides {
		if one.skewed > 0 {
			c.because(Reason{Rule: RuleSplit, Input: one.name, Bytes: one.threshold, From: one.skewed, Pieces: one.pieces})
		}
	}
	c.because(because)
	c.parallelism = len(ranges)
	for _, i := range indexes {
		if err := c.give(i, sides, lanes, ranges); err != nil {
			return err
		}
	}
	return nil
}

// give gives the tasks their blocks of one input.
func (c *decider) give(i int, sides []*side, lanes []lane, ranges []Range) (err error) {
	in := &c.inputs[i]
	if in.broadcast {
		c.blocks[i] = in.toAll(len(ranges))
		return nil
	}
	at := slices.IndexFunc(sides, func(s *side) bool { return s.number == in.Type })
	c.blocks[i], err = lanes[at].blocks(ranges, in)
	return err
}

// toAll are the blocks of tasks that read all of it.
func (in *input) toAll(tasks int) [][]Block {
	blocks := make([][]Block, tasks)
	for task := range blocks {
		blocks[task] = []Block{{in.whole(), Range{0, in.subpartitions - 1}}}
	}
	return blocks
}

// apart divides one input to the parallelism that is already found.
func (c *decider) apart(i int, perTask int64) error {
	in := &c.inputs[i]
	if in.broadcast {
		c.blocks[i] = in.toAll(c.parallelism)
		return nil
	}
	l := straight(in.pieces())
	d, err := newDealing([]lane{l})
	if err != nil {
		return err
	}
	ranges, because := d.deal(bounds{c.parallelism, c.parallelism}, perTask)
	if ranges != nil {
		because.Input = in.name
		c.because(because)
		c.blocks[i], err = l.blocks(ranges, in)
		return err
	}
	// Flink falls back to whole partitions here, for an all-to-all input too.
	c.because(Reason{Rule: RuleEvenSubpartitions, Input: in.name, To: c.parallelism})
	c.blocks[i], err = evenPointwise(in.shape, c.parallelism)
	return err
}

// pieces are the slices of an input that is divided by itself: its subpartitions
// over all partitions if keys must stay together, else each by itself.
func (in *input) pieces() []slice {
	if in.IntraCorrelated {
		return in.byColumn()
	}
	all := make([]slice, 0, in.partitions*in.subpartitions)
	for i, partition := range in.Bytes {
		for j, b := range partition {
			all = append(all, slice{Block{Range{i, i}, Range{j, j}}, b})
		}
	}
	return all
}

func (in *input) byColumn() []slice {
	all := make([]slice, in.subpartitions)
	for j, b := range in.columns {
		all[j] = slice{Block{in.whole(), Range{j, j}}, b}
	}
	return all
}

// mostPlaces is how many combinations of slices are looked at before a job is
// refused; Flink would run out of memory.
const mostPlaces = 1 << 24

// combine combines the slices of all sides, one subpartition after the other:
// each slice of one side meets each of the others.
func combine(sides []*side) ([]lane, error) {
	lanes := make([]lane, len(sides))
	for j := range sides[0].columns {
		first := make([]int, len(sides))
		places := 1
		for i, s := range sides {
			first[i] = len(lanes[i].slices)
			cut := s.cut(j)
			lanes[i].slices = append(lanes[i].slices, cut...)
			if places *= len(cut); places > mostPlaces {
				return nil, fmt.Errorf("subpartition %d: the skewed sides make more than %d combinations", j, mostPlaces)
			}
		}
		repeat := places
		for i := range sides {
			n := len(lanes[i].slices) - first[i]
			repeat /= n
			for place := range places {
				lanes[i].order = append(lanes[i].order, first[i]+place/repeat%n)
			}
		}
	}
	return lanes, nil
}

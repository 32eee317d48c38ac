package batch

import "fmt"

// evenly gives each task as many subpartitions of these inputs as any other,
// whatever they hold.
func (c *decider) evenly(indexes []int) error {
	c.because(Reason{Rule: RuleEvenSubpartitions, To: c.parallelism})
	for _, i := range indexes {
		blocks, err := evenSubpartitions(c.inputs[i].shape, c.parallelism)
		if err != nil {
			return err
		}
		c.blocks[i] = blocks
	}
	return nil
}

// evenSubpartitions are what each of p tasks reads of an input if only numbers
// count.
func evenSubpartitions(s shape, p int) ([][]Block, error) {
	if s.pattern == Pointwise {
		return evenPointwise(s, p)
	}
	blocks := make([][]Block, p)
	for task := range blocks {
		subpartitions, err := s.share(task, p)
		if err != nil {
			return nil, err
		}
		blocks[task] = []Block{{Range{0, s.partitions - 1}, subpartitions}}
	}
	return blocks, nil
}

// evenPointwise gives each task whole partitions if there are enough, else a
// share of one.
func evenPointwise(s shape, p int) ([][]Block, error) {
	blocks := make([][]Block, p)
	if s.partitions >= p {
		for task := range blocks {
			blocks[task] = []Block{{part(task, p, s.partitions), Range{0, s.subpartitions - 1}}}
		}
		return blocks, nil
	}
	for partition := range s.partitions {
		start := (partition*p + s.partitions - 1) / s.partitions
		end := ((partition+1)*p + s.partitions - 1) / s.partitions
		for task := start; task < end; task++ {
			subpartitions, err := s.share(task%(end-start), end-start)
			if err != nil {
				return nil, err
			}
			blocks[task] = []Block{{Range{partition, partition}, subpartitions}}
		}
	}
	return blocks, nil
}

// share are the subpartitions that one of several consumers reads.
func (s shape) share(consumer, consumers int) (Range, error) {
	if s.broadcast {
		return Range{0, s.subpartitions - 1}, nil
	}
	if consumers > s.subpartitions {
		return Range{}, fmt.Errorf("input %s: %d tasks share %d subpartitions: want at least as many subpartitions as tasks", s.name, consumers, s.subpartitions)
	}
	return part(consumer, consumers, s.subpartitions), nil
}

// part is the share of one of several in n things: neighbours, and as many as
// any other has but for one.
func part(one, of, n int) Range {
	return Range{one * n / of, (one+1)*n/of - 1}
}

// couldShare refuses what could not be divided by numbers. 2.3 tries that after
// each decision, for a line in its log, and the job fails if it cannot.
func (c *decider) couldShare() error {
	for i := range c.inputs {
		in := &c.inputs[i]
		consumers := c.parallelism
		if in.pattern == Pointwise {
			consumers = (c.parallelism + in.partitions - 1) / in.partitions
		}
		if _, err := in.share(0, consumers); err != nil {
			return err
		}
	}
	return nil
}

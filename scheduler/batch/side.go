package batch

import (
	"fmt"
	"slices"
)

// side are the inputs with one type number, added up.
type side struct {
	number     int
	name       string // of its first input
	partitions int    // the largest number of an input
	columns    []int64
	// cells are the bytes by partition and subpartition; nil if the side cannot be
	// cut between partitions.
	cells [][]int64
	// A subpartition above threshold is skewed; it is cut to pieces below target.
	threshold, target int64
	skewed, pieces    int // how many were, and into how many pieces
}

// sides adds up the inputs of each side, ordered by type number.
func (c *decider) sides(indexes []int, perTask int64) ([]*side, error) {
	groups := make(map[int][]*input)
	var numbers []int
	for _, i := range indexes {
		in := &c.inputs[i]
		if groups[in.Type] == nil {
			numbers = append(numbers, in.Type)
		}
		groups[in.Type] = append(groups[in.Type], in)
		if one := &c.inputs[indexes[0]]; in.subpartitions != one.subpartitions {
			return nil, unequal(in, one)
		}
	}
	slices.Sort(numbers)
	var all []*side
	for _, number := range numbers {
		s, err := newSide(number, groups[number])
		if err != nil {
			return nil, err
		}
		s.threshold = skewThreshold(s.columns, c.options.SkewedFactor, c.options.SkewedThreshold)
		s.target = target(s.columns, s.threshold, perTask)
		all = append(all, s)
	}
	return all, nil
}

func newSide(number int, inputs []*input) (*side, error) {
	one := inputs[0]
	s := &side{number: number, name: one.name, columns: make([]int64, one.subpartitions)}
	cuttable := !one.IntraCorrelated
	for _, in := range inputs {
		if in.IntraCorrelated != one.IntraCorrelated {
			return nil, fmt.Errorf("inputs %s and %s are of type %d and differ in whether keys must stay together: want both alike", one.name, in.name, number)
		}
		cuttable = cuttable && in.partitions == one.partitions
		s.partitions = max(s.partitions, in.partitions)
		for j, b := range in.columns {
			s.columns[j] += b
		}
	}
	if cuttable {
		s.cells = addUp(inputs)
	}
	return s, nil
}

func addUp(inputs []*input) [][]int64 {
	if len(inputs) == 1 {
		return inputs[0].Bytes
	}
	sum := make([][]int64, inputs[0].partitions)
	for i := range sum {
		sum[i] = make([]int64, inputs[0].subpartitions)
		for _, in := range inputs {
			for j, b := range in.Bytes[i] {
				sum[i][j] += b
			}
		}
	}
	return sum
}

// skewThreshold is what a skewed subpartition is above.
func skewThreshold(columns []int64, factor float64, threshold int64) int64 {
	return toInt64(max(float64(median(columns))*factor, float64(threshold)))
}

// median is the middle, between two whole numbers the lower one of both sides,
// and at least 1.
func median(columns []int64) int64 {
	sorted := slices.Sorted(slices.Values(columns))
	n := len(sorted)
	if n%2 == 0 {
		return max((sorted[n/2]+sorted[n/2-1])/2, 1)
	}
	return max(sorted[n/2], 1)
}

// target is what a piece of a skewed subpartition should be below: as large as
// the others are on average, or as a task should read.
func target(columns []int64, threshold, perTask int64) int64 {
	var sum, n int64
	for _, b := range columns {
		if b <= threshold {
			sum += b
			n++
		}
	}
	if n == 0 {
		return perTask
	}
	return max(perTask, sum/n)
}

// cut are the slices of a subpartition: one, or several of neighbouring
// partitions if it is skewed and may be cut.
func (s *side) cut(j int) []slice {
	if s.cells == nil || s.columns[j] <= s.threshold {
		return []slice{{Block{Range{0, s.partitions - 1}, Range{j, j}}, s.columns[j]}}
	}
	var all []slice
	start, sum := 0, int64(0)
	for i, partition := range s.cells {
		if i != start && sum+partition[j] >= s.target {
			all = append(all, slice{Block{Range{start, i - 1}, Range{j, j}}, sum})
			start, sum = i, 0
		}
		sum += partition[j]
	}
	all = append(all, slice{Block{Range{start, len(s.cells) - 1}, Range{j, j}}, sum})
	s.skewed, s.pieces = s.skewed+1, s.pieces+len(all)
	return all
}

package batchlab

import "math/rand/v2"

// draw is a random case. Every kind of data, input and bound comes up often; big allows many subpartitions.
func draw(r *rand.Rand, big bool) Case {
	c := Case{Min: 1, Max: 1 + r.IntN(16), Volume: 1 + r.Int64N(300), Factor: 4, Threshold: 1 << 28, VertexMax: 1 + r.IntN(20)}
	if chance(r, 0.4) {
		c.Min = 1 + r.IntN(c.Max)
	}
	if chance(r, 0.5) {
		c.VertexMax = c.Max
	}
	if chance(r, 0.05) {
		c.Volume = 0
	}
	if chance(r, 0.7) {
		c.Factor, c.Threshold = 0.5+float64(r.IntN(8))/2, 1+r.Int64N(400)
	}
	if chance(r, 0.5) {
		source := 1 + r.IntN(20)
		c.Source = &source
	}
	if chance(r, 0.1) {
		c.Fixed = 1 + r.IntN(c.VertexMax)
	} else if chance(r, 0.15) {
		c.VertexMin = 1 + r.IntN(min(c.Max, c.VertexMax))
	}
	if chance(r, 0.03) {
		c.Min = c.Max + 1 + r.IntN(3)
	}
	c.Inputs = inputs(r, c.VertexMax, big)
	if len(c.Inputs) == 0 {
		c.VertexMin = 0
	}
	if chance(r, 0.1) { // sizes as they are: megabytes and gigabytes
		c.enlarge(1 + r.Int64N(1<<34))
	}
	return c
}

func chance(r *rand.Rand, p float64) bool { return r.Float64() < p }

// enlarge multiplies all that is counted in bytes.
func (c *Case) enlarge(factor int64) {
	c.Volume, c.Threshold = c.Volume*factor, min(c.Threshold, 1<<28)*factor
	for _, in := range c.Inputs {
		for _, partition := range in.Bytes {
			for i := range partition {
				partition[i] *= factor
			}
		}
	}
}

// inputs mostly go together, as those of a real vertex do; what does not, Flink refuses or falls back from.
func inputs(r *rand.Rand, most int, big bool) []CaseInput {
	subpartitions, same := count(r, big), !chance(r, 0.05)
	if chance(r, 0.9) { // as many as producers write for a consumer of this maximum parallelism, or more
		subpartitions = max(subpartitions, most)
	}
	kind := r.IntN(4) // all-to-all, pointwise, or of each
	var all []CaseInput
	for range []int{0, 1, 1, 1, 2, 2, 2, 3, 4}[r.IntN(9)] {
		n := subpartitions
		if !same {
			n = count(r, big)
		}
		in := input(r, kind == 1 || kind == 2 && chance(r, 0.5))
		partitions := count(r, big)/2 + 1
		if len(all) > 0 && chance(r, 0.4) {
			partitions = len(all[0].Bytes)
		}
		for _, other := range all { // sides of one type are alike
			if other.Type == in.Type && chance(r, 0.9) {
				in.Intra = other.Intra
			}
		}
		switch {
		case in.Single:
			n = 1
		case in.Pointwise:
			if n = count(r, big); chance(r, 0.9) {
				n = max(n, (most+partitions-1)/partitions)
			}
		}
		in.Bytes = produced(r, partitions, n)
		all = append(all, in)
	}
	return all
}

// input is one without bytes.
func input(r *rand.Rand, pointwise bool) CaseInput {
	in := CaseInput{Pointwise: pointwise, Type: r.IntN(4)}
	if pointwise {
		in.Intra = chance(r, 0.3)
		return in
	}
	in.Broadcast = chance(r, 0.2)
	in.Single = in.Broadcast && chance(r, 0.7)
	in.Inter, in.Intra = chance(r, 0.6), chance(r, 0.5)
	return in
}

func count(r *rand.Rand, big bool) int {
	switch {
	case big && chance(r, 0.02):
		return 1 + r.IntN(300)
	case chance(r, 0.1):
		return 1 + r.IntN(32)
	}
	return 1 + r.IntN(9)
}

// produced are bytes of a shape: nothing, the same everywhere, even, with gaps, one huge partition or subpartition, or with
// a long tail.
func produced(r *rand.Rand, partitions, subpartitions int) [][]int64 {
	shape, scale := r.IntN(8), 1+r.Int64N(200)
	huge := r.IntN(max(partitions, subpartitions))
	all := make([][]int64, partitions)
	for i := range all {
		all[i] = make([]int64, subpartitions)
		for j := range all[i] {
			all[i][j] = size(r, shape, scale, i == huge, j == huge)
		}
	}
	return all
}

func size(r *rand.Rand, shape int, scale int64, hugePartition, hugeSubpartition bool) int64 {
	switch {
	case shape == 0:
		return 0
	case shape == 1:
		return scale
	case shape == 2 && !chance(r, 0.3):
		return 0
	case shape == 3 && hugePartition, shape == 4 && hugeSubpartition, shape == 5 && hugePartition && hugeSubpartition:
		return scale * (10 + r.Int64N(30))
	case shape == 6:
		return scale << r.IntN(7) >> 4
	}
	return r.Int64N(scale)
}

package batchlab

import "slices"

// edges are the cases that were thought of.
func edges() []Case {
	mib := func(sizes ...int64) []int64 {
		bytes := slices.Clone(sizes)
		for i := range bytes {
			bytes[i] <<= 20
		}
		return bytes
	}
	hash := func(partitions ...[]int64) CaseInput { return CaseInput{Inter: true, Intra: true, Bytes: partitions} }
	side := func(number int, partitions ...[]int64) CaseInput {
		return CaseInput{Inter: true, Type: number, Bytes: partitions}
	}
	broadcast := CaseInput{Broadcast: true, Single: true, Inter: true, Intra: true, Type: 1, Bytes: [][]int64{mib(900)}}
	late := CaseInput{Broadcast: true, Inter: true, Intra: true, Type: 1, Bytes: [][]int64{mib(1, 2, 3), mib(3, 2, 1)}}
	rescale := CaseInput{Pointwise: true, Bytes: [][]int64{mib(4, 4, 4, 4), mib(4, 4, 4, 4), mib(4, 4, 4, 4), mib(60, 0, 0, 0)}}
	rebalance := CaseInput{Bytes: [][]int64{mib(5, 5, 5, 5), mib(5, 5, 5, 5), mib(5, 5, 5, 5)}}
	example := mib(4, 4, 4, 30, 4, 4, 4, 4)
	nothing := make([]int64, 8)
	c := func(name string, least, most int, inputs ...CaseInput) Case {
		return Case{Name: name, Min: least, Max: most, Volume: 16 << 20, Factor: 4, Threshold: 256 << 20, VertexMax: most, Inputs: inputs}
	}
	fixed := c("a fixed parallelism divides subpartitions evenly", 1, 128, hash(example))
	fixed.Fixed = 3
	few := c("a vertex maximum below the minimum", 8, 128, hash(example))
	few.VertexMax = 5
	started := c("a source with a broadcast input", 1, 128, broadcast)
	started.VertexMin = 4
	hot := func(bytes int64) []int64 { return mib(1, 1, bytes, 1, 1, 1, 1, 1, 1, 1, 1, 1) }
	skewed := c("one skewed side of a join is cut", 1, 12, side(1, hot(90), hot(80)), side(2, hot(1)))
	skewed.Threshold = 20 << 20
	both := c("both sides of a join are cut", 1, 12, side(1, hot(90), hot(80)), side(2, hot(70), hot(60), hot(50)))
	both.Threshold = 20 << 20
	exact := c("pieces of a skewed side that add up to the target", 1, 6,
		side(1, mib(4, 8, 0, 0, 0, 0), mib(0, 8, 0, 0, 0, 0), mib(0, 8, 0, 0, 0, 0), mib(0, 8, 0, 0, 0, 0)))
	exact.Threshold = 20 << 20
	many := make([][]int64, 600) // by 128: 76,800 subpartitions, of which a task of 1.20 reads 32,768 at most
	for i := range many {
		many[i] = slices.Repeat([]int64{1}, 128)
	}
	return []Case{
		c("the example", 1, 128, hash(example)),
		c("the example, two tasks at most", 1, 2, hash(example)),
		c("the example, seven tasks at least", 7, 128, hash(example)),
		c("nothing at all", 1, 128, hash(nothing)),
		c("nothing, three tasks at least", 3, 128, hash(nothing, nothing)),
		c("one huge subpartition", 1, 128, hash(mib(0, 0, 4000, 0, 0, 0))),
		c("one huge subpartition, four tasks at least", 4, 128, hash(mib(0, 0, 4000, 0, 0, 0))),
		c("fewer subpartitions than tasks", 6, 128, hash(mib(50, 50, 50))),
		c("minimum above maximum", 5, 4, hash(example)),
		c("a broadcast larger than the main input", 1, 128, hash(mib(3, 3, 3, 3)), broadcast),
		c("only a broadcast", 2, 128, broadcast),
		c("a broadcast that was written by hash", 1, 128, hash(mib(9, 9, 9)), late),
		c("rescale", 1, 128, rescale), c("rescale, two tasks at most", 1, 2, rescale), c("rescale, twelve tasks at least", 12, 128, rescale),
		c("rebalance", 1, 4, rebalance), c("rebalance, ten tasks at least", 3, 4, rebalance),
		c("hash and rescale", 1, 8, hash(example), rescale), c("hash and rebalance", 1, 4, hash(mib(9, 9, 9, 9)), rebalance),
		c("many subpartitions", 1, 128, hash(many...)), c("many subpartitions, pointwise", 1, 128, CaseInput{Pointwise: true, Bytes: many}),
		fixed, few, started, skewed, both, exact,
	}
}

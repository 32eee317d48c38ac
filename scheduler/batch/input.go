package batch

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Pattern says which tasks of a consumer may read from which of a producer.
type Pattern string

// The patterns.
const (
	// AllToAll lets every task read from every producing task: hash, rebalance,
	// range, broadcast.
	AllToAll Pattern = "all-to-all"
	// Pointwise lets a task read from few producing tasks next to it: forward,
	// rescale.
	Pointwise Pattern = "pointwise"
)

// Input is one finished result that a vertex reads.
type Input struct {
	// Name names the result in messages.
	Name string
	// Pattern is how it is read.
	Pattern Pattern
	// Broadcast says that each task reads all of it; all-to-all only.
	Broadcast bool
	// Single says that its producers knew so and wrote one subpartition each. In
	// 1.20 every broadcast is single; in 2.3 a join can turn into a broadcast join
	// once its side has been written, and is then not.
	Single bool
	// Type numbers the side of the operator that reads it, as Flink does: sides
	// with the same number are read alike. 2.3 only, 0 or more.
	Type int
	// InterCorrelated says that records of different inputs with one key must meet
	// in one task, so that such inputs are cut at the same places (2.3 only).
	InterCorrelated bool
	// IntraCorrelated says that records of this input with one key must meet in
	// one task, so that no subpartition is cut (2.3 only).
	IntraCorrelated bool
	// Bytes are what was produced, by partition (a task of the producer) and
	// subpartition. Every partition has the same number of subpartitions. Both
	// numbers are between 1 and slots.MaxParallelismLimit, bytes at least 0.
	Bytes [][]int64
}

// Range is a range of indexes, both ends included.
type Range struct{ First, Last int }

// Len is the number of indexes in the range.
func (r Range) Len() int { return r.Last - r.First + 1 }

// String is the range as "2" or "2-5".
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Block is what a task reads in one piece: these subpartitions of each of these
// partitions.
type Block struct{ Partitions, Subpartitions Range }

// String is the block as "0-3:2-5": partitions, then subpartitions.
func (b Block) String() string { return b.Partitions.String() + ":" + b.Subpartitions.String() }

// Produced is the number of bytes of all partitions and subpartitions; those of
// a broadcast count once.
func (in Input) Produced() int64 {
	var sum int64
	for _, partition := range in.Bytes {
		for _, b := range partition {
			sum += b
		}
	}
	return sum
}

// input is an Input that was checked, with the sums that the rules ask for.
type input struct {
	Input
	shape
	// columns are the bytes of each subpartition over all partitions.
	columns []int64
	total   int64
}

// shape is what the even distribution needs to know of an input.
type shape struct {
	name                      string
	pattern                   Pattern
	broadcast, single         bool
	partitions, subpartitions int
}

// mostBytes is the most that the inputs of a vertex may hold, so that no sum
// overflows.
const mostBytes = 1 << 60

// newInput checks an input and sums it up.
func newInput(in Input, v slots.Version) (input, error) {
	out := input{Input: in, shape: shape{name: in.Name, pattern: in.Pattern, broadcast: in.Broadcast, single: in.Single}}
	if err := out.checkKind(v); err != nil {
		return input{}, fmt.Errorf("input %s: %w", in.Name, err)
	}
	if err := out.add(); err != nil {
		return input{}, fmt.Errorf("input %s: %w", in.Name, err)
	}
	return out, nil
}

func (in *input) checkKind(v slots.Version) error {
	if len(in.Bytes) == 0 || len(in.Bytes[0]) == 0 {
		return fmt.Errorf("it has no partitions or no subpartitions: want at least one of each")
	}
	in.partitions, in.subpartitions = len(in.Bytes), len(in.Bytes[0])
	return conf.First(
		conf.Rule(in.Pattern == AllToAll || in.Pattern == Pointwise, "pattern %q: want %s or %s", in.Pattern, AllToAll, Pointwise),
		conf.Rule(!in.Broadcast || in.Pattern == AllToAll, "a broadcast is %s: want %s", in.Pattern, AllToAll),
		conf.Rule(in.Broadcast || !in.Single, "only a broadcast is written to a single subpartition"),
		conf.Rule(!in.Single || in.subpartitions == 1, "it has %d subpartitions: want 1 where one holds everything", in.subpartitions),
		conf.Rule(!in.Broadcast || in.Single || v != slots.V1_20, "in 1.20 a broadcast is written to a single subpartition"),
		conf.Rule(in.Type >= 0, "type number %d: want 0 or more", in.Type),
		conf.Rule(in.partitions <= slots.MaxParallelismLimit, "%d partitions: want at most %d", in.partitions, slots.MaxParallelismLimit),
		conf.Rule(in.subpartitions <= slots.MaxParallelismLimit, "%d subpartitions: want at most %d", in.subpartitions, slots.MaxParallelismLimit))
}

func (in *input) add() error {
	in.columns = make([]int64, in.subpartitions)
	for i, partition := range in.Bytes {
		if len(partition) != in.subpartitions {
			return fmt.Errorf("partition %d has %d subpartitions and partition 0 has %d: want as many", i, len(partition), in.subpartitions)
		}
		for j, b := range partition {
			if b < 0 || b > mostBytes-in.total {
				return fmt.Errorf("partition %d, subpartition %d: %d bytes: want 0 to %d in all", i, j, b, int64(mostBytes))
			}
			in.columns[j] += b
			in.total += b
		}
	}
	return nil
}

// bytes are those of a block.
func (in *input) bytes(b Block) int64 {
	var sum int64
	if b.Partitions.Len() == in.partitions {
		for _, column := range in.columns[b.Subpartitions.First : b.Subpartitions.Last+1] {
			sum += column
		}
		return sum
	}
	for _, partition := range in.Bytes[b.Partitions.First : b.Partitions.Last+1] {
		for _, one := range partition[b.Subpartitions.First : b.Subpartitions.Last+1] {
			sum += one
		}
	}
	return sum
}

// read are the bytes of several blocks.
func (in *input) read(blocks []Block) int64 {
	var sum int64
	for _, b := range blocks {
		sum += in.bytes(b)
	}
	return sum
}

// whole are all partitions.
func (in *input) whole() Range { return Range{0, in.partitions - 1} }

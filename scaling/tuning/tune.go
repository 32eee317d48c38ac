package tuning

import (
	"errors"
	"fmt"
	"math"
)

// ErrNotTunable marks the errors after which a job is rescaled without a
// recommendation: its memory cannot be judged. Any other error of [Tune] says
// that a figure makes no sense, and no decision should rest on it.
var ErrNotTunable = errors.New("memory cannot be tuned")

// Config is the configuration of memory tuning.
type Config struct {
	// Overhead is the head room on heap and metaspace, as a share of their use.
	Overhead float64
	// MaximizeManaged gives managed memory all that the other pools leave.
	MaximizeManaged bool
	// Compensation grows the heap when the number of TaskManagers shrinks.
	Compensation bool
	Buffers      Buffers
}

// Usage is the memory that the fullest TaskManager used, averaged over the
// window, in bytes; NaN counts as nothing.
type Usage struct{ Heap, Managed, Metaspace float64 }

// Input is what tuning rests on.
type Input struct {
	Spec Spec
	// MaxMemory is the present size of a TaskManager, which is never exceeded; 0
	// if it is not known.
	MaxMemory int64
	Usage     Usage
	Rescale   Rescale
	Config    Config
}

// Tuning is the memory of a TaskManager after a rescale.
type Tuning struct {
	// Before is the model of the present configuration.
	Before Memory
	// The pools that are tuned; the others stay as they are.
	Heap, Managed, Network, Metaspace int64
	// Compensation is the factor on the heap for the TaskManagers that go, 1 for
	// none.
	Compensation float64
	// Flink is Flink's memory afterwards, Process the whole.
	Flink, Process int64
}

// Tune gives every pool what it needs for as long as there is memory, those
// first that a job cannot run without.
func Tune(in Input) (*Tuning, error) {
	before, err := in.Spec.Derive()
	if err != nil {
		return nil, fmt.Errorf("%w: derive the memory model: %w", ErrNotTunable, err)
	}
	if in.MaxMemory <= 0 {
		return nil, fmt.Errorf("%w: the size of a TaskManager is not known", ErrNotTunable)
	}
	need, err := in.need()
	if err != nil {
		return nil, err
	}
	t := &Tuning{Before: before, Compensation: in.compensation()}
	t.distribute(in.MaxMemory, need, &in.Config)
	switch {
	case t.Process <= 0:
		return nil, fmt.Errorf("%w: no pool needs any memory", ErrNotTunable)
	case t.Flink <= 0:
		return nil, errors.New("tune memory: nothing is left for flink, and managed memory is a share of it")
	}
	return t, nil
}

// need is what the pools would be given if memory had no end. Managed is what
// was used: its use decides only whether the pool is kept.
type need struct{ heap, managed, network, metaspace int64 }

func (in *Input) need() (need, error) {
	n := need{
		heap:      withHeadRoom(in.Usage.Heap, in.Config.Overhead),
		managed:   truncate(in.Usage.Managed),
		network:   in.Rescale.RequiredNetworkMemory(in.Config.Buffers),
		metaspace: withHeadRoom(in.Usage.Metaspace, in.Config.Overhead),
	}
	for _, pool := range [...]struct {
		name string
		need int64
	}{{"heap", n.heap}, {"managed", n.managed}, {"network", n.network}, {"metaspace", n.metaspace}} {
		if pool.need < 0 {
			return need{}, fmt.Errorf("tune memory: the need for %s memory is %d bytes", pool.name, pool.need)
		}
	}
	return n, nil
}

func withHeadRoom(used, overhead float64) int64 {
	return truncate(float64(truncate(used)) * (1 + overhead))
}

// compensation is the factor by which each TaskManager has to take over heap of
// those that go.
func (in *Input) compensation() float64 {
	if !in.Config.Compensation {
		return 1
	}
	now, after := in.Rescale.TaskManagers()
	return math.Max(1, float64(now)/float64(after))
}

// distribute shares the memory out. The order says who gets less where it does
// not suffice. Managed memory comes after the rest, since it has no upper end;
// only what it leaves compensates.
func (t *Tuning) distribute(memory int64, need need, c *Config) {
	left := budget(memory)
	left.take(t.Before.FrameworkOffHeap)
	left.take(t.Before.TaskOffHeap)
	left.take(t.Before.Overhead)
	t.Network = left.take(need.network)
	t.Metaspace = left.take(need.metaspace)
	t.Heap = left.take(need.heap)
	switch {
	case need.managed == 0:
	case c.MaximizeManaged:
		t.Managed = left.take(math.MaxInt64)
	default:
		t.Managed = left.take(t.Before.Managed)
	}
	t.Heap += left.take(truncate(t.Compensation*float64(t.Heap)) - t.Heap)
	t.Process = memory - int64(left)
	t.Flink = t.Before.Flink() + (t.Heap - t.Before.Heap()) + (t.Managed - t.Before.Managed) + (t.Network - t.Before.Network)
}

// budget is the memory that is left to share out.
type budget int64

// take gives what was asked for, or all there is.
func (b *budget) take(size int64) int64 {
	size = min(size, int64(*b))
	*b -= budget(size)
	return size
}

package tuning

import (
	"errors"
	"fmt"
)

const (
	kib int64 = 1 << 10
	mib       = 1 << 20
	gib       = 1 << 30
	tib       = 1 << 40
)

// largest bounds every size, so that a sum of all pools stays in range.
const largest int64 = 1 << 59

// Size is a size that a configuration may leave out.
type Size struct {
	Bytes int64
	Set   bool
}

// Bytes is a size that is configured.
func Bytes(n int64) Size { return Size{Bytes: n, Set: true} }

// orNone is the size, or 0 where it is left out.
func (s Size) orNone() int64 {
	if !s.Set {
		return 0
	}
	return s.Bytes
}

// Range is a pool that is configured as a share of something, within bounds.
type Range struct {
	Min, Max int64
	// Fraction is in [0,1). Flink keeps fractions in single precision, and its
	// results show that: 0.1 of 4 GiB is 429496736 bytes.
	Fraction float32
}

// Spec is the memory configuration of a TaskManager, taskmanager.memory.*, as
// its user wrote it: overrides of an earlier tuning are not in it.
type Spec struct {
	// Process is process.size, Flink flink.size, TaskHeap task.heap.size and
	// Managed managed.size.
	Process, Flink, TaskHeap, Managed            Size
	FrameworkHeap, FrameworkOffHeap, TaskOffHeap int64
	Metaspace                                    int64
	// ManagedFraction is the share of Flink's memory where Managed is not set.
	ManagedFraction   float32
	Network, Overhead Range
	// FixedNetwork is taskmanager.network.numberOfBuffers times the segment size.
	// Flink ignores that key, and it is not to be set, where one of the keys of
	// Network is configured.
	FixedNetwork Size
}

// DefaultSpec is a configuration that sets nothing. It cannot be derived: one of
// the totals, or both task heap and managed memory, have to be set.
func DefaultSpec() Spec {
	return Spec{
		FrameworkHeap:    128 * mib,
		FrameworkOffHeap: 128 * mib,
		Metaspace:        256 * mib,
		ManagedFraction:  0.4,
		Network:          Range{Min: 64 * mib, Max: 1<<63 - 1, Fraction: 0.1},
		Overhead:         Range{Min: 192 * mib, Max: gib, Fraction: 0.1},
	}
}

// Memory is the memory model of a TaskManager, pool by pool.
type Memory struct {
	FrameworkHeap, TaskHeap       int64
	FrameworkOffHeap, TaskOffHeap int64
	Network, Managed              int64
	Metaspace, Overhead           int64
}

// Heap is the size of the JVM's heap.
func (m Memory) Heap() int64 { return m.FrameworkHeap + m.TaskHeap }

// Flink is what Flink itself uses: all but metaspace and overhead.
func (m Memory) Flink() int64 {
	return m.Heap() + m.FrameworkOffHeap + m.TaskOffHeap + m.Network + m.Managed
}

// Process is the whole.
func (m Memory) Process() int64 { return m.Flink() + m.Metaspace + m.Overhead }

var errNoTotal = errors.New("none of process.size, flink.size, or task.heap.size with managed.size is set")

// Derive works the memory model out as Flink does when it starts a TaskManager.
// It fails where Flink refuses the configuration.
func (s *Spec) Derive() (Memory, error) {
	if err := s.inRange(); err != nil {
		return Memory{}, err
	}
	switch {
	case s.TaskHeap.Set && s.Managed.Set:
		return s.fromComponents()
	case s.Flink.Set:
		return s.fromFlink()
	case s.Process.Set:
		return s.fromProcess()
	}
	return Memory{}, errNoTotal
}

func (s *Spec) inRange() error {
	for _, n := range [...]int64{
		s.Process.Bytes, s.Flink.Bytes, s.TaskHeap.Bytes, s.Managed.Bytes, s.FixedNetwork.Bytes,
		s.FrameworkHeap, s.FrameworkOffHeap, s.TaskOffHeap, s.Metaspace,
	} {
		if n < 0 || n > largest {
			return fmt.Errorf("a pool of %d bytes: want 0 to %s", n, sizeText(largest))
		}
	}
	return nil
}

// base is the model with the pools that are plain values.
func (s *Spec) base() Memory {
	return Memory{
		FrameworkHeap: s.FrameworkHeap, FrameworkOffHeap: s.FrameworkOffHeap,
		TaskOffHeap: s.TaskOffHeap, TaskHeap: s.TaskHeap.orNone(), Metaspace: s.Metaspace,
	}
}

// fromComponents has task heap and managed memory: network is the rest of the
// total if there is one, else a share of the sum that it is part of.
func (s *Spec) fromComponents() (m Memory, err error) {
	m = s.base()
	m.Managed = s.Managed.Bytes
	switch {
	case s.Flink.Set:
		m.Network, err = s.remainingNetwork(m, s.Flink.Bytes)
	case s.FixedNetwork.Set:
		m.Network = s.FixedNetwork.Bytes
	default:
		m.Network, err = s.Network.besides("network memory", m.Flink())
	}
	if err != nil {
		return Memory{}, err
	}
	return s.aroundFlink(m)
}

func (s *Spec) fromFlink() (Memory, error) {
	m, err := s.within(s.Flink.Bytes)
	if err != nil {
		return Memory{}, err
	}
	return s.aroundFlink(m)
}

func (s *Spec) fromProcess() (Memory, error) {
	overhead, err := s.Overhead.of("jvm overhead", s.Process.Bytes)
	if err != nil {
		return Memory{}, err
	}
	flink := s.Process.Bytes - s.Metaspace - overhead
	if flink < 0 {
		return Memory{}, fmt.Errorf("metaspace (%s) and overhead (%s) exceed process.size (%s)",
			sizeText(s.Metaspace), sizeText(overhead), sizeText(s.Process.Bytes))
	}
	m, err := s.within(flink)
	m.Overhead = overhead
	return m, err
}

// within shares Flink's total out: managed memory first, then either the
// configured task heap and network as the rest, or network and task heap as the
// rest.
func (s *Spec) within(flink int64) (m Memory, err error) {
	m = s.base()
	m.Managed = s.Managed.orNone()
	if !s.Managed.Set {
		share := Range{Max: 1<<63 - 1, Fraction: s.ManagedFraction}
		if m.Managed, err = share.of("managed memory", flink); err != nil {
			return Memory{}, err
		}
	}
	if s.TaskHeap.Set {
		m.Network, err = s.remainingNetwork(m, flink)
		return m, err
	}
	m.Network = s.FixedNetwork.Bytes
	if !s.FixedNetwork.Set {
		if m.Network, err = s.Network.of("network memory", flink); err != nil {
			return Memory{}, err
		}
	}
	if m.TaskHeap = flink - m.Flink(); m.TaskHeap < 0 {
		return Memory{}, fmt.Errorf("the pools without task heap exceed flink's memory (%s) by %s", sizeText(flink), sizeText(-m.TaskHeap))
	}
	return m, nil
}

// remainingNetwork is what the other pools leave of Flink's total; it has to be
// in the range that is configured for it.
func (s *Spec) remainingNetwork(m Memory, flink int64) (int64, error) {
	network := flink - m.Flink()
	switch {
	case network < 0:
		return 0, fmt.Errorf("the pools without network exceed flink's memory (%s) by %s", sizeText(flink), sizeText(-network))
	case s.FixedNetwork.Set:
		if network != s.FixedNetwork.Bytes {
			return 0, fmt.Errorf("%s is left for network memory, and its number of buffers takes %s", sizeText(network), sizeText(s.FixedNetwork.Bytes))
		}
		return network, nil
	}
	return network, s.Network.holds("network memory", network)
}

// aroundFlink adds the overhead: the rest of the process size if that is set,
// else a share of the sum that it is part of.
func (s *Spec) aroundFlink(m Memory) (_ Memory, err error) {
	if !s.Process.Set {
		m.Overhead, err = s.Overhead.besides("jvm overhead", m.Process())
		return m, err
	}
	if m.Overhead = s.Process.Bytes - m.Process(); m.Overhead < 0 {
		return Memory{}, fmt.Errorf("flink's memory (%s) and metaspace (%s) exceed process.size (%s)",
			sizeText(m.Flink()), sizeText(m.Metaspace), sizeText(s.Process.Bytes))
	}
	return m, s.Overhead.holds("jvm overhead", m.Overhead)
}

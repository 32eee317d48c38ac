// Package memory keeps the state of jobs in the memory of the process. A
// restart forgets everything: the window fills anew, delayed scale-downs begin
// again, and what users set as lower bounds is read afresh from Flink.
//
// Metric windows are most of what there is to keep. They are kept packed
// (pack.go), so that ten thousand jobs fit.
package memory

import (
	"context"
	"sync"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Store is a state store in memory. It is safe for concurrent use.
type Store struct {
	mu   sync.Mutex
	jobs map[autoscaler.JobKey]kept

	unpacked bool
	scratch  sync.Pool // of *[]byte
}

// kept is a state whose window stands beside it.
type kept struct {
	state  autoscaler.State
	window packed
}

var _ autoscaler.StateStore = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{jobs: map[autoscaler.JobKey]kept{}, scratch: sync.Pool{New: func() any { return new([]byte) }}}
}

// NewUnpacked returns an empty store that keeps windows as they are: six times the
// memory, and none of the work. It is for few jobs that are looked at as fast as can
// be, such as those of a twin.
func NewUnpacked() *Store {
	s := New()
	s.unpacked = true
	return s
}

// Open is the factory of a store that keeps its content as long as it lives.
func (s *Store) Open(context.Context) (autoscaler.StateStore, error) { return s, nil }

// Get implements [autoscaler.StateStore].
func (s *Store) Get(_ context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	s.mu.Lock()
	k := s.jobs[key]
	s.mu.Unlock()
	if !s.unpacked {
		k.state.Window = k.window.unpack()
	}
	return k.state, nil
}

// Put implements [autoscaler.StateStore].
func (s *Store) Put(_ context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	k := kept{state: state}
	if !s.unpacked {
		scratch := s.scratch.Get().(*[]byte)
		k.window, *scratch = pack(state.Window, *scratch)
		k.state.Window = scaling.Window{}
		s.scratch.Put(scratch)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[key] = k
	return nil
}

// Remove implements [autoscaler.StateStore].
func (s *Store) Remove(_ context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, key)
	return nil
}

// Flush implements [autoscaler.StateStore]; memory has nothing to flush.
func (s *Store) Flush(context.Context) error { return nil }

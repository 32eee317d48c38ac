package main

import (
	"context"
	"sync"

	"github.com/sluice-project/sluice/autoscaler"
)

// store remembers the state of jobs in a map. A state is a value that passes
// replace and never change, so that it needs no copy.
type store struct {
	mu   sync.Mutex
	jobs map[autoscaler.JobKey]autoscaler.State
}

func newStore() *store { return &store{jobs: map[autoscaler.JobKey]autoscaler.State{}} }

// open is the factory: a store that had become invalid would be made anew here.
func (s *store) open(context.Context) (autoscaler.StateStore, error) { return s, nil }

// Get implements [autoscaler.StateStore].
func (s *store) Get(_ context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[key], nil
}

// Put implements [autoscaler.StateStore].
func (s *store) Put(_ context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[key] = state
	return nil
}

// Remove implements [autoscaler.StateStore].
func (s *store) Remove(_ context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, key)
	return nil
}

// Flush implements [autoscaler.StateStore].
func (s *store) Flush(context.Context) error { return nil }

// Package outage keeps the loop safe while the database of the state store does
// not answer. It stands before a store, notices the first call that the database
// does not serve, tells of it once, and from then on lets a single call at a
// time through to see whether it is back, at growing intervals: the others are
// answered at once, so that nobody waits and nothing rushes to a database that
// is starting.
//
// What the others are answered is the policy. [Hold]: that the store is away, so
// that their passes end without acting. [Continue]: from memory; what is written
// meanwhile is written to the database once it is back.
package outage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/state/memory"
)

// Policy says what happens to jobs during an outage.
type Policy uint8

// The policies.
const (
	// Hold scales nothing until the database answers.
	Hold Policy = iota
	// Continue goes on from memory. Jobs whose state was never read are held.
	Continue
)

// Config is what a store needs that may lose its database.
type Config struct {
	// Store is the one that needs the database. Its Put writes at once, and may be
	// repeated after an error.
	Store  autoscaler.StateStore
	Policy Policy
	// Away tells whether an error means that the database does not serve, rather
	// than that something is wrong with one job.
	Away func(error) bool
	// Tell tells of the beginning and the end of an outage.
	Tell func(ctx context.Context, e autoscaler.Event) error
	// FirstWait is the time to the first try whether the database is back, and
	// LongestWait what it grows to; each is made up to a fifth longer or shorter.
	// Default 1 s and 30 s.
	FirstWait, LongestWait time.Duration
	Now                    func() time.Time
	// Rand gives numbers in [0, 1).
	Rand func() float64
}

// Store is a state store that survives outages of another. It is safe for
// concurrent use.
type Store struct {
	cfg Config
	// memory holds what is known of each job, for [Continue] alone.
	memory *memory.Store

	mu sync.Mutex
	// since is when the outage began; zero while there is none.
	since time.Time
	// overAt is when the last one ended.
	overAt   time.Time
	cause    error
	failures int
	tryAt    time.Time
	trying   bool
	// readOnly is true when the outage began with a write: reads may work all along.
	readOnly bool
	// seen are the jobs in memory; the value is what the database lacks of them.
	seen map[autoscaler.JobKey]lack
}

// lack is what the database does not know of a job.
type lack uint8

const (
	nothing lack = iota
	itsState
	itsEnd
)

var _ autoscaler.StateStore = (*Store)(nil)

// New makes a store. It fails when a part of c is missing.
func New(c Config) (*Store, error) {
	if c.Store == nil || c.Away == nil || c.Tell == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("new store against outages: store, away, tell, clock or random numbers missing")
	}
	c.FirstWait, c.LongestWait = cmp.Or(c.FirstWait, time.Second), cmp.Or(c.LongestWait, 30*time.Second)
	return &Store{cfg: c, memory: memory.New(), seen: map[autoscaler.JobKey]lack{}}, nil
}

// Open is the factory of a store that serves as long as its database does.
func (s *Store) Open(context.Context) (autoscaler.StateStore, error) { return s, nil }

// Away tells whether an outage has begun and not ended.
func (s *Store) Away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.since.IsZero()
}

// Get implements [autoscaler.StateStore].
func (s *Store) Get(ctx context.Context, key autoscaler.JobKey) (state autoscaler.State, err error) {
	err = s.through(ctx, key, false, func() error {
		state, err = s.cfg.Store.Get(ctx, key)
		return err
	})
	switch {
	case err == nil && s.cfg.Policy == Continue:
		s.note(key, state, nothing)
	case errors.Is(err, autoscaler.ErrStoreAway) && s.cfg.Policy == Continue && s.knows(key):
		return s.memory.Get(ctx, key)
	}
	return state, err
}

// Put implements [autoscaler.StateStore].
func (s *Store) Put(ctx context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	err := s.through(ctx, key, true, func() error { return s.cfg.Store.Put(ctx, key, state) })
	switch {
	case s.cfg.Policy == Hold:
	case err == nil:
		s.note(key, state, nothing)
	case errors.Is(err, autoscaler.ErrStoreAway) && s.knows(key):
		s.note(key, state, itsState)
		return nil
	}
	return err
}

// Remove implements [autoscaler.StateStore].
func (s *Store) Remove(ctx context.Context, key autoscaler.JobKey) error {
	err := s.through(ctx, key, true, func() error { return s.cfg.Store.Remove(ctx, key) })
	switch {
	case s.cfg.Policy == Hold:
	case err == nil:
		s.drop(ctx, key)
	case errors.Is(err, autoscaler.ErrStoreAway):
		s.note(key, autoscaler.State{}, itsEnd)
		return nil
	}
	return err
}

// Flush implements [autoscaler.StateStore].
func (s *Store) Flush(ctx context.Context) error {
	_, err := s.enter(false) // there may be nothing to flush, which proves nothing
	if err == nil {
		return s.cfg.Store.Flush(ctx)
	}
	if s.cfg.Policy == Continue {
		return nil
	}
	return err
}

// Settle writes what the database lacks, for the end of a process. It fails when
// that cannot be done, and says of how many jobs.
func (s *Store) Settle(ctx context.Context) error {
	s.mu.Lock()
	var keys []autoscaler.JobKey
	for key, lacks := range s.seen {
		if lacks != nothing {
			keys = append(keys, key)
		}
	}
	s.mu.Unlock()
	for i, key := range keys {
		if err := errors.Join(s.catchUp(ctx, key), s.cfg.Store.Flush(ctx)); err != nil && !errors.Is(err, autoscaler.ErrStateConflict) {
			return fmt.Errorf("the state of %d jobs could not be written: %w", len(keys)-i, err)
		}
	}
	return nil
}

// catchUp writes what the database lacks of one job.
func (s *Store) catchUp(ctx context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	lacks := s.seen[key]
	s.mu.Unlock()
	var err error
	switch lacks {
	case nothing:
		return nil
	case itsEnd:
		err = s.cfg.Store.Remove(ctx, key)
	case itsState:
		state, _ := s.memory.Get(ctx, key) // memory does not fail
		err = s.cfg.Store.Put(ctx, key, state)
	}
	switch {
	case errors.Is(err, autoscaler.ErrStateConflict):
		s.drop(ctx, key) // the other's state counts
	case err == nil:
		s.mu.Lock()
		s.seen[key] = nothing
		s.mu.Unlock()
	}
	return err
}

// lacks tells whether the database lacks something of the job.
func (s *Store) lacks(key autoscaler.JobKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[key] != nothing
}

func (s *Store) knows(key autoscaler.JobKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.seen[key]
	return known
}

func (s *Store) note(key autoscaler.JobKey, state autoscaler.State, lacks lack) {
	_ = s.memory.Put(context.Background(), key, state) // memory does not fail
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[key] = lacks
}

func (s *Store) drop(ctx context.Context, key autoscaler.JobKey) {
	_ = s.memory.Remove(ctx, key) // memory does not fail
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, key)
}

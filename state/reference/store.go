package reference

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/memory"
)

// Table is the reference's table of states.
const Table = "t_flink_autoscaler_state_store"

// Config is what a store needs.
type Config struct {
	// DB is the database, with its tables up to date.
	DB *sqldb.DB
	// SetAside is told of a value that could not be decoded and was set aside; nil
	// tells nobody.
	SetAside func(ctx context.Context, key autoscaler.JobKey, reason error)
	// Now is the clock. Rows have its time in its time zone, as those of Java do.
	Now func() time.Time
}

// Store is a state store on the reference's table. It is safe for concurrent
// use, but of passes over one job there may be one at a time.
//
// A process that writes the same job, be it Java, is noticed: see [Store.Put].
type Store struct {
	cfg Config
	// cache holds states as they were when their rows were last read or written.
	cache *memory.Store
	// writer names this store in the rows that it writes.
	writer string

	mu    sync.Mutex
	known map[autoscaler.JobKey]*rows
	// doubts are writes of which nobody knows whether they were committed.
	doubts map[autoscaler.JobKey]doubt
}

var _ autoscaler.StateStore = (*Store)(nil)

// New makes a store. It fails when a part of c is missing.
func New(c Config) (*Store, error) {
	switch {
	case c.DB == nil:
		return nil, errors.New("new state store: no database given")
	case c.Now == nil:
		return nil, errors.New("new state store: no clock given")
	}
	if c.SetAside == nil {
		c.SetAside = func(context.Context, autoscaler.JobKey, error) {}
	}
	return &Store{
		cfg: c, cache: memory.New(), writer: rand.Text(),
		known: map[autoscaler.JobKey]*rows{}, doubts: map[autoscaler.JobKey]doubt{},
	}, nil
}

// Open is the factory of a store that serves as long as its database does.
func (s *Store) Open(context.Context) (autoscaler.StateStore, error) { return s, nil }

// Get implements [autoscaler.StateStore]. A value that cannot be decoded is set
// aside and taken for empty.
func (s *Store) Get(ctx context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	if err := s.settle(ctx, key); err != nil {
		return autoscaler.State{}, fmt.Errorf("read the state: %w", err)
	}
	if known := s.rowsOf(key); known != nil {
		now, err := s.look(ctx, key)
		if err != nil {
			return autoscaler.State{}, fmt.Errorf("read the state: %w", err)
		}
		if known.same(now) {
			return s.cache.Get(ctx, key)
		}
		s.forget(key)
	}
	found, err := s.load(ctx, key)
	if err != nil {
		return autoscaler.State{}, fmt.Errorf("read the state: %w", err)
	}
	state, broken := found.decode()
	if len(broken) > 0 {
		return state, s.setAside(ctx, key, found, broken)
	}
	if found.rows.some() {
		s.remember(ctx, key, state, &found.rows)
	}
	return state, nil
}

// Put implements [autoscaler.StateStore]. Rows that are no longer as they were
// last read or written, by whomever, are a conflict: Java, which compares
// nothing, is noticed, and not overwritten. Only values that changed are
// written.
func (s *Store) Put(ctx context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	if err := s.settle(ctx, key); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	w, err := s.writing(key, &state)
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	err = s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error { return w.commit(ctx, tx) })
	switch {
	case err == nil:
		s.remember(ctx, key, state, &w.next)
		return nil
	case errors.Is(err, autoscaler.ErrStateConflict):
		s.forget(key)
	case sqldb.CommitUnknown(err):
		s.mu.Lock()
		s.doubts[key] = doubt{state, w.next}
		s.mu.Unlock()
	}
	return fmt.Errorf("write the state: %w", err)
}

// Remove implements [autoscaler.StateStore].
func (s *Store) Remove(ctx context.Context, key autoscaler.JobKey) error {
	was := s.rowsOf(key)
	s.forget(key)
	err := s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		if was != nil {
			now, err := s.rowsIn(ctx, tx, key, locked(tx.Dialect()))
			if err != nil {
				return err
			}
			if now.some() && !was.same(now) {
				return conflict(key)
			}
		}
		for _, statement := range [...]string{"DELETE FROM " + Table + " WHERE job_key = ?", "DELETE FROM sluice_reference_extra WHERE job_key = ?"} {
			if _, err := tx.Exec(ctx, statement, key.String()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove the state: %w", err)
	}
	return nil
}

// Flush implements [autoscaler.StateStore]; what was put is committed already.
func (s *Store) Flush(context.Context) error { return nil }

func conflict(key autoscaler.JobKey) error {
	return fmt.Errorf("%w: the rows of job %s are not as they were", autoscaler.ErrStateConflict, key)
}

func (s *Store) rowsOf(key autoscaler.JobKey) *rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[key]
}

func (s *Store) remember(ctx context.Context, key autoscaler.JobKey, state autoscaler.State, r *rows) {
	_ = s.cache.Put(ctx, key, state) // memory does not fail
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[key] = r
}

func (s *Store) forget(key autoscaler.JobKey) {
	s.mu.Lock()
	delete(s.known, key)
	delete(s.doubts, key)
	s.mu.Unlock()
	_ = s.cache.Remove(context.Background(), key) // memory does not fail
}

// doubt is a write of which nobody knows whether it was committed.
type doubt struct {
	state autoscaler.State
	rows  rows
}

// settle finds out what became of a write that is in doubt.
func (s *Store) settle(ctx context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	d, doubtful := s.doubts[key]
	s.mu.Unlock()
	if !doubtful {
		return nil
	}
	found, err := s.load(ctx, key)
	if err != nil {
		return err
	}
	ours := found.rows.version == d.rows.version && found.rows.writer == s.writer
	if ours && maps.Equal(found.rows.sums, d.rows.sums) { // and Java has written nothing since
		s.remember(ctx, key, d.state, &found.rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.doubts, key)
	return nil
}

// Package sqlstate keeps the state of jobs in tables of its own in a SQL
// database: SQLite, PostgreSQL, MySQL or MariaDB.
//
// A job has a row with a version, one row for each part of its state (shape.go)
// and one for each sample of its window. A pass writes, in one transaction, only
// the rows that changed, and only if the version is still the one it knows: of
// two processes that both believe to own a job, the second to write fails with
// [autoscaler.ErrStateConflict]. What is known to be in the database is kept in
// memory too, so that reading it again costs one look at the version.
//
// Where to start: [Store.Put]. How values are encoded stands in coder.go.
package sqlstate

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/memory"
)

// Config is what a store needs.
type Config struct {
	// DB is the database, with its tables up to date.
	DB *sqldb.DB
	// SetAside is told of a job whose state could not be decoded and was set aside;
	// nil tells nobody.
	SetAside func(ctx context.Context, key autoscaler.JobKey, reason error)
	// ForgetAfter is how long a job is remembered that nobody writes any more: it
	// ended while no process watched. Default 30 days.
	ForgetAfter time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Store is a state store in a database. It is safe for concurrent use, but of
// passes over one job there may be one at a time.
type Store struct {
	cfg   Config
	cache *memory.Store

	// writer names this store in the rows that it writes.
	writer string

	mu    sync.Mutex
	known map[autoscaler.JobKey]*rows
	// doubts are writes of which nobody knows whether they were committed.
	doubts map[autoscaler.JobKey]doubt
	// sweepAt is when jobs that nobody writes are looked for next.
	sweepAt time.Time
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
	c.ForgetAfter = cmp.Or(c.ForgetAfter, 30*24*time.Hour)
	return &Store{
		cfg: c, cache: memory.New(), writer: rand.Text(),
		known: map[autoscaler.JobKey]*rows{}, doubts: map[autoscaler.JobKey]doubt{},
	}, nil
}

// Open is the factory of a store that serves as long as its database does.
func (s *Store) Open(context.Context) (autoscaler.StateStore, error) { return s, nil }

// Get implements [autoscaler.StateStore]. A state that cannot be decoded is set
// aside, and the job starts afresh.
func (s *Store) Get(ctx context.Context, key autoscaler.JobKey) (autoscaler.State, error) {
	if err := s.settle(ctx, key); err != nil {
		return autoscaler.State{}, fmt.Errorf("read the version of the state: %w", err)
	}
	if r := s.rowsOf(key); r != nil {
		version, err := versionOf(ctx, s.cfg.DB, key)
		if err != nil {
			return autoscaler.State{}, fmt.Errorf("read the version of the state: %w", err)
		}
		if version == r.version {
			return s.cache.Get(ctx, key)
		}
		s.forget(key)
	}
	state, r, err := s.load(ctx, key)
	if broken, ok := errors.AsType[*brokenError](err); ok {
		return autoscaler.State{}, s.setAside(ctx, key, broken)
	}
	if err != nil {
		return autoscaler.State{}, fmt.Errorf("read the state: %w", err)
	}
	if r != nil {
		s.remember(ctx, key, state, r)
	}
	return state, nil
}

// Put implements [autoscaler.StateStore]. After an error that is no conflict the
// same may be put again, also where nobody knows whether it was committed.
func (s *Store) Put(ctx context.Context, key autoscaler.JobKey, state autoscaler.State) error {
	s.sweep(ctx)
	if err := s.settle(ctx, key); err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	was := s.rowsOf(key)
	next, changes := s.difference(was, &state)
	err := s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		if err := s.claim(ctx, tx, key, was, next); err != nil {
			return err
		}
		return changes.write(ctx, tx, key)
	})
	switch {
	case err == nil:
		s.remember(ctx, key, state, next)
		return nil
	case errors.Is(err, autoscaler.ErrStateConflict):
		s.forget(key)
	case sqldb.CommitUnknown(err):
		s.mu.Lock()
		s.doubts[key] = doubt{state, next}
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
			if err := release(ctx, tx, key, was.version); err != nil {
				return err
			}
		}
		return deleteJob(ctx, tx, key, tables[:]...)
	})
	if err != nil {
		return fmt.Errorf("remove the state: %w", err)
	}
	return nil
}

// release deletes the row of a job, unless another process has written it.
func release(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey, version int64) error {
	found, err := tx.Affected(ctx, "DELETE FROM sluice_job WHERE cluster = ? AND job_id = ? AND version = ?", key.Cluster, key.Job, version)
	if err != nil || found > 0 {
		return err
	}
	have, err := versionOf(ctx, tx, key)
	if err == nil && have != 0 {
		return conflict(key, version)
	}
	return err
}

// Flush implements [autoscaler.StateStore]; what was put is committed already.
func (s *Store) Flush(context.Context) error { return nil }

// Jobs lists the jobs that the database knows, in order of their keys.
func (s *Store) Jobs(ctx context.Context) (_ []autoscaler.JobKey, err error) {
	rows, err := s.cfg.DB.Query(ctx, "SELECT cluster, job_id FROM sluice_job ORDER BY cluster, job_id")
	if err != nil {
		return nil, fmt.Errorf("list the jobs: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var keys []autoscaler.JobKey
	for rows.Next() {
		var k autoscaler.JobKey
		if err := rows.Scan(&k.Cluster, &k.Job); err != nil {
			return nil, fmt.Errorf("list the jobs: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
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
	rows  *rows
}

// settle finds out what became of a write that is in doubt. Another process may
// have moved on to the same version: the row names who wrote it.
func (s *Store) settle(ctx context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	d, doubtful := s.doubts[key]
	s.mu.Unlock()
	if !doubtful {
		return nil
	}
	var version int64
	var writer string
	err := s.cfg.DB.QueryRow(ctx, "SELECT version, writer FROM sluice_job WHERE cluster = ? AND job_id = ?", key.Cluster, key.Job).Scan(&version, &writer)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if version == d.rows.version && writer == s.writer {
		s.remember(ctx, key, d.state, d.rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.doubts, key)
	return nil
}

// querier is what a database and a transaction have in common.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sqldb.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sqldb.Row
}

// versionOf is 0 for a job that is not there.
func versionOf(ctx context.Context, q querier, key autoscaler.JobKey) (version int64, err error) {
	err = q.QueryRow(ctx, "SELECT version FROM sluice_job WHERE cluster = ? AND job_id = ?", key.Cluster, key.Job).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, err
}

func conflict(key autoscaler.JobKey, known int64) error {
	return fmt.Errorf("%w: job %s is no longer at version %d", autoscaler.ErrStateConflict, key, known)
}

// Package sqlholds keeps the holds of people on jobs in a database, so that a pause
// outlives the process and is known to all that share the jobs.
//
// What must not live here: what a hold does (package control).
package sqlholds

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
)

// Store keeps holds. It is safe for concurrent use.
type Store struct{ db *sqldb.DB }

var _ control.HoldStore = (*Store)(nil)

// New returns the holds that are kept in db.
func New(db *sqldb.DB) *Store { return &Store{db} }

// Save implements [control.HoldStore].
func (s *Store) Save(ctx context.Context, h control.HeldJob) error {
	query := s.db.Dialect().Upsert("sluice_hold", []string{"cluster", "job_id"}, []string{"held_by", "why", "since", "until"})
	_, err := s.db.Exec(ctx, query, h.Key.Cluster, string(h.Key.Job), h.By, h.Why, ms(h.Since), ms(h.Until))
	if err != nil {
		return fmt.Errorf("keep the hold on %q: %w", h.Key, err)
	}
	return nil
}

// Remove implements [control.HoldStore].
func (s *Store) Remove(ctx context.Context, key autoscaler.JobKey) error {
	if _, err := s.db.Exec(ctx, "DELETE FROM sluice_hold WHERE cluster = ? AND job_id = ?", key.Cluster, string(key.Job)); err != nil {
		return fmt.Errorf("end the hold on %q: %w", key, err)
	}
	return nil
}

// Load implements [control.HoldStore].
func (s *Store) Load(ctx context.Context) (all []control.HeldJob, err error) {
	rows, err := s.db.Query(ctx, "SELECT cluster, job_id, held_by, why, since, until FROM sluice_hold")
	if err != nil {
		return nil, fmt.Errorf("read the holds: %w", err)
	}
	defer func() {
		if closing := rows.Close(); err == nil {
			err = closing
		}
	}()
	for rows.Next() {
		var h control.HeldJob
		var job string
		var since, until int64
		if err := rows.Scan(&h.Key.Cluster, &job, &h.By, &h.Why, &since, &until); err != nil {
			return nil, fmt.Errorf("read a hold: %w", err)
		}
		h.Key.Job, h.Since, h.Until = flink.JobID(job), at(since), at(until)
		all = append(all, h)
	}
	return all, rows.Err()
}

// ms is a time in milliseconds since 1970, and 0 for none.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

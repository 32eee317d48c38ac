package sqlstate

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
)

// setAside moves the rows of a job whose state cannot be decoded to a table of
// their own, and tells of it. Of one job, what was set aside last is kept.
func (s *Store) setAside(ctx context.Context, key autoscaler.JobKey, broken *brokenError) error {
	now := s.cfg.Now().UnixMilli()
	err := s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		found, err := tx.Affected(ctx, "DELETE FROM sluice_job WHERE cluster = ? AND job_id = ? AND version = ?", key.Cluster, key.Job, broken.version)
		if err != nil {
			return err
		}
		if found == 0 {
			return conflict(key, broken.version)
		}
		if err := deleteJob(ctx, tx, key, "sluice_set_aside"); err != nil {
			return err
		}
		const columns = "INSERT INTO sluice_set_aside (cluster, job_id, part, value, reason, set_aside_at) "
		reason := broken.Error()
		if _, err := tx.Exec(ctx, columns+"SELECT cluster, job_id, part, value, ?, ? FROM sluice_part WHERE cluster = ? AND job_id = ?",
			reason, now, key.Cluster, key.Job); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, columns+"SELECT cluster, job_id, "+sampleName(tx.Dialect())+", value, ?, ? FROM sluice_sample WHERE cluster = ? AND job_id = ?",
			reason, now, key.Cluster, key.Job); err != nil {
			return err
		}
		return deleteJob(ctx, tx, key, tables[1:]...)
	})
	if err != nil {
		return fmt.Errorf("set a state aside of which %w: %w", broken, err)
	}
	s.cfg.SetAside(ctx, key, broken)
	return nil
}

// sampleName is what a sample is called beside the parts: sample/SEQ.
func sampleName(d sqldb.Dialect) string {
	if d == sqldb.MySQL {
		return "CONCAT('sample/', seq)"
	}
	return "'sample/' || seq"
}

// sweepInterval is how often jobs are looked for that nobody writes any more.
const sweepInterval = 24 * time.Hour

// sweep forgets jobs that nobody has written for long, once a day. An error is
// not told: the write that follows meets it too, and tomorrow comes another day.
func (s *Store) sweep(ctx context.Context) {
	now := s.cfg.Now()
	s.mu.Lock()
	due := !now.Before(s.sweepAt)
	if due {
		s.sweepAt = now.Add(sweepInterval)
	}
	s.mu.Unlock()
	if !due {
		return
	}
	oldest := now.Add(-s.cfg.ForgetAfter).UnixMilli()
	_ = s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		// The job's own row goes first: whoever still writes to it meets that.
		if _, err := tx.Exec(ctx, "DELETE FROM sluice_job WHERE updated_at < ?", oldest); err != nil {
			return err
		}
		for _, table := range tables[1:] {
			const orphans = "DELETE FROM %[1]s WHERE NOT EXISTS (SELECT 1 FROM sluice_job j WHERE j.cluster = %[1]s.cluster AND j.job_id = %[1]s.job_id)"
			if _, err := tx.Exec(ctx, fmt.Sprintf(orphans, table)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "DELETE FROM sluice_set_aside WHERE set_aside_at < ?", oldest)
		return err
	})
}

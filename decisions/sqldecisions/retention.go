package sqldecisions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

const (
	// sweepEvery is the time between two looks for what is too old or too much.
	sweepEvery = 10 * time.Minute
	// sweepBatch is how many rows one statement removes at most.
	sweepBatch = 1000
)

// Run writes decisions and removes old ones until the context ends; then it takes
// a few seconds at most to write what is left.
func (r *Recorder) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { r.backlog.Run(ctx) })
	work.Go(func() {
		ticker := time.NewTicker(sweepEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			err := r.cfg.Around("sweep", func() error {
				_, err := r.Sweep(ctx)
				return err
			})
			if err != nil && ctx.Err() == nil {
				r.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "old decisions stay: the database did not remove them", slog.String("error", err.Error()))
			}
		}
	})
	work.Wait()
}

// Sweep removes the decisions that are too old, and of each job those that are
// too many, and says how many.
func (r *Recorder) Sweep(ctx context.Context) (removed int64, err error) {
	if r.cfg.MaxAge > 0 {
		oldest := r.cfg.Now().Add(-r.cfg.MaxAge).UnixMilli()
		if removed, err = r.remove(ctx, "decided_at < ?", oldest); err != nil {
			return removed, err
		}
	}
	jobs, err := r.crowded(ctx)
	if err != nil {
		return removed, err
	}
	for _, job := range jobs {
		n, err := r.trim(ctx, job)
		removed += n
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// crowded are the jobs with more decisions than are to be kept.
func (r *Recorder) crowded(ctx context.Context) ([]autoscaler.JobKey, error) {
	rows, err := r.cfg.DB.Query(ctx, "SELECT cluster, job_id FROM sluice_decision GROUP BY cluster, job_id HAVING COUNT(*) > ?", r.cfg.MaxCount)
	if err != nil {
		return nil, fmt.Errorf("count decisions: %w", err)
	}
	defer rows.Close()
	var keys []autoscaler.JobKey
	for rows.Next() {
		var cluster, job string
		if err := rows.Scan(&cluster, &job); err != nil {
			return nil, fmt.Errorf("count decisions: %w", err)
		}
		keys = append(keys, autoscaler.JobKey{Cluster: cluster, Job: flink.JobID(job)})
	}
	return keys, rows.Err()
}

// trim removes all but the newest decisions of a job.
func (r *Recorder) trim(ctx context.Context, key autoscaler.JobKey) (int64, error) {
	var last int64
	err := r.cfg.DB.QueryRow(ctx, "SELECT id FROM sluice_decision WHERE cluster = ? AND job_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
		key.Cluster, string(key.Job), r.cfg.MaxCount).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count decisions about %s: %w", key, err)
	}
	return r.remove(ctx, "cluster = ? AND job_id = ? AND id <= ?", key.Cluster, string(key.Job), last)
}

// remove deletes what the condition names, a range of ids at a time.
func (r *Recorder) remove(ctx context.Context, where string, args ...any) (removed int64, err error) {
	for {
		var last sql.NullInt64
		err := r.cfg.DB.QueryRow(ctx, "SELECT MAX(id) FROM (SELECT id FROM sluice_decision WHERE "+where+" ORDER BY id LIMIT ?) old", append(args, sweepBatch)...).Scan(&last)
		if err != nil || !last.Valid {
			return removed, err
		}
		result, err := r.cfg.DB.Exec(ctx, "DELETE FROM sluice_decision WHERE "+where+" AND id <= ?", append(args, last.Int64)...)
		if err != nil {
			return removed, fmt.Errorf("remove old decisions: %w", err)
		}
		n, err := result.RowsAffected()
		if removed += n; err != nil {
			return removed, err
		}
	}
}

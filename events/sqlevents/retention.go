package sqlevents

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// sweepEvery is the time between two looks for old events, firstSweep that
	// before the first one.
	sweepEvery = 24 * time.Hour
	firstSweep = 10 * time.Minute
	// sweepBatch is how many ids one statement covers, sweepPause what it leaves the
	// database to others.
	sweepBatch = 2000
	sweepPause = time.Second
)

// Run writes events and removes old ones until the context ends; then it takes a
// few seconds at most to write what is left.
func (h *Handler) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { h.backlog.Run(ctx) })
	work.Go(func() { h.sweeps(ctx) })
	work.Wait()
}

func (h *Handler) sweeps(ctx context.Context) {
	if h.cfg.Retention <= 0 {
		return
	}
	for wait := firstSweep; pause(ctx, wait); wait = sweepEvery {
		var n int64
		err := h.cfg.Around("sweep", func() (err error) {
			n, err = h.Sweep(ctx, sweepPause)
			return err
		})
		switch {
		case ctx.Err() != nil:
		case err != nil:
			h.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "old events stay: the database did not remove them", slog.String("error", err.Error()))
		case n > 0:
			h.cfg.Log.LogAttrs(ctx, slog.LevelDebug, "old events removed", slog.Int64("number", n))
		}
	}
}

// Sweep removes the events that are older than the retention time, a range of ids
// at a time with a pause between, and says how many.
func (h *Handler) Sweep(ctx context.Context, rest time.Duration) (removed int64, err error) {
	oldest := moment(h.cfg.DB.Dialect(), h.cfg.Now().Add(-h.cfg.Retention))
	for {
		var first int64
		err := h.cfg.DB.QueryRow(ctx, "SELECT id FROM "+table+" WHERE create_time < ? AND id = (SELECT MIN(id) FROM "+table+")", oldest).Scan(&first)
		if errors.Is(err, sql.ErrNoRows) {
			return removed, h.sweepJobs(ctx)
		}
		if err != nil {
			return removed, fmt.Errorf("look for old events: %w", err)
		}
		for n := int64(sweepBatch); n == sweepBatch; first += sweepBatch {
			if n, err = h.sweepRange(ctx, first, oldest); err != nil {
				return removed, fmt.Errorf("remove old events: %w", err)
			}
			removed += n
			if !pause(ctx, rest) {
				return removed, ctx.Err()
			}
		}
	}
}

func (h *Handler) sweepRange(ctx context.Context, first int64, oldest string) (int64, error) {
	result, err := h.cfg.DB.Exec(ctx, "DELETE FROM "+table+" WHERE id >= ? AND id < ? AND create_time < ?", first, first+sweepBatch, oldest)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// sweepJobs forgets the names of jobs of which nothing was told for so long.
func (h *Handler) sweepJobs(ctx context.Context) error {
	_, err := h.cfg.DB.Exec(ctx, "DELETE FROM sluice_event_job WHERE told_at < ?", h.cfg.Now().Add(-h.cfg.Retention).UnixMilli())
	if err != nil {
		return fmt.Errorf("remove old jobs of events: %w", err)
	}
	return nil
}

func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

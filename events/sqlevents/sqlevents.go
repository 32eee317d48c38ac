// Package sqlevents tells events to a database, in the reference's own table, so
// that what reads that table goes on to do so, and reads them back.
//
// A repetition within an event's interval counts up in its row; otherwise a row
// is added. Rows are written by a goroutine ([Handler.Run]), in order, so that a
// pass does not wait for the database; while it is away events are kept in memory.
package sqlevents

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/backlog"
)

const table = "t_flink_autoscaler_event_handler"

// Config is what a handler needs.
type Config struct {
	// DB has its tables up to date.
	DB *sqldb.DB
	// Retention is for how long events are kept; 0 means for ever.
	Retention time.Duration
	Now       func() time.Time
	Log       *slog.Logger
	// Around is laid around each use of the database, by what it is for: write or
	// sweep; nil for nothing.
	Around func(op string, use func() error) error
}

// Handler writes events to a database. It is safe for concurrent use, and several
// processes may write to one database.
type Handler struct {
	cfg     Config
	backlog *backlog.Backlog[row]
}

var _ autoscaler.EventHandler = (*Handler)(nil)

// New returns a handler that writes while [Handler.Run] runs.
func New(cfg Config) *Handler {
	h := &Handler{cfg: cfg}
	if h.cfg.Around == nil {
		h.cfg.Around = func(_ string, use func() error) error { return use() }
	}
	h.backlog = backlog.New(backlog.Config[row]{What: "events", Log: cfg.Log, Write: func(ctx context.Context, rows []row) error {
		return h.cfg.Around("write", func() error { return h.write(ctx, rows) })
	}})
	return h
}

// Handle implements [autoscaler.EventHandler]. It takes the event and never
// fails: what the database does not take is said in the log.
func (h *Handler) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	h.backlog.Add(rowOf(job, &e))
	return nil
}

// Flush waits until all events that came so far are written. It fails when the
// context ends before that.
func (h *Handler) Flush(ctx context.Context) error { return h.backlog.Flush(ctx) }

// Waiting is how many events are not written yet.
func (h *Handler) Waiting() int { return h.backlog.Waiting() }

// Dropped is how many events were never written, since too many waited.
func (h *Handler) Dropped() int64 { return h.backlog.Dropped() }

// row is an event on its way into the table.
type row struct {
	jobKey, name string
	at           time.Time
	kind         string
	reason       string
	message      string
	key          string
	interval     time.Duration
	// told is set for reports of changes that are not carried out: the key of those
	// that are, which are told each time and are no news to go by.
	told string
}

func rowOf(job *autoscaler.JobContext, e *autoscaler.Event) row {
	r := row{
		jobKey: job.Key.String(), name: clean(job.Name), at: e.At, kind: string(e.Type),
		reason: clean(e.Reason), message: clean(e.Message), interval: e.Interval,
	}
	key := e.Key
	if key == "" {
		key = e.Message
	}
	if len(e.Changes) > 0 && e.Interval > 0 {
		r.told = eventKey(r.jobKey, r.kind, r.reason, key)
		key = changesKey(e.Changes)
	}
	r.key = eventKey(r.jobKey, r.kind, r.reason, key)
	return r
}

// Key is what an event is known by in the table: that of a repetition is the same.
func Key(job autoscaler.JobKey, e *autoscaler.Event) string {
	r := rowOf(&autoscaler.JobContext{Key: job}, e)
	return r.key
}

// clean leaves out what no database takes as text.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// write writes rows in one transaction. Rows of several jobs are written in the
// order of the jobs: two processes then never wait for each other in a circle.
func (h *Handler) write(ctx context.Context, rows []row) error {
	ordered := byJob(rows)
	return h.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		for i := range ordered {
			if err := tell(ctx, tx, &ordered[i]); err != nil {
				return fmt.Errorf("write event %s of %s: %w", ordered[i].reason, ordered[i].jobKey, err)
			}
		}
		return nil
	})
}

func tell(ctx context.Context, tx *sqldb.Tx, r *row) error {
	// The row of the job is locked from here on: another process that tells of the
	// job waits, and then sees what this one has written.
	if _, err := tx.Exec(ctx, tx.Dialect().Upsert("sluice_event_job", []string{"job_key"}, []string{"name", "told_at"}),
		r.jobKey, r.name, r.at.UnixMilli()); err != nil {
		return err
	}
	if r.interval > 0 {
		id, err := newest(ctx, tx, r)
		if err != nil {
			return err
		}
		if id != 0 {
			_, err := tx.Exec(ctx, "UPDATE "+table+" SET update_time = ?, message = ?, event_count = event_count + 1 WHERE id = ?",
				moment(tx.Dialect(), r.at), r.message, id)
			return err
		}
	}
	at := moment(tx.Dialect(), r.at)
	_, err := tx.Exec(ctx, "INSERT INTO "+table+" (create_time, update_time, job_key, reason, event_type, message, event_count, event_key) VALUES (?, ?, ?, ?, ?, ?, 1, ?)",
		at, at, r.jobKey, r.reason, r.kind, r.message, r.key)
	return err
}

// newest is the row that the event repeats, 0 if it is news.
func newest(ctx context.Context, tx *sqldb.Tx, r *row) (int64, error) {
	query, args := "SELECT id, create_time, event_key FROM "+table+" WHERE job_key = ? AND reason = ?", []any{r.jobKey, r.reason}
	if r.told != "" {
		// The newest report of any changes, but those that are told each time.
		query, args = query+" AND event_key <> ?", append(args, r.told)
	} else {
		query, args = query+" AND event_key = ?", append(args, r.key)
	}
	rows, err := tx.Query(ctx, query+" ORDER BY id DESC LIMIT 1", args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if !rows.Next() {
		return 0, rows.Err()
	}
	var (
		id   int64
		made instant
		key  string
	)
	if err := rows.Scan(&id, &made, &key); err != nil {
		return 0, err
	}
	if key != r.key || !made.After(r.at.Add(-r.interval)) {
		id = 0
	}
	return id, rows.Close()
}

// Package sqldecisions keeps decisions in a database, beside the file that
// package decisions writes, and reads them back in that file's format.
//
// Decisions are written by a goroutine ([Recorder.Run]), in batches, so that a
// pass does not wait for the database; while it is away they are kept in memory.
package sqldecisions

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/backlog"
)

// Config is what a recorder needs.
type Config struct {
	// DB has its tables up to date.
	DB *sqldb.DB
	// MaxCount is how many decisions of a job are kept, at least 1; a few more may
	// be there for a while.
	MaxCount int
	// MaxAge is for how long decisions are kept; 0 means for ever.
	MaxAge time.Duration
	Now    func() time.Time
	Log    *slog.Logger
	// Around is laid around each use of the database, by what it is for: write or
	// sweep; nil for nothing.
	Around func(op string, use func() error) error
}

// Recorder writes decisions to a database. A decision that says the same as the
// job's previous one is left out. It is safe for concurrent use.
type Recorder struct {
	cfg     Config
	backlog *backlog.Backlog[row]

	mu sync.Mutex
	// last is what the newest decision of a job says.
	last map[autoscaler.JobKey]string
	// unnamed is what a cluster without a name is called.
	unnamed string
}

var (
	_ autoscaler.DecisionRecorder = (*Recorder)(nil)
	_ decisions.HandRecorder      = (*Recorder)(nil)
)

// rememberedJobs bounds the memory that the jobs of the past take.
const rememberedJobs = 50_000

// New returns a recorder that writes while [Recorder.Run] runs.
func New(cfg Config) *Recorder {
	r := &Recorder{cfg: cfg, last: map[autoscaler.JobKey]string{}}
	if r.cfg.Around == nil {
		r.cfg.Around = func(_ string, use func() error) error { return use() }
	}
	r.backlog = backlog.New(backlog.Config[row]{What: "decisions", Log: cfg.Log, Write: func(ctx context.Context, rows []row) error {
		return r.cfg.Around("write", func() error { return r.write(ctx, rows) })
	}})
	return r
}

// CallUnnamed says what to call a cluster that has no name, such as its address.
// Decisions are found under both then.
func (r *Recorder) CallUnnamed(cluster string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unnamed = cluster
}

// Waiting is how many decisions are not written yet.
func (r *Recorder) Waiting() int { return r.backlog.Waiting() }

// Dropped is how many decisions were never written, since too many waited.
func (r *Recorder) Dropped() int64 { return r.backlog.Dropped() }

// row is a decision on its way into the table.
type row struct {
	key    autoscaler.JobKey
	name   string
	at     time.Time
	action string
	value  []byte
}

// Record implements [autoscaler.DecisionRecorder]. It fails where a decision
// cannot be encoded; what the database does not take is said in the log.
func (r *Recorder) Record(_ context.Context, job *autoscaler.JobContext, report *autoscaler.Report) error {
	return r.record(job.Key, decisions.New(report))
}

// RecordByHand implements [decisions.HandRecorder], as Record does.
func (r *Recorder) RecordByHand(_ context.Context, key autoscaler.JobKey, entry decisions.Entry) error {
	return r.record(key, entry)
}

func (r *Recorder) record(key autoscaler.JobKey, entry decisions.Entry) error {
	if !r.news(key, &entry) {
		return nil
	}
	value, err := pack(entry)
	if err != nil {
		return fmt.Errorf("encode decision: %w", err)
	}
	r.backlog.Add(row{key, entry.Name, entry.Time, entry.Action, value})
	return nil
}

// news tells whether the decision says something else than the job's last one,
// which it then is, and names its cluster.
func (r *Recorder) news(key autoscaler.JobKey, entry *decisions.Entry) bool {
	fingerprint := entry.Fingerprint()
	r.mu.Lock()
	defer r.mu.Unlock()
	if entry.Action == decisions.ActionHold && r.last[key] == fingerprint {
		return false
	}
	if len(r.last) >= rememberedJobs {
		clear(r.last)
	}
	r.last[key] = fingerprint
	entry.Cluster = cmp.Or(entry.Cluster, r.unnamed)
	return true
}

// Flush waits until all decisions that came so far are written. It fails when the
// context ends before that.
func (r *Recorder) Flush(ctx context.Context) error { return r.backlog.Flush(ctx) }

func (r *Recorder) write(ctx context.Context, rows []row) error {
	return r.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		for _, d := range rows {
			_, err := tx.Exec(ctx, "INSERT INTO sluice_decision (cluster, job_id, name, decided_at, action, value) VALUES (?, ?, ?, ?, ?, ?)",
				d.key.Cluster, string(d.key.Job), d.name, d.at.UnixMilli(), d.action, d.value)
			if err != nil {
				return fmt.Errorf("write a decision about %s: %w", d.key, err)
			}
		}
		return nil
	})
}

// pack is the document of a decisions file, compressed.
func pack(entry decisions.Entry) ([]byte, error) {
	var text, packed bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // the arrows in the names of vertices stay readable
	if err := encoder.Encode(entry); err != nil {
		return nil, err
	}
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&packed)
	if _, err := w.Write(text.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// writers are used again: one takes a megabyte.
var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

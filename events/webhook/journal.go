package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/sqldb"
)

const (
	// lease is for how long a process counts as alive after it has said so; it says
	// so every beatEvery while it has rows.
	lease     = 15 * time.Second
	beatEvery = 5 * time.Second
	// journalTimeout is for one transaction: what waits may stand in memory too.
	journalTimeout = 3 * time.Second
)

// journal is the queue as it stands in a database. Each row has an owner, who
// delivers it; the rows of an owner that is gone are taken over by another.
type journal struct {
	db             *sqldb.DB
	webhook, owner string
	clock          func() time.Duration
	log            *slog.Logger

	mu sync.Mutex
	// down is true from a failure until something was written again.
	down bool
	// beat is when this owner last said that it is alive, by the clock; said that it
	// did.
	beat time.Duration
	said bool
	// gone are rows to remove: of what was delivered or dropped.
	gone map[int64]bool
}

func (j *journal) answers() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.down
}

// noted remembers whether the database answers.
func (j *journal) noted(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.down = err != nil; j.down {
		j.said = false // it may have been taken back
	}
	return err
}

// save writes a message and returns its row.
func (j *journal) save(ctx context.Context, m Message) (row int64, err error) {
	value, err := json.Marshal(m)
	if err != nil {
		return 0, fmt.Errorf("encode an event: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	err = j.db.InTx(ctx, func(tx *sqldb.Tx) error {
		if err := j.live(ctx, tx); err != nil {
			return err
		}
		row, err = insert(ctx, tx, "INSERT INTO sluice_webhook_queue (webhook, owner, job_key, value) VALUES (?, ?, ?, ?)",
			j.webhook, j.owner, m.key(), value)
		return err
	})
	if j.noted(err) != nil {
		return 0, fmt.Errorf("queue an event: %w", err)
	}
	return row, nil
}

// insert adds a row and returns its id.
func insert(ctx context.Context, tx *sqldb.Tx, statement string, args ...any) (id int64, err error) {
	if tx.Dialect() != sqldb.MySQL {
		err = tx.QueryRow(ctx, statement+" RETURNING id", args...).Scan(&id)
		return id, err
	}
	result, err := tx.Exec(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// live says that this owner is alive, unless it did so a moment ago.
func (j *journal) live(ctx context.Context, tx *sqldb.Tx) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.clock()
	if j.said && now-j.beat < beatEvery {
		return nil
	}
	until := fmt.Sprintf("%s + %d", tx.Dialect().Now(), lease.Milliseconds())
	found, err := tx.Affected(ctx, "UPDATE sluice_webhook_sender SET alive_until = "+until+" WHERE owner = ?", j.owner)
	if err == nil && found == 0 {
		_, err = tx.Exec(ctx, "INSERT INTO sluice_webhook_sender (owner, alive_until) VALUES (?, "+until+")", j.owner)
	}
	if err == nil {
		j.beat, j.said = now, true
	}
	return err
}

// stay says that this owner is alive and removes the rows that are done with.
func (j *journal) stay(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	rows := j.done()
	err := j.db.InTx(ctx, func(tx *sqldb.Tx) error {
		for some := range slices.Chunk(rows, 100) {
			if _, err := tx.Exec(ctx, "DELETE FROM sluice_webhook_queue WHERE id IN ("+sqldb.Placeholders(len(some))+")", some...); err != nil {
				return err
			}
		}
		return j.live(ctx, tx)
	})
	if err == nil {
		j.removed(rows)
	}
	return j.noted(err)
}

// done lists the rows to remove.
func (j *journal) done() []any {
	j.mu.Lock()
	defer j.mu.Unlock()
	rows := make([]any, 0, len(j.gone))
	for row := range j.gone {
		rows = append(rows, row)
	}
	return rows
}

func (j *journal) removed(rows []any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, row := range rows {
		delete(j.gone, row.(int64))
	}
}

// forget has a row removed.
func (j *journal) forget(row int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.gone == nil {
		j.gone = map[int64]bool{}
	}
	j.gone[row] = true
}

// isGone tells a row that is still to be removed.
func (j *journal) isGone(row int64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.gone[row]
}

// orphans is a condition for rows whose owner is not alive.
func orphans(d sqldb.Dialect) string {
	return "webhook = ? AND owner <> ? AND owner NOT IN (SELECT owner FROM sluice_webhook_sender WHERE alive_until > " + d.Now() + ")"
}

// adopt takes over the rows of owners that are gone, and returns all rows of this
// owner in their order if there were any.
func (j *journal) adopt(ctx context.Context) ([]*delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	where := orphans(j.db.Dialect())
	var n int64
	err := j.db.QueryRow(ctx, "SELECT COUNT(*) FROM sluice_webhook_queue WHERE "+where, j.webhook, j.owner).Scan(&n)
	if err != nil || n == 0 {
		return nil, j.noted(err)
	}
	// First be alive, so that none takes the rows away again.
	if err := j.stay(ctx); err != nil {
		return nil, err
	}
	err = j.db.InTx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE sluice_webhook_queue SET owner = ? WHERE "+where, j.owner, j.webhook, j.owner); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, fmt.Sprintf("DELETE FROM sluice_webhook_sender WHERE alive_until < %s - %d", tx.Dialect().Now(), 10*lease.Milliseconds()))
		return err
	})
	if err != nil {
		return nil, j.noted(err)
	}
	return j.own(ctx)
}

// own lists the rows of this owner.
func (j *journal) own(ctx context.Context) ([]*delivery, error) {
	rows, err := j.db.Query(ctx, "SELECT id, value FROM sluice_webhook_queue WHERE webhook = ? AND owner = ? ORDER BY id", j.webhook, j.owner)
	if err != nil {
		return nil, j.noted(err)
	}
	defer rows.Close()
	var all []*delivery
	for rows.Next() {
		var d delivery
		var value []byte
		if err := rows.Scan(&d.row, &value); err != nil {
			return nil, j.noted(err)
		}
		if err := json.Unmarshal(value, &d.message); err != nil {
			j.log.LogAttrs(ctx, slog.LevelError, "an event in the queue of a webhook cannot be read and is dropped",
				slog.String("webhook", j.webhook), slog.Int64("row", d.row), slog.String("error", err.Error()))
			j.forget(d.row)
			continue
		}
		all = append(all, &d)
	}
	return all, j.noted(rows.Err())
}

// place is where a row stands among those of its job.
type place uint8

const (
	first place = iota
	// behind: another process has an older event of the job, and delivers it first.
	behind
	// untold: this owner has an older one, which memory may not know.
	untold
	// taken: the row is another process's now, or has been delivered by it.
	taken
)

// place tells whether a row's turn has come.
func (j *journal) place(ctx context.Context, row int64, job string) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	rows, err := j.db.Query(ctx, "SELECT id, owner FROM sluice_webhook_queue WHERE webhook = ? AND job_key = ? AND id <= ? ORDER BY id",
		j.webhook, job, row)
	if err != nil {
		return first, j.noted(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var owner string
		if err := rows.Scan(&id, &owner); err != nil {
			return first, j.noted(err)
		}
		switch mine := owner == j.owner; {
		case id == row && mine:
			return first, nil
		case id == row:
			return taken, nil
		case !mine:
			return behind, nil
		case !j.isGone(id):
			return untold, nil
		}
	}
	return taken, j.noted(rows.Err())
}

// leave lets others take over what is left at once.
func (j *journal) leave(ctx context.Context) error {
	_, err := j.db.Exec(ctx, "DELETE FROM sluice_webhook_sender WHERE owner = ?", j.owner)
	return err
}

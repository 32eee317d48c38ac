package sqldecisions

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
)

// Kept is a decision as it stands in the table.
type Kept struct {
	// ID is larger than those of rows that were made before.
	ID  int64
	Key autoscaler.JobKey
	decisions.Entry
}

// OfJob reads the newest decisions about a job from an instant on, at most so many;
// the oldest comes first.
func OfJob(ctx context.Context, db *sqldb.DB, key autoscaler.JobKey, since time.Time, most int) ([]Kept, error) {
	found, _, err := read(ctx, db, nil, "WHERE cluster = ? AND job_id = ? AND decided_at >= ? ORDER BY id DESC LIMIT ?",
		key.Cluster, string(key.Job), since.UnixMilli(), most)
	slices.Reverse(found)
	return found, err
}

// After reads the decisions of at most so many rows behind the one with the id, the
// oldest first, about jobs that are wanted. last is the id of the last row, wanted or
// not; that which was given where there is none.
func After(ctx context.Context, db *sqldb.DB, id int64, most int, wanted func(autoscaler.JobKey) bool) (found []Kept, last int64, err error) {
	found, last, err = read(ctx, db, wanted, "WHERE id > ? ORDER BY id LIMIT ?", id, most)
	return found, max(id, last), err
}

// Last is the id of the newest row, 0 without any.
func Last(ctx context.Context, db *sqldb.DB) (int64, error) {
	var id sql.NullInt64
	if err := db.QueryRow(ctx, "SELECT MAX(id) FROM sluice_decision").Scan(&id); err != nil {
		return 0, fmt.Errorf("read decisions: %w", err)
	}
	return id.Int64, nil
}

// read unpacks the decisions of rows, of those that are wanted; nil wants all.
func read(ctx context.Context, db *sqldb.DB, wanted func(autoscaler.JobKey) bool, where string, args ...any) (found []Kept, last int64, err error) {
	rows, err := db.Query(ctx, "SELECT id, cluster, job_id, value FROM sluice_decision "+where, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("read decisions: %w", err)
	}
	defer rows.Close()
	var text bytes.Buffer
	for rows.Next() {
		var k Kept
		var job string
		var value []byte
		if err := rows.Scan(&k.ID, &k.Key.Cluster, &job, &value); err != nil {
			return nil, 0, fmt.Errorf("read decisions: %w", err)
		}
		k.Key.Job, last = flink.JobID(job), max(last, k.ID)
		if wanted != nil && !wanted(k.Key) {
			continue
		}
		text.Reset()
		err := unpack(&text, value)
		if err == nil {
			err = json.Unmarshal(text.Bytes(), &k.Entry)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read decision %d of %s: %w", k.ID, db.Place(), err)
		}
		found = append(found, k)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("read decisions: %w", err)
	}
	return found, last, nil
}

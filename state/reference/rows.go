package reference

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/stateyaml"
)

// rows is what is known to be in the database of one job.
type rows struct {
	// version and writer are those of the row beside the reference's; 0 without it.
	version int64
	writer  string
	// prints tell, by state_type, whether a row of the reference's table is still
	// the one that was read or written.
	prints map[Item]string
	// sums tell whether a value changed; they never leave the process.
	sums map[Item]uint64
}

var seed = maphash.MakeSeed()

func (r *rows) some() bool { return r.version != 0 || len(r.prints) > 0 }

func (r *rows) same(other *rows) bool {
	return r.version == other.version && r.writer == other.writer && maps.Equal(r.prints, other.prints)
}

// querier is what a database and a transaction have in common.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sqldb.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sqldb.Row
}

// look reads which rows there are, without their values.
func (s *Store) look(ctx context.Context, key autoscaler.JobKey) (r *rows, err error) {
	err = s.cfg.DB.Snapshot(ctx, func(tx *sqldb.Tx) (err error) {
		r, err = s.rowsIn(ctx, tx, key, "")
		return err
	})
	return r, err
}

// locked keeps rows that were read from being changed until the transaction ends;
// on SQLite it is alone anyway.
func locked(d sqldb.Dialect) string {
	if d == sqldb.SQLite {
		return ""
	}
	return " FOR UPDATE"
}

func (s *Store) rowsIn(ctx context.Context, q querier, key autoscaler.JobKey, lock string) (*rows, error) {
	r := &rows{}
	err := q.QueryRow(ctx, "SELECT version, writer FROM sluice_reference_extra WHERE job_key = ?"+lock, key.String()).Scan(&r.version, &r.writer)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	r.prints, err = s.prints(ctx, q, key, lock)
	return r, err
}

// fingerprint is an expression that tells values apart without sending them.
func fingerprint(d sqldb.Dialect) string {
	switch d {
	case sqldb.Postgres:
		return "CAST(hashtext(state_value) AS TEXT)"
	case sqldb.MySQL:
		return "CONCAT(CRC32(state_value), '/', LENGTH(state_value))"
	default: // which has no such function, and on which Java does not write
		return "CASE WHEN LENGTH(state_value) < 500 THEN state_value ELSE update_time || '/' || LENGTH(state_value) END"
	}
}

func (s *Store) prints(ctx context.Context, q querier, key autoscaler.JobKey, lock string) (_ map[Item]string, err error) {
	found, err := q.Query(ctx, "SELECT state_type, "+fingerprint(s.cfg.DB.Dialect())+" FROM "+Table+" WHERE job_key = ?"+lock, key.String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	prints := map[Item]string{}
	for found.Next() {
		var item Item
		var print string
		if err := found.Scan(&item, &print); err != nil {
			return nil, err
		}
		if known(item) {
			prints[item] = print
		}
	}
	return prints, found.Err()
}

// known leaves the rows of a newer reference alone.
func known(item Item) bool { return slices.Contains(AllItems[:], item) }

// stored is all that the database has of one job.
type stored struct {
	rows  rows
	items Items
	extra string
}

// load reads a job as one transaction left it.
func (s *Store) load(ctx context.Context, key autoscaler.JobKey) (*stored, error) {
	var found *stored
	err := s.cfg.DB.Snapshot(ctx, func(tx *sqldb.Tx) error {
		r, err := s.rowsIn(ctx, tx, key, "")
		if err != nil {
			return err
		}
		found = &stored{rows: *r, items: Items{}}
		found.rows.sums = map[Item]uint64{}
		err = tx.QueryRow(ctx, "SELECT value FROM sluice_reference_extra WHERE job_key = ?", key.String()).Scan(&found.extra)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return found.read(ctx, tx, key)
	})
	return found, err
}

func (f *stored) read(ctx context.Context, q querier, key autoscaler.JobKey) (err error) {
	rows, err := q.Query(ctx, "SELECT state_type, state_value FROM "+Table+" WHERE job_key = ?", key.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var item Item
		var text string
		if err := rows.Scan(&item, &text); err != nil {
			return err
		}
		if known(item) {
			f.items[item], f.rows.sums[item] = text, maphash.String(seed, text)
		}
	}
	return rows.Err()
}

// extraItem names what stands beside the reference's items, where those that are
// broken are reported.
const extraItem Item = "sluice"

func (f *stored) decode() (autoscaler.State, []*BrokenError) {
	state, broken := Decode(f.items)
	if f.extra == "" {
		return state, broken
	}
	extra, err := stateyaml.UnmarshalState([]byte(f.extra))
	if err != nil {
		return state, append(broken, &BrokenError{Item: extraItem, Text: f.extra, Err: err})
	}
	Join(&state, extra)
	return state, broken
}

// setAside moves values that cannot be decoded to a table of their own, and
// tells of them. Of one job and item, what was set aside last is kept.
func (s *Store) setAside(ctx context.Context, key autoscaler.JobKey, found *stored, broken []*BrokenError) error {
	now := s.cfg.Now().UnixMilli()
	err := s.cfg.DB.InTx(ctx, func(tx *sqldb.Tx) error {
		r, err := s.rowsIn(ctx, tx, key, locked(tx.Dialect()))
		if err != nil {
			return err
		}
		if !r.same(&found.rows) {
			return conflict(key)
		}
		for _, b := range broken {
			if err := b.move(ctx, tx, key, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set a value aside: %w: %w", broken[0], err)
	}
	for _, b := range broken {
		s.cfg.SetAside(ctx, key, b)
	}
	return nil
}

func (e *BrokenError) move(ctx context.Context, tx *sqldb.Tx, key autoscaler.JobKey, now int64) error {
	if _, err := tx.Exec(ctx, "DELETE FROM sluice_set_aside WHERE cluster = ? AND job_id = ? AND part = ?", key.Cluster, key.Job, string(e.Item)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "INSERT INTO sluice_set_aside (cluster, job_id, part, value, reason, set_aside_at) VALUES (?, ?, ?, ?, ?, ?)",
		key.Cluster, key.Job, string(e.Item), []byte(e.Text), e.Error(), now); err != nil {
		return err
	}
	if e.Item == extraItem {
		_, err := tx.Exec(ctx, "DELETE FROM sluice_reference_extra WHERE job_key = ?", key.String())
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM "+Table+" WHERE job_key = ? AND state_type = ?", key.String(), string(e.Item))
	return err
}

// Jobs lists the jobs that the database knows, in order of their keys.
func (s *Store) Jobs(ctx context.Context) (_ []autoscaler.JobKey, err error) {
	found, err := s.cfg.DB.Query(ctx, "SELECT job_key FROM "+Table+" UNION SELECT job_key FROM sluice_reference_extra")
	if err != nil {
		return nil, fmt.Errorf("list the jobs: %w", err)
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	var keys []autoscaler.JobKey
	for found.Next() {
		var text string
		if err := found.Scan(&text); err != nil {
			return nil, fmt.Errorf("list the jobs: %w", err)
		}
		keys = append(keys, ParseKey(text))
	}
	slices.SortFunc(keys, func(a, b autoscaler.JobKey) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys), found.Err()
}

// ParseKey reads a job_key: CLUSTER/JOBID, or the id alone. A cluster's name may
// have slashes.
func ParseKey(text string) autoscaler.JobKey {
	i := strings.LastIndexByte(text, '/')
	if i < 0 {
		return autoscaler.JobKey{Job: flink.JobID(text)}
	}
	return autoscaler.JobKey{Cluster: text[:i], Job: flink.JobID(text[i+1:])}
}

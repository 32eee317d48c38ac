// Package sqllease keeps the members and leases of package lease in a SQL
// database. Time is the database's: the clocks of the processes do not matter.
//
// Every change is one statement without a transaction around it, so that a
// process that is stopped in its midst leaves nothing locked.
package sqllease

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/sqldb"
)

// atOnce is how many leases one statement changes.
const atOnce = 200

// Store is a lease store in a database, whose tables have to be there.
type Store struct {
	db  *sqldb.DB
	now string
}

var _ lease.Store = (*Store)(nil)

// New returns the store of a database.
func New(db *sqldb.DB) *Store { return &Store{db, db.Dialect().Now()} }

// Join implements [lease.Store].
func (s *Store) Join(ctx context.Context, m lease.Member, ttl time.Duration) error {
	watches, err := json.Marshal(m.Watches)
	if err != nil {
		return err
	}
	_, err = s.db.ExecAlone(ctx, "INSERT INTO sluice_member (id, name, watches, joined_at, expires_at) VALUES (?, ?, ?, "+s.now+", "+s.now+" + ?)",
		m.ID, m.Name, string(watches), ttl.Milliseconds())
	return err
}

// Renew implements [lease.Store].
func (s *Store) Renew(ctx context.Context, id string, watches []string, ttl time.Duration) (bool, error) {
	text, err := json.Marshal(watches)
	if err != nil {
		return false, err
	}
	found, err := s.db.ExecAlone(ctx, "UPDATE sluice_member SET expires_at = "+s.now+" + ?, watches = ? WHERE id = ?", ttl.Milliseconds(), string(text), id)
	return found > 0, err
}

// Bury implements [lease.Store].
func (s *Store) Bury(ctx context.Context) error {
	_, err := s.db.ExecAlone(ctx, "DELETE FROM sluice_member WHERE expires_at <= "+s.now)
	return err
}

// View implements [lease.Store]. An owner joined before it took its lease, so
// that one that is not among the members, which are read later, is buried.
func (s *Store) View(ctx context.Context) (v lease.View, err error) {
	if v.Leases, err = s.leases(ctx); err != nil {
		return lease.View{}, err
	}
	if v.Members, err = s.members(ctx); err != nil {
		return lease.View{}, err
	}
	return v, nil
}

func (s *Store) leases(ctx context.Context) (_ []lease.Lease, err error) {
	rows, err := s.db.Query(ctx, "SELECT cluster, job_id, owner, epoch, stray FROM sluice_lease")
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	var all []lease.Lease
	for rows.Next() {
		var l lease.Lease
		if err := rows.Scan(&l.Key.Cluster, &l.Key.Job, &l.Owner, &l.Epoch, &l.Stray); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

func (s *Store) members(ctx context.Context) (_ []lease.Member, err error) {
	rows, err := s.db.Query(ctx, "SELECT id, name, watches, expires_at - "+s.now+" FROM sluice_member")
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	var all []lease.Member
	for rows.Next() {
		var m lease.Member
		var watches string
		var left int64
		if err := rows.Scan(&m.ID, &m.Name, &watches, &left); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(watches), &m.Watches); err != nil {
			return nil, fmt.Errorf("read what member %s watches: %w", m.ID, err)
		}
		m.Left = time.Duration(left) * time.Millisecond
		all = append(all, m)
	}
	return all, rows.Err()
}

// Take implements [lease.Store].
func (s *Store) Take(ctx context.Context, id string, leases []lease.Lease) error {
	sorted := slices.SortedFunc(slices.Values(leases), func(a, b lease.Lease) int {
		return cmp.Or(cmp.Compare(min(a.Epoch, 1), min(b.Epoch, 1)), strings.Compare(a.Key.Cluster, b.Key.Cluster),
			strings.Compare(a.Owner, b.Owner), strings.Compare(string(a.Key.Job), string(b.Key.Job)))
	})
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && n < atOnce && alike(sorted[0], sorted[n]) {
			n++
		}
		if err := s.take(ctx, id, sorted[:n]); err != nil {
			return err
		}
		sorted = sorted[n:]
	}
	return nil
}

// alike tells whether two leases are taken by one statement.
func alike(a, b lease.Lease) bool {
	return (a.Epoch == 0) == (b.Epoch == 0) && a.Key.Cluster == b.Key.Cluster && a.Owner == b.Owner
}

func (s *Store) take(ctx context.Context, id string, alike []lease.Lease) error {
	first := alike[0]
	if first.Epoch > 0 {
		args := []any{id, first.Key.Cluster, first.Owner}
		for _, l := range alike {
			args = append(args, string(l.Key.Job))
		}
		_, err := s.db.ExecAlone(ctx, "UPDATE sluice_lease SET owner = ?, epoch = epoch + 1, changed_at = "+s.now+
			" WHERE cluster = ? AND owner = ? AND job_id IN ("+sqldb.Placeholders(len(alike))+")", args...)
		return err
	}
	insert, unless := "INSERT INTO", " ON CONFLICT DO NOTHING"
	if s.db.Dialect() == sqldb.MySQL {
		insert, unless = "INSERT IGNORE INTO", ""
	}
	var args []any
	for _, l := range alike {
		args = append(args, l.Key.Cluster, string(l.Key.Job), id)
	}
	row := "(?, ?, ?, 1, " + s.now + ", '')"
	_, err := s.db.ExecAlone(ctx, insert+" sluice_lease (cluster, job_id, owner, epoch, changed_at, stray) VALUES "+
		strings.TrimSuffix(strings.Repeat(row+", ", len(alike)), ", ")+unless, args...)
	return err
}

// Free implements [lease.Store].
func (s *Store) Free(ctx context.Context, id string, jobs []autoscaler.JobKey) error {
	byCluster := map[string][]flink.JobID{}
	for _, job := range jobs {
		byCluster[job.Cluster] = append(byCluster[job.Cluster], job.Job)
	}
	for cluster, ids := range byCluster {
		slices.Sort(ids)
		for some := range slices.Chunk(ids, atOnce) {
			args := []any{id, cluster}
			for _, job := range some {
				args = append(args, string(job))
			}
			if _, err := s.db.ExecAlone(ctx, "UPDATE sluice_lease SET owner = '', changed_at = "+s.now+
				" WHERE owner = ? AND cluster = ? AND job_id IN ("+sqldb.Placeholders(len(some))+")", args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Drop implements [lease.Store].
func (s *Store) Drop(ctx context.Context, id string, job autoscaler.JobKey) error {
	_, err := s.db.ExecAlone(ctx, "DELETE FROM sluice_lease WHERE cluster = ? AND job_id = ? AND owner = ?", job.Cluster, string(job.Job), id)
	return err
}

// Check implements [lease.Store].
func (s *Store) Check(ctx context.Context, job autoscaler.JobKey) (lease.Standing, error) {
	standing := lease.Standing{Lease: lease.Lease{Key: job}}
	var left sql.NullInt64
	err := s.db.QueryRow(ctx, "SELECT l.owner, l.epoch, l.stray, m.expires_at - "+s.now+
		" FROM sluice_lease l LEFT JOIN sluice_member m ON m.id = l.owner WHERE l.cluster = ? AND l.job_id = ?", job.Cluster, string(job.Job)).
		Scan(&standing.Owner, &standing.Epoch, &standing.Stray, &left)
	if errors.Is(err, sql.ErrNoRows) {
		return standing, nil
	}
	standing.Alive, standing.Left = left.Valid, time.Duration(left.Int64)*time.Millisecond
	return standing, err
}

// Note implements [lease.Store].
func (s *Store) Note(ctx context.Context, job autoscaler.JobKey, was, is string) (bool, error) {
	found, err := s.db.ExecAlone(ctx, "UPDATE sluice_lease SET stray = ? WHERE cluster = ? AND job_id = ? AND stray = ?",
		is, job.Cluster, string(job.Job), was)
	return found > 0, err
}

// Leave implements [lease.Store].
func (s *Store) Leave(ctx context.Context, id string) error {
	if _, err := s.db.ExecAlone(ctx, "UPDATE sluice_lease SET owner = '', changed_at = "+s.now+" WHERE owner = ?", id); err != nil {
		return err
	}
	_, err := s.db.ExecAlone(ctx, "DELETE FROM sluice_member WHERE id = ?", id)
	return err
}

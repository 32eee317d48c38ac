package sqldecisions

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
)

// Search has a search look through the decisions of a database. asked is the job
// of the search's query.
func Search(ctx context.Context, db *sqldb.DB, asked string, search *decisions.Search) error {
	jobs, err := jobsOf(ctx, db)
	if err != nil {
		return err
	}
	meant := decisions.Meant(asked, jobs, names)
	if len(meant) == 0 { // the address of a cluster without a name may stand before it; the search will tell
		meant = decisions.Meant(asked[strings.LastIndexByte(asked, '/')+1:], jobs, names)
	}
	var lines bytes.Buffer
	for _, j := range meant {
		if err := writeLines(ctx, db, &lines, "cluster = ? AND job_id = ?", j.key.Cluster, string(j.key.Job)); err != nil {
			return err
		}
	}
	if len(meant) == 0 { // so that the search can say which jobs there are
		for _, j := range jobs[max(0, len(jobs)-mostOthers):] {
			if err := writeLines(ctx, db, &lines, "id = ?", j.newest); err != nil {
				return err
			}
		}
	}
	return search.Read(db.Place(), &lines)
}

// mostOthers is how many jobs are looked at to name them: more than are named.
const mostOthers = 12

// job is a job of which there are decisions.
type job struct {
	key    autoscaler.JobKey
	name   string
	newest int64
}

func names(j job) (cluster, id, name string) { return j.key.Cluster, string(j.key.Job), j.name }

// jobsOf lists the jobs, the one decided on last at the end.
func jobsOf(ctx context.Context, db *sqldb.DB) ([]job, error) {
	rows, err := db.Query(ctx, "SELECT d.cluster, d.job_id, d.name, d.id FROM sluice_decision d JOIN (SELECT MAX(id) AS id FROM sluice_decision GROUP BY cluster, job_id) n ON n.id = d.id ORDER BY d.id")
	if err != nil {
		return nil, fmt.Errorf("read the jobs of decisions: %w", err)
	}
	defer rows.Close()
	var jobs []job
	for rows.Next() {
		var j job
		var id string
		if err := rows.Scan(&j.key.Cluster, &id, &j.name, &j.newest); err != nil {
			return nil, fmt.Errorf("read the jobs of decisions: %w", err)
		}
		j.key.Job = flink.JobID(id)
		jobs = append(jobs, j)
	}
	return jobs, rows.Err()
}

// Names are the newest names of the jobs of which there are decisions.
func Names(ctx context.Context, db *sqldb.DB) (map[autoscaler.JobKey]string, error) {
	jobs, err := jobsOf(ctx, db)
	if err != nil {
		return nil, err
	}
	all := make(map[autoscaler.JobKey]string, len(jobs))
	for _, j := range jobs {
		all[j.key] = j.name
	}
	return all, nil
}

// writeLines writes decisions as they would stand in a file.
func writeLines(ctx context.Context, db *sqldb.DB, w io.Writer, where string, args ...any) error {
	rows, err := db.Query(ctx, "SELECT id, value FROM sluice_decision WHERE "+where+" ORDER BY id", args...)
	if err != nil {
		return fmt.Errorf("read decisions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var value []byte
		if err := rows.Scan(&id, &value); err != nil {
			return fmt.Errorf("read decisions: %w", err)
		}
		if err := unpack(w, value); err != nil {
			return fmt.Errorf("read decision %d of %s: %w", id, db.Place(), err)
		}
	}
	return rows.Err()
}

// longest bounds what a value unpacks to: a vertex has less than 4 KiB.
const longest = 16 << 20

func unpack(w io.Writer, value []byte) error {
	r, err := gzip.NewReader(bytes.NewReader(value))
	if err != nil {
		return err
	}
	_, err = io.Copy(w, io.LimitReader(r, longest))
	return err
}

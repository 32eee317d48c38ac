package sqlevents

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
)

// Record is one event as it stands in the table. A repetition within the event's
// interval counts up, and leaves its message.
type Record struct {
	ID int64
	// First and Last are when it was told first and repeated last.
	First, Last time.Time
	Job         autoscaler.JobKey
	// JobName is empty for events that another program has written.
	JobName string
	Type    autoscaler.EventType
	Reason  string
	Message string
	Count   int
	// Key is what [Key] gives for the event and for its repetitions.
	Key string
}

// Query says which events are wanted; what is zero asks for nothing.
type Query struct {
	// Jobs are those whose events are wanted; none means all.
	Jobs []autoscaler.JobKey
	// Since is the time of the last repetition from which on.
	Since time.Time
	// After is the id after which events are wanted.
	After int64
	// Newest limits the answer to so many events.
	Newest int
}

// Read returns events in the order of their ids.
func Read(ctx context.Context, db *sqldb.DB, q Query) ([]Record, error) {
	rows, err := db.Query(ctx, q.statement(), q.args(db.Dialect())...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer rows.Close()
	var records []Record
	for rows.Next() {
		var (
			r           Record
			first, last instant
			job         string
		)
		if err := rows.Scan(&r.ID, &first, &last, &job, &r.JobName, &r.Type, &r.Reason, &r.Message, &r.Count, &r.Key); err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		r.First, r.Last, r.Job = first.Time, last.Time, keyOf(job)
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return records, nil
}

func (q *Query) statement() string {
	var where []string
	if len(q.Jobs) > 0 {
		where = append(where, "e.job_key IN ("+sqldb.Placeholders(len(q.Jobs))+")")
	}
	if !q.Since.IsZero() {
		where = append(where, "e.update_time >= ?")
	}
	if q.After > 0 {
		where = append(where, "e.id > ?")
	}
	text := "SELECT e.id, e.create_time, e.update_time, e.job_key, COALESCE(j.name, '') AS name, e.event_type, e.reason, e.message, e.event_count, e.event_key FROM " +
		table + " e LEFT JOIN sluice_event_job j ON j.job_key = e.job_key"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	if q.Newest <= 0 {
		return text + " ORDER BY e.id"
	}
	return "SELECT * FROM (" + text + " ORDER BY e.id DESC LIMIT ?) newest ORDER BY id"
}

func (q *Query) args(d sqldb.Dialect) []any {
	var args []any
	for _, job := range q.Jobs {
		args = append(args, job.String())
	}
	if !q.Since.IsZero() {
		args = append(args, moment(d, q.Since))
	}
	if q.After > 0 {
		args = append(args, q.After)
	}
	if q.Newest > 0 {
		args = append(args, q.Newest)
	}
	return args
}

// Job is a job of which there are events.
type Job struct {
	Key  autoscaler.JobKey
	Name string
}

// Jobs lists the jobs of which there are events, in the order of their keys.
func Jobs(ctx context.Context, db *sqldb.DB) ([]Job, error) {
	rows, err := db.Query(ctx, "SELECT e.job_key, COALESCE(j.name, '') FROM (SELECT DISTINCT job_key FROM "+table+
		") e LEFT JOIN sluice_event_job j ON j.job_key = e.job_key ORDER BY 1")
	if err != nil {
		return nil, fmt.Errorf("read the jobs of events: %w", err)
	}
	defer rows.Close()
	var jobs []Job
	for rows.Next() {
		var key, name string
		if err := rows.Scan(&key, &name); err != nil {
			return nil, fmt.Errorf("read the jobs of events: %w", err)
		}
		jobs = append(jobs, Job{keyOf(key), name})
	}
	return jobs, rows.Err()
}

// keyOf reads a key back. A cluster's name may hold a slash, a job's id none.
func keyOf(text string) autoscaler.JobKey {
	i := strings.LastIndexByte(text, '/')
	return autoscaler.JobKey{Cluster: text[:max(i, 0)], Job: flink.JobID(text[i+1:])}
}

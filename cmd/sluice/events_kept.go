package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/events/sqlevents"
	"github.com/sluice-project/sluice/sqldb"
)

// keptFeed reads a database.
type keptFeed struct {
	db     *sqldb.DB
	wanted eventsWanted
	// seen are the events that were given and may come again, newest is the highest
	// id of them.
	seen   map[int64]bool
	newest int64
	asked  bool
}

// overlap is how many ids are looked at again: one that was given out before another
// may be committed after it.
const overlap = 1000

func (f *keptFeed) next(ctx context.Context) ([]eventLine, error) {
	query := sqlevents.Query{Newest: f.wanted.newest, Since: f.wanted.since}
	if f.asked {
		query = sqlevents.Query{After: max(1, f.newest-overlap)}
	}
	if f.wanted.job != "" {
		var err error
		if query.Jobs, err = f.jobs(ctx); errors.Is(err, errNoEvents) {
			err = nil // there are none of any job
		}
		if err != nil || len(query.Jobs) == 0 {
			f.asked = f.asked || err == nil
			return nil, err
		}
	}
	records, err := sqlevents.Read(ctx, f.db, query)
	if err != nil {
		return nil, err
	}
	f.asked = true
	var lines []eventLine
	for i := range records {
		if r := &records[i]; !f.seen[r.ID] {
			f.seen[r.ID], f.newest = true, max(f.newest, r.ID)
			lines = append(lines, eventLine{
				r.ID, r.First, &r.Last, r.Count, string(r.Type), r.Reason, r.Message, r.Job.Cluster, string(r.Job.Job), r.JobName,
			})
		}
	}
	maps.DeleteFunc(f.seen, func(id int64, _ bool) bool { return id < f.newest-overlap })
	return lines, nil
}

// jobs are those that are meant. It is an error if there are several, and also if
// there is none, unless one may still come.
func (f *keptFeed) jobs(ctx context.Context) ([]autoscaler.JobKey, error) {
	known, err := sqlevents.Jobs(ctx, f.db)
	if err != nil {
		return nil, err
	}
	key, err := theJobOfEvents(f.wanted.job, f.db.Place(), known)
	if errors.Is(err, errNoSuchJob) && f.wanted.follow {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []autoscaler.JobKey{key}, nil
}

// errNoSuchJob marks that there are no events of a job, so far.
var errNoSuchJob = errors.New("there are no events")

// errNoEvents marks that there are none of any job.
var errNoEvents = errors.New("there are no events at all")

// theJobOfEvents is the one of which events are wanted.
func theJobOfEvents(asked, place string, known []sqlevents.Job) (autoscaler.JobKey, error) {
	meant := decisions.Meant(asked, known, func(j sqlevents.Job) (cluster, id, name string) { return j.Key.Cluster, string(j.Key.Job), j.Name })
	switch {
	case len(meant) == 1:
		return meant[0].Key, nil
	case len(meant) > 1:
		return autoscaler.JobKey{}, fmt.Errorf("%q is not one job but %d: %s", asked, len(meant), listJobs(meant))
	case len(known) == 0:
		return autoscaler.JobKey{}, fmt.Errorf("%s: %w", place, errNoEvents)
	}
	return autoscaler.JobKey{}, fmt.Errorf("%s: %w of a job %q; there are some of %s", place, errNoSuchJob, asked, listJobs(known))
}

// mostListed is how many jobs an error names.
const mostListed = 10

func listJobs(jobs []sqlevents.Job) string {
	var names []string
	for _, j := range jobs[:min(mostListed, len(jobs))] {
		name := j.Key.String()
		if j.Name != "" {
			name = fmt.Sprintf("%q (%s)", j.Name, name)
		}
		names = append(names, name)
	}
	if n := len(jobs) - mostListed; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(names, ", ")
}

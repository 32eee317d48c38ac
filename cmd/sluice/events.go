package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/events/sqlevents"
	"github.com/sluice-project/sluice/sqldb"
)

type eventsFlags struct {
	keptFlags
	output string
	job    string
	since  string
	last   int
	follow bool
	// seen are the events that were printed and may come again.
	seen map[int64]bool
	// newest is the highest id that was printed.
	newest int64
}

func newEvents() *cobra.Command {
	f := eventsFlags{seen: map[int64]bool{}}
	cmd := &cobra.Command{
		Use:   "events {--data DIRECTORY | --store URL}",
		Short: "Show the events of jobs, and follow them",
		Long: "Events shows what sluice run has told of jobs: scaling reports, rescales and how they ended, what stands in the way of one, and errors. An event that repeats within its interval stands there once, with its newest message and how often it came.\n" +
			"The events come from the database of sluice run --data or --store, or from that of Flink's Java autoscaler, which has the same table.",
		Example: "  sluice events --data /var/lib/sluice\n  sluice events --data /var/lib/sluice --follow --job orders\n  sluice events --store mysql://sluice@db/sluice --since 6h -o json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "table", "table, or json: one document a line")
	flags.StringVar(&f.job, "job", "", "events of this `job` only: its id, the beginning of it, or its name; CLUSTER/ may stand before it")
	flags.StringVar(&f.since, "since", "", "no events before this `time`: a duration such as 6h or 7d, or a time such as 2026-07-01T12:00:00Z")
	flags.IntVar(&f.last, "last", 50, "the newest `number` of events to begin with; 0 shows all")
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on and show events as they come")
	return cmd
}

func (f *eventsFlags) run(cmd *cobra.Command) (err error) {
	query := sqlevents.Query{Newest: f.last}
	switch {
	case f.output != "table" && f.output != "json":
		return &usageError{fmt.Errorf("--output %q: want table or json", f.output)}
	case f.last < 0:
		return &usageError{errors.New("--last: want at least 0")}
	case f.since != "":
		if query.Since, err = parseSince(f.since, time.Now()); err != nil {
			return &usageError{fmt.Errorf("--since %q: %w", f.since, err)}
		}
		if !cmd.Flags().Changed("last") {
			query.Newest = 0
		}
	}
	db, err := f.database(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := f.show(cmd, db, query); err != nil || !f.follow {
		return err
	}
	return f.keepUp(cmd, db)
}

// show prints what the query finds and was not printed yet.
func (f *eventsFlags) show(cmd *cobra.Command, db *sqldb.DB, query sqlevents.Query) error {
	ctx := cmd.Context()
	var err error
	if f.job != "" {
		if query.Jobs, err = f.jobs(ctx, db); err != nil || len(query.Jobs) == 0 {
			return err
		}
	}
	records, err := sqlevents.Read(ctx, db, query)
	if err != nil {
		return err
	}
	var b strings.Builder
	for i := range records {
		if r := &records[i]; !f.seen[r.ID] {
			f.seen[r.ID], f.newest = true, max(f.newest, r.ID)
			if err := f.write(&b, r); err != nil {
				return err
			}
		}
	}
	for id := range f.seen {
		if id < f.newest-overlap {
			delete(f.seen, id)
		}
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

const (
	// eventsEvery is the time between two looks for new events.
	eventsEvery = time.Second
	// overlap is how many ids are looked at again: one that was given out before
	// another may be committed after it.
	overlap = 1000
	// longestEventsWait is the longest time between two tries while the database is away.
	longestEventsWait = 15 * time.Second
)

// keepUp prints new events until the command ends. While the database is away it
// waits for it.
func (f *eventsFlags) keepUp(cmd *cobra.Command, db *sqldb.DB) error {
	ctx := cmd.Context()
	failures := 0
	for wait := eventsEvery; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		err := f.show(cmd, db, sqlevents.Query{After: max(1, f.newest-overlap)})
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && failures > 0:
			fmt.Fprintln(cmd.ErrOrStderr(), "the database answers again")
		case err != nil && !mayPass(err):
			return err
		case err != nil && failures == 0:
			fmt.Fprintf(cmd.ErrOrStderr(), "waiting for the database: %v\n", err)
		}
		if failures++; err == nil {
			failures = 0
		}
		wait = min(eventsEvery<<min(failures, 8), longestEventsWait)
	}
}

// mayPass tells an outage of the database from what stays wrong.
func mayPass(err error) bool {
	return errors.Is(err, sqldb.KindUnavailable) || errors.Is(err, sqldb.KindConflict)
}

// jobs are those that --job means. It is an error if there are several, and also
// if there is none, unless one may still come.
func (f *eventsFlags) jobs(ctx context.Context, db *sqldb.DB) ([]autoscaler.JobKey, error) {
	known, err := sqlevents.Jobs(ctx, db)
	if err != nil {
		return nil, err
	}
	meant := decisions.Meant(f.job, known, func(j sqlevents.Job) (cluster, id, name string) { return j.Key.Cluster, string(j.Key.Job), j.Name })
	switch {
	case len(meant) == 1:
		return []autoscaler.JobKey{meant[0].Key}, nil
	case len(meant) > 1:
		return nil, fmt.Errorf("%q is not one job but %d: %s", f.job, len(meant), listJobs(meant))
	case f.follow:
		return nil, nil
	case len(known) == 0:
		return nil, fmt.Errorf("%s: there are no events", db.Place())
	}
	return nil, fmt.Errorf("%s: no events of a job %q; there are some of %s", db.Place(), f.job, listJobs(known))
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

// eventLine is an event as -o json prints it.
type eventLine struct {
	ID      int64     `json:"id"`
	Time    time.Time `json:"time"`
	Last    time.Time `json:"last"`
	Count   int       `json:"count"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	Cluster string    `json:"cluster,omitempty"`
	Job     string    `json:"job"`
	Name    string    `json:"name,omitempty"`
}

func (f *eventsFlags) write(b *strings.Builder, r *sqlevents.Record) error {
	if f.output == "json" {
		encoder := json.NewEncoder(b)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(eventLine{
			r.ID, r.First, r.Last, r.Count, string(r.Type), r.Reason, r.Message, r.Job.Cluster, string(r.Job.Job), r.JobName,
		})
	}
	job := r.JobName
	if job == "" {
		job = r.Job.String()
	}
	fmt.Fprintf(b, "%s  %-7s  %-20s  %-24s  %s", r.First.Format(time.DateTime), r.Type, oneLine(r.Reason), oneLine(job), oneLine(r.Message))
	if r.Count > 1 {
		fmt.Fprintf(b, " (%d times, last at %s)", r.Count, r.Last.Format(time.DateTime))
	}
	b.WriteByte('\n')
	return nil
}

// oneLine keeps line ends, and what a terminal would take for commands, out of a
// table.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

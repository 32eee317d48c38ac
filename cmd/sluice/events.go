package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
)

type eventsFlags struct {
	placeFlags
	output output
	job    string
	since  string
	last   int
	follow bool
}

func newEvents() *cobra.Command {
	var f eventsFlags
	cmd := &cobra.Command{
		Use:   "events " + placeUse,
		Short: "Show the events of jobs, and follow them",
		Long: "Events shows what sluice run has told of jobs: scaling reports, rescales and how they ended, what stands in the way of one, and errors. An event that repeats within its interval stands there once, with its newest message and how often it came.\n" +
			placeHelp + " The database may be that of Flink's Java autoscaler, which has the same table. A running Sluice has the events of its newest past, and a file of decisions rescales and how they ended.",
		Example: "  sluice events --server http://127.0.0.1:8090 --follow\n  sluice events --data /var/lib/sluice --follow --job orders\n  sluice events --store mysql://sluice@db/sluice --since 6h -o json",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	f.output.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.job, "job", "", "events of this `job` only: its id, the beginning of it, or its name; CLUSTER/ may stand before it")
	flags.StringVar(&f.since, "since", "", "no events before this `time`: a duration such as 6h or 7d, or a time such as 2026-07-01T12:00:00Z")
	flags.IntVar(&f.last, "last", 50, "the newest `number` of events to begin with; 0 shows all")
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on and show events as they come")
	completeJobs(cmd, f.known)
	return cmd
}

func (f *eventsFlags) run(cmd *cobra.Command) error {
	wanted, err := f.wanted(cmd)
	if err != nil {
		return &usageError{err}
	}
	return f.within(cmd, func(p place) error {
		feed, err := p.events(wanted)
		if err != nil {
			return err
		}
		var lines []eventLine
		err = working(cmd, "reading events", func(ctx context.Context) (err error) {
			lines, err = feed.next(ctx)
			return err
		})
		switch {
		case err == nil && len(lines) == 0 && !f.follow && f.output.is(asTable):
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "No event.")
		case err == nil:
			err = f.print(cmd.OutOrStdout(), lines)
		}
		if err != nil || !f.follow {
			return err
		}
		return f.keepUp(cmd, feed)
	})
}

func (f *eventsFlags) wanted(cmd *cobra.Command) (w eventsWanted, err error) {
	w = eventsWanted{job: f.job, newest: f.last, follow: f.follow}
	switch {
	case f.last < 0:
		return w, errors.New("--last: want at least 0")
	case f.since != "":
		if w.since, err = parseSince(f.since, time.Now()); err != nil {
			return w, fmt.Errorf("--since %q: %w", f.since, err)
		}
		if !cmd.Flags().Changed("last") {
			w.newest = 0
		}
	}
	return w, nil
}

func (f *eventsFlags) print(out io.Writer, lines []eventLine) error {
	var b strings.Builder
	for i := range lines {
		if err := f.write(&b, &lines[i]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

const (
	// eventsEvery is the time between two looks for new events.
	eventsEvery = time.Second
	// longestEventsWait is the longest time between two tries while a place is away.
	longestEventsWait = 15 * time.Second
)

// keepUp prints new events until the command ends. While the place is away it waits
// for it.
func (f *eventsFlags) keepUp(cmd *cobra.Command, feed eventFeed) error {
	ctx := cmd.Context()
	away := absence{said: cmd.ErrOrStderr()}
	for pause := eventsEvery; ; {
		if wait(ctx, pause) != nil {
			return nil //nolint:nilerr // who follows ends by interrupting
		}
		lines, err := feed.next(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the same
		}
		if err = errors.Join(away.after(err), f.print(cmd.OutOrStdout(), lines)); err != nil {
			return err
		}
		pause = min(eventsEvery<<min(away.failures, 8), longestEventsWait)
	}
}

// absence says once that a place is away, and once that it is back.
type absence struct {
	said     io.Writer
	failures int
}

// after is told how a try ended. It returns an error that stays.
func (o *absence) after(err error) error {
	switch {
	case err == nil && o.failures > 0:
		fmt.Fprintln(o.said, "it answers again")
		o.failures = 0
	case err != nil && !mayPass(err):
		return err
	case err != nil:
		if o.failures++; o.failures == 1 {
			fmt.Fprintf(o.said, "waiting: %v\n", err)
		}
	}
	return nil
}

// mayPass tells an outage of a database or a server from what stays wrong.
func mayPass(err error) bool {
	return errors.Is(err, sqldb.KindUnavailable) || errors.Is(err, sqldb.KindConflict) || apiclient.MayPass(err)
}

// eventLine is an event as -o json prints it.
type eventLine struct {
	ID   int64     `json:"id"`
	Time time.Time `json:"time"`
	// Last is when it was repeated last, where that is known.
	Last    *time.Time `json:"last,omitempty"`
	Count   int        `json:"count"`
	Type    string     `json:"type"`
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Cluster string     `json:"cluster,omitempty"`
	Job     string     `json:"job"`
	Name    string     `json:"name,omitempty"`
}

func (f *eventsFlags) write(w io.Writer, l *eventLine) error {
	return f.output.line(w, l, func(w io.Writer) error {
		job := l.Name
		if job == "" {
			job = autoscaler.JobKey{Cluster: l.Cluster, Job: flink.JobID(l.Job)}.String()
		}
		text := fmt.Sprintf("%s  %-7s  %-20s  %-24s  %s", l.Time.UTC().Format(time.DateTime), l.Type, oneLine(l.Reason), oneLine(job), oneLine(l.Message))
		if l.Count > 1 {
			text += fmt.Sprintf(" (%d times", l.Count)
			if l.Last != nil {
				text += ", last at " + l.Last.UTC().Format(time.DateTime)
			}
			text += ")"
		}
		_, err := fmt.Fprintln(w, text)
		return err
	})
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

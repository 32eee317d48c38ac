package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/decisions"
)

type historyFlags struct {
	placeFlags
	output   output
	last     int
	since    string
	rescales bool
}

func newHistory() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history JOB " + placeUse,
		Short: "List what was decided about a job",
		Long: "History lists the decisions about a job, a line each: when it was rescaled, from how many to how many subtasks and why, and from when on it was left alone for which reason. A decision that says the same as the one before is not kept.\n" +
			"JOB is the job's id, the beginning of it, or its name; CLUSTER/ may stand before it. sluice explain JOB --at TIME has the figures of one of them.\n" + placeHelp + " A running Sluice has the newest hundred.",
		Example: "  sluice history orders --server http://127.0.0.1:8090\n  sluice history orders --data /var/lib/sluice\n  sluice history orders --store postgres://sluice@db/sluice --rescales --since 7d\n  sluice history 2e819aac --decisions decisions.jsonl --last 100 -o json",
		Args:    oneJob,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	f.output.register(cmd)
	flags.IntVar(&f.last, "last", 20, "the newest `number` of decisions; 0 lists all")
	flags.StringVar(&f.since, "since", "", "no decisions before this `time`: a duration such as 6h or 7d, or a time such as 2026-07-01T12:00:00Z")
	flags.BoolVar(&f.rescales, "rescales", false, "list rescales only")
	completeJobs(cmd, f.known)
	return cmd
}

// mostSearched bounds how many decisions are looked through for a part of them.
const mostSearched = 1_000_000

func (f *historyFlags) run(cmd *cobra.Command, job string) error {
	since, err := f.checked(time.Now())
	if err != nil {
		return &usageError{err}
	}
	query := decisions.Query{Job: job, Last: f.last}
	if f.last == 0 || f.rescales || !since.IsZero() {
		query.Last = mostSearched
	}
	found, err := f.search(cmd, query)
	if err != nil {
		return err
	}
	entries, texts := f.wanted(found, since)
	return f.output.write(cmd.OutOrStdout(), texts, func(w io.Writer) error {
		if len(texts) == 0 {
			return sayNothing(w, f.rescales)
		}
		return decisions.WriteHistory(w, entries, f.rescales)
	})
}

// sayNothing says that nothing of what is asked for was decided.
func sayNothing(w io.Writer, rescales bool) error {
	text := "No decision."
	if rescales {
		text = "No rescale."
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

func (f *historyFlags) checked(now time.Time) (since time.Time, err error) {
	if f.last < 0 {
		return since, errors.New("--last: want at least 0")
	}
	if f.since != "" {
		if since, err = parseSince(f.since, now); err != nil {
			return since, fmt.Errorf("--since %q: %w", f.since, err)
		}
	}
	return since, nil
}

// wanted leaves out what the flags do not ask for. Of rescales the entries keep
// what came after each, which says how it ended.
func (f *historyFlags) wanted(found *decisions.Found, since time.Time) ([]decisions.Entry, []json.RawMessage) {
	first, texts := len(found.Entries), []json.RawMessage{}
	for i, e := range slices.Backward(found.Entries) {
		if e.Time.Before(since) || f.last > 0 && len(texts) == f.last {
			break
		}
		if e.Action == decisions.ActionScale || !f.rescales {
			first, texts = i, append(texts, found.Texts[i])
		}
	}
	slices.Reverse(texts)
	return found.Entries[first:], texts
}

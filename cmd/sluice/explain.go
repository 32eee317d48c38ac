package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/decisions"
)

type explainFlags struct {
	placeFlags
	output output
	at     string
	last   int
	all    bool
}

func newExplain() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain JOB " + placeUse,
		Short: "Explain what was decided about a job",
		Long: "Explain shows the newest decision about a job: the measured rates of each vertex that changes or is held back, what it needs, each rule that shaped its parallelism, and what stood in the way.\n" +
			"Where nothing was changed it says too when the job was last rescaled and why. With --all it shows the arithmetic of every vertex.\n" +
			"JOB is the job's id, the beginning of it, or its name; CLUSTER/ may stand before it, the cluster's name or its address as in the log.\n" +
			placeHelp + " A file may be compressed; its older files FILE.1, FILE.2 … are read where it does not hold the answer. What sluice advise -o json prints is read too.",
		Example: "  sluice explain orders --server http://127.0.0.1:8090\n  sluice explain orders --data /var/lib/sluice\n  sluice explain orders --decisions decisions.jsonl\n  sluice explain orders --decisions decisions.jsonl --at 05:43:31\n  sluice explain 2e819aac --decisions decisions.jsonl --last 5 -o json",
		Args:    oneJob,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	f.register(cmd)
	f.output.register(cmd)
	flags.StringVar(&f.at, "at", "", "the decision in force at this `time`, such as 2026-07-01T12:00:00Z, or 12:00:00 (UTC) of the job's newest day")
	flags.BoolVar(&f.all, "all", false, "show every vertex and its arithmetic")
	flags.IntVar(&f.last, "last", 1, "the newest `number` of decisions, the oldest of them first")
	completeJobs(cmd, f.known)
	return cmd
}

func oneJob(cmd *cobra.Command, args []string) error {
	return oneOfJobs(cmd, args, "its id or its name")
}

// oneJobID is for what is kept under ids alone.
func oneJobID(cmd *cobra.Command, args []string) error { return oneOfJobs(cmd, args, "its id") }

func oneOfJobs(cmd *cobra.Command, args []string, called string) error {
	if len(args) == 1 && args[0] == "" {
		return &usageError{fmt.Errorf("%s takes one job, %s, but its name is empty here (see %s --help)", cmd.CommandPath(), called, cmd.CommandPath())}
	}
	if len(args) != 1 {
		return &usageError{fmt.Errorf("%s takes one job, %s, but got %d arguments (see %s --help)", cmd.CommandPath(), called, len(args), cmd.CommandPath())}
	}
	return nil
}

func (f *explainFlags) run(cmd *cobra.Command, job string) error {
	query, err := f.query(cmd, job)
	if err != nil {
		return &usageError{err}
	}
	found, err := f.search(cmd, query)
	if err != nil {
		return err
	}
	return f.output.write(cmd.OutOrStdout(), textsOf(found, cmd.Flags().Changed("last")), func(w io.Writer) error {
		return f.explain(w, found)
	})
}

func (f *explainFlags) query(cmd *cobra.Command, job string) (decisions.Query, error) {
	query := decisions.Query{Job: job, Last: f.last}
	switch {
	case f.last < 1:
		return query, fmt.Errorf("--last %d: want at least 1", f.last)
	case f.at != "" && cmd.Flags().Changed("last"):
		return query, errors.New("--at and --last ask for different things: give one of them")
	}
	var err error
	if cmd.Flags().Changed("at") {
		if query.At, err = decisions.ParseInstant(f.at); err != nil {
			return query, fmt.Errorf("--at: %w", err)
		}
	}
	return query, err
}

func (f *explainFlags) explain(w io.Writer, found *decisions.Found) error {
	for _, e := range found.Entries {
		if err := decisions.WriteExplanation(w, e, f.all); err != nil {
			return err
		}
	}
	if found.Rescale == nil {
		return nil
	}
	return decisions.WriteLastRescale(w, *found.Rescale, f.all)
}

// textsOf are the decisions as they stand in the file: one as an object, with the
// last rescale in it, several as an array.
func textsOf(found *decisions.Found, several bool) any {
	if several {
		return found.Texts
	}
	return found.JSON()
}

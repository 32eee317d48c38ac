package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/realize/byhand"
)

// rescalePlan is what -o json prints.
type rescalePlan struct {
	*byhand.Plan
	// Hold is for how long the Sluice that was asked was to keep its hand off.
	Hold string `json:"hold,omitempty"`
	// Until is when the hold that is in force ends, where it does: one that lasts longer
	// stays. held says who holds.
	Until *time.Time `json:"until,omitempty"`
	held  string
	// Waited is what --wait saw.
	Waited *waited `json:"wait,omitempty"`
}

// longestLine bounds a line about a job, whose names are those of others.
const longestLine = 500

type rescaleFlags struct {
	processFlags
	askFlags
	hold    string
	output  output
	dryRun  bool
	wait    bool
	timeout time.Duration
}

func newRescale() *cobra.Command {
	var f rescaleFlags
	cmd := &cobra.Command{
		Use:   "rescale JOB VERTEX=UPPER|LOWER:UPPER…",
		Short: "Set the parallelism bounds of a job by hand",
		Long: "Rescale sets the bounds within which Flink's Adaptive Scheduler chooses the parallelism of a job's vertices, as the buttons of Flink's own page do: " +
			"bounds that are not named stay, and so does a lower bound that is not given.\n" +
			"JOB is the job's id, the beginning of it, or its name; VERTEX is a vertex's id, the beginning of it, its name or a part of that, or all. One that is named goes before all.\n" +
			"Flink takes the bounds at once and rescales when it can: --wait follows it until the job runs so.\n" +
			"With --server a running Sluice sets them, and keeps its own hand off the job for --hold; otherwise one that watches the job may soon decide something else.",
		Example: "  sluice rescale orders work=4 --flink http://jobmanager:8081\n  sluice rescale orders all=8 'Source: orders=2' --wait\n  sluice rescale 2e819aac work=2:6 --dry-run -o json\n  sluice rescale orders work=4 --hold 2h --wait --server http://127.0.0.1:8090",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || args[0] == "" {
				return &usageError{fmt.Errorf("%s takes a job and at least one VERTEX=PARALLELISM, but got %d arguments (see %s --help)", cmd.CommandPath(), len(args), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1:]) },
	}
	f.processFlags.register(cmd.Flags())
	f.askFlags.register(cmd)
	cmd.Flags().StringVar(&f.hold, "hold", "1h", "with --server: how long Sluice keeps its hand off the job")
	cmd.Flags().Lookup("log-level").DefValue = "warn"
	f.logLevel = "warn"
	f.output.register(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be set, and set nothing")
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait until the job runs so")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long --wait waits at most")
	completeJobs(cmd, f.askFlags.known)
	completeWishes(cmd, &f.askFlags)
	return cmd
}

func (f *rescaleFlags) run(cmd *cobra.Command, job string, args []string) error {
	wishes, err := f.wishes(cmd, args)
	if err != nil {
		return &usageError{err}
	}
	if f.asks() {
		return f.ask(cmd, job, wishes)
	}
	client, err := f.cluster(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	var planned *byhand.Plan
	err = working(cmd, "asking Flink", func(ctx context.Context) error {
		if planned, err = byhand.Look(ctx, client, job, wishes); err != nil || f.dryRun || !planned.Changed {
			return err
		}
		return byhand.Apply(ctx, client, planned)
	})
	if errors.Is(err, flink.KindUnreachable) || errors.Is(err, flink.KindMalformed) {
		return &usageError{fmt.Errorf("%w; give the REST address of a JobManager that runs, such as --flink http://localhost:8081", err)}
	}
	if err != nil {
		return err
	}
	return f.report(cmd, &flinkWatch{client, planned}, &rescalePlan{Plan: planned})
}

// wishes checks what can be checked without a cluster.
func (f *rescaleFlags) wishes(cmd *cobra.Command, args []string) ([]byhand.Wish, error) {
	switch {
	case cmd.Flags().Changed("hold") && !f.asks():
		return nil, errors.New("--hold: only a running Sluice keeps its hand off; name it by --server in the place of the cluster, or leave out --hold")
	case cmd.Flags().Changed("timeout") && !f.wait:
		return nil, errors.New("--timeout is how long --wait waits: give --wait too, or leave it out")
	case f.dryRun && f.wait:
		return nil, errors.New("--dry-run changes nothing that --wait could wait for: give one of them")
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %s: want more than 0", f.timeout)
	}
	if err := checkLength("--hold", f.hold); err != nil {
		return nil, err
	}
	return byhand.ParseWishes(args)
}

// cluster speaks to the one cluster that is named.
func (f *rescaleFlags) cluster(cmd *cobra.Command) (*flink.Client, error) {
	p, err := f.load(cmd)
	if err != nil {
		return nil, err
	}
	if len(p.clusters) != 1 {
		return nil, &usageError{fmt.Errorf("%d clusters are configured, and a job is in one: name it by --flink", len(p.clusters))}
	}
	client, _, err := p.cluster(p.clusters[0], wiring{now: time.Now})
	if err != nil {
		return nil, &usageError{fmt.Errorf("%s: cluster %s: %w", p.clusters[0].Source, p.clusters[0].Name, err)}
	}
	return client, nil
}

// report says what was done, and follows it where that is wanted.
func (f *rescaleFlags) report(cmd *cobra.Command, job watch, p *rescalePlan) error {
	out := cmd.OutOrStdout()
	if f.output.is(asTable) {
		for line := range strings.Lines(p.Table()) {
			fmt.Fprintln(out, plainText(strings.TrimSuffix(line, "\n"), longestLine))
		}
		fmt.Fprintln(out, f.outcome(p))
	}
	var failed error
	if f.wait {
		progress := cmd.ErrOrStderr()
		p.Waited, failed = follow(cmd.Context(), job, f.timeout, func(text string) {
			if isTerminal(progress) {
				fmt.Fprintln(progress, plainText(text, longestLine))
			}
		})
		if failed == nil && f.output.is(asTable) {
			fmt.Fprintf(out, "The job runs so after %.0f s.\n", p.Waited.Seconds)
		}
	}
	return errors.Join(failed, f.output.write(out, p, func(io.Writer) error { return nil }))
}

func (f *rescaleFlags) outcome(p *rescalePlan) string {
	switch {
	case !p.Changed && p.Hold != "":
		return fmt.Sprintf("The bounds are so already: nothing was changed. %s.", p.handOff())
	case !p.Changed:
		return "The bounds are so already: nothing was changed."
	case f.dryRun:
		return "Dry run: nothing was changed."
	case p.Hold != "":
		return fmt.Sprintf("Flink has taken the bounds and rescales when it can. %s.", p.handOff())
	case f.wait:
		return "Flink has taken the bounds."
	}
	return "Flink has taken the bounds and rescales when it can (--wait follows that)."
}

// handOff says for how long Sluice keeps its hand off the job.
func (p *rescalePlan) handOff() string {
	switch {
	case p.held == "":
		return "Sluice keeps its hand off for " + p.Hold
	case p.Until == nil:
		return "Sluice keeps its hand off longer than " + p.Hold + ": " + plainText(p.held, longestLine)
	}
	return "Sluice keeps its hand off: " + plainText(p.held, longestLine)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/realize/byhand"
)

// rescalePlan is what -o json prints.
type rescalePlan struct {
	*byhand.Plan
	// Waited is what --wait saw.
	Waited *waited `json:"wait,omitempty"`
}

type rescaleFlags struct {
	processFlags
	askFlags
	hold    string
	output  string
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
		Example: "  sluice rescale orders work=4 --flink http://jobmanager:8081\n  sluice rescale orders all=8 'Source: orders=2' --wait\n  sluice rescale 2e819aac work=2:6 --dry-run -o json",
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
	cmd.Flags().StringVarP(&f.output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would be set, and set nothing")
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait until the job runs so")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long --wait waits at most")
	return cmd
}

func (f *rescaleFlags) run(cmd *cobra.Command, job string, args []string) error {
	wishes, err := f.wishes(args)
	if err != nil {
		return &usageError{err}
	}
	if f.server != "" || f.named() && len(f.clusters) == 0 && f.file == "" {
		return f.ask(cmd, job, wishes)
	}
	client, err := f.cluster(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := cmd.Context()
	planned, err := byhand.Look(ctx, client, job, wishes)
	if errors.Is(err, flink.KindUnreachable) || errors.Is(err, flink.KindMalformed) {
		return &usageError{fmt.Errorf("%w; give the REST address of a JobManager that runs, such as --flink http://localhost:8081", err)}
	}
	if err != nil {
		return err
	}
	p := &rescalePlan{Plan: planned}
	if !f.dryRun && p.Changed {
		if err := byhand.Apply(ctx, client, planned); err != nil {
			return err
		}
	}
	return f.report(ctx, cmd, client, p)
}

// wishes checks what can be checked without a cluster.
func (f *rescaleFlags) wishes(args []string) ([]byhand.Wish, error) {
	switch {
	case f.output != "text" && f.output != "json":
		return nil, fmt.Errorf("--output %q: want text or json", f.output)
	case f.dryRun && f.wait:
		return nil, errors.New("--dry-run changes nothing that --wait could wait for: give one of them")
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %s: want more than 0", f.timeout)
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
func (f *rescaleFlags) report(ctx context.Context, cmd *cobra.Command, client *flink.Client, p *rescalePlan) error {
	out := cmd.OutOrStdout()
	if f.output == "text" {
		fmt.Fprint(out, p.Table())
		fmt.Fprintln(out, f.outcome(p))
	}
	var failed error
	if f.wait {
		progress := cmd.ErrOrStderr()
		p.Waited, failed = follow(ctx, client, p, f.timeout, func(text string) { fmt.Fprintln(progress, text) })
		if failed == nil && f.output == "text" {
			fmt.Fprintf(out, "The job runs so after %.0f s.\n", p.Waited.Seconds)
		}
	}
	if f.output == "json" {
		failed = errors.Join(failed, printPlan(out, p))
	}
	return failed
}

func (f *rescaleFlags) outcome(p *rescalePlan) string {
	switch {
	case !p.Changed:
		return "The bounds are so already: nothing was changed."
	case f.dryRun:
		return "Dry run: nothing was changed."
	case f.wait:
		return "Flink has taken the bounds."
	}
	return "Flink has taken the bounds and rescales when it can (--wait follows that)."
}

func printPlan(w io.Writer, p *rescalePlan) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(p)
}

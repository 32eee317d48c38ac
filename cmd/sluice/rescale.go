package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

type rescaleFlags struct {
	processFlags
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
			"Flink takes the bounds at once and rescales when it can: --wait follows it until the job runs so.",
		Example: "  sluice rescale orders work=4 --flink http://jobmanager:8081\n  sluice rescale orders all=8 'Source: orders=2' --wait\n  sluice rescale 2e819aac work=2:6 --dry-run -o json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || args[0] == "" {
				return &usageError{fmt.Errorf("%s takes a job and at least one VERTEX=PARALLELISM, but got %d arguments (see %s --help)", cmd.CommandPath(), len(args), cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1:]) },
	}
	f.register(cmd.Flags())
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
	client, err := f.client(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := cmd.Context()
	p, err := plan(ctx, client, job, wishes)
	if errors.Is(err, flink.KindUnreachable) || errors.Is(err, flink.KindMalformed) {
		return &usageError{fmt.Errorf("%w; give the REST address of a JobManager that runs, such as --flink http://localhost:8081", err)}
	}
	if err != nil {
		return err
	}
	if !f.dryRun && p.Changed {
		if err := apply(ctx, client, p); err != nil {
			return err
		}
	}
	return f.report(ctx, cmd, client, p)
}

// wishes checks what can be checked without a cluster.
func (f *rescaleFlags) wishes(args []string) ([]wish, error) {
	switch {
	case f.output != "text" && f.output != "json":
		return nil, fmt.Errorf("--output %q: want text or json", f.output)
	case f.dryRun && f.wait:
		return nil, errors.New("--dry-run changes nothing that --wait could wait for: give one of them")
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %s: want more than 0", f.timeout)
	}
	return parseWishes(args)
}

// client speaks to the one cluster that is named.
func (f *rescaleFlags) client(cmd *cobra.Command) (*flink.Client, error) {
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

// plan looks at the job and works out what to set.
func plan(ctx context.Context, client *flink.Client, name string, wishes []wish) (*rescalePlan, error) {
	jobs, err := client.JobsOverview(ctx)
	if err != nil {
		return nil, err
	}
	job, err := findJob(jobs, name)
	if err != nil {
		return nil, err
	}
	before, err := client.ResourceRequirements(ctx, job.ID)
	if err != nil {
		return nil, explained(job, err)
	}
	details, err := client.Job(ctx, job.ID)
	if err != nil {
		return nil, explained(job, err)
	}
	if err := notReactive(ctx, client, job); err != nil {
		return nil, err
	}
	return newPlan(client.Address(), &details, before, wishes)
}

// notReactive refuses what Flink itself would refuse only after it has kept it.
func notReactive(ctx context.Context, client *flink.Client, job flink.JobSummary) error {
	config, err := client.JobManagerJobConfig(ctx, job.ID)
	if errors.Is(err, flink.KindUnsupported) || errors.Is(err, flink.KindNotFound) {
		return nil // an old Flink; it refuses for itself
	}
	if err != nil {
		return err
	}
	for _, kv := range config {
		if kv.Key == options.SchedulerMode.Key && strings.EqualFold(kv.Value, string(options.ModeReactive)) {
			return fmt.Errorf("%s runs in Reactive Mode: %s", jobText(job), reactiveAdvice)
		}
	}
	return nil
}

const reactiveAdvice = "Flink uses all slots that there are, and takes no bounds; add or remove TaskManagers instead"

// explained says of a refusal what it means for the one who asked.
func explained(job flink.JobSummary, err error) error {
	text := err.Error()
	advice := ""
	var refused *flink.Error
	switch {
	case strings.Contains(text, "reactive mode"):
		advice = "it runs in Reactive Mode: " + reactiveAdvice
	case strings.Contains(text, "AdaptiveBatchScheduler"):
		advice = "a batch job's parallelism follows from its data: set the bounds in its configuration (execution.batch.adaptive.auto-parallelism.*)"
	case strings.Contains(text, "does not support changing the parallelism"):
		advice = "only the Adaptive Scheduler rescales a running job: start the cluster with jobmanager.scheduler: adaptive, or stop the job with a savepoint and start it with another parallelism"
	case errors.Is(err, flink.KindUnsupported):
		advice = "Flink takes such bounds from 1.18 on"
	case errors.Is(err, flink.KindNotFound):
		advice = "it has ended meanwhile, or the JobManager has just changed"
	case errors.As(err, &refused) && refused.Status == http.StatusConflict:
		advice = "someone else is changing it just now: try again"
	default:
		return fmt.Errorf("%s: %w", jobText(job), err)
	}
	return fmt.Errorf("%s: %s: %w", jobText(job), advice, err)
}

// apply sends the bounds and looks whether they stand.
func apply(ctx context.Context, client *flink.Client, p *rescalePlan) error {
	job := flink.JobSummary{ID: p.Job, Name: p.Name}
	if err := client.PutResourceRequirements(ctx, p.Job, p.wanted); err != nil {
		return explained(job, err)
	}
	now, err := client.ResourceRequirements(ctx, p.Job)
	if err != nil {
		return fmt.Errorf("the bounds were set, but not read again: %w", explained(job, err))
	}
	if !maps.Equal(now, p.wanted) {
		return fmt.Errorf("%s: Flink took the bounds and then shows others; someone else changes them too", jobText(job))
	}
	p.Applied = true
	return nil
}

// report says what was done, and follows it where that is wanted.
func (f *rescaleFlags) report(ctx context.Context, cmd *cobra.Command, client *flink.Client, p *rescalePlan) error {
	out := cmd.OutOrStdout()
	if f.output == "text" {
		fmt.Fprint(out, p.table())
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

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/advise/batch"
	"github.com/sluice-project/sluice/flink"
)

// newBatch is the parent of what there is for batch jobs.
func newBatch() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "batch",
		Short: "Look after batch jobs",
		Long:  "Batch jobs get their parallelism from Flink's Adaptive Batch Scheduler: from the bytes that each vertex will read. Sluice says what it derives, and which configuration serves a job best.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{unknownCommand(cmd, args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBatchAdvise())
	return cmd
}

// asHTML is one page that needs nothing else.
const asHTML = "html"

type batchFlags struct {
	processFlags
	history string
	slots   int
	prefer  string
	runs    int
	output  output
}

func newBatchAdvise() *cobra.Command {
	var f batchFlags
	cmd := &cobra.Command{
		Use:   "advise [JOB…]",
		Short: "Say which configuration serves a batch job best, and change nothing",
		Long: "Advise reads the batch jobs that a cluster or a History Server still knows, or the archives that a cluster writes to jobmanager.archive.fs.dir. " +
			"Runs with one name belong to one job. For each vertex it shows bytes, skew, time, the parallelism it had and what Flink derives under the present configuration; " +
			"and it says which configuration would have served the job best, with the predicted effect on run time and slot-seconds, where that is more than the model errs.\n" +
			"JOB is a job's name, its id or the beginning of that; without any all batch jobs are looked at.",
		Example: "  sluice batch advise --flink http://jobmanager:8081\n" +
			"  sluice batch advise nightly-report --history http://history:8082 --prefer slots\n" +
			"  sluice batch advise --history /var/flink/archive -o html > batch.html",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.register(cmd.Flags())
	cmd.Flags().Lookup("log-level").DefValue = "warn"
	f.logLevel = "warn"
	f.output.register(cmd, asHTML)
	cmd.Flags().StringVar(&f.history, "history", "", "`URL` of a History Server, or the folder with the archives (jobmanager.archive.fs.dir), also as file:///folder")
	cmd.Flags().IntVar(&f.slots, "slots", 0, "how many slots the job can have; 0 takes as many as were seen in use, or those of the cluster")
	cmd.Flags().StringVar(&f.prefer, "prefer", string(batch.Balanced), "what to save: balanced (run time × slot-seconds), time or slots")
	cmd.Flags().IntVar(&f.runs, "runs", 10, "how many of the newest runs of each job to read; 0 for all")
	return cmd
}

func (f *batchFlags) run(cmd *cobra.Command, jobs []string) error {
	if err := f.check(jobs, cmd.Flags().Changed("history")); err != nil {
		return &usageError{err}
	}
	var report batch.Report
	err := working(cmd, "reading batch jobs", func(ctx context.Context) error {
		place, err := f.place(ctx, cmd)
		if err != nil {
			return err
		}
		defer place.close()
		report, err = f.advise(ctx, place, jobs)
		return err
	})
	if err != nil {
		return err
	}
	if f.output.is(asHTML) {
		return report.WriteHTML(cmd.OutOrStdout())
	}
	return f.output.write(cmd.OutOrStdout(), report, func(w io.Writer) error { return report.WriteTable(w) })
}

func (f *batchFlags) check(jobs []string, history bool) error {
	if f.prefer == "" {
		f.prefer = string(batch.Balanced)
	}
	switch prefer := batch.Preference(f.prefer); {
	case prefer != batch.Balanced && prefer != batch.Time && prefer != batch.Slots:
		return fmt.Errorf("--prefer %q: want balanced, time or slots", f.prefer)
	case f.slots < 0:
		return fmt.Errorf("--slots %d: want 1 or more, or 0 for as many as are seen", f.slots)
	case f.runs < 0:
		return fmt.Errorf("--runs %d: want 1 or more, or 0 for all", f.runs)
	case history && f.history == "":
		return errors.New(`--history "": want the URL of a History Server, or a folder with archives`)
	case slices.Contains(jobs, ""):
		return errors.New("a job has an empty name: want a name or an id")
	case f.history != "" && (len(f.clusters) > 0 || f.host != "" || f.port != ""):
		return errors.New("--history needs no cluster: leave --flink, --flinkClusterHost and --flinkClusterPort out")
	}
	return nil
}

func (f *batchFlags) advise(ctx context.Context, place batchPlace, jobs []string) (batch.Report, error) {
	found, err := batch.Collect(ctx, place.source, batch.Wanted{Jobs: jobs, Runs: f.runs})
	if err != nil {
		return batch.Report{}, f.unread(err)
	}
	report := batch.Report{Source: place.name, Jobs: []batch.Advice{}, Left: append(found.Left, place.left...)}
	if report.Left == nil {
		report.Left = []batch.Left{}
	}
	if err := missing(jobs, &found, place); err != nil {
		return batch.Report{}, err
	}
	for _, runs := range byName(found.Runs) {
		a, err := batch.Advise(ctx, runs, batch.Config{Slots: f.slots, ClusterSlots: place.slots, Prefer: batch.Preference(f.prefer)})
		switch {
		case ctx.Err() != nil:
			return batch.Report{}, ctx.Err()
		case err != nil:
			report.Left = append(report.Left, batch.Left{ID: runs[0].ID, Name: runs[0].Name, Why: err.Error()})
		default:
			report.Jobs = append(report.Jobs, a)
		}
	}
	report.Together(found.Others, found.Streams)
	if len(report.Jobs) == 0 {
		return batch.Report{}, fmt.Errorf("there is no advice: %s: %s", cmp.Or(report.Left[0].Name, string(report.Left[0].ID)), report.Left[0].Why)
	}
	return report, nil
}

// unread says what to do where the list of jobs cannot be had.
func (f *batchFlags) unread(err error) error {
	if !errors.Is(err, flink.KindUnreachable) && !errors.Is(err, flink.KindMalformed) {
		return err
	}
	flag, who := "--flink http://localhost:8081", "JobManager"
	if f.history != "" {
		flag, who = "--history http://localhost:8082", "History Server"
	}
	return &usageError{fmt.Errorf("%w; give the address of a %s that runs, such as %s", err, who, flag)}
}

// missing says which of the jobs that were named is not there, or is no batch job.
func missing(jobs []string, found *batch.Found, place batchPlace) error {
	for _, job := range jobs {
		is := func(id flink.JobID, name string) bool { return strings.HasPrefix(string(id), job) || name == job }
		if slices.ContainsFunc(found.Runs, func(r batch.Run) bool { return is(r.ID, r.Name) }) {
			continue
		}
		if i := slices.IndexFunc(found.Left, func(l batch.Left) bool { return is(l.ID, l.Name) }); i >= 0 {
			return fmt.Errorf("there is no advice on %q: %s", job, found.Left[i].Why)
		}
		return fmt.Errorf("no job at %s has the name or id %q", place.name, job)
	}
	if len(found.Runs) > 0 {
		return nil
	}
	others := ""
	if n := len(found.Left) + len(place.left); n > 0 {
		left := append(slices.Clone(place.left), found.Left...)
		first := fmt.Sprintf("%s: %s", cmp.Or(left[0].Name, string(left[0].ID)), left[0].Why)
		if others = "; there is " + first; n > 1 {
			others = fmt.Sprintf("; of %d others, the first is %s", n, first)
		}
	}
	return fmt.Errorf("there is no batch job at %s%s", place.name, others)
}

// byName groups the runs, in the order of the names.
func byName(runs []batch.Run) [][]batch.Run {
	by := map[string][]batch.Run{}
	for _, r := range runs {
		by[r.Name] = append(by[r.Name], r)
	}
	names := make([]string, 0, len(by))
	for name := range by {
		names = append(names, name)
	}
	slices.Sort(names)
	all := make([][]batch.Run, 0, len(names))
	for _, name := range names {
		all = append(all, by[name])
	}
	return all
}

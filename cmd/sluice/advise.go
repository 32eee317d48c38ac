package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/advise"
	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/options"
)

type adviseFlags struct {
	processFlags
	output output
	now    bool
	replay string
	job    string
}

func newAdvise() *cobra.Command {
	var f adviseFlags
	cmd := &cobra.Command{
		Use:   "advise",
		Short: "Say what would be changed and why, and change nothing",
		Long: "Advise looks at every running job until its metric window is full, says what sluice run would do with it and why, and changes nothing.\n" +
			"With --now it answers at once from what each job has counted since its last start.\n" +
			"With --replay it decides on a recording of sluice run --record, without any cluster.",
		Example: "  sluice advise --flink http://jobmanager:8081\n  sluice advise --flink http://jobmanager:8081 --now --job orders -o json\n  sluice advise --replay recording.jsonl.gz --config sluice.yaml",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd.Flags())
	cmd.Flags().Lookup("log-level").DefValue = "warn"
	f.logLevel = "warn"
	f.output.register(cmd)
	cmd.Flags().BoolVar(&f.now, "now", false, "answer at once, on what there is")
	cmd.Flags().StringVar(&f.replay, "replay", "", "decide on a recording `file`")
	cmd.Flags().StringVar(&f.job, "job", "", "only the job with this id or name")
	return cmd
}

func (f *adviseFlags) run(cmd *cobra.Command) error {
	if f.replay != "" && (f.now || len(f.clusters) > 0 || f.host != "" || f.port != "") {
		return &usageError{errors.New("--replay needs no cluster: leave --flink, --flinkClusterHost, --flinkClusterPort and --now out")}
	}
	p, err := f.load(cmd)
	if err != nil {
		return err
	}
	var entries []decisions.Entry
	stop := func() {}
	if f.now || f.replay != "" {
		stop = tellProgress(cmd.ErrOrStderr(), "looking at the jobs")
	}
	entries, err = f.look(cmd.Context(), cmd.ErrOrStderr(), p)
	stop()
	if errors.Is(err, advise.ErrNoJobs) && f.job != "" {
		return fmt.Errorf("no running job has the id or name %q", f.job)
	}
	if f.replay == "" && (errors.Is(err, flink.KindUnreachable) || errors.Is(err, flink.KindMalformed)) {
		return &usageError{fmt.Errorf("%w; give the REST address of a JobManager that runs, such as --flink http://localhost:8081", err)}
	}
	if err != nil {
		return err
	}
	return f.print(cmd.OutOrStdout(), entries)
}

func (f *adviseFlags) look(ctx context.Context, progress io.Writer, p *process) ([]decisions.Entry, error) {
	if f.replay != "" {
		return f.recorded(ctx, p)
	}
	all, err := p.assemble(ctx, wiring{now: time.Now, changeNothing: true})
	if err != nil {
		return nil, err
	}
	c, err := f.config(p, all, time.Now)
	if err != nil {
		return nil, err
	}
	if f.now {
		return advise.AtOnce(ctx, c)
	}
	c.Progress = func(g advise.Progress) { writeProgress(progress, g) }
	return advise.UntilFull(ctx, c)
}

func (f *adviseFlags) config(p *process, all *parts, now func() time.Time) (advise.Config, error) {
	interval, err := options.Get(p.config, options.ControlLoopInterval)
	if err != nil {
		return advise.Config{}, &usageError{err}
	}
	return advise.Config{
		Fetchers: all.fetchers, Scaler: all.autoscaler, Collector: all.collector,
		Interval: interval, Now: now, Wait: wait, Wanted: f.wanted(),
	}, nil
}

func (f *adviseFlags) wanted() func(*autoscaler.JobContext) bool {
	if f.job == "" {
		return nil
	}
	return func(j *autoscaler.JobContext) bool { return string(j.Key.Job) == f.job || j.Name == f.job }
}

func writeProgress(w io.Writer, g advise.Progress) {
	full := "once the jobs are stable"
	if !g.FullAt.IsZero() {
		full = "about " + g.FullAt.Local().Format(time.TimeOnly)
	}
	fmt.Fprintf(w, "collecting: %d of %d jobs have a full metric window, the last one %s\n", g.Ready, g.Jobs, full)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// recorded decides on a recording in its own time.
func (f *adviseFlags) recorded(ctx context.Context, p *process) ([]decisions.Entry, error) {
	file, err := os.Open(f.replay)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--replay: %w", err)}
	}
	defer file.Close()
	exchanges, err := recording.Read(file)
	if err != nil {
		return nil, fmt.Errorf("--replay %s: want a file that sluice run --record wrote to its end: %w", f.replay, err)
	}
	loops := advise.Loops(exchanges)
	if len(loops) == 0 {
		return nil, fmt.Errorf("--replay %s: nothing to replay: the recording holds no list of jobs (/jobs/overview)", f.replay)
	}
	player, err := recording.NewPlayer(exchanges)
	if err != nil {
		return nil, err
	}
	var clock atomic.Int64
	now := func() time.Time { return time.Unix(0, clock.Load()).UTC() }
	p.clusters = []options.Cluster{{Name: "recording", Addresses: []string{"http://recording"}}}
	all, err := p.assemble(ctx, wiring{
		now: now, changeNothing: true,
		transport: func(http.RoundTripper) http.RoundTripper { return player },
	})
	if err != nil {
		return nil, err
	}
	c, err := f.config(p, all, now)
	if err != nil {
		return nil, err
	}
	return advise.Replay(ctx, c, loops, func(l advise.Loop) {
		clock.Store(l.At.UnixNano())
		player.Advance(l.Until)
	})
}

func (f *adviseFlags) print(w io.Writer, entries []decisions.Entry) error {
	return f.output.write(w, entries, func(w io.Writer) error {
		for _, e := range entries {
			if f.replay != "" {
				fmt.Fprintf(w, "%s  ", e.Time.Format(time.TimeOnly))
			}
			if err := decisions.WriteText(w, e); err != nil {
				return err
			}
		}
		return nil
	})
}

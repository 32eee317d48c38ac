package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/internal/build"
	"github.com/sluice-project/sluice/internal/recording"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
)

type runFlags struct {
	processFlags
	storeFlags
	shardFlags
	serverFlags
	decisions     string
	decisionsSize int64
	decisionsKeep int
	record        string
}

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Watch clusters and rescale their jobs in place",
		Long: "Run watches one or more Flink clusters and keeps every running job at the parallelism that its load needs.\n" +
			"A cluster needs jobmanager.scheduler: adaptive; other jobs are reported and never touched.",
		Example: "  sluice run --flink http://localhost:8081\n  sluice run --flink http://a:8081 --flink http://b:8081 -D job.autoscaler.metrics.window=3m",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.processFlags.register(cmd.Flags())
	f.storeFlags.register(cmd.Flags())
	f.shardFlags.register(cmd.Flags())
	f.serverFlags.register(cmd.Flags())
	cmd.Flags().StringVar(&f.decisions, "decisions", "", "append every decision to this `file`, one JSON document a line")
	cmd.Flags().Int64Var(&f.decisionsSize, "decisions-max-bytes", decisions.DefaultMaxBytes, "size in `bytes` at which the decisions file is rotated")
	cmd.Flags().IntVar(&f.decisionsKeep, "decisions-keep", decisions.DefaultKeep, "`number` of rotated decisions files to keep")
	cmd.Flags().StringVar(&f.record, "record", "", "record every exchange with the cluster to this `file`, for sluice advise --replay")
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command) (err error) {
	if f.decisionsSize < 0 || f.decisionsKeep < 0 {
		return &usageError{errors.New("--decisions-max-bytes and --decisions-keep: want at least 0")}
	}
	f.settings = append(append(f.settings, f.shardFlags.asOptions()...), f.serverFlags.asOptions()...)
	p, err := f.load(cmd)
	if err != nil {
		return err
	}
	if f.record != "" && len(p.clusters) > 1 {
		return &usageError{fmt.Errorf("--record: a recording holds one cluster, and %d are given: run one process for each", len(p.clusters))}
	}
	var files closers
	defer func() { err = errors.Join(err, files.close()) }()
	w, err := f.surroundings(cmd.Context(), p, &files)
	if err != nil {
		return err
	}
	return f.work(cmd, p, w, &files)
}

// surroundings are what the parts of a process write to and tell.
func (f *runFlags) surroundings(ctx context.Context, p *process, files *closers) (w wiring, err error) {
	if w, err = f.wire(files); err != nil {
		return w, &usageError{err}
	}
	if w.traced, err = p.trace(ctx, files); err != nil {
		return w, &usageError{err}
	}
	if w.db, err = f.open(ctx, p.config); err != nil {
		return w, err
	}
	if w.db != nil {
		files.add(w.db.Close)
	}
	if err := f.tell(p, &w, files); err != nil {
		return w, err
	}
	w.openStore, err = f.stateStore(p, &w, files)
	return w, err
}

// work assembles the parts and runs the loop until it is to end.
func (f *runFlags) work(cmd *cobra.Command, p *process, w wiring, files *closers) error {
	holds, err := p.hold(cmd.Context(), &w)
	if err != nil {
		return err
	}
	watched, err := p.watch(&w, holds)
	if err != nil {
		return &usageError{err}
	}
	shared, err := f.share(cmd.Context(), p, &w, files)
	if err != nil {
		return err
	}
	all, err := p.assemble(cmd.Context(), w)
	if err != nil {
		return err
	}
	callUnnamed(w.recorder, all.fetchers[0].Name())
	loop, err := p.loop(all, shared, holds, watched, &w)
	if err != nil {
		return err
	}
	p.greet(cmd)
	f.sayWhere(cmd.Context(), p, w.db)
	return watched.during(cmd.Context(), p, all, &w, func(ctx context.Context) error { return shared.during(ctx, loop.Run) })
}

// wire opens the files that the flags name.
func (f *runFlags) wire(files *closers) (wiring, error) {
	w := wiring{now: time.Now, probe: metrics.NewProbe(time.Now)}
	if f.decisions != "" {
		file, err := decisions.OpenFile(f.decisions, f.decisionsSize, f.decisionsKeep)
		if err != nil {
			return w, err
		}
		files.add(file.Close)
		w.recorder = file
	}
	if f.record != "" {
		file, err := os.Create(f.record)
		if err != nil {
			return w, fmt.Errorf("--record: %w", err)
		}
		writer := recording.NewWriter(file)
		files.add(file.Close)
		files.add(writer.Close)
		w.transport = func(next http.RoundTripper) http.RoundTripper {
			recorder := recording.NewRecorder(next, time.Now, writer)
			files.add(recorder.Err)
			return recorder
		}
	}
	return w, nil
}

// closers end what was begun, the last first, and keep every error.
type closers []func() error

func (c *closers) add(closer func() error) { *c = append(*c, closer) }

func (c *closers) close() error {
	var err error
	for _, closer := range slices.Backward(*c) {
		err = errors.Join(err, closer())
	}
	return err
}

func (p *process) loop(all *parts, shared *sharing, holds *control.Holds, watched *watching, w *wiring) (*control.Loop, error) {
	r := options.NewReader(p.config)
	config := control.Config{
		Fetchers: all.fetchers, Scaler: all.autoscaler,
		Interval:    options.Read(r, options.ControlLoopInterval),
		Parallelism: workers(p.config, r),
		JobTimeout:  options.Read(r, options.JobTimeout),
		GoneAfter:   options.Read(r, options.JobGoneAfter),
		Now:         time.Now, Rand: rand.Float64, Logger: p.log,
		OnLoop: p.sayLoop,
	}
	if err := r.Err(); err != nil {
		return nil, &usageError{err}
	}
	shared.into(&config, p, w)
	p.keepsTo(holds, &config)
	if err := watched.into(&config, p, all, w); err != nil {
		return nil, err
	}
	p.hears(&config, w, watched)
	config.Scaler = w.traced.Over(config.Scaler)
	return control.New(config)
}

// workers is the configured number of passes at once; 0 leaves it to the loop,
// which knows the processors, where the reference's default is a fixed 100.
func workers(cfg options.Config, r *options.Reader) int {
	if _, set := options.Explicit(cfg, options.ControlLoopParallelism); !set {
		return 0
	}
	return options.Read(r, options.ControlLoopParallelism)
}

// sayLoop logs what one look at a cluster and its passes came to.
func (p *process) sayLoop(s control.LoopStats) {
	if s.Err != nil {
		return // the loop has said so
	}
	p.log.LogAttrs(context.Background(), slog.LevelDebug, "loop done", slog.String("cluster", s.Cluster),
		slog.Duration("took", s.Duration), slog.Int("jobs", s.Jobs), slog.Int("ok", s.OK), slog.Int("failed", s.Failed),
		slog.Int("overlapped", s.Overlapped), slog.Int("late", s.Late), slog.Int("skipped", s.Skipped), slog.Int("elsewhere", s.Elsewhere), slog.Int64("requests", s.Requests))
}

// greet logs what a reader of the log wants to know first.
func (p *process) greet(cmd *cobra.Command) {
	var watched, set []string
	for _, c := range p.clusters {
		watched = append(watched, strings.Join(c.Addresses, ","))
	}
	for _, e := range p.config.Entries() {
		set = append(set, e.Key+"="+e.Value)
	}
	p.log.LogAttrs(cmd.Context(), slog.LevelInfo, "sluice starts",
		slog.String("version", build.String()), slog.String("profile", string(p.config.Profile())),
		slog.String("clusters", strings.Join(watched, " ")), slog.String("configuration", strings.Join(set, " ")))
}

var _ control.Scaler = (*autoscaler.Autoscaler)(nil)

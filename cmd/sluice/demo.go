package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-project/sluice/demo"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin/rest"
)

type demoFlags struct {
	speed    string
	headless bool
	output   output
	listen   string
	insecure bool
	seed     uint64
	settings []string
}

// aDay lets 24 hours pass in two minutes.
const aDay = "720"

func newDemo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a simulated cluster breathe through a day",
		Long: "Demo runs a Flink cluster in virtual time with the autoscaler at work on it: a shop's clicks and orders over a day and a night, a flash sale at noon, " +
			"a TaskManager that is lost at five. It needs nothing else, and shows load, capacity, lag and parallelism, with a line for each decision.\n" +
			"It prints where its page is, on which the jobs can be watched, paused and rescaled, and where the cluster answers as Flink's REST interface does. On a terminal the page stays until it is interrupted.",
		Example: "  sluice demo\n  sluice demo --headless --speed max -o json\n  sluice demo -D job.autoscaler.utilization.target=0.8",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.speed, "speed", aDay, "seconds of the demo in a second: a `number` or max")
	flags.BoolVar(&f.headless, "headless", false, "show only what it came to, and serve the page only where --listen says")
	f.output.register(cmd)
	flags.StringVar(&f.listen, "listen", "", "`address` at which the page and its API are served; without a host it is the loopback (default a free port of it)")
	flags.BoolVar(&f.insecure, "insecure", false, "serve the page beyond the loopback, to everybody who reaches it")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that all chance follows from")
	flags.StringArrayVarP(&f.settings, "define", "D", nil, "set an option of the autoscaler, `key=value`; repeatable (see sluice options)")
	return cmd
}

func (f *demoFlags) run(cmd *cobra.Command) error {
	config, speed, err := f.config(cmd)
	if err != nil {
		return &usageError{err}
	}
	show := shown{}
	page, err := f.page(&config)
	if err != nil {
		return &usageError{fmt.Errorf("--listen: %w", err)}
	}
	defer page.close()
	config.Watch = func(s demo.Step) { show.step(s) }
	d, err := demo.New(cmd.Context(), config)
	if err != nil {
		return &usageError{err}
	}
	defer d.Close()
	f.open(&show, cmd, d, page)
	began := time.Now()
	stop := func() {}
	if f.headless {
		stop = tellProgress(cmd.ErrOrStderr(), "the day passes")
	}
	err = page.during(cmd.Context(), d, func(ctx context.Context) error { return live(ctx, d, speed, page.cluster()) })
	stop()
	if show.close != nil {
		show.close()
	}
	if err != nil && (!f.output.is(asTable) || !errors.Is(err, context.Canceled)) {
		return err
	}
	result := d.Result()
	result.WallSeconds = time.Since(began).Round(time.Millisecond).Seconds()
	err = errors.Join(f.print(cmd.OutOrStdout(), result), err) // who interrupts sees what it came to so far
	if err == nil && page.served() && isTerminal(cmd.OutOrStdout()) {
		fmt.Fprintln(cmd.OutOrStdout(), "The day is over; the page stays until Ctrl-C.")
		return page.stay(cmd.Context())
	}
	return err
}

// config is what the flags say.
func (f *demoFlags) config(cmd *cobra.Command) (demo.Config, rest.Speed, error) {
	c := demo.Config{Seed: f.seed, Logger: slog.New(slog.DiscardHandler)}
	speed, err := rest.ParseSpeed(f.speed)
	if err != nil || speed == rest.Step {
		return c, 0, fmt.Errorf("--speed %q: want a number above 0, or max", f.speed)
	}
	for _, text := range f.settings {
		kv, err := options.ParseFlag(text)
		if err != nil {
			return c, 0, err
		}
		c.Settings = append(c.Settings, kv)
	}
	if f.headless {
		c.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	}
	return c, speed, nil
}

// shown is who is told of the steps.
type shown struct {
	show  func(demo.Step)
	close func()
}

func (s *shown) step(step demo.Step) {
	if s.show != nil {
		s.show(step)
	}
}

// open says where the page is, and who is told of the day: nobody where
// what it came to is the only output.
func (f *demoFlags) open(s *shown, cmd *cobra.Command, d *demo.Demo, page *demoPage) {
	title, out := "a shop's day, in virtual time", cmd.OutOrStdout()
	if page.served() {
		title = "a shop's day; the page is at " + page.address() + ", the cluster at " + page.clusterAddress()
	}
	switch {
	case f.headless || !f.output.is(asTable):
		if page.served() {
			fmt.Fprintln(cmd.ErrOrStderr(), title)
		}
	case isTerminal(out):
		fmt.Fprintln(out, title) // the view is as wide as the terminal, and cuts
		view := demo.NewView(out, "a shop's day, in virtual time", d.Now(), d.End(), time.Now)
		s.show, s.close = view.Show, view.Close
	default:
		fmt.Fprintln(out, title)
		s.show = demo.NewLines(out, d.Now()).Show
	}
}

// live lets the day pass.
func live(ctx context.Context, d *demo.Demo, speed rest.Speed, l net.Listener) error {
	server, err := rest.New(rest.Config{World: d, Speed: speed, End: d.End(), Now: time.Now})
	if err != nil {
		return err
	}
	if l == nil {
		return server.Run(ctx)
	}
	return server.Serve(ctx, l)
}

func (f *demoFlags) print(w io.Writer, r demo.Result) error {
	return f.output.write(w, r, r.WriteText)
}

// Command dashboardbench measures the page's API beside a control loop that runs: it
// builds the real binary, starts a twin of many jobs in a process of its own and
// sluice run beside it, asks the API what programs and an open page ask, and writes
// its part of a page in Markdown.
//
//	go run ./internal/dashboardbench -out docs/measured/dashboard.md
//
// Processor time is read from /proc: it runs on Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dashboardbench: "+err.Error())
		os.Exit(1)
	}
}

// plan is what is measured.
type plan struct {
	jobs, rate, loops, rounds int
	interval, window          time.Duration
}

func run(ctx context.Context) error {
	var p plan
	flag.IntVar(&p.jobs, "jobs", 1000, "`number` of jobs")
	flag.IntVar(&p.rate, "rate", 100, "requests/s")
	flag.IntVar(&p.loops, "loops", 5, "`number` of control loops that each part of a round takes")
	flag.IntVar(&p.rounds, "rounds", 3, "`number` of rounds")
	flag.DurationVar(&p.interval, "interval", 10*time.Second, "`time` from loop to loop")
	flag.DurationVar(&p.window, "window", 2*time.Minute, "`length` of the metric window, which is full when it is measured")
	out := flag.String("out", "", "`file` whose part between the marks is replaced; standard output by default")
	flag.Parse()

	folder, err := os.MkdirTemp("", "dashboardbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program := filepath.Join(folder, "sluice")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/sluice")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build sluice: %w\n%s", err, output)
	}
	r, err := p.measure(ctx, folder, program)
	if err != nil {
		return err
	}
	return r.write(*out)
}

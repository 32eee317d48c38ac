// Command fleetbench measures what sluice run costs with many jobs: it builds the
// real binary, starts it beside a fake JobManager (package fakeflink) in a
// process of its own, and writes a page in Markdown with what the loops took.
//
//	go run ./internal/fleetbench -out docs/measured/fleet.md
//
// Processor time and memory are read from /proc: it runs on Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleetbench: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		jobs    = flag.String("jobs", "1000,10000", "`numbers` of jobs to measure, separated by commas")
		speed   = flag.String("speed", "5,1", "by which `factors` loop, window and renewal of metrics are shorter than by default, one for each number of jobs")
		samples = flag.Int("window", 90, "`number` of loops that fill a metric window")
		starts  = flag.Int("starts", 10, "`number` of starts to measure")
		out     = flag.String("out", "", "`file` to write the page to; standard output by default")
	)
	flag.Parse()
	fleets, err := fleetsOf(*jobs, *speed, *samples)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "fleetbench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	p, err := buildPrograms(ctx, folder)
	if err != nil {
		return err
	}

	page := page{facts: factsOf(p)}
	if page.startup, err = p.measureStarts(ctx, *starts); err != nil {
		return err
	}
	for _, f := range fleets {
		r, err := p.measure(ctx, f)
		if err != nil {
			return fmt.Errorf("%d jobs: %w", f.jobs, err)
		}
		page.results = append(page.results, r)
	}
	return page.write(*out)
}

// fleet is one thing to measure.
type fleet struct {
	jobs int
	// speed divides the durations of a default configuration.
	speed float64
	// window is in loops.
	window int
}

// interval is the time from loop to loop: 10 s, divided by speed. So is the time
// from one renewal of metrics to the next.
func (f fleet) interval() time.Duration { return time.Duration(float64(10*time.Second) / f.speed) }

func fleetsOf(jobs, speeds string, window int) ([]fleet, error) {
	var fleets []fleet
	divisors := strings.Split(speeds, ",")
	for i, text := range strings.Split(jobs, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("-jobs %q: want numbers separated by commas", jobs)
		}
		speed, err := strconv.ParseFloat(divisors[min(i, len(divisors)-1)], 64)
		if err != nil || speed <= 0 {
			return nil, fmt.Errorf("-speed %q: want numbers above 0 separated by commas", speeds)
		}
		fleets = append(fleets, fleet{jobs: n, speed: speed, window: window})
	}
	return fleets, nil
}

// programs are the two that are measured against each other.
type programs struct {
	sluice, serve string
}

// buildPrograms builds the command the way a release does.
func buildPrograms(ctx context.Context, folder string) (*programs, error) {
	p := &programs{sluice: filepath.Join(folder, "sluice"), serve: filepath.Join(folder, "serve")}
	for target, source := range map[string]string{p.sluice: "./cmd/sluice", p.serve: "./internal/fakeflink/serve"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", source, err, output)
		}
	}
	return p, nil
}

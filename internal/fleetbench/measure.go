package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/sluice-project/sluice/internal/fakeflink"
)

// loop is what one loop took.
type loop struct {
	wall, cpu, fakeCPU                  time.Duration
	jobs, ok, failed, late, overlapping int
	traffic                             map[string]fakeflink.Traffic
}

// result is what a fleet came to.
type result struct {
	fleet
	first loop
	// steady are the loops once the windows were full and what was overloaded had
	// been rescaled.
	steady []loop
	// peak is the largest resident set in bytes.
	peak int64
	// rescales is the number of PUTs up to the steady state.
	rescales int64
}

// settle is for how many loops after the windows are full rescales are waited
// for; steady is for how many loops it is measured then.
const (
	settle = 10
	steady = 30
)

// measure runs the command over a fleet until its windows have been full for a
// while.
func (p *programs) measure(ctx context.Context, f fleet) (result, error) {
	r := result{fleet: f}
	fake, url, err := p.serveJobs(ctx, f)
	if err != nil {
		return r, err
	}
	defer fake.stop()
	sluice, err := p.runSluice(ctx, f, url)
	if err != nil {
		return r, err
	}
	defer sluice.stop()
	w := watcher{sluice: sluice, fake: fake, url: url}
	for i := range f.window + settle + steady {
		l, err := w.next(ctx)
		if err != nil {
			return r, err
		}
		fmt.Fprintf(os.Stderr, "%d jobs, loop %d: %v wall, %v CPU, %d ok, %d failed, %d late\n", f.jobs, i+1, l.wall.Round(time.Millisecond), l.cpu, l.ok, l.failed, l.late)
		switch {
		case i == 0:
			r.first = l
		case i >= f.window+settle:
			r.steady = append(r.steady, l)
		default:
			r.rescales += l.traffic["PUT resource-requirements"].Requests
		}
	}
	r.peak, err = sluice.peakMemory()
	return r, err
}

func (p *programs) serveJobs(ctx context.Context, f fleet) (*process, string, error) {
	fake, err := start(ctx, false, p.serve, "-jobs", fmt.Sprint(f.jobs), "-fetch-interval", f.interval().String())
	if err != nil {
		return nil, "", err
	}
	url, err := fake.nextLine()
	if err != nil {
		fake.stop()
		return nil, "", fmt.Errorf("start the fake JobManager: %w", err)
	}
	return fake, string(url), nil
}

// runSluice keeps the proportions of the defaults: a loop of 10 s, a window of
// 90 of them, names read again every 30.
func (p *programs) runSluice(ctx context.Context, f fleet, url string) (*process, error) {
	loops := func(n int) string { return fmt.Sprintf("%d ms", (time.Duration(n) * f.interval()).Milliseconds()) }
	return start(ctx, true, p.sluice, "run", "--flink", url, "--log-level", "debug", "--log-format", "json",
		"-D", "autoscaler.standalone.control-loop.interval="+loops(1),
		"-D", "job.autoscaler.metrics.window="+loops(f.window),
		"-D", "job.autoscaler.stabilization.interval=0 ms",
		"-D", "sluice.metric-names.refresh-interval="+loops(30))
}

// watcher follows the log of a process.
type watcher struct {
	sluice, fake *process
	url          string
	cpu, fakeCPU time.Duration
	traffic      map[string]fakeflink.Traffic
	complaints   int
}

// next waits for the next loop to end.
func (w *watcher) next(ctx context.Context) (loop, error) {
	for {
		line, err := w.sluice.nextLine()
		if err != nil {
			return loop{}, fmt.Errorf("read the log: %w", err)
		}
		if !bytes.HasPrefix(line, []byte("{")) || bytes.Contains(line, []byte(`"level":"WARN"`)) || bytes.Contains(line, []byte(`"level":"ERROR"`)) {
			if w.complaints++; w.complaints <= 5 {
				fmt.Fprintf(os.Stderr, "%s\n", line)
			}
		}
		if bytes.Contains(line, []byte(`"msg":"loop done"`)) {
			return w.read(ctx, line)
		}
	}
}

// read makes the loop of its line in the log, and takes the meters.
func (w *watcher) read(ctx context.Context, line []byte) (loop, error) {
	var said struct {
		Took                               time.Duration
		Jobs, OK, Failed, Late, Overlapped int
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return loop{}, fmt.Errorf("read the log: %w", err)
	}
	cpu, err := w.sluice.cpu()
	if err != nil {
		return loop{}, err
	}
	fakeCPU, err := w.fake.cpu()
	if err != nil {
		return loop{}, err
	}
	stats, err := readStats(ctx, w.url)
	if err != nil {
		return loop{}, err
	}
	l := loop{
		wall: said.Took, cpu: cpu - w.cpu, fakeCPU: fakeCPU - w.fakeCPU, traffic: map[string]fakeflink.Traffic{},
		jobs: said.Jobs, ok: said.OK, failed: said.Failed, late: said.Late, overlapping: said.Overlapped,
	}
	for name, now := range stats.Endpoints {
		before := w.traffic[name]
		l.traffic[name] = fakeflink.Traffic{Requests: now.Requests - before.Requests, Bytes: now.Bytes - before.Bytes}
	}
	w.cpu, w.fakeCPU, w.traffic = cpu, fakeCPU, stats.Endpoints
	return l, nil
}

func readStats(ctx context.Context, url string) (fakeflink.Stats, error) {
	var stats fakeflink.Stats
	err := exchange(ctx, http.MethodGet, url, &stats)
	return stats, err
}

func resetStats(ctx context.Context, url string) error {
	return exchange(ctx, http.MethodDelete, url, &struct{}{})
}

func exchange(ctx context.Context, method, url string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, url+"/__stats", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the fake JobManager: %w", err)
	}
	defer response.Body.Close()
	return json.NewDecoder(response.Body).Decode(answer)
}

// median is that of a figure over loops.
func median[T int | int64 | float64 | time.Duration](loops []loop, figure func(*loop) T) T {
	all := make([]T, len(loops))
	for i := range loops {
		all[i] = figure(&loops[i])
	}
	return middle(all)
}

func middle[T int | int64 | float64 | time.Duration](all []T) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

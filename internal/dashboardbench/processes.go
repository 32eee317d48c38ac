package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs. Each loop that it ends is told once.
type process struct {
	cmd   *exec.Cmd
	loops chan struct{}
}

// loopDone is how a loop ends in the log.
const loopDone = `msg="loop done"`

func start(ctx context.Context, program string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &process{cmd, make(chan struct{}, 1)}
	go func() {
		defer close(p.loops)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			if strings.Contains(scanner.Text(), loopDone) {
				select {
				case p.loops <- struct{}{}:
				default: // nobody counts
				}
			}
		}
	}()
	return p, nil
}

// stop ends the program; how it ends does not matter.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	for range p.loops {
	}
	_ = p.cmd.Wait()
}

// nextLoop waits for the end of a loop.
func (p *process) nextLoop(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case _, open := <-p.loops:
		if !open {
			return fmt.Errorf("%s has ended", filepath.Base(p.cmd.Path))
		}
		return nil
	}
}

// count waits for so many loops, and notes what each took of the processor. It begins
// at the end of one.
func (p *process) count(ctx context.Context, n int, into *[]time.Duration) error {
	select {
	case <-p.loops: // ended some time ago
	default:
	}
	if err := p.nextLoop(ctx); err != nil {
		return err
	}
	before, err := p.cpu()
	if err != nil {
		return err
	}
	for range n {
		if err := p.nextLoop(ctx); err != nil {
			return err
		}
		now, err := p.cpu()
		if err != nil {
			return err
		}
		*into = append(*into, now-before)
		before = now
	}
	return nil
}

// ticks is the unit of times in /proc, in Hz.
const ticks = 100

// cpu is the processor time of the program so far, user and system.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat has too few fields")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}

// freeAddress is one of the loopback at which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

const job = `  - name: job-%04d
    vertices:
      - name: orders
        source: {topic: orders, partitions: 8, retention: 7 d}
        load: {sine: {low: 500, high: 2500, period: 20 min}}
        cost: 50 µs
      - name: prices
        cost: 1 ms
        max-parallelism: 128
        inputs: {orders: {exchange: hash}}
      - name: store
        cost: 0.2 ms
        inputs: {prices: {records: 0.5, exchange: rebalance}}
`

// twin starts a cluster with room for all jobs.
func (p plan) twin(ctx context.Context, folder, program string) (*process, string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "flink: 2.3\ntaskmanagers:\n  - {count: %d, slots: 16, cores: 16}\njobs:\n", p.jobs*5/16+1)
	for i := range p.jobs {
		fmt.Fprintf(&text, job, i)
	}
	file := filepath.Join(folder, "twin.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		return nil, "", err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	twin, err := start(ctx, program, "twin", "--config", file, "--listen", address)
	return twin, "http://" + address, err
}

// sluice starts the autoscaler, with a page at the address if there is one.
func (p plan) sluice(ctx context.Context, program, cluster, page string) (*process, error) {
	args := []string{
		"run", "--flink", cluster, "--log-level", "debug", "-D", "autoscaler.standalone.control-loop.interval=" + ms(p.interval),
		"-D", "job.autoscaler.metrics.window=" + ms(p.window), "-D", "job.autoscaler.scaling.enabled=false",
	}
	if page != "" {
		args = append(args, "--listen", page)
	}
	return start(ctx, program, args...)
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

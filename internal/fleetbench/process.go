package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs, with its output to read.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// start runs a program and reads its standard output, or its standard error.
func start(ctx context.Context, fromStderr bool, program string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	pipe, other := cmd.StdoutPipe, &cmd.Stderr
	if fromStderr {
		pipe, other = cmd.StderrPipe, &cmd.Stdout
	}
	*other = os.Stderr
	output, err := pipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &process{cmd: cmd, lines: bufio.NewScanner(output)}
	p.lines.Buffer(nil, 1<<20)
	return p, nil
}

// stop ends the program; how it ends does not matter.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	for p.lines.Scan() {
	}
	_ = p.cmd.Wait()
}

// ticks is the unit of times in /proc, in Hz; it has been the same on all
// platforms of Linux for decades.
const ticks = 100

// cpu is the processor time of the program so far, user and system.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name stands in parentheses and may hold anything.
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat has too few fields")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}

// peakMemory is the largest resident set so far, in bytes.
func (p *process) peakMemory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmHWM")
}

// nextLine is the next line of output.
func (p *process) nextLine() ([]byte, error) {
	if p.lines.Scan() {
		return p.lines.Bytes(), nil
	}
	if err := p.lines.Err(); err != nil {
		return nil, err
	}
	return nil, io.ErrUnexpectedEOF
}

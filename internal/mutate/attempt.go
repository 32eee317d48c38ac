package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// memory is what a mutant may take, in KiB of address space: one that allocates
// without end is to fail, and not the machine.
const memory = 8 << 20

// attempt is one run of tests.
type attempt struct {
	outcome outcome
	// failed is the first test that failed, or the first part of it that did;
	// empty when none says so.
	failed string
	// output is the end of what they printed.
	output string
	took   time.Duration
}

// waiting is how much longer than the time of a processor a run may take: what
// waits for ever takes none.
const waiting = 30

// run runs tests up to the first failure, with a limit on the time of a processor.
// The error is one of running them at all.
func (s *suite) run(ctx context.Context, tests []testCase, limit time.Duration, environment ...string) (attempt, error) {
	limited, stop := context.WithTimeout(ctx, waiting*limit)
	defer stop()
	limits := fmt.Sprintf(`ulimit -v %d; ulimit -t %.0f; exec "$0" "$@"`, memory, math.Ceil(limit.Seconds()))
	args := append([]string{"-c", limits, s.binary, "-test.run=" + only(tests)}, s.flags...)
	cmd := exec.CommandContext(limited, "sh", args...)
	cmd.Dir = s.dir
	// One processor each: mutants are tested side by side.
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1", "TMPDIR="+s.scratch), environment...)
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		return attempt{}, err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = write.Close() // a pipe's never fails
		ended <- err
	}()
	failed, output := readTests(read)
	if failed != "" {
		stop() // nothing more is to be learnt
	}
	if _, err := io.Copy(io.Discard, read); err != nil {
		return attempt{}, err
	}
	waited := <-ended
	if ctx.Err() != nil {
		return attempt{}, ctx.Err()
	}
	a := attempt{survived, failed, output, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	switch {
	case failed != "":
		a.outcome = killed
	case limited.Err() != nil || a.took >= limit:
		a.outcome = timedOut
	case waited != nil:
		a.outcome = killed
	}
	return a, nil
}

// only is the pattern that tests, or parts of tests, alone match.
func only(tests []testCase) string {
	var names []string
	for _, t := range tests {
		parts := strings.Split(t.name, "/")
		for i, part := range parts {
			parts[i] = "^" + regexp.QuoteMeta(part) + "$"
		}
		names = append(names, strings.Join(parts, "/"))
	}
	return strings.Join(names, "|")
}

// readTests reads what tests say up to the first that fails, and keeps the end.
func readTests(r io.Reader) (failed, last string) {
	var kept []string
	deepest := -1
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		kept = append(kept, line)
		if len(kept) > 40 {
			kept = kept[1:]
		}
		name, depth := failure(line)
		switch {
		case name != "" && depth > deepest: // its parts follow, further in
			failed, deepest = name, depth
		case err != nil, failed != "" && !strings.HasPrefix(line, " "):
			return failed, strings.Join(kept, "")
		}
	}
}

// failure reads a line that says that a test failed.
func failure(line string) (name string, depth int) {
	text := strings.TrimLeft(line, " ")
	rest, ok := strings.CutPrefix(text, "--- FAIL: ")
	if !ok {
		return "", 0
	}
	name, _, _ = strings.Cut(rest, " ")
	return name, len(line) - len(text)
}

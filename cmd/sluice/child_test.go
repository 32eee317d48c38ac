package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/decisions"
)

// asCommand makes the test binary be the command, so that tests run it as a
// process of its own, under the race detector where they are.
const asCommand = "SLUICE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		_ = os.Unsetenv(asCommand)
		main()
	}
	// What configures the machine that runs the tests must not configure sluice.
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "SLUICE_") {
			_ = os.Unsetenv(name)
		}
	}
	// The tests wait for processes much more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// fast are options under which seconds show what else takes minutes.
var fast = []string{
	"-D", "job.autoscaler.metrics.window=2s",
	"-D", "job.autoscaler.stabilization.interval=0s",
	"-D", "job.autoscaler.restart.time=0s",
	"-D", "job.autoscaler.catch-up.duration=0s",
	"--autoscaler.standalone.control-loop.interval", "200ms",
}

// patience is how long anything may take that takes two or three seconds.
const patience = 30 * time.Second

// said is all that the line says.
func (l logLine) said() string {
	return strings.Join([]string{l.Msg, l.Reason, l.Message, l.Error}, " ")
}

// child is the command as a running process.
type child struct {
	t   *testing.T
	cmd *exec.Cmd

	mu    sync.Mutex
	lines []logLine
	read  chan struct{} // closed at the end of stderr
}

// logLine is one line of the log, and its text.
type logLine struct {
	Level, Msg, Cluster, Job, Reason, Message, Error string

	text string
}

// runSluice starts sluice run with the fast options, and ends it with the test.
func runSluice(t *testing.T, args ...string) *child {
	t.Helper()
	return startCommand(t, nil, append(append([]string{"run", "--log-format", "json"}, fast...), args...)...)
}

func startCommand(t *testing.T, environ []string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], args...), read: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), append(environ, asCommand+"=1")...)
	stderr, err := c.cmd.StderrPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go c.follow(stderr)
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			_ = c.cmd.Process.Kill()
			<-c.read
			_ = c.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("the log of sluice:\n%s", c.text())
		}
	})
	return c
}

func (c *child) follow(r io.Reader) {
	defer close(c.read)
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		line := logLine{text: scanner.Text()}
		_ = json.Unmarshal(scanner.Bytes(), &line)
		c.mu.Lock()
		c.lines = append(c.lines, line)
		c.mu.Unlock()
	}
}

// log returns the lines so far that are wanted.
func (c *child) log(wanted func(logLine) bool) []logLine {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []logLine
	for _, l := range c.lines {
		if wanted(l) {
			found = append(found, l)
		}
	}
	return found
}

// events returns the events so far with the reason.
func (c *child) events(reason string) []logLine {
	return c.log(func(l logLine) bool { return l.Reason == reason })
}

func (c *child) text() string {
	var b strings.Builder
	for _, l := range c.log(func(logLine) bool { return true }) {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// terminate sends SIGTERM and returns the exit code.
func (c *child) terminate() int {
	c.t.Helper()
	c.signal()
	return c.exitCode()
}

// signal sends SIGTERM.
func (c *child) signal() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
}

// exitCode waits for the end.
func (c *child) exitCode() int {
	c.t.Helper()
	select {
	case <-c.read:
	case <-time.After(patience):
		c.t.Fatalf("sluice still runs after %s", patience)
	}
	var exit *exec.ExitError
	if err := c.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return c.cmd.ProcessState.ExitCode()
}

// eventually polls until the condition holds, and fails the test if it does not
// within a generous time.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s", patience, what)
		case <-ticker.C:
		}
	}
}

// recorded reads a decisions file, every line of which has to be complete.
func recorded(t *testing.T, file string) []decisions.Entry {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("the last line of %s is not complete", file)
	}
	var entries []decisions.Entry
	for line := range strings.Lines(string(text)) {
		var e decisions.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %v in %s", file, err, line)
		}
		entries = append(entries, e)
	}
	return entries
}

// content is the text of a file, empty while it is not there.
func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

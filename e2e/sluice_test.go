package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/internal/commandtest"
)

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(commandtest.Main(m, &binary)) }

// The options of the runs: everything short, so that minutes show what else
// takes hours.
const (
	window    = 30 * time.Second
	loop      = 5 * time.Second
	interval  = 20 * time.Second
	restart   = 10 * time.Second
	catchUp   = 5 * time.Minute
	fiveTimes = 5 * window
)

var shortOptions = []string{
	"-D", "job.autoscaler.metrics.window=30s",
	"-D", "job.autoscaler.stabilization.interval=10s",
	"-D", "job.autoscaler.scale-down.interval=20s",
	"-D", "autoscaler.standalone.control-loop.interval=5s",
	"-D", "job.autoscaler.restart.time=10s",
	"-D", "job.autoscaler.catch-up.duration=5min",
}

// logLine is one line of sluice's log.
type logLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Msg     string    `json:"msg"`
	Job     string    `json:"job"`
	Name    string    `json:"name"`
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	text    string
}

// process is a running sluice.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	decisions string

	mu    sync.Mutex
	lines []logLine
	done  chan struct{}
}

// startSluice runs the command beside the clusters until the test ends. It must
// then end by itself, with exit code 0.
func startSluice(t *testing.T, options []string, urls ...string) *process {
	t.Helper()
	p := &process{t: t, decisions: filepath.Join(t.TempDir(), "decisions.jsonl"), done: make(chan struct{})}
	args := append([]string{"run", "--log-format", "json", "--decisions", p.decisions}, options...)
	for _, url := range urls {
		args = append(args, "--flink", url)
	}
	if dir := os.Getenv("SLUICE_RECORD"); dir != "" {
		args = append(args, "--record", filepath.Join(dir, filepath.Base(t.Name())+".jsonl.gz"))
	}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Env = []string{"HOME=" + t.TempDir()}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(stderr)
	t.Cleanup(p.stop)
	return p
}

func (p *process) read(r io.Reader) {
	defer close(p.done)
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		line := logLine{text: scanner.Text()}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			line.Msg = line.text
		}
		p.mu.Lock()
		p.lines = append(p.lines, line)
		p.mu.Unlock()
	}
}

func (p *process) stop() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("end sluice: %v", err)
	}
	<-p.done
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("sluice ended with %v", err)
	}
	for _, l := range p.log() {
		if p.t.Failed() || l.Msg == "event" {
			p.t.Log(l.text)
		}
	}
}

func (p *process) log() []logLine {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]logLine(nil), p.lines...)
}

// events are the events of a job with the given reason, since a time.
func (p *process) events(job, reason string, since time.Time) []logLine {
	var found []logLine
	for _, l := range p.log() {
		if l.Msg == "event" && l.Job == job && l.Reason == reason && l.Time.After(since) {
			found = append(found, l)
		}
	}
	return found
}

// recorded are the decisions of the file so far.
func (p *process) recorded() []decisions.Entry {
	p.t.Helper()
	file, err := os.Open(p.decisions)
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	var entries []decisions.Entry
	for decoder := json.NewDecoder(file); ; {
		var e decisions.Entry
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return entries
		} else if err != nil {
			p.t.Fatal(err)
		}
		entries = append(entries, e)
	}
}

// eventually polls until the condition holds, and fails the test if it does not
// by then.
func eventually(t *testing.T, what string, within time.Duration, condition func() bool) {
	t.Helper()
	if !poll(t.Context(), within, condition) {
		t.Fatalf("not within %s: %s", within, what)
	}
}

func poll(ctx context.Context, within time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		if condition() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// throughout fails the test when the condition does not hold for the whole time.
func throughout(t *testing.T, what string, during time.Duration, condition func() bool) {
	t.Helper()
	if poll(t.Context(), during, func() bool { return !condition() }) {
		t.Fatalf("not for %s: %s", during, what)
	}
}

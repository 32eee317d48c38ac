package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

const twinFile = `
options: {execution.checkpointing.interval: 2 s, jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 1 s}
taskmanagers: [{count: 2, slots: 4}]
jobs:
  - name: orders
    vertices:
      - {name: orders, source: {partitions: 4, topic: orders}, cost: 0.1 ms, load: 1500}
      - {name: prices, cost: 1 ms, parallelism: 1, max-parallelism: 64, inputs: {orders: {exchange: hash}}}
`

// server is a command that serves, in this process.
type server struct {
	t       *testing.T
	address string
	cancel  context.CancelFunc
	ended   chan struct{}

	mu             sync.Mutex
	code           int
	stdout, stderr bytes.Buffer
}

var atAddress = regexp.MustCompile(`http://[0-9.:]+`)

// startServer runs a command and waits until it has said where it listens.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{t: t, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		code := execute(ctx, args, s.writer(&s.stdout), s.writer(&s.stderr))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.code = code
	}()
	t.Cleanup(func() { s.end() })
	eventually(t, "it says where it listens", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.address = atAddress.FindString(s.stdout.String())
		select {
		case <-s.ended:
			t.Fatalf("it has ended: %s", s.stderr.String())
		default:
		}
		return s.address != ""
	})
	return s
}

// end interrupts the command.
func (s *server) end() ran {
	s.cancel()
	<-s.ended
	http.DefaultClient.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	return ran{s.code, s.stdout.String(), s.stderr.String()}
}

type lockedWriter struct {
	*sync.Mutex
	io.Writer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.Writer.Write(p)
}

func (s *server) writer(to io.Writer) io.Writer { return lockedWriter{&s.mu, to} }

func (s *server) do(r *http.Request) string {
	s.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// The command, as a process of its own, watches a twin as it watches Flink: it sees
// that 1500 records/s of 1 ms are too much for one subtask, and rescales.
func TestRunRescalesATwin(t *testing.T) {
	t.Parallel()
	twin := startServer(t, "twin", "--config", file(t, "twin.yaml", twinFile), "--listen", "127.0.0.1:0", "--speed", "10")
	sluice := runSluice(t, "--flink", twin.address)
	eventually(t, "the vertex runs at 2 or more", func() bool {
		return regexp.MustCompile(`"name":"prices","parallelism":([2-9])`).MatchString(twin.get("/twin/v1/state"))
	})
	if code := sluice.terminate(); code != exitDone {
		t.Errorf("sluice run ends with %d", code)
	}
	if got := twin.end(); got.code != exitDone || got.stderr != "" {
		t.Errorf("the twin ends so: %+v", got)
	}
}

func TestTwinFollowsAScenario(t *testing.T) {
	t.Parallel()
	twin := startServer(t, "twin", "--config", file(t, "twin.yaml", twinFile), "--listen", ":0", "--speed", "max",
		"--scenario", file(t, "day.yaml", "duration: 1 h\nloads: {orders: 3}\nevents: [{at: 1 min, kill: tm-2}]\n"))
	if !strings.HasPrefix(twin.address, "http://127.0.0.1:") {
		t.Errorf("without a host it listens at %s", twin.address)
	}
	eventually(t, "the TaskManager is lost", func() bool { return strings.Contains(twin.get("/twin/v1/state"), `"state":"gone"`) })
}

func TestTwinSaysWhatIsWrongWithItsFiles(t *testing.T) {
	right, wrong := file(t, "twin.yaml", twinFile), file(t, "wrong.yaml", "flink: 2.3\njobs:\n- nam: a\n")
	got := runCommand(t, "twin", "--config", wrong)
	if got.code != exitUsage || !strings.Contains(got.stderr, wrong+`:3: a job: unknown key "nam"`) {
		t.Errorf("%+v", got)
	}
	day := file(t, "day.yaml", "duration: 1 h\nloads: {clicks: 3}\n")
	onLine(t, exitUsage, runCommand(t, "twin", "--config", right, "--scenario", day), "--scenario", day, "clicks")
}

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func cancelable(t *testing.T) (context.Context, context.CancelCauseFunc) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	return ctx, cancel
}

// endless is a standard input to which nobody types.
type endless struct{ done chan struct{} }

func (e endless) Read([]byte) (int, error) {
	<-e.done
	return 0, io.EOF
}

// elsewhere are command lines that ask no server.
var elsewhere = regexp.MustCompile(`^demo|--flink|--decisions|--data`)

// Whatever a command waits for, an interruption ends it at once and in a line.
func TestACommandThatWaitsIsInterrupted(t *testing.T) {
	stub := startStub(t)
	stub.set(func(s *stubbed) { s.silent = true })
	hung := startFlink(t, 50)
	hung.suffer(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	})
	for line, code := range map[string]int{
		"status":                            exitFailed,
		"history orders":                    exitFailed,
		"explain orders":                    exitFailed,
		"events":                            exitFailed,
		"pause orders":                      exitFailed,
		"resume --all":                      exitFailed,
		"rescale orders work=4":             exitFailed,
		"rescale orders work=4 --flink F":   exitFailed,
		"advise --now --flink F":            exitFailed,
		"advise --flink F":                  exitFailed,
		"explain orders --decisions -":      exitFailed,
		"state import --data D -":           exitFailed,
		"status --decisions -":              exitFailed,
		"demo --headless --speed 1 -o json": exitFailed,
		"status --watch":                    exitDone,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			input := endless{make(chan struct{})}
			defer close(input.done)
			args := strings.Fields(strings.NewReplacer("--flink F", "--flink "+hung.URL, "--data D", "--data "+t.TempDir()).Replace(line))
			if !elsewhere.MatchString(line) {
				args = append(args, "--server", stub.URL)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(300*time.Millisecond, cancel)
			var stdout, stderr bytes.Buffer
			began := time.Now()
			got := executeWith(ctx, args, input, &stdout, &stderr)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			if code == exitDone && (got != exitDone || stderr.Len() > 0) {
				t.Errorf("exit code %d: %s", got, &stderr)
			} else if code == exitFailed && (got != exitFailed || !strings.HasSuffix(stderr.String(), "sluice: interrupted\n") || strings.Count(stderr.String(), "\n") > 1) {
				t.Errorf("exit code %d: %s", got, &stderr)
			}
		})
	}
}

// A real signal ends a real process so.
func TestASignalEndsAProcessWithoutATrace(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	stub.set(func(s *stubbed) { s.silent = true })
	c := startCommand(t, nil, "history", "orders", "--server", stub.URL)
	eventually(t, "it asks", func() bool {
		stub.mu.Lock()
		defer stub.mu.Unlock()
		return len(stub.asked) > 0
	})
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := c.exitCode(); code != exitFailed || c.text() != "sluice: interrupted\n" {
		t.Errorf("exit code %d: %s", code, c.text())
	}
}

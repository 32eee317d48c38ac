package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/realflink"
)

func TestWrongUseIsToldFromFailure(t *testing.T) {
	t.Setenv("SLUICE_CACHE", t.TempDir())
	for _, c := range []struct {
		args  string
		wrong bool
		want  string
	}{
		{"", true, "usage"},
		{"sideways", true, "usage"},
		{"up --job sql", true, `"sql"`},
		{"up --taskmanager 2", true, "taskmanager"},
		{"up now", true, `"now"`},
		{"rate", true, "usage"},
		{"rate fast", true, `"fast"`},
		{"rate -5", true, `"-5"`},
		{"rate 5", false, "flinkup up starts one"},
		{"down", false, "flinkup up starts one"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), strings.Fields(c.args), &out)
		var wrong wrongUse
		if err == nil || errors.As(err, &wrong) != c.wrong || !strings.Contains(err.Error(), c.want) {
			t.Errorf("flinkup %s: %v", c.args, err)
		}
	}
}

func TestAProcessThatIsNotOursIsNotStopped(t *testing.T) {
	t.Setenv("SLUICE_CACHE", t.TempDir())
	s := state{Dir: t.TempDir(), Processes: map[string]int{"jobmanager": os.Getpid()}}
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	if s.running() {
		t.Fatal("the test's own process is taken for a JobManager")
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"down"}, &out); err != nil {
		t.Fatal(err)
	}
	if _, err := load(); !errors.Is(err, errNone) {
		t.Errorf("the cluster is remembered: %v", err)
	}
}

func TestUpRateAndDown(t *testing.T) {
	realflink.RequireReal(t)
	ownStateFile(t)
	flinkup := func(want string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := run(t.Context(), args, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Fatalf("flinkup %v: %v: %s", args, err, &out)
		}
	}
	flinkup("Flink runs at http://127.0.0.1:", "up", "--taskmanagers", "1", "--job", "load")
	s, err := load()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.stop() })
	if err := run(t.Context(), []string{"up"}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("a second one: %v", err)
	}
	flinkup("700 records/s", "rate", "700")
	flinkup("stopped "+s.URL, "down")
	if s.running() {
		t.Error("processes are left")
	}
}

// ownStateFile gives the test a cache of its own, in which only what was installed is that of all.
func ownStateFile(t *testing.T) {
	t.Helper()
	lib, err := realflink.Install(t.Context(), realflink.Flink23)
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	if err := os.Symlink(lib, filepath.Join(cache, filepath.Base(lib))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLUICE_CACHE", cache)
}

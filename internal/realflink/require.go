package realflink

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// RequireReal skips a test that needs real Flink where it cannot run: with -short, with SLUICE_REAL=off, and where Java,
// Python's pip or Maven are missing. In CI (CI=true) only -short skips: there a missing tool fails the test, and
// SLUICE_REAL=off is not heard.
func RequireReal(t testing.TB) {
	t.Helper()
	verdict, why := canRun(testing.Short(), os.Getenv("CI") == "true", os.Getenv("SLUICE_REAL"), toolsMissing)
	switch verdict {
	case skip:
		t.Skip(why)
	case fail:
		t.Fatal(why)
	}
}

type verdict int

const (
	run verdict = iota
	skip
	fail
)

func canRun(short, ci bool, choice string, missing func() error) (verdict, string) {
	if short {
		return skip, "needs real Flink: left out by -short"
	}
	if choice == "off" && !ci {
		return skip, "NOT TESTED against real Flink: left out by SLUICE_REAL=off"
	}
	err := missing()
	switch {
	case err == nil:
		return run, ""
	case ci:
		return fail, "real Flink must run in CI: " + err.Error()
	}
	return skip, "NOT TESTED against real Flink: " + err.Error()
}

// RequireFull does what RequireReal does, and leaves long tests to SLUICE_REAL=full.
func RequireFull(t testing.TB) {
	t.Helper()
	RequireReal(t)
	if os.Getenv("SLUICE_REAL") != "full" {
		t.Skip("a long test on real Flink: runs with SLUICE_REAL=full")
	}
}

func toolsMissing() error {
	var missing []string
	for _, tool := range []string{"java", "javac", "jar", "mvn", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) == 0 && exec.Command("python3", "-m", "pip", "--version").Run() != nil {
		missing = append(missing, "pip for python3")
	}
	if len(missing) > 0 {
		return fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
	}
	return nil
}

// New starts a cluster that ends with the test. If the test has failed by then, the end of each log goes to the test's
// output and the folder stays.
func New(t testing.TB, config ClusterConfig) *Cluster {
	t.Helper()
	RequireReal(t)
	c, err := Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			c.tellLogs(t)
			c.kill()
			return
		}
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// NewKafka starts a broker that ends with the test.
func NewKafka(t testing.TB) *Kafka {
	t.Helper()
	RequireReal(t)
	k, err := StartKafka(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("broker: %s", tail(k.broker.log, 20))
		}
		if err := k.Stop(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func (c *Cluster) tellLogs(t testing.TB) {
	t.Helper()
	t.Logf("Flink's folder is kept: %s", c.dir)
	logs, _ := filepath.Glob(filepath.Join(c.dir, "log", "*.log"))
	for _, log := range logs {
		t.Logf("%s: %s", filepath.Base(log), tail(log, 30))
	}
}

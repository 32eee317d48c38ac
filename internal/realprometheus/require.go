package realprometheus

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Require skips a test where Prometheus is not installed, or SLUICE_REAL=off. In CI
// (CI=true) a missing package fails the test, and SLUICE_REAL=off is not heard.
func Require(t testing.TB) {
	t.Helper()
	ci := os.Getenv("CI") == "true"
	if os.Getenv("SLUICE_REAL") == "off" && !ci {
		t.Skip("NOT TESTED with a real Prometheus: left out by SLUICE_REAL=off")
	}
	err := missing()
	switch {
	case err != nil && ci:
		t.Fatalf("a real Prometheus must run in CI: %v", err)
	case err != nil:
		t.Skipf("NOT TESTED with a real Prometheus: %v", err)
	}
}

func missing() error {
	for _, name := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is not installed (Debian: apt-get install prometheus)", name)
		}
	}
	return nil
}

// CheckRules has promtool check files of rules.
func CheckRules(t testing.TB, files ...string) {
	t.Helper()
	Require(t)
	if out, err := exec.Command("promtool", append([]string{"check", "rules"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

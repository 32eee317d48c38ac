package realdb

import (
	"os"
	"testing"
)

// require skips a test that needs a server where it cannot run: with
// SLUICE_REAL=off and where the packages are missing. In CI (CI=true) a missing
// package fails the test, and SLUICE_REAL=off is not heard.
func require(t testing.TB, k *kind) {
	t.Helper()
	verdict, why := canRun(os.Getenv("CI") == "true", os.Getenv("SLUICE_REAL"), k.missing)
	switch verdict {
	case skip:
		t.Skipf("NOT TESTED against a real %s: %s", k.name, why)
	case fail:
		t.Fatalf("a real %s must run in CI: %s", k.name, why)
	}
}

type verdict int

const (
	run verdict = iota
	skip
	fail
)

func canRun(ci bool, choice string, missing func() error) (verdict, string) {
	if choice == "off" && !ci {
		return skip, "left out by SLUICE_REAL=off"
	}
	err := missing()
	switch {
	case err == nil:
		return run, ""
	case ci:
		return fail, err.Error()
	}
	return skip, err.Error()
}

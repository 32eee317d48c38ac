package dashboard

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/options"
)

// schemathesisVersion is that of the tool on PyPI (MIT), which reads the contract and
// tries the server with it, by other means than our own properties.
const schemathesisVersion = "4.32.5"

func TestAForeignReaderOfTheContractFindsNoFault(t *testing.T) {
	if testing.Short() {
		t.Skip("left to the full run")
	}
	tool := schemathesis(t)
	hand := &fakeHand{held: map[autoscaler.JobKey]Held{}}
	address := live(t, newDashboard(t, Config{Book: fourJobs(t), Hand: hand, Clusters: hand, Options: options.FromMap(nil), Version: "test"}))
	folder := t.TempDir()
	contract := filepath.Join(folder, "openapi.yaml")
	if err := os.WriteFile(contract, openAPI, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(ctx, tool, append([]string{
			"run", contract, "--url", "http://" + address + "/api/v1", "--seed", "1", "--checks", "all", "--warnings", "off",
			"--exclude-path", "/events/stream", // has no end
			"--max-examples", "50", "--request-timeout", "20", "--phases", "examples,coverage,fuzzing", "--continue-on-failure",
		}, args...)...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "NO_COLOR=1", "SCHEMATHESIS_HOOKS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("schemathesis: %v\n%.20000s", err, out)
		}
	}
	// What two values together must be, the contract says in words.
	together := []string{"/jobs/{cluster}/{job}/series", "/jobs/{cluster}/{job}/rescale", "/jobs"}
	var alone, rest []string
	for _, path := range together {
		alone, rest = append(alone, "--include-path", path), append(rest, "--exclude-path", path)
	}
	run(rest...)
	run(append(alone, "--exclude-checks", "positive_data_acceptance")...)
}

// noSchemathesis leaves the test out where the tool cannot be had. In CI and in the
// full run it fails.
func noSchemathesis(t *testing.T, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" || os.Getenv("SLUICE_REAL") == "full" {
		t.Fatalf("schemathesis cannot be had: %v", why)
	}
	t.Skipf("NOT TESTED with schemathesis: %v", why)
}

// schemathesis is the tool, installed on first use.
func schemathesis(t *testing.T) string {
	t.Helper()
	folder, err := realflink.CacheDir()
	if err != nil {
		noSchemathesis(t, err)
	}
	folder = filepath.Join(folder, "schemathesis-"+schemathesisVersion)
	tool := filepath.Join(folder, "bin", "schemathesis")
	if exec.Command(tool, "--version").Run() == nil {
		return tool
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, args := range [][]string{
		{"python3", "-m", "venv", "--clear", folder},
		{filepath.Join(folder, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check", "schemathesis==" + schemathesisVersion},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			noSchemathesis(t, fmt.Errorf("%s: %w\n%.2000s", args[0], err, out))
		}
	}
	return tool
}

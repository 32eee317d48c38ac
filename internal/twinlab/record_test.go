package twinlab

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/internal/realflink"
)

var (
	record = flag.String("record", "", "run these scenarios on real clusters, NAME-VERSION,…, and keep what is seen in -into")
	into   = flag.String("into", "testdata", "where recordings go")
)

// TestRecord makes the recordings anew that the flag names.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("records only with -record")
	}
	realflink.RequireReal(t)
	dir := t.TempDir()
	sluice := filepath.Join(dir, "sluice")
	if out, err := exec.Command("go", "build", "-o", sluice, "../../cmd/sluice").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder, err := filepath.Abs(*into)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	wanted := strings.Split(*record, ",")
	for _, s := range Scenarios() {
		name := s.ID()
		if s.Length == 0 || !slices.Contains(wanted, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := Perform(t.Context(), s, sluice, folder); err != nil {
				t.Error(err)
			}
		})
	}
}

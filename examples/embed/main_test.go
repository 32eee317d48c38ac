package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/state/statetest"
)

var update = flag.Bool("update", false, "write the golden output anew")

func TestOutput(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/output.txt"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStoreConforms(t *testing.T) {
	statetest.Run(t, func(t *testing.T) autoscaler.StateStore {
		s, err := newStore().open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// What an embedding program compiles: the standard library, Sluice's own middle,
// and the YAML parser that options brings. No SDK, no driver, no adapter.
func TestEmbeddingCompilesNothingHeavy(t *testing.T) {
	const ours = "github.com/sluice-project/sluice/"
	allowed := map[string][]string{
		ours + "scaling":        {ours + "scaling"},
		ours + "autoscaler":     {ours + "autoscaler", ours + "scaling", ours + "options", ours + "flink", "github.com/goccy/go-yaml"},
		ours + "examples/embed": {ours + "examples/embed", ours + "autoscaler", ours + "scaling", ours + "options", ours + "flink", "github.com/goccy/go-yaml"},
	}
	for pkg, prefixes := range allowed {
		for _, dep := range dependencies(t, pkg) {
			if !under(dep, prefixes) {
				t.Errorf("%s compiles %s", pkg, dep)
			}
		}
	}
}

// dependencies are the packages outside of the standard library.
func dependencies(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) == 0 {
		t.Fatalf("%s is not even its own dependency", pkg)
	}
	return deps
}

func under(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

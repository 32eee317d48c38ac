package workloads

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the tables of the page anew")

const page = "../../docs/measured/workloads.md"

// inFull leaves what follows to the full suite.
func inFull(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("virtual days take minutes")
	}
}

// hold compares a part of the page with what it has to be, or writes it.
func hold(t *testing.T, part, want string) {
	t.Helper()
	whole, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+part+": generated -->\n", "<!-- end of "+part+" -->\n"
	before, rest, opened := strings.Cut(string(whole), begin)
	got, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("%s lacks %q or %q", page, begin, end)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s, %s (-written +found; go test ./internal/workloads -update writes it anew)\n%s", page, part, diff)
	}
}

func TestSpansAreFromTheLeastToTheMost(t *testing.T) {
	got := figuresTable([]Row{
		{"one", []Figures{{432, 0, 0.0035, 73e3}}},
		{"three", []Figures{{300, 12, 0.1, 5e5}, {301, 12, 0.05, 4e5}, {299.6, 12, 0.07, 4e5}}},
	})
	const want = "| | TaskManager-hours | rescales | later than 5 s | p99 lag, thousand records |\n|---|---|---|---|---|\n" +
		"| one | 432 | 0 | 0.35 % | 73 |\n| three | 300 to 301 | 12 | 5.00 to 10.00 % | 400 to 500 |\n"
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
}

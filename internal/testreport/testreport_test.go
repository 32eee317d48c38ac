package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/sluice-project/sluice"

// stream makes events as go test prints them from lines "ACTION PKG [TEST] [>OUTPUT]".
func stream(lines ...string) string {
	var out strings.Builder
	for _, line := range lines {
		head, output, _ := strings.Cut(line, " >")
		words := append(strings.Fields(head), "", "")
		e := `{"Action":"` + words[0] + `","Package":"` + module + "/" + words[1] + `","Elapsed":1.5`
		if words[2] != "" {
			e += `,"Test":"` + words[2] + `"`
		}
		if output != "" {
			e += `,"Output":"` + output + `\n"`
		}
		out.WriteString(e + "}\n")
	}
	return out.String()
}

// saved writes runs to files and returns their names.
func saved(t *testing.T, runs ...string) []string {
	t.Helper()
	var names []string
	for i, run := range runs {
		name := filepath.Join(t.TempDir(), string(rune('a'+i))+".json")
		if err := os.WriteFile(name, []byte(run), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

func TestCount(t *testing.T) {
	tests := []struct {
		name string
		runs []string
		want string // the printed lines
	}{
		{
			"a test with subtests counts by its subtests",
			[]string{stream("pass a T/one", "pass a T/two", "pass a T", "pass a U", "pass a")},
			"3 passed, 0 failed, 0 skipped\n",
		},
		{
			"a failed subtest is one failure, not its parents too",
			[]string{stream("pass a T/one", "fail a T/two", "fail a T", "fail a")},
			"fail  a/T/two\n1 passed, 1 failed, 0 skipped\n",
		},
		{
			"a parent that fails by itself is a failure",
			[]string{stream("pass a T/one", "fail a T", "fail a")},
			"fail  a/T\n1 passed, 1 failed, 0 skipped\n",
		},
		{
			"a package that dies without a failed test is a failure",
			[]string{stream("pass a T", "fail a", "pass b T", "pass b")},
			"fail  a\n2 passed, 1 failed, 0 skipped\n",
		},
		{
			"a skip shows its reason",
			[]string{stream("output a T >    x_test.go:9: needs Java", "output a T >--- SKIP: T (0.00s)", "skip a T", "pass a U", "pass a")},
			"skip  a/T: x_test.go:9: needs Java\n1 passed, 0 failed, 1 skipped\n",
		},
		{
			"a test skipped in one run and passed in another has passed",
			[]string{stream("pass a T", "pass a"), stream("skip a T", "pass a")},
			"1 passed, 0 failed, 0 skipped\n",
		},
		{
			"a package without tests counts for nothing",
			[]string{stream("skip a")},
			"0 passed, 0 failed, 0 skipped\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if err := run(append([]string{"count"}, saved(t, tt.runs...)...), nil, &out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("printed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShow(t *testing.T) {
	tests := []struct {
		name  string
		flags []string
		in    string
		want  string
		err   string
	}{
		{
			"passing tests are silent, packages close with their ordinary line",
			nil,
			stream("run a T", "output a T >=== RUN T", "output a T >noise", "pass a T", "output a >PASS", "output a >ok a 0.1s", "pass a"),
			"ok a 0.1s\n", "",
		},
		{
			"the output of a failed test is shown, that of its passing neighbour not",
			nil,
			stream("output a T >why", "output a U >noise", "pass a U", "fail a T", "output a >FAIL a 0.1s", "fail a"),
			"why\nFAIL a 0.1s\n", "1 of 2 tests failed",
		},
		{
			"a process that dies shows what its unended tests printed",
			nil,
			stream("run a T", "output a T >panic: oh", "output a >FAIL a 0.1s", "fail a"),
			"FAIL a 0.1s\npanic: oh\n", "1 of 1 tests failed",
		},
		{
			"what does not build is shown and fails",
			nil,
			"# a\na.go:1: syntax error\n" + stream("output a >FAIL a [build failed]", "fail a"),
			"# a\na.go:1: syntax error\nFAIL a [build failed]\n", "1 of 1 tests failed",
		},
		{
			"each test is told as it ends, subtests are not",
			[]string{"-each"},
			stream(
				"output a T >=== RUN T", "output a T >noise", "output a T/one >    --- PASS: T/one", "pass a T/one",
				"output a T >--- PASS: T", "pass a T",
				"output a U >=== RUN U", "output a U >    x_test.go:9: needs Java", "output a U >--- SKIP: U", "skip a U", "pass a"),
			"--- PASS: T\n    x_test.go:9: needs Java\n--- SKIP: U\n", "",
		},
		{"an empty stream fails", nil, "", "", "no test ran"},
		{"a run in which all was skipped fails", nil, stream("skip a T", "pass a"), "", "no test ran"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kept := filepath.Join(t.TempDir(), "kept.json")
			var out strings.Builder
			args := append([]string{"show", "-save", kept}, tt.flags...)
			err := run(args, strings.NewReader(tt.in), &out)
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("printed (-want +got):\n%s", diff)
			}
			wantError(t, err, tt.err)
			if data, err := os.ReadFile(kept); err != nil || string(data) != tt.in {
				t.Errorf("kept %q, %v, want the events as they came", data, err)
			}
		})
	}
}

func TestPage(t *testing.T) {
	events := saved(t,
		stream("pass a T/x|y", "pass a T", "pass a", "fail b V", "fail b"),
		stream("output e2e U >x_test.go:9: needs Java", "skip e2e U", "pass e2e"))
	stages := filepath.Join(t.TempDir(), "stages")
	if err := os.WriteFile(stages, []byte("unit\tok\t12\nreal\tFAILED\t340\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(append([]string{"page", "-stages", stages, "-build", "Commit 3f9c."}, events...), nil, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n**1 passed, 1 failed, 1 skipped.**\n",
		" CPUs. Commit 3f9c.\n",
		"\n| unit | ok | 12 |\n| real | FAILED | 340 |\n",
		"\n| a | 1 | 0 | 0 | 1.5 |\n| b | 0 | 1 | 0 | 1.5 |\n| e2e | 0 | 0 | 1 | 1.5 |\n",
		"\n| T/x\\|y | a | pass | 1.5 |\n",
		"\n## Failed\n\n- b/V\n",
		"\n## Skipped\n\n- e2e/U: x_test.go:9: needs Java\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func TestOfTwoRunsOfATestTheLongerCounts(t *testing.T) {
	id := testID{"a", "T"}
	for _, order := range [][]float64{{1, 60}, {60, 1}} {
		r := newResults()
		for _, seconds := range order {
			r.end(result{testID: id, outcome: passed, seconds: seconds})
		}
		if got := r.byID[id].seconds; got != 60 {
			t.Errorf("runs of %v s: %v s counts, want the longer", order, got)
		}
	}
}

func TestPageRefusesATornStageTable(t *testing.T) {
	_, err := readStages(strings.NewReader("unit\tok\n"))
	wantError(t, err, "want name, outcome and seconds")
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{nil, {"sing"}} {
		wantError(t, run(args, nil, nil), "use: testreport")
	}
}

// wantError checks that err says text, or is nil where text is empty.
func wantError(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case text == "" && err != nil:
		t.Errorf("error %v, want none", err)
	case text != "" && (err == nil || !strings.Contains(err.Error(), text)):
		t.Errorf("error %v, want one that says %q", err, text)
	}
}

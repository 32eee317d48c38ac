package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module makes a module of these files the current directory.
func module(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	t.Chdir(dir)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mutantsOf(t *testing.T, text string) (changes []string, woven []string) {
	t.Helper()
	module(t, map[string]string{"a/a.go": text})
	packages, err := load(t.Context(), []string{"./a"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := mutate(packages)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.mutants {
		changes = append(changes, strings.ReplaceAll(strings.TrimPrefix(m.change(), "f: "), "`", ""))
	}
	for _, v := range []variant{choosing(), recording(len(p.mutants))} {
		for _, text := range p.sources(v) {
			woven = append(woven, text)
		}
	}
	return changes, woven
}

func TestEachOperatorMakesItsMutants(t *testing.T) {
	tests := []struct {
		name, code string
		want       []string
	}{
		{"a comparison", "func f(a, b int) bool { return a < b }", []string{"a < b → a <= b", "a < b → a >= b"}},
		{"equality", "func f(a, b string) bool { return a == b }", []string{"a == b → a != b"}},
		{"a sum", "func f(a, b float64) float64 { return a + b }", []string{"a + b → a - b", "a + b → a", "a + b → b"}},
		{"a difference", "func f(a, b int) int { return a - b }", []string{"a - b → a + b", "a - b → a", "a - b → -b"}},
		{"a quotient", "func f(a, b int) int { return a / b }", []string{"a / b → a * b", "a / b → a"}},
		{"logic keeps its grouping", "func f(a, b, c bool) bool { return a && (b || c) }", []string{
			"a && (b || c) → a || (b || c)", "a && (b || c) → a", "a && (b || c) → (b || c)", "b || c → b && c", "b || c → b", "b || c → c",
		}},
		{"a condition", "func f(a bool) int { if a { return 1 }; return 2 }", []string{"a → true", "a → false"}},
		{"a case", "func f(a bool) int { switch { case a: return 1 }; return 2 }", []string{"a → true", "a → false"}},
		{"the case of a tag is none", "func f(a int) int { switch a { case 1: return 1 }; return 2 }", nil},
		{"min and max", "func f(a, b int) int { return min(a, b) }", []string{"min(a, b) → max(a, b)", "min(a, b) → a", "min(a, b) → b"}},
		{"math.Max", "func f(a, b float64) float64 { return math.Max(a, b) }", []string{"math.Max(a, b) → math.Min(a, b)", "math.Max(a, b) → a", "math.Max(a, b) → b"}},
		{"rounding", "func f(a float64) float64 { return math.Ceil(a) }", []string{"math.Ceil(a) → math.Floor(a)", "math.Ceil(a) → a"}},
		{"signs", "func f(a int, b bool) (int, bool) { return -a, !b }", []string{"-a → a", "!b → b"}},
		{"truth", "func f() (int, bool) { return 1, true }", []string{"true → false"}},
		{"statements", "func f(a []int) { for i := range a { a[i] += 2; if i > 1 { break } ; g() } }", []string{
			"a[i] += 2 → deleted", "a[i] += 2 → a[i] -= 2", "i > 1 → i >= 1", "i > 1 → i <= 1", "i > 1 → true", "i > 1 → false", "break → deleted", "g() → deleted",
		}},
		{"steps", "func f(a *int) { *a++ }", []string{"*a++ → deleted", "*a++ → *a--"}},
		{"not the step of a loop", "func f() { for i := 0; i != 3; i++ { } }", []string{"i != 3 → i == 3"}},
		{"not a message", `func f(a string) string { return "no " + a }`, nil},
		{"not a constant", "func f() int { const c = 2 * 3; return c + 1 }", nil},
		{"not a capacity", "func f(n int) []int { return make([]int, n-1, n+1) }", []string{"n-1 → n + 1", "n-1 → n", "n-1 → -1"}},
		{"nothing that does not compile", "func f(n uint8, s uint64) uint64 { return s + 1<<n }", []string{
			"s + 1<<n → s - (1<<n)", "s + 1<<n → s", "s + 1<<n → (1<<n)", "1<<n → 1 >> n",
		}},
	}
	const rest = `
func g() {}
var _ = math.Pi
// Another returns what cannot be changed, so that no file is without a mutant.
func another(a bool) bool { return !a }
`
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := mutantsOf(t, "package a\n\nimport \"math\"\n\n"+tt.code+rest)
			if want := append(slices.Clone(tt.want), "another: !a → a"); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// counting is a package whose tests leave room for some faults.
func counting(t *testing.T) {
	module(t, map[string]string{
		"count/count.go": `package count

// UpTo counts the numbers from 0 that are below n and at most limit.
func UpTo(n, limit int) int {
	count := 0
	for i := 0; i < min(n, limit); i++ {
		count++
	}
	return count
}

// Unused is not tested.
func Unused(a bool) bool { return !a }

// Wait ends at once.
func Wait(a bool) {
	for a {
		a = false
	}
}
`,
		"count/count_test.go": `package count

import "testing"

func TestUpTo(t *testing.T) {
	if n := UpTo(3, 5); n != 3 {
		t.Error(n)
	}
}

func TestWait(t *testing.T) { Wait(true) }
`,
		"other/other_test.go": `package other

import (
	"testing"

	"example/count"
)

func TestUnused(t *testing.T) {
	if count.Unused(true) {
		t.Error("true")
	}
}
`,
	})
}

func TestAFaultThatNoTestNoticesSurvives(t *testing.T) {
	counting(t)
	before, err := os.ReadFile("count/count.go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "page.md", "old\n"+endOfGenerated+"- count/count.go `UpTo`: see UpTo: `min(n, limit)` → `n`: nobody minds.\n")
	args := []string{"-then", "./other", "-patience", "1s", "-results", "results", "-page", "page.md", "./count"}
	var out strings.Builder
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err, out.String())
	}
	// What hangs is killed too; what only the tests of the other package see as well.
	for _, want := range []string{
		"survived: count/count.go:6 UpTo: `min(n, limit)` → `n`\n",
		"mutants: 9 killed of 10 (90.0 %), 2 of them by a timeout\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	page := read(t, "page.md")
	for _, want := range []string{"9 killed of 10", "| count/count.go | 10 | 9 | 1 |", "1 survive; 1 of them are explained below.", "nobody minds"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page\n%s", want, page)
		}
	}
	if after := read(t, "count/count.go"); after != string(before) {
		t.Error("the mutated file was changed")
	}

	// With a better test only the survivor is looked at, and then a minimum holds.
	if err := run(t.Context(), append([]string{"-minimum", "95"}, args...), &out); err == nil || !strings.Contains(err.Error(), "90.0 %") {
		t.Errorf("below the minimum: %v", err)
	}
	tests := read(t, "count/count_test.go")
	write(t, "count/count_test.go", strings.ReplaceAll(tests, "UpTo(3, 5)", "UpTo(7, 3)")+"\nfunc TestMore(t *testing.T) { TestUpTo(t); if UpTo(3, 5) != 3 { t.Error(5) } }\n")
	out.Reset()
	if err := run(t.Context(), append([]string{"-minimum", "95"}, args...), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 mutants, 9 of them known", "10 killed of 10"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTestsThatFailWithoutAMutantAreNoMeasure(t *testing.T) {
	counting(t)
	write(t, "count/bad_test.go", "package count\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error(1) }\n")
	if err := run(t.Context(), []string{"./count"}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "TestBad of example/count fails without a mutant") {
		t.Errorf("got %v", err)
	}
}

func TestARunThatIsCutShortSaysSo(t *testing.T) {
	counting(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := run(ctx, []string{"./count"}, &strings.Builder{}); err == nil {
		t.Error("no error")
	}
}

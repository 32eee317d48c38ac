package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
)

// page is what a full run came to, as Markdown.
type page struct {
	build  string // commit and date of what was tested, one line
	stages []stage
	*results
}

// stage is one row of the table that scripts/test keeps.
type stage struct{ name, outcome, seconds string }

// readStages reads the rows: name, outcome and seconds, separated by tabs.
func readStages(r io.Reader) ([]stage, error) {
	var stages []stage
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != 3 {
			return nil, fmt.Errorf("read stages: want name, outcome and seconds in %q", lines.Text())
		}
		stages = append(stages, stage{cells[0], cells[1], cells[2]})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read stages: %w", err)
	}
	return stages, nil
}

// slowShown is how many of the slowest tests the page lists.
const slowShown = 25

// write renders the page.
func (p page) write(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprint(out, "# The full test run\n\nWritten by `make test-full`; do not edit.\n\n")
	fmt.Fprintf(out, "%s, %s/%s, %d CPUs. %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), p.build)
	total := p.total()
	fmt.Fprintf(out, "\n**%d passed, %d failed, %d skipped.**\n", total.passed, total.failed, total.skipped)
	p.writeStages(out)
	p.writePackages(out)
	p.writeSlowest(out)
	p.writeList(out, "Failed", failed)
	p.writeList(out, "Skipped", skipped)
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func (p page) writeStages(out *strings.Builder) {
	if len(p.stages) == 0 {
		return
	}
	out.WriteString("\n## Stages\n\n| stage | outcome | seconds |\n|---|---|---:|\n")
	for _, s := range p.stages {
		fmt.Fprintf(out, "| %s | %s | %s |\n", s.name, s.outcome, s.seconds)
	}
}

func (p page) writePackages(out *strings.Builder) {
	out.WriteString("\n## Packages\n\n| package | passed | failed | skipped | seconds |\n|---|---:|---:|---:|---:|\n")
	tests := p.tests()
	for len(tests) > 0 {
		pkg, c := tests[0].pkg, counts{}
		for len(tests) > 0 && tests[0].pkg == pkg {
			c.add(tests[0].outcome)
			tests = tests[1:]
		}
		seconds := p.byID[testID{pkg: pkg}].seconds
		fmt.Fprintf(out, "| %s | %d | %d | %d | %.1f |\n", shortPackage(pkg), c.passed, c.failed, c.skipped, seconds)
	}
}

func (p page) writeSlowest(out *strings.Builder) {
	slow := slices.DeleteFunc(p.tests(), func(t result) bool { return t.seconds < 1 || t.test == "" })
	if len(slow) == 0 {
		return
	}
	slices.SortStableFunc(slow, func(a, b result) int { return cmp.Compare(b.seconds, a.seconds) })
	out.WriteString("\n## The longest tests\n\n| test | package | outcome | seconds |\n|---|---|---|---:|\n")
	for _, t := range slow[:min(len(slow), slowShown)] {
		fmt.Fprintf(out, "| %s | %s | %s | %.1f |\n", cell(t.test), shortPackage(t.pkg), t.outcome, t.seconds)
	}
}

// writeList lists the tests that ended so, with the reason where one is known.
func (p page) writeList(out *strings.Builder, heading, outcome string) {
	list := slices.DeleteFunc(p.tests(), func(t result) bool { return t.outcome != outcome })
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n## %s\n\n", heading)
	for _, t := range list {
		fmt.Fprintf(out, "- %s%s\n", t.name(), t.because())
	}
}

// name is a test with its package, or the package where it failed as a whole.
func (t result) name() string {
	return path.Join(shortPackage(t.pkg), t.test)
}

// because is the reason of a skip, after a colon.
func (t result) because() string {
	if t.reason == "" {
		return ""
	}
	return ": " + t.reason
}

// shortPackage is an import path below the module's.
func shortPackage(pkg string) string {
	const module = "github.com/sluice-project/sluice"
	return cmp.Or(strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/"), ".")
}

// cell keeps a name from ending its table cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

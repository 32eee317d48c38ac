package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// printer shows a run while it goes on: the closing line of each package, and
// the output of what failed. With each, a line for each test as it ends too.
type printer struct {
	out     io.Writer
	each    bool
	pending map[testID][]string // output of tests that have not ended
}

func newPrinter(out io.Writer, each bool) *printer {
	return &printer{out: out, each: each, pending: map[testID][]string{}}
}

// add shows what there is to show of one event.
func (p *printer) add(e event) {
	id := testID{e.Package, e.Test}
	switch {
	case e.Action == "build-output":
		p.print(e.Output)
	case e.Action == "output" && e.Test == "":
		p.packageLine(e.Output)
	case e.Action == "output" && !strings.HasPrefix(e.Output, "=== "):
		p.pending[id] = append(p.pending[id], e.Output)
	case e.Test != "" && strength[e.Action] > 0:
		p.testEnds(id, e)
	case e.Action == failed:
		p.packageFails(e.Package)
	}
}

// packageLine shows what a package's process printed outside its tests, less
// the line that the closing line repeats.
func (p *printer) packageLine(line string) {
	if line != "PASS\n" && !strings.HasPrefix(line, "testing: warning: no tests to run") {
		p.print(line)
	}
}

// testEnds shows the output of a failed test and forgets that of the others.
// With each, a skip is shown with its reason and a pass by its closing line.
func (p *printer) testEnds(id testID, e event) {
	lines := p.pending[id]
	delete(p.pending, id)
	top := !strings.Contains(id.test, "/")
	switch {
	case e.Action == failed || p.each && top && e.Action == skipped:
		p.print(lines...)
	case p.each && top && len(lines) > 0:
		p.print(lines[len(lines)-1])
	}
}

// packageFails shows what the tests printed that the package's death left unended.
func (p *printer) packageFails(pkg string) {
	var unended []testID
	for id := range p.pending {
		if id.pkg == pkg {
			unended = append(unended, id)
		}
	}
	slices.SortFunc(unended, compareIDs)
	for _, id := range unended {
		p.print(p.pending[id]...)
		delete(p.pending, id)
	}
}

// print writes lines. The report is a stream for people: a reader that left is no
// reason to stop the tests.
func (p *printer) print(lines ...string) {
	for _, line := range lines {
		fmt.Fprint(p.out, line)
	}
}

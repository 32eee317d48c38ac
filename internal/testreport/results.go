package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// The outcomes of a test, from the weakest to the strongest: a test that ran in
// one stage and was skipped in another has run.
const (
	skipped = "skip"
	passed  = "pass"
	failed  = "fail"
)

var strength = map[string]int{skipped: 1, passed: 2, failed: 3}

// testID names a test within a run.
type testID struct{ pkg, test string }

// result is how one test, or one package (test == ""), ended.
type result struct {
	testID
	outcome string
	seconds float64
	reason  string // of a skip: the last line the test printed
}

// results gathers how the tests of one or several runs ended.
type results struct {
	byID     map[testID]result
	lastLine map[testID]string
}

func newResults() *results {
	return &results{byID: map[testID]result{}, lastLine: map[testID]string{}}
}

// add takes one event into account.
func (r *results) add(e event) {
	id := testID{e.Package, e.Test}
	switch e.Action {
	case "output":
		if text := strings.TrimSpace(e.Output); text != "" && !isFrame(text) {
			r.lastLine[id] = text
		}
	case passed, failed, skipped:
		end := result{testID: id, outcome: e.Action, seconds: e.Elapsed}
		if e.Action == skipped {
			end.reason = r.lastLine[id]
		}
		r.end(end)
	}
}

// end keeps the strongest outcome that a test had, and of equals the longest.
func (r *results) end(end result) {
	before := r.byID[end.testID]
	stronger := cmp.Compare(strength[end.outcome], strength[before.outcome])
	if stronger > 0 || stronger == 0 && end.seconds >= before.seconds {
		r.byID[end.testID] = end
	}
}

// isFrame tells the lines that the testing package prints around a test's own.
func isFrame(line string) bool {
	return strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
}

// counts is how many tests ended in which way.
type counts struct{ passed, failed, skipped int }

func (c *counts) add(outcome string) {
	switch outcome {
	case passed:
		c.passed++
	case failed:
		c.failed++
	case skipped:
		c.skipped++
	}
}

// tests lists what counts as one test, by package and name: each test without
// subtests, and each that failed with no failed subtest. A package that
// failed with no failed test, since it did not build or its process died, is one too.
func (r *results) tests() []result {
	parents, guilty := map[testID]bool{}, map[testID]bool{}
	for id, end := range r.byID {
		for up, ok := parent(id); ok; up, ok = parent(up) {
			parents[up] = parents[up] || up.test != ""
			guilty[up] = guilty[up] || end.outcome == failed
		}
	}
	var list []result
	for _, id := range slices.SortedFunc(maps.Keys(r.byID), compareIDs) {
		end := r.byID[id]
		innocent := end.outcome != failed || guilty[id]
		if innocent && (id.test == "" || parents[id]) {
			continue
		}
		list = append(list, end)
	}
	return list
}

// total counts the tests.
func (r *results) total() counts {
	var c counts
	for _, t := range r.tests() {
		c.add(t.outcome)
	}
	return c
}

// parent is the test that id is a subtest of, or its package.
func parent(id testID) (testID, bool) {
	if id.test == "" {
		return testID{}, false
	}
	cut := strings.LastIndex(id.test, "/")
	return testID{id.pkg, id.test[:max(cut, 0)]}, true
}

func compareIDs(a, b testID) int {
	return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.test, b.test))
}

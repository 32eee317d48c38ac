package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// results keeps outcomes in a file, so that a run that was cut short goes on
// where it stood, and one with better tests looks at the survivors only. That a
// mutant is killed counts as long as the mutated file is the same, that it
// survives as long as the tests are too.
type results struct {
	file  *os.File
	tests string
	known map[string]result
}

type result struct {
	Key     string  `json:"key"`
	Outcome outcome `json:"outcome"`
	By      string  `json:"by,omitempty"`
	// Tests stands for the state of the tests.
	Tests string `json:"tests"`
}

// openResults opens the file; without a path nothing is kept.
func openResults(path, tests string) (*results, error) {
	r := &results{known: map[string]result{}, tests: tests}
	if path == "" {
		return r, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("keep outcomes: %w", err)
	}
	r.file = file
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one result
		if json.Unmarshal(lines.Bytes(), &one) == nil { // the last line may be cut short
			r.known[one.Key] = one
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the outcomes in %s: %w", path, err)
	}
	return r, nil
}

// recall fills in what is known and gives the rest.
func (r *results) recall(mutants []*mutant) (rest []*mutant) {
	for _, m := range mutants {
		if one, ok := r.known[m.key]; ok && (one.Outcome != survived || one.Tests == r.tests) {
			m.Outcome, m.By = one.Outcome, one.By
			continue
		}
		rest = append(rest, m)
	}
	return rest
}

func (r *results) add(m *mutant) error {
	if r.file == nil {
		return nil
	}
	line, err := json.Marshal(result{Key: m.key, Outcome: m.Outcome, By: m.By, Tests: r.tests})
	if err != nil {
		return err
	}
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("keep an outcome: %w", err)
	}
	return nil
}

func (r *results) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// outcome is what became of a mutant.
type outcome string

const (
	killed   outcome = "killed"
	timedOut outcome = "timed out"
	survived outcome = "survived"
)

// test finds the outcome of each of the chosen mutants.
func test(ctx context.Context, s settings, p *program, chosen []*mutant, out io.Writer) (err error) {
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	b, err := newBuilder(scratch, p, s)
	if err != nil {
		return err
	}
	chains, err := b.chains(ctx, p.packages, s.then)
	if err != nil {
		return err
	}
	tests, err := sumOfTests(chains, s.skip)
	if err != nil {
		return err
	}
	kept, err := openResults(s.results, tests)
	if err != nil {
		return err
	}
	todo := kept.recall(chosen)
	fmt.Fprintf(out, "%d mutants, %d of them known\n", len(chosen), len(chosen)-len(todo))
	err = testAll(ctx, s.workers, todo, chains, func(m *mutant, done int) error {
		if done%100 == 0 {
			fmt.Fprintf(out, "%d of %d tested\n", done, len(todo))
		}
		return kept.add(m)
	})
	return errors.Join(err, kept.close())
}

// sumOfTests changes when a test does.
func sumOfTests(chains map[string][]*suite, skip string) (string, error) {
	sum := sha256.New()
	sum.Write([]byte(skip))
	for _, dir := range slices.Sorted(maps.Keys(chains)) {
		for _, s := range chains[dir] {
			files, err := filepath.Glob(filepath.Join(s.dir, "*_test.go"))
			if err != nil {
				return "", err
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					return "", err
				}
				sum.Write(text)
			}
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6]), nil
}

// testAll tests mutants a few at a time and reports each as it is done.
func testAll(ctx context.Context, workers int, mutants []*mutant, chains map[string][]*suite, report func(m *mutant, done int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next, done := make(chan *mutant), make(chan *mutant)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for m := range next {
				if err := m.test(ctx, chains[filepath.Dir(m.path)]); err != nil {
					stop(fmt.Errorf("test mutant %s: %w", m, err))
					return
				}
				done <- m
			}
		})
	}
	all.Go(func() {
		defer close(next)
		for _, m := range mutants {
			select {
			case next <- m:
			case <-ctx.Done():
				return
			}
		}
	})
	go func() {
		all.Wait()
		close(done)
	}()
	n := 0
	for m := range done {
		n++
		if err := report(m, n); err != nil {
			stop(err)
		}
	}
	return context.Cause(ctx)
}

// test tries one suite after the other.
func (m *mutant) test(ctx context.Context, chain []*suite) error {
	for _, s := range chain {
		got, err := s.try(ctx, m)
		if err != nil {
			return err
		}
		m.Outcome = got
		if got != survived {
			m.By = s.path
			return nil
		}
	}
	return nil
}

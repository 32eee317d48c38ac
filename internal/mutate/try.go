package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// quickly is the time that a test may take to be run before all slower ones.
const quickly = 100 * time.Millisecond

// try runs the tests that come to a mutant: first those that killed its
// neighbours, then the quick ones, then the slow ones
// one by one.
func (s *suite) try(ctx context.Context, m *mutant) (outcome, error) {
	var quick, slow []testCase
	for _, t := range s.tests {
		switch {
		case !t.reaches[m.ID]:
		case t.took <= quickly:
			quick = append(quick, t)
		default:
			slow = append(slow, t)
		}
	}
	if len(quick)+len(slow) == 0 {
		return survived, nil
	}
	slices.SortFunc(slow, func(a, b testCase) int { return cmp.Compare(a.took, b.took) })
	turns := append([][]testCase{s.killers.of(m), quick}, slices.Collect(slices.Chunk(slow, 1))...)
	for _, tests := range turns {
		if len(tests) == 0 {
			continue
		}
		limit := s.patience
		for _, t := range tests {
			limit += 10 * t.took
		}
		a, err := s.run(ctx, tests, limit, fmt.Sprintf("%s=%d", inUse, m.ID))
		if err != nil || a.outcome != survived {
			s.killers.add(m, a.failed)
			return a.outcome, err
		}
	}
	return survived, nil
}

// killers remembers by function which tests, or parts of them, killed its
// mutants last: what holds one line of a function in place often holds the next.
type killers struct {
	guard sync.Mutex
	last  map[string][]testCase
}

// few is how many of them are tried first.
const few = 4

func (k *killers) of(m *mutant) []testCase {
	k.guard.Lock()
	defer k.guard.Unlock()
	return slices.Clone(k.last[m.File+m.Func])
}

func (k *killers) add(m *mutant, name string) {
	if name == "" {
		return
	}
	k.guard.Lock()
	defer k.guard.Unlock()
	here := m.File + m.Func
	rest := slices.DeleteFunc(k.last[here], func(t testCase) bool { return t.name == name })
	rest = append([]testCase{{name: name, took: time.Second}}, rest...)
	k.last[here] = rest[:min(few, len(rest))]
}

package statetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// RunShared checks what a store promises that outlives its process and is shared
// by several. open returns two stores, as two processes would have them, over
// the same empty database.
func RunShared(t *testing.T, open func(t *testing.T) (a, b autoscaler.StateStore)) {
	t.Helper()
	k := key("a", "1")
	t.Run("what one process put, another reads", func(t *testing.T) {
		a, b := open(t)
		for _, n := range [...]int{3, 5, 1} {
			get(t, a, k)
			put(t, a, k, Example(n))
			equal(t, b, k, Example(n))
		}
		remove(t, a, k)
		equal(t, b, k, autoscaler.State{})
	})
	t.Run("of two that know the same state the second to write conflicts, reads, and may write", func(t *testing.T) {
		a, b := open(t)
		put(t, a, k, Example(1))
		get(t, b, k)
		put(t, a, k, Example(2))
		conflicts(t, b.Put(t.Context(), k, Example(3)))
		equal(t, a, k, Example(2))
		equal(t, b, k, Example(2))
		put(t, b, k, Example(3))
		conflicts(t, a.Put(t.Context(), k, Example(4)))
		equal(t, a, k, Example(3))
	})
	t.Run("who never read a job that is there conflicts", func(t *testing.T) {
		a, b := open(t)
		put(t, a, k, Example(1))
		conflicts(t, b.Put(t.Context(), k, Example(2)))
		equal(t, a, k, Example(1))
	})
	t.Run("who knows a job that was removed and begun anew conflicts", func(t *testing.T) {
		a, b := open(t)
		put(t, a, k, Example(1))
		get(t, b, k)
		remove(t, b, k)
		conflicts(t, a.Put(t.Context(), k, Example(2)))
		put(t, b, k, Example(3))
		put(t, b, k, Example(4))
		conflicts(t, a.Put(t.Context(), k, Example(2)))
		equal(t, a, k, Example(4))
	})
	t.Run("what another wrote since is not removed", func(t *testing.T) {
		a, b := open(t)
		put(t, a, k, Example(1))
		get(t, b, k)
		put(t, b, k, Example(2))
		conflicts(t, a.Remove(t.Context(), k))
		equal(t, a, k, Example(2))
		remove(t, a, k)
		equal(t, b, k, autoscaler.State{})
	})
	t.Run("of two that write at once one wins", func(t *testing.T) { race(t, open) })
	t.Run("a reader never sees half a pass", func(t *testing.T) { halves(t, open) })
}

// race lets both processes write what they read, again and again.
func race(t *testing.T, open func(t *testing.T) (a, b autoscaler.StateStore)) {
	a, b := open(t)
	k := key("a", "1")
	put(t, a, k, Example(1))
	for round := range 20 {
		get(t, a, k)
		get(t, b, k)
		var wg sync.WaitGroup
		var errs [2]error
		for i, s := range [...]autoscaler.StateStore{a, b} {
			wg.Go(func() { errs[i] = s.Put(t.Context(), k, Example(round+i)) })
		}
		wg.Wait()
		switch {
		case errs[0] == nil && errs[1] != nil:
			conflicts(t, errs[1])
			equal(t, b, k, Example(round))
		case errs[1] == nil && errs[0] != nil:
			conflicts(t, errs[0])
			equal(t, a, k, Example(round+1))
		default:
			t.Fatalf("round %d: of two writers one has to win: %v, %v", round, errs[0], errs[1])
		}
	}
}

// halves writes states in which everything is of one number, and reads them at
// the same time.
func halves(t *testing.T, open func(t *testing.T) (a, b autoscaler.StateStore)) {
	a, b := open(t)
	k := key("a", "1")
	put(t, a, k, whole(1))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 2; n < 40; n++ {
			put(t, a, k, whole(n))
		}
	}()
	for {
		s := get(t, b, k)
		if n := len(s.Window.Samples); n != s.Act.Want["v"] || n != s.Bounds["v"].Upper || n != len(s.Scaling.Tracking) {
			t.Fatalf("%d samples, %d wanted, bound %d, %d restarts: not of one pass", n, s.Act.Want["v"], s.Bounds["v"].Upper, len(s.Scaling.Tracking))
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func whole(n int) autoscaler.State {
	s := autoscaler.State{
		Act:    &autoscaler.Act{Decided: start, Want: scaling.Parallelism{"v": n}},
		Bounds: map[scaling.VertexID]autoscaler.Bound{"v": {Upper: n}},
	}
	for i := range n {
		at := start.Add(time.Duration(100*n+i) * time.Second)
		s.Scaling.Tracking = append(s.Scaling.Tracking, scaling.RestartRecord{At: at})
		s.Window.Samples = append(s.Window.Samples, scaling.Sample{At: at})
	}
	return s
}

func get(t *testing.T, s autoscaler.StateStore, k autoscaler.JobKey) autoscaler.State {
	t.Helper()
	state, err := s.Get(t.Context(), k)
	if err != nil {
		t.Errorf("get %s: %v", k, err)
	}
	return state
}

func remove(t *testing.T, s autoscaler.StateStore, k autoscaler.JobKey) {
	t.Helper()
	if err := s.Remove(t.Context(), k); err != nil {
		t.Errorf("remove %s: %v", k, err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Errorf("flush %s: %v", k, err)
	}
}

func conflicts(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, autoscaler.ErrStateConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

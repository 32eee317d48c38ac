package control

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// taken takes as many slots as the cluster gets at once.
func taken(s *slots, cluster int) int {
	n := 0
	for {
		if _, ok := s.try(cluster); !ok {
			return n
		}
		n++
	}
}

func TestOneClusterMayTakeAllSlots(t *testing.T) {
	if n := taken(newSlots(7, 1), 0); n != 7 {
		t.Errorf("%d slots taken of 7", n)
	}
}

func TestOneOfManyClustersLeavesRoomForTheOthers(t *testing.T) {
	s := newSlots(100, 3)
	if a, b, c := taken(s, 0), taken(s, 1), taken(s, 2); a != 80 || b != 16 || c != 4 {
		t.Errorf("greedy clusters take %d, %d and %d of 100 slots one after the other", a, b, c)
	}
	for range 80 {
		s.release(0)
	}
	if n := taken(s, 1); n < 40 {
		t.Errorf("a cluster takes only %d more when 80 come free", n)
	}
	if n := taken(newSlots(1, 3), 2); n != 1 {
		t.Error("the only slot cannot be taken")
	}
}

func TestASlotIsWaitedForUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1)
		taken(s, 0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(10*time.Second, func() { s.release(0) })
		start := time.Now()
		if !s.take(ctx, 0) || time.Since(start) != 10*time.Second {
			t.Errorf("not taken when it came free, after %s", time.Since(start))
		}
		if s.take(ctx, 0) || time.Since(start) != time.Minute {
			t.Errorf("taken, or not given up with the context, after %s", time.Since(start))
		}
	})
}

package control

import (
	"context"
	"sync"
)

// slots bounds how many passes run at once, over all clusters. One of several
// clusters may hold no more than share times what is then still free, so that
// one whose passes all hang leaves room for the others.
type slots struct {
	mu    sync.Mutex
	free  int
	held  []int         // by cluster
	freed chan struct{} // closed when a slot comes free
}

const share = 4

func newSlots(n, clusters int) *slots {
	return &slots{free: n, held: make([]int, clusters), freed: make(chan struct{})}
}

// take waits for a slot, and returns false when ctx ends first.
func (s *slots) take(ctx context.Context, cluster int) bool {
	for ctx.Err() == nil {
		freed, ok := s.try(cluster)
		if ok {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
		}
	}
	return false
}

// try takes a slot, or returns what is closed when it is worth another try.
func (s *slots) try(cluster int) (freed <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 || len(s.held) > 1 && s.held[cluster] >= share*s.free {
		return s.freed, false
	}
	s.free--
	s.held[cluster]++
	return nil, true
}

func (s *slots) release(cluster int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	s.held[cluster]--
	close(s.freed)
	s.freed = make(chan struct{})
}

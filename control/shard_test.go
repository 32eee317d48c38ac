package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// shard owns what a test says.
type shard struct {
	mu     sync.Mutex
	mine   map[string]bool
	others map[string]bool
	listed []string
	cancel map[string]context.CancelCauseFunc
	inside map[string]int
	given  []string
}

func newShard(mine ...string) *shard {
	s := &shard{mine: map[string]bool{}, others: map[string]bool{}, cancel: map[string]context.CancelCauseFunc{}, inside: map[string]int{}}
	for _, id := range mine {
		s.mine[id] = true
	}
	return s
}

func (s *shard) Listed(_ context.Context, cluster string, jobs []autoscaler.JobKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = append(s.listed, fmt.Sprint(cluster, jobs))
}

func (s *shard) Enter(ctx context.Context, job autoscaler.JobKey) (context.Context, func(), bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := job.String()
	if !s.mine[id] {
		return ctx, nil, false
	}
	ctx, s.cancel[id] = context.WithCancelCause(ctx)
	s.inside[id]++
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inside[id]--
	}, true
}

func (s *shard) Claim(ctx context.Context, job autoscaler.JobKey) (context.Context, func(), bool, error) {
	s.mu.Lock()
	if !s.others[job.String()] {
		s.mine[job.String()] = true
	}
	s.mu.Unlock()
	ctx, leave, ok := s.Enter(ctx, job)
	return ctx, leave, ok, nil
}

func (s *shard) Forgotten(_ context.Context, job autoscaler.JobKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.mine, job.String())
	s.given = append(s.given, job.String())
	return nil
}

// owns changes what is ours and what others have.
func (s *shard) owns(id string, mine, others bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mine[id], s.others[id] = mine, others
}

// open is how many pieces of work have begun and not ended.
func (s *shard) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, inside := range s.inside {
		n += inside
	}
	return n
}

func TestOnlyOurJobsGetAPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShard("a", "c")
		r := run(t, newScaler(), Config{Shard: sh}, &fetcher{name: "one", jobs: []string{"a", "b", "c"}})
		r.until(35 * time.Second)
		if r.count("a") != 4 || r.count("b") != 0 || r.count("c") != 4 {
			t.Errorf("passes: %d over a, %d over b, %d over c, want 4, 0 and 4", r.count("a"), r.count("b"), r.count("c"))
		}
		if s := r.looks("one")[1]; s.Jobs != 3 || s.OK != 2 || s.Elsewhere != 1 {
			t.Errorf("stats %+v", s)
		}
		if len(sh.listed) != 4 || sh.listed[0] != "one[a b c]" {
			t.Errorf("the shard was told %q", sh.listed)
		}
		if err := r.stop(); err != nil || sh.open() != 0 {
			t.Errorf("%d passes were not left, %v", sh.open(), err)
		}
	})
}

func TestAJobThatIsLostDuringItsPassIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh, s := newShard("a", "b"), newScaler()
		s.pass = func(ctx context.Context, id string) error {
			if id == "b" {
				return fmt.Errorf("put: %w", autoscaler.ErrNotOurs)
			}
			<-ctx.Done()
			return ctx.Err()
		}
		r := run(t, s, Config{Shard: sh}, &fetcher{name: "one", jobs: []string{"a", "b"}})
		r.until(5 * time.Second)
		sh.owns("a", false, true)
		sh.owns("b", false, true)
		sh.cancel["a"](autoscaler.ErrNotOurs)
		r.until(15 * time.Second)
		if s := r.looks("one")[0]; s.Failed != 0 || s.Elsewhere != 2 {
			t.Errorf("stats %+v, want both to be elsewhere", s)
		}
		if n := r.log.with("pass ended: the job is another process's now"); n != 2 || sh.open() != 0 {
			t.Errorf("said %d times, %d passes open", n, sh.open())
		}
	})
}

// A job that is gone is forgotten by who may, and by nobody before its owner has
// ended.
func TestAJobOfAnotherIsNotForgottenUntilThatOneHasDoneSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShard("a")
		sh.owns("b", false, true)
		f := &fetcher{name: "one", jobs: []string{"a", "b"}}
		r := run(t, newScaler(), Config{Shard: sh, GoneAfter: 20 * time.Second}, f)
		r.until(5 * time.Second)
		f.now()
		r.until(45 * time.Second)
		if got := r.forgotten(); got != "a" {
			t.Errorf("forgotten %q, want a alone", got)
		}
		sh.owns("b", false, false)
		r.until(55 * time.Second)
		if got := r.forgotten(); got != "a b" || !slices.Equal(sh.given, []string{"a", "b"}) {
			t.Errorf("forgotten %q, given up %q, want a and b", got, sh.given)
		}
		if sh.open() != 0 {
			t.Errorf("%d pieces of work were not left", sh.open())
		}
	})
}

func TestALeaseIsKeptUntilTheJobIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh, s := newShard("a"), newScaler()
		var fails atomic.Bool
		fails.Store(true)
		s.cleanup = func(string) error {
			if fails.Load() {
				return errors.New("the disk is full")
			}
			return nil
		}
		f := &fetcher{name: "one", jobs: []string{"a"}}
		r := run(t, s, Config{Shard: sh}, f)
		r.until(5 * time.Second)
		f.now()
		r.until(45 * time.Second)
		if len(sh.given) != 0 || sh.open() != 0 {
			t.Errorf("given up %q, open %d", sh.given, sh.open())
		}
		fails.Store(false)
		r.until(55 * time.Second)
		if !slices.Equal(sh.given, []string{"a"}) {
			t.Errorf("given up %q", sh.given)
		}
	})
}

func TestLateJobsOfOursAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh, s := newShard("a", "b"), newScaler()
		s.pass = func(ctx context.Context, _ string) error { return pause(ctx, 25*time.Second) }
		r := run(t, s, Config{Shard: sh, Parallelism: 1}, &fetcher{name: "one", jobs: []string{"a", "b"}})
		r.until(12 * time.Second)
		if n := sh.open(); n != 2 { // a at work, and the job whose turn is waited for
			t.Errorf("%d jobs entered", n)
		}
		if err := r.stop(); err != nil || sh.open() != 0 {
			t.Errorf("%d passes were not left, %v", sh.open(), err)
		}
	})
}

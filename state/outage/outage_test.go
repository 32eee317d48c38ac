package outage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/state/outage"
	"github.com/sluice-project/sluice/state/statetest"
)

var errDown = errors.New("down")

// database is a store that can be taken away.
type database struct {
	*memory.Store
	mu  sync.Mutex
	err error
	// full is what only writes fail with.
	full  error
	calls int
	// hang, if set, is waited for by each call.
	hang chan struct{}
}

func (d *database) call() error {
	d.mu.Lock()
	d.calls++
	hang := d.hang
	d.mu.Unlock()
	if hang != nil {
		<-hang
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *database) becomes(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.calls = err, 0
}

func (d *database) Get(ctx context.Context, k autoscaler.JobKey) (autoscaler.State, error) {
	if err := d.call(); err != nil {
		return autoscaler.State{}, err
	}
	return d.Store.Get(ctx, k)
}

func (d *database) Put(ctx context.Context, k autoscaler.JobKey, s autoscaler.State) error {
	if err := errors.Join(d.call(), d.full); err != nil {
		return err
	}
	return d.Store.Put(ctx, k, s)
}

func (d *database) Remove(ctx context.Context, k autoscaler.JobKey) error {
	if err := d.call(); err != nil {
		return err
	}
	return d.Store.Remove(ctx, k)
}

// scene is a store over a database, with a clock that stands still.
type scene struct {
	*outage.Store
	t      *testing.T
	db     *database
	mu     sync.Mutex
	now    time.Time
	events []string
}

func stage(t *testing.T, policy outage.Policy) *scene {
	t.Helper()
	s := &scene{t: t, db: &database{Store: memory.New()}, now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	s.Store, err = outage.New(outage.Config{
		Store: s.db, Policy: policy, Away: func(err error) bool { return errors.Is(err, errDown) },
		Tell: func(_ context.Context, e autoscaler.Event) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, fmt.Sprintf("%s: %s", e.Reason, e.Message))
			return nil
		},
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
		Rand: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *scene) told(want ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := len(want) == len(s.events)
	for i := range min(len(want), len(s.events)) {
		ok = ok && strings.HasPrefix(s.events[i], want[i])
	}
	if !ok {
		s.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(s.events, "\n  "), strings.Join(want, "\n  "))
	}
}

func key(n int) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "c", Job: flink.JobID([...]string{"a", "b", "c"}[n])}
}

func state(n int) autoscaler.State {
	return autoscaler.State{Overrides: scaling.Parallelism{"v": n}}
}

func (s *scene) get(k autoscaler.JobKey, want int) {
	s.t.Helper()
	got, err := s.Get(s.t.Context(), k)
	if err != nil || got.Overrides["v"] != want {
		s.t.Errorf("get %s: %d, %v; want %d", k, got.Overrides["v"], err, want)
	}
}

func (s *scene) put(k autoscaler.JobKey, n int) {
	s.t.Helper()
	if err := errors.Join(s.Put(s.t.Context(), k, state(n)), s.Flush(s.t.Context())); err != nil {
		s.t.Errorf("put %s: %v", k, err)
	}
}

func (s *scene) away(err error) {
	s.t.Helper()
	if !errors.Is(err, autoscaler.ErrStoreAway) {
		s.t.Errorf("got %v, want that the store is away", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestStoreConforms(t *testing.T) {
	for _, policy := range []outage.Policy{outage.Hold, outage.Continue} {
		statetest.Run(t, func(t *testing.T) autoscaler.StateStore { return stage(t, policy).Store })
	}
}

// A full disk, or a server that may only be read, answers every question.
func TestADatabaseThatTakesNoWritesIsAwayUntilItTakesOne(t *testing.T) {
	for _, policy := range []outage.Policy{outage.Hold, outage.Continue} {
		s := stage(t, policy)
		s.put(key(0), 1)
		s.get(key(0), 1)
		s.db.full = errDown
		for range 6 {
			s.get(key(0), 1)
			if err := s.Put(t.Context(), key(0), state(1)); policy == outage.Hold {
				s.away(err)
			}
			s.pass(40 * time.Second)
		}
		if len(s.events) != 1 || !strings.HasPrefix(s.events[0], "StateStoreUnavailable") {
			t.Errorf("while it takes no writes it was told %q; want one event", s.events)
		}
		s.db.full = nil
		s.put(key(0), 2)
		s.get(key(0), 2)
		if len(s.events) != 2 || !strings.HasPrefix(s.events[1], "StateStoreAvailable: the state store answers again after 4m0s") {
			t.Errorf("told %q; want that it is back after four minutes", s.events)
		}
	}
}

func TestAnOutageIsToldOnceAndNothingIsServedInIt(t *testing.T) {
	s := stage(t, outage.Hold)
	s.put(key(0), 1)
	s.db.becomes(errDown)
	for range 5 {
		s.away(second(s.Get(t.Context(), key(0))))
		s.away(s.Put(t.Context(), key(1), state(2)))
		s.away(s.Remove(t.Context(), key(0)))
		s.away(s.Flush(t.Context()))
	}
	s.told("StateStoreUnavailable: the state store does not answer, and nothing is scaled until it does: down")
	if s.db.calls != 1 {
		t.Errorf("the database was asked %d times", s.db.calls)
	}
	s.db.becomes(nil)
	s.away(second(s.Get(t.Context(), key(0)))) // its time has not come
	s.pass(time.Second)
	s.get(key(0), 1)
	s.told("StateStoreUnavailable", "StateStoreAvailable: the state store answers again after 1s")
}

func TestTriesBecomeRarerAndAreMadeOneAtATime(t *testing.T) {
	s := stage(t, outage.Hold)
	s.db.becomes(errDown)
	var asked []int
	for second := range 120 {
		before := s.db.calls
		for range 3 {
			s.away(s.Put(t.Context(), key(0), state(1)))
		}
		switch s.db.calls - before {
		case 0:
		case 1:
			asked = append(asked, second)
		default:
			t.Fatalf("asked %d times in second %d", s.db.calls-before, second)
		}
		s.pass(time.Second)
	}
	if want := []int{0, 1, 3, 7, 15, 31, 61, 91}; !slices.Equal(asked, want) {
		t.Errorf("asked in seconds %v, want %v", asked, want)
	}
	s.told("StateStoreUnavailable")
}

// While one call hangs in a database that does not answer, the others are told
// at once; and what hung when the outage began, and fails when it is over, begins
// none.
func TestNobodyWaitsForAProbeAndStragglersBeginNoOutage(t *testing.T) {
	s := stage(t, outage.Hold)
	hang := func() (release func(), wait func() error) {
		c, done := make(chan struct{}), make(chan error, 1)
		s.db.mu.Lock()
		s.db.hang = c
		calls := s.db.calls
		s.db.mu.Unlock()
		go func() { done <- s.Put(context.Background(), key(0), state(1)) }()
		for {
			s.db.mu.Lock()
			begun := s.db.calls > calls
			if begun {
				s.db.hang = nil
			}
			s.db.mu.Unlock()
			if begun {
				return func() { close(c) }, func() error { return <-done }
			}
		}
	}
	straggle, straggler := hang()
	s.db.becomes(errDown)
	s.away(second(s.Get(t.Context(), key(1))))
	s.pass(time.Minute)
	probe, probed := hang()
	asked := s.db.calls
	for range 10 {
		s.away(second(s.Get(t.Context(), key(1))))
	}
	if s.db.calls != asked {
		t.Errorf("the database was asked %d times beside the probe", s.db.calls-asked)
	}
	s.db.becomes(nil)
	probe()
	if err := probed(); err != nil {
		t.Fatal(err)
	}
	s.told("StateStoreUnavailable", "StateStoreAvailable: the state store answers again after 1m0s")
	s.db.becomes(errDown)
	straggle()
	s.away(straggler())
	s.db.becomes(nil)
	s.get(key(0), 1)
	s.told("StateStoreUnavailable", "StateStoreAvailable")
}

func TestContinueGoesOnFromMemoryAndWritesWhatLacks(t *testing.T) {
	s := stage(t, outage.Continue)
	s.put(key(0), 1)
	s.put(key(1), 1)
	s.db.becomes(errDown)
	s.put(key(0), 2)
	s.put(key(0), 3)
	s.get(key(0), 3)
	if err := s.Remove(t.Context(), key(1)); err != nil {
		t.Error(err)
	}
	s.get(key(1), 0)
	s.away(second(s.Get(t.Context(), key(2)))) // was never read: what the database holds is not known
	s.away(s.Put(t.Context(), key(2), state(9)))
	s.told("StateStoreUnavailable: the state store does not answer, and scaling goes on from memory, and is lost if this process ends before it does: down")
	s.db.becomes(nil)
	s.pass(time.Minute)
	s.get(key(0), 3)
	s.told("StateStoreUnavailable", "StateStoreAvailable: the state store answers again after 1m0s; what it lacks is written in the next passes (jobs: 1)")
	if got, _ := s.db.Store.Get(t.Context(), key(0)); got.Overrides["v"] != 3 {
		t.Errorf("the database has %v of the first job", got.Overrides)
	}
	s.get(key(1), 0)
	if got, _ := s.db.Store.Get(t.Context(), key(1)); got.Overrides != nil {
		t.Errorf("the removed job is in the database: %v", got.Overrides)
	}
}

func TestAtTheEndWhatLacksIsWritten(t *testing.T) {
	s := stage(t, outage.Continue)
	for n := range 3 {
		s.put(key(n), 1)
	}
	s.db.becomes(errDown)
	s.put(key(0), 2)
	s.put(key(2), 2)
	if err := s.Settle(t.Context()); err == nil || !strings.Contains(err.Error(), "the state of 2 jobs could not be written: down") {
		t.Errorf("settled without a database: %v", err)
	}
	s.db.becomes(nil)
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, want := range []int{2, 1, 2} {
		if got, _ := s.db.Store.Get(t.Context(), key(n)); got.Overrides["v"] != want {
			t.Errorf("job %d: %d in the database, want %d", n, got.Overrides["v"], want)
		}
	}
}

func TestWhatAnotherProcessWroteDuringTheOutageCounts(t *testing.T) {
	s := stage(t, outage.Continue)
	s.put(key(0), 1)
	s.db.becomes(errDown)
	s.put(key(0), 2)
	s.db.becomes(fmt.Errorf("put: %w", autoscaler.ErrStateConflict))
	s.pass(time.Minute)
	if _, err := s.Get(t.Context(), key(0)); !errors.Is(err, autoscaler.ErrStateConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	s.db.becomes(nil)
	s.get(key(0), 1) // as the database has it
}

func TestACallWhoseCallerWentAwaySaysNothingAboutTheDatabase(t *testing.T) {
	s := stage(t, outage.Hold)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.db.becomes(errDown)
	if err := s.Put(ctx, key(0), state(1)); err == nil || errors.Is(err, autoscaler.ErrStoreAway) {
		t.Errorf("got %v", err)
	}
	s.told()
	s.db.becomes(nil)
	s.put(key(0), 1)
}

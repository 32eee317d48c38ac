package lease_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/leasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the time of the bubble.
func clock() time.Duration { return time.Duration(time.Now().UnixNano()) }

func TestMemoryKeepsLeases(t *testing.T) {
	leasetest.Run(t, func(*testing.T) lease.Store { return leasetest.NewMemory(clock) }, func(d time.Duration) {
		timer := time.NewTimer(d)
		<-timer.C
	})
}

const ttl = 15 * time.Second

// world is a store with processes around it, in virtual time.
type world struct {
	t     testing.TB
	store *leasetest.Memory
	jobs  []autoscaler.JobKey
	mu    sync.Mutex
	log   strings.Builder
}

func newWorld(t testing.TB, jobs int) *world {
	w := &world{t: t, store: leasetest.NewMemory(clock)}
	for i := range jobs {
		w.jobs = append(w.jobs, autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(fmt.Sprintf("%032x", i))})
	}
	return w
}

// Write implements io.Writer for the logs.
func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *world) list() []autoscaler.JobKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jobs
}

// gone takes a job out of the list.
func (w *world) gone(job autoscaler.JobKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = slices.DeleteFunc(slices.Clone(w.jobs), func(k autoscaler.JobKey) bool { return k == job })
}

// member is one process: its keeper, and a loop that lists the jobs.
type member struct {
	*lease.Keeper
	name string
	line *leasetest.Line
	stop context.CancelFunc
	left chan error
}

func (w *world) start(name string, change ...func(*lease.Config)) *member {
	line := &leasetest.Line{Store: w.store}
	c := lease.Config{
		Store: line, Name: name, Time: ttl, Clock: clock, Random: func() float64 { return 0.5 },
		Logger: slog.New(slog.NewTextHandler(w, nil)),
	}
	for _, f := range change {
		f(&c)
	}
	k, err := lease.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &member{k, name, line, stop, make(chan error, 1)}
	go func() { m.left <- k.Run(ctx) }()
	go func() {
		for ctx.Err() == nil {
			k.Listed(ctx, "prod", w.list())
			wait(ctx, 5*time.Second)
		}
	}()
	synctest.Wait()
	return m
}

// ended ends the process in good order.
func (m *member) ended() error {
	m.stop()
	return <-m.left
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func pass(d time.Duration) {
	wait(context.Background(), d)
	synctest.Wait()
}

// owned counts the jobs that a process may work on.
func (w *world) owned(m *member) int {
	n := 0
	for _, job := range w.jobs {
		if _, leave, ok := m.Enter(context.Background(), job); ok {
			leave()
			n++
		}
	}
	return n
}

// end ends processes in good order.
func end(t testing.TB, all ...*member) {
	for _, m := range all {
		if err := m.ended(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheFirstProcessTakesAllJobsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30)
		a := w.start("a")
		if n := w.owned(a); n != 30 {
			t.Errorf("a owns %d of 30 jobs", n)
		}
		end(t, a)
	})
}

func TestJobsAreSharedWithWhoComesAndComeBackWhenItGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30)
		a := w.start("a")
		b := w.start("b")
		pass(ttl)
		if n, m := w.owned(a), w.owned(b); n+m != 30 || n < 8 || m < 8 {
			t.Errorf("a owns %d and b %d of 30 jobs", n, m)
		}
		end(t, b)
		pass(ttl / 3)
		if n := w.owned(a); n != 30 {
			t.Errorf("a owns %d of 30 jobs after b has gone", n)
		}
		end(t, a)
	})
}

func TestOneStatementEachThirdOfTheTimeKeepsAnyNumberOfLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1000)
		a := w.start("a")
		pass(ttl)
		before := w.store.Writes()
		pass(10 * ttl)
		if n := w.store.Writes() - before; n < 30 || n > 34 {
			t.Errorf("%d writes within 10 lease times, want about 32", n)
		}
		end(t, a)
	})
}

// A pass that runs goes to its end before its job is handed over.
func TestAJobIsHandedOverAfterItsPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30)
		a := w.start("a")
		var leaves []func()
		for _, job := range w.jobs {
			ctx, leave, ok := a.Enter(context.Background(), job)
			if !ok || ctx.Err() != nil {
				t.Fatal("a does not own every job")
			}
			leaves = append(leaves, leave)
		}
		b := w.start("b")
		pass(ttl)
		if n := w.owned(b); n != 0 {
			t.Errorf("b owns %d jobs over which passes of a run", n)
		}
		if n := w.owned(a); n > 22 {
			t.Errorf("a begins passes over %d jobs, some of which it is to hand over", n)
		}
		for _, leave := range leaves {
			leave()
		}
		pass(ttl / 3)
		if n, m := w.owned(a), w.owned(b); n+m != 30 || m < 8 {
			t.Errorf("then a owns %d and b %d of 30 jobs", n, m)
		}
		end(t, a, b)
	})
}

func TestAStoreThatIsAwayIsNotBeleaguered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		a, b := w.start("a"), w.start("b")
		pass(ttl)
		a.cutOff()
		b.cutOff()
		before := a.line.Calls()
		pass(20 * ttl)
		if n := a.line.Calls() - before; n < 60 || n > 180 {
			t.Errorf("%d calls within %s, want one every 2 to 4 s", n, 20*ttl)
		}
		a.mend()
		b.mend()
		pass(ttl)
		if n := w.owned(a) + w.owned(b); n != 10 {
			t.Errorf("%d of 10 jobs have an owner again", n)
		}
		end(t, a, b)
	})
}

// A write that got no answer may still arrive: its job stays a while.
func TestAJobWithAWriteInDoubtIsHandedOverLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30)
		a := w.start("a")
		for _, job := range w.jobs {
			ctx, leave, _ := a.Enter(context.Background(), job)
			lease.FromContext(ctx).Doubt(2 * ttl)
			leave()
		}
		b := w.start("b")
		pass(ttl)
		if n := w.owned(b); n != 0 {
			t.Errorf("b owns %d jobs with writes in doubt", n)
		}
		pass(2 * ttl)
		if n, m := w.owned(a), w.owned(b); n+m != 30 || m < 8 {
			t.Errorf("then a owns %d and b %d of 30 jobs", n, m)
		}
		end(t, a, b)
	})
}

func TestTheJobsOfADeadProcessAreTakenOverWithinTheLeaseTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 30)
		a, b := w.start("a"), w.start("b")
		pass(ttl)
		b.cutOff()
		pass(ttl + ttl/50)
		if n := w.owned(a); n != 30 {
			t.Errorf("a owns %d of 30 jobs", n)
		}
		if err := b.ended(); err == nil {
			t.Error("b gave its leases back without its store")
		}
		end(t, a)
	})
}

// cutOff lets nothing of a process reach the store any more.
func (m *member) cutOff() { m.line.Cut(errors.New("no route to the store")) }

func (m *member) mend() { m.line.Cut(nil) }

// What was asked of the store before is what a process may do without it: to the
// end of its leases, and no longer.
func TestAProcessWithoutItsStoreStopsBeforeOthersTakeItsJobs(t *testing.T) {
	for _, goesOn := range []bool{false, true} {
		t.Run(fmt.Sprint("goes on alone: ", goesOn), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 30)
				a := w.start("a")
				b := w.start("b", func(c *lease.Config) { c.AloneGoesOn = goesOn })
				pass(ttl)
				job := w.oneOf(b)
				ctx, leave, _ := b.Enter(context.Background(), job)
				defer leave()
				b.cutOff()
				for range 300 {
					pass(100 * time.Millisecond)
					mine, theirs := w.owned(a), w.owned(b)
					if mine+theirs > 30 {
						t.Fatalf("a owns %d and b %d of 30 jobs", mine, theirs)
					}
				}
				if w.owned(a) != 30 {
					t.Errorf("a owns %d of 30 jobs", w.owned(a))
				}
				if !errors.Is(context.Cause(ctx), lease.ErrLost) || !errors.Is(context.Cause(ctx), autoscaler.ErrNotOurs) {
					t.Errorf("the pass of b ended with %v", context.Cause(ctx))
				}
				b.mend()
				pass(2 * ttl)
				if n, m := w.owned(a), w.owned(b); n+m != 30 || m < 8 {
					t.Errorf("with the store back a owns %d and b %d of 30 jobs", n, m)
				}
				end(t, a, b)
			})
		})
	}
}

func (w *world) oneOf(m *member) autoscaler.JobKey {
	for _, job := range w.jobs {
		if _, leave, ok := m.Enter(context.Background(), job); ok {
			leave()
			return job
		}
	}
	w.t.Fatalf("%s owns no job", m.name)
	return autoscaler.JobKey{}
}

func TestAProcessThatIsAloneGoesOnWithoutItsStoreIfItMay(t *testing.T) {
	for _, may := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 3)
			a := w.start("a", func(c *lease.Config) { c.AloneGoesOn = may })
			pass(ttl)
			ctx, leave, _ := a.Enter(context.Background(), w.jobs[0])
			defer leave()
			a.cutOff()
			pass(4 * ttl)
			want := 0
			if may {
				want = 3
			}
			if n := w.owned(a); n != want {
				t.Errorf("allowed %v: a owns %d jobs, want %d", may, n, want)
			}
			permit, err := a.Permit(ctx, lease.FromContext(ctx), time.Second)
			if may && (err != nil || !permit.Unchecked) || !may && err == nil {
				t.Errorf("allowed %v: a permit %+v, %v", may, permit, err)
			}
			a.mend()
			pass(ttl)
			if n := w.owned(a); n != 3 {
				t.Errorf("with the store back a owns %d of 3 jobs", n)
			}
			for _, said := range []string{"leases cannot be renewed", "leases are renewed again"} {
				if n := strings.Count(w.log.String(), said); n != 1 {
					t.Errorf("%q is said %d times", said, n)
				}
			}
			end(t, a)
		})
	}
}

func TestAPlainPairHandsNothingOverUntilOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5)
		whole := func(c *lease.Config) { c.Whole = true }
		a := w.start("a", whole)
		b, c := w.start("b", whole), w.start("c", whole)
		pass(3 * ttl)
		if w.owned(a) != 5 || w.owned(b) != 0 || w.owned(c) != 0 {
			t.Errorf("a owns %d, b %d, c %d of 5 jobs", w.owned(a), w.owned(b), w.owned(c))
		}
		end(t, a)
		pass(ttl / 3)
		if n := w.owned(b) + w.owned(c); n != 5 || w.owned(b)*w.owned(c) != 0 {
			t.Errorf("b owns %d, c %d of 5 jobs", w.owned(b), w.owned(c))
		}
		end(t, b, c)
	})
}

// A job that is gone is forgotten by one process at a time, whoever comes first.
func TestAJobThatIsGoneIsClaimedByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		a, b := w.start("a"), w.start("b")
		pass(ttl)
		job := w.oneOf(a)
		if _, _, ok, err := b.Claim(t.Context(), job); ok || err != nil {
			t.Errorf("b claims what a owns: %v, %v", ok, err)
		}
		claim := func(m *member) {
			t.Helper()
			_, leave, ok, err := m.Claim(t.Context(), job)
			if !ok || err != nil {
				t.Fatalf("%s claims %s: %v, %v", m.name, job, ok, err)
			}
			leave()
			if err := m.Forgotten(t.Context(), job); err != nil {
				t.Error(err)
			}
		}
		w.gone(job)
		pass(ttl)
		claim(a)
		claim(b)
		if st, err := w.store.Check(t.Context(), job); err != nil || st.Epoch != 0 {
			t.Errorf("left behind %+v, %v", st, err)
		}
		end(t, a, b)
	})
}

func TestAPermitIsRenewedWhenTooLittleIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		a := w.start("a")
		ctx, leave, _ := a.Enter(context.Background(), w.jobs[0])
		defer leave()
		g := lease.FromContext(ctx)
		pass(4 * time.Second)
		before := w.store.Writes()
		if p, err := a.Permit(ctx, g, 5*time.Second); err != nil || p.Until-clock() < 5*time.Second || w.store.Writes() != before {
			t.Errorf("until in %s, %v, with %d writes", p.Until-clock(), err, w.store.Writes()-before)
		}
		if p, err := a.Permit(ctx, g, 14*time.Second); err != nil || p.Until-clock() < 14*time.Second || w.store.Writes() != before+1 {
			t.Errorf("until in %s, %v, with %d writes, want one", p.Until-clock(), err, w.store.Writes()-before)
		}
		if _, err := a.Permit(ctx, g, 15*time.Second); err == nil {
			t.Error("a permit for longer than a lease lasts")
		}
		end(t, a)
	})
}

func TestNoPermitForAJobThatIsAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		a := w.start("a")
		ctx, leave, _ := a.Enter(context.Background(), w.jobs[0])
		defer leave()
		g := lease.FromContext(ctx)
		p, err := a.Permit(ctx, g, time.Second)
		if err != nil || a.Confirm(ctx, p) != nil {
			t.Fatalf("%v, %v", err, a.Confirm(ctx, p))
		}
		// As if a had been frozen: another one buries it, and takes the job.
		if err := w.store.Leave(t.Context(), g.Owner); err != nil {
			t.Fatal(err)
		}
		if err := w.store.Join(t.Context(), lease.Member{ID: "other"}, time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := w.store.Take(t.Context(), "other", []lease.Lease{{Key: g.Key, Epoch: g.Epoch}}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Permit(ctx, g, time.Second); !errors.Is(err, lease.ErrLost) {
			t.Errorf("a permit: %v", err)
		}
		if err := a.Confirm(ctx, p); err != nil {
			t.Errorf("a write within its permit: %v", err)
		}
		pass(ttl)
		if err := a.Confirm(ctx, p); !errors.Is(err, lease.ErrLost) {
			t.Errorf("a write beyond its permit: %v", err)
		}
		end(t, a)
	})
}

func TestTheOwnerHearsOfLateWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10)
		a, b := w.start("a"), w.start("b")
		pass(ttl)
		job := w.oneOf(b)
		a.Stray(job, "one")
		a.Stray(job, "two")
		pass(ttl)
		ctx, leave, _ := b.Enter(context.Background(), job)
		defer leave()
		g := lease.FromContext(ctx)
		if notes := fmt.Sprint(g.Strays()); notes != "[one two]" {
			t.Errorf("b knows %s", notes)
		}
		a.Stray(job, "three")
		pass(time.Second)
		if err := b.Settled(ctx, g, "one"); err != nil { // it does not know of the third yet
			t.Fatal(err)
		}
		pass(ttl)
		for _, note := range []string{"one", "two", "three"} {
			if err := b.Settled(ctx, g, note); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := w.store.Check(t.Context(), job); err != nil || st.Stray != "" || len(g.Strays()) != 0 {
			t.Errorf("left: %q, %v, %v", st.Stray, g.Strays(), err)
		}
		end(t, a, b)
	})
}

// Whatever happens to the processes, a job never has two owners at once, and it
// has one again soon after everything is well.
func TestAJobNeverHasTwoOwners(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const processes = 3
		type step struct {
			what, who int
			after     time.Duration
		}
		steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
			return step{rapid.IntRange(0, 3).Draw(t, "what"), rapid.IntRange(0, processes-1).Draw(t, "who"), time.Duration(rapid.IntRange(1, 20_000).Draw(t, "after")) * time.Millisecond}
		}), 1, 12).Draw(r, "steps")
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 6)
			all := make([]*member, processes)
			for i := range all {
				all[i] = w.start(string(rune('a' + i)))
			}
			for _, s := range steps {
				switch s.what {
				case 0:
					all[s.who].cutOff()
				case 1:
					all[s.who].mend()
				case 2: // it dies and comes again
					all[s.who].cutOff()
					_ = all[s.who].ended()
					all[s.who] = w.start(all[s.who].name)
				}
				for passed := time.Duration(0); passed < s.after; passed += 500 * time.Millisecond {
					pass(500 * time.Millisecond)
					w.noneTwice(r, all)
				}
			}
			for _, m := range all {
				m.mend()
			}
			pass(2 * ttl)
			if n := w.noneTwice(r, all); n != 6 {
				r.Fatalf("%d of 6 jobs have an owner", n)
			}
			end(t, all...)
		})
	})
}

func (w *world) noneTwice(r *rapid.T, all []*member) int {
	owned := 0
	for _, job := range w.jobs {
		owners := ""
		for _, m := range all {
			if _, leave, ok := m.Enter(context.Background(), job); ok {
				leave()
				owners += m.name
			}
		}
		if len(owners) > 1 {
			r.Fatalf("job %s has the owners %s", job, owners)
		}
		owned += len(owners)
	}
	return owned
}

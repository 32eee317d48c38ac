package leasetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/lease"
)

const (
	long  = time.Hour
	short = time.Millisecond
)

// Run checks what every store promises. open returns an empty store; await lets
// the store's clock go on by d.
func Run(t *testing.T, open func(t *testing.T) lease.Store, await func(d time.Duration)) {
	for _, promise := range [...]struct {
		name  string
		check func(*testing.T, lease.Store, func(time.Duration))
	}{
		{"who joins is a member with what it said", joins},
		{"only who is late is buried, and for good", buries},
		{"who renews late, and before anyone notices, lives on", renewsLate},
		{"a job goes from owner to owner, and its epoch grows", handOn},
		{"of many takers each job has one", compete},
		{"the leases of the buried are there to be taken", takesFromTheBuried},
		{"who leaves frees all", leaves},
		{"only the owner drops a lease", drops},
		{"a note stays with the job until it is taken away", notes},
		{"thousands are taken at once", takesThousands},
	} {
		t.Run(promise.name, func(t *testing.T) { promise.check(t, open(t), await) })
	}
}

func joins(t *testing.T, s lease.Store, _ func(time.Duration)) {
	join(t, s, lease.Member{ID: "a#1", Name: "a", Watches: []string{"prod", "http://localhost:8081"}}, long)
	m := view(t, s).Members
	if len(m) != 1 || m[0].ID != "a#1" || m[0].Name != "a" || fmt.Sprint(m[0].Watches) != "[prod http://localhost:8081]" {
		t.Fatalf("members %+v", m)
	}
	if left := m[0].Left; left > long || left < long-time.Minute {
		t.Errorf("left %s, want about %s", left, long)
	}
}

func buries(t *testing.T, s lease.Store, await func(time.Duration)) {
	join(t, s, lease.Member{ID: "late"}, short)
	join(t, s, lease.Member{ID: "here"}, long)
	await(50 * time.Millisecond)
	must(t, s.Bury(t.Context()))
	if m := view(t, s).Members; len(m) != 1 || m[0].ID != "here" {
		t.Fatalf("members %+v, want here alone", m)
	}
	renew(t, s, "late", false)
	renew(t, s, "here", true)
}

func renewsLate(t *testing.T, s lease.Store, await func(time.Duration)) {
	join(t, s, lease.Member{ID: "a"}, short)
	await(50 * time.Millisecond)
	renew(t, s, "a", true)
	must(t, s.Bury(t.Context()))
	if m := view(t, s).Members; len(m) != 1 || m[0].Left < long-time.Minute || fmt.Sprint(m[0].Watches) != "[c]" {
		t.Errorf("members %+v", m)
	}
}

func takesFromTheBuried(t *testing.T, s lease.Store, await func(time.Duration)) {
	join(t, s, lease.Member{ID: "late"}, short)
	join(t, s, lease.Member{ID: "here"}, long)
	take(t, s, "late", lease.Lease{Key: job("1")})
	await(50 * time.Millisecond)
	if st := check(t, s, "1"); !st.Alive || st.Left > 0 || st.Owner != "late" {
		t.Errorf("late, and not buried: %+v", st)
	}
	must(t, s.Bury(t.Context()))
	st := check(t, s, "1")
	if st.Alive || st.Owner != "late" {
		t.Errorf("buried: %+v", st)
	}
	take(t, s, "here", st.Lease)
	if st = check(t, s, "1"); !st.Alive || st.Owner != "here" || st.Epoch != 2 || st.Left < long-time.Minute {
		t.Errorf("taken: %+v", st)
	}
}

func leaves(t *testing.T, s lease.Store, _ func(time.Duration)) {
	join(t, s, lease.Member{ID: "a"}, long)
	take(t, s, "a", lease.Lease{Key: job("1")}, lease.Lease{Key: job("2")})
	must(t, s.Leave(t.Context(), "a"))
	v := view(t, s)
	if len(v.Members) != 0 || len(v.Leases) != 2 || v.Leases[0].Owner != "" || v.Leases[1].Owner != "" {
		t.Errorf("left behind %+v", v)
	}
}

func drops(t *testing.T, s lease.Store, _ func(time.Duration)) {
	take(t, s, "a", lease.Lease{Key: job("1")})
	must(t, s.Drop(t.Context(), "b", job("1")))
	if st := check(t, s, "1"); st.Owner != "a" {
		t.Errorf("dropped by b: %+v", st)
	}
	must(t, s.Drop(t.Context(), "a", job("1")))
	if st := check(t, s, "1"); st.Epoch != 0 || st.Owner != "" || st.Key != job("1") {
		t.Errorf("not dropped by a: %+v", st)
	}
}

func takesThousands(t *testing.T, s lease.Store, _ func(time.Duration)) {
	var all []lease.Lease
	for i := range 1000 {
		all = append(all, lease.Lease{Key: autoscaler.JobKey{Cluster: fmt.Sprint(i % 3), Job: flink.JobID(fmt.Sprint(i))}})
	}
	take(t, s, "a", all...)
	if n := owned(view(t, s), "a"); n != 1000 {
		t.Errorf("a got %d of 1000", n)
	}
	must(t, s.Leave(t.Context(), "a"))
	take(t, s, "b", view(t, s).Leases...)
	if n := owned(view(t, s), "b"); n != 1000 {
		t.Errorf("b got %d of 1000", n)
	}
}

func handOn(t *testing.T, s lease.Store, _ func(time.Duration)) {
	take(t, s, "a", lease.Lease{Key: job("1")})
	take(t, s, "b", lease.Lease{Key: job("1")}) // it was not there when b looked
	if st := check(t, s, "1"); st.Owner != "a" || st.Epoch != 1 {
		t.Fatalf("%+v, want a's in epoch 1", st)
	}
	must(t, s.Free(t.Context(), "b", []autoscaler.JobKey{job("1")}))
	if st := check(t, s, "1"); st.Owner != "a" {
		t.Fatalf("freed by one that did not own it: %+v", st)
	}
	must(t, s.Free(t.Context(), "a", []autoscaler.JobKey{job("1"), job("2")}))
	free := check(t, s, "1")
	if free.Owner != "" || free.Alive || free.Epoch != 1 {
		t.Fatalf("freed: %+v", free)
	}
	take(t, s, "b", free.Lease)
	take(t, s, "c", free.Lease)
	if st := check(t, s, "1"); st.Owner != "b" || st.Epoch != 2 {
		t.Fatalf("%+v, want b's in epoch 2", st)
	}
	other := autoscaler.JobKey{Cluster: "other", Job: "1"}
	take(t, s, "c", lease.Lease{Key: other})
	if st, err := s.Check(t.Context(), other); err != nil || st.Owner != "c" || st.Epoch != 1 {
		t.Errorf("the same id in another cluster: %+v, %v", st, err)
	}
}

func compete(t *testing.T, s lease.Store, _ func(time.Duration)) {
	const takers, jobs = 4, 40
	var all []lease.Lease
	for i := range jobs {
		all = append(all, lease.Lease{Key: job(fmt.Sprint(i))})
	}
	for round := range 3 {
		var group sync.WaitGroup
		for n := range takers {
			group.Go(func() {
				if err := s.Take(context.WithoutCancel(t.Context()), fmt.Sprint("taker ", n), all); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		v, total := view(t, s), 0
		for n := range takers {
			id := fmt.Sprint("taker ", n)
			total += owned(v, id)
			var keys []autoscaler.JobKey
			for _, l := range v.Leases {
				keys = append(keys, l.Key)
			}
			must(t, s.Free(t.Context(), id, keys))
		}
		for _, l := range v.Leases {
			if l.Epoch != int64(round+1) {
				t.Fatalf("round %d: %+v has changed hands more than once", round, l)
			}
		}
		if total != jobs {
			t.Fatalf("round %d: %d of %d jobs have an owner", round, total, jobs)
		}
		all = view(t, s).Leases
	}
}

func notes(t *testing.T, s lease.Store, _ func(time.Duration)) {
	noted(t, s, "", "nobody reads it", false) // there is no lease
	take(t, s, "a", lease.Lease{Key: job("1")})
	noted(t, s, "", "first", true)
	must(t, s.Leave(t.Context(), "a"))
	take(t, s, "b", check(t, s, "1").Lease)
	if st := check(t, s, "1"); st.Stray != "first" || st.Owner != "b" {
		t.Errorf("%+v, want b's with the note", st)
	}
	noted(t, s, "", "lost", false)
	noted(t, s, "first", "first\nsecond", true)
	noted(t, s, "first", "", false)
	noted(t, s, "first\nsecond", "second", true)
	if st := check(t, s, "1"); st.Stray != "second" {
		t.Errorf("%+v, want the second note", st)
	}
}

func noted(t *testing.T, s lease.Store, was, is string, want bool) {
	t.Helper()
	done, err := s.Note(t.Context(), job("1"), was, is)
	must(t, err)
	if done != want {
		t.Errorf("note %q in the place of %q: %v, want %v", is, was, done, want)
	}
}

func job(id string) autoscaler.JobKey { return autoscaler.JobKey{Cluster: "c", Job: flink.JobID(id)} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func join(t *testing.T, s lease.Store, m lease.Member, ttl time.Duration) {
	t.Helper()
	must(t, s.Join(t.Context(), m, ttl))
}

func renew(t *testing.T, s lease.Store, id string, want bool) {
	t.Helper()
	alive, err := s.Renew(t.Context(), id, []string{"c"}, long)
	must(t, err)
	if alive != want {
		t.Errorf("%s renews: alive %v, want %v", id, alive, want)
	}
}

func take(t *testing.T, s lease.Store, id string, leases ...lease.Lease) {
	t.Helper()
	must(t, s.Take(t.Context(), id, leases))
}

func view(t *testing.T, s lease.Store) lease.View {
	t.Helper()
	v, err := s.View(t.Context())
	must(t, err)
	return v
}

func check(t *testing.T, s lease.Store, id string) lease.Standing {
	t.Helper()
	st, err := s.Check(t.Context(), job(id))
	must(t, err)
	return st
}

func owned(v lease.View, id string) int {
	n := 0
	for _, l := range v.Leases {
		if l.Owner == id {
			n++
		}
	}
	return n
}

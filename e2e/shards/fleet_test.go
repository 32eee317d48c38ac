package shards

import (
	"context"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/sqlstate"
)

// fleet is a cluster of jobs whose load goes up and down, and a database.
type fleet struct {
	t       *testing.T
	jobs    int
	loop    time.Duration
	manager *fakeflink.JobManager
	url     string
	store   string
	db      *sqldb.DB
	states  *sqlstate.Store

	mu   sync.Mutex
	seen map[flink.JobID][]fakeflink.Seen
	put  chan struct{} // holds one thing after new requirements came
}

// often is how often jobs are looked at, unless the test says so.
const often = 500 * time.Millisecond

func newFleet(t *testing.T, jobs int, loop time.Duration, store string) *fleet {
	t.Helper()
	f := &fleet{t: t, jobs: jobs, loop: loop, store: store, seen: map[flink.JobID][]fakeflink.Seen{}, put: make(chan struct{}, 1)}
	manager, err := fakeflink.New(fakeflink.Config{
		Jobs: jobs, FetchInterval: 200 * time.Millisecond, RescaleAfter: 100 * time.Millisecond, Now: time.Now, Seen: f.see,
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakeflink.Serve(manager, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.manager, f.url = manager, server.URL()
	t.Cleanup(func() { _ = server.Close() })
	target, _, err := connect.Parse(store)
	if err == nil {
		f.db, err = connect.Open(t.Context(), target)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	f.states, err = sqlstate.New(sqlstate.Config{DB: f.db, Now: time.Now, SetAside: func(_ context.Context, key autoscaler.JobKey, reason error) {
		t.Errorf("the state of job %s cannot be read: %v", key, reason)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// see keeps what passes ask for; configurations are read by every process.
func (f *fleet) see(s fakeflink.Seen) {
	if strings.HasSuffix(s.Path, "config") {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[s.Job] = append(f.seen[s.Job], s)
	if s.Put != nil {
		select {
		case f.put <- struct{}{}:
		default:
		}
	}
}

// awaitPut waits for new requirements, but no longer than most.
func (f *fleet) awaitPut(most time.Duration) {
	select {
	case <-f.put:
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-f.put:
	case <-timer.C:
	}
}

func (f *fleet) log(job flink.JobID) []fakeflink.Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[job]
}

// puts are the requirements that were asked for.
func (f *fleet) puts(job flink.JobID) []fakeflink.Seen {
	var puts []fakeflink.Seen
	for _, s := range f.log(job) {
		if s.Put != nil {
			puts = append(puts, s)
		}
	}
	return puts
}

func (f *fleet) allPuts() int {
	n := 0
	for _, job := range f.manager.JobIDs() {
		n += len(f.puts(job))
	}
	return n
}

// swing changes the load of the jobs, each at its own times, until stop is
// called.
func (f *fleet) swing(every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		high, ticker := map[flink.JobID]bool{}, time.NewTicker(every/time.Duration(f.jobs))
		defer ticker.Stop()
		for ids := f.manager.JobIDs(); ; {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			job := ids[rand.IntN(len(ids))]
			high[job] = !high[job]
			if high[job] {
				f.manager.Load(job, 2.5)
			} else {
				f.manager.Load(job, 1)
			}
		}
	})
	return func() {
		cancel()
		group.Wait()
	}
}

// start starts a process that scales the jobs within seconds.
func (f *fleet) start(name string, lease time.Duration, more ...string) *process {
	f.t.Helper()
	args := append([]string{
		"run", "--flink", f.url, "--store", f.store, "--log-format", "json",
		"-D", "sluice.process.name=" + name, "-D", "sluice.lease.time=" + lease.String(),
		"-D", "job.autoscaler.metrics.window=" + (4 * f.loop).String(), "-D", "job.autoscaler.stabilization.interval=0s",
		"-D", "job.autoscaler.restart.time=0s", "-D", "job.autoscaler.catch-up.duration=0s",
		"-D", "job.autoscaler.scale-down.interval=1s", "-D", "job.autoscaler.history.max.count=100000",
		"-D", "autoscaler.standalone.control-loop.interval=" + f.loop.String(),
	}, more...)
	return start(f.t, name, args...)
}

// state reads what is committed of a job.
func (f *fleet) state(job flink.JobID) autoscaler.State {
	f.t.Helper()
	s, err := f.states.Get(f.t.Context(), autoscaler.JobKey{Job: job})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// settled tells whether every job goes by what its state says.
func (f *fleet) settled() bool {
	for _, job := range f.manager.JobIDs() {
		s := f.state(job)
		if s.Act.Pending() || len(s.Bounds) > 0 && !maps.Equal(f.manager.Requirements(job), bounds(&s)) {
			return false
		}
	}
	return true
}

func bounds(s *autoscaler.State) flink.ResourceRequirements {
	all := flink.ResourceRequirements{}
	for id, b := range s.Bounds {
		all[flink.VertexID(id)] = flink.Require(b.Lower, b.Upper)
	}
	return all
}

// calm holds the load and waits until nothing is left to do.
func (f *fleet) calm() {
	f.t.Helper()
	last, since := -1, time.Now()
	eventually(f.t, "the jobs come to rest, each at what its state says", 2*time.Minute, func() bool {
		if n := f.allPuts(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 5*time.Second && f.settled()
	})
}

// checkHistories compares what every job was asked for with what its history
// says: nothing is missing there, nothing too much, and nothing was asked twice.
func (f *fleet) checkHistories() {
	f.t.Helper()
	for _, job := range f.manager.JobIDs() {
		asked := map[scaling.VertexID][]int{}
		for _, p := range f.puts(job) {
			if maps.Equal(p.Put, p.Before) {
				f.t.Errorf("job %s: the same was asked for twice, at last by %q at %s", job, p.Sender, p.At.Format(time.StampMilli))
			}
			for id, r := range p.Put {
				if r != p.Before[id] {
					asked[scaling.VertexID(id)] = append(asked[scaling.VertexID(id)], r.Parallelism.Upper)
				}
			}
		}
		kept := map[scaling.VertexID][]int{}
		s := f.state(job)
		for id, records := range s.Scaling.History {
			for _, r := range records {
				kept[id] = append(kept[id], r.To)
			}
		}
		if !maps.EqualFunc(asked, kept, func(a, b []int) bool { return equal(a, b) }) {
			f.t.Errorf("job %s: asked for %v, and its history says %v", job, asked, kept)
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// stores are the databases, by name.
var stores = []struct {
	name string
	url  func(t *testing.T) string
}{
	{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "sluice.db") }},
	{"PostgreSQL", func(t *testing.T) string { return realdb.Postgres(t).NewDatabase(t) }},
	{"MariaDB", func(t *testing.T) string { return realdb.MariaDB(t).NewDatabase(t) }},
}

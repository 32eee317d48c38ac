package sqlstate_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/statetest"
)

// fleetKey is a key of real length.
func fleetKey(n int) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "https://flink.example.com", Job: flink.JobID(fmt.Sprintf("%032x", n+1))}
}

// vertices is how many a job of the benchmarks has, and window how many samples.
const (
	vertices = 8
	window   = 90
)

// sampled is a sample as a job of eight vertices leaves it.
func sampled(n int) scaling.Sample {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(n)*10*time.Second + 12_345_678)
	s := scaling.Sample{At: at, RunningSince: at.Add(-time.Hour)}
	s.Global.Set(scaling.HeapMaxUsageRatio, 0.25+0.01*float64(n%7))
	s.Global.Set(scaling.HeapMemoryUsed, float64(50_000_000+1_234_567*(n%7)))
	for j := range vertices {
		v := scaling.VertexSample{Vertex: scaling.VertexID(fmt.Sprintf("%032x", 1<<40+j)), Parallelism: 4}
		for i, m := range [...]scaling.Measure{
			scaling.NumRecordsIn, scaling.NumRecordsOut, scaling.AccumulatedBusyTime, scaling.AccumulatedIdleTime, scaling.AccumulatedBackpressuredTime,
		} {
			v.Set(m, float64(1_000_000_000+n*(10_000+1000*i+j)))
		}
		s.Vertices = append(s.Vertices, v)
	}
	return s
}

// filled is the state of a job whose window is full.
func filled() autoscaler.State {
	state := statetest.Example(0)
	for n := range window {
		state.Window.Samples = append(state.Window.Samples, sampled(n))
	}
	return state
}

// BenchmarkPass is what a store has to do for one pass over a job of eight
// vertices that changes nothing: a look at the version, one sample in and one out.
func BenchmarkPass(b *testing.B) {
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			address := d.address(b)
			db := open(b, address)
			s := store(b, db)
			key := fleetKey(0)
			if err := s.Put(b.Context(), key, filled()); err != nil {
				b.Fatal(err)
			}
			n := window
			before := logged(b, db, address)
			for b.Loop() {
				one(b, s, key, n)
				n++
			}
			b.ReportMetric((logged(b, db, address)-before)/float64(n-window), "log-bytes/op")
			b.ReportMetric(storedBytes(b, db), "bytes/job")
		})
	}
}

// logged is how much the database has written to its log, in bytes.
func logged(b *testing.B, db *sqldb.DB, address string) (n float64) {
	b.Helper()
	var err error
	switch db.Dialect() {
	case sqldb.Postgres:
		err = db.QueryRow(b.Context(), "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')").Scan(&n)
	case sqldb.MySQL:
		var name string
		err = db.QueryRow(b.Context(), "SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'").Scan(&name, &n)
	default:
		// The log grows for as long as nothing of it is moved into the file.
		if _, err = db.ExecContext(b.Context(), "PRAGMA wal_autocheckpoint = 0"); err == nil {
			var info os.FileInfo
			if info, err = os.Stat(strings.TrimPrefix(address, "sqlite:") + "-wal"); err == nil {
				n = float64(info.Size())
			}
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkFleet is passes over a thousand jobs, sixteen at a time.
func BenchmarkFleet(b *testing.B) {
	const jobs, atOnce = 1000, 16
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			s := store(b, open(b, d.address(b)))
			round := func(work func(job int)) {
				var wg sync.WaitGroup
				var next atomic.Int64
				for range atOnce {
					wg.Go(func() {
						for n := int(next.Add(1)) - 1; n < jobs; n = int(next.Add(1)) - 1 {
							work(n)
						}
					})
				}
				wg.Wait()
			}
			state := filled()
			round(func(job int) {
				if err := s.Put(b.Context(), fleetKey(job), state); err != nil {
					b.Error(err)
				}
			})
			rounds := 0
			for b.Loop() {
				round(func(job int) { one(b, s, fleetKey(job), window+rounds) })
				rounds++
			}
			b.ReportMetric(float64(jobs*rounds)/b.Elapsed().Seconds(), "passes/s")
		})
	}
}

func one(b *testing.B, s autoscaler.StateStore, key autoscaler.JobKey, n int) {
	b.Helper()
	state, err := s.Get(b.Context(), key)
	if err != nil {
		b.Error(err)
		return
	}
	state.Window, _ = state.Window.Add(sampled(n), (window-1)*10*time.Second, 0)
	if err := s.Put(b.Context(), key, state); err != nil {
		b.Error(err)
	}
}

// storedBytes is the length of all values of the jobs.
func storedBytes(t testing.TB, db *sqldb.DB) float64 {
	t.Helper()
	var parts, samples float64
	const sum = "SELECT COALESCE(SUM(LENGTH(value)), 0) FROM "
	if err := db.QueryRow(t.Context(), sum+"sluice_part").Scan(&parts); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(t.Context(), sum+"sluice_sample").Scan(&samples); err != nil {
		t.Fatal(err)
	}
	return parts + samples
}

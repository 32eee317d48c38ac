package reference_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
	"github.com/sluice-project/sluice/state/reference"
	"github.com/sluice-project/sluice/state/statetest"
	"github.com/sluice-project/sluice/state/stateyaml"
)

// databases are addresses of new databases of each kind.
var databases = []struct {
	name    string
	address func(testing.TB) string
}{
	{"sqlite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "sluice.db") }},
	{"postgres", func(t testing.TB) string { return realdb.Postgres(t).NewDatabase(t) }},
	{"mariadb", func(t testing.TB) string { return realdb.MariaDB(t).NewDatabase(t) }},
}

func onEach(t *testing.T, test func(t *testing.T, address string)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) { test(t, d.address(t)) })
	}
}

func open(t testing.TB, address string) *sqldb.DB {
	t.Helper()
	target, _, err := connect.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect.Open(context.WithoutCancel(t.Context()), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func store(t testing.TB, db *sqldb.DB) *reference.Store {
	t.Helper()
	return storeThat(t, db, func(_ context.Context, key autoscaler.JobKey, reason error) {
		t.Errorf("set aside %s: %v", key, reason)
	})
}

func storeThat(t testing.TB, db *sqldb.DB, setAside func(context.Context, autoscaler.JobKey, error)) *reference.Store {
	t.Helper()
	s, err := reference.New(reference.Config{DB: db, Now: time.Now, SetAside: setAside})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreConforms(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		empty := func(t *testing.T) *sqldb.DB {
			db := open(t, address)
			for _, table := range []string{reference.Table, "sluice_reference_extra", "sluice_set_aside"} {
				if _, err := db.Exec(t.Context(), "DELETE FROM "+table); err != nil {
					t.Fatal(err)
				}
			}
			return db
		}
		statetest.Run(t, func(t *testing.T) autoscaler.StateStore { return store(t, empty(t)) })
		statetest.RunShared(t, func(t *testing.T) (a, b autoscaler.StateStore) {
			return store(t, empty(t)), store(t, open(t, address))
		})
	})
}

var (
	unnamed = autoscaler.JobKey{Job: "3c1d0a4be1f64e7c9a1d5a3c3e3a5c61"}
	named   = autoscaler.JobKey{Cluster: "http://eu/b", Job: "3c1d0a4be1f64e7c9a1d5a3c3e3a5c61"}
)

func put(t *testing.T, s *reference.Store, key autoscaler.JobKey, state autoscaler.State) {
	t.Helper()
	if err := s.Put(t.Context(), key, state); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *reference.Store, key autoscaler.JobKey) autoscaler.State {
	t.Helper()
	state, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// java writes a row as the Java autoscaler does: without a look at what is there.
func java(t *testing.T, db *sqldb.DB, key autoscaler.JobKey, item reference.Item, text string) {
	t.Helper()
	err := db.InTx(t.Context(), func(tx *sqldb.Tx) error {
		found, err := tx.Affected(t.Context(), "UPDATE "+reference.Table+" SET update_time = ?, state_value = ? WHERE job_key = ? AND state_type = ?",
			"2026-07-01 12:00:00", text, key.String(), string(item))
		if err != nil || found > 0 {
			return err
		}
		_, err = tx.Exec(t.Context(), "INSERT INTO "+reference.Table+" (update_time, job_key, state_type, state_value) VALUES (?, ?, ?, ?)",
			"2026-07-01 12:00:00", key.String(), string(item), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rowsOf(t *testing.T, db *sqldb.DB, key autoscaler.JobKey) map[string]string {
	t.Helper()
	found, err := db.Query(t.Context(), "SELECT state_type, state_value FROM "+reference.Table+" WHERE job_key = ?", key.String())
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	rows := map[string]string{}
	for found.Next() {
		var item, text string
		if err := found.Scan(&item, &text); err != nil {
			t.Fatal(err)
		}
		rows[item] = text
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRowsAreThoseOfTheReferenceAndNoMore(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		s := store(t, db)
		state := statetest.Example(2)
		state.Overrides = scaling.Parallelism{"v1": 2}
		for _, key := range []autoscaler.JobKey{unnamed, named} {
			put(t, s, key, state)
			want := map[string]string{}
			for item, text := range reference.Encode(&state) {
				want[string(item)] = text
			}
			if diff := cmp.Diff(want, rowsOf(t, db, key)); diff != "" {
				t.Errorf("rows of %s (-want +got):\n%s", key, diff)
			}
		}
		keys, err := s.Jobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]autoscaler.JobKey{unnamed, named}, keys); diff != "" {
			t.Errorf("jobs (-want +got):\n%s", diff)
		}
	})
}

func TestRowsOfJavaAreReadAndTakenOver(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		java(t, db, named, reference.ParallelismOverrides, `{v: '3'}`)
		java(t, db, named, "ofTheFuture", `{}`)
		s := store(t, db)
		state := get(t, s, named)
		if want := (autoscaler.State{Overrides: scaling.Parallelism{"v": 3}}); !cmp.Equal(want, state, statetest.ToTheBit) {
			t.Errorf("read %+v", state)
		}
		state.Overrides = scaling.Parallelism{"v": 4}
		put(t, s, named, state)
		if diff := cmp.Diff(map[string]string{"parallelismOverrides": "v:4", "ofTheFuture": "{}"}, rowsOf(t, db, named)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestJavaWritingTheSameJobIsAConflictAndItsRowsCount(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		s := store(t, db)
		state := statetest.Example(2)
		put(t, s, unnamed, state)
		java(t, db, unnamed, reference.CollectedMetrics, `{}`)
		java(t, db, unnamed, reference.ParallelismOverrides, `v:7`)
		if err := s.Put(t.Context(), unnamed, state); !errors.Is(err, autoscaler.ErrStateConflict) {
			t.Fatalf("put over rows of Java: %v", err)
		}
		got := get(t, s, unnamed)
		if len(got.Window.Samples) > 0 || got.Overrides["v"] != 7 || got.Act == nil || len(got.Scaling.History) == 0 {
			t.Errorf("after Java wrote: %+v", got)
		}
		put(t, s, unnamed, got)
		java(t, db, unnamed, reference.ParallelismOverrides, `v:8`)
		if got := get(t, s, unnamed); got.Overrides["v"] != 8 {
			t.Errorf("a row that Java changed is not read again: %v", got.Overrides)
		}
		java(t, db, unnamed, reference.ParallelismOverrides, `v:9`)
		if err := s.Remove(t.Context(), unnamed); !errors.Is(err, autoscaler.ErrStateConflict) {
			t.Errorf("remove over rows of Java: %v", err)
		}
	})
}

func TestOnlyValuesThatChangedAreWritten(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		s := store(t, db)
		state := statetest.Example(2)
		put(t, s, unnamed, state)
		if _, err := db.Exec(t.Context(), "UPDATE "+reference.Table+" SET update_time = ?", "2020-01-01 00:00:00"); err != nil {
			t.Fatal(err)
		}
		state = get(t, s, unnamed)
		state.Scaling.Tracking = nil
		state.Overrides = scaling.Parallelism{"v1": 2}
		put(t, s, unnamed, state)
		var untouched int
		if err := db.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+reference.Table+" WHERE update_time = ?", "2020-01-01 00:00:00").Scan(&untouched); err != nil {
			t.Fatal(err)
		}
		if rows := rowsOf(t, db, unnamed); untouched != 3 || len(rows) != 4 {
			t.Errorf("%d rows untouched of %v, want history, metrics and delayed scale-downs of 4", untouched, rows)
		}
	})
}

func TestAValueThatCannotBeDecodedIsSetAsideAndTheRestIsKept(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		put(t, store(t, db), unnamed, statetest.Example(2))
		java(t, db, unnamed, reference.ScalingHistory, `{"v":`)
		var told []string
		s := storeThat(t, db, func(_ context.Context, key autoscaler.JobKey, reason error) {
			told = append(told, key.String()+": "+reason.Error())
		})
		got := get(t, s, unnamed)
		want := statetest.Example(2)
		want.Scaling.History = nil
		if diff := cmp.Diff(want, got, statetest.ToTheBit); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
		if len(told) != 1 || !strings.Contains(told[0], string(unnamed.Job)+": read scalingHistory") {
			t.Errorf("told %q", told)
		}
		var part string
		var value []byte
		if err := db.QueryRow(t.Context(), "SELECT part, value FROM sluice_set_aside WHERE job_id = ?", string(unnamed.Job)).Scan(&part, &value); err != nil {
			t.Fatal(err)
		}
		if part != "scalingHistory" || string(value) != `{"v":` {
			t.Errorf("set aside %s %s", part, value)
		}
		put(t, s, unnamed, get(t, s, unnamed))
		if len(told) != 1 {
			t.Errorf("told again: %q", told)
		}
	})
}

func TestAKeyIsTheIDOrClusterAndID(t *testing.T) {
	for _, key := range []autoscaler.JobKey{unnamed, named, {Cluster: "eu", Job: "a"}} {
		if got := reference.ParseKey(key.String()); got != key {
			t.Errorf("%s was read as %+v", key, got)
		}
	}
}

// BenchmarkPass is what the state of a pass costs: a job of eight vertices with a
// full window of 90 samples, of which one is new.
func BenchmarkPass(b *testing.B) {
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			s := store(b, open(b, d.address(b)))
			state := statetest.Example(0)
			start := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
			i := 0
			next := func() {
				sample := scaling.Sample{At: start.Add(time.Duration(i) * 10 * time.Second), RunningSince: start}
				for j := range 8 {
					v := scaling.VertexSample{Vertex: scaling.VertexID(strings.Repeat("0123456789abcdef"[j:j+1], 32)), Parallelism: 4}
					for m := range scaling.AccumulatedBackpressuredTime + 1 {
						v.Set(m, float64(1_000_000_000+i*(10_000+1000*int(m)+j)))
					}
					sample.Vertices = append(sample.Vertices, v)
				}
				state.Window, _ = state.Window.Add(sample, 890*time.Second, 0)
				i++
			}
			for range 90 {
				next()
			}
			for b.Loop() {
				if _, err := s.Get(b.Context(), unnamed); err != nil {
					b.Fatal(err)
				}
				next()
				if err := s.Put(b.Context(), unnamed, state); err != nil {
					b.Fatal(err)
				}
			}
			// What a pass writes: the metrics, and what stands beside them.
			extra := reference.Extra(&state)
			beside, err := stateyaml.MarshalState(&extra)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(reference.Encode(&state)[reference.CollectedMetrics])+len(beside)), "bytes/pass")
		})
	}
}

package sqlstate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/sqlstate"
	"github.com/sluice-project/sluice/state/statetest"
)

var job = autoscaler.JobKey{Cluster: "c", Job: "j"}

func column(t *testing.T, db *sqldb.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func exec(t *testing.T, db *sqldb.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s autoscaler.StateStore, key autoscaler.JobKey, state autoscaler.State) {
	t.Helper()
	if err := s.Put(t.Context(), key, state); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s autoscaler.StateStore, key autoscaler.JobKey) autoscaler.State {
	t.Helper()
	state, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// Triggers see every row that is written.
func TestAPassWritesOnlyWhatChanged(t *testing.T) {
	db := open(t, databases[0].address(t))
	exec(t, db, "CREATE TABLE seen (what TEXT)")
	for _, change := range []string{"INSERT", "UPDATE", "DELETE"} {
		row := "NEW"
		if change == "DELETE" {
			row = "OLD"
		}
		for table, name := range map[string]string{"sluice_part": "part", "sluice_sample": "seq"} {
			exec(t, db, fmt.Sprintf("CREATE TRIGGER on_%[1]s_%[2]s AFTER %[1]s ON %[2]s BEGIN INSERT INTO seen VALUES ('%[1]s ' || %[3]s.%[4]s); END", change, table, row, name))
		}
	}
	seen := func() []string {
		all := column(t, db, "SELECT what FROM seen ORDER BY what")
		exec(t, db, "DELETE FROM seen")
		return all
	}
	for _, restarted := range []bool{false, true} {
		s := store(t, db)
		state := get(t, s, job)
		if !restarted {
			put(t, s, job, statetest.Example(3))
			if got := seen(); len(got) != 5+3 {
				t.Fatalf("at first: %v", got)
			}
			state = get(t, s, job)
		}
		oldest := column(t, db, "SELECT MIN(seq) FROM sluice_sample")[0]
		newest := column(t, db, "SELECT MAX(seq) + 1 FROM sluice_sample")[0]
		latest := state.Window.Latest().At
		state.Window, _ = state.Window.Add(scaling.Sample{At: latest.Add(time.Second)}, 2*time.Second, 0)
		put(t, s, job, state)
		if diff := cmp.Diff([]string{"DELETE " + oldest, "INSERT " + newest}, seen()); diff != "" {
			t.Errorf("restarted %v: a sample more, one less (-want +got):\n%s", restarted, diff)
		}
		put(t, s, job, state)
		if got := seen(); len(got) != 0 {
			t.Errorf("restarted %v: the same again: %v", restarted, got)
		}
		state.Act = nil
		state.Overrides = scaling.Parallelism{"v": 1}
		put(t, s, job, state)
		want := []string{"DELETE act", "INSERT overrides"}
		if !restarted {
			state.Act, state.Overrides = statetest.Example(0).Act, nil
			put(t, s, job, state)
			want = []string{"DELETE act", "DELETE overrides", "INSERT act", "INSERT overrides"}
		}
		if diff := cmp.Diff(want, seen()); diff != "" {
			t.Errorf("restarted %v: other parts (-want +got):\n%s", restarted, diff)
		}
		if diff := cmp.Diff(get(t, store(t, db), job), state, statetest.ToTheBit); diff != "" {
			t.Errorf("what is read (-got +want):\n%s", diff)
		}
	}
}

func TestAStateThatCannotBeDecodedIsSetAside(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		other := autoscaler.JobKey{Cluster: "c", Job: "other"}
		for damage, reason := range map[string]string{
			"UPDATE sluice_part SET value = ? WHERE job_id = 'j' AND part = 'bounds'": "its bounds cannot be decoded: it is encoded in version 200, and this build reads version 1",
			"UPDATE sluice_sample SET value = ? WHERE job_id = 'j' AND seq = 2":       "its sample 2 cannot be decoded: it is encoded in version 200",
		} {
			put(t, store(t, db), job, statetest.Example(3))
			had := store(t, db)
			want := get(t, had, job)
			if len(column(t, db, "SELECT job_id FROM sluice_job WHERE job_id = 'other'")) == 0 {
				put(t, had, other, want)
			}
			exec(t, db, damage, []byte{200, 1, 2, 3})
			var told []string
			s, err := sqlstate.New(sqlstate.Config{DB: db, Now: time.Now, SetAside: func(_ context.Context, key autoscaler.JobKey, reason error) {
				told = append(told, key.String()+": "+reason.Error())
			}})
			if err != nil {
				t.Fatal(err)
			}
			if got := get(t, s, job); !cmp.Equal(got, autoscaler.State{}, statetest.ToTheBit) {
				t.Errorf("the job does not start afresh: %+v", got)
			}
			if len(told) != 1 || !strings.HasPrefix(told[0], "c/j: "+reason) {
				t.Errorf("told %q, want %q", told, reason)
			}
			aside := column(t, db, "SELECT part FROM sluice_set_aside WHERE job_id = 'j' AND reason LIKE 'its %' ORDER BY id")
			slices.Sort(aside)
			if diff := cmp.Diff([]string{"act", "bounds", "delayed", "history", "sample/1", "sample/2", "sample/3", "tracking"}, aside); diff != "" {
				t.Errorf("set aside (-want +got):\n%s", diff)
			}
			if n := column(t, db, "SELECT COUNT(*) FROM sluice_set_aside WHERE value IS NOT NULL"); n[0] != "8" {
				t.Errorf("%s rows are kept, want those of the last time", n[0])
			}
			if err := had.Put(t.Context(), job, want); err == nil {
				t.Error("who knows the state as it was wrote it again")
			}
			put(t, s, job, statetest.Example(1))
			if err := s.Remove(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			if got := get(t, store(t, db), other); len(got.Window.Samples) != 3 {
				t.Error("the other job is gone too")
			}
		}
	})
}

func TestJobsThatNobodyWritesAreForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, address string) {
		db := open(t, address)
		now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
		s, err := sqlstate.New(sqlstate.Config{DB: db, Now: func() time.Time { return now }, ForgetAfter: 48 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, job, statetest.Example(2))
		for day := range 4 {
			put(t, s, autoscaler.JobKey{Cluster: "c", Job: "other"}, statetest.Example(day))
			keys, err := s.Jobs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := 2 - day/3; len(keys) != want {
				t.Errorf("after %d days: jobs %v, want %d", day, keys, want)
			}
			now = now.Add(24 * time.Hour)
		}
		for _, table := range []string{"sluice_part", "sluice_sample"} {
			if got := column(t, db, "SELECT DISTINCT job_id FROM "+table); !slices.Equal(got, []string{"other"}) {
				t.Errorf("%s holds rows of %v", table, got)
			}
		}
		put(t, s, autoscaler.JobKey{Cluster: "c", Job: "other"}, statetest.Example(1))
	})
}

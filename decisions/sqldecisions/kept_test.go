package sqldecisions

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

func keyOf(id string) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(id)}
}

func timesOfKept(found []Kept) (text string) {
	for _, k := range found {
		text += fmt.Sprintf("%s:%s ", k.Key.Job, k.Time.Format("15:04"))
	}
	return text
}

// fill leaves two jobs with four decisions each, in turns.
func fill(t *testing.T, db *sqldb.DB) {
	t.Helper()
	r := begin(t, db)
	for i := range 4 {
		at := noon.Add(time.Duration(i) * time.Minute)
		record(t, r, "a", "orders → ü", at, true, "scale")
		record(t, r, "b", "clicks", at.Add(30*time.Second), false, fmt.Sprint("reason", i))
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestKeptDecisionsAreReadByJob(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		fill(t, db)
		for name, c := range map[string]struct {
			since time.Time
			most  int
			want  string
		}{
			"all": {noon, 10, "a:12:00 a:12:01 a:12:02 a:12:03 "}, "the newest": {noon, 2, "a:12:02 a:12:03 "},
			"since": {noon.Add(3 * time.Minute), 10, "a:12:03 "}, "none": {noon.Add(time.Hour), 10, ""},
		} {
			found, err := OfJob(t.Context(), db, keyOf("a"), c.since, c.most)
			if got := timesOfKept(found); err != nil || got != c.want {
				t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
			}
		}
		all, err := OfJob(t.Context(), db, keyOf("a"), noon, 1)
		if err != nil || len(all) != 1 || all[0].Name != "orders → ü" || all[0].Action != "scale" || all[0].Key != keyOf("a") {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestKeptDecisionsAreReadByNumber(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		if last, err := Last(t.Context(), db); last != 0 || err != nil {
			t.Fatalf("of an empty table the last is %d, %v", last, err)
		}
		fill(t, db)
		all, last, err := After(t.Context(), db, 0, 100, nil)
		if err != nil || len(all) != 8 {
			t.Fatalf("%q, %v", timesOfKept(all), err)
		}
		if newest, err := Last(t.Context(), db); err != nil || newest != last {
			t.Errorf("the last is %d, %v; want %d", newest, err, last)
		}
		ofB := func(key autoscaler.JobKey) bool { return key == keyOf("b") }
		found, upTo, err := After(t.Context(), db, all[2].ID, 3, ofB) // b:12:01, a:12:02, b:12:02
		if got := timesOfKept(found); err != nil || got != "b:12:01 b:12:02 " || upTo != all[5].ID {
			t.Errorf("after the third row: %q up to %d, %v", got, upTo, err)
		}
		if found, upTo, err := After(t.Context(), db, last, 10, nil); len(found) != 0 || upTo != last || err != nil {
			t.Errorf("after the last: %v up to %d, %v", found, upTo, err)
		}
	})
}

// What a person did is found like other rescales, and hides nothing of how the job stood.
func TestARescaleByHandIsKept(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		r := begin(t, db)
		record(t, r, "a", "orders", noon, false, "within-bounds")
		e := decisions.NewByHand(keyOf("a"), "orders", noon.Add(time.Minute), "anna", "", []decisions.Vertex{{ID: "0a", Name: "work", From: 2, To: 4}},
			[]decisions.SetBounds{{Vertex: "0a", Name: "work", Before: decisions.Bounds{Lower: 1, Upper: 2}, After: decisions.Bounds{Lower: 1, Upper: 4}}})
		if err := errors.Join(r.RecordByHand(t.Context(), keyOf("a"), e), r.Flush(t.Context())); err != nil {
			t.Fatal(err)
		}
		found, err := OfJob(t.Context(), db, keyOf("a"), noon, 10)
		if err != nil || len(found) != 2 || found[1].ByHand == nil || found[1].ByHand.By != "anna" || found[1].Action != decisions.ActionScale {
			t.Errorf("%+v, %v", found, err)
		}
		var newest strings.Builder
		if err := Newest(t.Context(), db, &newest); err != nil || strings.Count(newest.String(), "\n") != 2 {
			t.Errorf("%v, the newest are %s", err, newest.String())
		}
	})
}

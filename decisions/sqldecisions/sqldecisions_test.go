package sqldecisions

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// begin runs a recorder until the test ends.
func begin(t *testing.T, db *sqldb.DB) *Recorder {
	t.Helper()
	r := New(Config{DB: db, MaxCount: 10, MaxAge: 24 * time.Hour, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	return r
}

func record(t *testing.T, r *Recorder, id, name string, at time.Time, scale bool, reason string) {
	t.Helper()
	key := autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(id)}
	report := &autoscaler.Report{Job: key, Name: name, At: at, Decision: scaling.Decision{Scale: scale, Reason: scaling.Reason(reason)}}
	if err := r.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: name}, report); err != nil {
		t.Fatal(err)
	}
}

func search(t *testing.T, r *Recorder, q decisions.Query) (*decisions.Found, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	s := decisions.NewSearch(q)
	if err := Search(ctx, r.cfg.DB, q.Job, s); err != nil {
		t.Fatal(err)
	}
	return s.Result()
}

func times(found *decisions.Found) string {
	var text []string
	for _, e := range found.Entries {
		text = append(text, e.Time.Format("15:04")+" "+e.Action)
	}
	return strings.Join(text, ", ")
}

func TestWhatIsRecordedIsFoundByIDNameAndBeginning(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		r := begin(t, sqldbtest.Open(t, url))
		for i := range 4 { // a quiet job leaves one line
			record(t, r, "abc1", "orders → ü", noon.Add(time.Duration(i)*time.Minute), false, "steady")
		}
		record(t, r, "abc1", "orders → ü", noon.Add(10*time.Minute), true, "scale")
		record(t, r, "abc1", "orders → ü", noon.Add(11*time.Minute), true, "scale")
		record(t, r, "abd2", "clicks", noon, false, "steady")
		for _, asked := range []string{"abc1", "abc", "prod/abc1", "orders → ü"} {
			found, err := search(t, r, decisions.Query{Job: asked, Last: 5})
			if err != nil || times(found) != "12:00 hold, 12:10 scale, 12:11 scale" {
				t.Errorf("%s: %v, %v", asked, found, err)
			}
		}
		_, err := search(t, r, decisions.Query{Job: "ab"})
		if err == nil || !strings.Contains(err.Error(), "not one job but 2") {
			t.Errorf("a beginning of two: %v", err)
		}
		_, err = search(t, r, decisions.Query{Job: "x"})
		if err == nil || !strings.Contains(err.Error(), `"clicks" (prod/abd2)`) || !strings.Contains(err.Error(), `"orders → ü" (prod/abc1)`) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}

func TestOldAndTooManyDecisionsAreRemoved(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		r := begin(t, sqldbtest.Open(t, url))
		for i := range 25 {
			record(t, r, "many", "many", noon.Add(time.Duration(i-30)*time.Minute), true, "scale")
		}
		for i := range 5 {
			record(t, r, "few", "few", noon.Add(time.Duration(i-27)*time.Hour), true, "scale")
		}
		if _, err := search(t, r, decisions.Query{Job: "many"}); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Sweep(t.Context()); n != 15+3 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		many, err := search(t, r, decisions.Query{Job: "many", Last: 100})
		if err != nil || len(many.Entries) != 10 || many.Entries[0].Time != noon.Add(-15*time.Minute) {
			t.Errorf("many: %s, %v", times(many), err)
		}
		few, err := search(t, r, decisions.Query{Job: "few", Last: 100})
		if err != nil || len(few.Entries) != 2 {
			t.Errorf("few: %s, %v", times(few), err)
		}
	})
}

func TestAThousandJobsAreWrittenInBatches(t *testing.T) {
	r := begin(t, sqldbtest.Open(t, "sqlite:"+t.TempDir()+"/d.db"))
	for i := range 1000 {
		record(t, r, fmt.Sprintf("j%04d", i), "job", noon, false, "steady")
	}
	if _, err := search(t, r, decisions.Query{Job: "j0999"}); err != nil {
		t.Error(err)
	}
}

package sqlevents

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/eventtest"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realdb"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// begin runs a handler until the test ends.
func begin(t *testing.T, db *sqldb.DB) *Handler {
	t.Helper()
	h := New(Config{DB: db, Now: func() time.Time { return noon }, Retention: 90 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	return h
}

func read(t *testing.T, h *Handler, q Query) []Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := h.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	records, err := Read(ctx, h.cfg.DB, q)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestHandlerConforms(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		eventtest.Run(t, func(t *testing.T) eventtest.Subject {
			for _, statement := range []string{"DELETE FROM " + table, "DELETE FROM sluice_event_job"} {
				if _, err := db.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			h := begin(t, db)
			return eventtest.Subject{Handler: h, Rewrites: true, Told: func(t *testing.T) []eventtest.Telling {
				var told []eventtest.Telling
				for _, r := range read(t, h, Query{}) {
					told = append(told, eventtest.Telling{Job: r.Job, Type: r.Type, Reason: r.Reason, Message: r.Message})
				}
				return told
			}}
		})
	})
}

func job(id string) *autoscaler.JobContext {
	return &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "prod/eu", Job: flink.JobID(id)}, Name: "Bestellungen → Lager"}
}

func event(after time.Duration, reason, message, key string, interval time.Duration) autoscaler.Event {
	return autoscaler.Event{At: noon.Add(after), Type: autoscaler.EventNormal, Reason: reason, Message: message, Key: key, Interval: interval}
}

func handle(t *testing.T, h *Handler, id string, e autoscaler.Event) {
	t.Helper()
	if err := h.Handle(t.Context(), job(id), e); err != nil {
		t.Fatal(err)
	}
}

func TestARepetitionCountsUpAndLeavesItsMessage(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		h := begin(t, sqldbtest.Open(t, url))
		handle(t, h, "j1", event(0, "MemoryPressure", "heap at 91 %", "heap", time.Hour))
		handle(t, h, "j1", event(time.Minute, "MemoryPressure", "heap at 95 %, ü\x00\xff", "heap", time.Hour))
		handle(t, h, "j2", event(2*time.Minute, "Scaling", "1 -> 2", "", 0))
		want := []Record{
			{First: noon, Last: noon.Add(time.Minute), Job: job("j1").Key, JobName: job("j1").Name, Type: "Normal", Reason: "MemoryPressure", Message: "heap at 95 %, ü\uFFFD\uFFFD", Count: 2},
			{First: noon.Add(2 * time.Minute), Last: noon.Add(2 * time.Minute), Job: job("j2").Key, JobName: job("j2").Name, Type: "Normal", Reason: "Scaling", Message: "1 -> 2", Count: 1},
		}
		got := read(t, h, Query{})
		last := got[len(got)-1].ID
		for i := range got {
			got[i].ID, got[i].Key = 0, ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		for name, q := range map[string]Query{
			"job": {Jobs: []autoscaler.JobKey{job("j2").Key}}, "since": {Since: noon.Add(90 * time.Second)},
			"newest": {Newest: 1}, "after": {After: last - 1},
		} {
			if got := read(t, h, q); len(got) != 1 || got[0].Reason != "Scaling" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		jobs, err := Jobs(t.Context(), h.cfg.DB)
		if want := []Job{{job("j1").Key, job("j1").Name}, {job("j2").Key, job("j2").Name}}; err != nil || !cmp.Equal(want, jobs) {
			t.Errorf("jobs: %+v, %v", jobs, err)
		}
	})
}

func TestTheKeyOfAnEventIsThatOfItsRow(t *testing.T) {
	h := begin(t, sqldbtest.Open(t, "sqlite:"+t.TempDir()+"/e.db"))
	report := event(0, "ScalingReport", "work 1 -> 2", "report", time.Hour)
	report.Changes = []autoscaler.Change{{Vertex: "work", From: 1, To: 2}}
	told := []autoscaler.Event{event(0, "MemoryPressure", "heap at 91 %", "heap", time.Hour), event(0, "Scaling", "1 -> 2", "", 0), report}
	for _, e := range told {
		handle(t, h, "j1", e)
	}
	again := told[0]
	again.At, again.Message = noon.Add(time.Minute), "heap at 95 %"
	if Key(job("j1").Key, &again) != Key(job("j1").Key, &told[0]) || Key(job("j2").Key, &again) == Key(job("j1").Key, &again) {
		t.Error("a repetition has another key, or another job's event the same")
	}
	for i, r := range read(t, h, Query{}) {
		if want := Key(job("j1").Key, &told[i]); r.Key != want {
			t.Errorf("%s has the key %s, want %s", r.Reason, r.Key, want)
		}
	}
}

func TestTwoProcessesThatTellTheSameCountInOneRow(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		handlers := []*Handler{begin(t, sqldbtest.Open(t, url)), begin(t, sqldbtest.Open(t, url))}
		const times, jobs = 20, 5
		var tell sync.WaitGroup
		for n, h := range handlers {
			tell.Go(func() {
				for i := range times {
					for j := range jobs {
						id := fmt.Sprint((j*(1-2*n) + jobs) % jobs) // the other one in the opposite order
						handle(t, h, id, event(time.Duration(i)*time.Second, "MemoryPressure", "full", "heap", time.Hour))
					}
				}
			})
		}
		tell.Wait()
		read(t, handlers[0], Query{})
		got := read(t, handlers[1], Query{})
		if len(got) != jobs {
			t.Errorf("%d rows for %d jobs", len(got), jobs)
		}
		for _, r := range got {
			if r.Count != 2*times {
				t.Errorf("%s is counted %d times, want %d", r.Job, r.Count, 2*times)
			}
		}
	})
}

func TestOldEventsAreRemovedInBatches(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, url string) {
		db := sqldbtest.Open(t, url)
		h := begin(t, db)
		const old = 2*sweepBatch + 100
		err := db.InTx(t.Context(), func(tx *sqldb.Tx) error {
			for from := 0; from < old; from += 100 {
				at := moment(db.Dialect(), noon.Add(-91*24*time.Hour))
				values := strings.TrimSuffix(strings.Repeat("('"+at+"','"+at+"','j1','Scaling','Normal','old',1,'1'),", 100), ",")
				if _, err := tx.Exec(t.Context(), "INSERT INTO "+table+" (create_time, update_time, job_key, reason, event_type, message, event_count, event_key) VALUES "+values); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		handle(t, h, "j1", event(-89*24*time.Hour, "Scaling", "young", "", 0))
		read(t, h, Query{})
		n, err := h.Sweep(t.Context(), 0)
		if err != nil || n != old {
			t.Errorf("removed %d, %v; want %d", n, err, old)
		}
		if got := read(t, h, Query{}); len(got) != 1 || got[0].Message != "young" {
			t.Errorf("left: %d, %+v", len(got), got)
		}
	})
}

func TestEventsOfAnOutageAreWrittenAfterIt(t *testing.T) {
	s := realdb.NewPostgres(t, realdb.Config{})
	h := begin(t, sqldbtest.Open(t, s.NewDatabase(t)))
	handle(t, h, "j1", event(0, "Scaling", "before", "", 0))
	read(t, h, Query{})
	s.Kill(t)
	for i := range 5 {
		handle(t, h, "j1", event(time.Duration(i)*time.Second, "Scaling", fmt.Sprint("during ", i), "", 0))
	}
	s.Start(t)
	var got []string
	for _, r := range read(t, h, Query{}) {
		got = append(got, r.Message)
	}
	if want := []string{"before", "during 0", "during 1", "during 2", "during 3", "during 4"}; !cmp.Equal(want, got) {
		t.Errorf("%v", got)
	}
}

func TestTheKeyOfAReportIsTheReferences(t *testing.T) {
	changes := []autoscaler.Change{{Vertex: "bc764cd8ddf7a0cff126f51c16239658", From: 1, To: 2}, {Vertex: "20ba6b65f97481d5570070de90e4e791", From: 4, To: 3}}
	if got := changesKey(changes); got != "2016903844" {
		t.Errorf("got %s", got)
	}
	for text, want := range map[string]int32{"": 0, "hello": 99162322, "😀": 1772899} {
		if got := javaHash(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

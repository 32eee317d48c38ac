package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/options"
)

// What a person did stands in the history of every place, and on the page of the next
// process.
func TestARescaleByHandIsInTheHistory(t *testing.T) {
	t.Parallel()
	cluster, data := startFlink(t, 10), t.TempDir()
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	sluice := runSluice(t, "--flink", cluster.URL, "--data", data, "--decisions", path, "--listen", "127.0.0.1:0")
	address := sluice.served()
	asked := func(line string) string { return runCommand(t, strings.Fields(line)...).stdout }
	eventually(t, "the job is watched", func() bool { return strings.Contains(asked("status --server "+address), "orders") })
	if got := runCommand(t, "rescale", "orders", "all=3", "--server", address); got.code != exitDone || !strings.Contains(got.stdout, "Flink has taken the bounds") {
		t.Fatalf("%+v", got)
	}
	check := func(flags ...string) {
		eventually(t, "it stands in "+strings.Join(flags, " "), func() bool {
			got := runCommand(t, append([]string{"history", "orders", "--rescales"}, flags...)...)
			return got.code == exitDone && strings.Count(got.stdout, "rescale: by hand of local: bounds ") == 1
		})
		if got := runCommand(t, append([]string{"status", "-o", "json"}, flags...)...); !strings.Contains(got.stdout, `"scaled": "2`) {
			t.Errorf("%s: the job was never rescaled: %s", flags, got.stdout)
		}
	}
	check("--server", address)
	check("--data", data)
	check("--decisions", path)
	if text := asked("events --decisions " + path); !strings.Contains(text, "ByHand") {
		t.Errorf("events of the file: %s", text)
	}
	if code := sluice.terminate(); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	check("--server", runSluice(t, "--flink", cluster.URL, "--data", data, "--listen", "127.0.0.1:0").served())
}

func TestNothingIsSaidInAWord(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	did(t, "state", "migrate", "--data", empty)
	for line, want := range map[string]string{
		"events":              "No event.\n",
		"events --job nosuch": "No event.\n",
		"events -o json":      "",
	} {
		if got := runCommand(t, append(strings.Fields(line), "--data", empty)...); got.code != exitDone || got.stdout != want || got.stderr != "" {
			t.Errorf("%s: %+v; want %q", line, got, want)
		}
	}
	stub := startStub(t)
	for line, want := range map[string]string{
		"history orders --rescales": "No rescale.\n", "history orders --since 2026-07-02T00:00:00Z": "No decision.\n", "history orders --rescales -o json": "[]\n",
	} {
		if got := runCommand(t, append(strings.Fields(line), "--server", stub.URL)...); got.code != exitDone || got.stdout != want {
			t.Errorf("%s: %+v; want %q", line, got, want)
		}
	}
}

func TestStateIsShownByTheNameOfAJob(t *testing.T) {
	t.Parallel()
	dir := remembered(t, options.FormatSluice, map[autoscaler.JobKey]int{keptA: 1, keptC: 3})
	db := openDatabase(t, "sqlite:"+filepath.Join(dir, "sluice.db"))
	recorder := sqldecisions.New(sqldecisions.Config{DB: db, MaxCount: 10, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go recorder.Run(ctx)
	if err := recorder.RecordByHand(ctx, keptC, decisions.NewByHand(keptC, "orders", time.Now(), "anna", "", nil, nil)); err != nil {
		t.Fatal(err)
	}
	if err := recorder.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if got := did(t, "state", "show", "orders", "--data", dir); !strings.Contains(got, string(keptC.Job)) {
		t.Errorf("%s", got)
	}
	refused(t, exitFailed, "state", "show", "order", "--data", dir)
}

// A cluster that never answered is no cluster without jobs.
func TestStatusSaysThatNoClusterHasAnswered(t *testing.T) {
	t.Parallel()
	page := runSluice(t, "--flink", "http://127.0.0.1:1", "--listen", "127.0.0.1:0").served()
	eventually(t, "status says so", func() bool {
		got := runCommand(t, "status", "--server", page)
		return got.code == exitDone && strings.Contains(got.stdout, "No job is known: the cluster has not answered yet: ") && strings.Contains(got.stdout, "refused")
	})
}

// What a person did says nothing of where the job stands.
func TestARescaleByHandHidesNoStanding(t *testing.T) {
	const pass = `{"time": "2026-07-01T12:00:00Z", "job": "a1", "name": "orders", "scope": "scale", "action": "hold", "reason": "within-bounds",` +
		` "vertices": [{"id": "0a", "name": "work", "from": 2, "to": 2, "busy": 0.5, "inputRate": 10, "peakRate": 10, "trueProcessingRate": 20}]}` + "\n"
	const hand = `{"time": "2026-07-01T12:01:00Z", "job": "a1", "name": "orders", "scope": "scale", "action": "scale", "reason": "by-hand", "detail": "bounds set by anna",` +
		` "byHand": {"by": "anna", "bounds": []}, "vertices": [{"id": "0a", "name": "work", "from": 2, "to": 4, "busy": null}]}` + "\n"
	for text, want := range map[string]string{pass + hand: "steady", hand + pass: "steady", hand: "unknown"} {
		newest := newestOf{}
		if _, err := newest.read("decisions", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		jobs, err := newest.jobs()
		if err != nil || len(jobs) != 1 || jobs[0].State != want || jobs[0].Scaled == nil || jobs[0].Scaled.Minute() != 1 {
			t.Errorf("%v, %+v; want it %s", err, jobs, want)
		}
	}
}

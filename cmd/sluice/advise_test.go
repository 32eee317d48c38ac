package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-project/sluice/decisions"
)

func adviseOn(t *testing.T, cluster *fakeFlink, args ...string) ran {
	t.Helper()
	return runCommand(t, append(append([]string{"advise", "--flink", cluster.URL}, fast...), args...)...)
}

// onlyLooked fails the test when advise asked for more than it may.
func onlyLooked(t *testing.T, cluster *fakeFlink) {
	t.Helper()
	if puts := cluster.puts(); len(puts) > 0 {
		t.Errorf("advise changed something: %v", puts)
	}
}

func entries(t *testing.T, r ran) []decisions.Entry {
	t.Helper()
	var list []decisions.Entry
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil || r.code != exitDone {
		t.Fatalf("exit code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
	}
	return list
}

// of returns what an entry says about a vertex.
func of(t *testing.T, e decisions.Entry, name string) decisions.Vertex {
	t.Helper()
	i := slices.IndexFunc(e.Vertices, func(v decisions.Vertex) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no vertex %q in %+v", name, e)
	}
	return e.Vertices[i]
}

func TestAdviseLooksUntilTheWindowIsFull(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	got := adviseOn(t, cluster, "-o", "json")
	list := entries(t, got)
	if len(list) != 1 || list[0].Action != decisions.ActionScale || of(t, list[0], "work").To != 4 {
		t.Errorf("advice %+v, want work at 4", list)
	}
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if len(lines) < 3 || !strings.HasPrefix(lines[0], "collecting: 0 of 1 jobs have a full metric window") {
		t.Errorf("progress: %s", got.stderr)
	}
	onlyLooked(t, cluster)
}

func TestAdviseIsReadable(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	got := adviseOn(t, cluster)
	for _, want := range []string{`"orders" (` + jobDetails + `)`, "rescale 2 vertices", "1 -> 4"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in:\n%s", want, got.stdout)
		}
	}
	onlyLooked(t, cluster)
}

func TestAdviseNowAnswersFromWhatWasCountedSinceTheStart(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	cluster.startedBefore(10 * time.Minute)
	began := time.Now()
	got := adviseOn(t, cluster, "--now", "-o", "json", "-D", "job.autoscaler.catch-up.duration=30min")
	list := entries(t, got)
	if len(list) != 1 || list[0].Action != decisions.ActionScale || of(t, list[0], "work").To < 2 {
		t.Errorf("advice %+v, want more than one subtask for work", list)
	}
	if took := time.Since(began); took > 2*time.Second || got.stderr != "" {
		t.Errorf("it took %s and said: %s", took, got.stderr)
	}
	onlyLooked(t, cluster)
}

func TestAdviseOnOneJob(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 50)
	cluster.startedBefore(time.Minute)
	for _, job := range []string{"orders", jobDetails} {
		if list := entries(t, adviseOn(t, cluster, "--now", "-o", "json", "--job", job)); len(list) != 1 {
			t.Errorf("%s: %d entries, want 1", job, len(list))
		}
	}
	onLine(t, exitFailed, adviseOn(t, cluster, "--now", "--job", "order"), `"order"`)
}

// A dropped connection in the middle of a window is no reason to give up.
func TestAdviseLooksOnAfterAFault(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	var looks atomic.Int64
	cluster.suffer(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/jobs/overview") && looks.Add(1)%5 == 0 {
				next = instead(http.StatusServiceUnavailable, "maintenance")(next)
			}
			next.ServeHTTP(w, r)
		})
	})
	list := entries(t, adviseOn(t, cluster, "-o", "json"))
	if len(list) != 1 || of(t, list[0], "work").To != 4 {
		t.Errorf("advice %+v, want work at 4", list)
	}
	onlyLooked(t, cluster)
}

func TestAdviseSaysWhyAJobCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, path := range []string{jobDetails, jobDetails + "/config"} {
		cluster := startFlink(t, 250)
		var faults atomic.Int64
		fault := instead(http.StatusInternalServerError, `{"errors":["java.lang.IllegalStateException: out of order"]}`)
		cluster.suffer(func(next http.Handler) http.Handler { return onPath(path, &faults, fault(next), next) })
		for _, now := range []string{"--now=true", "--now=false"} {
			list := entries(t, adviseOn(t, cluster, "-o", "json", now))
			if len(list) != 1 || list[0].Reason != "error" || !strings.Contains(list[0].Detail, "out of order") {
				t.Errorf("%s, %s: advice %+v, want the error", path, now, list)
			}
		}
		onlyLooked(t, cluster)
	}
}

// What sluice run did is found again in its recording, faults and all.
func TestARecordingIsReplayed(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 250)
	folder := t.TempDir()
	decided, exchanged := filepath.Join(folder, "decisions.jsonl"), filepath.Join(folder, "recording.gz")
	sluice := runSluice(t, "--flink", cluster.URL, "--decisions", decided, "--record", exchanged)
	eventually(t, "the job is rescaled and judged again", func() bool {
		return len(sluice.events("Rescaled")) == 1 && strings.Contains(content(t, decided), "within-bounds")
	})
	var faults atomic.Int64
	outOfOrder := instead(http.StatusInternalServerError, `{"errors":["java.lang.IllegalStateException: out of order"]}`)
	cluster.suffer(func(next http.Handler) http.Handler { return onPath(jobDetails, &faults, outOfOrder(next), next) })
	eventually(t, "the fault is met", func() bool { return strings.Contains(sluice.text(), "out of order") })
	if code := sluice.terminate(); code != exitDone {
		t.Fatalf("exit code %d, want 0", code)
	}
	args := append([]string{"advise", "--replay", exchanged}, fast...)
	asJSON, asText := runCommand(t, append(args, "-o", "json")...), runCommand(t, args...)
	replayed := scales(entries(t, asJSON))
	done := scales(recorded(t, decided))
	if len(replayed) != 1 || len(done) != 1 || of(t, replayed[0], "work").To != of(t, done[0], "work").To {
		t.Errorf("replayed %+v, want what was done: %+v", replayed, done)
	}
	if asText.code != exitDone || !strings.Contains(asText.stdout, "rescale 2 vertices") || !strings.Contains(asText.stdout, "out of order") {
		t.Errorf("%s%s", asText.stdout, asText.stderr)
	}
}

// unpacked is the text of a compressed file.
func unpacked(t *testing.T, file string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader([]byte(content(t, file))))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

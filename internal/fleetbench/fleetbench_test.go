package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
)

func TestFleetsAreReadFromTheFlags(t *testing.T) {
	fleets, err := fleetsOf("1000,10000", "5,2", 90)
	if err != nil || len(fleets) != 2 {
		t.Fatalf("%v, %v", fleets, err)
	}
	if fleets[0].interval() != 2*time.Second || fleets[1].interval() != 5*time.Second || fleets[1].jobs != 10000 {
		t.Errorf("got %+v", fleets)
	}
	if last, err := fleetsOf("1,2,3", "4", 90); err != nil || last[2].speed != 4 {
		t.Errorf("the last speed does not serve for the rest: %+v, %v", last, err)
	}
	for _, wrong := range [][2]string{{"many", "1"}, {"1", "fast"}, {"1", "0"}} {
		if _, err := fleetsOf(wrong[0], wrong[1], 90); err == nil {
			t.Errorf("-jobs %s -speed %s: accepted", wrong[0], wrong[1])
		}
	}
}

// own is the process of the test.
func own(t *testing.T) *process {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return &process{cmd: &exec.Cmd{Process: self}}
}

func TestProcessorTimeAndMemoryAreRead(t *testing.T) {
	p := own(t)
	before, err := p.cpu()
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	after := before
	for x := 1.0; after < before+50*time.Millisecond; x *= 1.000001 { // work until it shows
		if time.Now().After(deadline) {
			t.Fatalf("half a minute of work shows as %v of processor time, x = %g", after-before, x)
		}
		if after, err = p.cpu(); err != nil {
			t.Fatal(err)
		}
	}
	if peak, err := p.peakMemory(); err != nil || peak < 1<<20 || peak > 1<<33 {
		t.Errorf("the peak is %d bytes, %v", peak, err)
	}
}

func TestALoopIsReadFromTheLogAndTheMeters(t *testing.T) {
	manager, err := fakeflink.New(fakeflink.Config{Jobs: 2, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakeflink.Serve(manager, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	log := "not JSON\n" + `{"level":"DEBUG","msg":"pass failed"}` + "\n" +
		`{"level":"DEBUG","msg":"loop done","took":150000000,"jobs":2,"ok":1,"failed":1,"late":0}` + "\n"
	p := own(t)
	p.lines = bufio.NewScanner(strings.NewReader(log))
	w := watcher{sluice: p, fake: p, url: server.URL()}
	client, err := flink.New(flink.Config{Addresses: []string{server.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.JobsOverview(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	l, err := w.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if l.wall != 150*time.Millisecond || l.ok != 1 || l.failed != 1 || l.traffic["jobs/overview"].Requests != 1 || w.complaints != 1 {
		t.Errorf("got %+v, %d complaints", l, w.complaints)
	}
	if _, err := w.next(t.Context()); err == nil {
		t.Error("the end of the log is no error")
	}
}

func TestThePageShowsMediansOfTheSteadyState(t *testing.T) {
	traffic := map[string]fakeflink.Traffic{"job": {Requests: 1000, Bytes: 8_000_000}, "source metrics": {Requests: 2000, Bytes: 1_000_000}, "subtasks": {Requests: 100, Bytes: 1_000_000}}
	r := result{fleet: fleet{jobs: 1000, speed: 5, window: 90}, peak: 80 << 20, rescales: 200}
	for _, ms := range []int{300, 100, 900} {
		r.steady = append(r.steady, loop{wall: time.Duration(ms) * time.Millisecond, cpu: time.Duration(2*ms) * time.Millisecond, late: 1, traffic: traffic})
	}
	file := filepath.Join(t.TempDir(), "fleet.md")
	if err := (page{results: []result{r}, startup: startup{size: 10 << 20, first: 3 * time.Millisecond, starts: 10}}).write(file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 1000 | 2s / 90 loops | 0.30 s | 0.60 s |", "| 80.0 MiB | 3.00 | 0.10 | 10.0 | 200 | 3 |", "| 1000 | 1.000 | 2.000 | 0.100 |", "| 10.0 MiB | 3ms |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

func TestAnUnreachableFakeIsAnError(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := readStats(t.Context(), gone.URL); err == nil {
		t.Error("no error")
	}
}

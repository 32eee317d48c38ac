package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/realize/byhand"
)

func TestARescaleThroughAServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	stub := startStub(t)
	stub.set(func(s *stubbed) { s.after = 2 }) // once before, and once while it waits
	got := runCommand(t, "rescale", "orders", "work=4", "--wait", "--hold", "2h", "--server", stub.URL)
	want := "job \"orders\" (" + stubJob + ") at -\n" +
		"VERTEX  ID  RUNS AT  MAX  BOUNDS\n" +
		"work    0b  2        128  1:2 -> 1:4\n" +
		"Flink has taken the bounds and rescales when it can. Sluice keeps its hand off for 2h.\n"
	if got.code != exitDone || !strings.HasPrefix(got.stdout, want) || !strings.Contains(got.stdout, "The job runs so after ") || got.stderr != "" { // progress is for terminals
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	var plan rescalePlan
	got = runCommand(t, "rescale", "orders", "work=4", "--wait", "-o", "json", "--server", stub.URL)
	if err := json.Unmarshal([]byte(got.stdout), &plan); err != nil || plan.Changed || !plan.Waited.Done || plan.Waited.Parallelism["0b"] != 4 || plan.Hold != "1h" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestARescaleThroughAServerThatDoesNotCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(*stubbed)
		want    string
	}{
		"too late":             {func(*stubbed) {}, "the job does not run so after 1s (--timeout): work runs at 2, not 4"},
		"others set bounds":    {func(s *stubbed) { s.upper = 7 }, "someone else has set other bounds meanwhile"},
		"the job is gone":      {func(s *stubbed) { s.status = http.StatusNotFound }, "it is there no more"},
		"the server is away":   {func(s *stubbed) { s.status = http.StatusBadGateway }, "does not answer: not now"},
		"the token is refused": {func(s *stubbed) { s.status = http.StatusForbidden }, "the job will not run so: not now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stub := startStub(t)
			stub.set(func(s *stubbed) { s.after = 1000 })
			go func() {
				for range time.Tick(5 * time.Millisecond) { // until the rescale was asked for
					stub.mu.Lock()
					asked := strings.Contains(strings.Join(stub.asked, " "), "POST")
					if asked {
						c.happens(stub)
					}
					stub.mu.Unlock()
					if asked || t.Context().Err() != nil {
						return
					}
				}
			}()
			got := runCommand(t, "rescale", "orders", "work=4", "--wait", "--timeout", "1s", "--server", stub.URL)
			if got.code != exitFailed || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
}

func TestWhichVerticesAreWaitedFor(t *testing.T) {
	vertices := []apiclient.Bounds{{Vertex: "0a", Name: "join"}, {Vertex: "0b", Name: "join late"}, {Vertex: "1c", Name: "Sink: join"}}
	for wish, want := range map[string]string{"all": "0a 0b 1c", "*": "0a 0b 1c", "join": "0a", "late": "0b", "1C": "1c", "0": "0a 0b", "sink": "1c", "none": ""} {
		var got []string
		for _, v := range wished(vertices, []byhand.Wish{{Vertex: wish, Upper: 1}}) {
			got = append(got, v.Vertex)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", wish, diff)
		}
	}
}

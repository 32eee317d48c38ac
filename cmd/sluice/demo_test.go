package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The one JSON object that scripts read, with all its fields.
func TestDemoPrintsOneObject(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole day takes some seconds")
	}
	t.Parallel()
	got := runCommand(t, "demo", "--headless", "--speed", "max", "-o", "json")
	if got.code != exitDone || got.stderr != "" {
		t.Fatalf("exit code %d, on stderr: %s", got.code, got.stderr)
	}
	decoder := json.NewDecoder(strings.NewReader(got.stdout))
	decoder.DisallowUnknownFields()
	var r demoObject
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatalf("%v in %s", err, got.stdout)
	}
	r.check(t)
	for _, d := range r.Decisions {
		if d.Time.IsZero() || d.Vertex == "" || d.Reason == "" || d.From == d.To {
			t.Errorf("a decision: %+v", d)
		}
	}
}

func (r *demoObject) check(t *testing.T) {
	t.Helper()
	if *r.VirtualHours != 24 || *r.WallSeconds <= 0 || *r.LagViolationMinutes > 5 || *r.SlotHours >= *r.SlotHoursAtFixedPeak {
		t.Errorf("%v h in %v s, late for %v min, %v slot-hours of %v", *r.VirtualHours, *r.WallSeconds, *r.LagViolationMinutes, *r.SlotHours, *r.SlotHoursAtFixedPeak)
	}
	if *r.Rescales == 0 || len(r.Decisions) == 0 {
		t.Errorf("%d rescales, %d decisions", *r.Rescales, len(r.Decisions))
	}
}

// demoObject is the object as its readers know it.
type demoObject struct {
	VirtualHours, WallSeconds, LagViolationMinutes, SlotHours, SlotHoursAtFixedPeak *float64
	Rescales                                                                        *int
	Decisions                                                                       []struct {
		Time           time.Time
		Vertex, Reason string
		From, To       int
	}
}

// While the day passes, the page shows it at the address that is printed first, and
// the cluster answers as Flink does at the second.
func TestDemoServesThePageAndTheCluster(t *testing.T) {
	t.Parallel()
	page := startServer(t, "demo", "--speed", "60", "--listen", ":0")
	page.mu.Lock()
	addresses := atAddress.FindAllString(page.stdout.String(), 2)
	page.mu.Unlock()
	if len(addresses) != 2 {
		t.Fatalf("it printed %q; want two addresses", addresses)
	}
	cluster := &server{t: t, address: addresses[1]}
	eventually(t, "the job runs", func() bool {
		return strings.Contains(cluster.get("/jobs/overview"), `"state":"RUNNING"`)
	})
	if clock := cluster.get("/twin/v1/clock"); !strings.Contains(clock, `"speed":60`) {
		t.Errorf("its clock: %s", clock)
	}
	if text := page.get("/"); !strings.Contains(text, "<title>Sluice</title>") {
		t.Errorf("the page: %.300s", text)
	}
	var jobs struct {
		Jobs []struct{ Cluster, Job, State string }
	}
	eventually(t, "the page shows the job", func() bool {
		return json.Unmarshal([]byte(page.get("/api/v1/jobs")), &jobs) == nil && len(jobs.Jobs) == 1
	})
	path := "/api/v1/jobs/" + jobs.Jobs[0].Cluster + "/" + jobs.Jobs[0].Job
	if said := page.post(path+"/pause", `{"why":"a look around"}`); !strings.Contains(said, "a look around") {
		t.Errorf("paused: %s", said)
	}
	eventually(t, "the job is paused", func() bool { return strings.Contains(page.get(path), `"state":"paused"`) })
	if said := page.post(path+"/rescale", `{"vertices":[{"vertex":"all","upper":1}]}`); !strings.Contains(said, `"vertices":[`) {
		t.Errorf("rescaled: %s", said)
	}
	if events := page.get("/api/v1/events"); !strings.Contains(events, `"reason":"ByHand"`) {
		t.Errorf("what was done by hand is not told: %s", events)
	}
	if got := page.end(); got.code != exitFailed || !strings.Contains(got.stderr, "interrupted") || !strings.Contains(got.stdout, "slot-hours") {
		t.Errorf("interrupted, it ends so: %+v", got)
	}
}

func TestDemoIsToldWhereToListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"an address that is taken": {[]string{"demo", "--listen", taken.Addr().String()}, []string{"--listen", taken.Addr().String()}},
		"no address":               {[]string{"demo", "--headless", "--listen", "here"}, []string{"--listen", "here"}},
		"a speed":                  {[]string{"demo", "--speed", "fast"}, []string{"--speed", `"fast"`}},
		"a clock that stands":      {[]string{"demo", "--speed", "step"}, []string{"--speed", "above 0"}},
		"an option":                {[]string{"demo", "--headless", "-D", "job.autoscaler.metrics.windo=3m"}, []string{"did you mean job.autoscaler.metrics.window?"}},
		"an argument":              {[]string{"demo", "today"}, []string{`"today"`}},
		"no twin":                  {[]string{"twin"}, []string{"--config", "sluice twin --help"}},
		"a twin that is not there": {[]string{"twin", "--config", "nowhere.yaml"}, []string{"--config", "nowhere.yaml"}},
		"the speed of a twin":      {[]string{"twin", "--config", "twin.yaml", "--speed", "-1"}, []string{"--speed", `"-1"`}},
	} {
		t.Run(name, func(t *testing.T) { onLine(t, exitUsage, runCommand(t, c.args...), c.want...) })
	}
}

func (s *server) get(path string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.address+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(r)
}

func (s *server) post(path, body string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return s.do(r)
}

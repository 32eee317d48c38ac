package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/twin/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const plan = `
flink: %s
options: {execution.checkpointing.interval: 10 s}
taskmanagers: [{count: 2, slots: 2}]
jobs:
  - name: orders
    vertices:
      - {name: orders, source: {partitions: 4}, cost: 0.1 ms, load: 500}
      - {name: prices, cost: 1 ms, parallelism: 2, inputs: {orders: {exchange: hash}}}
`

// served is a server over HTTP, whose real clock the test moves.
type served struct {
	t      *testing.T
	server *Server
	http   *httptest.Server
	real   time.Time
}

func serve(t *testing.T, speed Speed, version string) *served {
	t.Helper()
	p, err := stage.Read(stage.File{Name: "twin.yaml", Contents: []byte(strings.Replace(plan, "%s", version, 1))})
	if err != nil {
		t.Fatal(err)
	}
	world, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, real: time.Unix(1_000_000, 0)}
	if s.server, err = New(Config{World: world, Speed: speed, Now: func() time.Time { return s.real }}); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(s.server)
	t.Cleanup(func() {
		s.http.Client().CloseIdleConnections()
		s.http.Close()
	})
	return s
}

func (s *served) client() *flink.Client {
	s.t.Helper()
	c, err := flink.New(flink.Config{Addresses: []string{s.http.URL}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// ask sends a request and returns the status and the body.
func (s *served) ask(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := s.http.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// must is ask of what succeeds, decoded.
func must[T any](s *served, method, path, body string) T {
	s.t.Helper()
	status, text := s.ask(method, path, body)
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil || status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s (%v)", method, path, status, text, err)
	}
	return value
}

func (s *served) advance(by string) {
	must[clockBody](s, "POST", "/twin/v1/clock", `{"advance": "`+by+`"}`)
}

func (s *served) state() stateBody { return must[stateBody](s, "GET", "/twin/v1/state", "") }

// What our own client reads of a cluster it reads of a twin, and it rescales a job
// as it does there.
func TestFlinksClientReadsAndRescales(t *testing.T) {
	for _, version := range []string{"1.20", "2.3"} {
		t.Run(version, func(t *testing.T) {
			s := serve(t, Step, version)
			s.advance("30 s")
			c, ctx := s.client(), t.Context()
			config, err := c.ClusterConfig(ctx)
			if err != nil || !strings.HasPrefix(config.FlinkVersion, version) {
				t.Fatalf("%+v, %v", config, err)
			}
			jobs, err := c.JobsOverview(ctx)
			if err != nil || len(jobs) != 1 || jobs[0].Name != "orders" || jobs[0].State != flink.JobRunning {
				t.Fatalf("%+v, %v", jobs, err)
			}
			rescale(s, c, jobs[0].ID)
			if _, err = c.Job(ctx, flink.JobID(strings.Repeat("0", 32))); !flink.IsNotFound(err) {
				t.Errorf("of a job that is not there the client says %v", err)
			}
		})
	}
}

func rescale(s *served, c *flink.Client, id flink.JobID) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	details, err := c.Job(ctx, id)
	if err != nil || len(details.Vertices) != 2 || details.Vertices[1].Parallelism != 2 {
		t.Fatalf("%+v, %v", details, err)
	}
	wish, err := c.ResourceRequirements(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	wish[details.Vertices[1].ID] = flink.Require(1, 3)
	if err := c.PutResourceRequirements(ctx, id, wish); err != nil {
		t.Fatal(err)
	}
	s.advance("1 min")
	if details, err = c.Job(ctx, id); err != nil || details.Vertices[1].Parallelism != 3 {
		t.Errorf("after a minute it runs at %d (%v)", details.Vertices[1].Parallelism, err)
	}
	wish[details.Vertices[1].ID] = flink.Require(4, 3)
	if err := c.PutResourceRequirements(ctx, id, wish); !flink.IsRefused(err) {
		t.Errorf("of bounds that cannot be the client says %v", err)
	}
}

func TestPathsWithAVersionAreTheSame(t *testing.T) {
	s := serve(t, Step, "2.3")
	s.advance("30 s")
	_, plain := s.ask("GET", "/jobs/overview", "")
	if _, versioned := s.ask("GET", "/v1/jobs/overview", ""); versioned != plain || !strings.Contains(plain, `"orders"`) {
		t.Errorf("/v1 gives %s, / gives %s", versioned, plain)
	}
}

func TestClockFollowsTheRealOne(t *testing.T) {
	s := serve(t, 60, "2.3")
	start := s.state().Now
	at := func() time.Duration { return s.state().Now.Sub(start) }
	s.real = s.real.Add(500 * time.Millisecond)
	if got := at(); got != 30*time.Second {
		t.Errorf("after half a second at speed 60: %s", got)
	}
	must[clockBody](s, "POST", "/twin/v1/clock", `{"paused": true}`)
	s.real = s.real.Add(time.Hour)
	if got := at(); got != 30*time.Second {
		t.Errorf("while it is paused: %s", got)
	}
	must[clockBody](s, "POST", "/twin/v1/clock", `{"paused": false, "speed": 1}`)
	s.real = s.real.Add(10 * time.Second)
	if got := at(); got != 40*time.Second {
		t.Errorf("10 s after it goes on at speed 1: %s", got)
	}
	must[clockBody](s, "POST", "/twin/v1/clock", `{"speed": "step"}`)
	s.real = s.real.Add(time.Hour)
	s.advance("1 min")
	if got := at(); got != 100*time.Second {
		t.Errorf("a minute more by hand: %s", got)
	}
	// Who cannot follow falls behind.
	must[clockBody](s, "POST", "/twin/v1/clock", `{"speed": 1000}`)
	s.real = s.real.Add(time.Hour)
	if got := at(); got != 160*time.Second {
		t.Errorf("an hour later, in one stride: %s", got)
	}
}

func TestRunEndsWithTime(t *testing.T) {
	s := serve(t, Max, "2.3")
	s.server.end = s.server.world.Twin().Start().Add(10*time.Minute + 30*time.Second) // within a stride
	if err := s.server.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := s.server.world.Twin().Now(); !now.Equal(s.server.end) {
		t.Errorf("the clock stands at %s, not at the end, %s", now, s.server.end)
	}
}

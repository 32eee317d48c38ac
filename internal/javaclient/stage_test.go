package javaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/twin/rest"
	"github.com/sluice-project/sluice/twin/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// versions are the releases whose clients are asked, by the line that a twin is of.
var versions = map[string]string{"1.20": realflink.Flink120, "2.3": realflink.Flink23}

const plan = `
flink: VERSION
start: 2026-05-04
options:
  execution.checkpointing.interval: 10 s
  execution.checkpointing.savepoint-dir: file:/savepoints
  restart-strategy.type: fixed-delay
  restart-strategy.fixed-delay.attempts: 1000
  restart-strategy.fixed-delay.delay: 1 s
  web.adaptive-scheduler.rescale-history.size: 20
  jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling: 1 s
  jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout: 1 s
  jobmanager.adaptive-scheduler.scaling-interval.min: 1 s
  jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout: 1 s
taskmanagers: [{count: 3, slots: 4}]
jobs:
  - name: orders <&> returns
    parameters: {job.autoscaler.enabled: "true"}
    vertices:
      - {name: orders, source: {partitions: 6, topic: orders}, cost: 0.1 ms, load: 700}
      - {name: returns, source: {partitions: 2, counts-input: true}, cost: 0.1 ms, load: 100}
      - {name: prices, cost: 1 ms, parallelism: 1:2, inputs: {orders: {exchange: hash}, returns: {exchange: hash}}, state: {bytes: 2 mb}}
      - {name: store, operators: [store, "store: Writer"], cost: 0.2 ms, inputs: {prices: {exchange: rebalance, records: 0.5}}}
  - name: other
    vertices:
      - {name: in, source: {}, cost: 0.1 ms, load: 100}
      - {name: out, cost: 1 ms, inputs: {in: {exchange: rebalance}}}
`

// world is a cluster to ask: a twin over HTTP, whose clock stands still unless it is
// told to move, or a real one.
type world struct {
	t      *testing.T
	url    string
	client *http.Client
}

func newWorld(t *testing.T, version string) *world {
	t.Helper()
	realflink.RequireReal(t)
	p, err := stage.Read(stage.File{Name: "twin.yaml", Contents: []byte(strings.Replace(plan, "VERSION", version, 1))})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	server, err := rest.New(rest.Config{World: opened, Speed: rest.Step, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	over := httptest.NewServer(server)
	t.Cleanup(func() {
		over.CloseClientConnections()
		over.Close()
	})
	return &world{t, over.URL, over.Client()}
}

// java starts a Java client that ends with the test.
func (w *world) java(start func(ctx context.Context, address string) (*Client, error)) *Client {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	c, err := start(ctx, strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		cancel()
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			w.t.Error(err)
		}
		cancel()
	})
	return c
}

// flinkClient is Flink's REST client of a line of Flink.
func (w *world) flinkClient(version string) *Client {
	w.t.Helper()
	return w.java(func(ctx context.Context, address string) (*Client, error) {
		return Start(ctx, versions[version], address)
	})
}

// send sends a request and returns the status and the body.
func (w *world) send(method, path string, body []byte) (int, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, text
}

// do is send of what has to succeed.
func (w *world) do(method, path, body string) []byte {
	w.t.Helper()
	status, text := w.send(method, path, []byte(body))
	if status/100 != 2 {
		w.t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text
}

func (w *world) clock(wish string) { w.t.Helper(); w.do("POST", "/twin/v1/clock", wish) }

func (w *world) advance(by string) { w.t.Helper(); w.clock(`{"advance": "` + by + `"}`) }

// get reads the body of a GET as T.
func get[T any](w *world, path string) T {
	w.t.Helper()
	var value T
	if err := json.Unmarshal(w.do("GET", path, ""), &value); err != nil {
		w.t.Fatalf("GET %s: %v", path, err)
	}
	return value
}

// job is one by its place in the plan.
func (w *world) job(index int) flink.JobDetails {
	w.t.Helper()
	return get[flink.JobDetails](w, "/jobs/"+string(get[flink.JobsOverview](w, "/jobs/overview").Jobs[index].ID))
}

// rescale gives the vertices of a job new upper bounds, by the beginning of their
// names.
func (w *world) rescale(job flink.JobDetails, upper map[string]int) {
	w.t.Helper()
	bounds := get[flink.ResourceRequirements](w, "/jobs/"+string(job.ID)+"/resource-requirements")
	for _, v := range job.Vertices {
		for prefix, p := range upper {
			if strings.HasPrefix(v.Name, prefix) {
				bounds[v.ID] = flink.Require(1, p)
			}
		}
	}
	body, err := json.Marshal(bounds)
	if err != nil {
		w.t.Fatal(err)
	}
	w.do("PUT", "/jobs/"+string(job.ID)+"/resource-requirements", string(body))
}

package collect_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// fakeCluster answers as a JobManager does, in place of the network. A path with
// "?get=*" holds the table of values that requests with get=… are answered from.
type fakeCluster struct {
	t *testing.T
	// latency is how long an answer takes; for tests in a bubble of virtual time.
	latency time.Duration

	mu       sync.Mutex
	bodies   map[string]reply
	requests []string
	hooks    map[string]func()
}

type reply struct {
	status int
	body   []byte
	html   bool
}

func newFakeCluster(t *testing.T) *fakeCluster {
	t.Helper()
	return &fakeCluster{t: t, bodies: map[string]reply{}, hooks: map[string]func(){}}
}

func (f *fakeCluster) client() *flink.Client {
	f.t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{"http://jobmanager:8081"}, Transport: f})
	if err != nil {
		f.t.Fatal(err)
	}
	return client
}

// set makes path answer with body, which is encoded unless it is JSON already.
func (f *fakeCluster) set(path string, body any) {
	f.t.Helper()
	text, ok := body.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(body); err != nil {
			f.t.Fatal(err)
		}
	}
	f.setReply(path, reply{status: http.StatusOK, body: text})
}

func (f *fakeCluster) setReply(path string, r reply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies[path] = r
}

func (f *fakeCluster) remove(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.bodies, path)
}

// asked returns the requests since it was called last, without the ids in get=.
func (f *fakeCluster) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.requests
	f.requests = nil
	return asked
}

// onRequest calls do when path is asked for, before it answers.
func (f *fakeCluster) onRequest(path string, do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks[path] = do
}

// RoundTrip implements [http.RoundTripper].
func (f *fakeCluster) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if f.latency > 0 {
		<-time.After(f.latency)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	if r.URL.Query().Has("get") {
		path += "?get=*"
	}
	f.requests = append(f.requests, path)
	if do := f.hooks[path]; do != nil {
		do()
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
	}
	answer, ok := f.bodies[path]
	switch {
	case !ok:
		answer = reply{status: http.StatusNotFound, body: []byte(`{"errors":["Not found: ` + path + `"]}`)}
	case r.URL.Query().Has("get") && answer.status == http.StatusOK && !answer.html:
		answer.body = fromTable(answer.body, r.URL.Query(), strings.HasPrefix(path, "/jobmanager"))
	}
	contentType := "application/json; charset=UTF-8"
	if answer.html {
		contentType = "text/html"
	}
	return &http.Response{
		StatusCode: answer.status, Status: http.StatusText(answer.status), ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(answer.body)), ContentLength: int64(len(answer.body)),
	}, nil
}

// fromTable picks the ids that were asked for. Where one is not in the table,
// Flink answers with nothing at all, save for the JobManager's own metrics.
func fromTable(table []byte, query url.Values, lenient bool) []byte {
	var entries []map[string]any
	if err := json.Unmarshal(table, &entries); err != nil {
		return table // torn on purpose
	}
	aggregates := strings.Split(query.Get("agg"), ",")
	picked := []map[string]any{}
	for id := range strings.SplitSeq(query.Get("get"), ",") {
		i := slices.IndexFunc(entries, func(e map[string]any) bool { return e["id"] == id })
		switch {
		case i >= 0 && query.Has("agg"):
			entry := map[string]any{"id": id}
			for _, a := range aggregates {
				if v, ok := entries[i][a]; ok {
					entry[a] = v
				}
			}
			picked = append(picked, entry)
		case i >= 0:
			picked = append(picked, entries[i])
		case !lenient:
			return []byte("[]")
		}
	}
	text, _ := json.Marshal(picked)
	return text
}

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

const jobID = flink.JobID("0959daaea457883ff3e5d491bc5913fe")

// started is when the jobs of these tests became RUNNING.
var started = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func jobContext(client *flink.Client, config map[string]string) *autoscaler.JobContext {
	return &autoscaler.JobContext{
		Key: autoscaler.JobKey{Cluster: "test", Job: jobID}, Name: "orders", Status: flink.JobRunning,
		Config: options.FromMap(config), Client: client,
	}
}

func clusterMetrics(t *testing.T, ttl time.Duration, now func() time.Time) *collect.ClusterMetrics {
	t.Helper()
	c, err := collect.NewClusterMetrics(ttl, now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values renders the measures of a vertex for comparison.
func values(s *scaling.VertexSample) map[string]float64 {
	all := map[string]float64{}
	for m := scaling.Load; m <= scaling.AccumulatedBackpressuredTime; m++ {
		if v, ok := s.Get(m); ok {
			all[m.String()] = v
		}
	}
	return all
}

// globalValues does so for the cluster.
func globalValues(g *scaling.GlobalMeasures) map[string]float64 {
	all := map[string]float64{}
	for m := scaling.GCPressure; m <= scaling.NumTaskSlotsUsed; m++ {
		if v, ok := g.Get(m); ok {
			all[m.String()] = v
		}
	}
	return all
}

// names and table turn ids and values into the bodies of a metric endpoint.
func names(ids ...string) []flink.MetricName {
	list := make([]flink.MetricName, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	return list
}

func metricsPath(vertex string) string {
	return fmt.Sprintf("/jobs/%s/vertices/%s/subtasks/metrics", jobID, vertex)
}

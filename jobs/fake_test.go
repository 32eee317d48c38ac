package jobs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster is a Flink cluster that answers what a test tells it to, by path. A
// path without an answer is 404.
type cluster struct {
	mu      sync.Mutex
	bodies  map[string]string
	errors  map[string]int // status by path
	hanging map[string]bool
	down    bool
	slow    time.Duration // before every answer
	asked   []string
}

func (c *cluster) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	path := r.URL.Path
	c.asked = append(c.asked, path)
	body, known := c.bodies[path]
	status, hangs, down, slow := c.errors[path], c.hanging[path], c.down, c.slow
	c.mu.Unlock()
	if slow > 0 {
		<-time.After(slow)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	switch {
	case down:
		status, body = http.StatusServiceUnavailable, `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case status != 0:
		body = `{"errors":["Internal server error."]}`
	case !known:
		status, body = http.StatusNotFound, `{"errors":["Not found: `+path+`"]}`
	default:
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// requests returns what was asked since the last call, in order of paths.
func (c *cluster) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := slices.Sorted(slices.Values(c.asked))
	c.asked = nil
	return asked
}

// count returns how many requests were sent since the last call.
func (c *cluster) count() int { return len(c.requests()) }

func (c *cluster) change(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// job is a job of a hand-made cluster.
type job struct {
	id, name                string // the id is filled up to 32 digits
	state                   string // default RUNNING
	jobType, scheduler      string // empty before 2.3
	start                   int
	running, finished, more int    // tasks; more are in another state
	conf                    string // k=v pairs by comma, over jobmanager.scheduler=adaptive
	parameters              string // k=v pairs by comma
	details                 string // type in the details, since 1.18 also as job-type
}

func (j job) flinkID() flink.JobID { return flink.JobID(j.path()) }

func (j job) path() string { return strings.Repeat("0", 32-len(j.id)) + j.id }

func (j job) overview() string {
	state := j.state
	if state == "" {
		state = "RUNNING"
	}
	since23 := ""
	if j.jobType != "" {
		since23 = fmt.Sprintf(`"jobType":%q,"schedulerType":%q,`, j.jobType, j.scheduler)
	}
	return fmt.Sprintf(`{"jid":%q,"name":%q,%s"start-time":%d,"end-time":-1,"duration":1,"state":%q,"last-modification":1,
		"tasks":{"running":%d,"canceling":0,"canceled":0,"total":%d,"created":0,"scheduled":0,"deploying":%d,"reconciling":0,"finished":%d,"initializing":0,"failed":0}}`,
		j.path(), j.name, since23, j.start, state, j.running, j.running+j.finished+j.more, j.more, j.finished)
}

// have makes the cluster list these jobs and answer for them.
func (c *cluster) have(version string, jobs ...job) {
	overviews := make([]string, len(jobs))
	bodies := map[string]string{
		"/config": fmt.Sprintf(`{"refresh-interval":3000,"timezone-name":"UTC","timezone-offset":0,"flink-version":%q,"flink-revision":"x","features":{"web-submit":true,"web-cancel":true,"web-history":false}}`, version),
	}
	for i, j := range jobs {
		overviews[i] = j.overview()
		conf := pairs(j.conf)
		if _, set := conf["jobmanager.scheduler"]; !set {
			conf["jobmanager.scheduler"] = "adaptive"
		}
		var list, parameters []string
		for k, v := range conf {
			list = append(list, fmt.Sprintf(`{"key":%q,"value":%q}`, k, v))
		}
		for k, v := range pairs(j.parameters) {
			parameters = append(parameters, fmt.Sprintf(`%q:%q`, k, v))
		}
		at := "/jobs/" + j.path()
		bodies[at+"/jobmanager/config"] = "[" + strings.Join(list, ",") + "]"
		bodies[at+"/config"] = fmt.Sprintf(`{"jid":%q,"name":%q,"execution-config":{"restart-strategy":"","job-parallelism":1,"object-reuse-mode":false,"user-config":{%s}}}`,
			j.path(), j.name, strings.Join(parameters, ","))
		jobType := ""
		if !strings.HasPrefix(version, "1.17") {
			jobType = fmt.Sprintf(`"job-type":%q,`, j.details)
		}
		bodies[at] = fmt.Sprintf(`{"jid":%q,"name":%q,"isStoppable":false,"state":"RUNNING",%s"start-time":1,"end-time":-1,"duration":1,"maxParallelism":-1,"now":1,
			"timestamps":{"RUNNING":1},"vertices":[],"status-counts":{},"plan":{"jid":%q,"name":%q,"type":%q,"nodes":[]}}`, j.path(), j.name, jobType, j.path(), j.name, j.details)
	}
	bodies["/jobs/overview"] = `{"jobs":[` + strings.Join(overviews, ",") + `]}`
	c.change(func() { c.bodies = bodies })
}

// pairs reads k=v,k=v.
func pairs(text string) map[string]string {
	m := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			m[k] = v
		}
	}
	return m
}

// recorded is a cluster that answers with the bodies of a folder of testdata.
func recorded(t *testing.T, folder, jobID string) *cluster {
	t.Helper()
	c := &cluster{bodies: map[string]string{}}
	for file, path := range map[string]string{
		"config": "/config", "overview": "/jobs/overview", "job": "/jobs/" + jobID,
		"job-config": "/jobs/" + jobID + "/config", "jobmanager-config": "/jobs/" + jobID + "/jobmanager/config",
	} {
		body, err := os.ReadFile(filepath.Join("testdata", folder, file+".json"))
		if err == nil {
			c.bodies[path] = string(body)
		}
	}
	return c
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 5, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// watched makes the fetcher of a cluster.
func watched(t *testing.T, c *cluster, cfg Config) *Cluster {
	t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{"jm.test:8081"}, Transport: c})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Client = client
	if cfg.Now == nil {
		cfg.Now = newClock().now
	}
	fetcher, err := NewCluster(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return fetcher
}

func fetched(t *testing.T, c *Cluster) autoscaler.JobList {
	t.Helper()
	list, err := c.Fetch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// only returns the one job of a list.
func only(t *testing.T, list autoscaler.JobList) *autoscaler.JobContext {
	t.Helper()
	if len(list.Jobs) != 1 || len(list.Skipped) != 0 {
		t.Fatalf("list has %d jobs and skipped %+v, want one job", len(list.Jobs), list.Skipped)
	}
	return list.Jobs[0]
}

// process loads the configuration of a process from the text of a file.
func process(t *testing.T, file string) options.Config {
	t.Helper()
	cfg, _, err := options.Load(options.LoadInput{File: "sluice.yaml", FileContents: []byte(file)})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

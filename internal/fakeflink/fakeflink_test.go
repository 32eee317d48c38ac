package fakeflink_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/fakeflink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newClock() *clock { return &clock{time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)} }

// cluster is a fake JobManager and a client that speaks to it without a network.
func cluster(t *testing.T, cfg fakeflink.Config) (*fakeflink.JobManager, *flink.Client, *clock) {
	t.Helper()
	c := newClock()
	cfg.Now = c.Now
	m, err := fakeflink.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	client, err := flink.New(flink.Config{Addresses: []string{"http://fake:8081"}, Transport: fakeflink.Transport{Manager: m}})
	if err != nil {
		t.Fatal(err)
	}
	return m, client, c
}

func details(t *testing.T, client *flink.Client, id flink.JobID) flink.JobDetails {
	t.Helper()
	d, err := client.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// between is what the vertices did from one look to another.
func between(a, b flink.JobDetails, v int) (records, busy, idle, blocked float64) {
	x, y := &a.Vertices[v].Metrics, &b.Vertices[v].Metrics
	return float64(y.ReadRecords - x.ReadRecords), y.AccumulatedBusy.Or(-1) - x.AccumulatedBusy.Or(-1),
		y.AccumulatedIdle.Or(-1) - x.AccumulatedIdle.Or(-1), y.AccumulatedBackPressured.Or(-1) - x.AccumulatedBackPressured.Or(-1)
}

const join = 4

func TestTheClockOfAVertexAndItsCountersGoOnWithTime(t *testing.T) {
	_, client, clock := cluster(t, fakeflink.Config{Jobs: 1})
	id := firstJob(t, client)
	before := details(t, client, id)
	clock.now = clock.now.Add(20 * time.Second)
	after := details(t, client, id)
	for v := range after.Vertices {
		_, busy, idle, blocked := between(before, after, v)
		if total := busy + idle + blocked; math.Abs(total-80_000) > 3 {
			t.Errorf("vertex %d: busy, idle and blocked time are %.0f ms in 20 s of 4 subtasks", v, total)
		}
	}
	records, busy, _, _ := between(before, after, join)
	if records != 20*2*500 || busy < 0.4*80_000 || busy > 0.7*80_000 {
		t.Errorf("the join read %.0f records, busy for %.0f ms", records, busy)
	}
}

func TestMetricsAreRenewedOnceAFetchInterval(t *testing.T) {
	_, client, clock := cluster(t, fakeflink.Config{Jobs: 1, FetchInterval: 10 * time.Second})
	id := firstJob(t, client)
	first := details(t, client, id)
	clock.now = clock.now.Add(9 * time.Second)
	if second := details(t, client, id); second.Vertices[join].Metrics != first.Vertices[join].Metrics {
		t.Error("the counters moved within one fetch interval")
	}
	clock.now = clock.now.Add(time.Second)
	if third := details(t, client, id); third.Vertices[join].Metrics == first.Vertices[join].Metrics {
		t.Error("the counters stand still after a fetch interval")
	}
}

func TestAnOverloadedJobHasAQueueUntilItIsRescaled(t *testing.T) {
	m, client, clock := cluster(t, fakeflink.Config{Jobs: 5, Overloaded: 0.2, RescaleAfter: 2 * time.Second})
	i := slices.IndexFunc(m.JobIDs(), m.Overloaded)
	if i < 0 {
		t.Fatal("no job is overloaded")
	}
	id := m.JobIDs()[i]
	before := details(t, client, id)
	lagBefore := lag(t, client, id, before)
	clock.now = clock.now.Add(10 * time.Second)
	after := details(t, client, id)
	if grown := lag(t, client, id, after) - lagBefore; grown <= 0 {
		t.Fatalf("the lag of an overloaded job changed by %.0f", grown)
	}
	if _, busy, _, _ := between(before, after, join); math.Abs(busy-40_000) > 3 {
		t.Errorf("the narrowest vertex was busy for %.0f of 40000 ms", busy)
	}
	if _, _, idle, blocked := between(before, after, 2); idle > 3 || blocked < 10_000 {
		t.Errorf("a vertex before it was idle for %.0f ms and blocked for %.0f", idle, blocked)
	}

	rescale(t, client, id, join, 16)
	clock.now = clock.now.Add(3 * time.Second)
	restarted := details(t, client, id)
	if restarted.Timestamps.Running != flink.MillisOf(clock.now.Add(-time.Second)) || restarted.Vertices[join].Parallelism != 16 || restarted.Plan.Nodes[join].Parallelism != 16 {
		t.Fatalf("3 s after new requirements the join runs %d wide since %s", restarted.Vertices[join].Parallelism, restarted.Timestamps.Running.Time())
	}
	if r := restarted.Vertices[join].Metrics.ReadRecords; r != 0 {
		t.Errorf("a new attempt begins with %d records", r)
	}
	lagBefore = lag(t, client, id, restarted)
	clock.now = clock.now.Add(30 * time.Second)
	if shrunk := lagBefore - lag(t, client, id, restarted); shrunk <= 0 {
		t.Errorf("after the rescale the lag went from %.0f up by %.0f", lagBefore, -shrunk)
	}
}

func TestRequirementsThatMakeNoSenseAreRefused(t *testing.T) {
	_, client, _ := cluster(t, fakeflink.Config{Jobs: 1})
	id := firstJob(t, client)
	good, err := client.ResourceRequirements(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(flink.ResourceRequirements){
		"a vertex is missing": func(r flink.ResourceRequirements) { delete(r, details(t, client, id).Vertices[0].ID) },
		"lower above upper": func(r flink.ResourceRequirements) {
			r[details(t, client, id).Vertices[0].ID] = flink.Require(5, 4)
		},
		"above the maximum": func(r flink.ResourceRequirements) {
			r[details(t, client, id).Vertices[0].ID] = flink.Require(1, 129)
		},
	} {
		wrong := flink.ResourceRequirements{}
		for v, b := range good {
			wrong[v] = b
		}
		change(wrong)
		if err := client.PutResourceRequirements(t.Context(), id, wrong); !errors.Is(err, flink.KindRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNameListsHaveTheSizeOfRealOnes(t *testing.T) {
	m, client, _ := cluster(t, fakeflink.Config{Jobs: 1})
	id := firstJob(t, client)
	names, err := client.SubtaskMetricNames(t.Context(), id, details(t, client, id).Vertices[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	bytes := m.Stats().Endpoints["metric names"].Bytes
	if len(names) != 288 || bytes < 17_500 || bytes > 20_500 {
		t.Errorf("a source lists %d names in %d bytes; a real one lists 288 in 19502", len(names), bytes)
	}
}

func TestOneUnknownNameGivesNothing(t *testing.T) {
	_, client, _ := cluster(t, fakeflink.Config{Jobs: 1})
	id := firstJob(t, client)
	vertex := details(t, client, id).Vertices[0].ID
	known, err := client.SubtaskMetrics(t.Context(), id, vertex, []string{"numRecordsOut"}, flink.AggSum)
	if err != nil || len(known) != 1 {
		t.Fatalf("%v, %v", known, err)
	}
	none, err := client.SubtaskMetrics(t.Context(), id, vertex, []string{"numRecordsOut", "nobody"}, flink.AggSum)
	if err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
}

func TestSubtasksSumUpToTheirVertex(t *testing.T) {
	_, client, clock := cluster(t, fakeflink.Config{Jobs: 1, Parallelism: 3})
	id := firstJob(t, client)
	clock.now = clock.now.Add(time.Minute)
	whole := details(t, client, id).Vertices[join]
	parts, err := client.VertexDetails(t.Context(), id, whole.ID)
	if err != nil || len(parts.Subtasks) != 3 {
		t.Fatalf("%d subtasks, %v", len(parts.Subtasks), err)
	}
	var records int64
	for _, s := range parts.Subtasks {
		records += s.Metrics.ReadRecords
	}
	if d := whole.Metrics.ReadRecords - records; d < 0 || d > 3 {
		t.Errorf("subtasks read %d records, their vertex %d", records, whole.Metrics.ReadRecords)
	}
}

// The server has to be one for net/http's client, whose connections it keeps.
func TestItServesOverHTTP(t *testing.T) {
	m, err := fakeflink.New(fakeflink.Config{Jobs: 3, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	server, err := fakeflink.Serve(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := flink.New(flink.Config{Addresses: []string{server.URL()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	jobs, err := client.JobsOverview(t.Context())
	if err != nil || len(jobs) != 3 || jobs[0].State != flink.JobRunning || jobs[0].Tasks.Running != 32 {
		t.Fatalf("%v, %v", jobs, err)
	}
	id := jobs[0].ID
	rescale(t, client, id, join, 8)
	if _, err := client.Checkpoints(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := client.CheckpointConfig(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := client.Job(t.Context(), "00000000000000000000000000000000"); !errors.Is(err, flink.KindNotFound) {
		t.Errorf("an unknown job: %v", err)
	}

	stats := readStats(t, server.URL())
	if n := stats.Total().Requests; n != client.Stats().Requests || stats.Endpoints["PUT resource-requirements"].Requests != 1 || stats.First.IsZero() {
		t.Errorf("it counted %+v, the client sent %d requests", stats, client.Stats().Requests)
	}
	if bytes := stats.Total().Bytes; bytes != client.Stats().BytesIn {
		t.Errorf("it counted %d bytes, the client received %d", bytes, client.Stats().BytesIn)
	}
}

func readStats(t *testing.T, url string) fakeflink.Stats {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url + "/__stats")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var stats fakeflink.Stats
	if err := json.NewDecoder(response.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	return stats
}

func firstJob(t *testing.T, client *flink.Client) flink.JobID {
	t.Helper()
	jobs, err := client.JobsOverview(t.Context())
	if err != nil || len(jobs) == 0 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	return jobs[0].ID
}

// lag is what waits before the first source.
func lag(t *testing.T, client *flink.Client, id flink.JobID, d flink.JobDetails) float64 {
	t.Helper()
	pending, err := client.SubtaskMetrics(t.Context(), id, d.Vertices[0].ID, []string{"Source__orders.pendingRecords"}, flink.AggSum)
	if err != nil || len(pending) != 1 {
		t.Fatalf("%v, %v", pending, err)
	}
	return pending[0].Sum.Or(-1)
}

func rescale(t *testing.T, client *flink.Client, id flink.JobID, vertex, parallelism int) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	requirements, err := client.ResourceRequirements(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	requirements[details(t, client, id).Vertices[vertex].ID] = flink.Require(1, parallelism)
	if err := client.PutResourceRequirements(ctx, id, requirements); err != nil {
		t.Fatal(err)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, cfg := range map[string]fakeflink.Config{
		"no jobs":     {Now: time.Now},
		"a bad share": {Jobs: 1, Overloaded: 2, Now: time.Now},
		"no clock":    {Jobs: 1},
		"too wide":    {Jobs: 1, Parallelism: 129, Now: time.Now},
	} {
		if _, err := fakeflink.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

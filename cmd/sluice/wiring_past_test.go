package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/internal/realdb"
)

// shownJob, shownDecision and shownEvent are what these tests read of the page's API.
type shownJob struct {
	Name, State, Why, Owner string
	Parallelism             *int
	Scaled                  *time.Time
}

type shownDecision struct {
	ID     uint64
	Time   time.Time
	Action string
}

type shownEvent struct {
	Seq             uint64
	Reason, Message string
	Times           int
}

// served is the address at which a process serves its page.
func (c *child) served() (address string) {
	c.t.Helper()
	eventually(c.t, "the page is served", func() bool {
		for _, l := range c.log(func(l logLine) bool { return l.Msg == "the page is served" }) {
			var line struct{ Address string }
			if json.Unmarshal([]byte(l.text), &line) == nil {
				address = line.Address
			}
		}
		return address != ""
	})
	return address
}

// answered reads what the page's API answers, and tells whether it has an answer.
func answered[T any](t *testing.T, address, path string, into *T) bool {
	t.Helper()
	answer, err := http.Get(address + "/api/v1/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return false
	}
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode == http.StatusOK {
		*into = *new(T)
		err = json.Unmarshal(body, into)
	}
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v: %.300s", path, answer.StatusCode, err, body)
	}
	return true
}

func jobsShown(t *testing.T, address string) []shownJob {
	t.Helper()
	var all struct{ Jobs []shownJob }
	answered(t, address, "jobs", &all)
	return all.Jobs
}

func decisionsShown(t *testing.T, address string, cluster *fakeFlink) []shownDecision {
	t.Helper()
	var all struct{ Decisions []shownDecision }
	answered(t, address, "jobs/-/"+string(cluster.job)+"/decisions?limit=1000", &all)
	return all.Decisions
}

func eventsShown(t *testing.T, address string) []shownEvent {
	t.Helper()
	var all struct{ Events []shownEvent }
	answered(t, address, "events?limit=2000", &all)
	return all.Events
}

// pointsBefore are the times of a job's series before an instant.
func pointsBefore(t *testing.T, address string, cluster *fakeFlink, at time.Time) (points []int64) {
	t.Helper()
	var series struct{ At []int64 }
	query := url.Values{"from": {at.Add(-time.Hour).Format(time.RFC3339Nano)}, "points": {"2000"}}
	answered(t, address, "jobs/-/"+string(cluster.job)+"/series?"+query.Encode(), &series)
	for _, ms := range series.At {
		if ms < at.UnixMilli() {
			points = append(points, ms)
		}
	}
	return points
}

func TestARestartLeavesThePageItsPast(t *testing.T) {
	for name, store := range map[string]func(t *testing.T) []string{
		"SQLite":     func(t *testing.T) []string { return []string{"--data", t.TempDir()} },
		"PostgreSQL": func(t *testing.T) []string { return []string{"--store", realdb.Postgres(t).NewDatabase(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restartLeavesThePast(t, store(t))
		})
	}
}

func restartLeavesThePast(t *testing.T, store []string) {
	cluster := startFlink(t, 250)
	start := func() *child {
		return runSluice(t, append([]string{"--flink", cluster.URL, "--listen", "127.0.0.1:0", "-D", "sluice.process.name=one"}, store...)...)
	}
	one := start()
	address := one.served()
	eventually(t, "the job is rescaled, and steady again", func() bool {
		return len(one.events("Rescaled")) == 1 && jobsShown(t, address)[0].State == "steady"
	})
	decided := len(decisionsShown(t, address, cluster)) // each of them is a point too
	if code := one.terminate(); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	ended := time.Now()

	another := start()
	address = another.served()
	eventually(t, "the job is judged", func() bool {
		jobs := jobsShown(t, address)
		return len(jobs) == 1 && jobs[0].Parallelism != nil
	})
	eventually(t, "the decisions are back", func() bool {
		return slices.ContainsFunc(decisionsShown(t, address, cluster), func(d shownDecision) bool { return d.Action == "scale" })
	})
	eventually(t, "the samples are drawn", func() bool {
		return len(pointsBefore(t, address, cluster, ended)) > decided
	})
	if job := jobsShown(t, address)[0]; job.Scaled == nil || !job.Scaled.Before(ended) || *job.Parallelism != 9 {
		t.Errorf("%+v, want the rescale of the process before, and parallelism 9", job)
	}
	nothingIsTwice(t, address, cluster)
	theRescaleIsExplained(t, address, cluster)
}

func nothingIsTwice(t *testing.T, address string, cluster *fakeFlink) {
	t.Helper()
	points := pointsBefore(t, address, cluster, time.Now())
	if n := len(slices.Compact(slices.Sorted(slices.Values(points)))); n != len(points) {
		t.Errorf("%d points at %d instants", len(points), n)
	}
	var told []string
	for _, e := range eventsShown(t, address) {
		if e.Reason == "Scaling" || e.Reason == "Rescaled" {
			told = append(told, fmt.Sprint(e.Reason, " ", e.Times))
		}
	}
	if !slices.Equal(told, []string{"Scaling 1", "Rescaled 1"}) {
		t.Errorf("events of %v, want one of the rescale and one of its end", told)
	}
}

func theRescaleIsExplained(t *testing.T, address string, cluster *fakeFlink) {
	t.Helper()
	scale := ofAction(decisionsShown(t, address, cluster), "scale")
	if len(scale) != 1 {
		t.Fatalf("%d rescales, want 1", len(scale))
	}
	var whole struct{ Text string }
	if !answered(t, address, fmt.Sprint("jobs/-/", cluster.job, "/decisions/", scale[0].ID), &whole) || !strings.Contains(whole.Text, "1 -> 4") {
		t.Errorf("the explanation is %q", whole.Text)
	}
	if scale[0].ID != uint64(scale[0].Time.UnixMilli()) {
		t.Errorf("the rescale of %s has the number %d, which another process would not give", scale[0].Time, scale[0].ID)
	}
}

func ofAction(all []shownDecision, action string) []shownDecision {
	return slices.DeleteFunc(all, func(d shownDecision) bool { return d.Action != action })
}

// sharers are two processes that share a job.
type sharers struct {
	t         *testing.T
	cluster   *fakeFlink
	processes map[string]*child
	pages     map[string]string
	// owner has the job by now, other does not.
	owner, other string
}

// find looks which process has the job, and whether the other's page says so.
func (s *sharers) find() bool {
	for owner, other := range map[string]string{"sluice-a": "sluice-b", "sluice-b": "sluice-a"} {
		own, far := jobsShown(s.t, s.pages[owner]), jobsShown(s.t, s.pages[other])
		if len(own) == 1 && len(far) == 1 && own[0].steady("") && far[0].steady(owner) {
			s.owner, s.other = owner, other
			return true
		}
	}
	return false
}

// steady tells whether a job is so, and with that process.
func (j *shownJob) steady(owner string) bool {
	return j.Owner == owner && j.State == "steady" && j.Parallelism != nil && strings.Contains(j.Why, owner)
}

// rescales are those that the page of the other process shows.
func (s *sharers) rescales() int {
	return len(ofAction(decisionsShown(s.t, s.pages[s.other], s.cluster), "scale"))
}

// Of two processes one has the job; the page of the other shows what the store has.
func TestThePageShowsWhatOtherProcessesHave(t *testing.T) {
	t.Parallel()
	store := realdb.Postgres(t).NewDatabase(t)
	s := sharers{t: t, cluster: startFlink(t, 50), processes: map[string]*child{}, pages: map[string]string{}}
	for _, name := range []string{"sluice-a", "sluice-b"} {
		s.processes[name] = runSluice(t, "--flink", s.cluster.URL, "--listen", "127.0.0.1:0", "--store", store, "-D", "sluice.process.name="+name, "-D", "sluice.lease.time=3s")
		s.pages[name] = s.processes[name].served()
	}
	eventually(t, "one page shows the job as its own, the other as its neighbour's", s.find)
	s.cluster.setLoad(250)
	eventually(t, "the other page shows the rescale", func() bool {
		far := jobsShown(t, s.pages[s.other])
		return s.rescales() > 0 && len(far) == 1 && far[0].Owner == s.owner && far[0].Scaled != nil
	})
	s.processes[s.owner].terminate()
	eventually(t, "the other one takes the job", func() bool {
		jobs := jobsShown(t, s.pages[s.other])
		return len(jobs) == 1 && jobs[0].steady("") && s.rescales() > 0
	})
}

var (
	metricNames  = regexp.MustCompile("`(sluice_[a-z_]+)`")
	metricServed = regexp.MustCompile(`(?m)^# TYPE (sluice_\w+) `)
)

// metricsListed are those that the tables of docs/metrics.md list.
func metricsListed(t *testing.T) (listed []string) {
	t.Helper()
	tables, _, _ := strings.Cut(content(t, filepath.Join("..", "..", "docs", "metrics.md")), "## Alerts")
	for line := range strings.Lines(tables) {
		if names, _, isRow := strings.Cut(strings.TrimPrefix(line, "| "), " | "); isRow && strings.HasPrefix(line, "| ") {
			for _, m := range metricNames.FindAllStringSubmatch(names, -1) {
				listed = append(listed, m[1])
			}
		}
	}
	return listed
}

func metricsServed(t *testing.T, address string) (served []string) {
	t.Helper()
	answer, err := http.Get(address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metricServed.FindAllStringSubmatch(string(text), -1) {
		served = append(served, m[1])
	}
	return served
}

// docs/metrics.md and what a process serves are the same, both ways.
func TestThePageOfMetricsIsWhatIsServed(t *testing.T) {
	t.Parallel()
	cluster, hook := startFlink(t, 250), startReceiver(t)
	listed := metricsListed(t)
	sluice := runSluice(t, "--flink", cluster.URL, "--data", t.TempDir(), "--listen", "127.0.0.1:0", "-D", "sluice.webhook.ops.url="+hook.URL)
	address := sluice.served()
	var served []string
	eventually(t, "the job is rescaled, and all that is listed is served", func() bool {
		served = metricsServed(t, address)
		return slices.Contains(served, "sluice_job_rescale_failed")
	})
	for _, name := range listed {
		if !slices.Contains(served, name) {
			t.Errorf("docs/metrics.md lists %s, which is not served", name)
		}
	}
	for _, name := range served {
		if !slices.Contains(listed, name) {
			t.Errorf("docs/metrics.md does not list %s", name)
		}
	}
}

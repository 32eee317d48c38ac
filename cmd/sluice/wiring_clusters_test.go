package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
)

// answering is a fetcher that answers, or fails.
type answering struct{ err error }

func (answering) Name() string { return "prod" }

func (a *answering) Fetch(context.Context) (autoscaler.JobList, error) {
	return autoscaler.JobList{}, a.err
}

func (answering) Requests() int64 { return 7 }

// told are events in short.
type told []string

func (all *told) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	*all = append(*all, strings.Join([]string{job.Key.Cluster, e.Reason, e.Message}, "|"))
	return nil
}

func TestAnOutageOfAClusterIsToldOnce(t *testing.T) {
	var events told
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	cluster := &answering{}
	h := &hearing{JobListFetcher: cluster, cluster: "key", now: func() time.Time { return now }, events: &events}
	for _, err := range []error{nil, errors.New("refused"), errors.New("refused"), errors.New("no route"), nil, nil} {
		cluster.err = err
		if _, got := h.Fetch(t.Context()); !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
		now = now.Add(time.Minute)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	cluster.err = context.Canceled
	if _, err := h.Fetch(ended); err == nil {
		t.Error("an end is no answer")
	}
	want := told{"key|ClusterUnavailable|cluster prod does not answer: refused", "key|ClusterAvailable|cluster prod answers again, after 3m0s"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if n := (listing{JobListFetcher: h}).Requests(); n != 7 {
		t.Errorf("%d requests, want those of the cluster", n)
	}
}

type shownCluster struct {
	Up         bool
	LastAnswer *time.Time
	Error      string
}

func TestAClusterThatGoesAwayIsSeenEverywhere(t *testing.T) {
	t.Parallel()
	cluster := startFlink(t, 50)
	sluice := runSluice(t, "--flink", cluster.URL, "--listen", "127.0.0.1:0")
	address := sluice.served()
	clusterShown := func() shownCluster {
		var all struct{ Clusters []shownCluster }
		answered(t, address, "clusters", &all)
		return all.Clusters[0]
	}
	eventually(t, "the job is steady", func() bool {
		jobs := jobsShown(t, address)
		return len(jobs) == 1 && jobs[0].State == "steady" && clusterShown().Up
	})
	if text := scraped(t, address); !strings.Contains(text, "sluice_job_busy_ratio{") || !strings.Contains(text, "sluice_vertex_parallelism{") {
		t.Errorf("no figures of the job:\n%s", text)
	}
	cluster.suffer(instead(http.StatusServiceUnavailable, "maintenance"))
	eventually(t, "the job is away", func() bool { return jobsShown(t, address)[0].State == "away" })
	if job, c := jobsShown(t, address)[0], clusterShown(); !strings.Contains(job.Why, "does not answer since") || c.Up || c.LastAnswer == nil || !strings.Contains(c.Error, "maintenance") {
		t.Errorf("%+v of %+v", job, c)
	}
	if text := scraped(t, address); !strings.Contains(text, `state="away"} 1`) || strings.Contains(text, "\nsluice_job_busy_ratio{") || strings.Contains(text, "\nsluice_vertex_") {
		t.Errorf("want metrics that say that the job is away, and no figures:\n%s", text)
	}
	cluster.suffer(nil)
	eventually(t, "the job is back", func() bool { return jobsShown(t, address)[0].State == "steady" && clusterShown().Up })
	reasons := clusterEvents(t, address)
	if !slices.Equal(reasons, []string{"ClusterUnavailable", "ClusterAvailable"}) {
		t.Errorf("events %v, want one of the outage and one of its end", reasons)
	}
}

func clusterEvents(t *testing.T, address string) (reasons []string) {
	t.Helper()
	for _, e := range eventsShown(t, address) {
		if strings.HasPrefix(e.Reason, "Cluster") {
			reasons = append(reasons, e.Reason)
		}
	}
	return reasons
}

// scraped are the metrics of a process.
func scraped(t *testing.T, address string) string {
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
	return string(text)
}

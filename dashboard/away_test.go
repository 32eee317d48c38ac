package dashboard

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/scaling"
)

// apiOf is an API over a book of its own, that may be written to.
func apiOf(t *testing.T, book *fleet.Book) *api {
	t.Helper()
	a := newAPI(t, Access{})
	a.handler = newDashboard(t, Config{Book: book, Hand: a.hand, Clusters: a.hand, Version: "test"})
	return a
}

// wants fails unless the answer contains all that; what begins with ! it may not.
func (a *api) wants(path string, says ...string) {
	a.Helper()
	text := a.ask(http.MethodGet, path, "").Body.String()
	for _, s := range says {
		unwanted, not := strings.CutPrefix(s, "!")
		if strings.Contains(text, unwanted) == not {
			a.Errorf("%s: want %s\n%.2000s", path, s, text)
		}
	}
}

func TestAClusterThatIsAwayIsShown(t *testing.T) {
	book := bookOf(t, 2, 3)
	a := apiOf(t, book)
	a.wants("/api/v1/clusters", `"up":true`, `"error":""`, `"lastAnswer":"2026-07-01T12`) // as far as its jobs tell
	book.Looked("prod", began.Add(20*time.Minute), nil)
	book.Looked("prod", began.Add(21*time.Minute), errors.New("connection refused"))
	a.wants("/api/v1/clusters", `"up":false`, `"lastAnswer":"2026-07-01T12:20:00Z"`, `"error":"connection refused"`, `"states":{"away":2}`)
	a.wants("/api/v1/jobs?state=away", `"total":2`, `"why":"the cluster does not answer since 2026-07-01T12:21:00Z: connection refused"`, `"since":"2026-07-01T12:21:00Z"`)
	a.hand.held[autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}] = Held{By: "anna", Text: "held by anna", Since: began}
	a.wants(aJob, `"state":"away"`, `"by":"anna"`, `"bounds":false`)
	book.Looked("prod", began.Add(23*time.Minute), nil)
	a.wants("/api/v1/clusters", `"up":true`, `"lastAnswer":"2026-07-01T12:23:00Z"`, `"error":""`, `"paused":1`)
}

func TestAClusterThatNeverAnsweredIsShown(t *testing.T) {
	book := fleet.NewBook(func() time.Time { return began })
	a := apiOf(t, book)
	a.wants("/api/v1/clusters", `"up":false`, `"lastAnswer":null`, `"error":""`) // nobody has looked yet
	book.Looked("prod", began, errors.New("no route to host"))
	a.wants("/api/v1/clusters", `"jobs":0`, `"up":false`, `"lastAnswer":null`, `"error":"no route to host"`)
}

func TestAJobWhosePassFailedHasAState(t *testing.T) {
	book := bookOf(t, 2, 3)
	a := apiOf(t, book)
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	fails := autoscaler.Event{At: began, Type: autoscaler.EventWarning, Reason: autoscaler.EventAutoscalerError, Message: "a 500"}
	if err := book.Handle(t.Context(), &autoscaler.JobContext{Key: key, Name: "orders-000"}, fails); err != nil {
		t.Fatal(err)
	}
	a.wants("/api/v1/jobs?state=failed", `"total":1`, `"state":"failed","why":"a 500"`, `"failure":{`)
	a.hand.held[key] = Held{By: "anna", Text: "held by anna", Since: began}
	a.wants(aJob, `"state":"failed"`, `"hold":{`)
}

// After a rescale there are no figures for a while, and the dataflow stays.
func TestAJobWithoutFiguresKeepsItsDataflow(t *testing.T) {
	book := bookOf(t, 1, 3)
	a := apiOf(t, book)
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	r := report(key, "orders-000", began.Add(29*time.Minute), 1000, 7)
	r.Evaluation, r.Decision = nil, scaling.Decision{At: r.At, Reason: scaling.ReasonUnknownRate, Detail: "no rate is known"}
	if err := book.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: "orders-000"}, r); err != nil {
		t.Fatal(err)
	}
	var job struct {
		Parallelism, Wanted *int
		Source, Busy        *float64
		Graph               graph
		Decision            struct {
			Vertices []struct {
				From int
				Busy *float64
			}
		}
	}
	if err := json.Unmarshal(a.ask(http.MethodGet, aJob, "").Body.Bytes(), &job); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, v := range job.Decision.Vertices {
		sum += v.From
		if v.Busy != nil {
			t.Errorf("a vertex is busy for %g", *v.Busy)
		}
	}
	if job.Parallelism == nil || *job.Parallelism != sum || *job.Wanted != sum || sum < 10 || job.Source != nil || job.Busy != nil || len(job.Graph.Nodes) != len(job.Decision.Vertices) {
		t.Errorf("%+v", job)
	}
	a.wants(aJob+"/series?vertex=enrich", `"at":[`)
}

func TestAResumeShowsAtOnce(t *testing.T) {
	book := bookOf(t, 1, 3)
	a := apiOf(t, book)
	key := autoscaler.JobKey{Cluster: "prod", Job: "00000000000000000000000000000001"}
	r := report(key, "orders-000", began.Add(29*time.Minute), 1000, 4)
	r.Held = autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "held by anna"}
	if err := book.Record(t.Context(), &autoscaler.JobContext{Key: key, Name: "orders-000"}, r); err != nil {
		t.Fatal(err)
	}
	a.hand.held[key] = Held{By: "anna", Text: "held by anna", Since: began}
	a.wants(aJob, `"state":"paused"`, `"why":"held by anna"`)
	if w := a.ask(http.MethodPost, aJob+"/resume", `{}`); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	a.wants(aJob, `"state":"steady"`, `!held by anna`)
	a.wants("/api/v1/jobs?state=paused", `"total":0`)
}

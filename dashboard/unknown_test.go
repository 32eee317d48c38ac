package dashboard

import (
	"strings"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/options"
)

// A job that was listed and not judged yet, and one that another process has: every
// question about them has an answer that keeps to the contract.
func TestAJobThatIsNotJudgedYetAndOneOfAnotherProcess(t *testing.T) {
	a, book := newAPI(t, Access{}), fourJobs(t)
	a.handler = newDashboard(t, Config{Book: book, Hand: a.hand, Clusters: a.hand, Options: options.FromMap(nil), Version: "test"})
	fresh, far := autoscaler.JobKey{Cluster: "test", Job: "fresh"}, autoscaler.JobKey{Cluster: "test", Job: "far"}
	book.List("test", []fleet.Listed{{Key: fresh, Name: "fresh"}, {Key: far, Name: "far"}})
	book.Owners(func(key autoscaler.JobKey) string {
		if key == far {
			return "sluice-b"
		}
		return ""
	})
	for _, path := range []string{"", "/series", "/decisions", "/advice", "/events", "/config"} {
		for _, job := range []string{"fresh", "far"} {
			if w := a.ask("GET", "/api/v1/jobs/test/"+job+path, ""); w.Code != 200 {
				t.Errorf("%s%s: %d %s", job, path, w.Code, w.Body)
			}
		}
	}
	text := a.ask("GET", "/api/v1/jobs?q=fresh", "").Body.String()
	for _, want := range []string{`"state":"unknown"`, `"parallelism":null`, `"wanted":null`, `"seen":null`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text := a.ask("GET", "/api/v1/jobs/test/far", "").Body.String(); !strings.Contains(text, `"owner":"sluice-b"`) {
		t.Errorf("no owner in %s", text)
	}
}

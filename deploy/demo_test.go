package deploy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/demo"
	"github.com/sluice-project/sluice/metrics"
)

// notOfADemo are the beginnings of names of metrics that a demo has nothing for, and
// what there has to be.
var notOfADemo = map[string]string{
	"sluice_cluster_": "a loop that looks at clusters", "sluice_loop_": "a loop that looks at clusters", "sluice_passes_": "a loop that looks at clusters",
	"sluice_rest_": "clients of clusters", "sluice_state_store_": "a database", "sluice_database_": "a database", "sluice_leases_": "processes that share jobs",
	"sluice_webhook_": "a webhook", "sluice_event_streams": "a page", "sluice_job_rescale_failed": "a rescale",
}

var sluiceNames = regexp.MustCompile(`sluice_[a-z_]+`)

// TestTheDashboardOverADemo asks a real Prometheus what the dashboard and the alerts
// ask, over what a demo of two hours gives: each query has series, or is of what a demo
// does not have.
func TestTheDashboardOverADemo(t *testing.T) {
	served := httptest.NewServer(demoMetrics(t))
	defer served.Close()
	there := namesAt(t, served.URL)
	p := start(t, served.Listener.Addr().String())
	asked := 0
	eventually(t, "each query of what a demo has gives series", func() []string {
		asked = 0
		var empty []string
		b := loadBoard(t)
		for _, q := range b.queries(t) {
			series, err := p.Query(q.expr)
			if err != nil {
				t.Fatalf("%s: %s: %v", q.where, q.expr, err)
			}
			if !ofADemo(t, q.expr, there) || q.mayBeEmpty {
				continue
			}
			if asked++; len(series) == 0 {
				empty = append(empty, q.where+": no series of "+q.expr)
			}
		}
		return empty
	})
	if asked < 20 {
		t.Errorf("%d queries of the dashboard are of what a demo has, want 20 at least", asked)
	}
	eventually(t, "no alert fires", func() []string { return others(t, p, nil) })
}

// ofADemo tells whether a demo has all that a query asks for. What it has not got has to
// be listed.
func ofADemo(t *testing.T, expr string, there []string) bool {
	t.Helper()
	for _, name := range sluiceNames.FindAllString(expr, -1) {
		if slices.Contains(there, name) {
			continue
		}
		listed := false
		for prefix := range notOfADemo {
			listed = listed || strings.HasPrefix(name, prefix)
		}
		if !listed {
			t.Fatalf("a demo has no %s, asked for by %s; there is %v", name, expr, there)
		}
		return false
	}
	return true
}

// demoMetrics serves the metrics of a demo after two hours of its day.
func demoMetrics(t *testing.T) http.Handler {
	t.Helper()
	var d *demo.Demo
	book := fleet.NewBook(func() time.Time { return d.Now() })
	var err error
	if d, err = demo.New(context.Background(), demo.Config{Seed: 1, Recorder: book, Events: book}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Advance(d.Now().Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	m, err := metrics.New(metrics.Config{Book: book, Version: "1.2.3", Unnamed: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	return m.Handler()
}

// namesAt are the names of the metrics that are served.
func namesAt(t *testing.T, url string) (names []string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (sluice_\w+) `).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
}

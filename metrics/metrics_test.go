package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func key(n int) autoscaler.JobKey {
	return autoscaler.JobKey{Cluster: "prod", Job: flink.JobID(fmt.Sprint("job", n))}
}

// bookOf has so many jobs of a source and a worker.
func bookOf(t *testing.T, jobs int, name string) *fleet.Book {
	t.Helper()
	book := fleet.NewBook(func() time.Time { return noon })
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "source", Parallelism: 1, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: 2, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range jobs {
		counts := &autoscaler.SelfMetrics{}
		counts.Scalings.Store(3)
		counts.Errors.Store(1)
		counts.Balanced.Store(40)
		r := &autoscaler.Report{
			Job: key(n), Name: name, At: noon, Topology: topology, Window: scaling.Fullness{Full: true},
			Evaluation: &scaling.Evaluation{At: noon, Vertices: []scaling.VertexEvaluation{
				{Vertex: "source", Name: "source", Parallelism: 1, MaxParallelism: 128, Load: 0.1, TrueProcessingRate: 5000, TargetRate: 500, PeakRate: 500, HasLag: true, Lag: 70, Rates: scaling.Rates{In: 500}},
				{Vertex: "work", Name: "work", Parallelism: 2, MaxParallelism: 128, Load: 0.25, TrueProcessingRate: 2000, TargetRate: 500, PeakRate: 500, ScaleUpThreshold: 600, ScaleDownThreshold: 1200, CatchUpRate: 5, Rates: scaling.Rates{In: 500}},
			}},
			Act: &autoscaler.Act{Decided: noon, Phase: autoscaler.PhaseFailed},
			Decision: scaling.Decision{At: noon, Reason: scaling.ReasonWithinBounds, Vertices: []scaling.VertexDecision{
				{Vertex: "source", From: 1, To: 1, Recommended: 1}, {Vertex: "work", From: 2, To: 2, Recommended: 3, ExpectedRate: 3000},
			}},
		}
		if err := book.Record(t.Context(), &autoscaler.JobContext{Key: r.Job, Name: name, Metrics: counts}, r); err != nil {
			t.Fatal(err)
		}
	}
	return book
}

func made(t *testing.T, c Config) *Metrics {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func someClient(t *testing.T) map[string]*flink.Client {
	t.Helper()
	client, err := flink.New(flink.Config{Addresses: []string{"http://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*flink.Client{"prod": client}
}

func TestAScrapeTellsOfJobsVerticesAndClusters(t *testing.T) {
	m := made(t, Config{Book: bookOf(t, 1, "orders"), Clients: someClient(t), Version: "1.2.3"})
	m.Looked(control.LoopStats{Cluster: "prod", Duration: 300 * time.Millisecond, Jobs: 1, OK: 1})
	m.Looked(control.LoopStats{Cluster: "away", Err: io.ErrUnexpectedEOF})
	text := scrape(t, m)
	for _, line := range []string{
		`sluice_job_parallelism{cluster="prod",job_id="job0",job_name="orders"} 3`,
		`sluice_job_parallelism_wanted{cluster="prod",job_id="job0",job_name="orders"} 3`,
		`sluice_job_source_records_per_second{cluster="prod",job_id="job0",job_name="orders"} 500`,
		`sluice_job_capacity_records_per_second{cluster="prod",job_id="job0",job_name="orders"} 2000`,
		`sluice_job_lag_records{cluster="prod",job_id="job0",job_name="orders"} 70`,
		`sluice_job_state{cluster="prod",job_id="job0",job_name="orders",state="steady"} 1`,
		`sluice_job_rescale_failed{cluster="prod",job_id="job0",job_name="orders"} 1`,
		`sluice_job_scalings_total{cluster="prod",job_id="job0",job_name="orders"} 3`,
		`sluice_job_errors_total{cluster="prod",job_id="job0",job_name="orders"} 1`,
		`sluice_job_balanced_total{cluster="prod",job_id="job0",job_name="orders"} 40`,
		`sluice_vertex_parallelism_recommended{cluster="prod",job_id="job0",vertex_id="work",vertex_name="work"} 3`,
		`sluice_vertex_true_processing_records_per_second{cluster="prod",job_id="job0",vertex_id="work",vertex_name="work"} 2000`,
		`sluice_vertex_expected_records_per_second{cluster="prod",job_id="job0",vertex_id="work",vertex_name="work"} 3000`,
		`sluice_vertex_lag_records{cluster="prod",job_id="job0",vertex_id="source",vertex_name="source"} 70`,
		`sluice_cluster_up{cluster="prod"} 1`, `sluice_cluster_up{cluster="away"} 0`, `sluice_cluster_jobs{cluster="prod"} 1`,
		`sluice_passes_total{cluster="prod",outcome="ok"} 1`, `sluice_passes_total{cluster="away",outcome="unlisted"} 1`,
		`sluice_loop_duration_seconds_count{cluster="prod"} 1`, `sluice_rest_requests_total{cluster="prod"} 0`,
		`sluice_build_info{version="1.2.3"} 1`, `sluice_jobs_left_out 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(text, `sluice_vertex_lag_records{cluster="prod",job_id="job0",vertex_id="work"`) {
		t.Error("a lag of a vertex that is no source")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestNamesAreAsPrometheusWantsThem(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t, made(t, Config{Book: bookOf(t, 2, "orders")})))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "sluice_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestTheNumberOfJobsIsBounded(t *testing.T) {
	text := scrape(t, made(t, Config{Book: bookOf(t, 20, "orders"), MostJobs: 5}))
	if n := strings.Count(text, "\nsluice_job_parallelism{"); n != 5 {
		t.Errorf("%d jobs, want 5", n)
	}
	if !strings.Contains(text, "sluice_jobs_left_out 15\n") {
		t.Error("what was left out is not told")
	}
}

func TestAJobThatIsGoneHasNoMetrics(t *testing.T) {
	book := bookOf(t, 2, "orders")
	m := made(t, Config{Book: book})
	book.Forget(key(0))
	if text := scrape(t, m); strings.Contains(text, `job_id="job0"`) || !strings.Contains(text, `job_id="job1"`) {
		t.Error("the wrong job is gone")
	}
}

// Each job is told of once, by the process that has it, and only when there is something to tell.
func TestJobsOfOthersAndJobsThatNobodyHasJudgedHaveNoMetrics(t *testing.T) {
	book := bookOf(t, 2, "orders")
	m := made(t, Config{Book: book})
	book.List("prod", []fleet.Listed{{Key: key(0), Name: "orders"}, {Key: key(1), Name: "orders"}, {Key: key(2), Name: "new"}})
	book.Owners(func(k autoscaler.JobKey) string {
		if k == key(1) {
			return "sluice-b"
		}
		return ""
	})
	text := scrape(t, m)
	if !strings.Contains(text, `job_id="job0"`) || strings.Contains(text, `job_id="job1"`) || strings.Contains(text, `job_id="job2"`) {
		t.Errorf("want metrics of job0 alone:\n%s", text)
	}
	failed := autoscaler.Event{At: noon, Reason: autoscaler.EventAutoscalerError, Message: "no metrics"}
	if err := book.Handle(t.Context(), &autoscaler.JobContext{Key: key(2), Name: "new"}, failed); err != nil {
		t.Fatal(err)
	}
	if text := scrape(t, m); !strings.Contains(text, `sluice_job_state{cluster="prod",job_id="job2",job_name="new",state="failed"} 1`) {
		t.Error("a job whose first pass failed is not told of")
	}
}

func TestNamesOfAnyKindCanBeScraped(t *testing.T) {
	for _, name := range []string{"<b>\"x\"\n\\", "\xff\xfe", strings.Repeat("long ", 2000)} {
		text := scrape(t, made(t, Config{Book: bookOf(t, 1, name)}))
		if !strings.Contains(text, "sluice_job_parallelism{") || len(text) > 100_000 {
			t.Errorf("%.20q: %d bytes", name, len(text))
		}
	}
}

var inDocument = regexp.MustCompile("`(sluice_[a-z_]+)`")

func TestThePageOfMetricsListsThemAll(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range inDocument.FindAllSubmatch(page, -1) {
		listed = append(listed, string(m[1]))
	}
	probe := NewProbe(ticking())
	if err := probe.Store(failing{}, nil).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	probe.rest.WithLabelValues("prod")
	m := made(t, Config{Book: bookOf(t, 1, "orders"), Clients: someClient(t), Interval: time.Second, Probe: probe})
	m.Looked(control.LoopStats{Cluster: "prod"})
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name := f.GetName(); strings.HasPrefix(name, "sluice_") && !slices.Contains(listed, name) {
			t.Errorf("docs/metrics.md does not list %s", name)
		}
	}
}

// What was measured before a cluster went away, or before the process began, is no
// figure of now.
func TestFiguresThatAreNotOfNowHaveNoSamples(t *testing.T) {
	book := bookOf(t, 1, "orders")
	m := made(t, Config{Book: book})
	book.Looked("prod", noon.Add(time.Minute), io.ErrUnexpectedEOF)
	m.Looked(control.LoopStats{Cluster: "prod", Jobs: 1, OK: 1})
	m.Looked(control.LoopStats{Cluster: "prod", Err: io.ErrUnexpectedEOF})
	text := scrape(t, m)
	for _, line := range []string{
		`sluice_job_state{cluster="prod",job_id="job0",job_name="orders",state="away"} 1`,
		`sluice_job_scalings_total{cluster="prod",job_id="job0",job_name="orders"} 3`,
		`sluice_job_rescale_failed{cluster="prod",job_id="job0",job_name="orders"} 1`,
		`sluice_job_last_pass_timestamp_seconds{cluster="prod",job_id="job0",job_name="orders"} 1.7829`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"sluice_job_parallelism{", "sluice_job_busy_ratio{", "sluice_job_lag_records{", "sluice_vertex_", "sluice_cluster_jobs{"} {
		if strings.Contains(text, "\n"+name) {
			t.Errorf("%s has samples while the cluster is away", name)
		}
	}
	book.Looked("prod", noon.Add(2*time.Minute), nil)
	if text := scrape(t, m); !strings.Contains(text, "\nsluice_vertex_parallelism{") || !strings.Contains(text, `state="steady"} 1`) {
		t.Error("the figures are not back")
	}
}

func TestFiguresOfAnEarlierProcessHaveNoSamples(t *testing.T) {
	past, _ := bookOf(t, 1, "orders").Entry(key(0))
	book := fleet.NewBook(func() time.Time { return noon.Add(time.Hour) })
	book.List("prod", []fleet.Listed{{Key: key(0), Name: "orders"}})
	book.Restore(key(0), []decisions.Entry{past})
	failed := autoscaler.Event{At: noon, Reason: autoscaler.EventAutoscalerError, Message: "no metrics"}
	if err := book.Handle(t.Context(), &autoscaler.JobContext{Key: key(0), Name: "orders"}, failed); err != nil {
		t.Fatal(err)
	}
	text := scrape(t, made(t, Config{Book: book}))
	if !strings.Contains(text, `state="failed"} 1`) || strings.Contains(text, "\nsluice_vertex_") || strings.Contains(text, "\nsluice_job_busy_ratio{") {
		t.Errorf("want where the job stands, and no figures:\n%s", text)
	}
}

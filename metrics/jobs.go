package metrics

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
)

// jobMetric is one figure of a job, vertexMetric one of a vertex.
type jobMetric struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*fleet.Summary) float64
}

type vertexMetric struct {
	name, help string
	value      func(*decisions.Vertex) float64
}

func gauge(name, help string, value func(*fleet.Summary) float64) jobMetric {
	return jobMetric{name, help, prometheus.GaugeValue, value}
}

func counter(name, help string, value func(*fleet.Summary) float64) jobMetric {
	return jobMetric{name, help, prometheus.CounterValue, value}
}

// unix is a time in seconds since 1970; not known for none.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return math.NaN()
	}
	return float64(t.UnixMilli()) / 1000
}

// known is a number of subtasks; there are none where no vertex was judged yet.
func known(subtasks int) float64 {
	if subtasks == 0 {
		return math.NaN()
	}
	return float64(subtasks)
}

var jobMetrics = []jobMetric{
	gauge("sluice_job_parallelism", "Subtasks of all vertices of the job together.", func(s *fleet.Summary) float64 { return known(s.Parallelism) }),
	gauge("sluice_job_parallelism_wanted", "Subtasks that the newest decision wants.", func(s *fleet.Summary) float64 { return known(s.Wanted) }),
	gauge("sluice_job_source_records_per_second", "Records/s that the sources read.", func(s *fleet.Summary) float64 { return s.Now.Source }),
	gauge("sluice_job_target_records_per_second", "Records/s that the sources have to read.", func(s *fleet.Summary) float64 { return s.Now.Target }),
	gauge("sluice_job_capacity_records_per_second", "Records/s of the sources that the job could keep up with as it is.", func(s *fleet.Summary) float64 { return s.Now.Capacity }),
	gauge("sluice_job_lag_records", "Records waiting before the sources.", func(s *fleet.Summary) float64 { return s.Now.Lag }),
	gauge("sluice_job_busy_ratio", "Share of its time for which the busiest vertex is busy.", func(s *fleet.Summary) float64 { return s.Now.Busy }),
	gauge("sluice_job_last_pass_timestamp_seconds", "When the job was looked at last.", func(s *fleet.Summary) float64 { return unix(s.Seen) }),
	gauge("sluice_job_last_rescale_timestamp_seconds", "When the job was rescaled last, as far as it is known.", func(s *fleet.Summary) float64 { return unix(s.Scaled) }),
	counter("sluice_job_scalings_total", "Rescales asked for (the reference's numScalings).", func(s *fleet.Summary) float64 { return float64(s.Counts.Scalings) }),
	counter("sluice_job_errors_total", "Passes that failed (the reference's numErrors).", func(s *fleet.Summary) float64 { return float64(s.Counts.Errors) }),
	counter("sluice_job_balanced_total", "Passes with a full window that changed nothing (the reference's numBalanced).", func(s *fleet.Summary) float64 { return float64(s.Counts.Balanced) }),
}

func figure(f decisions.Figure) float64 { return float64(f) }

var vertexMetrics = []vertexMetric{
	{"sluice_vertex_parallelism", "Subtasks of the vertex (PARALLELISM).", func(v *decisions.Vertex) float64 { return float64(v.From) }},
	{"sluice_vertex_parallelism_recommended", "Subtasks that the figures ask for, before delays and obstacles (RECOMMENDED_PARALLELISM).", func(v *decisions.Vertex) float64 { return float64(v.Recommended) }},
	{"sluice_vertex_parallelism_max", "The vertex's maximum parallelism (MAX_PARALLELISM).", func(v *decisions.Vertex) float64 { return float64(v.MaxParallelism) }},
	{"sluice_vertex_busy_ratio", "Share of its time that a subtask is busy (LOAD).", func(v *decisions.Vertex) float64 { return figure(v.Busy) }},
	{"sluice_vertex_input_records_per_second", "Records/s that the vertex reads.", func(v *decisions.Vertex) float64 { return figure(v.InputRate) }},
	{"sluice_vertex_true_processing_records_per_second", "Records/s that the vertex could process if it were always busy (TRUE_PROCESSING_RATE).", func(v *decisions.Vertex) float64 { return figure(v.TrueProcessingRate) }},
	{"sluice_vertex_target_records_per_second", "Records/s that the vertex has to process (TARGET_DATA_RATE).", func(v *decisions.Vertex) float64 { return figure(v.TargetRate) }},
	{"sluice_vertex_catch_up_records_per_second", "Records/s that work the backlog off in time (CATCH_UP_DATA_RATE).", func(v *decisions.Vertex) float64 { return figure(v.CatchUpRate) }},
	{"sluice_vertex_expected_records_per_second", "Records/s that the vertex can process once the decision is executed (EXPECTED_PROCESSING_RATE).", func(v *decisions.Vertex) float64 { return figure(v.ExpectedRate) }},
	{"sluice_vertex_scale_up_threshold_records_per_second", "A true processing rate below this is too low (SCALE_UP_RATE_THRESHOLD).", func(v *decisions.Vertex) float64 { return figure(v.ScaleUpBelow) }},
	{"sluice_vertex_scale_down_threshold_records_per_second", "A true processing rate above this is too high (SCALE_DOWN_RATE_THRESHOLD).", func(v *decisions.Vertex) float64 { return figure(v.ScaleDownAbove) }},
	{"sluice_vertex_lag_records", "Records waiting before a source (LAG).", func(v *decisions.Vertex) float64 { return figure(v.Lag) }},
}

var (
	// Flink's own metrics call them so too; a label named job would be Prometheus's.
	jobLabels    = []string{"cluster", "job_id", "job_name"}
	vertexLabels = []string{"cluster", "job_id", "vertex_id", "vertex_name"}
	stateDesc    = prometheus.NewDesc("sluice_job_state", "Where the job stands: 1 for the state that it is in.", append(slices.Clone(jobLabels), "state"), nil)
	rescaleDesc  = prometheus.NewDesc("sluice_job_rescale_failed", "1 when the newest rescale of the job has failed, 0 when it has not.", jobLabels, nil)
	leftOutDesc  = prometheus.NewDesc("sluice_jobs_left_out", "Jobs for which there are no metrics, since there are too many.", nil, nil)
)

// jobs collects the metrics of a book at a scrape.
type jobs struct {
	book    *fleet.Book
	most    int
	unnamed string
	descs   map[string]*prometheus.Desc
}

func newJobs(config Config) *jobs {
	c := &jobs{book: config.Book, most: config.MostJobs, unnamed: config.Unnamed, descs: map[string]*prometheus.Desc{}}
	for _, m := range jobMetrics {
		c.descs[m.name] = prometheus.NewDesc(m.name, m.help, jobLabels, nil)
	}
	for _, m := range vertexMetrics {
		c.descs[m.name] = prometheus.NewDesc(m.name, m.help, vertexLabels, nil)
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *jobs) Describe(out chan<- *prometheus.Desc) {
	out <- stateDesc
	out <- rescaleDesc
	out <- leftOutDesc
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements [prometheus.Collector]. What is not known has no sample.
func (c *jobs) Collect(out chan<- prometheus.Metric) {
	all := slices.DeleteFunc(c.book.Jobs(), notOurs)
	shown := all[:min(c.most, len(all))]
	out <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.GaugeValue, float64(len(all)-len(shown)))
	for i := range shown {
		c.job(out, &shown[i])
	}
}

// notOurs leaves out what other processes tell of, and what nobody has judged yet.
func notOurs(s fleet.Summary) bool {
	return s.Owner != "" || !s.Known && s.Failure == nil
}

// current tells whether the figures of a job are those of now: of a cluster that does
// not answer they are not, nor are those of an earlier process.
func current(s *fleet.Summary) bool { return s.Known && s.State != fleet.Away }

func (c *jobs) job(out chan<- prometheus.Metric, s *fleet.Summary) {
	if !current(s) {
		s.Parallelism, s.Wanted = 0, 0
		s.Now = fleet.UnknownPoint()
	}
	cluster, id := cmp.Or(s.Key.Cluster, c.unnamed), string(s.Key.Job)
	for _, m := range jobMetrics {
		if value := m.value(s); !math.IsNaN(value) {
			out <- prometheus.MustNewConstMetric(c.descs[m.name], m.kind, value, cluster, id, valid(s.Name))
		}
	}
	out <- prometheus.MustNewConstMetric(stateDesc, prometheus.GaugeValue, 1, cluster, id, valid(s.Name), string(s.State))
	entry, known := c.book.Entry(s.Key)
	if !known {
		return
	}
	if act := entry.Act; act != nil {
		failed := 0.0
		if act.Phase == string(autoscaler.PhaseFailed) {
			failed = 1
		}
		out <- prometheus.MustNewConstMetric(rescaleDesc, prometheus.GaugeValue, failed, cluster, id, valid(s.Name))
	}
	if !current(s) {
		return
	}
	for i := range entry.Vertices {
		v := &entry.Vertices[i]
		for _, m := range vertexMetrics {
			if value := m.value(v); !math.IsNaN(value) {
				out <- prometheus.MustNewConstMetric(c.descs[m.name], prometheus.GaugeValue, value, cluster, id, v.ID, valid(v.Name))
			}
		}
	}
}

package metrics

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/flink"
)

const (
	// defaultMostJobs bounds the jobs that have metrics.
	defaultMostJobs = 5000
	// longestLabel is the length of the longest label value, in bytes.
	longestLabel = 200
)

// Config is what there are metrics of.
type Config struct {
	Book *fleet.Book
	// Clients are asked how many requests they sent, by the names of their clusters.
	Clients map[string]*flink.Client
	// Version is that of the program.
	Version string
	// Unnamed is the label of a cluster that has no name in the keys of its jobs.
	Unnamed string
	// Interval is the time between two looks at a cluster; 0 leaves its metric out.
	Interval time.Duration
	// Probe measured what the process waits for; nil leaves that out.
	Probe *Probe
	// Gauges are figures of other parts, asked for at each scrape.
	Gauges []Gauge
	// MostJobs bounds the jobs that have metrics; 5,000 when it is 0.
	MostJobs int
}

// Metrics are the metrics of a process. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
	passes   *prometheus.CounterVec
	up       *prometheus.GaugeVec
	listed   *prometheus.GaugeVec
}

// Gauge is a figure that some part knows at any moment.
type Gauge struct {
	// Name is that of the metric, with its unit; Help says what it is.
	Name, Help string
	// Labels tell gauges of the same name apart; nil for none.
	Labels map[string]string
	// Counts makes it a counter: its value only grows while the process lives.
	Counts bool
	// Value is called at each scrape, by several goroutines at once. NaN is not known.
	Value func() float64
}

// New makes the metrics. It fails without a book, and where two gauges are the same.
func New(c Config) (*Metrics, error) {
	if c.Book == nil {
		return nil, errors.New("new metrics: no book given")
	}
	if c.MostJobs == 0 {
		c.MostJobs = defaultMostJobs
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sluice_loop_duration_seconds", Help: "From the start of a look at a cluster to the end of the last pass.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"cluster"}),
		passes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sluice_passes_total", Help: "Jobs of the looks at a cluster, by what became of them: ok, failed, panicked, overlapped, late, skipped, unreadable, elsewhere.",
		}, []string{"cluster", "outcome"}),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_cluster_up", Help: "1 when the cluster answered the last look, else 0.",
		}, []string{"cluster"}),
		listed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "sluice_cluster_jobs", Help: "Jobs of the cluster that have not ended.",
		}, []string{"cluster"}),
	}
	m.registry.MustRegister(m.seconds, m.passes, m.up, m.listed, newJobs(c), requests{c},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c.Probe != nil {
		m.registry.MustRegister(c.Probe.store, c.Probe.refused, c.Probe.rest, c.Probe.uses, c.Probe.failures)
	}
	return m, m.add(c.gauges())
}

// gauges are those that were asked for, and those of the configuration.
func (c *Config) gauges() []Gauge {
	all := append([]Gauge{{
		Name: "sluice_build_info", Help: "1, with the version.", Labels: map[string]string{"version": c.Version}, Value: func() float64 { return 1 },
	}}, c.Gauges...)
	if c.Interval > 0 {
		all = append(all, Gauge{Name: "sluice_loop_interval_seconds", Help: "Time between two looks at a cluster, as configured.", Value: c.Interval.Seconds})
	}
	return all
}

func (m *Metrics) add(gauges []Gauge) error {
	for _, g := range gauges {
		labels := prometheus.Labels{}
		for name, value := range g.Labels {
			labels[name] = valid(value)
		}
		var f prometheus.Collector = prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.Name, Help: g.Help, ConstLabels: labels}, g.Value)
		if g.Counts {
			f = prometheus.NewCounterFunc(prometheus.CounterOpts{Name: g.Name, Help: g.Help, ConstLabels: labels}, g.Value)
		}
		if err := m.registry.Register(f); err != nil {
			return fmt.Errorf("new metrics: gauge %s: %w", g.Name, err)
		}
	}
	return nil
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

// Looked counts what a look at a cluster came to.
func (m *Metrics) Looked(s control.LoopStats) {
	m.up.WithLabelValues(s.Cluster).Set(0)
	if s.Err != nil {
		m.passes.WithLabelValues(s.Cluster, "unlisted").Inc()
		m.listed.DeleteLabelValues(s.Cluster)
		return
	}
	m.up.WithLabelValues(s.Cluster).Set(1)
	m.listed.WithLabelValues(s.Cluster).Set(float64(s.Jobs))
	m.seconds.WithLabelValues(s.Cluster).Observe(s.Duration.Seconds())
	for outcome, n := range map[string]int{
		"ok": s.OK, "failed": s.Failed, "panicked": s.Panicked, "overlapped": s.Overlapped, "late": s.Late,
		"skipped": s.Skipped, "unreadable": s.Unreadable, "elsewhere": s.Elsewhere,
	} {
		m.passes.WithLabelValues(s.Cluster, outcome).Add(float64(n))
	}
}

// valid is a label's value: text that is UTF-8, and no longer than a label may be.
func valid(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= longestLabel {
		return text
	}
	return strings.ToValidUTF8(text[:longestLabel], "") + "…"
}

package metrics

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-project/sluice/flink"
)

var (
	requestDesc = prometheus.NewDesc("sluice_rest_requests_total", "Requests sent to the cluster's REST interface.", []string{"cluster"}, nil)
	failedDesc  = prometheus.NewDesc("sluice_rest_errors_total", "Calls of the cluster's REST interface that failed, by what went wrong.", []string{"cluster", "kind"}, nil)
	bytesDesc   = prometheus.NewDesc("sluice_rest_received_bytes_total", "Bytes of bodies received from the cluster's REST interface.", []string{"cluster"}, nil)
)

// requests collects what clients count.
type requests struct{ config Config }

// Describe implements [prometheus.Collector].
func (requests) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{requestDesc, failedDesc, bytesDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (r requests) Collect(out chan<- prometheus.Metric) {
	count := func(desc *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	for name, client := range r.config.Clients {
		name = cmp.Or(name, r.config.Unnamed)
		s := client.Stats()
		count(requestDesc, s.Requests, name)
		count(bytesDesc, s.BytesIn, name)
		// All kinds from the start: an increase is seen from a zero only.
		for kind, n := range s.ErrorKinds {
			count(failedDesc, n, name, flink.Kind(kind).String())
		}
	}
}

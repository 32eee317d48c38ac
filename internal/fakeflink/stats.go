package fakeflink

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// statsPath tells the [Stats]; DELETE sets them to zero.
const statsPath = "/__stats"

// endpoint groups paths in [Stats].
type endpoint uint8

const (
	atOther endpoint = iota
	atConfig
	atOverview
	atJobs
	atCluster
	atJob
	atJobConfig
	atNames
	atMetrics
	atSubtasks
	atCheckpoints
	atRequirements
	atRescale
	endpointCount
)

var endpointNames = [endpointCount]string{
	"other", "config", "overview", "jobs/overview", "cluster metrics", "job", "job config", "metric names", "source metrics",
	"subtasks", "checkpoints", "resource-requirements", "PUT resource-requirements",
}

// Stats tells what was asked for since the start, or since it was set to zero.
type Stats struct {
	// First is when the first request came; zero for none yet.
	First time.Time `json:"first"`
	// Endpoints are those that were asked, by name.
	Endpoints map[string]Traffic `json:"endpoints"`
}

// Traffic is what one endpoint served; Bytes are those of bodies.
type Traffic struct {
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
}

// Total is the traffic of all endpoints.
func (s Stats) Total() Traffic {
	var total Traffic
	for _, t := range s.Endpoints {
		total.Requests += t.Requests
		total.Bytes += t.Bytes
	}
	return total
}

type counts struct {
	first           atomic.Int64 // in ns since 1970
	requests, bytes [endpointCount]atomic.Int64
}

func (c *counts) add(at endpoint, bytes int, now time.Time) {
	if c.first.Load() == 0 {
		c.first.CompareAndSwap(0, now.UnixNano())
	}
	c.requests[at].Add(1)
	c.bytes[at].Add(int64(bytes))
}

// Stats returns the counts so far.
func (m *JobManager) Stats() Stats {
	s := Stats{Endpoints: map[string]Traffic{}}
	if first := m.counts.first.Load(); first != 0 {
		s.First = time.Unix(0, first).UTC()
	}
	for at := range endpointCount {
		if n := m.counts.requests[at].Load(); n > 0 {
			s.Endpoints[endpointNames[at]] = Traffic{Requests: n, Bytes: m.counts.bytes[at].Load()}
		}
	}
	return s
}

func (m *JobManager) tellStats(dst []byte, method string) ([]byte, int) {
	if method == http.MethodDelete {
		m.counts.first.Store(0)
		for at := range endpointCount {
			m.counts.requests[at].Store(0)
			m.counts.bytes[at].Store(0)
		}
		return append(dst, "{}"...), http.StatusOK
	}
	encoded, err := json.Marshal(m.Stats())
	if err != nil {
		return refused(dst, err.Error()), http.StatusInternalServerError
	}
	return append(dst, encoded...), http.StatusOK
}

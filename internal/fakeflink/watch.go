package fakeflink

import (
	"time"

	"github.com/sluice-project/sluice/flink"
)

// Seen is one request about a job.
type Seen struct {
	At time.Time
	// Sender is the request's User-Agent.
	Sender string
	Job    flink.JobID
	// Path is what stands behind the job's id, such as checkpoints; empty for the
	// job itself.
	Path string
	// Put are requirements that were asked for and accepted, and Before those that
	// they replaced; both are nil for other requests.
	Put, Before flink.ResourceRequirements
}

// tell tells who wants to know of a request; the job is locked, so that what is
// said of one job comes in order.
func (m *JobManager) tell(j *job, path string, r request, put, before flink.ResourceRequirements) {
	if m.cfg.Seen != nil {
		m.cfg.Seen(Seen{At: m.cfg.Now(), Sender: r.sender, Job: flink.JobID(j.id), Path: path, Put: put, Before: before})
	}
}

// standing are the requirements that the job goes by.
func (j *job) standing() flink.ResourceRequirements {
	all := make(flink.ResourceRequirements, vertexCount)
	for v := range graph {
		all[flink.VertexID(graph[v].id)] = flink.Require(j.vertices[v].lower, j.vertices[v].upper)
	}
	return all
}

// Load changes what arrives at a job to a multiple, > 0, of what arrived at the
// start.
func (m *JobManager) Load(id flink.JobID, times float64) {
	j := m.byID[string(id)]
	j.mu.Lock()
	defer j.mu.Unlock()
	now := m.cfg.Now()
	j.advance(now, now.Truncate(m.cfg.FetchInterval))
	j.demand = j.usual * times
}

// Requirements are those that a job goes by now.
func (m *JobManager) Requirements(id flink.JobID) flink.ResourceRequirements {
	j := m.byID[string(id)]
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.standing()
}

// Bottleneck is the vertex that an overloaded job needs wider.
func Bottleneck() flink.VertexID { return flink.VertexID(graph[joinVertex].id) }

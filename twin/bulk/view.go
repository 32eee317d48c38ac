package bulk

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// Status is that of the job, Since when it entered that.
func (r *Run) Status() adaptive.Status { return r.status }

// Since is when the job entered its status.
func (r *Run) Since() time.Time { return r.since }

// Begun says that the JobMaster is there.
func (r *Run) Begun() bool { return r.begun }

// Timestamps are the statuses that it entered, each with the last time.
func (r *Run) Timestamps() []adaptive.StatusTime { return slices.Clone(r.entered) }

// Restarts counts how often tasks were started anew.
func (r *Run) Restarts() int { return r.restarts }

// Exceptions are the failures of its tasks, the newest first.
func (r *Run) Exceptions() []adaptive.Exception { return slices.Clone(r.failures) }

// ExceptionsTruncated says that there were more.
func (r *Run) ExceptionsTruncated() bool { return r.truncated }

// Failure is why the job has failed, if it has.
func (r *Run) Failure() adaptive.Failure { return r.failure }

// Parallelism is that of the job as a whole, at least 1.
func (r *Run) Parallelism() int { return r.config.parallelism() }

// Graph is the job's; it must not be changed.
func (r *Run) Graph() *Graph { return &r.config.Graph }

// Vertex is a vertex of the job as it is; it must not be changed.
func (r *Run) Vertex(v int) *VertexRun { return &r.vertices[v] }

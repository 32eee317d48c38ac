package twin

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/twin/flow"
)

// State is what is, apart from what Flink's REST interface would say of it.
type State struct {
	Now              time.Time
	Down             bool // the JobManager
	TaskManagers     []cluster.TaskManagerView
	Slots, FreeSlots int
	Jobs             []JobState
}

// JobState is one job that the JobManager knows.
type JobState struct {
	ID, Name string
	// Status is that of the job; Restarts counts how often it was started anew.
	Status   string
	Restarts int
	// Vertices are by name and parallelism, 0 while nothing runs; Bounds are what
	// was asked for.
	Vertices []VertexState
	// Batch says that it is a batch job, which has no Flow.
	Batch bool
	// Flow is the dataflow at the latest move of Flink's gauges and meters, at most
	// five seconds ago.
	Flow flow.Snapshot
}

// VertexState is one vertex.
type VertexState struct {
	ID, Name     string
	Parallelism  int
	Lower, Upper int
	// ReadBytes and WrittenBytes are those of a vertex of a batch job, and Finished its
	// tasks that are done; while its parallelism is not decided that is 0.
	ReadBytes, WrittenBytes int64
	Finished                int
}

// State is the twin as it is. Asking changes nothing.
func (t *Twin) State() State {
	seen := t.cluster.Overview()
	s := State{Now: t.Now(), Down: t.cluster.Down(), TaskManagers: t.cluster.TaskManagers(), Slots: seen.Slots, FreeSlots: seen.FreeSlots}
	for _, j := range t.jobs {
		v, known := j.look()
		if !known {
			continue
		}
		shown := JobState{
			ID: j.spec.ID, Name: j.spec.Name, Status: v.Scheduler.Status.String(), Restarts: v.Scheduler.Restarts,
		}
		if j.batch != nil {
			shown.Batch, shown.Vertices = true, j.batchVertices()
			s.Jobs = append(s.Jobs, shown)
			continue
		}
		for i := range v.Scheduler.Vertices {
			from := &v.Scheduler.Vertices[i]
			vertex := VertexState{ID: j.spec.Vertices[i].ID, Name: j.spec.Graph.Vertices[i].Name, Lower: from.Bounds.Lower, Upper: from.Bounds.Upper}
			if j.run != nil {
				vertex.Parallelism = from.Parallelism
			}
			shown.Vertices = append(shown.Vertices, vertex)
		}
		now := t.Now()
		j.sync(now.Add(-now.Sub(j.began) % views))
		shown.Flow = j.flow.Snapshot()
		s.Jobs = append(s.Jobs, shown)
	}
	return s
}

// Jobs are the ids of the jobs that the JobManager knows, in the order of
// submission.
func (t *Twin) Jobs() []string {
	var ids []string
	for _, j := range t.jobs {
		if _, known := j.look(); known {
			ids = append(ids, j.spec.ID)
		}
	}
	return ids
}

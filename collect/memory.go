package collect

import (
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// jobMemory is what is remembered of one run of a job: from one RUNNING to the
// next. It is kept small, since there may be ten thousand.
type jobMemory struct {
	since    time.Time
	vertices map[scaling.VertexID]*vertexMemory
	// turnAt is when the next vertex has its turn to be read by subtask.
	turnAt time.Time
}

// vertexMemory is what is remembered of one vertex.
type vertexMemory struct {
	// id is the one copy of the id that all samples of the run share.
	id scaling.VertexID
	// subtasksAt is when its subtasks were asked for last.
	subtasksAt time.Time
	// source is nil for a vertex with inputs.
	source *sourceMemory
}

// enter begins a new run if the job has one, and makes sure that every vertex
// has its place.
func (m *jobMemory) enter(since time.Time, t *scaling.Topology) {
	if m.vertices == nil || !since.Equal(m.since) {
		*m = jobMemory{since: since, vertices: make(map[scaling.VertexID]*vertexMemory, len(t.Vertices))}
	}
	for i := range t.Vertices {
		v := &t.Vertices[i]
		known := m.vertices[v.ID]
		if known == nil {
			known = &vertexMemory{id: v.ID}
			if v.IsSource() {
				known.source = &sourceMemory{}
			}
			m.vertices[v.ID] = known
		}
		v.ID = known.id
	}
}

// source is the memory of a source; a vertex that has lost its inputs within a
// run gets one.
func (m *jobMemory) source(id scaling.VertexID) *sourceMemory {
	v := m.vertices[id]
	if v.source == nil {
		v.source = &sourceMemory{}
	}
	return v.source
}

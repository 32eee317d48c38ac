package adaptive

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// View is what can be seen of the scheduler from outside.
type View struct {
	// Status is the job's status on REST.
	Status Status
	// State is the scheduler's state, entered at Since.
	State State
	Since time.Time
	// Phase is that of the manager in 2.3; NoPhase otherwise.
	Phase Phase
	// Execution is the number of the current or latest execution; 0 before the
	// first.
	Execution int
	// Vertices are in the order of the job.
	Vertices []VertexView
	// Timestamps are the statuses reached, each with the last time it was entered
	// by the current execution graph, in the order of the constants.
	Timestamps []StatusTime
	// Restarts counts the entries into Restarting, Rescales those of them without
	// a failure (2.3; 0 in 1.20, which has no such metric).
	Restarts, Rescales int
	// Exceptions are newest first, at most `web.exception-history-size`.
	Exceptions []Exception
	// ExceptionsTruncated says that older exceptions were dropped.
	ExceptionsTruncated bool
	// Failure is why the job ended, if it failed or was suspended.
	Failure Failure
	// History is the rescale history (2.3).
	History RescaleHistory
	// RequiredSlots are declared to the ResourceManager; HeldSlots are the job's,
	// FreeSlots those of them that no execution uses.
	RequiredSlots, HeldSlots, FreeSlots int
	// Restored is what the current execution started from.
	Restored Restore
	// Checkpoint is the latest completed checkpoint.
	Checkpoint Checkpoint
}

// VertexView is what can be seen of a vertex.
type VertexView struct {
	ID    slots.VertexID
	Name  string
	Group string
	// Parallelism is the running one or, in a state without an execution graph,
	// the configured one.
	Parallelism int
	// Bounds are the present requirements.
	Bounds slots.Bounds
	// MaxParallelism never changes.
	MaxParallelism int
	// Attempts are the attempt numbers of the subtasks; nil without a graph.
	Attempts []int
}

// StatusTime is a status and when it was entered.
type StatusTime struct {
	Status Status
	At     time.Time
}

// Exception is an entry of the exception history.
type Exception struct {
	At      time.Time
	Failure Failure
	// Vertex and Subtask say which task failed; both are -1 for a failure of the
	// whole job.
	Vertex, Subtask int
	// TaskManager is where the task ran; "" if it is not known.
	TaskManager slots.TaskManagerID
	// Concurrent are failures that came while this one was dealt with.
	Concurrent []Exception
}

// View is a copy of what can be seen now.
func (s *Scheduler) View() View {
	v := View{
		Status:              s.state.status(),
		State:               s.state.id(),
		Since:               s.since,
		Phase:               s.phase(),
		Vertices:            s.vertexViews(),
		Timestamps:          s.timestamps(),
		Restarts:            s.numRestarts,
		Rescales:            s.numRescales,
		Exceptions:          s.newestFirst(),
		ExceptionsTruncated: s.exceptionsTruncated,
		Failure:             s.failure,
		History:             s.timeline.view(),
		RequiredSlots:       s.pool.Required(),
		HeldSlots:           s.pool.Count(),
		FreeSlots:           s.pool.FreeCount(),
		Checkpoint:          s.checkpoint,
	}
	if s.execution != nil {
		v.Execution, v.Restored = s.execution.number, s.execution.restore
	}
	return v
}

// phase is that of the manager of the present state.
func (s *Scheduler) phase() Phase {
	var m *manager
	switch st := s.state.(type) {
	case *waiting:
		m = st.manager
	case *executing:
		m = st.manager
	}
	if m == nil {
		return NoPhase
	}
	return m.phase
}

// showsGraph says whether views show an execution graph: also after the end, if
// the job ended with one.
func (s *Scheduler) showsGraph() bool {
	if f, over := s.state.(*finished); over {
		return f.graph
	}
	return s.state.id().HasGraph()
}

func (s *Scheduler) vertexViews() []VertexView {
	all := make([]VertexView, len(s.vertices))
	for i, v := range s.vertices {
		all[i] = VertexView{
			ID: v.ID, Name: s.timeline.names[i], Group: v.Group,
			Parallelism: s.shown[i], Bounds: v.Bounds, MaxParallelism: v.MaxParallelism,
		}
		if s.showsGraph() {
			all[i].Parallelism = s.execution.parallelism[i]
			all[i].Attempts = slices.Clone(s.execution.attempts[i])
		}
	}
	return all
}

// timestamps are those of the execution graph. A job that still runs does not
// show the end of the execution it restarts from; one without a graph shows its
// start, and its end if it failed or was suspended.
func (s *Scheduler) timestamps() []StatusTime {
	var reached [StatusReconciling + 1]time.Time
	reached[StatusInitializing] = s.created
	status := s.state.status()
	switch {
	case s.showsGraph():
		reached = s.execution.reached
	case status == StatusFailed || status == StatusSuspended:
		reached[status] = s.endedAt
	}
	var all []StatusTime
	for st, at := range reached {
		if at.IsZero() || Status(st).globallyTerminal() && !status.Terminal() {
			continue
		}
		all = append(all, StatusTime{Status: Status(st), At: at})
	}
	return all
}

package batch

import "github.com/sluice-project/sluice/scheduler/adaptive"

// View is the job as Flink's REST interface would show it.
type View struct {
	Status adaptive.Status
	// Failure is why the job failed.
	Failure  adaptive.Failure
	Vertices []VertexView
}

// VertexView is a vertex of a View.
type VertexView struct {
	// Known says that it is shown at all: in 2.3 a vertex comes once all its
	// producers have finished; its operators are pending till then.
	Known bool
	// Parallelism is -1 until it is decided.
	Parallelism, MaxParallelism int
	// Tasks are its tasks; none until they exist.
	Tasks []TaskView
	// Why is why it has that parallelism.
	Why []Reason
}

// TaskView is a task of a VertexView.
type TaskView struct {
	State   TaskState
	Attempt int
}

// View is the present state.
func (s *Scheduler) View() View {
	view := View{Status: s.status, Failure: s.failure}
	for i := range s.vertices {
		v := &s.vertices[i]
		one := VertexView{Known: v.known, Parallelism: v.Parallelism, MaxParallelism: v.maximum, Why: v.decision.Why}
		if v.Parallelism == 0 {
			one.Parallelism = -1
		}
		for _, t := range v.tasks {
			one.Tasks = append(one.Tasks, TaskView{State: t.state, Attempt: t.attempt})
		}
		view.Vertices = append(view.Vertices, one)
	}
	return view
}

// Status is the status of the job.
func (s *Scheduler) Status() adaptive.Status { return s.status }

// Demand is how many slots the job wants in all: one for each task that is
// deployed and has not ended. Batch jobs do not share slots.
func (s *Scheduler) Demand() int {
	n := 0
	for v := range s.vertices {
		for _, t := range s.vertices[v].tasks {
			if t.state.active() {
				n++
			}
		}
	}
	return n
}

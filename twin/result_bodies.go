package twin

import (
	"net/http"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// executionResult is the body of what became of a job.
type executionResult struct {
	Status flink.OperationStatus `json:"status"`
	Result *jobResult            `json:"job-execution-result,omitempty"`
}

type jobResult struct {
	ID           flink.JobID         `json:"id"`
	Name         string              `json:"name,omitempty"` // 2.3, as all that may be left out
	Status       string              `json:"application-status"`
	Accumulators struct{}            `json:"accumulator-results"`
	Runtime      flink.Span          `json:"net-runtime"`
	Failure      *flink.FailureCause `json:"failure-cause,omitempty"`
	Application  string              `json:"application-id,omitempty"`
	StartTime    flink.Millis        `json:"start-time,omitempty"`
	EndTime      flink.Millis        `json:"end-time,omitempty"`
}

// resultAnswer is what became of a job, as far as it has ended.
func (q question) resultAnswer(id string, j *job) Answer {
	if j == nil {
		return refused(http.StatusNotFound, noJob(id).String())
	}
	v, _ := j.look()
	if !v.Scheduler.Status.Terminal() {
		return ok(&executionResult{Status: flink.OperationStatus{ID: "IN_PROGRESS"}})
	}
	g := j.draw(v)
	r := &jobResult{ID: flink.JobID(j.spec.ID), Runtime: q.lasted(g)}
	switch v.Scheduler.Status {
	case adaptive.StatusFinished:
		r.Status = "SUCCEEDED"
	case adaptive.StatusCanceled:
		r.Status = "CANCELED"
	default:
		r.Status, r.Failure = "FAILED", failureCause(g.root)
	}
	if q.config.Version != slots.V1_20 {
		r.Name, r.Application, r.StartTime, r.EndTime = j.spec.Name, j.spec.ID, flink.MillisOf(g.start), flink.MillisOf(g.end)
	}
	return ok(&executionResult{Status: flink.OperationStatus{ID: "COMPLETED"}, Result: r})
}

// Jobs of a twin run no code, and so nothing is accumulated.

type vertexAccumulators struct {
	ID           flink.VertexID      `json:"id"`
	Accumulators []flink.Accumulator `json:"user-accumulators"`
}

type subtasksAccumulators struct {
	ID          flink.VertexID         `json:"id"`
	Parallelism int                    `json:"parallelism"`
	Subtasks    []subtaskAccumulations `json:"subtasks"`
}

type subtaskAccumulations struct {
	Index        int                 `json:"subtask"`
	Attempt      int                 `json:"attempt"`
	Host         string              `json:"host,omitempty"` // before 2.x
	Endpoint     string              `json:"endpoint"`
	Accumulators []flink.Accumulator `json:"user-accumulators"`
}

type attemptAccumulators struct {
	Index        int                 `json:"subtask"`
	Attempt      int                 `json:"attempt"`
	ID           string              `json:"id"` // of the attempt
	Accumulators []flink.Accumulator `json:"user-accumulators"`
}

func (q question) subtasksAccumulators(j *job, g *graph, v int) *subtasksAccumulators {
	b := &subtasksAccumulators{ID: flink.VertexID(j.spec.Vertices[v].ID), Parallelism: g.vertices[v].parallelism, Subtasks: []subtaskAccumulations{}}
	for k := range g.vertices[v].tasks {
		t := &g.vertices[v].tasks[k]
		s := subtaskAccumulations{Index: k, Attempt: t.attempt, Endpoint: q.endpoint(t.on), Accumulators: []flink.Accumulator{}}
		if q.config.Version == slots.V1_20 {
			s.Host = hostOf(t.on)
		}
		b.Subtasks = append(b.Subtasks, s)
	}
	return b
}

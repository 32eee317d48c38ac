package twin

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// find is the index of a vertex by its id; -1 if there is none.
func (s *JobSpec) find(id string) int {
	for i := range s.Vertices {
		if s.Vertices[i].ID == id {
			return i
		}
	}
	return -1
}

// besideVertex answers what Flink answers about a vertex without looking whether it
// is there; j is nil where there is no job.
func (q question) besideVertex(j *job, id string, more []string) (Answer, bool) {
	if !isHexID(id) {
		return badParameter("path", "vertexid", id), true
	}
	v := -1
	if j != nil {
		v = j.spec.find(id)
	}
	switch path := strings.Join(more, "/"); {
	case path == "flamegraph":
		return ok(flameGraph{flamesDisabled}), true
	case path == "jm-operator-metrics":
		return ok([]flink.MetricName{}), true
	case more[len(more)-1] != "metrics" && path != "backpressure" || j != nil && v >= 0:
		return Answer{}, false
	case path == "metrics" || path == "subtasks/metrics" || len(more) == 3 && more[0] == "subtasks":
		q.metrics()
		return ok([]flink.MetricName{}), true
	case path == "backpressure" && j != nil:
		return ok(&flink.Backpressure{Status: "deprecated"}), true
	}
	return Answer{}, false
}

// flameGraph is the body of a flame graph where they are not enabled.
type flameGraph struct {
	End int64 `json:"endTimestamp"`
}

const flamesDisabled = -2

// noVertex is the answer to a vertex that the job does not have.
func noVertex(id string, more []string) Answer {
	if len(more) == 0 || len(more) == 1 && more[0] == "taskmanagers" {
		return failed(http.StatusNotFound, exception{notFound, fmt.Sprintf("JobVertex %s not found", id)}.String())
	}
	return refused(http.StatusNotFound, fmt.Sprintf("No vertex with ID '%s' exists.", id))
}

// ofVertex are the bodies right below a vertex.
var ofVertex = map[string]func(question, *job, *graph, int) Answer{
	"subtasktimes":          func(q question, j *job, g *graph, v int) Answer { return ok(q.subtaskTimes(j, g, v)) },
	"taskmanagers":          func(q question, j *job, g *graph, v int) Answer { return ok(q.vertexTaskManagers(j, g, v)) },
	"backpressure":          func(q question, j *job, _ *graph, v int) Answer { return ok(q.backpressure(j, v)) },
	"watermarks":            func(q question, j *job, _ *graph, v int) Answer { return ok(q.watermarks(j, v)) },
	"metrics":               func(q question, j *job, _ *graph, v int) Answer { return q.vertexMetrics(j, v) },
	"subtasks/metrics":      func(q question, j *job, _ *graph, v int) Answer { return q.subtasksMetrics(j, v) },
	"subtasks/accumulators": func(q question, j *job, g *graph, v int) Answer { return ok(q.subtasksAccumulators(j, g, v)) },
	"accumulators": func(_ question, j *job, _ *graph, v int) Answer {
		return ok(&vertexAccumulators{flink.VertexID(j.spec.Vertices[v].ID), []flink.Accumulator{}})
	},
	"": func(q question, j *job, g *graph, v int) Answer { return ok(q.vertexDetails(j, g, v)) },
}

// vertexAnswer answers what stands below a vertex of a job.
func (q question) vertexAnswer(j *job, g *graph, id string, more []string) Answer {
	if !isHexID(id) {
		return badParameter("path", "vertexid", id)
	}
	body := ofVertex[strings.Join(more, "/")]
	if body == nil && (len(more) < 2 || more[0] != "subtasks") {
		return q.unknown()
	}
	v := j.spec.find(id)
	if v < 0 || g.vertices[v].hidden {
		return noVertex(id, more)
	}
	q.metrics()
	if body != nil {
		return body(q, j, g, v)
	}
	return q.subtaskAnswer(j, g, v, more[1:])
}

// subtaskAnswer answers what stands below one subtask of a vertex.
func (q question) subtaskAnswer(j *job, g *graph, v int, more []string) Answer {
	k, err := strconv.Atoi(more[0])
	if err != nil {
		return badParameter("path", "subtaskindex", more[0])
	}
	if k < 0 || k >= len(g.vertices[v].tasks) {
		return refused(http.StatusNotFound, "Invalid subtask index for vertex "+j.spec.Vertices[v].ID)
	}
	switch {
	case len(more) == 1:
		return ok(q.subtaskBody(j, g, v, k))
	case len(more) == 2 && more[1] == "metrics":
		return q.subtaskMetrics(j, v, k)
	case len(more) >= 3 && more[1] == "attempts":
		return q.attemptAnswer(j, g, v, k, more[2:])
	}
	return q.unknown()
}

// attemptAnswer answers what stands below an attempt of a subtask. Those before the
// current one belong to other execution graphs, which Flink has forgotten too.
func (q question) attemptAnswer(j *job, g *graph, v, k int, more []string) Answer {
	attempt, err := strconv.Atoi(more[0])
	if err != nil {
		return badParameter("path", "attempt", more[0])
	}
	t := &g.vertices[v].tasks[k]
	switch {
	case attempt != t.attempt:
		return refused(http.StatusNotFound, fmt.Sprintf("Invalid attempt num %d", attempt))
	case len(more) == 1:
		return ok(q.subtaskBody(j, g, v, k))
	case len(more) == 2 && more[1] == "accumulators":
		id := fmt.Sprintf("%s_%s_%d_%d", hexID("execution "+j.spec.ID), j.spec.Vertices[v].ID, k, attempt)
		return ok(&attemptAccumulators{Index: k, Attempt: attempt, ID: id, Accumulators: []flink.Accumulator{}})
	}
	return q.unknown()
}

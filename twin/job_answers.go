package twin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// jobAnswer answers what stands below one job.
func (q question) jobAnswer(id string, more []string) Answer {
	if len(more) > 0 {
		switch more[0] {
		case "resource-requirements":
			return q.requirements(id, more[1:])
		case "stop", "savepoints":
			return q.savepointAnswer(id, more)
		case "rescaling":
			return refused(http.StatusServiceUnavailable, "Rescaling is temporarily disabled. See FLINK-12312.")
		case "rescales":
			return q.rescalesAnswer(id, more[1:])
		}
	}
	switch q.method {
	case http.MethodGet:
		return q.jobGet(id, more)
	case http.MethodPatch:
		return q.jobPatch(id, more)
	case http.MethodPost:
		return q.jobPost(id, more)
	}
	return q.unknown()
}

func (q question) jobPatch(id string, more []string) Answer {
	switch {
	case len(more) == 0:
		return q.cancelAnswer(id, q.query.Get("mode"))
	case len(more) == 1 && more[0] == "clientHeartbeat":
		return Answer{Status: http.StatusAccepted, Value: flink.Empty{}} // jobs do not depend on their clients here
	}
	return q.unknown()
}

func (q question) jobPost(id string, more []string) Answer {
	switch {
	case len(more) == 1 && more[0] == "checkpoints":
		return q.startCheckpoint(id)
	case len(more) == 2 && more[0] == "coordinators":
		return q.coordinatorAnswer(id, more[1])
	}
	return q.unknown()
}

// coordinatorAnswer answers a request to an operator's coordinator: here no operator
// has one.
func (q question) coordinatorAnswer(id, operator string) Answer {
	var request struct {
		Serialized string `json:"serializedCoordinationRequest"` // base64
	}
	if json.Unmarshal(q.body, &request) != nil {
		return badBody("ClientCoordinationRequestBody")
	}
	if _, known := q.known(id); !known {
		return internal(noJob(id))
	}
	return internal(exception{"org.apache.flink.util.FlinkException", fmt.Sprintf(
		"Coordinator of operator %s does not exist or the job vertex this operator belongs to is not initialized.", operator)})
}

// jobGet answers the questions about a job.
func (q question) jobGet(id string, more []string) Answer {
	j, known := q.known(id)
	if !known {
		j = nil
	}
	if answer, is := q.besideGraph(id, j, more); is {
		return answer
	}
	if j == nil {
		return missingJob(id)
	}
	if len(more) == 0 {
		return q.details(j)
	}
	g, _ := j.executionGraph()
	switch {
	case more[0] == "vertices" && len(more) > 1:
		return q.vertexAnswer(j, g, more[1], more[2:])
	case more[0] == "checkpoints" && j.batch != nil:
		return noCheckpoints(j, more[1:])
	case more[0] == "checkpoints":
		return q.checkpointsAnswer(j, more[1:])
	case len(more) > 1:
		return q.unknown()
	}
	return q.jobPart(j, g, more[0])
}

// besides are the bodies below a job that Flink has without its execution graph; j is
// nil where there is no job of the id.
var besides = map[string]func(q question, id string, j *job) Answer{
	"metrics":                func(q question, _ string, j *job) Answer { return q.jobMetrics(j) },
	"jobmanager/config":      func(q question, _ string, _ *job) Answer { return ok(keyValues(q.config.Options)) },
	"jobmanager/environment": func(question, string, *job) Answer { return ok(environment()) },
	"jobmanager/log-url":     func(question, string, *job) Answer { return ok(pageOf("job-manager/logs")) },
	"status":                 question.statusAnswer,
	"execution-result":       question.resultAnswer,
	"yarn-cancel":            func(q question, id string, _ *job) Answer { return q.cancelAnswer(id, "cancel") },
	"yarn-stop":              func(q question, id string, _ *job) Answer { return q.cancelAnswer(id, "stop") },
}

// besideGraph answers what Flink answers without looking at the execution graph of
// the job; j is nil where there is none.
func (q question) besideGraph(id string, j *job, more []string) (Answer, bool) {
	if body := besides[strings.Join(more, "/")]; body != nil {
		return body(q, id, j), true
	}
	switch {
	case len(more) == 3 && more[0] == "taskmanagers" && more[2] == "log-url":
		return ok(pageOf("task-manager/" + more[1] + "/logs")), true
	case len(more) == 2 && more[0] == "checkpoints" && more[1] != "config":
		return q.operationAnswer(checkpointing, id, more[1]), true
	case len(more) > 2 && more[0] == "vertices":
		return q.besideVertex(j, more[1], more[2:])
	}
	return Answer{}, false
}

func (q question) statusAnswer(id string, j *job) Answer {
	if j == nil {
		return internal(noJob(id))
	}
	v, _ := j.look()
	return ok(&flink.StatusBody{Status: flink.JobStatus(v.Scheduler.Status.String())})
}

// jobPart is one of the bodies right below a job.
func (q question) jobPart(j *job, g *graph, name string) Answer {
	switch name {
	case "config":
		return ok(q.jobConfig(j))
	case "plan":
		return ok(&flink.PlanBody{Plan: j.plan(g)})
	case "exceptions":
		return ok(q.exceptions(j, g))
	case "accumulators":
		return ok(&flink.Accumulators{
			JobAccumulators: []json.RawMessage{}, UserTaskAccumulators: []flink.Accumulator{},
			SerializedUserAccumulators: map[string]string{},
		})
	}
	return q.unknown()
}

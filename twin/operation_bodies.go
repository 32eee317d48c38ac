package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// requirements answers what stands below a job's resource requirements.
func (q question) requirements(id string, more []string) Answer {
	switch {
	case len(more) > 0:
		return q.unknown()
	case q.method == http.MethodGet:
		body, refusal, err := q.cluster.Get(slots.JobID(id))
		if err != nil {
			return Answer{}
		}
		if refusal != nil {
			return Answer{Status: refusal.Status, Value: json.RawMessage(refusal.Body())}
		}
		return ok(json.RawMessage(body))
	case q.method == http.MethodPut:
		answer, err := q.put(id, q.body)
		if err != nil {
			return Answer{}
		}
		return answer
	}
	return q.unknown()
}

// put sets the bounds of a job, and writes down that it was asked to if that
// changed anything.
func (t *Twin) put(id string, body []byte) (Answer, error) {
	a := Action{Do: PutRequirements, Job: id, Body: json.RawMessage(body)}
	t.stirred = true
	answer, err := t.cluster.Put(slots.JobID(id), body)
	if err != nil {
		return Answer{}, err
	}
	if answer.Refusal == nil {
		t.journal.did(t.Now(), a)
	}
	return Answer{Status: answer.Status(), Value: json.RawMessage(answer.Body())}, nil
}

func (q question) cancelAnswer(id string) Answer {
	j, known := q.known(id)
	if !known {
		return failed(http.StatusNotFound, exception{notFound, "Job could not be found."}.String())
	}
	switch mode := q.query.Get("mode"); mode {
	case "", "cancel":
	case "stop":
		return refused(http.StatusPermanentRedirect, "The termination mode \"stop\" has been removed. For an ungraceful shutdown, please use \"cancel\" instead. For a graceful shutdown, please use \"jobs/:jobId/stop\" instead.")
	default:
		return refused(http.StatusBadRequest, fmt.Sprintf("Cannot resolve query parameter (mode) from value %q.", mode))
	}
	v, _ := j.look()
	switch v.Scheduler.Status {
	case adaptive.StatusCanceled:
	case adaptive.StatusFinished, adaptive.StatusFailed:
		return refused(http.StatusConflict,
			fmt.Sprintf("Job cancellation failed because the job has already reached another terminal state (%s).", v.Scheduler.Status))
	default:
		if err := q.Do(Action{Do: CancelJob, Job: id}); err != nil {
			return internal(exception{jobNotFound, err.Error()})
		}
	}
	return Answer{Status: http.StatusAccepted, Value: flink.Empty{}}
}

// operation is one that was asked for, and goes on after the answer.
type operation struct {
	trigger  string
	stop     string // the name that the cluster gave it, if it stops the job
	done     bool
	location string
	failure  adaptive.Failure
}

// savepointAnswer answers what stands below a job's savepoints, and stop.
func (q question) savepointAnswer(id string, more []string) Answer {
	j, known := q.known(id)
	switch {
	case q.method == http.MethodGet && more[0] == "savepoints" && len(more) == 2:
		if !known {
			return missingJob(id)
		}
		return j.operationBody(more[1])
	case q.method != http.MethodPost || len(more) != 1:
		return q.unknown()
	case !known:
		return internal(exception{jobNotFound, fmt.Sprintf("Could not find Flink job (%s)", id)})
	}
	var request struct {
		flink.StopRequest
		Target    string `json:"target-directory"`
		CancelJob bool   `json:"cancel-job"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &request) != nil {
		return refused(http.StatusBadRequest, "Request did not match expected format SavepointTriggerRequestBody.")
	}
	a := Action{Do: TakeSavepoint, Job: id, Target: request.Target, Trigger: string(request.TriggerID), Drain: request.Drain}
	if more[0] == "stop" || request.CancelJob {
		a.Do = StopJob
		if request.TargetDirectory != "" {
			a.Target = request.TargetDirectory
		}
	}
	q.triggers++
	if a.Trigger == "" {
		a.Trigger = hexID(fmt.Sprintf("trigger %d", q.triggers))
	}
	if err := q.Do(a); err != nil {
		return internal(exception{"org.apache.flink.runtime.rest.handler.RestHandlerException", errors.Unwrap(err).Error()})
	}
	return Answer{Status: http.StatusAccepted, Value: &flink.Trigger{ID: flink.TriggerID(a.Trigger)}}
}

// stop begins a stop with savepoint.
func (j *job) stop(a Action) error {
	name, err := j.twin.cluster.StopWithSavepoint(slots.JobID(j.spec.ID), a.Target, a.Drain)
	if err != nil {
		return err
	}
	j.operations = append(j.operations, operation{trigger: a.Trigger, stop: name})
	return nil
}

// savepoint takes a savepoint and lets the job go on. The cluster knows nothing of
// it: it delays no checkpoint, and is there at once.
func (j *job) savepoint(a Action) error {
	v, known := j.look()
	if !known || v.Execution == nil || v.RunningTasks < len(v.Execution.Tasks) {
		return errors.New("the Flink job is currently not executing")
	}
	j.sync(j.twin.Now())
	target := a.Target
	if target == "" {
		target = "file:/savepoints"
	}
	location := fmt.Sprintf("%s/savepoint-%.6s-%.12s", target, j.spec.ID, hexID(fmt.Sprintf("%s %d", j.spec.ID, len(j.operations))))
	j.savepoints[location] = j.flow.Checkpoint().Position
	j.operations = append(j.operations, operation{trigger: a.Trigger, done: true, location: location})
	return nil
}

// operationBody is how far an operation has come.
func (j *job) operationBody(trigger string) Answer {
	for i := range j.operations {
		if j.operations[i].trigger != trigger {
			continue
		}
		o := j.operations[i].now(j)
		if !o.done {
			return ok(&flink.Operation[flink.SavepointResult]{Status: flink.OperationStatus{ID: "IN_PROGRESS"}})
		}
		b := map[string]any{"status": flink.OperationStatus{ID: "COMPLETED"}, "operation": map[string]any{"location": o.location}}
		if o.location == "" {
			b["operation"] = map[string]any{"failure-cause": map[string]any{
				"class": o.failure.Class, "stack-trace": stacktrace(o.failure), "serialized-throwable": "",
			}}
		}
		return ok(b)
	}
	return failed(http.StatusNotFound, exception{notFound, fmt.Sprintf("Operation not found under key: %s", trigger)}.String())
}

// now is an operation as the cluster has it.
func (o operation) now(j *job) operation {
	if o.stop == "" {
		return o
	}
	v, _ := j.look()
	for _, known := range v.Operations {
		if known.ID == o.stop {
			return shownOperation(o, known)
		}
	}
	return o
}

func shownOperation(o operation, c cluster.Operation) operation {
	o.done, o.location, o.failure = c.Done, c.Location, c.Failure
	return o
}

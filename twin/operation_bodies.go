package twin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// requirements answers what stands below a job's resource requirements.
func (q question) requirements(id string, more []string) Answer {
	switch {
	case len(more) > 0:
		return q.unknown()
	case q.batchJob(id) && (q.method == http.MethodGet || q.method == http.MethodPut):
		return q.batchRequirements(id)
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

// cancelAnswer cancels a job, if that is how it is to end.
func (q question) cancelAnswer(id, mode string) Answer {
	switch mode {
	case "", "cancel":
	case "stop":
		return refused(http.StatusPermanentRedirect, "The termination mode \"stop\" has been removed. For an ungraceful shutdown, please use \"cancel\" instead. For a graceful shutdown, please use \"jobs/:jobId/stop\" instead.")
	default:
		return badParameter("query", "mode", mode)
	}
	j, known := q.known(id)
	if !known {
		return refused(http.StatusNotFound, "Job could not be found.")
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

// stop begins a stop with savepoint.
func (j *job) stop(a Action) error {
	target := a.Target
	if target == "" {
		target = j.savepointFolder()
	}
	name, err := j.twin.cluster.StopWithSavepoint(slots.JobID(j.spec.ID), target, a.Drain)
	if err != nil {
		return err
	}
	j.operations = append(j.operations, operation{kind: savepointing, trigger: a.Trigger, name: name})
	return nil
}

// savepoint begins one that lets the job go on.
func (j *job) savepoint(a Action) error {
	target := a.Target
	if target == "" {
		target = j.savepointFolder()
	}
	name, err := j.twin.cluster.Savepoint(slots.JobID(j.spec.ID), target)
	if err != nil {
		return errors.New("the Flink job is currently not executing")
	}
	j.operations = append(j.operations, operation{kind: savepointing, trigger: a.Trigger, name: name})
	return nil
}

// checkpoint begins one beside the periodic ones.
func (j *job) checkpoint(a Action) error {
	name, err := j.twin.cluster.Checkpoint(slots.JobID(j.spec.ID))
	if err != nil {
		return errors.New("the Flink job is currently not executing")
	}
	j.operations = append(j.operations, operation{kind: checkpointing, trigger: a.Trigger, name: name})
	return nil
}

// savepointFolder is where savepoints go of which nobody says where.
func (j *job) savepointFolder() string {
	for _, key := range []string{"execution.checkpointing.savepoint-dir", "state.savepoints.dir"} {
		if folder := j.options[key]; folder != "" {
			return folder
		}
	}
	return "file:/savepoints"
}

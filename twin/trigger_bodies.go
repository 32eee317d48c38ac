package twin

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"strconv"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
)

// kind tells the operations apart that clients follow by the id of their request.
type kind string

const (
	savepointing   kind = "savepoint" // and stops with one
	checkpointing  kind = "checkpoint"
	disposal       kind = "disposal" // of a savepoint
	dataSetRemoval kind = "dataset"
)

// operation is one that was asked for, and goes on after the answer.
type operation struct {
	kind     kind
	job      string // empty for those of the cluster
	trigger  string
	name     string // that the cluster gave it; empty if that knows nothing of it
	done     bool
	location string
	number   int64 // of the checkpoint
	failure  *adaptive.Failure
}

// operation finds one by the id of its request.
func (t *Twin) operation(kind kind, job, trigger string) (operation, bool) {
	if j := t.byID[job]; j != nil {
		for i := range j.operations {
			if o := &j.operations[i]; o.kind == kind && o.trigger == trigger {
				return o.now(j), true
			}
		}
	}
	for _, o := range t.settled {
		if o.kind == kind && o.job == job && o.trigger == trigger {
			return o, true
		}
	}
	return operation{}, false
}

// now is an operation as the cluster has it.
func (o operation) now(j *job) operation {
	v, known := j.look()
	if !known {
		return o
	}
	for i := range v.Operations {
		if c := &v.Operations[i]; c.ID == o.name && c.Done {
			return o.ended(c)
		}
	}
	return o
}

func (o operation) ended(c *cluster.Operation) operation {
	o.done, o.location, o.number = true, c.Location, c.Checkpoint
	if c.Location == "" {
		o.failure = completed(c.Failure)
	}
	return o
}

// completed is a failure as the threads of the JobManager pass it on.
func completed(why adaptive.Failure) *adaptive.Failure {
	return &adaptive.Failure{Class: completion, Message: why.String(), CausedBy: &why}
}

// newTrigger is an id for a request that came without one.
func (t *Twin) newTrigger(kind kind, job string) string {
	for {
		t.triggers++
		id := hexID(fmt.Sprintf("trigger %d", t.triggers))
		if _, known := t.operation(kind, job, id); !known {
			return id
		}
	}
}

// start begins an operation on a job. That it cannot be done its result says, not
// the answer; and what was asked for already is not done again.
func (q question) start(kind kind, a Action) Answer {
	if a.Trigger == "" {
		a.Trigger = q.newTrigger(kind, a.Job)
	} else if !isHexID(a.Trigger) {
		return badBody(requestClass[kind])
	}
	if _, known := q.operation(kind, a.Job, a.Trigger); !known && q.Do(a) != nil {
		q.settled = append(q.settled, operation{
			kind: kind, job: a.Job, trigger: a.Trigger, done: true, failure: completed(q.hindrance(a.Job)),
		})
	}
	return Answer{Status: http.StatusAccepted, Value: &flink.Trigger{ID: flink.TriggerID(a.Trigger)}}
}

// requestClass is what Flink reads the body of a request as.
var requestClass = map[kind]string{
	savepointing: "SavepointTriggerRequestBody", checkpointing: "CheckpointTriggerRequestBody", disposal: "SavepointDisposalRequest",
}

// hindrance is why a job takes no checkpoint.
func (t *Twin) hindrance(job string) adaptive.Failure {
	if j, known := t.known(job); known {
		if v, _ := j.look(); !v.Scheduler.Status.Terminal() {
			return adaptive.Failure{
				Class: "org.apache.flink.runtime.checkpoint.CheckpointException", Message: "The Flink job is currently not executing.",
			}
		}
	}
	gone := noJob(job)
	return adaptive.Failure{Class: gone.class, Message: gone.message}
}

// savepointAnswer answers what stands below a job's savepoints, and stop.
func (q question) savepointAnswer(id string, more []string) Answer {
	switch {
	case q.method == http.MethodGet && more[0] == "savepoints" && len(more) == 2:
		return q.operationAnswer(savepointing, id, more[1])
	case q.method != http.MethodPost || len(more) != 1:
		return q.unknown()
	}
	class := "SavepointTriggerRequestBody"
	if more[0] == "stop" {
		class = "StopWithSavepointRequestBody"
	}
	var request struct {
		flink.StopRequest
		Target    string `json:"target-directory"`
		CancelJob bool   `json:"cancel-job"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &request) != nil {
		return badBody(class)
	}
	switch request.FormatType {
	case "", "CANONICAL", "NATIVE":
	default:
		return badBody(class)
	}
	a := Action{Do: TakeSavepoint, Job: id, Target: request.Target, Trigger: string(request.TriggerID), Drain: request.Drain}
	if more[0] == "stop" || request.CancelJob {
		a.Do = StopJob
		if request.TargetDirectory != "" {
			a.Target = request.TargetDirectory
		}
	}
	return q.start(savepointing, a)
}

// startCheckpoint begins a checkpoint beside the periodic ones.
func (q question) startCheckpoint(id string) Answer {
	var request flink.CheckpointRequest
	if len(q.body) > 0 && json.Unmarshal(q.body, &request) != nil {
		return badBody(requestClass[checkpointing])
	}
	switch request.Type {
	case "", "CONFIGURED", "FULL":
	case "INCREMENTAL":
		return internal(exception{
			"java.lang.IllegalStateException", "Flink does not support triggering incremental checkpoint explicitly. See FLINK-33723.",
		})
	default:
		return badBody(requestClass[checkpointing])
	}
	return q.start(checkpointing, Action{Do: TakeCheckpoint, Job: id, Trigger: string(request.TriggerID)})
}

// disposalAnswer answers what stands below /savepoint-disposal.
func (q question) disposalAnswer(more []string) Answer {
	switch {
	case len(more) == 1 && q.method == http.MethodGet:
		return q.operationAnswer(disposal, "", more[0])
	case len(more) > 0 || q.method != http.MethodPost:
		return q.unknown()
	}
	var request struct {
		Path *string `json:"savepoint-path"`
	}
	if len(q.body) > 0 && json.Unmarshal(q.body, &request) != nil {
		return badBody(requestClass[disposal])
	}
	if request.Path == nil {
		return refused(http.StatusBadRequest, "Field savepoint-path must not be omitted or be null.")
	}
	o := operation{kind: disposal, trigger: q.newTrigger(disposal, ""), done: true}
	if err := q.Do(Action{Do: DisposeSavepoint, Target: *request.Path}); err != nil {
		o.failure = &adaptive.Failure{
			Class: "org.apache.flink.util.FlinkException", Message: fmt.Sprintf("Could not dispose savepoint %s.", *request.Path),
			CausedBy: &adaptive.Failure{Class: "java.io.FileNotFoundException", Message: err.Error()},
		}
	}
	q.settled = append(q.settled, o)
	return ok(&flink.Trigger{ID: flink.TriggerID(o.trigger)})
}

// dispose removes a savepoint: no job starts from it any more.
func (t *Twin) dispose(path string) error {
	if !t.hasSavepoint(path) {
		return fmt.Errorf("there is no savepoint at %s", path)
	}
	if t.disposed == nil {
		t.disposed = map[string]bool{}
	}
	t.disposed[path] = true
	return nil
}

func (t *Twin) hasSavepoint(path string) bool {
	for _, j := range t.jobs {
		if _, has := j.savepoints[path]; has && !t.disposed[path] {
			return true
		}
	}
	return false
}

// operationAnswer is how far an operation has come.
func (q question) operationAnswer(kind kind, job, trigger string) Answer {
	if !isHexID(trigger) {
		return badParameter("path", "triggerid", trigger)
	}
	o, known := q.operation(kind, job, trigger)
	switch {
	case known && kind == checkpointing:
		return ok(&flink.Operation[flink.CheckpointResult]{Status: o.status(), Result: o.checkpointed()})
	case known:
		return ok(&flink.Operation[flink.SavepointResult]{Status: o.status(), Result: o.saved()})
	case job != "":
		return refused(http.StatusNotFound, fmt.Sprintf("There is no %s operation with triggerId=%s for job %s.", kind, trigger, job))
	}
	key := fmt.Sprintf("org.apache.flink.runtime.rest.handler.async.OperationKey@%x", operationHash(trigger))
	return failed(http.StatusNotFound, exception{notFound, "Operation not found under key: " + key}.String())
}

// operationHash is Java's hash of a key, by which Flink names it.
func operationHash(trigger string) uint32 {
	var sum uint32
	for i := 0; i+8 <= len(trigger); i += 8 {
		part, _ := strconv.ParseUint(trigger[i:i+8], 16, 32) // it is hexadecimal
		sum ^= uint32(part)
	}
	return 31 + bits.ReverseBytes32(sum)
}

func (o *operation) status() flink.OperationStatus {
	if o.done {
		return flink.OperationStatus{ID: "COMPLETED"}
	}
	return flink.OperationStatus{ID: "IN_PROGRESS"}
}

// saved is the result of an operation on a savepoint, nil while it goes on.
func (o *operation) saved() *flink.SavepointResult {
	if !o.done {
		return nil
	}
	return &flink.SavepointResult{Location: o.location, Failure: o.cause()}
}

func (o *operation) checkpointed() *flink.CheckpointResult {
	switch {
	case !o.done:
		return nil
	case o.failure != nil:
		return &flink.CheckpointResult{Failure: o.cause()}
	}
	return &flink.CheckpointResult{CheckpointID: o.number}
}

func (o *operation) cause() *flink.FailureCause {
	if o.failure == nil {
		return nil
	}
	return failureCause(*o.failure)
}

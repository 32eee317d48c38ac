package script

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// unwritable is a folder for savepoints in which none can be written.
const unwritable = "file:///proc/savepoints"

// do carries an action out on the cluster.
func (r *runner) do(action Action) error {
	c := r.cluster
	switch a := action.(type) {
	case AddTaskManager:
		return c.AddTaskManager(slots.TaskManagerID(a.Name), a.Slots)
	case StopTaskManager:
		return c.StopTaskManager(slots.TaskManagerID(a.Name))
	case KillTaskManager:
		return c.KillTaskManager(slots.TaskManagerID(a.Name))
	case FreezeTaskManager:
		return c.FreezeTaskManager(slots.TaskManagerID(a.Name))
	case ThawTaskManager:
		return c.ThawTaskManager(slots.TaskManagerID(a.Name))
	case KillJobManager:
		return c.KillJobManager()
	case RestartJobManager:
		return c.RestartJobManager()
	case FailCheckpoints:
		r.machine.failCheckpoints(a.On)
		return nil
	case SlowCheckpoints:
		r.machine.slowCheckpoints(a.By)
		return nil
	case Submit:
		job, err := clusterJob(r.script.Job, r.version)
		if err != nil {
			return err
		}
		return c.Submit(job)
	}
	return r.doToJob(action)
}

func (r *runner) doToJob(action Action) error {
	c := r.cluster
	switch a := action.(type) {
	case Put:
		return r.put(Body(a.Bounds))
	case PutBody:
		return r.put(a.Body)
	case Get:
		return r.get()
	case Cancel:
		r.answer = &Answer{Status: 202, Body: "{}"}
		return c.Cancel(jobID)
	case StopWithSavepoint:
		r.answer = &Answer{Status: 202, Body: "{}"}
		target := ""
		if a.Unwritable {
			target = unwritable
		}
		_, err := c.StopWithSavepoint(jobID, target, false)
		return err
	case FailTask:
		return c.FailTask(jobID, r.script.Job.Index(a.Vertex), a.Subtask, adaptive.Failure{
			Class: "java.lang.IllegalStateException", Message: "failed on command",
		})
	}
	return fmt.Errorf("%T cannot be done to a cluster in virtual time", action)
}

func (r *runner) put(body string) error {
	answer, err := r.cluster.Put(jobID, []byte(Expand(body, r.ids)))
	if err == nil {
		r.answer = &Answer{Status: answer.Status(), Body: Contract(string(answer.Body()), r.ids)}
	}
	return err
}

func (r *runner) get() error {
	body, refusal, err := r.cluster.Get(jobID)
	if err != nil {
		return err
	}
	if refusal != nil {
		r.answer = &Answer{Status: refusal.Status, Body: Contract(string(refusal.Body()), r.ids)}
		r.trace.got(r.now(), refusal.Status, strings.ReplaceAll(refusal.Error(), "\n", " | "))
		return nil
	}
	r.answer = &Answer{Status: 200, Body: Contract(string(body), r.ids)}
	shown, err := r.bounds(body)
	r.trace.got(r.now(), r.answer.Status, shown)
	return err
}

// bounds are those of a body, in the order of the script's vertices.
func (r *runner) bounds(body []byte) (string, error) {
	var all map[string]struct {
		Parallelism struct{ LowerBound, UpperBound int }
	}
	if err := json.Unmarshal(body, &all); err != nil {
		return "", fmt.Errorf("read the answer %s: %w", body, err)
	}
	var list []string
	for _, v := range r.script.Job.Vertices {
		p := all[r.ids[v.Name]].Parallelism
		list = append(list, fmt.Sprintf("%d:%d", p.LowerBound, p.UpperBound))
	}
	return strings.Join(list, " "), nil
}

// faults is the behaviour of a small job whose checkpoints can be made to fail or to take long.
type faults struct {
	cluster.Fixed
	fail bool
	slow time.Duration
}

func (f *faults) prepare(*cluster.Config)          {}
func (f *faults) failCheckpoints(on bool)          { f.fail = on }
func (f *faults) slowCheckpoints(by time.Duration) { f.slow = by }

// Checkpoint is slow, or fails, as the script wants it.
func (f *faults) Checkpoint(request cluster.CheckpointRequest) cluster.CheckpointResult {
	result := f.Fixed.Checkpoint(request)
	result.Takes += f.slow
	switch {
	case request.Target == unwritable:
		result.Failure = &adaptive.Failure{Class: "java.io.IOException", Message: "Failed to create savepoint directory at " + unwritable}
	case f.fail:
		result.Failure = &adaptive.Failure{
			Class:   "org.apache.flink.runtime.checkpoint.CheckpointException",
			Message: "Trigger checkpoint failure.",
		}
	}
	return result
}

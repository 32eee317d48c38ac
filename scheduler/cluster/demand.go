package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Savepoint asks for a savepoint while the job goes on, and returns the name of the
// operation, whose state JobView has. An empty target is the configured folder. It
// waits for no other checkpoint and no pause; the periodic ones wait for it. The job
// restores nothing from it by itself, but a rescale that waits for a checkpoint goes
// on with it.
func (c *Cluster) Savepoint(id slots.JobID, target string) (string, error) {
	return c.demand("take a savepoint of", id, CheckpointRequest{Savepoint: true, Target: target})
}

// Checkpoint asks for a checkpoint beside the periodic ones, under the same rules as
// Savepoint; the job may restore from it.
func (c *Cluster) Checkpoint(id slots.JobID) (string, error) {
	return c.demand("take a checkpoint of", id, CheckpointRequest{})
}

// demand begins a checkpoint or savepoint that somebody asked for.
func (c *Cluster) demand(act string, id slots.JobID, request CheckpointRequest) (string, error) {
	j, err := c.alive(act, id)
	if err != nil {
		return "", err
	}
	e := j.execution
	if e == nil || e.canceling || e.finishing || e.running < len(e.Tasks) || e.left < len(e.Tasks) {
		return "", fmt.Errorf("%s job %s: not all of its tasks run", act, id)
	}
	name, method := fmt.Sprintf("checkpoint-%d", len(j.operations)+1), "POST checkpoints"
	if request.Savepoint {
		name, method = fmt.Sprintf("savepoint-%d", len(j.operations)+1), "POST savepoints"
	}
	c.note(id, Asked{Method: method, Status: 202})
	request.Execution, request.At = e.Execution, c.now
	p, result := c.beginCheckpoint(j, request)
	p.operation, p.savepoint = name, request.Savepoint
	j.operations = append(j.operations, Operation{ID: name, Checkpoint: p.id})
	j.checkpoints.demanded = append(j.checkpoints.demanded, p)
	result = j.inTime(result)
	c.awaitDemanded(j, e, p, result.Takes, c.now.Add(j.checkpointTimeout()), result)
	return name, nil
}

// awaitDemanded ends one after a while, or, while a TaskManager does not answer,
// when it does; at the latest at its time-out.
func (c *Cluster) awaitDemanded(j *job, e *execution, p *pending, takes time.Duration, until time.Time, result CheckpointResult) {
	c.after(takes, func() {
		switch {
		case c.job(j.id) != j || !slices.Contains(j.checkpoints.demanded, p):
		case result.Failure != nil || c.answers(e):
			c.endDemanded(j, p, result)
		case c.now.Before(until):
			c.awaitDemanded(j, e, p, min(again, until.Sub(c.now)), until, result)
		default:
			c.endDemanded(j, p, expired(0))
		}
	})
}

// shuttingDown is why a checkpoint fails of a job that is over.
const shuttingDown = "Checkpoint Coordinator is shutting down."

// giveUpDemanded lets those fail that are under way.
func (c *Cluster) giveUpDemanded(j *job, why string) {
	for len(j.checkpoints.demanded) > 0 {
		c.endDemanded(j, j.checkpoints.demanded[0], CheckpointResult{
			Failure: &adaptive.Failure{Class: checkpointException, Message: why},
		})
	}
}

// endDemanded writes the end of one down, and tells the scheduler of one that is
// complete: a savepoint is nothing to restore from. A periodic checkpoint that had
// to wait has its turn.
func (c *Cluster) endDemanded(j *job, p *pending, result CheckpointResult) {
	k := &j.checkpoints
	k.demanded = slices.DeleteFunc(k.demanded, func(other *pending) bool { return other == p })
	ended := CheckpointEnded{ID: p.id, Savepoint: p.savepoint, Took: c.now.Sub(p.began)}
	done := adaptive.OperationDone{Operation: p.operation}
	if result.Failure != nil {
		ended.Failure, done.Failure = result.Failure.Message, *result.Failure
		k.close(p, "FAILED", c.now)
		c.note(j.id, ended)
		j.finishOperation(done)
	} else {
		taken := j.completed(j.execution, *p, c.now, result)
		done.Location, ended.Location = taken.Location, taken.Location
		k.close(p, "COMPLETED", c.now)
		c.note(j.id, ended)
		j.finishOperation(done)
		if p.savepoint {
			taken.ID = 0
		}
		c.step(j, adaptive.CheckpointCompleted{Execution: j.execution.Number(), Checkpoint: taken})
	}
	if k.held && len(k.demanded) == 0 {
		k.held = false
		c.checkpointIn(j, j.spec.Checkpoints.MinPause)
	}
}

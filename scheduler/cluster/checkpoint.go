package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// CheckpointPlan is how a job takes checkpoints, apart from their interval.
type CheckpointPlan struct {
	MinPause time.Duration // between the end of one and the begin of the next
	Timeout  time.Duration // after which one is given up; 0: 10 minutes
	// Tolerable is how many may fail in a row before the job fails
	// (execution.checkpointing.tolerable-failed-checkpoints).
	Tolerable int
}

const checkpointTimeout = 10 * time.Minute

const checkpointException = "org.apache.flink.runtime.checkpoint.CheckpointException"

// checkpoints is the schedule of one job: one at a time, beside those that somebody
// asked for.
type checkpoints struct {
	last     int64 // the last id given
	history  []CheckpointView
	series   int // counts starts and stops; what belongs to an older one is void
	on       bool
	waiting  bool // the first waits until all tasks run
	pending  *pending
	demanded []*pending
	held     bool // the next periodic one waits for them
	failed   int  // in a row
}

// pending is a checkpoint or savepoint under way.
type pending struct {
	id        int64
	began     time.Time
	savepoint bool
	target    string // folder of a savepoint; empty for that of the checkpoints
	operation string // that wants it; empty of a periodic one
}

// maxHistory is how many checkpoints are kept to look at if nothing else is said.
const maxHistory = 1000

// close writes the end of one down.
func (k *checkpoints) close(p *pending, status string, now time.Time) {
	for i := len(k.history) - 1; i >= 0; i-- {
		if k.history[i].ID == p.id {
			k.history[i].Status, k.history[i].Ended = status, now
			return
		}
	}
}

// startCheckpoints lets the periodic checkpoints of an execution begin. In 2.3 the
// first comes as soon as all tasks run, whatever the interval; in 1.20 after a
// delay that Flink draws by lot.
func (c *Cluster) startCheckpoints(j *job, number int) {
	e := j.execution
	if e == nil || e.Number() != number || !j.spec.Checkpointing.Enabled() {
		return
	}
	k := &j.checkpoints
	k.series++
	k.on, k.failed, k.waiting, k.held = true, 0, true, false
	if c.config.Version == slots.V1_20 {
		k.waiting = false
		c.checkpointIn(j, c.behaviour.FirstCheckpoint(e.Execution))
		return
	}
	c.firstCheckpoint(j)
}

// firstCheckpoint triggers the first checkpoint of an execution of 2.3, if all its
// tasks run.
func (c *Cluster) firstCheckpoint(j *job) {
	if e, k := j.execution, &j.checkpoints; k.on && k.waiting && e.running == len(e.Tasks) {
		k.waiting = false
		c.checkpointIn(j, 0)
	}
}

// stopCheckpoints ends them; one under way is given up.
func (c *Cluster) stopCheckpoints(j *job) {
	k := &j.checkpoints
	k.series++
	k.on, k.held = false, false
	if k.pending != nil && k.pending.operation == "" {
		c.note(j.id, CheckpointEnded{ID: k.pending.id, Failure: "Checkpoint Coordinator is suspending."})
		c.closeCheckpoint(j, "FAILED")
	}
}

// checkpointIn triggers a checkpoint after a while, if it is then still wanted.
func (c *Cluster) checkpointIn(j *job, delay time.Duration) {
	series := j.checkpoints.series
	c.after(delay, func() {
		if c.job(j.id) == j && j.checkpoints.series == series && j.checkpoints.on {
			c.trigger(j)
		}
	})
}

// trigger begins a periodic checkpoint. While not all tasks run there is none,
// and the next turn is an interval away; while others are under way it waits.
func (c *Cluster) trigger(j *job) {
	e := j.execution
	if e == nil || e.running < len(e.Tasks) || e.left < len(e.Tasks) {
		c.checkpointIn(j, j.spec.Checkpointing.Interval)
		return
	}
	if j.checkpoints.held = len(j.checkpoints.demanded) > 0; j.checkpoints.held {
		return
	}
	p, result := c.beginCheckpoint(j, CheckpointRequest{Execution: e.Execution, At: c.now})
	j.checkpoints.pending, result = p, j.inTime(result)
	c.awaitCheckpoint(j, result.Takes, c.now.Add(j.checkpointTimeout()), result)
}

// checkpointTimeout is how long a checkpoint or savepoint may take.
func (j *job) checkpointTimeout() time.Duration {
	if t := j.spec.Checkpoints.Timeout; t > 0 {
		return t
	}
	return checkpointTimeout
}

// inTime is the result, or that of the time-out if that comes first.
func (j *job) inTime(result CheckpointResult) CheckpointResult {
	if timeout := j.checkpointTimeout(); result.Takes > timeout {
		return expired(timeout)
	}
	return result
}

// again is how often a checkpoint is looked at that a TaskManager does not answer.
const again = time.Second

// awaitCheckpoint ends the checkpoint under way after a while, or, while a
// TaskManager does not answer, when it does; at the latest at its time-out.
func (c *Cluster) awaitCheckpoint(j *job, takes time.Duration, until time.Time, result CheckpointResult) {
	series, p := j.checkpoints.series, j.checkpoints.pending
	c.after(takes, func() {
		switch {
		case c.job(j.id) != j || j.checkpoints.series != series || j.checkpoints.pending != p || j.execution == nil:
		case c.answers(j.execution):
			c.endCheckpoint(j, result)
		case c.now.Before(until):
			c.awaitCheckpoint(j, min(again, until.Sub(c.now)), until, result)
		default:
			c.endCheckpoint(j, expired(0))
		}
	})
}

// expired is a checkpoint that is given up after a while.
func expired(after time.Duration) CheckpointResult {
	return CheckpointResult{Takes: after, Failure: &adaptive.Failure{
		Class:   checkpointException,
		Message: "Checkpoint expired before completing.",
	}}
}

// beginCheckpoint opens a checkpoint or savepoint.
func (c *Cluster) beginCheckpoint(j *job, request CheckpointRequest) (*pending, CheckpointResult) {
	k := &j.checkpoints
	k.last++
	request.ID = k.last
	most := c.config.CheckpointHistory
	if most == 0 {
		most = maxHistory
	}
	if len(k.history) >= most {
		k.history = append(k.history[:0], k.history[len(k.history)-most/2:]...)
	}
	k.history = append(k.history, CheckpointView{ID: k.last, Triggered: c.now, Status: "IN_PROGRESS", Savepoint: request.Savepoint})
	return &pending{id: k.last, began: c.now, savepoint: request.Savepoint, target: request.Target}, c.behaviour.Checkpoint(request)
}

// closeCheckpoint writes the end of the checkpoint under way down.
func (c *Cluster) closeCheckpoint(j *job, status string) pending {
	k := &j.checkpoints
	p := *k.pending
	k.close(&p, status, c.now)
	k.pending = nil
	return p
}

// endCheckpoint completes a periodic checkpoint or lets it fail, and plans the
// next: at the next multiple of the interval since the last trigger, at once if
// that is past. One that waits for a TaskManager that does not answer goes on.
func (c *Cluster) endCheckpoint(j *job, result CheckpointResult) {
	e := j.execution
	plan, interval := j.spec.Checkpoints, j.spec.Checkpointing.Interval
	began := j.checkpoints.pending.began
	next := max(began.Add(interval).Sub(c.now), plan.MinPause, 0)
	c.checkpointIn(j, next)
	if result.Failure != nil {
		c.failCheckpoint(j, *result.Failure)
		return
	}
	p := c.closeCheckpoint(j, "COMPLETED")
	j.checkpoints.failed = 0
	c.note(j.id, CheckpointEnded{ID: p.id, Took: c.now.Sub(p.began), Location: j.location(p)})
	c.step(j, adaptive.CheckpointCompleted{Execution: e.Number(), Checkpoint: j.completed(e, p, c.now, result)})
}

// answers says whether all TaskManagers of an execution are up.
func (c *Cluster) answers(e *execution) bool {
	for _, id := range e.machines {
		if c.healthOf(id) != Up {
			return false
		}
	}
	return true
}

// completed is a checkpoint as the scheduler learns of it.
func (j *job) completed(e *execution, p pending, now time.Time, result CheckpointResult) adaptive.Checkpoint {
	return adaptive.Checkpoint{
		ID: p.id, Location: j.location(p),
		Triggered: p.began, Completed: now, KeyedState: result.KeyedState,
		Parallelism: e.Parallelism,
	}
}

// location is where a checkpoint is written to. Flink draws the name of a savepoint
// by lot; here it has the number.
func (j *job) location(p pending) string {
	switch {
	case p.savepoint && p.target != "":
		return fmt.Sprintf("%s/savepoint-%.6s-%012x", strings.TrimSuffix(p.target, "/"), j.id, p.id)
	case p.savepoint:
		return fmt.Sprintf("file:/checkpoints/%s/savepoint-%d", j.id, p.id)
	}
	return fmt.Sprintf("file:/checkpoints/%s/chk-%d", j.id, p.id)
}

// failCheckpoint lets a periodic checkpoint fail, and the job with it if too many
// have failed in a row.
func (c *Cluster) failCheckpoint(j *job, why adaptive.Failure) {
	k := &j.checkpoints
	p := c.closeCheckpoint(j, "FAILED")
	k.failed++
	c.note(j.id, CheckpointEnded{ID: p.id, Took: c.now.Sub(p.began), Failure: why.Message})
	c.step(j, adaptive.CheckpointFailed{Execution: j.execution.Number(), ID: p.id})
	if k.on && k.failed > j.spec.Checkpoints.Tolerable {
		c.step(j, adaptive.GlobalFailure{Failure: adaptive.Failure{
			Class:   "org.apache.flink.util.FlinkRuntimeException",
			Message: "Exceeded checkpoint tolerable failure threshold.",
		}})
	}
}

// triggerSavepoint takes the savepoint of a stop request, and lets the tasks end
// if it succeeds.
func (c *Cluster) triggerSavepoint(j *job, a adaptive.TriggerSavepoint) {
	e := j.execution
	if e == nil || e.Number() != a.Execution {
		return
	}
	p, result := c.beginCheckpoint(j, CheckpointRequest{Execution: e.Execution, At: c.now, Savepoint: true, Target: a.Target})
	p.operation = a.Operation
	j.checkpoints.pending, result = p, j.inTime(result)
	c.awaitSavepoint(j, e, result.Takes, c.now.Add(j.checkpointTimeout()), result)
}

// awaitSavepoint ends the savepoint under way after a while, or, while a
// TaskManager does not answer, when it does; at the latest at its time-out.
func (c *Cluster) awaitSavepoint(j *job, e *execution, takes time.Duration, until time.Time, result CheckpointResult) {
	p := j.checkpoints.pending
	c.after(takes, func() {
		switch {
		case c.job(j.id) != j || j.checkpoints.pending != p:
		case result.Failure != nil || c.answers(e):
			c.endSavepoint(j, e, result)
		case c.now.Before(until):
			c.awaitSavepoint(j, e, min(again, until.Sub(c.now)), until, result)
		default:
			c.endSavepoint(j, e, expired(0))
		}
	})
}

// giveUpSavepoint lets a savepoint fail of which a task has ended or is to end, and
// what else somebody asked for.
func (c *Cluster) giveUpSavepoint(j *job, why string) {
	c.giveUpDemanded(j, why)
	e, p := j.execution, j.checkpoints.pending
	if e == nil || p == nil || p.operation == "" {
		return
	}
	c.after(0, func() {
		if c.job(j.id) == j && j.checkpoints.pending == p {
			c.endSavepoint(j, e, CheckpointResult{Failure: &adaptive.Failure{Class: checkpointException, Message: why}})
		}
	})
}

// endSavepoint tells the scheduler what became of a savepoint.
func (c *Cluster) endSavepoint(j *job, e *execution, result CheckpointResult) {
	if failure := result.Failure; failure != nil {
		p := c.closeCheckpoint(j, "FAILED")
		c.note(j.id, CheckpointEnded{ID: p.id, Savepoint: true, Took: c.now.Sub(p.began), Failure: failure.Message})
		c.step(j, adaptive.SavepointFailed{Operation: p.operation, Failure: *failure})
		return
	}
	p := c.closeCheckpoint(j, "COMPLETED")
	c.note(j.id, CheckpointEnded{ID: p.id, Savepoint: true, Took: c.now.Sub(p.began), Location: j.location(p)})
	c.step(j, adaptive.SavepointCompleted{Operation: p.operation, Location: j.location(p)})
	c.after(c.behaviour.Finish(e.Execution), func() {
		if c.job(j.id) == j && j.execution == e {
			c.finishTasks(j)
		}
	})
}

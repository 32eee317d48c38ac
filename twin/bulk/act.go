package bulk

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// create makes the tasks of a vertex, each with what it has to read and to write.
func (r *Run) create(v int, d batch.Decision) {
	g, now := &r.config.Graph, r.config.Now()
	vertex := &g.Vertices[v]
	to := &r.vertices[v]
	to.Parallelism, to.Why, to.decision = d.Parallelism, d.Why, d
	r.stale = true
	to.Tasks = make([]Task, d.Parallelism)
	outputs := g.outputs(v)
	weights := make([][]float64, len(outputs))
	for i, e := range outputs {
		weights[i] = g.Edges[e].weights(r.scheduler.Subpartitions(e))
		r.produced[e] = make([][]int64, d.Parallelism)
	}
	source := even(int64(vertex.Bytes), d.Parallelism)
	for k := range to.Tasks {
		t := &to.Tasks[k]
		t.Own, t.Reads = source[k], r.reads(v, k)
		for i, e := range outputs {
			parts := split(g.Edges[e].sent(t.Own+t.Reads), weights[i])
			r.produced[e][k] = parts
			t.writes = append(t.writes, parts)
			for _, bytes := range parts {
				t.Writes += bytes
			}
		}
		t.takes = vertex.Fixed + time.Duration(float64(vertex.Cost)*float64(t.Own+t.Reads)/mib)
		t.enter(Created, now)
	}
}

const mib = 1 << 20

// reads are the bytes that a task reads from others, by its blocks.
func (r *Run) reads(v, k int) int64 {
	sum := int64(0)
	for i, e := range r.config.Graph.inputs(v) {
		for _, b := range r.vertices[v].decision.Blocks[i][k] {
			for _, partition := range r.produced[e][b.Partitions.First : b.Partitions.Last+1] {
				for _, bytes := range partition[b.Subpartitions.First : b.Subpartitions.Last+1] {
					sum += bytes
				}
			}
		}
	}
	return sum
}

// schedule lets a task wait for a slot.
func (r *Run) schedule(p at, attempt int) {
	t := r.task(p)
	for t.Attempt < attempt {
		r.reset(p)
	}
	t.enter(Scheduled, r.config.Now())
	r.waiting = append(r.waiting, p)
}

// taskFinished tells the scheduler what a task has written.
func (r *Run) taskFinished(p at) {
	t := r.task(p)
	r.tell(batch.TaskFinished{Task: batch.TaskID{Vertex: p.vertex, Subtask: p.task}, Attempt: t.Attempt, Produced: t.writes})
}

// cancel ends a task, or its waiting for a slot.
func (r *Run) cancel(p at) {
	t, now := r.task(p), r.config.Now()
	if !t.Holds() {
		r.unqueue(p)
		if !t.State.Over() {
			t.enter(Canceled, now)
		}
		r.after(0, func() { r.tell(canceled(p, t.Attempt)) })
		return
	}
	t.enter(Canceling, now)
	takes := r.config.Cancel
	if r.seat.Health(t.Slot.TaskManager) == cluster.Gone {
		takes = refused
	}
	r.soon(p, takes, func() { r.canceled(p) })
}

// canceled is the end of a task that was told to end; on a TaskManager that is frozen
// it comes when that goes on or is given up.
func (r *Run) canceled(p at) {
	t := r.task(p)
	if r.seat.Health(t.Slot.TaskManager) == cluster.Frozen {
		r.soon(p, time.Second, func() { r.canceled(p) })
		return
	}
	t.enter(Canceled, r.config.Now())
	r.release(t)
	r.tell(canceled(p, t.Attempt))
}

func canceled(p at, attempt int) batch.TaskCanceled {
	return batch.TaskCanceled{Task: batch.TaskID{Vertex: p.vertex, Subtask: p.task}, Attempt: attempt}
}

// failTask lets a task fail, which could not read what some others wrote.
func (r *Run) failTask(p at, why adaptive.Failure, missing ...batch.TaskID) {
	t := r.task(p)
	r.note(adaptive.Exception{At: r.config.Now(), Failure: why, Vertex: p.vertex, Subtask: p.task, TaskManager: t.Slot.TaskManager})
	t.enter(Failed, r.config.Now())
	r.release(t)
	r.tell(batch.TaskFailed{
		Task: batch.TaskID{Vertex: p.vertex, Subtask: p.task}, Attempt: t.Attempt, Failure: why, Missing: missing,
	})
}

// revive shows the tasks as new that are to start anew.
func (r *Run) revive() {
	for v, seen := range r.scheduler.View().Vertices {
		for k := range seen.Tasks {
			for k < len(r.vertices[v].Tasks) && r.vertices[v].Tasks[k].Attempt < seen.Tasks[k].Attempt {
				r.reset(at{v, k})
			}
		}
	}
}

// mostFailures is how many failures are remembered.
const mostFailures = 16

// note writes a failure down. One that comes while the job restarts belongs to that
// for which it does.
func (r *Run) note(e adaptive.Exception) {
	if r.status != adaptive.StatusRunning && len(r.failures) > 0 {
		r.failures[0].Concurrent = append(r.failures[0].Concurrent, e)
		return
	}
	r.failures = append([]adaptive.Exception{e}, r.failures...)
	if len(r.failures) > mostFailures {
		r.failures, r.truncated = r.failures[:mostFailures], true
	}
}

// lose is the end of what ran and lay on a TaskManager.
func (r *Run) lose(tm slots.TaskManagerID, why adaptive.Failure) {
	var lost []batch.TaskID
	var hit []at
	r.each(func(p at, t *Task) {
		switch {
		case t.Slot.TaskManager != tm:
		case t.State == Finished:
			t.lost = true
			lost = append(lost, batch.TaskID{Vertex: p.vertex, Subtask: p.task})
		case t.Holds():
			hit = append(hit, p)
		}
	})
	if len(lost) > 0 {
		r.tell(batch.ResultsLost{Tasks: lost})
	}
	for _, p := range hit {
		if !r.status.Terminal() && r.task(p).Holds() && r.task(p).Slot.TaskManager == tm {
			r.failTask(p, why)
		}
	}
	r.Broken(tm)
}

// Broken lets the tasks fail that read from one on a TaskManager whose process is dead.
func (r *Run) Broken(tm slots.TaskManagerID) {
	var hit []at
	r.each(func(p at, t *Task) {
		if t.State == Running && t.Slot.TaskManager != tm {
			hit = append(hit, p)
		}
	})
	for _, p := range hit {
		if !r.status.Terminal() && r.task(p).State == Running {
			r.readable(p)
		}
	}
}

// readable says whether all is there that a task reads; it fails otherwise.
func (r *Run) readable(p at) bool {
	var missing []batch.TaskID
	var dead slots.TaskManagerID
	for i, e := range r.config.Graph.inputs(p.vertex) {
		from := r.config.Graph.Edges[e].From
		seen := map[int]bool{}
		for _, b := range r.vertices[p.vertex].decision.Blocks[i][p.task] {
			for k := b.Partitions.First; k <= b.Partitions.Last; k++ {
				producer := &r.vertices[from].Tasks[k]
				if on := producer.Slot.TaskManager; !seen[k] && on != "" && (producer.lost || r.seat.Health(on) == cluster.Gone) {
					seen[k], dead = true, on
					missing = append(missing, batch.TaskID{Vertex: from, Subtask: k})
				}
			}
		}
	}
	if len(missing) == 0 {
		return true
	}
	r.failTask(p, adaptive.Failure{
		Class: "org.apache.flink.runtime.io.network.netty.exception.RemoteTransportException",
		Message: fmt.Sprintf("Connection unexpectedly closed by remote task manager '%s'. "+
			"This might indicate that the remote task manager was lost.", dead),
	}, missing...)
	return false
}

// Cancel ends the job.
func (r *Run) Cancel() { r.tell(batch.CancelJob{}); r.changed() }

// Fail lets the job fail, by no one task's fault.
func (r *Run) Fail(why adaptive.Failure) {
	r.note(adaptive.Exception{At: r.config.Now(), Failure: why, Vertex: -1, Subtask: -1})
	r.tell(batch.GlobalFailure{Failure: why})
	r.changed()
}

// FailTask lets one task fail. An error says why that cannot be.
func (r *Run) FailTask(v, k int, why adaptive.Failure) error {
	if k < 0 || k >= len(r.vertices[v].Tasks) {
		return fmt.Errorf("fail subtask %d of vertex %s: there is none", k, r.config.Graph.Vertices[v].Name)
	}
	if t := &r.vertices[v].Tasks[k]; !t.Holds() {
		return fmt.Errorf("fail subtask %d of vertex %s: it is %s", k, r.config.Graph.Vertices[v].Name, t.State)
	}
	r.failTask(at{v, k}, why)
	r.changed()
	return nil
}

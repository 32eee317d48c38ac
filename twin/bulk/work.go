package bulk

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// task is a task of the job.
func (r *Run) task(p at) *Task { return &r.vertices[p.vertex].Tasks[p.task] }

// deploy puts a task into a slot.
func (r *Run) deploy(p at, slot slots.Slot) {
	t := r.task(p)
	t.Slot = slot
	t.enter(Deploying, r.config.Now())
	r.tell(batch.TaskDeployed{Task: batch.TaskID{Vertex: p.vertex, Subtask: p.task}, Attempt: t.Attempt})
	if r.seat.Health(slot.TaskManager) == cluster.Gone {
		r.soon(p, refused, func() {
			r.failTask(p, adaptive.Failure{
				Class:   "org.apache.flink.runtime.rpc.exceptions.RecipientUnreachableException",
				Message: fmt.Sprintf("Could not send message to recipient %s, because it is unreachable.", slot.TaskManager),
			})
		})
		return
	}
	r.start(p)
}

// refused is how long it takes until a message to a dead process is known to have
// failed.
const refused = 40 * time.Millisecond

// initializing is the part of a start after which a task initializes.
const initializing = 0.4

// start lets a task that is deployed come up.
func (r *Run) start(p at) {
	takes := r.config.Deploy(p.vertex, p.task, r.task(p).Attempt)
	r.soon(p, time.Duration(initializing*float64(takes)), func() { r.task(p).State = r.initialize(p) })
	r.soon(p, takes, func() {
		t := r.task(p)
		if !r.Reachable(t) {
			t.stalled = true
			return
		}
		t.Entered[Running], t.State = r.config.Now(), Running
		if r.readable(p) {
			r.work(p)
		}
	})
}

func (r *Run) initialize(p at) TaskState {
	if t := r.task(p); t.State == Deploying && r.Reachable(t) {
		t.Entered[Initializing] = r.config.Now()
		return Initializing
	}
	return r.task(p).State
}

// soon lets something happen to a task later, if it has come no further by then.
func (r *Run) soon(p at, delay time.Duration, do func()) {
	t := r.task(p)
	working, attempt := t.working, t.Attempt
	r.after(delay, func() {
		if p.task < len(r.vertices[p.vertex].Tasks) {
			if t := r.task(p); t.working == working && t.Attempt == attempt {
				do()
			}
		}
	})
}

// work lets a task do what it has left to do.
func (r *Run) work(p at) {
	t := r.task(p)
	t.since = r.config.Now()
	t.working++
	r.soon(p, t.left(), func() { r.finish(p) })
}

// finish ends a task that has done its work: while a task that it reads from over a
// hybrid exchange has not finished, there is more to come.
func (r *Run) finish(p at) {
	t := r.task(p)
	if !r.written(p) {
		t.pause(r.config.Now())
		t.ready = true
		return
	}
	t.done = t.takes
	t.enter(Finished, r.config.Now())
	r.vertices[p.vertex].done++
	r.release(t)
	last := r.finished(p.vertex)
	r.stale = r.stale || last
	r.taskFinished(p)
	r.followers(p.vertex)
}

// written says whether all has been written that a task reads over hybrid exchanges;
// over others it does not begin before.
func (r *Run) written(p at) bool {
	for i, e := range r.config.Graph.inputs(p.vertex) {
		edge := &r.config.Graph.Edges[e]
		if edge.Exchange == Blocking || r.finished(edge.From) {
			continue
		}
		for _, b := range r.vertices[p.vertex].decision.Blocks[i][p.task] {
			for k := b.Partitions.First; k <= b.Partitions.Last; k++ {
				if r.vertices[edge.From].Tasks[k].State != Finished {
					return false
				}
			}
		}
	}
	return true
}

// followers lets the tasks go on that had read all but what a task of this vertex
// still wrote.
func (r *Run) followers(v int) {
	for _, e := range r.config.Graph.outputs(v) {
		to := r.config.Graph.Edges[e].To
		if r.config.Graph.Edges[e].Exchange == Blocking {
			continue
		}
		for k := range r.vertices[to].Tasks {
			if t := &r.vertices[to].Tasks[k]; t.ready && t.State == Running {
				t.ready = false
				r.work(at{to, k})
			}
		}
	}
}

// finished says whether all tasks of a vertex have.
func (r *Run) finished(v int) bool {
	vertex := &r.vertices[v]
	return len(vertex.Tasks) > 0 && vertex.done == len(vertex.Tasks)
}

// reset makes a task another attempt: what it wrote is void.
func (r *Run) reset(p at) {
	if r.task(p).State == Finished {
		r.vertices[p.vertex].done--
	}
	r.task(p).reset(r.config.Now())
}

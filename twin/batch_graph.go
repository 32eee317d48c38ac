package twin

import (
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
)

// lookBatch is a batch job as its JobMaster shows it now.
func (j *job) lookBatch() (*jobView, bool) {
	t := j.twin
	if !t.cluster.Hosted(slots.JobID(j.spec.ID)) {
		j.view = nil
		return nil, false
	}
	if j.view != nil {
		return j.view, true
	}
	r := j.batch.Run
	shown := cluster.JobView{ID: slots.JobID(j.spec.ID), Scheduler: adaptive.View{
		Status: r.Status(), Since: r.Since(), Timestamps: r.Timestamps(), Restarts: r.Restarts(),
		Exceptions: r.Exceptions(), ExceptionsTruncated: r.ExceptionsTruncated(), Failure: r.Failure(),
	}}
	e := &cluster.Execution{Job: shown.ID}
	for v := range j.spec.Vertices {
		vertex := r.Vertex(v)
		s := &j.spec.Vertices[v]
		view := adaptive.VertexView{
			ID: slots.VertexID(s.ID), Name: s.name(), Group: s.Group, Parallelism: vertex.Parallelism,
			MaxParallelism: vertex.MaxParallelism, Attempts: []int{},
		}
		for k := range vertex.Tasks {
			task := &vertex.Tasks[k]
			view.Attempts = append(view.Attempts, task.Attempt)
			if task.Holds() {
				e.Tasks = append(e.Tasks, cluster.Task{
					Vertex: v, Subtask: k, Attempt: task.Attempt, Slot: task.Slot, State: cluster.TaskRunning, Since: task.Entered[task.State],
				})
			}
		}
		shown.Scheduler.Vertices = append(shown.Scheduler.Vertices, view)
	}
	if len(e.Tasks) > 0 {
		shown.Execution, shown.RunningTasks = e, len(e.Tasks)
	}
	j.view = &jobView{JobView: shown, at: t.Now(), events: t.events}
	return j.view, true
}

// drawBatch makes the graph of a batch job.
func (j *job) drawBatch(view *jobView) *graph {
	s := &view.Scheduler
	g := &graph{
		at: j.twin.Now(), status: flink.JobStatus(s.Status.String()), start: j.began,
		failures: s.Exceptions, cut: s.ExceptionsTruncated, root: s.Failure, vertices: make([]vertexGraph, len(s.Vertices)),
	}
	g.stamp(s)
	g.start = startOf(g.stamps, g.start)
	for v := range g.vertices {
		from, to := j.batch.Vertex(v), &g.vertices[v]
		to.parallelism, to.maxParallelism, to.hidden = from.Parallelism, from.MaxParallelism, from.Hidden
		to.tasks = make([]taskGraph, len(from.Tasks))
		for k := range from.Tasks {
			j.drawTask(&from.Tasks[k], &to.tasks[k], v)
		}
	}
	return g
}

// drawTask is one task of a batch job.
func (j *job) drawTask(from *bulk.Task, to *taskGraph, v int) {
	at := func(s bulk.TaskState) flink.Millis {
		if from.Entered[s].IsZero() {
			return 0
		}
		return flink.MillisOf(from.Entered[s])
	}
	to.status, to.attempt, to.on = from.State.String(), from.Attempt, from.Slot.TaskManager
	to.deployed = from.Entered[bulk.Deploying]
	to.entered = flink.TaskTimestamps{
		Created: at(bulk.Created), Scheduled: at(bulk.Scheduled), Deploying: at(bulk.Deploying), Initializing: at(bulk.Initializing),
		Running: at(bulk.Running), Finished: at(bulk.Finished), Canceling: at(bulk.Canceling), Canceled: at(bulk.Canceled), Failed: at(bulk.Failed),
	}
	if from.State.Over() {
		to.ended = from.Entered[from.State]
		to.moved = j.moved(from, v, to.ended)
	}
}

// moved is what a task has done at a time.
func (j *job) moved(t *bulk.Task, v int, at time.Time) *moved {
	done := t.Done(at)
	share := func(whole int64) int64 { return int64(done * float64(whole)) }
	if done == 1 {
		share = func(whole int64) int64 { return whole }
	}
	g := j.batch.Graph()
	m := &moved{read: share(t.Reads), wrote: share(t.Writes), busy: t.Worked(at).Milliseconds()}
	m.recordsIn = g.Records(v, m.read)
	if j.twin.config.Version != slots.V1_20 {
		m.recordsIn = g.Records(v, m.read+share(t.Own)) // what a source reads counts too
	}
	m.recordsOut = g.RecordsOut(v, m.wrote)
	if began := t.Entered[bulk.Running]; !began.IsZero() {
		m.idle = max(at.Sub(began).Milliseconds()-m.busy, 0)
	}
	return m
}

// reportBatch takes the metrics of the tasks of a batch job that run.
func (j *job) reportBatch(now time.Time) {
	if j.dump == nil {
		j.dump = &dump{job: j}
	}
	d := j.dump
	d.at = now
	d.vertices, d.offsets = resized(d.vertices, len(j.spec.Vertices)), resized(d.offsets, len(j.spec.Vertices))
	for v := range d.vertices {
		tasks := j.batch.Vertex(v).Tasks
		before := len(d.vertices[v])
		d.vertices[v] = resized(d.vertices[v], len(tasks))
		for k := range tasks {
			if k >= before {
				d.vertices[v][k] = subtaskDump{attempt: -1, watermark: noWatermark}
			}
			if t := &tasks[k]; t.State == bulk.Running && j.batch.Reachable(t) {
				m := j.moved(t, v, now)
				rate := 0.0
				if m.busy > 0 {
					rate = 1000 / float64(m.busy)
				}
				d.vertices[v][k] = subtaskDump{
					attempt: t.Attempt, watermark: noWatermark, in: m.recordsIn, out: m.recordsOut, bytesIn: m.read, bytesOut: m.wrote,
					busy: m.busy, idle: m.idle, inRate: rate * float64(m.recordsIn), outRate: rate * float64(m.recordsOut),
				}
			}
		}
	}
}

// batchVertices are the vertices as they are.
func (j *job) batchVertices() []VertexState {
	all := make([]VertexState, len(j.spec.Vertices))
	for v := range all {
		from := j.batch.Vertex(v)
		all[v] = VertexState{ID: j.spec.Vertices[v].ID, Name: j.spec.Graph.Vertices[v].Name, Parallelism: max(from.Parallelism, 0)}
		for k := range from.Tasks {
			m := j.moved(&from.Tasks[k], v, j.twin.Now())
			all[v].ReadBytes += m.read
			all[v].WrittenBytes += m.wrote
			if from.Tasks[k].State == bulk.Finished {
				all[v].Finished++
			}
		}
	}
	return all
}

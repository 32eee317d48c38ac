package twin

import (
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// jobView is a job as the cluster shows it at an instant.
type jobView struct {
	cluster.JobView
	at     time.Time
	events int // in the cluster until then
	steady bool

	summary        *flink.JobSummary // as the list of jobs has it; nil before
	started, ended time.Time
}

// look is the job as the cluster shows it now; false if it does not know it. While
// nothing happens it need not be asked again.
func (j *job) look() (*jobView, bool) {
	t := j.twin
	if j.batch != nil {
		return j.lookBatch()
	}
	if v := j.view; v != nil && (v.at.Equal(t.Now()) && v.events == t.events || v.steady && !t.cluster.Down()) {
		return v, true
	}
	shown, known := t.cluster.Job(slots.JobID(j.spec.ID))
	if !known {
		j.view = nil
		return nil, false
	}
	shown.Checkpoints = nil // the twin has its own
	status := shown.Scheduler.Status
	j.view = &jobView{JobView: shown, at: t.Now(), events: t.events}
	j.view.steady = status == adaptive.StatusRunning && shown.Execution != nil && shown.RunningTasks == len(shown.Execution.Tasks)
	return j.view, true
}

// graph is the execution graph of a job as REST shows it, which may be some
// seconds old. All of it is of one instant.
type graph struct {
	at       time.Time
	marked   mark
	status   flink.JobStatus
	stamps   flink.JobTimestamps
	start    time.Time
	end      time.Time // zero while the job lives
	vertices []vertexGraph
	failures []adaptive.Exception
	cut      bool // older failures were dropped
	root     adaptive.Failure
}

// vertexGraph is one vertex.
type vertexGraph struct {
	parallelism, maxParallelism int // -1 while it is not decided
	tasks                       []taskGraph
	hidden                      bool // it is no vertex yet
}

// taskGraph is one subtask: its status, and when it entered each; zero where it
// has not.
type taskGraph struct {
	status   string
	attempt  int
	on       slots.TaskManagerID
	entered  flink.TaskTimestamps
	deployed time.Time // zero before
	ended    time.Time
	moved    *moved // by a task of a batch job; nil of a stream
}

// executionGraph is the graph that REST shows now.
func (j *job) executionGraph() (*graph, bool) {
	now := j.twin.Now()
	if j.graph != nil && now.Sub(j.graph.at) < j.twin.settings.graphs && !j.twin.cluster.Down() {
		return j.graph, true
	}
	view, known := j.look()
	if !known {
		j.graph = nil
		return nil, false
	}
	j.graph = j.draw(view)
	j.graph.marked = j.twin.journal.mark(now)
	return j.graph, true
}

// draw makes the graph of what the cluster shows.
func (j *job) draw(view *jobView) *graph {
	if j.batch != nil {
		return j.drawBatch(view)
	}
	s := &view.Scheduler
	g := &graph{
		at: j.twin.Now(), status: flink.JobStatus(s.Status.String()), start: j.began,
		failures: s.Exceptions, cut: s.ExceptionsTruncated, root: s.Failure,
	}
	g.stamp(s)
	g.start = startOf(g.stamps, g.start)
	g.vertices = make([]vertexGraph, len(s.Vertices))
	for v := range s.Vertices {
		g.vertices[v] = g.undeployed(&s.Vertices[v])
	}
	if execution := j.shownExecution(view); execution != nil {
		j.drawTasks(g, execution)
	}
	return g
}

// stamp takes over when the job entered each status.
func (g *graph) stamp(s *adaptive.View) {
	for _, entered := range s.Timestamps {
		*stampOf(&g.stamps, entered.Status) = flink.MillisOf(entered.At)
		if entered.Status == s.Status && s.Status.Terminal() {
			g.end = entered.At
		}
	}
	if s.Status.Terminal() && g.end.IsZero() {
		g.end = s.Since
	}
}

// undeployed is a vertex none of whose tasks has been deployed.
func (g *graph) undeployed(shown *adaptive.VertexView) vertexGraph {
	v := vertexGraph{parallelism: shown.Parallelism, maxParallelism: shown.MaxParallelism, tasks: make([]taskGraph, shown.Parallelism)}
	for k := range v.tasks {
		v.tasks[k] = taskGraph{status: "CREATED", entered: flink.TaskTimestamps{Created: g.stamps.Created}}
		if k < len(shown.Attempts) {
			v.tasks[k].attempt = shown.Attempts[k]
		}
	}
	return v
}

// shownExecution is the one whose tasks the graph shows: after the end of its tasks
// the latest, nil where there is no graph.
func (j *job) shownExecution(view *jobView) *cluster.Execution {
	vertices := view.Scheduler.Vertices
	switch {
	case len(vertices) == 0 || vertices[0].Attempts == nil:
		return nil
	case view.Execution == nil && j.last != nil:
		return &j.last.execution
	}
	return view.Execution
}

// startOf is when the job came to the JobManager.
func startOf(stamps flink.JobTimestamps, otherwise time.Time) time.Time {
	if stamps.Initializing.Known() {
		return stamps.Initializing.Time()
	}
	return otherwise
}

func stampOf(t *flink.JobTimestamps, s adaptive.Status) *flink.Millis {
	switch s {
	case adaptive.StatusCreated:
		return &t.Created
	case adaptive.StatusRunning:
		return &t.Running
	case adaptive.StatusFailing:
		return &t.Failing
	case adaptive.StatusFailed:
		return &t.Failed
	case adaptive.StatusCancelling:
		return &t.Cancelling
	case adaptive.StatusCanceled:
		return &t.Canceled
	case adaptive.StatusFinished:
		return &t.Finished
	case adaptive.StatusRestarting:
		return &t.Restarting
	case adaptive.StatusSuspended:
		return &t.Suspended
	case adaptive.StatusReconciling:
		return &t.Reconciling
	default:
		return &t.Initializing
	}
}

// deployShare is the part of a start until the tasks initialize, the rest is until
// they run.
const deployShare = 0.55

// drawTasks says where the tasks of an execution are and since when.
func (j *job) drawTasks(g *graph, e *cluster.Execution) {
	takes := time.Duration(0)
	if j.last != nil && j.last.execution.Number() == e.Number() {
		takes = j.last.takes
	}
	initializing := e.At.Add(time.Duration(deployShare * float64(takes)))
	for i := range e.Tasks {
		from := &e.Tasks[i]
		if from.Vertex >= len(g.vertices) || from.Subtask >= len(g.vertices[from.Vertex].tasks) {
			continue
		}
		t := &g.vertices[from.Vertex].tasks[from.Subtask]
		t.attempt, t.on, t.deployed = from.Attempt, from.Slot.TaskManager, e.At
		t.start(from, initializing, e.At.Add(takes), g.at)
		t.enter(from)
	}
}

// start says when a task entered the statuses of its start.
func (t *taskGraph) start(from *cluster.Task, initializing, running, now time.Time) {
	deployed := flink.MillisOf(t.deployed)
	if t.entered.Created == 0 {
		t.entered.Created = deployed
	}
	t.entered.Scheduled, t.entered.Deploying = deployed, deployed
	t.status = from.State.String()
	if from.State == cluster.TaskDeploying {
		if !initializing.After(now) {
			t.status, t.entered.Initializing = "INITIALIZING", flink.MillisOf(initializing)
		}
		return
	}
	if !initializing.After(from.Since) {
		t.entered.Initializing = flink.MillisOf(initializing)
	}
	if !running.After(from.Since) {
		t.entered.Running = flink.MillisOf(running)
	}
}

// enter says when it entered the status that it is in.
func (t *taskGraph) enter(from *cluster.Task) {
	since := flink.MillisOf(from.Since)
	switch from.State {
	case cluster.TaskRunning:
		t.entered.Running = since
	case cluster.TaskCanceling:
		t.entered.Canceling = since
	case cluster.TaskCanceled:
		t.entered.Canceled = since
	case cluster.TaskFailed:
		t.entered.Failed = since
	case cluster.TaskFinished:
		t.entered.Finished = since
	}
	if from.State.Over() {
		t.ended = from.Since
	}
}

// countTask counts a task by its status.
func countTask(c *flink.TaskCounts, status string) {
	switch status {
	case "CREATED":
		c.Created++
	case "SCHEDULED":
		c.Scheduled++
	case "DEPLOYING":
		c.Deploying++
	case "INITIALIZING":
		c.Initializing++
	case "RUNNING":
		c.Running++
	case "FINISHED":
		c.Finished++
	case "CANCELING":
		c.Canceling++
	case "CANCELED":
		c.Canceled++
	case "FAILED":
		c.Failed++
	}
}

// vertexStatus is that of a vertex, of its tasks'.
func vertexStatus(c flink.TaskCounts) string {
	switch {
	case c.Failed > 0:
		return "FAILED"
	case c.Canceling > 0:
		return "CANCELING"
	case c.Canceled > 0:
		return "CANCELED"
	case c.Initializing > 0:
		return "INITIALIZING"
	case c.Running > 0:
		return "RUNNING"
	case c.Finished > 0 && c.Finished == c.Created+c.Scheduled+c.Deploying+c.Finished:
		return "FINISHED"
	case c.Finished > 0:
		return "RUNNING"
	}
	return "CREATED"
}

package bulk

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Config is a job to run.
type Config struct {
	Job slots.JobID
	// IDs are those of the vertices of the graph.
	IDs   []slots.VertexID
	Graph Graph
	// Cluster are Flink's options for the cluster, the only ones that count for the
	// scheduler, save for parallelism.default, which does not. Options have those of the
	// job laid over them.
	Cluster, Options map[string]string
	// Parallelism is that of the job, the largest of a vertex where Cluster sets no
	// other; 0 is 1.
	Parallelism int
	// Static says that vertices without a parallelism have that of the job, as where
	// another scheduler is configured for it than that of batch jobs.
	Static bool
	// Whole says that all vertices are there from the start, as under the scheduler of
	// 1.20, or another one; 2.3 makes a vertex when all that it reads from has finished.
	Whole   bool
	Version slots.Version
	// Now is the time; the job is called back through a cluster that has the same.
	Now func() time.Time
	// Build is how long the JobMaster takes until it schedules, Cancel how long a task
	// takes to end, and Deploy how long one takes until it runs.
	Build, Cancel time.Duration
	Deploy        func(vertex, task, attempt int) time.Duration
	// Jitter draws for the exponential backoff of restarts; nil is none.
	Jitter func(bound int64) int64
	// Fault is told when the scheduler does not understand what it is told; nil is nobody.
	Fault func(error)
	// Changed is called when anything about the job has changed; nil is nobody.
	Changed func()
}

// Run is a job that runs, with the JobMaster that runs it. It is not safe for use by
// several goroutines.
type Run struct {
	config      Config
	options     batch.Options
	scheduler   *batch.Scheduler
	seat        *cluster.Seat
	pool        *slots.Pool
	idleTimeout time.Duration

	vertices []VertexRun
	produced [][][]int64 // by edge, partition and subpartition; nil while the producer is not decided
	waiting  []at        // for a slot
	holding  int         // tasks that have one
	stale    bool        // what is shown of the vertices
	alarms   int         // counts the alarms that were set: only the latest counts

	begun     bool
	status    adaptive.Status
	since     time.Time
	entered   []adaptive.StatusTime
	restarts  int
	failures  []adaptive.Exception // newest first
	truncated bool
	failure   adaptive.Failure
}

// VertexRun is a vertex with its tasks.
type VertexRun struct {
	// Parallelism is -1 while it is not decided; there are no tasks then.
	Parallelism, MaxParallelism int
	// Why says how it was decided; nil before.
	Why []batch.Reason
	// Hidden says that it is no vertex yet.
	Hidden bool
	Tasks  []Task

	decision batch.Decision
	done     int // tasks that have finished
}

// Check says why the job cannot run, in Flink's words where it has some.
func (c *Config) Check() error {
	_, _, err := c.scheduler(time.Time{})
	return err
}

// scheduler is that of the job.
func (c *Config) scheduler(now time.Time) (*batch.Scheduler, batch.Options, error) {
	o, err := batch.ReadOptions(c.schedulers(), c.Version)
	if err != nil {
		return nil, o, err
	}
	o.Speculative.Enabled = false // a task has one attempt here
	restart, err := adaptive.RestartFromConfig(c.Options)
	if err != nil {
		return nil, o, err
	}
	job := batch.Job{ID: c.Job, Restart: restart, Jitter: c.Jitter}
	for i, v := range c.Graph.Vertices {
		p := v.Parallelism
		if p == 0 && (c.Static || !o.AutoParallelism) {
			p = c.parallelism()
		}
		job.Vertices = append(job.Vertices, batch.JobVertex{
			ID: string(c.IDs[i]), Name: v.Name, Parallelism: p, MaxParallelism: v.MaxParallelism, Infers: v.Infers,
		})
	}
	for i := range c.Graph.Edges {
		job.Edges = append(job.Edges, c.Graph.edge(i))
	}
	s, err := batch.New(now, job, o)
	return s, o, err
}

// schedulers are the options that the scheduler reads. What the cluster says of the
// parallelism of jobs is for those who build them: a job has always one.
func (c *Config) schedulers() map[string]string {
	options := map[string]string{}
	maps.Copy(options, c.Cluster)
	options["parallelism.default"] = strconv.Itoa(c.parallelism())
	return options
}

// parallelism is that of the job, where no vertex says otherwise.
func (c *Config) parallelism() int { return max(c.Parallelism, 1) }

// edge is an edge as the scheduler sees it. Several inputs of a vertex are the sides
// of a join.
func (g *Graph) edge(i int) batch.Edge {
	e := &g.Edges[i]
	b := batch.EdgeOf(strings.ToUpper(e.Ship.String()))
	b.From, b.To = e.From, e.To
	b.Exchange = [...]batch.Exchange{"", batch.Blocking, batch.HybridFull, batch.HybridSelective, batch.Pipelined}[e.Exchange]
	if in := g.inputs(e.To); len(in) > 1 {
		for side, other := range in {
			if other == i {
				b.Type = side + 1
			}
		}
	}
	return b
}

// New is a job that no JobManager has taken yet.
func New(c Config) (*Run, error) {
	s, o, err := c.scheduler(c.Now())
	if err != nil {
		return nil, err
	}
	r := &Run{
		config: c, options: o, scheduler: s, idleTimeout: 50 * time.Second, vertices: make([]VertexRun, len(c.Graph.Vertices)),
		produced: make([][][]int64, len(c.Graph.Edges)),
	}
	if text, set := c.Cluster["slot.idle.timeout"]; set {
		if r.idleTimeout, err = conf.ParseDuration(text, c.Version); err != nil {
			return nil, fmt.Errorf("option slot.idle.timeout: %q: %w", text, err)
		}
	}
	r.pool, r.stale = slots.NewPool(r.idleTimeout), true
	r.show()
	r.enter(adaptive.StatusInitializing)
	return r, nil
}

// Take hands the job to the JobManager of a cluster.
func (r *Run) Take(c *cluster.Cluster) error {
	seat, err := c.Host(r.config.Job, r)
	r.seat = seat
	return err
}

// Started begins to schedule.
func (r *Run) Started() {
	r.begun = true
	r.enter(adaptive.StatusCreated)
	r.changed()
	r.after(r.config.Build, func() { r.tell(batch.Start{}) })
	r.after(0, r.idle)
}

// tell hands an event to the scheduler and carries out what it wants done.
func (r *Run) tell(e batch.Event) {
	for _, a := range r.scheduler.Step(r.config.Now(), e) {
		r.carryOut(a)
	}
	r.show()
	if err := r.scheduler.Fault(); err != nil && r.config.Fault != nil {
		r.config.Fault(err)
	}
	if r.status.Terminal() {
		return
	}
	r.declare()
	if at, waits := r.scheduler.Next(); waits {
		r.alarms++
		alarm := r.alarms
		r.after(at.Sub(r.config.Now()), func() {
			if r.alarms == alarm {
				r.tell(batch.Tick{})
			}
		})
	}
}

func (r *Run) carryOut(a batch.Action) {
	switch a := a.(type) {
	case batch.InferSource:
		r.after(0, func() { r.tell(batch.SourceInferred{Vertex: a.Vertex, Tasks: r.infer(a)}) })
	case batch.Decided:
		r.create(a.Vertex, a.Decision)
	case batch.Deploy:
		r.schedule(at{a.Task.Vertex, a.Task.Subtask}, a.Attempt)
	case batch.CancelTask:
		r.cancel(at{a.Task.Vertex, a.Task.Subtask})
	case batch.Reset:
		r.reset(at{a.Task.Vertex, a.Task.Subtask})
	case batch.Moved:
		if a.To == adaptive.StatusRestarting {
			r.restarts++
		}
		if a.From == adaptive.StatusRestarting && a.To == adaptive.StatusRunning {
			r.revive()
		}
		r.enter(a.To)
	case batch.Ended:
		r.end(a)
	}
}

// infer is how many tasks a source has work for.
func (r *Run) infer(a batch.InferSource) int {
	n := math.Ceil(r.config.Graph.Vertices[a.Vertex].Bytes / math.Max(float64(a.PerTask), 1))
	return max(1, int(math.Min(n, float64(a.Bound))))
}

// end is the end of the job.
func (r *Run) end(a batch.Ended) {
	r.failure = a.Failure
	if r.status != a.Status {
		r.enter(a.Status)
	}
	r.waiting = nil
	r.pool.Close()
	r.seat.Leave()
	r.changed()
}

// enter changes the status.
func (r *Run) enter(s adaptive.Status) {
	r.status, r.since = s, r.config.Now()
	for i := range r.entered {
		if r.entered[i].Status == s {
			r.entered[i].At = r.since
			return
		}
	}
	r.entered = append(r.entered, adaptive.StatusTime{Status: s, At: r.since})
}

// show says which vertices there are, and of which parallelism as far as it is known.
func (r *Run) show() {
	if !r.stale {
		return
	}
	r.stale = false
	for v, seen := range r.scheduler.View().Vertices {
		to := &r.vertices[v]
		to.Parallelism, to.MaxParallelism, to.Hidden = seen.Parallelism, seen.MaxParallelism, !seen.Known && !r.config.Whole
	}
}

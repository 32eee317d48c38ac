package batchlab

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/batch"
)

// The scheduler as a whole, told of nothing but sources and of tasks that finish, makes the same tasks as Flink's, in the
// same order.
func TestTheSchedulerRunsRecordedJobsAsFlinkDid(t *testing.T) {
	replayed := 0
	for name, r := range recordings(t) {
		c, err := newComparison(r)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(r.Vertices, func(v Vertex) bool { return c.turnedBroadcast(&v) }) {
			continue // a scheduler is not told of an edge that becomes another one while the job runs
		}
		replayed++
		p := newReplay(t, c)
		p.run()
		if len(p.decided) != len(r.Vertices) || p.ended != adaptive.StatusFinished {
			t.Errorf("%s: %d of %d vertices were decided, the job is %s", name, len(p.decided), len(r.Vertices), p.ended)
			continue
		}
		for i := range r.Vertices {
			v := &r.Vertices[i]
			ours := p.decisions[i]
			if ours.Parallelism != v.Parallelism || len(v.Inputs) > 0 && !reflect.DeepEqual(answer(ours).Inputs, v.tasks()) {
				t.Errorf("%s: %s: Flink made %d tasks that read %v, we %d that read %v", name, v.Name, v.Parallelism, v.tasks(), ours.Parallelism, ours.Blocks)
			}
		}
	}
	if replayed < 75 {
		t.Errorf("only %d jobs were replayed", replayed)
	}
}

type replay struct {
	*comparison
	t         *testing.T
	job       batch.Job
	scheduler *batch.Scheduler
	now       time.Time
	decided   []int // in order
	decisions map[int]batch.Decision
	ended     adaptive.Status
	running   []batch.Deploy
}

func newReplay(t *testing.T, c *comparison) *replay {
	t.Helper()
	p := &replay{comparison: c, t: t, job: c.job(), now: time.Unix(0, 0), decisions: map[int]batch.Decision{}}
	var err error
	if p.scheduler, err = batch.New(p.now, p.job, c.options); err != nil {
		t.Fatal(err)
	}
	return p
}

// job is the job as it was submitted, as far as the recording tells.
func (c *comparison) job() batch.Job {
	job := batch.Job{ID: "job", Name: c.recording.Name}
	index := map[string]int{}
	for i := range c.recording.Vertices {
		v := &c.recording.Vertices[i]
		index[v.Vertex] = i
		one := batch.JobVertex{ID: v.Vertex, Name: v.Name}
		group := false
		for j, e := range v.Inputs {
			in := c.input(v, j)
			group = group || e.Forward
			job.Edges = append(job.Edges, batch.Edge{
				From: index[e.Producer], To: i, Pattern: in.Pattern, Broadcast: in.Broadcast, Forward: e.Forward,
				Type: in.Type, InterCorrelated: in.InterCorrelated, IntraCorrelated: in.IntraCorrelated,
			})
		}
		switch d := v.Decision; {
		case d != nil:
			one.Infers = max(d.Initial, d.Minimum) > 0
		case !group:
			one.Parallelism, one.MaxParallelism = v.Parallelism, v.Maximum
		}
		job.Vertices = append(job.Vertices, one)
	}
	return job
}

// run lets every task finish in the order in which they were deployed.
func (p *replay) run() {
	p.step(batch.Start{})
	for len(p.running) > 0 {
		task := p.running[0]
		p.running = p.running[1:]
		p.step(batch.TaskDeployed{Task: task.Task, Attempt: task.Attempt})
		p.step(batch.TaskFinished{Task: task.Task, Attempt: task.Attempt, Produced: p.produced(task.Task)})
	}
	if err := p.scheduler.Fault(); err != nil {
		p.t.Errorf("%s: %v", p.recording.Name, err)
	}
}

func (p *replay) step(e batch.Event) {
	p.now = p.now.Add(time.Millisecond)
	var sources []batch.InferSource
	for _, action := range p.scheduler.Step(p.now, e) {
		switch a := action.(type) {
		case batch.InferSource:
			sources = append(sources, a)
		case batch.Decided:
			p.decided = append(p.decided, a.Vertex)
			p.decisions[a.Vertex] = a.Decision
		case batch.Deploy:
			p.running = append(p.running, a)
		case batch.Ended:
			p.ended = a.Status
		}
	}
	for _, a := range sources {
		d := p.recording.Vertices[a.Vertex].Decision
		says := max(d.Initial, d.Minimum)
		if says > a.Bound {
			p.t.Errorf("%s: the source was to say %d at most, and said %d", p.recording.Name, a.Bound, says)
		}
		p.step(batch.SourceInferred{Vertex: a.Vertex, Tasks: says})
	}
}

// produced is what a task wrote for each edge.
func (p *replay) produced(task batch.TaskID) [][]int64 {
	var all [][]int64
	for _, e := range p.job.Edges {
		if e.From != task.Vertex {
			continue
		}
		for _, in := range p.recording.Vertices[e.To].Inputs {
			if in.Producer == p.job.Vertices[e.From].ID {
				all = append(all, p.written[in.Result][task.Subtask])
			}
		}
	}
	return all
}

package twin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// jobsAnswer answers what stands below /jobs.
func (q question) jobsAnswer(more []string) Answer {
	switch {
	case len(more) == 0 && q.method == http.MethodGet:
		return ok(q.jobList())
	case len(more) == 1 && more[0] == "overview" && q.method == http.MethodGet:
		return ok(q.jobsOverview())
	case len(more) == 1 && more[0] == "metrics" && q.method == http.MethodGet:
		return q.jobsMetrics()
	case len(more) == 0 && q.method == http.MethodPost:
		return refused(http.StatusBadRequest, "The jobGraphFileName field must not be omitted or be null.")
	case len(more) == 0:
		return q.unknown()
	}
	if !isHexID(more[0]) {
		return badParameter("path", "jobid", more[0])
	}
	return q.jobAnswer(more[0], more[1:])
}

// known is a job that the JobManager knows.
func (t *Twin) known(id string) (*job, bool) {
	j := t.byID[id]
	if j == nil {
		return nil, false
	}
	_, known := j.look()
	return j, known
}

func missingJob(id string) Answer {
	return failed(http.StatusNotFound, exception{notFound, fmt.Sprintf("Job %s not found", id)}.String())
}

func (q question) jobList() *flink.Jobs {
	list := &flink.Jobs{Jobs: []flink.JobIDStatus{}}
	for _, j := range q.Twin.jobs {
		if v, known := j.look(); known {
			list.Jobs = append(list.Jobs, flink.JobIDStatus{ID: flink.JobID(j.spec.ID), Status: flink.JobStatus(v.Scheduler.Status.String())})
		}
	}
	return list
}

func (q question) jobsOverview() *flink.JobsOverview {
	list := &flink.JobsOverview{Jobs: []flink.JobSummary{}}
	for _, j := range q.Twin.jobs {
		if v, known := j.look(); known {
			list.Jobs = append(list.Jobs, q.summaryOf(j, v))
		}
	}
	return list
}

// summaryOf is a job in the list, which is never old.
func (q question) summaryOf(j *job, v *jobView) flink.JobSummary {
	if v.summary == nil {
		g := j.draw(v)
		s := flink.JobSummary{
			ID: flink.JobID(j.spec.ID), Name: j.spec.Name, StartTime: flink.MillisOf(g.start), EndTime: flink.MillisOf(g.end),
			State: g.status, LastModification: lastChange(g), Tasks: totals(g, v),
		}
		if q.config.Version != slots.V1_20 {
			pending := j.pendingOperators(g)
			s.JobType, s.SchedulerType, s.PendingOperators = j.jobType(), q.schedulerOf(j), &pending
		}
		v.summary, v.started, v.ended = &s, g.start, g.end
	}
	s := *v.summary
	s.Duration = spanBetween(v.started, v.ended, q.Now())
	return s
}

// totals counts the tasks. A job without an execution graph has none.
func totals(g *graph, v *jobView) flink.TasksTotal {
	var all flink.TasksTotal
	for i := range g.vertices {
		if v.Scheduler.Vertices[i].Attempts == nil {
			continue
		}
		c := g.vertices[i].counts()
		all.Created += c.Created
		all.Scheduled += c.Scheduled
		all.Deploying += c.Deploying
		all.Initializing += c.Initializing
		all.Running += c.Running
		all.Finished += c.Finished
		all.Canceling += c.Canceling
		all.Canceled += c.Canceled
		all.Failed += c.Failed
		all.Total += len(g.vertices[i].tasks)
	}
	return all
}

func (v *vertexGraph) counts() flink.TaskCounts {
	var c flink.TaskCounts
	for k := range v.tasks {
		countTask(&c, v.tasks[k].status)
	}
	return c
}

// lastChange is when the job or a task last entered a status.
func lastChange(g *graph) flink.Millis {
	s := &g.stamps
	last := max(s.Initializing, s.Created, s.Running, s.Failing, s.Failed, s.Cancelling, s.Canceled, s.Finished, s.Restarting)
	for v := range g.vertices {
		for k := range g.vertices[v].tasks {
			e := &g.vertices[v].tasks[k].entered
			last = max(last, e.Deploying, e.Initializing, e.Running, e.Canceling, e.Canceled, e.Failed, e.Finished)
		}
	}
	return last
}

func spanBetween(from, to, now time.Time) flink.Span {
	if to.IsZero() {
		to = now
	}
	return flink.SpanOf(to.Sub(from))
}

// lasted is how long a job has been there.
func (t *Twin) lasted(g *graph) flink.Span { return spanBetween(g.start, g.end, t.Now()) }

// details is the body of /jobs/:id: the graph as it is cached, with metrics as
// they are in the store.
func (q question) details(j *job) Answer {
	g, known := j.executionGraph()
	if !known {
		return missingJob(j.spec.ID)
	}
	q.metrics()
	now := q.Now()
	d := &flink.JobDetails{
		ID: flink.JobID(j.spec.ID), Name: j.spec.Name, State: g.status, JobType: j.jobType(),
		StartTime: flink.MillisOf(g.start), EndTime: flink.MillisOf(g.end), Duration: spanBetween(g.start, g.end, now),
		MaxParallelism: -1, Now: flink.MillisOf(now), Timestamps: g.stamps, Plan: j.plan(g),
		Vertices: []flink.Vertex{},
	}
	if q.config.Version != slots.V1_20 {
		pending := j.pendingOperators(g)
		d.ApplicationID, d.SchedulerType, d.PendingOperators = j.spec.ID, q.schedulerOf(j), &pending
		d.StreamGraph = j.streamGraph(g)
	}
	for v := range g.vertices {
		if !g.vertices[v].hidden {
			body := j.vertexBody(g, v, now)
			d.Vertices = append(d.Vertices, body)
			countTask(&d.StatusCounts, body.Status)
		}
	}
	return ok(d)
}

// vertexBody is one vertex in the details of its job.
func (j *job) vertexBody(g *graph, v int, now time.Time) flink.Vertex {
	vertex, spec := &g.vertices[v], &j.spec.Vertices[v]
	b := flink.Vertex{
		ID: flink.VertexID(spec.ID), SlotSharingGroupID: j.groupID(spec.Group), Name: spec.name(),
		MaxParallelism: vertex.maxParallelism, Parallelism: vertex.parallelism, Tasks: vertex.counts(),
		StartTime: -1, EndTime: -1, Duration: -1, Metrics: j.io(v, vertex.tasks, nil),
	}
	b.Status = vertexStatus(b.Tasks)
	if began, ended := vertex.times(); !began.IsZero() {
		b.StartTime, b.EndTime, b.Duration = flink.MillisOf(began), flink.MillisOf(ended), spanBetween(began, ended, now)
	}
	return b
}

// times are the first deployment of a task and, if all have ended, the last end.
func (v *vertexGraph) times() (began, ended time.Time) {
	over := len(v.tasks) > 0
	for k := range v.tasks {
		t := &v.tasks[k]
		if !t.deployed.IsZero() && (began.IsZero() || t.deployed.Before(began)) {
			began = t.deployed
		}
		if t.ended.After(ended) {
			ended = t.ended
		}
		over = over && !t.ended.IsZero()
	}
	if !over {
		ended = time.Time{}
	}
	return began, ended
}

// groupID names a slot sharing group.
func (j *job) groupID(group string) string { return hexID("group " + j.spec.ID + " " + group) }

// io sums the counters of a vertex's subtasks, all or those that are picked. Those
// of another attempt than that of the graph do not count.
func (j *job) io(v int, tasks []taskGraph, pick func(k int) bool) flink.IOMetrics {
	if j.batch != nil {
		return j.batchIO(v, tasks, pick)
	}
	var in, out, bytesIn, bytesOut, busy, idle, blocked int64
	counts := !j.isSource(v) || j.spec.Vertices[v].CountsInput
	for k := range tasks {
		s := j.reported(v, k, tasks[k].attempt)
		if s == nil || pick != nil && !pick(k) {
			continue
		}
		if counts {
			in += s.in
		}
		if !j.isSource(v) {
			bytesIn += s.bytesIn
		}
		out, bytesOut = out+s.out, bytesOut+s.bytesOut
		busy, idle, blocked = busy+s.busy, idle+s.idle, blocked+s.blocked
	}
	return flink.IOMetrics{
		ReadBytes: bytesIn, ReadBytesComplete: true, WriteBytes: bytesOut, WriteBytesComplete: true,
		ReadRecords: in, ReadRecordsComplete: true, WriteRecords: out, WriteRecordsComplete: true,
		AccumulatedBackPressured: flink.Number(float64(blocked)), AccumulatedIdle: flink.Number(float64(idle)),
		AccumulatedBusy: flink.Number(float64(busy)),
	}
}

// reported is what is in the store of an attempt of a subtask; nil for nothing.
func (j *job) reported(v, k, attempt int) *subtaskDump {
	if j.dump == nil || v >= len(j.dump.vertices) || k >= len(j.dump.vertices[v]) || j.dump.vertices[v][k].attempt != attempt {
		return nil
	}
	return &j.dump.vertices[v][k]
}

func (q question) jobConfig(j *job) *flink.JobConfig {
	parallelism, err := parallelismOf(j.options, q.config.Version)
	if err != nil {
		parallelism = 1
	}
	for _, v := range j.spec.Vertices {
		parallelism = max(parallelism, v.Parallelism)
	}
	c := &flink.ExecutionConfig{
		RestartStrategy: "Cluster level default restart strategy", JobParallelism: parallelism,
		UserConfig: j.spec.Parameters,
	}
	if c.UserConfig == nil {
		c.UserConfig = map[string]string{}
	}
	if q.config.Version == slots.V1_20 {
		c.ExecutionMode = "PIPELINED"
	}
	if j.batch != nil {
		j.batchConfig(c)
	}
	return &flink.JobConfig{ID: flink.JobID(j.spec.ID), Name: j.spec.Name, ExecutionConfig: c}
}

var noProperties = json.RawMessage("{}")

// plan is the job's graph with the parallelism of the moment.
func (j *job) plan(g *graph) flink.Plan {
	p := flink.Plan{
		JobID: flink.JobID(j.spec.ID), Name: j.spec.Name, Type: j.jobType(), Nodes: make([]flink.PlanNode, 0, len(j.spec.Vertices)),
	}
	for v := range j.spec.Vertices {
		if v < len(g.vertices) && g.vertices[v].hidden {
			continue
		}
		p.Nodes = append(p.Nodes, flink.PlanNode{})
		node := &p.Nodes[len(p.Nodes)-1]
		node.ID, node.Parallelism = flink.VertexID(j.spec.Vertices[v].ID), g.vertices[v].parallelism
		node.Description, node.OptimizerProperties = description(j.spec.Vertices[v].Operators), noProperties
		node.Inputs = j.inputs[v]
	}
	return p
}

// description is a chain as the plan draws it.
func description(operators []string) string {
	text := ""
	for i, o := range operators {
		switch {
		case i == 1:
			text += "+- "
		case i > 1:
			text += fmt.Sprintf("%*s+- ", 3*(i-1), "")
		}
		text += o + "<br/>"
	}
	return text
}

// edgeInputs are the inputs of each vertex as the plan has them.
func (s *JobSpec) edgeInputs() [][]flink.PlanInput {
	all := make([][]flink.PlanInput, len(s.Vertices))
	ships := [...]string{"FORWARD", "REBALANCE", "HASH", "BROADCAST"}
	for _, e := range s.Graph.Edges {
		all[e.To] = append(all[e.To], flink.PlanInput{
			ID: flink.VertexID(s.Vertices[e.From].ID), Num: len(all[e.To]), Exchange: "pipelined_bounded", ShipStrategy: ships[e.Exchange],
		})
	}
	return all
}

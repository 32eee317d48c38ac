package fakeflink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// The texts and numbers of a job in its templates.
const (
	textJob = iota
	textName
	textCount
)

const (
	numSubmitted = iota
	numDuration
	numNow
	numCreated
	numRunning
	numTasks
	numCheckpoint
	numCheckpointAt
	numCheckpointDone
	numVertex // the first vertex begins here
)

// The numbers of a vertex or subtask, counted from its first.
const (
	numIndex = iota
	numParallelism
	numAttempt
	numStarted
	numAge
	numBytes
	numRead
	numWritten
	numBlocked
	numIdle
	numBusy
	numLower
	numUpper
	vertexNumbers
)

// bodies are all that is served, rendered as far as it can be.
type bodies struct {
	summary, details, jobConfig, checkpoints, requirements *template
	subtask                                                *template
	// vertexHead and vertexTail stand before and behind the list of subtasks.
	vertexHead, vertexTail [vertexCount]*template

	clusterConfig, jobManagerConfig, checkpointConfig, overview, slots []byte

	names [vertexCount]nameList
}

func newBodies(cfg Config) (*bodies, error) {
	b := &bodies{}
	var err error
	render := func(body any) *template {
		t, failed := newTemplate(body)
		if err == nil {
			err = failed
		}
		return t
	}
	parsed := func(encoded []byte) *template {
		t, failed := parseTemplate(encoded)
		if err == nil {
			err = failed
		}
		return t
	}
	static := func(body any) []byte {
		encoded, failed := json.Marshal(body)
		if err == nil {
			err = failed
		}
		return encoded
	}
	b.summary, b.details = render(summaryBody()), render(detailsBody())
	b.jobConfig, b.checkpoints = render(jobConfigBody(cfg)), render(checkpointsBody())
	b.requirements = render(requirementsBody())
	b.subtask = render(subtaskBody())
	for v := range graph {
		head, tail, _ := bytes.Cut(static(vertexBody(v)), []byte("null")) // the list of subtasks
		b.vertexHead[v], b.vertexTail[v] = parsed(append(bytes.Clone(head), '[')), parsed(append([]byte{']'}, tail...))
		b.names[v] = newNameList(v)
	}
	b.clusterConfig, b.jobManagerConfig = static(clusterConfigBody()), static(jobManagerConfigBody(cfg))
	b.checkpointConfig = static(checkpointConfigBody())
	slots := cfg.Jobs * maxParallelism
	b.overview = static(flink.Overview{FlinkVersion: version, TaskManagers: slots / 4, SlotsTotal: slots, SlotsAvailable: slots / 2, JobsRunning: cfg.Jobs})
	b.slots = static([]flink.Metric{{ID: "taskSlotsTotal", Value: fmt.Sprint(slots)}, {ID: "taskSlotsAvailable", Value: fmt.Sprint(slots / 2)}})
	return b, err
}

const (
	version            = "2.3.0"
	checkpointInterval = 10 * time.Second
	checkpointTook     = 1500 * time.Millisecond
)

func summaryBody() any {
	tasks := int(numberMark(numTasks))
	none := 0
	return flink.JobSummary{
		ID: flink.JobID(textMark(textJob)), Name: textMark(textName), JobType: flink.TypeStreaming, SchedulerType: flink.SchedulerAdaptive,
		StartTime: millis(numSubmitted), EndTime: -1, Duration: span(numDuration), State: flink.JobRunning, LastModification: millis(numRunning),
		Tasks: flink.TasksTotal{Running: tasks, Total: tasks}, PendingOperators: &none,
	}
}

func millis(i int) flink.Millis { return flink.Millis(numberMark(i)) }

func span(i int) flink.Span { return flink.Span(numberMark(i)) }

func detailsBody() any {
	none := 0
	d := flink.JobDetails{
		ID: flink.JobID(textMark(textJob)), ApplicationID: textMark(textJob), Name: textMark(textName), State: flink.JobRunning,
		JobType: flink.TypeStreaming, SchedulerType: flink.SchedulerAdaptive, StartTime: millis(numSubmitted), EndTime: -1,
		Duration: span(numDuration), MaxParallelism: -1, Now: millis(numNow),
		Timestamps:   flink.JobTimestamps{Initializing: millis(numSubmitted), Created: millis(numCreated), Running: millis(numRunning)},
		StatusCounts: flink.TaskCounts{Running: vertexCount},
		Plan:         flink.Plan{JobID: flink.JobID(textMark(textJob)), Name: textMark(textName), Type: flink.TypeStreaming}, PendingOperators: &none,
	}
	for v := range graph {
		at := numVertex + v*vertexNumbers
		parallelism := int(numberMark(at + numParallelism))
		d.Vertices = append(d.Vertices, flink.Vertex{
			ID: flink.VertexID(graph[v].id), SlotSharingGroupID: digest("group", 0), Name: graph[v].name, MaxParallelism: maxParallelism,
			Parallelism: parallelism, Status: "RUNNING", StartTime: millis(at + numStarted), EndTime: -1, Duration: span(at + numAge),
			Tasks: flink.TaskCounts{Running: parallelism}, Metrics: counters(at, v),
		})
		d.Plan.Nodes = append(d.Plan.Nodes, planNode(v, parallelism))
	}
	return d
}

func planNode(v, parallelism int) flink.PlanNode {
	node := flink.PlanNode{
		ID: flink.VertexID(graph[v].id), Parallelism: parallelism, Description: graph[v].name + "<br/>", OptimizerProperties: json.RawMessage("{}"),
	}
	for n, in := range graph[v].inputs {
		node.Inputs = append(node.Inputs, flink.PlanInput{ID: flink.VertexID(graph[in].id), Num: n, Exchange: "pipelined_bounded", ShipStrategy: graph[v].ship})
	}
	return node
}

// counters are marks for the counters that begin at number at. What the tasks of
// sources read, and what those of the sink write, Flink does not count.
func counters(at, v int) flink.IOMetrics {
	m := flink.IOMetrics{
		ReadBytes: numberMark(at + numBytes), WriteBytes: numberMark(at + numBytes),
		ReadRecords: numberMark(at + numRead), WriteRecords: numberMark(at + numWritten),
		ReadBytesComplete: true, WriteBytesComplete: true, ReadRecordsComplete: true, WriteRecordsComplete: true,
		AccumulatedBackPressured: flink.Number(float64(numberMark(at + numBlocked))),
		AccumulatedIdle:          flink.Number(float64(numberMark(at + numIdle))),
		AccumulatedBusy:          flink.Number(float64(numberMark(at + numBusy))),
	}
	if graph[v].topic != "" {
		m.ReadBytes = 0
	}
	return m
}

// vertexBody is a vertex by subtask, without the subtasks.
func vertexBody(v int) any {
	return flink.VertexDetails{
		ID: flink.VertexID(graph[v].id), Name: graph[v].name, Parallelism: int(numberMark(numVertex + numParallelism)),
		MaxParallelism: maxParallelism, Now: millis(numNow), Aggregated: &flink.AggregatedSubtask{},
	}
}

func subtaskBody() any {
	const at = numVertex
	return flink.Subtask{
		Index: int(numberMark(at + numIndex)), Status: "RUNNING", Attempt: int(numberMark(at + numAttempt)), Endpoint: "localhost:44979",
		StartTime: millis(at + numStarted), EndTime: -1, Duration: span(at + numAge), Metrics: counters(at, joinVertex),
		TaskManagerID: "tm1", OldStartTime: millis(at + numStarted),
		StatusDuration: flink.StatusDuration{Created: 257, Scheduled: 40, Deploying: 287, Initializing: 130, Running: span(at + numAge)},
	}
}

func jobConfigBody(cfg Config) any {
	return flink.JobConfig{ID: flink.JobID(textMark(textJob)), Name: textMark(textName), ExecutionConfig: &flink.ExecutionConfig{
		RestartStrategy: "Cluster level default restart strategy", JobParallelism: cfg.Parallelism, UserConfig: cfg.Parameters,
	}}
}

func requirementsBody() any {
	all := flink.ResourceRequirements{}
	for v := range graph {
		at := numVertex + v*vertexNumbers
		all[flink.VertexID(graph[v].id)] = flink.Require(int(numberMark(at+numLower)), int(numberMark(at+numUpper)))
	}
	return all
}

func checkpointsBody() any {
	discarded := false
	done := flink.Checkpoint{
		ClassName: "completed", ID: numberMark(numCheckpoint), Status: flink.CheckpointCompleted, TriggerTime: millis(numCheckpointAt),
		LatestAck: millis(numCheckpointDone), CheckpointedSize: 4302, StateSize: 4302, EndToEndDuration: flink.SpanOf(checkpointTook),
		Subtasks: int(numberMark(numTasks)), AckSubtasks: int(numberMark(numTasks)), Type: "CHECKPOINT",
		Tasks: map[flink.VertexID]flink.TaskCheckpoint{}, ExternalPath: flink.Some("file:/checkpoints/" + textMark(textJob)), Discarded: &discarded,
	}
	return flink.Checkpoints{
		Counts: flink.CheckpointCounts{Total: numberMark(numCheckpoint), Completed: numberMark(numCheckpoint)},
		Latest: flink.LatestCheckpoints{Completed: &done}, History: []flink.Checkpoint{done, done, done, done, done, done, done, done, done, done},
	}
}

func checkpointConfigBody() any {
	return flink.CheckpointConfig{
		Mode: "exactly_once", Interval: flink.SpanOf(checkpointInterval), Timeout: 600_000, MaxConcurrent: 1,
		StateBackend: "HashMapStateBackend", CheckpointStorage: "FileSystemCheckpointStorage", AfterTasksFinish: true,
	}
}

func clusterConfigBody() any {
	return flink.ClusterConfig{RefreshInterval: 3000, TimezoneName: "Coordinated Universal Time", FlinkVersion: version, FlinkRevision: "c0f8d1a"}
}

// jobManagerConfigBody has the length of a real one.
func jobManagerConfigBody(cfg Config) any {
	list := []flink.KeyValue{
		{Key: "jobmanager.scheduler", Value: "adaptive"},
		{Key: "execution.checkpointing.interval", Value: checkpointInterval.String()},
		{Key: "metrics.fetcher.update-interval", Value: fmt.Sprint(cfg.FetchInterval.Milliseconds())},
		{Key: "taskmanager.numberOfTaskSlots", Value: "4"},
	}
	for _, name := range [...]string{"framework.heap", "framework.off-heap", "task.heap", "task.off-heap", "managed", "network", "jvm-metaspace", "jvm-overhead"} {
		list = append(list, flink.KeyValue{Key: "taskmanager.memory." + name + ".size", Value: "64mb"})
	}
	for i := range 20 {
		list = append(list, flink.KeyValue{Key: fmt.Sprintf("env.java.opts.setting-%d", i), Value: "-Dvalue=0123456789"})
	}
	return list
}

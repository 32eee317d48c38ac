package twin

import (
	"strconv"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

func (q question) vertexDetails(j *job, g *graph, v int) *flink.VertexDetails {
	d := &flink.VertexDetails{
		ID: flink.VertexID(j.spec.Vertices[v].ID), Name: j.spec.Vertices[v].name(), Now: flink.MillisOf(q.Now()),
		Parallelism: g.vertices[v].parallelism, MaxParallelism: g.vertices[v].maxParallelism,
		Subtasks: make([]flink.Subtask, len(g.vertices[v].tasks)),
	}
	for k := range d.Subtasks {
		d.Subtasks[k] = *q.subtaskBody(j, g, v, k)
	}
	d.Aggregated = aggregated(d.Subtasks)
	return d
}

func (q question) subtaskBody(j *job, g *graph, v, k int) *flink.Subtask {
	t, now := &g.vertices[v].tasks[k], q.Now()
	s := &flink.Subtask{
		Index: k, Status: t.status, Attempt: t.attempt, TaskManagerID: string(t.on), StartTime: flink.MillisOf(t.deployed),
		EndTime: flink.MillisOf(t.ended), Duration: -1, StatusDuration: t.spans(now),
		Metrics: j.io(v, g.vertices[v].tasks, func(i int) bool { return i == k }),
	}
	s.OldStartTime = s.StartTime
	if !t.deployed.IsZero() {
		s.Duration = spanBetween(t.deployed, t.ended, now)
	}
	s.Endpoint = q.endpoint(t.on)
	if q.config.Version == slots.V1_20 {
		s.Host = hostOf(t.on)
	}
	if t.on == "" {
		s.TaskManagerID = "(unassigned)"
	}
	return s
}

// endpoint is where a TaskManager's data port would be.
func (t *Twin) endpoint(id slots.TaskManagerID) string {
	if id == "" {
		return "(unassigned)"
	}
	return "localhost:" + strconv.Itoa(t.dataPort(id))
}

func hostOf(id slots.TaskManagerID) string {
	if id == "" {
		return "(unassigned)"
	}
	return "localhost"
}

const firstDataPort = 40000

func (t *Twin) dataPort(id slots.TaskManagerID) int { return firstDataPort + t.machine(id).number }

// spans are how long a task was in each status; -1 for those that it did not
// come to.
func (t *taskGraph) spans(now time.Time) flink.StatusDuration {
	end := flink.MillisOf(now)
	if !t.ended.IsZero() {
		end = flink.MillisOf(t.ended)
	}
	if t.entered.Canceling > 0 {
		end = t.entered.Canceling
	}
	stamps := [...]flink.Millis{t.entered.Created, t.entered.Scheduled, t.entered.Deploying, t.entered.Initializing, t.entered.Running}
	var d flink.StatusDuration
	spans := [...]*flink.Span{&d.Created, &d.Scheduled, &d.Deploying, &d.Initializing, &d.Running}
	next := end
	for i := len(stamps) - 1; i >= 0; i-- {
		*spans[i] = -1
		if stamps[i] > 0 {
			*spans[i] = flink.Span(max(next-stamps[i], 0))
			next = stamps[i]
		}
	}
	return d
}

// aggregated are statistics over subtasks.
func aggregated(subtasks []flink.Subtask) *flink.AggregatedSubtask {
	over := func(value func(s *flink.Subtask) int64) flink.Statistic {
		values := make([]int64, len(subtasks))
		for i := range subtasks {
			values[i] = value(&subtasks[i])
		}
		return statistic(values)
	}
	return &flink.AggregatedSubtask{
		Metrics: flink.AggregatedIOMetrics{
			ReadBytes:    over(func(s *flink.Subtask) int64 { return s.Metrics.ReadBytes }),
			WriteBytes:   over(func(s *flink.Subtask) int64 { return s.Metrics.WriteBytes }),
			ReadRecords:  over(func(s *flink.Subtask) int64 { return s.Metrics.ReadRecords }),
			WriteRecords: over(func(s *flink.Subtask) int64 { return s.Metrics.WriteRecords }),
			AccumulatedBackPressured: over(func(s *flink.Subtask) int64 {
				return int64(s.Metrics.AccumulatedBackPressured.Or(0))
			}),
			AccumulatedIdle: over(func(s *flink.Subtask) int64 { return int64(s.Metrics.AccumulatedIdle.Or(0)) }),
			AccumulatedBusy: over(func(s *flink.Subtask) int64 { return int64(s.Metrics.AccumulatedBusy.Or(0)) }),
		},
		StatusDuration: flink.AggregatedStatusDuration{
			Created:      over(func(s *flink.Subtask) int64 { return int64(s.StatusDuration.Created) }),
			Scheduled:    over(func(s *flink.Subtask) int64 { return int64(s.StatusDuration.Scheduled) }),
			Deploying:    over(func(s *flink.Subtask) int64 { return int64(s.StatusDuration.Deploying) }),
			Initializing: over(func(s *flink.Subtask) int64 { return int64(s.StatusDuration.Initializing) }),
			Running:      over(func(s *flink.Subtask) int64 { return int64(s.StatusDuration.Running) }),
		},
	}
}

func (q question) subtaskTimes(j *job, g *graph, v int) *flink.SubtaskTimes {
	b := &flink.SubtaskTimes{
		ID: flink.VertexID(j.spec.Vertices[v].ID), Name: j.spec.Vertices[v].name(), Now: flink.MillisOf(q.Now()),
		Subtasks: make([]flink.SubtaskTime, len(g.vertices[v].tasks)),
	}
	for k := range b.Subtasks {
		t := &g.vertices[v].tasks[k]
		s := flink.SubtaskTime{Index: k, Endpoint: q.endpoint(t.on), Duration: -1, Timestamps: t.entered}
		if q.config.Version == slots.V1_20 {
			s.Host = hostOf(t.on)
		}
		if t.entered.Scheduled > 0 {
			s.Duration = spanBetween(t.entered.Scheduled.Time(), t.ended, q.Now())
		}
		b.Subtasks[k] = s
	}
	return b
}

// vertexTaskManagers groups the subtasks by TaskManager, in the order in which the
// subtasks name them.
func (q question) vertexTaskManagers(j *job, g *graph, v int) *flink.VertexTaskManagers {
	b := &flink.VertexTaskManagers{
		ID: flink.VertexID(j.spec.Vertices[v].ID), Name: j.spec.Vertices[v].name(), Now: flink.MillisOf(q.Now()),
		TaskManagers: []flink.VertexTaskManager{},
	}
	seen := map[slots.TaskManagerID]bool{}
	for k := range g.vertices[v].tasks {
		if on := g.vertices[v].tasks[k].on; !seen[on] {
			seen[on] = true
			b.TaskManagers = append(b.TaskManagers, q.vertexOn(j, g, v, on))
		}
	}
	return b
}

func (q question) vertexOn(j *job, g *graph, v int, on slots.TaskManagerID) flink.VertexTaskManager {
	part := vertexGraph{}
	var subtasks []flink.Subtask
	here := func(k int) bool { return g.vertices[v].tasks[k].on == on }
	for k := range g.vertices[v].tasks {
		if here(k) {
			part.tasks = append(part.tasks, g.vertices[v].tasks[k])
			subtasks = append(subtasks, *q.subtaskBody(j, g, v, k))
		}
	}
	m := flink.VertexTaskManager{
		Endpoint: q.endpoint(on), TaskManagerID: string(on), StatusCounts: part.counts(), StartTime: -1, EndTime: -1, Duration: -1,
		Metrics: j.io(v, g.vertices[v].tasks, here), Aggregated: aggregated(subtasks),
	}
	if on == "" {
		m.TaskManagerID = "(unassigned)"
	}
	m.Status = vertexStatus(m.StatusCounts)
	if q.config.Version == slots.V1_20 {
		m.Host = m.Endpoint
	}
	if began, ended := part.times(); !began.IsZero() {
		m.StartTime, m.EndTime, m.Duration = flink.MillisOf(began), flink.MillisOf(ended), spanBetween(began, ended, q.Now())
	}
	return m
}

// The bounds of the levels of back pressure.
const (
	lowPressure  = 0.1
	highPressure = 0.5
)

func level(ratio float64) string {
	switch {
	case ratio <= lowPressure:
		return "ok"
	case ratio <= highPressure:
		return "low"
	}
	return "high"
}

func (q question) backpressure(j *job, v int) *flink.Backpressure {
	if j.dump == nil || v >= len(j.dump.vertices) || len(j.dump.vertices[v]) == 0 {
		return &flink.Backpressure{Status: "deprecated"}
	}
	b := &flink.Backpressure{Status: "ok", EndTimestamp: flink.MillisOf(q.store.at)}
	worst := 0.0
	for k := range j.dump.vertices[v] {
		d := &j.dump.vertices[v][k]
		ratio := float64(d.blockedRate()) / 1000
		worst = max(worst, ratio)
		b.Subtasks = append(b.Subtasks, flink.SubtaskBackpressure{
			Index: k, Level: level(ratio), OldLevel: level(ratio), Ratio: flink.Number(ratio),
			IdleRatio: flink.Number(float64(d.idleRate) / 1000), BusyRatio: flink.Number(d.busyRate() / 1000),
		})
	}
	b.Level, b.OldLevel = level(worst), level(worst)
	return b
}

// watermarks are those that came in. A source has none.
func (q question) watermarks(j *job, v int) []flink.Metric {
	list := []flink.Metric{}
	if j.dump == nil || j.isSource(v) || v >= len(j.dump.vertices) {
		return list
	}
	for k := range j.dump.vertices[v] {
		list = append(list, flink.Metric{
			ID: strconv.Itoa(k) + ".currentInputWatermark", Value: strconv.FormatInt(j.dump.vertices[v][k].watermark, 10),
		})
	}
	return list
}

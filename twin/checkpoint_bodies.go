package twin

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// shownCheckpoints are a job's statistics as REST shows them.
type shownCheckpoints struct {
	at         time.Time
	marked     mark
	statistics statistics
}

// checkpointStatistics are what REST shows now, which may be some seconds old.
func (j *job) checkpointStatistics() *statistics {
	now := j.twin.Now()
	if j.shown == nil || now.Sub(j.shown.at) >= j.twin.settings.checkpoints {
		copied := j.checkpoints.statistics
		copied.history = append([]checkpoint{}, copied.history...)
		copied.summary = copied.summary.clone()
		j.shown = &shownCheckpoints{at: now, marked: j.twin.journal.mark(now), statistics: copied}
	}
	return &j.shown.statistics
}

// checkpointsAnswer answers what stands below a job's checkpoints.
func (q question) checkpointsAnswer(j *job, more []string) Answer {
	plan, err := j.spec.scheduled(j.options, q.config.Version)
	enabled := err == nil && plan.Checkpointing.Enabled()
	switch {
	case !enabled:
		return noCheckpoints(j, more)
	case len(more) == 1 && more[0] == "config":
		return ok(q.checkpointConfig(j, plan.Checkpointing.Interval))
	}
	s := j.checkpointStatistics()
	switch {
	case len(more) == 0:
		return ok(s.body(j))
	case len(more) == 2 && more[0] == "details":
		return s.detailsAnswer(j, more[1], "")
	case len(more) == 4 && more[0] == "details" && more[2] == "subtasks":
		return s.detailsAnswer(j, more[1], more[3])
	}
	return q.unknown()
}

// noCheckpoints is the answer where a job takes none.
func noCheckpoints(j *job, more []string) Answer {
	if len(more) == 1 && more[0] == "config" {
		return refused(http.StatusNotFound, fmt.Sprintf("Checkpointing is not enabled for this job (%s).", j.spec.ID))
	}
	return refused(http.StatusNotFound, "Checkpointing has not been enabled.")
}

// detailsAnswer is one checkpoint, or what of it belongs to a vertex.
func (s *statistics) detailsAnswer(j *job, number, vertex string) Answer {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return badParameter("path", "checkpointid", number)
	}
	k := s.find(id)
	switch {
	case k == nil:
		return refused(http.StatusNotFound, fmt.Sprintf("Could not find checkpointing statistics for checkpoint %s.", number))
	case vertex == "":
		body := k.body()
		body.Tasks = k.taskBodies(j)
		return ok(&body)
	case !isHexID(vertex):
		return badParameter("path", "vertexid", vertex)
	}
	v := j.spec.find(vertex)
	if v < 0 || v >= len(k.tasks) {
		return failed(http.StatusNotFound, exception{notFound, fmt.Sprintf("There is no checkpoint statistics for task %s.", vertex)}.String())
	}
	return ok(k.subtaskBodies(j, v))
}

func (s *statistics) find(id int64) *checkpoint {
	for i := range s.history {
		if s.history[i].id == id {
			return &s.history[i]
		}
	}
	for _, k := range []*checkpoint{s.completed, s.savepoint, s.failed} {
		if k != nil && k.id == id {
			return k
		}
	}
	return nil
}

func (s *statistics) body(j *job) *flink.Checkpoints {
	b := &flink.Checkpoints{Counts: s.counts, Summary: s.summary.body(), History: []flink.Checkpoint{}}
	for i := len(s.history) - 1; i >= 0; i-- {
		k := s.history[i].body()
		if k.Discarded != nil && k.ID != j.checkpoints.last && !k.IsSavepoint {
			gone := true
			k.Discarded = &gone
		}
		b.History = append(b.History, k)
	}
	b.Latest = flink.LatestCheckpoints{
		Completed: bodyOf(s.completed), Savepoint: bodyOf(s.savepoint), Failed: bodyOf(s.failed), Restored: s.restored,
	}
	return b
}

func bodyOf(k *checkpoint) *flink.Checkpoint {
	if k == nil {
		return nil
	}
	b := k.body()
	return &b
}

// classes are the Java side of a checkpoint's status.
var classes = map[string]string{
	flink.CheckpointCompleted: "completed", flink.CheckpointInProgress: "in_progress", flink.CheckpointFailed: "failed",
}

func (k *checkpoint) body() flink.Checkpoint {
	b := flink.Checkpoint{
		ClassName: classes[k.status], ID: k.id, Status: k.status, IsSavepoint: k.savepoint, TriggerTime: flink.MillisOf(k.triggered),
		LatestAck: flink.MillisOf(k.ended), CheckpointedSize: k.written, StateSize: k.state, ProcessedData: k.processed,
		PersistedData: k.persisted, Subtasks: k.subtasks, AckSubtasks: k.subtasks, Type: "CHECKPOINT",
		Tasks: map[flink.VertexID]flink.TaskCheckpoint{}, SavepointFormat: flink.Optional[string]{Null: true},
	}
	if k.persisted > 0 {
		b.Type = "UNALIGNED_CHECKPOINT"
	}
	if k.savepoint {
		b.Type, b.SavepointFormat = "SYNC_SAVEPOINT", flink.Some("CANONICAL")
	}
	if !k.ended.IsZero() {
		b.EndToEndDuration = flink.SpanOf(k.ended.Sub(k.triggered))
	}
	switch k.status {
	case flink.CheckpointCompleted:
		kept := false
		b.ExternalPath, b.Discarded = flink.Some(k.location), &kept
	case flink.CheckpointInProgress:
		b.AckSubtasks, b.CheckpointedSize, b.StateSize, b.ProcessedData, b.PersistedData = 0, 0, 0, 0, 0
	default:
		b.AckSubtasks, b.CheckpointedSize, b.StateSize, b.ProcessedData, b.PersistedData = 0, 0, 0, 0, 0
		b.LatestAck = -1
		b.FailureTime, b.FailureMessage = flink.Some(flink.MillisOf(k.ended)), flink.Some(k.failure)
	}
	return b
}

func (k *checkpoint) taskBodies(j *job) map[flink.VertexID]flink.TaskCheckpoint {
	all := map[flink.VertexID]flink.TaskCheckpoint{}
	for v := range k.tasks {
		all[flink.VertexID(j.spec.Vertices[v].ID)] = k.taskBody(v)
	}
	return all
}

func (k *checkpoint) taskBody(v int) flink.TaskCheckpoint {
	t := &k.tasks[v]
	b := flink.TaskCheckpoint{ID: k.id, Status: k.status, Subtasks: t.subtasks, LatestAck: -1}
	if k.status == flink.CheckpointCompleted {
		b.AckSubtasks, b.CheckpointedSize, b.StateSize = t.subtasks, t.written, t.state
		b.EndToEndDuration = flink.SpanOf(t.after)
		b.LatestAck = flink.MillisOf(k.triggered.Add(t.after))
	}
	return b
}

func (s *summary) body() flink.CheckpointSummary {
	return flink.CheckpointSummary{
		CheckpointedSize: s.written.distribution(), StateSize: s.state.distribution(), EndToEndDuration: s.duration.distribution(),
		AlignmentBuffered: s.none().distribution(), ProcessedData: s.processed.distribution(), PersistedData: s.persisted.distribution(),
	}
}

// none is a distribution of zeros of the same length.
func (s *summary) none() *spread {
	return &spread{count: s.state.count, latest: make([]float64, len(s.state.latest))}
}

func (s summary) clone() summary {
	for _, d := range []*spread{&s.written, &s.state, &s.duration, &s.processed, &s.persisted} {
		d.latest = append([]float64{}, d.latest...)
	}
	return s
}

func (q question) checkpointConfig(j *job, interval time.Duration) *flink.CheckpointConfig {
	c := &flink.CheckpointConfig{
		Mode: "exactly_once", Interval: flink.SpanOf(interval), MaxConcurrent: 1,
		Externalization: flink.Externalization{DeleteOnCancellation: true}, StateBackend: "HashMapStateBackend",
		CheckpointStorage: "FileSystemCheckpointStorage", Unaligned: j.spec.Graph.Checkpoints.Unaligned, AfterTasksFinish: true,
		ChangelogMaterialization: flink.SpanOf(10 * time.Minute), ChangelogStorage: "memory", Timeout: flink.SpanOf(10 * time.Minute),
	}
	if interval <= 0 {
		c.Interval = math.MaxInt64
	}
	for i := range j.spec.Graph.Vertices {
		if s := j.spec.Graph.Vertices[i].State; s.Incremental {
			c.StateBackend = "EmbeddedRocksDBStateBackend"
		}
	}
	if plan, err := j.spec.scheduled(j.options, q.config.Version); err == nil {
		c.MinPause, c.TolerableFailed = flink.SpanOf(plan.Checkpoints.MinPause), plan.Checkpoints.Tolerable
		if plan.Checkpoints.Timeout > 0 {
			c.Timeout = flink.SpanOf(plan.Checkpoints.Timeout)
		}
	}
	return c
}

package twin

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// checkpoints are what is kept of a job's checkpoints: where they stand, and the
// statistics that Flink shows.
type checkpoints struct {
	positions map[int64]flow.Position // of the last that completed, and of those under way
	last      int64                   // the last that completed
	open      map[int64]bool          // those under way
	statistics
}

// statistics are Flink's. In 1.20 they begin anew with each execution.
type statistics struct {
	counts    flink.CheckpointCounts
	history   []checkpoint // oldest first
	completed *checkpoint
	savepoint *checkpoint
	failed    *checkpoint
	restored  *flink.RestoredCheckpoint
	summary   summary
}

// checkpoint is one with its statistics.
type checkpoint struct {
	id             int64
	savepoint      bool
	triggered      time.Time
	ended          time.Time // zero while it goes on
	status         string
	failure        string
	location       string
	subtasks       int
	state, written int64
	processed      int64
	persisted      int64
	tasks          []taskCheckpoint // by vertex
}

type taskCheckpoint struct {
	subtasks       int
	parts          [2][]int64 // by subtask: state, and what of it was written; shared
	state, written int64
	after          time.Duration // the acknowledgement of the last subtask
}

// deployed is the begin of an execution.
func (c *checkpoints) deployed(j *job, e cluster.Execution) {
	if j.twin.config.Version == slots.V1_20 {
		c.statistics = statistics{}
	}
	r := e.Restore
	if r.Checkpoint.ID == 0 && r.Savepoint == "" {
		return
	}
	c.counts.Restored++
	c.restored = &flink.RestoredCheckpoint{
		ID: r.Checkpoint.ID, RestoreTime: flink.MillisOf(e.At), IsSavepoint: r.Checkpoint.ID == 0,
		ExternalPath: flink.Some(r.Checkpoint.Location),
	}
	if r.Checkpoint.ID == 0 {
		c.restored.ExternalPath = flink.Some(r.Savepoint)
	}
}

// begin opens a checkpoint and says what will become of it.
func (c *checkpoints) begin(j *job, r cluster.CheckpointRequest) cluster.CheckpointResult {
	if j.run == nil {
		// Its tasks are told to end: nobody acknowledges it.
		return cluster.CheckpointResult{Takes: flow.Stuck}
	}
	from := j.flow.Checkpoint()
	if c.positions == nil {
		c.positions, c.open = map[int64]flow.Position{}, map[int64]bool{}
	}
	c.open[r.ID] = true
	c.positions[r.ID] = from.Position
	opened := checkpoint{id: r.ID, savepoint: r.Savepoint, triggered: r.At, status: flink.CheckpointInProgress}
	opened.measure(from)
	c.counts.Total++
	c.counts.InProgress++
	c.history = append(c.history, opened)
	result := cluster.CheckpointResult{Takes: from.Takes.Round(time.Millisecond), KeyedState: whole(from.StateBytes)}
	if j.frail.failing != 0 {
		j.frail.failing = max(j.frail.failing-1, -1)
		result.Failure = &adaptive.Failure{
			Class: "org.apache.flink.runtime.checkpoint.CheckpointException", Message: "Asynchronous task checkpoint failed.",
		}
	}
	return result
}

// measure takes the sizes over.
func (k *checkpoint) measure(from flow.Checkpoint) {
	state, written := whole(from.StateBytes), whole(from.WrittenBytes)
	for v := range state {
		task := taskCheckpoint{subtasks: len(state[v]), parts: [2][]int64{state[v], written[v]}, after: min(from.Barrier[v], from.Takes)}
		for s := range state[v] {
			task.state += state[v][s]
			task.written += written[v][s]
		}
		k.subtasks += task.subtasks
		k.state += task.state
		k.written += task.written
		k.tasks = append(k.tasks, task)
	}
	if len(k.tasks) > 0 && from.Takes < flow.Stuck {
		k.tasks[len(k.tasks)-1].after = from.Takes
	}
	k.processed = int64(min(from.AheadBytes, 1e18))
	if from.Unaligned {
		k.persisted = k.processed
	}
}

func whole(values [][]float64) [][]int64 {
	all := make([][]int64, len(values))
	for i := range values {
		all[i] = make([]int64, len(values[i]))
		for k, x := range values[i] {
			all[i][k] = int64(x)
		}
	}
	return all
}

// suspend gives up the checkpoints of tasks that are told to end.
func (c *checkpoints) suspend(j *job, at time.Time) {
	for _, id := range sorted(c.open) {
		c.end(j, cluster.CheckpointEnded{ID: id, Failure: "Checkpoint Coordinator is suspending."}, at)
	}
}

// end closes a checkpoint. One that was given up stays so, whatever comes of it.
func (c *checkpoints) end(j *job, e cluster.CheckpointEnded, at time.Time) {
	if !c.open[e.ID] {
		return
	}
	delete(c.open, e.ID)
	c.counts.InProgress = max(c.counts.InProgress-1, 0)
	i := slices.IndexFunc(c.history, func(k checkpoint) bool { return k.id == e.ID })
	if e.Failure == "" {
		c.counts.Completed++
		c.keep(j, e)
	} else {
		c.counts.Failed++
		delete(c.positions, e.ID)
	}
	if i < 0 {
		return
	}
	k := &c.history[i]
	k.ended, k.status, k.failure = at, flink.CheckpointFailed, e.Failure
	if e.Failure != "" {
		failed := *k
		c.failed = &failed
	} else {
		k.status, k.location = flink.CheckpointCompleted, e.Location
		done := *k
		if e.Savepoint {
			c.savepoint = &done
		} else {
			c.completed = &done
		}
		c.summary.add(&done)
	}
	if over := len(c.history) - max(j.twin.settings.history, 1); over > 0 {
		c.history = slices.Delete(c.history, 0, over)
	}
}

// keep drops the positions that no execution can begin from any more.
func (c *checkpoints) keep(j *job, e cluster.CheckpointEnded) {
	position, known := c.positions[e.ID]
	if !known {
		return
	}
	if e.Savepoint {
		j.savepoints[e.Location] = position
		delete(c.positions, e.ID)
		return
	}
	j.flow.Completed(position)
	before := c.last
	c.last = e.ID
	for id := range c.positions {
		// The scheduler may yet begin from the one before: it does not hear of this one
		// where a timer of its own ends the execution at the same instant.
		if id < before && !c.open[id] {
			delete(c.positions, id)
		}
	}
}

// back is where the sources go back to when the job stops; nil for nowhere.
func (c *checkpoints) back() *flow.Position {
	if p, known := c.positions[c.last]; known {
		return &p
	}
	return nil
}

// summary holds the distributions over completed checkpoints.
type summary struct {
	written, state, duration, processed, persisted spread
}

func (s *summary) add(k *checkpoint) {
	s.written.add(float64(k.written))
	s.state.add(float64(k.state))
	s.duration.add(float64(k.ended.Sub(k.triggered).Milliseconds()))
	s.processed.add(float64(k.processed))
	s.persisted.add(float64(k.persisted))
}

// spread is a distribution of whole numbers: the extremes and the average of all,
// percentiles of the latest.
type spread struct {
	min, max, sum float64
	count         int
	latest        []float64 // a ring
}

// window is of how many values there are percentiles; Flink keeps more.
const window = 200

func (s *spread) add(x float64) {
	if s.count == 0 || x < s.min {
		s.min = x
	}
	if s.count == 0 || x > s.max {
		s.max = x
	}
	s.sum += x
	if len(s.latest) < window {
		s.latest = append(s.latest, x)
	} else {
		s.latest[s.count%window] = x
	}
	s.count++
}

func (s *spread) distribution() flink.Distribution {
	d := flink.Distribution{Min: int64(s.min), Max: int64(s.max)}
	if s.count > 0 {
		d.Avg = int64(s.sum / float64(s.count))
	}
	ordered := slices.Clone(s.latest)
	slices.Sort(ordered)
	for _, p := range []struct {
		into *flink.Float
		rank float64
	}{{&d.P50, 0.5}, {&d.P90, 0.9}, {&d.P95, 0.95}, {&d.P99, 0.99}, {&d.P999, 0.999}} {
		*p.into = flink.Number(percentile(ordered, p.rank))
	}
	return d
}

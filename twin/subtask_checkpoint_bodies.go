package twin

import (
	"math"

	"github.com/sluice-project/sluice/flink"
)

// subtaskCheckpoints is the body of what of a checkpoint belongs to a vertex.
type subtaskCheckpoints struct {
	flink.TaskCheckpoint
	Summary  subtaskSummary `json:"summary"`
	Subtasks []any          `json:"subtasks"`
}

type subtaskSummary struct {
	CheckpointedSize flink.Distribution `json:"checkpointed_size"`
	StateSize        flink.Distribution `json:"state_size"`
	EndToEndDuration flink.Distribution `json:"end_to_end_duration"`
	Checkpoint       struct {
		Sync  flink.Distribution `json:"sync"`
		Async flink.Distribution `json:"async"`
	} `json:"checkpoint_duration"`
	Alignment struct {
		Buffered  flink.Distribution `json:"buffered"`
		Processed flink.Distribution `json:"processed"`
		Persisted flink.Distribution `json:"persisted"`
		Duration  flink.Distribution `json:"duration"`
	} `json:"alignment"`
	StartDelay flink.Distribution `json:"start_delay"`
}

// pendingSubtask is one that has not acknowledged.
type pendingSubtask struct {
	ClassName string `json:"className"`
	Index     int    `json:"index"`
	Status    string `json:"status"`
}

// doneSubtask is one that has. A twin knows when the barrier came, and nothing of
// what took how long then.
type doneSubtask struct {
	ClassName        string       `json:"className"`
	Index            int          `json:"index"`
	Ack              flink.Millis `json:"ack_timestamp"`
	EndToEndDuration flink.Span   `json:"end_to_end_duration"`
	CheckpointedSize int64        `json:"checkpointed_size"`
	StateSize        int64        `json:"state_size"`
	Checkpoint       struct {
		Sync  flink.Span `json:"sync"`
		Async flink.Span `json:"async"`
	} `json:"checkpoint"`
	Alignment struct {
		Buffered  int64      `json:"buffered"`
		Processed int64      `json:"processed"`
		Persisted int64      `json:"persisted"`
		Duration  flink.Span `json:"duration"`
	} `json:"alignment"`
	StartDelay flink.Span `json:"start_delay"`
	Unaligned  bool       `json:"unaligned_checkpoint"`
	Aborted    bool       `json:"aborted"`
	Status     string     `json:"status"`
}

func (k *checkpoint) subtaskBodies(j *job, v int) *subtaskCheckpoints {
	t := &k.tasks[v]
	b := &subtaskCheckpoints{TaskCheckpoint: k.taskBody(v), Subtasks: []any{}}
	none, some := make([]int64, t.subtasks), make([]int64, t.subtasks)
	if k.status != flink.CheckpointCompleted {
		none, some = nil, nil
	}
	for s := range t.subtasks {
		if k.status != flink.CheckpointCompleted {
			b.Subtasks = append(b.Subtasks, &pendingSubtask{"pending", s, "pending_or_failed"})
			continue
		}
		some[s] = t.after.Milliseconds()
		b.Subtasks = append(b.Subtasks, &doneSubtask{
			ClassName: "completed", Index: s, Ack: b.LatestAck, EndToEndDuration: b.EndToEndDuration,
			StateSize: t.parts[0][s], CheckpointedSize: t.parts[1][s], StartDelay: b.EndToEndDuration,
			Unaligned: j.spec.Graph.Checkpoints.Unaligned, Status: "completed",
		})
	}
	b.Summary = subtaskSummary{EndToEndDuration: extremes(some), StartDelay: extremes(some)}
	b.Summary.StateSize, b.Summary.CheckpointedSize = extremes(nil), extremes(nil)
	if some != nil {
		b.Summary.StateSize, b.Summary.CheckpointedSize = extremes(t.parts[0]), extremes(t.parts[1])
	}
	b.Summary.Checkpoint.Sync, b.Summary.Checkpoint.Async = extremes(none), extremes(none)
	a := &b.Summary.Alignment
	a.Processed, a.Persisted, a.Duration = extremes(none), extremes(none), extremes(none)
	zero := flink.Number(0)
	a.Buffered = flink.Distribution{P50: zero, P90: zero, P95: zero, P99: zero, P999: zero}
	return b
}

// extremes is a distribution of which Flink keeps no percentiles.
func extremes(values []int64) flink.Distribution {
	unknown := flink.Number(math.NaN())
	d := flink.Distribution{P50: unknown, P90: unknown, P95: unknown, P99: unknown, P999: unknown}
	for i, x := range values {
		if i == 0 || x < d.Min {
			d.Min = x
		}
		if i == 0 || x > d.Max {
			d.Max = x
		}
		d.Avg += x
	}
	if len(values) > 0 {
		d.Avg /= int64(len(values))
	}
	return d
}

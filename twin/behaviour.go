package twin

import (
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// behaviour is where the scheduler's side of a job meets its dataflow.
type behaviour struct{ twin *Twin }

var _ cluster.Behaviour = behaviour{}

// Build takes its time and succeeds.
func (b behaviour) Build(slots.JobID, adaptive.BuildGraph) (time.Duration, *adaptive.Failure) {
	return b.twin.config.Times.Build, nil
}

// Deploy takes the time of a start, and that of the largest state that one
// subtask has to restore.
func (b behaviour) Deploy(e cluster.Execution) []time.Duration {
	j, times := b.twin.byID[string(e.Job)], b.twin.config.Times
	j.sync(e.At)
	vary := 1 + times.Spread*(2*b.twin.chance(j.spec.ID, "deploy", e.Number())-1)
	takes := time.Duration(vary*float64(times.Deploy)) + j.restoreTime(e, times.Download)
	takes = takes.Round(time.Millisecond)
	e.Tasks = slices.Clone(e.Tasks)
	j.run = &run{execution: e, takes: takes, starts: e.At.Add(takes)}
	j.last, j.view = j.run, nil
	j.run.on = b.twin.machinesOf(e)
	b.twin.crowd.gather(b.twin, e.At)
	j.checkpoints.deployed(j, e)
	return []time.Duration{takes}
}

// restoreTime is how long the subtask with most state needs to fetch it.
func (j *job) restoreTime(e cluster.Execution, download float64) time.Duration {
	largest := 0.0
	for v, subtasks := range e.Restore.Checkpoint.KeyedState {
		total := 0.0
		for _, bytes := range subtasks {
			total += float64(bytes)
		}
		if v < len(e.Parallelism) && e.Parallelism[v] > 0 {
			largest = max(largest, total/float64(e.Parallelism[v]))
		}
	}
	return time.Duration(math.Min(largest/download, 1e6) * 1e9)
}

// Cancel ends the flow at once; that the tasks are gone takes a little longer.
func (b behaviour) Cancel(e cluster.Execution) time.Duration {
	b.twin.byID[string(e.Job)].end()
	return b.twin.config.Times.Cancel
}

// Finish ends the flow too: a final savepoint is complete.
func (b behaviour) Finish(e cluster.Execution) time.Duration {
	b.twin.byID[string(e.Job)].end()
	return b.twin.config.Times.Finish
}

// FirstCheckpoint is drawn between the least pause and the interval.
func (b behaviour) FirstCheckpoint(e cluster.Execution) time.Duration {
	j := b.twin.byID[string(e.Job)]
	plan, err := j.spec.scheduled(j.options, b.twin.config.Version)
	if err != nil {
		return 0
	}
	least, most := plan.Checkpoints.MinPause, plan.Checkpointing.Interval
	lot := b.twin.chance(j.spec.ID, "checkpoint", e.Number())
	return (least + time.Duration(lot*float64(max(most-least, 0)))).Round(time.Millisecond)
}

// Checkpoint asks the dataflow how long the barriers take, and keeps where they
// stand.
func (b behaviour) Checkpoint(r cluster.CheckpointRequest) cluster.CheckpointResult {
	j := b.twin.byID[string(r.Execution.Job)]
	j.sync(r.At)
	return j.checkpoints.begin(j, r)
}

// Ended is the end of the last task.
func (b behaviour) Ended(e cluster.Execution) {
	j := b.twin.byID[string(e.Job)]
	if j.run != nil && j.run.execution.Number() == e.Number() {
		j.end()
	}
	if j.last != nil && j.last.execution.Number() == e.Number() {
		j.last.execution.Tasks = slices.Clone(e.Tasks)
	}
	j.view = nil
}

// follow takes note of what happened to a job.
func (j *job) follow(e cluster.Entry) {
	switch v := e.Event.(type) {
	case cluster.CheckpointEnded:
		j.checkpoints.end(j, v, e.At)
	case cluster.Failed, cluster.TasksOver:
		j.view = nil
	}
}

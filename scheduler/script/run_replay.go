package script

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Replay does to the schedulers of this module what was done in a real run, at the times at which it took effect there;
// what the script expects is passed over. What Flink decides is ours; what the machine needed is the recording's: the
// time to build a graph, to cancel tasks, for each checkpoint, and the lot that was drawn for each backoff.
func Replay(s *Script, real *Run) (*Run, *Trace, error) {
	r, err := newRunner(s, real.Version, newRecorded(s, real))
	if err != nil {
		return nil, nil, fmt.Errorf("replay %s on %s: %w", s.Name, real.Version, err)
	}
	for _, line := range s.LinesFor(real.Version) {
		if line.Action == nil {
			continue
		}
		if err := r.redo(line, real); err != nil {
			return nil, nil, fmt.Errorf("replay %s on %s: line %d, %q: %w", s.Name, real.Version, line.Number, line.Text, err)
		}
	}
	if err := r.until(real.End); err != nil {
		return nil, nil, fmt.Errorf("replay %s on %s: %w", s.Name, real.Version, err)
	}
	return r.result(), r.trace, nil
}

// redo carries an action out when it took effect in the real run.
func (r *runner) redo(l Line, real *Run) error {
	i := slices.IndexFunc(real.Actions, func(d Done) bool { return d.Line == l.Number })
	if i < 0 {
		return fmt.Errorf("it was not carried out: the recording is of another script")
	}
	at := real.Actions[i].At
	switch l.Action.(type) {
	case FailTask:
		at = noticed(real, at)
	case StopTaskManager:
		at = max(at, noticed(real, at)-cluster.DefaultLatencies().Stop)
	}
	if err := r.until(at); err != nil {
		return err
	}
	r.trace.line(l)
	r.answer = nil
	if err := r.do(l.Action); err != nil {
		return err
	}
	r.run.Actions = append(r.run.Actions, Done{Line: l.Number, At: at, Answer: r.answer})
	return r.until(at)
}

// noticed is when what was told to a process reached the real scheduler, if it made the job stop executing: a task looks for
// the command to fail now and then, and a TaskManager takes its time to stop.
func noticed(real *Run, told time.Duration) time.Duration {
	for _, t := range real.Transitions {
		left := t.From == adaptive.StateExecuting.String() || t.From == adaptive.StateStopWithSavepoint.String()
		if left && t.At >= told && t.At < told+2*time.Second {
			return t.At
		}
	}
	return told
}

// recorded is a behaviour whose times are those of a real run.
type recorded struct {
	faults
	script           *Script
	real             *Run
	stable           time.Duration // of WaitingForResources
	builds, restarts []visit
	checkpoints      []Checkpoint
	failures         int           // backoffs drawn
	backoff          time.Duration // the last of them
}

// visit is how long the scheduler was in a state.
type visit struct{ from, to time.Duration }

func newRecorded(s *Script, real *Run) *recorded {
	return &recorded{
		script:      s,
		real:        real,
		faults:      faults{Fixed: cluster.DefaultFixed()},
		builds:      visits(real, adaptive.StateCreatingExecutionGraph),
		restarts:    visits(real, adaptive.StateRestarting),
		checkpoints: real.Checkpoints,
	}
}

// visits are the visits of a state, in order.
func visits(real *Run, state adaptive.State) []visit {
	var list []visit
	for _, t := range real.Transitions {
		if t.Phase {
			continue
		}
		if n := len(list); t.From == state.String() && n > 0 && list[n-1].to == 0 {
			list[n-1].to = t.At
		}
		if t.To == state.String() {
			list = append(list, visit{from: t.At})
		}
	}
	return list
}

// prepare lets TaskManagers register when they did, and draws the real run's lots.
func (r *recorded) prepare(config *cluster.Config) {
	config.Latencies.Reregister = config.Latencies.Register
	config.Latencies.Register = 0
	config.Scheduler.Jitter = r.jitter
	config.Connects = r.connects
	config.Starts = r.starts
	config.Rounds = r.rounds(config.Heartbeats)
	r.stable = config.Scheduler.Stabilization
}

// first is when the scheduler first came into a state or phase after a time.
func (r *recorded) first(to string, after time.Duration) (time.Duration, bool) {
	for _, t := range r.real.Transitions {
		if t.To == to && t.At >= after {
			return t.At, true
		}
	}
	return 0, false
}

// rounds are when heartbeats were sent: where a TaskManager froze, its last one was a time-out before its loss.
func (r *recorded) rounds(beats slots.HeartbeatConfig) cluster.Rounds {
	var rounds cluster.Rounds
	frozen, ok := r.frozen()
	if !ok {
		return rounds
	}
	if lost, ok := r.left(frozen, beats.Timeout); ok {
		began, _ := r.first(adaptive.StateWaitingForResources.String(), 0)
		rounds.JobMaster = (lost - beats.Timeout - began) % beats.Interval
	}
	before := r.real.At(frozen).Counts[TaskManagers]
	for _, o := range r.real.Observations {
		if o.At > frozen && o.Counts[TaskManagers] < before {
			rounds.ResourceManager = (o.At - beats.Timeout) % beats.Interval
			break
		}
	}
	return rounds
}

// frozen is when the first TaskManager froze.
func (r *recorded) frozen() (time.Duration, bool) {
	for _, l := range r.script.LinesFor(r.real.Version) {
		if _, ok := l.Action.(FreezeTaskManager); !ok {
			continue
		}
		if i := slices.IndexFunc(r.real.Actions, func(d Done) bool { return d.Line == l.Number }); i >= 0 {
			return r.real.Actions[i].At, true
		}
	}
	return 0, false
}

// left is when the job stopped executing after a time, if not much later than within.
func (r *recorded) left(after, within time.Duration) (time.Duration, bool) {
	for _, t := range r.real.Transitions {
		if t.From == adaptive.StateExecuting.String() && t.At > after && t.At <= after+within+time.Second {
			return t.At, true
		}
	}
	return 0, false
}

// starts takes until the next scheduler of the real run began.
func (r *recorded) starts(now time.Time) time.Duration {
	at := now.Sub(epoch)
	for _, t := range r.real.Transitions {
		if t.From == adaptive.StateCreated.String() && t.At >= at {
			return t.At - at
		}
	}
	return cluster.DefaultLatencies().Start
}

// connects takes as long as until the real scheduler heard of new slots: it shows in a phase of 2.3, and in 1.20 if slots
// suffice at once.
func (r *recorded) connects(now time.Time, _ slots.TaskManagerID) time.Duration {
	at := now.Sub(epoch)
	to := adaptive.PhaseStabilizing.String()
	if r.real.Version == slots.V1_20 {
		to = adaptive.StateCreatingExecutionGraph.String()
	}
	heard, ok := r.first(to, at)
	if took := heard - at; ok && took < 3*time.Second {
		return took
	}
	if took := heard - at - r.stable; ok && r.real.Version == slots.V1_20 && took >= 0 && took < 3*time.Second {
		return took
	}
	return cluster.DefaultLatencies().Connect
}

// atOnce is how long a restart lasts at most in which nothing but the tasks' end was waited for: no backoff is as short.
const atOnce = 900 * time.Millisecond

// longestCancel is the most that tasks may have needed to end, about what the slowest recorded rescale took: with more, a
// backoff of ours that is too short would pass for tasks that are slow.
const longestCancel = 600 * time.Millisecond

// Build takes as long as it did in the real run.
func (r *recorded) Build(job slots.JobID, plan adaptive.BuildGraph) (time.Duration, *adaptive.Failure) {
	if len(r.builds) > 0 {
		took := r.builds[0].to - r.builds[0].from
		r.builds = r.builds[1:]
		if took >= 0 {
			return took, nil
		}
	}
	return r.Fixed.Build(job, plan)
}

// Cancel takes as long as it did in the real run: as long as the restart, without its backoff. Where that is much, a
// TaskManager was waited for, and that is not the tasks' doing.
func (r *recorded) Cancel(e cluster.Execution) time.Duration {
	for _, s := range r.restarts {
		took := s.to - s.from
		if took >= atOnce {
			took -= r.backoff
		}
		if near(s.from, r.since(e), time.Second) && took >= 0 && took < longestCancel {
			return took
		}
	}
	return r.Fixed.Cancel(e)
}

// since is when the last task of an execution came into its state.
func (r *recorded) since(e cluster.Execution) time.Duration {
	last := e.At
	for _, t := range e.Tasks {
		if t.Since.After(last) {
			last = t.Since
		}
	}
	return last.Sub(epoch)
}

// Deploy takes until all tasks of the real run were seen to run: in 2.3 the first checkpoint shows it, which comes then.
func (r *recorded) Deploy(e cluster.Execution) []time.Duration {
	at := e.At.Sub(epoch)
	seen, ok := r.run(len(e.Tasks), at)
	if r.real.Version != slots.V1_20 {
		if first, some := r.checkpointAfter(at); some {
			seen, ok = first, true
		}
	}
	if took := seen - at; ok && took < 10*time.Second {
		return []time.Duration{took}
	}
	return r.Fixed.Deploy(e)
}

// run is when so many tasks were first seen to run after a time.
func (r *recorded) run(tasks int, after time.Duration) (time.Duration, bool) {
	for _, o := range r.real.Observations {
		if o.At >= after && o.Counts[Running] == tasks {
			return o.At, true
		}
	}
	return 0, false
}

// FirstCheckpoint is when it was in the real run.
func (r *recorded) FirstCheckpoint(e cluster.Execution) time.Duration {
	at := e.At.Sub(epoch)
	if first, ok := r.checkpointAfter(at); ok && first-at < 10*time.Second {
		return first - at
	}
	return r.Fixed.FirstCheckpoint(e)
}

// checkpointAfter is when the first periodic checkpoint after a time was triggered.
func (r *recorded) checkpointAfter(t time.Duration) (time.Duration, bool) {
	for _, c := range r.checkpoints {
		if !c.Savepoint && c.Triggered >= t {
			return c.Triggered, true
		}
	}
	return 0, false
}

// Checkpoint ends when it did in the real run. One that was given up there goes on until it is given up here.
func (r *recorded) Checkpoint(request cluster.CheckpointRequest) cluster.CheckpointResult {
	result := r.faults.Checkpoint(request)
	at := request.At.Sub(epoch)
	for _, c := range r.checkpoints {
		if c.Savepoint != request.Savepoint || !near(c.Triggered, at, time.Second) {
			continue
		}
		if c.Ended == 0 || c.Status == "FAILED" && result.Failure == nil {
			result.Takes = time.Hour
		} else {
			result.Takes = max(0, c.Ended-at)
		}
		break
	}
	return result
}

// jitter is what the real run drew for its backoffs: how much longer or shorter they were than without.
func (r *recorded) jitter(bound int64) int64 {
	skip := r.failures
	r.failures++
	for _, s := range r.restarts {
		took := s.to - s.from
		if took < atOnce {
			continue
		}
		if skip == 0 {
			base := 10 * bound // the bound is a tenth of the backoff
			drawn := max(-bound, min(bound, (took-r.CancelTime).Milliseconds()-base))
			r.backoff = time.Duration(base+drawn) * time.Millisecond
			return drawn
		}
		skip--
	}
	r.backoff = 0
	return 0
}

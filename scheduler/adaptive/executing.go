package adaptive

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// executing is the state of a running job.
type executing struct {
	withGraph
	// fresh says that the tasks are still to be deployed: the state was not
	// entered from StopWithSavepoint.
	fresh bool
	// manager decides in 2.3 when to rescale, rules in 1.20.
	manager *manager
	rules   *rules120
	// countdown is how many checkpoints may still fail before a waiting rescale
	// goes ahead (2.3); 0 is unset.
	countdown int
}

func (*executing) id() State      { return StateExecuting }
func (*executing) status() Status { return StatusRunning }

func (x *executing) enter(s *Scheduler) {
	if s.opts.Version == slots.V1_20 {
		x.rules = &rules120{entered: s.now}
	} else {
		x.manager = newManager(s, x, s.opts.Cooldown, s.opts.ExecutingStabilization, s.maxDelay)
	}
	if x.fresh {
		s.timeline.executing(s.span(s.now, Failure{}))
		s.emit(s.deployment())
	}
	s.after(0, timerEvaluate)
}

// deployment starts the tasks of the execution.
func (s *Scheduler) deployment() Deploy {
	x := s.execution
	return Deploy{
		Execution:   x.number,
		Parallelism: x.parallelism,
		Placements:  x.placements,
		Attempts:    x.attempts,
		Restore:     x.restore,
		Rebalanced:  s.rebalanced(),
	}
}

// rebalanced are the forward edges that cannot be forward now (2.3).
func (s *Scheduler) rebalanced() []int {
	if s.opts.Version == slots.V1_20 {
		return nil
	}
	var all []int
	for i, e := range s.job.Edges {
		if e.Forward && s.execution.parallelism[e.From] != s.execution.parallelism[e.To] {
			all = append(all, i)
		}
	}
	return all
}

func (x *executing) fire(s *Scheduler, kind timerKind) {
	switch {
	case kind == timerEvaluate && x.rules != nil:
		x.rules.changed(s)
	case kind == timerEvaluate:
		x.manager.onChange(s, true)
		x.manager.onTrigger(s)
	case x.rules != nil:
		x.rules.fire(s, kind)
	default:
		x.manager.fire(s, kind)
	}
}

func (x *executing) newSlots(s *Scheduler)        { x.change(s, true) }
func (x *executing) newRequirements(s *Scheduler) { x.change(s, false) }

func (x *executing) change(s *Scheduler, bySlots bool) {
	if x.rules != nil {
		x.rules.changed(s)
		return
	}
	x.manager.onChange(s, bySlots)
	if x.countdown == 0 {
		x.countdown = s.opts.MaxCheckpointFailures
	}
}

func (x *executing) checkpointCompleted(s *Scheduler, c Checkpoint) {
	s.keep(c)
	x.trigger(s)
}

// keep takes the checkpoint for the next restore if it is newer.
func (s *Scheduler) keep(c Checkpoint) {
	if c.ID > s.checkpoint.ID {
		s.checkpoint = c
	}
}

func (x *executing) checkpointFailed(s *Scheduler) {
	if x.manager == nil || x.countdown == 0 {
		return
	}
	x.countdown--
	if x.countdown == 0 {
		x.trigger(s)
	}
}

func (x *executing) trigger(s *Scheduler) {
	if x.manager == nil {
		return
	}
	x.countdown = 0
	x.manager.onTrigger(s)
}

// desired and sufficient answer the manager of 2.3: a rescale must change
// something.
func (x *executing) desired(s *Scheduler) bool {
	_, changes := s.rescaled()
	return changes && s.desired()
}

func (x *executing) sufficient(s *Scheduler) bool {
	_, changes := s.rescaled()
	return changes && s.sufficient()
}

// rescaled is the parallelism that the slots of the pool allow, and whether it
// differs from that of the execution. If the lower bounds cannot be met there is
// no change.
func (s *Scheduler) rescaled() ([]int, bool) {
	target, ok := s.available()
	return target, ok && !slices.Equal(target, s.execution.parallelism)
}

func (x *executing) proceed(s *Scheduler, _ bool) { s.rescale() }

// rescale restarts the job for the parallelism that its slots allow.
func (s *Scheduler) rescale() {
	target, _ := s.available()
	next := &restarting{target: target}
	if s.opts.Version == slots.V1_20 {
		next.target = nil
	}
	s.goToRestarting(next, whyRescale, fmt.Sprintf("parallelism %v to %v", s.execution.parallelism, target))
}

func (x *executing) fail(s *Scheduler, e Exception)       { s.restartOrFail(e) }
func (x *executing) taskFailed(s *Scheduler, e Exception) { s.restartOrFail(e) }

// restartOrFail records a failure and asks the restart strategy.
func (s *Scheduler) restartOrFail(e Exception) {
	s.execution.record(e)
	s.handleFailure(e.Failure)
}

func (s *Scheduler) handleFailure(f Failure) {
	backoff, allowed, why := s.backoff(f)
	if !allowed {
		s.goToFailing(Failure{Class: "org.apache.flink.runtime.JobException", Message: why, CausedBy: &f})
		return
	}
	s.goToRestarting(&restarting{backoff: backoff}, whyFailure, fmt.Sprintf("%v; backoff %v", f, backoff))
}

// backoff asks the restart strategy, unless the failure is unrecoverable.
func (s *Scheduler) backoff(f Failure) (time.Duration, bool, string) {
	if f.Unrecoverable {
		return 0, false, "The failure is not recoverable"
	}
	d, allowed := s.restarts.fail(s.now)
	return d, allowed, "Recovery is suppressed by " + s.restarts.String()
}

func (x *executing) tasksEnded(s *Scheduler) {
	if s.execution.outcome == TasksFinished {
		s.finish(whyAllFinished, StatusFinished, Failure{})
		return
	}
	s.restartOrFail(s.exception(-1, -1, Failure{Message: "The tasks ended before their work was done."}))
}

// stop begins the savepoint that ends the job.
func (x *executing) stop(s *Scheduler, e StopWithSavepoint) {
	s.emit(StopCheckpoints{Execution: s.execution.number})
	s.emit(TriggerSavepoint{Execution: s.execution.number, Operation: e.Operation, Target: e.Target, Drain: e.Drain})
	s.move(&stopping{operation: e.Operation}, whyStop, "")
}

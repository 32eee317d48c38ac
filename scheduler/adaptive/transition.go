package adaptive

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Transition is one row of the table of transitions.
type Transition struct {
	From, To State
	// Why is what makes the scheduler go.
	Why string
}

// The reasons of transitions.
const (
	whyStart              = "scheduling starts"
	whyDesired            = "the desired slots are there"
	whyStable             = "sufficient slots are there, and nothing more came"
	whyWaitTimeout        = "the wait time-out is over"
	whyBuilt              = "the graph is built and its slots are free"
	whySlotsVanished      = "planned slots vanished meanwhile"
	whyNoPlan             = "not enough slots for any parallelism"
	whyBuildFailed        = "the graph could not be built or restored"
	whyFailure            = "a failure, restart allowed"
	whyNoRestart          = "a failure, restart refused"
	whyRescale            = "rescale"
	whyCancel             = "cancel"
	whyStop               = "stop with savepoint"
	whyAllFinished        = "all subtasks finished"
	whyBackoffOver        = "all subtasks cancelled, backoff over"
	whyBackoffOverDesired = "all subtasks cancelled, backoff over, slots there"
	whySavepointFailed    = "the savepoint failed"
	whyAllEnded           = "all subtasks ended"
	whyGlobalFailure      = "global failure"
	whySuspend            = "the JobManager stops"
)

// In says whether a version of Flink makes the transition: 1.20 waits for
// resources after every restart.
func (t Transition) In(v slots.Version) bool {
	return v != slots.V1_20 || t.Why != whyBackoffOverDesired
}

// Transitions is the table of all transitions, in the order of the states. The
// scheduler makes no other.
func Transitions() []Transition { return slices.Clone(transitions) }

var transitions = []Transition{
	{StateCreated, StateWaitingForResources, whyStart},
	{StateCreated, StateFinished, whyCancel},
	{StateCreated, StateFinished, whyGlobalFailure},
	{StateCreated, StateFinished, whySuspend},

	{StateWaitingForResources, StateCreatingExecutionGraph, whyDesired},
	{StateWaitingForResources, StateCreatingExecutionGraph, whyStable},
	{StateWaitingForResources, StateCreatingExecutionGraph, whyWaitTimeout},
	{StateWaitingForResources, StateFinished, whyCancel},
	{StateWaitingForResources, StateFinished, whyGlobalFailure},
	{StateWaitingForResources, StateFinished, whySuspend},

	{StateCreatingExecutionGraph, StateExecuting, whyBuilt},
	{StateCreatingExecutionGraph, StateWaitingForResources, whySlotsVanished},
	{StateCreatingExecutionGraph, StateFinished, whyNoPlan},
	{StateCreatingExecutionGraph, StateFinished, whyBuildFailed},
	{StateCreatingExecutionGraph, StateFinished, whyCancel},
	{StateCreatingExecutionGraph, StateFinished, whyGlobalFailure},
	{StateCreatingExecutionGraph, StateFinished, whySuspend},

	{StateExecuting, StateRestarting, whyRescale},
	{StateExecuting, StateRestarting, whyFailure},
	{StateExecuting, StateFailing, whyNoRestart},
	{StateExecuting, StateCanceling, whyCancel},
	{StateExecuting, StateStopWithSavepoint, whyStop},
	{StateExecuting, StateFinished, whyAllFinished},
	{StateExecuting, StateFinished, whySuspend},

	{StateRestarting, StateWaitingForResources, whyBackoffOver},
	{StateRestarting, StateCreatingExecutionGraph, whyBackoffOverDesired},
	{StateRestarting, StateCanceling, whyCancel},
	{StateRestarting, StateFinished, whySuspend},

	{StateCanceling, StateFinished, whyAllEnded},
	{StateCanceling, StateFinished, whySuspend},

	{StateFailing, StateFinished, whyAllEnded},
	{StateFailing, StateCanceling, whyCancel},
	{StateFailing, StateFinished, whySuspend},

	{StateStopWithSavepoint, StateFinished, whyAllFinished},
	{StateStopWithSavepoint, StateExecuting, whySavepointFailed},
	{StateStopWithSavepoint, StateRestarting, whyFailure},
	{StateStopWithSavepoint, StateFailing, whyNoRestart},
	{StateStopWithSavepoint, StateCanceling, whyCancel},
	{StateStopWithSavepoint, StateFinished, whySuspend},
}

// state is a state at work. What a state does not care about, quiet answers.
type state interface {
	id() State
	status() Status
	// enter does what the constructor does in Flink. It never moves on: what
	// follows at once follows by a timer of no delay.
	enter(*Scheduler)
	leave(*Scheduler)
	fire(*Scheduler, timerKind)

	start(*Scheduler)
	newSlots(*Scheduler)
	newRequirements(*Scheduler)
	cancel(*Scheduler)
	suspend(*Scheduler, Failure)
	fail(*Scheduler, Exception)
	taskFailed(*Scheduler, Exception)
	graphAnswered(*Scheduler, *Failure)
	tasksEnded(*Scheduler)
	checkpointCompleted(*Scheduler, Checkpoint)
	checkpointFailed(*Scheduler)
	stop(*Scheduler, StopWithSavepoint)
	savepointEnded(s *Scheduler, operation, location string, failure *Failure)
}

// quiet is the part of a state that ignores everything.
type quiet struct{}

func (quiet) enter(*Scheduler)                           {}
func (quiet) leave(*Scheduler)                           {}
func (quiet) fire(*Scheduler, timerKind)                 {}
func (quiet) start(*Scheduler)                           {}
func (quiet) newSlots(*Scheduler)                        {}
func (quiet) newRequirements(*Scheduler)                 {}
func (quiet) taskFailed(*Scheduler, Exception)           {}
func (quiet) graphAnswered(*Scheduler, *Failure)         {}
func (quiet) tasksEnded(*Scheduler)                      {}
func (quiet) checkpointCompleted(*Scheduler, Checkpoint) {}
func (quiet) checkpointFailed(*Scheduler)                {}

func (quiet) stop(s *Scheduler, e StopWithSavepoint) {
	s.emit(OperationDone{Operation: e.Operation, Failure: Failure{
		Class:   "org.apache.flink.runtime.checkpoint.CheckpointException",
		Message: "The Flink job is currently not executing.",
	}})
}

func (quiet) savepointEnded(*Scheduler, string, string, *Failure) {}

// withoutGraph is the part that the states without an execution graph share:
// they end at once.
type withoutGraph struct{ quiet }

func (withoutGraph) cancel(s *Scheduler) { s.finish(whyCancel, StatusCanceled, Failure{}) }

func (withoutGraph) suspend(s *Scheduler, f Failure) { s.finish(whySuspend, StatusSuspended, f) }

func (withoutGraph) fail(s *Scheduler, e Exception) {
	s.finish(whyGlobalFailure, StatusFailed, e.Failure)
}

// withGraph is the part that the states with an execution graph share.
type withGraph struct{ quiet }

func (withGraph) cancel(s *Scheduler) { s.cancelJob() }

func (withGraph) suspend(s *Scheduler, f Failure) {
	s.finish(whySuspend, StatusSuspended, f)
}

// fail records a global failure; the states that act on one do more.
func (withGraph) fail(s *Scheduler, e Exception) { s.execution.record(e) }

// cancelJob goes to Canceling.
func (s *Scheduler) cancelJob() {
	s.timeline.canceled(s.span(s.now, Failure{}))
	s.move(&canceling{}, whyCancel, "")
}

// move leaves the present state for another.
func (s *Scheduler) move(to state, why, detail string) {
	from := s.state
	s.declared(Transition{from.id(), to.id(), why})
	from.leave(s)
	s.timeline.left(s.span(s.now, Failure{}))
	s.timers.drop(func(t timer) bool { return t.visit == s.visit })
	s.visit++
	s.state, s.since = to, s.now
	s.emit(Moved{From: from.id(), To: to.id(), Why: why, Detail: detail})
	to.enter(s)
	s.record()
}

// declared remembers a transition that is not in the table.
func (s *Scheduler) declared(t Transition) {
	if s.fault == nil && (!slices.Contains(transitions, t) || !t.In(s.opts.Version)) {
		s.fault = fmt.Errorf("undeclared transition from %v to %v: %s", t.From, t.To, t.Why)
	}
}

// span is the present state up to a time, for the rescale history.
func (s *Scheduler) span(until time.Time, f Failure) StateSpan {
	return StateSpan{State: s.state.id(), Enter: s.since, Leave: until, Failure: f}
}

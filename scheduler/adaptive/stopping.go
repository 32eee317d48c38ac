package adaptive

import "fmt"

// stopping is StopWithSavepoint: the job takes a savepoint and then finishes.
type stopping struct {
	withGraph
	operation string
	// answered says that the savepoint is done or has failed, saved the first;
	// location is where it lies then.
	answered, saved bool
	location        string
	// done says that the operation was answered.
	done bool
	// cause is why the operation will fail when the state is left.
	cause *Failure
	// pending is the first task failure; it is dealt with once the savepoint has
	// been answered.
	pending *Failure
}

func (*stopping) id() State      { return StateStopWithSavepoint }
func (*stopping) status() Status { return StatusRunning }

// leave fails the operation unless it succeeded.
func (t *stopping) leave(s *Scheduler) {
	if t.done {
		return
	}
	s.emit(OperationDone{Operation: t.operation, Failure: Failure{
		Class:    "org.apache.flink.util.FlinkException",
		Message:  "Stop with savepoint operation could not be completed.",
		CausedBy: t.cause,
	}})
}

func (t *stopping) cancel(s *Scheduler) {
	t.cause = &Failure{Class: "org.apache.flink.util.FlinkException", Message: "The job was cancelled."}
	s.cancelJob()
}

func (t *stopping) checkpointCompleted(s *Scheduler, c Checkpoint) { s.keep(c) }

// savepointEnded goes on with what was waiting for the savepoint.
func (t *stopping) savepointEnded(s *Scheduler, operation, location string, failure *Failure) {
	if operation != t.operation || t.answered {
		return
	}
	t.answered, t.saved, t.location = true, failure == nil, location
	if failure != nil {
		s.emit(StartCheckpoints{Execution: s.execution.number})
		t.cause = failure
	}
	switch {
	case t.pending != nil:
		t.handle(s, *t.pending)
	case s.execution.ended:
		t.complete(s)
	case failure != nil:
		s.move(&executing{}, whySavepointFailed, failure.String())
	}
}

func (t *stopping) fail(s *Scheduler, e Exception)       { t.failed(s, e) }
func (t *stopping) taskFailed(s *Scheduler, e Exception) { t.failed(s, e) }

// failed records a failure; the first one decides, after the savepoint.
func (t *stopping) failed(s *Scheduler, e Exception) {
	s.execution.record(e)
	switch {
	case t.pending != nil:
	case t.answered:
		t.handle(s, e.Failure)
	default:
		t.pending = &e.Failure
	}
}

// handle restarts or fails the job. A failure after the savepoint names it.
func (t *stopping) handle(s *Scheduler, f Failure) {
	if t.saved {
		below := f
		f = Failure{
			Class:         "org.apache.flink.runtime.scheduler.stopwithsavepoint.StopWithSavepointStoppingException",
			Message:       fmt.Sprintf("A savepoint has been created at: %s, but the corresponding job %s failed during stopping. The savepoint is consistent, but might have uncommitted transactions. If you want to commit the transaction please restart a job from this savepoint.", t.location, s.job.ID),
			Unrecoverable: f.Unrecoverable,
			CausedBy:      &below,
		}
	}
	t.cause = &f
	s.handleFailure(f)
}

// tasksEnded ends the job, after the savepoint. Tasks that ended unfinished
// count as a failure.
func (t *stopping) tasksEnded(s *Scheduler) {
	if t.pending != nil {
		return
	}
	if s.execution.outcome != TasksFinished {
		t.failed(s, s.exception(-1, -1, Failure{
			Class:   "org.apache.flink.util.FlinkException",
			Message: "Job did not reach the FINISHED state while performing stop-with-savepoint.",
		}))
		return
	}
	if t.answered {
		t.complete(s)
	}
}

// complete finishes the job. Its savepoint may have failed after all tasks had
// finished (Flink ends the JobManager then); the operation says so.
func (t *stopping) complete(s *Scheduler) {
	if t.saved {
		t.done = true
		s.emit(OperationDone{Operation: t.operation, Location: t.location})
	}
	s.finish(whyAllFinished, StatusFinished, Failure{})
}

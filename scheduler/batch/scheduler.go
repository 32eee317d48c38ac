package batch

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// Scheduler schedules one job. It is not safe for concurrent use.
type Scheduler struct {
	job      Job
	options  Options
	restarts *adaptive.Restarts
	vertices []vertex
	edges    []edge
	// dirty are the vertices whose tasks may have become ready to run.
	dirty []bool
	// asked are the sources that have not answered yet.
	asked int

	status  adaptive.Status
	failure adaptive.Failure
	// revivals are the restarts under way, in the order in which they began.
	revivals []*revival
	fault    error

	// now and actions are those of the step that runs.
	now     time.Time
	actions []Action
}

// New makes the scheduler of a job that was just submitted. It refuses a job
// that the Adaptive Batch Scheduler does not take, with Flink's reason, and
// options that Flink does not take.
func New(now time.Time, job Job, o Options) (*Scheduler, error) {
	if err := refuse(job); err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	strategy := adaptive.DefaultRestart(adaptive.RestartNone)
	if job.Restart != nil {
		strategy = *job.Restart
	}
	restarts, err := adaptive.NewRestarts(strategy, job.Jitter)
	if err != nil {
		return nil, fmt.Errorf("restart strategy: %w", err)
	}
	s := &Scheduler{
		job:      job,
		options:  o,
		restarts: restarts,
		dirty:    make([]bool, len(job.Vertices)),
		status:   adaptive.StatusCreated,
		now:      now,
	}
	return s, s.layOut()
}

// Next is when the earliest timer is due; false if there is none. A Tick at that
// time lets it fire.
func (s *Scheduler) Next() (time.Time, bool) {
	var next time.Time
	found := false
	for _, r := range s.revivals {
		if !r.due && (!found || r.at.Before(next)) {
			next, found = r.at, true
		}
	}
	return next, found
}

// Step lets the timers fire that are due by now, then handles the event, and
// returns what follows. Time never goes back: an earlier now counts as the
// latest one seen.
func (s *Scheduler) Step(now time.Time, e Event) []Action {
	s.actions = nil
	if now.Before(s.now) {
		now = s.now
	}
	s.fireDue(now)
	s.now = now
	if !s.status.Terminal() {
		s.handle(e)
	}
	s.fireDue(now)
	return s.actions
}

// Fault is what was wrong with the first event that contradicts the job, such as
// a report of more subpartitions than there are; nil if none did. Such events
// are ignored.
func (s *Scheduler) Fault() error { return s.fault }

func (s *Scheduler) emit(a Action) { s.actions = append(s.actions, a) }

func (s *Scheduler) handle(e Event) {
	switch e := e.(type) {
	case Start:
		if s.status == adaptive.StatusCreated {
			s.advance()
		}
	case SourceInferred:
		s.inferred(e)
	case TaskDeployed:
		s.deployed(e)
	case TaskFinished:
		s.finished(e)
	case TaskFailed:
		s.failed(e)
	case TaskCanceled:
		s.canceled(e)
	case ResultsLost:
		s.lost(e)
	case EdgeChanged:
		s.changed(e)
	case GlobalFailure:
		s.failedGlobally(e.Failure)
	case CancelJob:
		s.cancel()
	case Suspend:
		s.end(adaptive.StatusSuspended, e.Failure)
	}
}

// advance asks sources, decides about vertices whose inputs are there, and
// deploys tasks that are ready. Nothing is decided while a source is thinking.
func (s *Scheduler) advance() {
	s.discover()
	s.askSources()
	if s.asked > 0 {
		return
	}
	if err := s.initialize(); err != nil {
		s.failJob(adaptive.Failure{Class: "java.lang.IllegalStateException", Message: err.Error()})
		return
	}
	if s.status == adaptive.StatusCreated {
		s.move(adaptive.StatusRunning, "scheduling starts")
	}
	s.schedule()
	s.finishJob()
}

// move goes to another status.
func (s *Scheduler) move(to adaptive.Status, why string) {
	s.emit(Moved{From: s.status, To: to, Why: why})
	s.status = to
}

// end ends the job.
func (s *Scheduler) end(status adaptive.Status, f adaptive.Failure) {
	s.move(status, "the job is over")
	s.revivals = nil
	if status == adaptive.StatusSuspended {
		s.failure = f
	}
	s.emit(Ended{Status: status, Failure: s.failure, At: s.now})
}

// finishJob ends the job once all its tasks have finished.
func (s *Scheduler) finishJob() {
	if s.status != adaptive.StatusRunning {
		return
	}
	for v := range s.vertices {
		if !s.vertices[v].done() {
			return
		}
	}
	s.end(adaptive.StatusFinished, adaptive.Failure{})
}

// cancel cancels the job.
func (s *Scheduler) cancel() {
	if s.status == adaptive.StatusCancelling {
		return
	}
	s.move(adaptive.StatusCancelling, "the job is cancelled")
	s.endTasks()
}

// failJob fails the job for good.
func (s *Scheduler) failJob(f adaptive.Failure) {
	if s.status == adaptive.StatusFailing || s.status == adaptive.StatusCancelling {
		return
	}
	s.failure = f
	s.move(adaptive.StatusFailing, f.String())
	s.endTasks()
}

// endTasks cancels all tasks; the job ends with the last one.
func (s *Scheduler) endTasks() {
	s.revivals = nil
	for _, id := range s.tasks() {
		s.cancelTask(id)
	}
	s.endWithTasks()
}

// endWithTasks ends a job that is being cancelled or fails, if no task is left.
func (s *Scheduler) endWithTasks() {
	to := adaptive.StatusFailed
	switch s.status {
	case adaptive.StatusCancelling:
		to = adaptive.StatusCanceled
	case adaptive.StatusFailing:
	default:
		return
	}
	for v := range s.vertices {
		if slices.ContainsFunc(s.vertices[v].tasks, func(t task) bool { return t.state.active() }) {
			return
		}
	}
	s.end(to, s.failure)
}

// wrong remembers the first event that contradicts the job.
func (s *Scheduler) wrong(text string, args ...any) {
	if s.fault == nil {
		s.fault = fmt.Errorf(text, args...)
	}
}

// task is a task by its id; nil if there is none.
func (s *Scheduler) task(id TaskID) *task {
	if id.Vertex < 0 || id.Vertex >= len(s.vertices) {
		return nil
	}
	if tasks := s.vertices[id.Vertex].tasks; id.Subtask >= 0 && id.Subtask < len(tasks) {
		return &tasks[id.Subtask]
	}
	return nil
}

// present is a task if this attempt of it is the present one.
func (s *Scheduler) present(id TaskID, attempt int) *task {
	t := s.task(id)
	if t == nil {
		s.wrong("task %d of vertex %d: the job has none", id.Subtask, id.Vertex)
		return nil
	}
	if t.attempt != attempt || !t.state.active() {
		return nil
	}
	return t
}

// tasks are all tasks that exist, in topological order.
func (s *Scheduler) tasks() []TaskID {
	var all []TaskID
	for v := range s.vertices {
		for subtask := range s.vertices[v].tasks {
			all = append(all, TaskID{v, subtask})
		}
	}
	return all
}

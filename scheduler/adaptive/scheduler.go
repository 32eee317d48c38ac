package adaptive

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Scheduler schedules one job. It is not safe for concurrent use.
type Scheduler struct {
	job  Job
	opts Options
	// maxDelay is Options.MaxTriggerDelay as it holds for this job.
	maxDelay time.Duration

	// vertices bear the present bounds; shown are the parallelisms of a job
	// without an execution graph.
	vertices []slots.Vertex
	shown    []int
	// changed says that requirements were set from outside, now or before.
	changed bool

	pool     *slots.Pool
	restarts *restarts
	timers   timers
	timeline timeline

	state state
	since time.Time
	// visit counts the states entered, so that a timer knows its own.
	visit int
	// created is when the scheduler was made, the job's start time.
	created time.Time

	builds, executions  int
	execution           *execution // the newest, also after it ended
	attempts            [][]int    // the next attempt number of each vertex and subtask
	numRestarts         int
	numRescales         int
	checkpoint          Checkpoint
	exceptions          []Exception // oldest first
	exceptionsTruncated bool
	endedAt             time.Time
	failure             Failure
	fault               error

	// now and actions are those of the step that runs.
	now     time.Time
	actions []Action
}

// New makes the scheduler of a job that was just submitted. It refuses a job the
// Adaptive Scheduler does not take, with Flink's reason, and options that Flink
// does not take.
func New(now time.Time, job Job, o Options) (*Scheduler, error) {
	return Resume(now, job, o, Handover{})
}

// Resume makes the scheduler of a job that another JobManager left behind.
func Resume(now time.Time, job Job, o Options, left Handover) (*Scheduler, error) {
	if err := refuse(job); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	strategy, err := newRestarts(strategyOf(job, o), o.Jitter)
	if err != nil {
		return nil, fmt.Errorf("restart strategy: %w", err)
	}
	s := &Scheduler{
		job:        job,
		opts:       o,
		maxDelay:   o.TriggerDelay(job.Checkpointing),
		vertices:   initialVertices(job, o.Reactive),
		pool:       slots.NewPool(o.SlotIdleTimeout),
		restarts:   strategy,
		state:      &created{},
		visit:      1, // 0 is the whole scheduler's
		since:      now,
		created:    now,
		attempts:   make([][]int, len(job.Vertices)),
		checkpoint: left.Checkpoint,
		now:        now,
	}
	if !o.Reactive && validBounds(left.Requirements, s.vertices) {
		s.setBounds(left.Requirements)
	}
	for _, v := range s.vertices {
		s.shown = append(s.shown, v.Bounds.Upper)
	}
	s.timeline = newTimeline(o, s.vertices, job.Names)
	return s, nil
}

// refuse is the check Flink makes when it constructs the scheduler.
func refuse(job Job) error {
	if len(job.Vertices) == 0 {
		return errors.New("the job has no vertices")
	}
	if !job.Streaming {
		return errors.New("The adaptive scheduler only supports streaming jobs.") //nolint:staticcheck // Flink's text
	}
	for i, v := range job.Vertices {
		if v.Bounds.Upper <= 0 {
			return fmt.Errorf("The adaptive scheduler expects the parallelism being set for each JobVertex (violated JobVertex: %s).", v.ID) //nolint:staticcheck // Flink's text
		}
		for _, e := range job.Edges {
			if e.To != i || e.Exchange == "" || e.Exchange == Pipelined || e.Exchange == PipelinedBounded {
				continue
			}
			return fmt.Errorf("The adaptive scheduler supports pipelined data exchanges (violated by %s -> %s).", job.Vertices[e.From].ID, v.ID) //nolint:staticcheck // Flink's text
		}
	}
	return checkVertices(job)
}

// checkVertices refuses what no job graph of Flink's can contain.
func checkVertices(job Job) error {
	for _, e := range job.Edges {
		if min(e.From, e.To) < 0 || max(e.From, e.To) >= len(job.Vertices) {
			return fmt.Errorf("edge %d -> %d leads to a vertex that the job does not have", e.From, e.To)
		}
	}
	for _, v := range job.Vertices {
		if v.MaxParallelism < 0 || v.MaxParallelism > slots.MaxParallelismLimit {
			return fmt.Errorf("vertex %s: maximum parallelism %d is not between 1 and %d", v.ID, v.MaxParallelism, slots.MaxParallelismLimit)
		}
		if limit := maxParallelism(v); v.Bounds.Upper > limit {
			return fmt.Errorf("vertex %s: parallelism %d is above the maximum parallelism %d", v.ID, v.Bounds.Upper, limit)
		}
		if v.Bounds.Lower < 0 || v.Bounds.Lower > v.Bounds.Upper {
			return fmt.Errorf("vertex %s: lower bound %d is not between 1 and the parallelism %d", v.ID, v.Bounds.Lower, v.Bounds.Upper)
		}
	}
	return nil
}

func maxParallelism(v slots.Vertex) int {
	if v.MaxParallelism == 0 {
		return slots.DefaultMaxParallelism(v.Bounds.Upper)
	}
	return v.MaxParallelism
}

// strategyOf prefers the job's own restart strategy to the cluster's, and takes
// exponential-delay if there is none and the job has checkpoints.
func strategyOf(job Job, o Options) RestartStrategy {
	switch {
	case job.Restart != nil:
		return *job.Restart
	case o.Restart != nil:
		return *o.Restart
	case job.Checkpointing.Enabled():
		return DefaultRestart(RestartExponential)
	default:
		return DefaultRestart(RestartNone)
	}
}

// initialVertices are the job's, with everything that was left open filled in.
// Reactive Mode takes as much as the maximum parallelism allows.
func initialVertices(job Job, reactive bool) []slots.Vertex {
	vertices := slices.Clone(job.Vertices)
	for i := range vertices {
		v := &vertices[i]
		v.MaxParallelism = maxParallelism(*v)
		v.Bounds.Lower = max(1, v.Bounds.Lower)
		if reactive {
			v.Bounds = slots.Bounds{Lower: 1, Upper: v.MaxParallelism}
		}
	}
	return vertices
}

// Next is when the earliest timer is due; false if there is none. A Tick at that
// time lets it fire.
func (s *Scheduler) Next() (time.Time, bool) { return s.timers.next() }

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
	s.handle(e)
	s.fireDue(now)
	return s.actions
}

// fireDue fires timers in (time, insertion) order, each at its own time.
func (s *Scheduler) fireDue(now time.Time) {
	for {
		t, due := s.timers.pop(now)
		if !due {
			return
		}
		if t.at.After(s.now) {
			s.now = t.at
		}
		if t.kind == timerIdleCheck {
			s.returnIdleSlots()
			continue
		}
		s.state.fire(s, t.kind)
	}
}

// handle passes an event on: here those from outside, below the answers to what
// the scheduler asked for.
func (s *Scheduler) handle(e Event) {
	switch e := e.(type) {
	case Start:
		s.state.start(s)
	case SlotsOffered:
		s.slotsOffered(e)
	case TaskManagerLost:
		s.taskManagerLost(e)
	case RequirementsChanged:
		s.requirementsChanged(e.Bounds)
	case Cancel:
		s.state.cancel(s)
	case Suspend:
		s.state.suspend(s, e.Failure)
	case GlobalFailure:
		s.state.fail(s, s.exception(-1, -1, e.Failure))
	case StopWithSavepoint:
		s.state.stop(s, e)
	default:
		s.handleAnswer(e)
	}
}

func (s *Scheduler) handleAnswer(e Event) {
	switch e := e.(type) {
	case GraphBuilt:
		s.graphAnswered(e.Build, nil)
	case GraphFailed:
		s.graphAnswered(e.Build, &e.Failure)
	case TaskFailed:
		s.taskFailed(e)
	case TasksEnded:
		s.tasksEnded(e)
	case CheckpointCompleted:
		if s.isCurrent(e.Execution) {
			s.state.checkpointCompleted(s, e.Checkpoint)
		}
	case CheckpointFailed:
		if s.isCurrent(e.Execution) {
			s.state.checkpointFailed(s)
		}
	case SavepointCompleted:
		s.state.savepointEnded(s, e.Operation, e.Location, nil)
	case SavepointFailed:
		s.state.savepointEnded(s, e.Operation, "", &e.Failure)
	}
}

// Handover is what a high-availability store has of the job: the input of
// Resume.
func (s *Scheduler) Handover() Handover {
	left := Handover{Checkpoint: s.checkpoint}
	if s.changed {
		for _, v := range s.vertices {
			left.Requirements = append(left.Requirements, v.Bounds)
		}
	}
	return left
}

// Fault is an error of the scheduler itself: it went from one state or phase to
// another in a way the tables do not have. It is nil unless there is a defect.
func (s *Scheduler) Fault() error { return s.fault }

func (s *Scheduler) emit(a Action) { s.actions = append(s.actions, a) }

func (s *Scheduler) note(text string, args ...any) {
	s.emit(Noted{Text: fmt.Sprintf(text, args...)})
}

// after sets a timer of the present state.
func (s *Scheduler) after(d time.Duration, kind timerKind) {
	s.timers.set(s.now.Add(d), kind, s.visit, 0)
}

package adaptive

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// building is CreatingExecutionGraph: the parallelism is decided, and the graph
// is being built elsewhere.
type building struct {
	withoutGraph
	number     int // of the BuildGraph action
	plan       slots.Plan
	placements []slots.Placement
	next       *execution
}

func (*building) id() State      { return StateCreatingExecutionGraph }
func (*building) status() Status { return StatusCreated }

func (s *Scheduler) goToBuilding(why string) { s.move(&building{}, why, "") }

// enter plans with the free slots. Without a plan the job fails, by a timer.
func (b *building) enter(s *Scheduler) {
	plan, placements, ok := s.plan()
	if !ok {
		s.after(0, timerPlanFailed)
		return
	}
	s.builds++
	b.number, b.plan, b.placements = s.builds, plan, placements
	b.next = &execution{
		parallelism: plan.Parallelism,
		placements:  placements,
		attempts:    s.nextAttempts(plan.Parallelism),
		restore:     s.restore(),
	}
	b.next.reached[StatusInitializing] = s.created
	b.next.reached[StatusCreated] = s.now
	s.emit(BuildGraph{Build: b.number, Parallelism: plan.Parallelism, Placements: placements, Restore: b.next.restore})
}

// restore is what a graph built now starts from.
func (s *Scheduler) restore() Restore {
	if s.checkpoint.ID != 0 {
		return Restore{Checkpoint: s.checkpoint}
	}
	return Restore{Savepoint: s.job.Savepoint}
}

// graphAnswered passes the answer to the latest BuildGraph on.
func (s *Scheduler) graphAnswered(build int, failure *Failure) {
	if build == s.builds {
		s.state.graphAnswered(s, failure)
	}
}

// graphAnswered runs the job if the graph is there and its slots are still free.
func (b *building) graphAnswered(s *Scheduler, failure *Failure) {
	switch {
	case b.next == nil:
	case failure != nil:
		b.end(s, whyBuildFailed, *failure)
	case !s.pool.Reserve(b.next.allocations()):
		s.goToWaiting(whySlotsVanished)
	default:
		b.run(s)
	}
}

func (b *building) fire(s *Scheduler, kind timerKind) {
	if kind == timerPlanFailed {
		b.end(s, whyNoPlan, Failure{
			Class:   "org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException",
			Message: "Not enough resources available for scheduling.",
		})
	}
}

// end fails the job: no restart strategy is asked here.
func (b *building) end(s *Scheduler, why string, f Failure) {
	s.timeline.failed(s.now)
	s.finish(why, StatusFailed, f)
}

func (b *building) run(s *Scheduler) {
	s.executions++
	b.next.number = s.executions
	b.next.reached[StatusRunning] = s.now
	s.execution = b.next
	s.timeline.planned(b.plan)
	s.move(&executing{fresh: true}, whyBuilt, fmt.Sprintf("parallelism %v", b.plan.Parallelism))
}

package fleet

import (
	"slices"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// State says in one word where a job stands.
type State string

// The states.
const (
	// Steady: at the right size, within its bounds.
	Steady State = "steady"
	// Filling: too new for a decision; the metric window is filling.
	Filling State = "filling"
	// Scaling: a rescale is on its way.
	Scaling State = "scaling"
	// CatchingUp: a source is so far behind that bounds are relaxed.
	CatchingUp State = "catching up"
	// Waiting: a change is due, and a rule makes it wait: a delayed scale-down, say.
	Waiting State = "waiting"
	// Paused: people, or configuration, keep Sluice's hand off.
	Paused State = "paused"
	// Blocked: a change is due, and something stands against it.
	Blocked State = "blocked"
	// NotScalable: the job can only be reported on, or not even that.
	NotScalable State = "not scalable"
	// NotRunning: the job does not run just now.
	NotRunning State = "not running"
	// Unknown: this process has not judged the job yet.
	Unknown State = "unknown"
	// Doubtful: its metrics do not allow a judgement.
	Doubtful State = "doubtful"
)

// stateOf says where a job stands after a pass, and why in a sentence.
func stateOf(r *autoscaler.Report) (State, string) {
	d := &r.Decision
	why := d.Detail
	if r.Obstacle.Text != "" {
		why = r.Obstacle.Text
	}
	switch {
	case r.Scope != autoscaler.ScopeScale:
		return outOfScope(r)
	case d.Reason == autoscaler.ReasonNotRunning:
		return NotRunning, why
	case r.Act.Pending():
		return Scaling, why
	case r.Held.Reason != "":
		return Paused, r.Held.Text
	case d.Reason == scaling.ReasonScalingDisabled || d.Reason == scaling.ReasonExcludedPeriod:
		return Paused, why
	case d.Reason == scaling.ReasonNotScalable:
		return NotScalable, why
	case d.Reason == scaling.ReasonWindowNotFull:
		return Filling, why
	case r.Obstacle.Reason != "":
		return Blocked, why
	case r.Evaluation == nil:
		return Doubtful, why
	case r.Evaluation.Backlog:
		return CatchingUp, why
	case slices.ContainsFunc(d.Vertices, func(v scaling.VertexDecision) bool { return v.Reason == scaling.ReasonDelayed }):
		return Waiting, why
	}
	return Steady, why
}

func outOfScope(r *autoscaler.Report) (State, string) {
	if r.Scope == autoscaler.ScopeDisabled {
		return Paused, r.Why
	}
	return NotScalable, r.Why
}

package fleet

import (
	"slices"
	"time"

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
	// Failed: the newest pass came to no decision.
	Failed State = "failed"
	// Unknown: this process has not judged the job yet.
	Unknown State = "unknown"
	// Away: the cluster does not answer; what is known of the job is of before that.
	Away State = "away"
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
		return Filling, FillingText(r.Window.FullAt, why)
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

// freeOf says where a job would stand, and why, if nobody held it; empty where no hold
// makes the difference.
func freeOf(r *autoscaler.Report) (State, string) {
	if state, _ := stateOf(r); state != Paused || r.Held.Reason == "" || r.Scope != autoscaler.ScopeScale {
		return "", ""
	}
	if r.Decision.Reason == r.Held.Reason {
		return Waiting, "a change is due that a hold was in the way of; the next pass looks again"
	}
	free := *r
	free.Held = autoscaler.Obstacle{}
	return stateOf(&free)
}

// FillingText says until when a metric window fills; otherwise what it says where that
// is not known.
func FillingText(full time.Time, otherwise string) string {
	if full.IsZero() {
		return otherwise
	}
	return "the metric window is full at " + full.UTC().Format(time.RFC3339)
}

func outOfScope(r *autoscaler.Report) (State, string) {
	if r.Scope == autoscaler.ScopeDisabled {
		return Paused, r.Why
	}
	return NotScalable, r.Why
}

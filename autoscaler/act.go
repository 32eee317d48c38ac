package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// act saves what was decided and then does it. Every obstacle ends here.
func (p *pass) act(ctx context.Context) error {
	if p.outcome.Decision.Scale || p.heldByBounds() {
		if err := p.clear(ctx); err != nil {
			return err
		}
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	// A quota or an executor may have made of it what failed before.
	if p.outcome.Decision.Scale && p.failedBefore(p.wanted()) {
		p.blockFailedBefore()
	}
	if !p.outcome.Decision.Scale {
		p.state.Scaling = p.outcome.State
		p.countBalanced()
		if err := p.tellObstacle(ctx); err != nil {
			return err
		}
		return p.save(ctx)
	}
	return p.execute(ctx)
}

// heldByBounds tells whether nothing but the bounds as last seen stands against
// a change: they are read again then, since their user may have lifted them.
func (p *pass) heldByBounds() bool {
	if p.job.Scope == ScopeReport || p.state.Act.Pending() {
		return false
	}
	in := p.input()
	binding := false
	for _, b := range in.Bounds {
		binding = binding || b.Pinned || b.Floor > 1
	}
	if !binding {
		return false
	}
	// A scale-down begins to wait for its interval once the bounds allow it.
	in.Bounds, in.Config.ScaleDownInterval = nil, 0
	free := scaling.Decide(in)
	return free.Decision.Scale
}

// clear looks for what stands against an executable decision, and takes the
// decision back if it finds something.
func (p *pass) clear(ctx context.Context) error {
	switch want := p.wanted(); {
	case !p.outcome.Decision.Scale: // the bounds alone are in question
	case p.job.Scope == ScopeReport:
		p.block(Obstacle{ReasonNotScalableHere, p.job.Why})
		return nil
	case p.state.Act.Pending():
		p.block(Obstacle{ReasonUnderWay, fmt.Sprintf("the rescale decided at %s is on its way", p.state.Act.Decided.UTC().Format(time.RFC3339))})
		return nil
	case p.failedBefore(want) && p.state.Act.Reason.Reason != ReasonSuperseded:
		p.blockFailedBefore()
		return nil
	}
	ready, err := p.cfg.Realizer.Prepare(ctx, p.job, &p.state)
	if err != nil {
		return fmt.Errorf("look at the job before a rescale: %w", err)
	}
	p.state.Bounds = ready.Bounds
	if ready.Changed {
		if err := p.tell(ctx, Event{Type: EventNormal, Reason: EventBoundsChanged, Message: "someone else changed the job's resource requirements; their bounds are accepted: " + p.boundsText()}); err != nil {
			return err
		}
	}
	// The bounds may be news to the decision.
	switch p.runAlgorithm(); {
	case !p.outcome.Decision.Scale:
	case ready.Blocked.Reason != "":
		p.block(ready.Blocked)
	case p.failedBefore(p.wanted()):
		p.blockFailedBefore()
	}
	return nil
}

func (p *pass) blockFailedBefore() {
	p.block(Obstacle{ReasonFailedBefore, "the same change failed before: " + p.state.Act.Reason.Text})
}

// wanted is the parallelism to ask for. Vertices that configuration or their user
// took out are not in it: their bounds stay as they are.
func (p *pass) wanted() scaling.Parallelism {
	want := p.outcome.Decision.Target()
	for i := range p.outcome.Decision.Vertices {
		switch v := &p.outcome.Decision.Vertices[i]; v.Reason {
		case scaling.ReasonExcluded, scaling.ReasonPinned:
			delete(want, v.Vertex)
		}
	}
	return want
}

func (p *pass) failedBefore(want scaling.Parallelism) bool {
	a := p.state.Act
	return a != nil && a.Phase == PhaseFailed && a.Reason.Reason != "" && a.wants(want) &&
		p.now.Before(a.Ended.Add(p.settings.RescaleTimeout))
}

func (p *pass) block(o Obstacle) {
	p.report.Obstacle = o
	p.outcome.Decision.Scale, p.outcome.Decision.Reason, p.outcome.Decision.Detail = false, o.Reason, o.Text
}

func (p *pass) boundsText() string {
	var b strings.Builder
	for i := range p.observation.Topology.Vertices {
		id := p.observation.Topology.Vertices[i].ID
		if bound, known := p.state.Bounds[id]; known {
			fmt.Fprintf(&b, "%s %d to %d; ", id, bound.Lower, bound.Upper)
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// requirementsText is what was asked for; a realizer whose platform has no
// bounds was asked for the parallelism alone.
func (p *pass) requirementsText() string {
	if len(p.state.Bounds) > 0 {
		return p.boundsText()
	}
	var b strings.Builder
	for i := range p.outcome.Decision.Vertices {
		v := &p.outcome.Decision.Vertices[i]
		fmt.Fprintf(&b, "%s %d; ", v.Vertex, v.To)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// countBalanced counts as the reference does: every pass with a full window that
// changes nothing, for whatever reason.
func (p *pass) countBalanced() {
	if p.report.Window.Full && p.outcome.Evaluation != nil {
		p.job.Metrics.balanced()
	}
}

// tellObstacle reports a decision that is not executed.
func (p *pass) tellObstacle(ctx context.Context) error {
	d := &p.outcome.Decision
	if p.outcome.Evaluation == nil || d.Changes() == 0 || d.Reason == ReasonUnderWay {
		return nil
	}
	changes := changesOf(d, p.outcome.Evaluation)
	header, key := headerDisabled, "ScalingExecutor"
	configured := d.Reason == scaling.ReasonScalingDisabled || d.Reason == scaling.ReasonExcludedPeriod || d.Reason == ReasonHeld
	switch d.Reason {
	case ReasonCapacity, ReasonQuota, ReasonVetoed:
		return nil // told where they came up
	case scaling.ReasonScalingDisabled:
	case scaling.ReasonExcludedPeriod:
		header = fmt.Sprintf(headerExcluded, strings.Join(p.settings.ExcludedPeriods, ", "))
	default:
		header = fmt.Sprintf("Scaling not executed (%s: %s), recommended parallelism change:", d.Reason, d.Detail)
		key = string(d.Reason)
	}
	err := p.tell(ctx, Event{
		Type: EventNormal, Reason: EventScalingReport, Message: scalingReport(header, changes),
		Key: key, Interval: p.settings.EventInterval, Changes: changes,
	})
	if err != nil || configured || d.Reason == ReasonNotScalableHere {
		return err
	}
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventScalingBlocked, Message: d.Detail, Key: string(d.Reason), Interval: p.settings.EventInterval,
	})
}

// tellExecuted reports a decision that is executed.
func (p *pass) tellExecuted(ctx context.Context) error {
	changes := changesOf(&p.outcome.Decision, p.outcome.Evaluation)
	return p.tell(ctx, Event{
		Type: EventNormal, Reason: EventScalingReport, Message: scalingReport(headerExecuted, changes),
		Key: "ScalingExecutor", Changes: changes,
	})
}

// execute records the intent, acts, and records the outcome.
func (p *pass) execute(ctx context.Context) error {
	p.state.Act = &Act{
		Decided: p.now, Want: p.wanted(), From: p.observation.Topology.Parallelism(), Phase: PhaseIntended,
	}
	p.state.Scaling = p.outcome.Intended()
	if err := p.save(ctx); err != nil {
		return err
	}
	if err := p.tellExecuted(ctx); err != nil {
		return err
	}
	act := *p.state.Act
	p.asked = true
	if err := p.cfg.Realizer.Realize(ctx, p.job, &p.state, &act); err != nil {
		return p.notRealized(ctx, act, err)
	}
	p.state.Act = &act
	p.state.Scaling = p.outcome.Executed()
	p.report.Scaled = true
	p.job.Metrics.scaled()
	if err := p.save(ctx); err != nil {
		return err
	}
	return p.tell(ctx, Event{Type: EventNormal, Reason: EventScaling, Message: "In-place scaling triggered, the new requirements is " + p.requirementsText() + "."})
}

// notRealized keeps the intent when nobody knows whether the request arrived:
// the next pass looks. A refusal is final for this change.
func (p *pass) notRealized(ctx context.Context, act Act, err error) error {
	if errors.Is(err, ErrNotOurs) {
		return err // its new owner finds the intent
	}
	var refused *RefusedError
	if errors.As(err, &refused) {
		act.Phase, act.Ended, act.Reason = PhaseFailed, p.now, Obstacle{ReasonRefused, err.Error()}
		p.state.Act = &act
		p.block(act.Reason)
		p.state.Scaling = p.outcome.State
	}
	return errors.Join(fmt.Errorf("ask Flink for another parallelism: %w", err), p.save(ctx))
}

package autoscaler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/sluice-project/sluice/scaling"
)

// What this file holds is the manner of the reference, for which
// sluice.rescale.guarded is false: a decision counts as executed once it is
// made, and whatever happens in a pass, the realizer is told what was decided
// last.

// handover is the realizer for that manner, if there is one and it is asked for.
func (p *pass) handover() (Handover, bool) {
	if p.settings.Guarded {
		return nil, false
	}
	h, ok := p.cfg.Realizer.(Handover)
	return h, ok
}

// commit records a decision.
func (p *pass) commit(ctx context.Context) error {
	d := &p.outcome.Decision
	if !d.Scale {
		p.state.Scaling = p.outcome.State
		p.countBalanced()
		if err := p.tellObstacle(ctx); err != nil {
			return err
		}
		return p.save(ctx)
	}
	if err := p.tellExecuted(ctx); err != nil {
		return err
	}
	p.state.Scaling = p.outcome.Executed()
	p.state.Overrides, p.state.Changes = d.Target(), p.changes
	p.report.Scaled = true
	p.job.Metrics.scaled()
	return p.save(ctx)
}

// keep stores what a pass that failed has learned until then. It becomes durable
// with what a later pass saves. Scale-downs that wait already go on waiting; new
// ones begin with a pass that succeeds.
func (p *pass) keep(ctx context.Context) error {
	if _, unguarded := p.handover(); !unguarded || p.observation == nil {
		return nil
	}
	p.report.Decision = p.outcome.Decision
	p.report.Decision.Scale = false
	switch {
	case p.report.Samples == 0: // failed while it collected
		if p.state.Window.RestartedBy(p.observation.Sample.RunningSince) {
			p.state.Window = scaling.Window{}
		}
		if t := p.observation.Topology; t != nil {
			p.state.Scaling.History = p.settings.Scaling.ForgetGone(p.state.Scaling.History, t, p.now)
		}
	case p.outcome.Decision.Reason != "":
		p.state.Scaling.History, p.state.Scaling.Tracking = p.outcome.State.History, p.outcome.State.Tracking
		if len(p.state.Scaling.Delayed) > 0 && len(p.outcome.Decision.Vertices) > 0 {
			p.state.Scaling.Delayed = p.outcome.State.Delayed
		}
	}
	if err := p.store.Put(ctx, p.job.Key, p.state); err != nil {
		p.dropIfInvalid(err, p.store)
		return fmt.Errorf("keep the state of job %s: %w", p.job.Key, err)
	}
	return nil
}

// handOver tells the realizer what was decided last. failed says that the pass
// did.
func (p *pass) handOver(ctx context.Context, failed bool) error {
	if p.settings == nil {
		settings, err := p.job.settings()
		if err != nil || settings.Guarded {
			return nil // told where it matters
		}
		p.settings = settings
	}
	h, ok := p.handover()
	if !ok || p.job.Held.Reason != "" {
		return nil
	}
	if !p.loaded {
		if failed {
			return nil
		}
		if err := p.load(ctx); err != nil {
			return err
		}
	}
	if err := p.handOverParallelism(ctx, h); err != nil {
		return err
	}
	if err := p.settings.fault(atHandover); err != nil || !p.settings.Tuning.Enabled {
		return err
	}
	if err := h.HandOverConfig(ctx, p.job, p.state.Changes); err != nil {
		return fmt.Errorf("hand the configuration changes over: %w", err)
	}
	return nil
}

func (p *pass) handOverParallelism(ctx context.Context, h Handover) error {
	if len(p.state.Overrides) == 0 {
		return nil
	}
	overrides, err := p.mergedOverrides()
	if err != nil {
		return err
	}
	handed, err := h.HandOver(ctx, p.job, overrides)
	switch {
	case err != nil:
		return fmt.Errorf("hand the parallelism over: %w", err)
	case handed.Asked:
		return p.tell(ctx, Event{Type: EventNormal, Reason: EventScaling, Message: "In-place scaling triggered, the new requirements is " + parallelismText(overrides) + "."})
	case handed.Obstacle.Reason != "":
		p.report.Obstacle = handed.Obstacle
		return p.tell(ctx, Event{
			Type: EventWarning, Reason: EventScalingBlocked, Message: handed.Obstacle.Text, Key: string(handed.Obstacle.Reason), Interval: p.settings.EventInterval,
		})
	}
	return nil
}

// mergedOverrides puts what was decided on top of what the job's own
// configuration asks for; for vertices that are not scaled, below it.
func (p *pass) mergedOverrides() (scaling.Parallelism, error) {
	merged := make(scaling.Parallelism, len(p.state.Overrides)+len(p.settings.UserOverrides))
	for id, text := range p.settings.UserOverrides {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("read the job's own parallelism of vertex %s: %w", id, err)
		}
		merged[scaling.VertexID(id)] = n
	}
	for id, n := range p.state.Overrides {
		if _, users := merged[id]; !users || !p.excluded(id) {
			merged[id] = n
		}
	}
	return merged, nil
}

// excluded tells whether a vertex is not scaled in this pass, as far as that is
// known.
func (p *pass) excluded(id scaling.VertexID) bool {
	if slices.Contains(p.settings.Scaling.Excluded, id) {
		return true
	}
	if p.observation == nil {
		return false
	}
	if t := p.observation.Topology; t != nil {
		if i := t.Index(id); i >= 0 && t.Vertices[i].Finished {
			return true
		}
	}
	return slices.Contains(p.observation.Unusable, id)
}

func parallelismText(p scaling.Parallelism) string {
	text := ""
	for i, id := range slices.Sorted(maps.Keys(p)) {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s %d", id, p[id])
	}
	return text
}

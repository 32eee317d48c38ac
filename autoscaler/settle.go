package autoscaler

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// settle asks whoever has a say in a decision that is to be executed: memory
// tuning, the platform's room, the quotas, and custom executors, in this order
// (spec section 6.1). One that is against it takes the decision back. A quota that
// is fulfilled in part comes first, since the others are to hear what is left.
func (p *pass) settle(ctx context.Context) error {
	if x := p.missingExtension(); x != nil && p.settings.RequireExtensions && p.outcome.Decision.Scale {
		// What would veto a change, or make it another one, is not asked.
		p.block(Obstacle{scaling.ReasonFault, x.missing() + ": nothing is changed without it"})
		return nil
	}
	order := [...]func(context.Context) error{p.tune, p.askForRoom, p.askQuota, p.askExecutors}
	if p.settings.Tuning.PartialQuota {
		order = [...]func(context.Context) error{p.keepToQuota, p.tune, p.askForRoom, p.askExecutors}
	}
	for _, ask := range order {
		if !p.outcome.Decision.Scale {
			return nil
		}
		if err := ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) rescale() tuning.Rescale { return p.rescaleTo(p.outcome.Decision.Target()) }

func (p *pass) rescaleTo(target scaling.Parallelism) tuning.Rescale {
	return tuning.Rescale{
		Topology: p.observation.Topology, Target: target,
		SlotsUsed:           p.outcome.Evaluation.Global.Latest[scaling.NumTaskSlotsUsed],
		SlotsPerTaskManager: p.settings.Tuning.SlotsPerTaskManager,
	}
}

// tune works out the memory for the new parallelism. It is always told, and
// executed where that is enabled.
func (p *pass) tune(ctx context.Context) error {
	s := &p.settings.Tuning
	tuned, err := tuning.Tune(p.tuningInput(p.rescale()))
	if errors.Is(err, tuning.ErrNotTunable) {
		p.warn(err)
		return nil
	}
	if err != nil {
		return err
	}
	changes := tuned.Changes()
	if s.Enabled {
		p.changes, p.tunedMemory = changes, tuned.Process
	}
	return p.tell(ctx, Event{
		Type: EventNormal, Reason: EventMemoryTuning, Message: changes.Recommendation(s.Enabled),
		Key: "MemoryTuning", Interval: p.settings.EventInterval,
	})
}

func (p *pass) tuningInput(r tuning.Rescale) tuning.Input {
	s, average := &p.settings.Tuning, &p.outcome.Evaluation.Global.Average
	return tuning.Input{
		Spec: s.Spec, MaxMemory: p.taskManagerMemory(), Config: s.Config, Rescale: r,
		Usage: tuning.Usage{
			Heap: average[scaling.HeapMemoryUsed], Managed: average[scaling.ManagedMemoryUsed], Metaspace: average[scaling.MetaspaceMemoryUsed],
		},
	}
}

// taskManagerMemory is the size of one TaskManager in bytes; 0 if it is not known.
func (p *pass) taskManagerMemory() int64 {
	if p.job.TaskManagerMemory > 0 {
		return p.job.TaskManagerMemory
	}
	return p.settings.Tuning.Spec.Process.Bytes
}

// memoryAfter is that size once the decision is executed.
func (p *pass) memoryAfter() int64 {
	if p.tunedMemory > 0 {
		return p.tunedMemory
	}
	if configured := p.settings.Tuning.Spec.Process; configured.Set {
		return configured.Bytes
	}
	return p.taskManagerMemory()
}

func (p *pass) askForRoom(ctx context.Context) error {
	rescale := p.rescale()
	request, known := rescale.CapacityRequest(p.job.TaskManagerCPU, p.memoryAfter())
	if !known || p.cfg.Resources == nil {
		return nil
	}
	room, err := p.cfg.Resources.Allows(ctx, p.job, request)
	if err != nil {
		return fmt.Errorf("ask for room for %d TaskManagers: %w", request.TaskManagersAfter, err)
	}
	if room {
		return nil
	}
	p.block(Obstacle{ReasonCapacity, fmt.Sprintf("the platform has no room for %d TaskManagers in place of %d", request.TaskManagersAfter, request.TaskManagersNow)})
	if !p.settings.ReportCapacityRefusals {
		return nil
	}
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventScalingBlocked, Message: p.report.Obstacle.Text, Key: string(ReasonCapacity), Interval: p.settings.EventInterval,
	})
}

func (p *pass) askExecutors(ctx context.Context) error {
	chain := p.executors()
	vetoed, err := p.outcome.Execute(p.input(), chain)
	switch {
	case err != nil:
		return err
	case vetoed == nil && len(chain) > 0 && p.settings.DropUnchanged && p.outcome.Decision.Changes() == 0:
		return p.veto(ctx, "", "Scaling custom executors left every vertex at its parallelism: there is nothing to rescale.")
	case vetoed == nil:
		return nil
	}
	return p.veto(ctx, vetoed.Name, fmt.Sprintf("Scaling decision vetoed by scaling custom executor instance '%s' (class=%s).", vetoed.Name, vetoed.Class))
}

// veto takes a decision back on behalf of an executor, or of all together.
func (p *pass) veto(ctx context.Context, executor, text string) error {
	p.block(Obstacle{ReasonVetoed, text})
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventScalingVetoed, Message: text, Key: "ScalingVetoed:" + executor, Interval: p.settings.EventInterval,
	})
}

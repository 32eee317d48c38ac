package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

const quotaReached = "Resource usage is above the allowed limit for scaling operations. Please adjust the resource quota manually."

// warnOfUnknownSize tells of a quota that cannot be kept, since nobody says how
// large a TaskManager is.
func (p *pass) warnOfUnknownSize() {
	quota, unlimited := p.settings.Tuning.Quota, tuning.Unlimited()
	if quota.CPU < unlimited.CPU && !(p.job.TaskManagerCPU > 0) {
		p.warn(errors.New("job.autoscaler.quota.cpu is not kept: the CPU of a TaskManager is not known (set taskmanager.cpu.cores)"))
	}
	if quota.Memory < unlimited.Memory && p.memoryAfter() <= 0 {
		p.warn(errors.New("job.autoscaler.quota.memory is not kept: the memory of a TaskManager is not known (set taskmanager.memory.process.size)"))
	}
}

func (p *pass) askQuota(ctx context.Context) error {
	p.warnOfUnknownSize()
	rescale := p.rescale()
	verdict, err := p.settings.Tuning.Quota.Check(&rescale, p.job.TaskManagerCPU, p.memoryAfter())
	if err != nil || verdict.Exceeded == "" {
		return err
	}
	p.block(Obstacle{ReasonQuota, fmt.Sprintf("%d TaskManagers would exceed the quota of %s", verdict.TaskManagersAfter, verdict.Exceeded)})
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventResourceQuota, Interval: p.settings.EventInterval,
		Message: quotaReached,
	})
}

// keepToQuota makes the scale-ups of a decision so small that the quota allows
// them. A job that is above its quota already does not grow; what shrinks may.
func (p *pass) keepToQuota(ctx context.Context) error {
	if p.settings.Tuning.Quota == tuning.Unlimited() {
		return nil
	}
	p.warnOfUnknownSize()
	wanted, err := p.need(p.outcome.Decision.Target())
	if err != nil || wanted.TaskManagers <= wanted.Most {
		return err
	}
	least, err := p.need(p.withoutGrowth())
	if err != nil {
		return err
	}
	fits := func(target scaling.Parallelism) bool {
		n, failed := p.need(target)
		err = errors.Join(err, failed)
		return failed == nil && n.TaskManagers <= max(n.Most, least.TaskManagers)
	}
	confined := p.outcome.Confine(p.input(), fits, float64(wanted.TaskManagers), float64(wanted.Most))
	switch {
	case err != nil:
		return err
	case !confined.Worth:
		return p.blockByQuota(ctx, wanted)
	case confined.Share == 1:
		return nil
	}
	changes := changesOf(&p.outcome.Decision, p.outcome.Evaluation)
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventResourceQuota, Key: ChangesText(changes), Interval: p.settings.EventInterval,
		Message: fmt.Sprintf("Resource usage would be above the allowed limit for scaling operations: %d TaskManagers are needed, and the quota of %s allows %d. "+
			"Scaled as far as that goes, to %.0f %% of what is needed: %s. Please adjust the resource quota manually.",
			wanted.TaskManagers, wanted.By, wanted.Most, 100*confined.Share, p.confinedText()),
	})
}

// need is what the job needs at a parallelism, and what the quota leaves it.
func (p *pass) need(target scaling.Parallelism) (tuning.Need, error) {
	r := p.rescaleTo(target)
	memory := p.memoryAfter()
	if p.settings.Tuning.Enabled {
		tuned, err := tuning.Tune(p.tuningInput(r))
		switch {
		case err == nil:
			memory = tuned.Process
		case !errors.Is(err, tuning.ErrNotTunable):
			return tuning.Need{}, err
		}
	}
	return p.settings.Tuning.Quota.Need(&r, p.job.TaskManagerCPU, memory)
}

// withoutGrowth is the parallelism after the scale-downs alone.
func (p *pass) withoutGrowth() scaling.Parallelism {
	target := p.outcome.Decision.Target()
	for i := range p.outcome.Decision.Vertices {
		v := &p.outcome.Decision.Vertices[i]
		target[v.Vertex] = min(v.From, v.To)
	}
	return target
}

func (p *pass) blockByQuota(ctx context.Context, wanted tuning.Need) error {
	// What tuning recommends may be what makes room.
	if err := p.tune(ctx); err != nil {
		return err
	}
	p.block(Obstacle{ReasonQuota, fmt.Sprintf("%d TaskManagers would exceed the quota of %s, which allows %d", wanted.TaskManagers, wanted.By, wanted.Most)})
	return p.tell(ctx, Event{Type: EventWarning, Reason: EventResourceQuota, Interval: p.settings.EventInterval, Message: quotaReached})
}

// confinedText says how far each vertex got that the quota confined.
func (p *pass) confinedText() string {
	var parts []string
	for i := range p.outcome.Decision.Vertices {
		v := &p.outcome.Decision.Vertices[i]
		if n := len(v.Guards); n > 0 && v.Guards[n-1].Rule == scaling.RuleQuota {
			parts = append(parts, fmt.Sprintf("%q %d -> %d of %d", v.Name, v.From, v.To, v.Guards[n-1].Before))
		}
	}
	return strings.Join(parts, ", ")
}

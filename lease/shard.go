package lease

import (
	"context"
	"fmt"
	"slices"

	"github.com/sluice-project/sluice/autoscaler"
)

// Listed tells which jobs a cluster lists. Those that may be ours are taken
// before it returns, if the store answers.
func (k *Keeper) Listed(ctx context.Context, cluster string, jobs []autoscaler.JobKey) {
	k.mu.Lock()
	k.seen[cluster] = k.cfg.Clock()
	if !k.cfg.Whole {
		k.listed[cluster] = jobs
	}
	unknown := slices.ContainsFunc(k.listed[cluster], func(job autoscaler.JobKey) bool { return k.grants[job] == nil && !k.others[job] })
	ask := k.failed == 0 && (unknown || k.id == "")
	k.mu.Unlock()
	if ask {
		k.try(ctx, false)
	}
}

// Enter begins work on a job. It returns false for a job that is not ours. The
// context that it returns ends when the lease is lost, with [ErrLost] as its
// cause, and grants the [Grant]; leave has to be called at the end of the work.
func (k *Keeper) Enter(ctx context.Context, job autoscaler.JobKey) (_ context.Context, leave func(), ok bool) {
	if k.cfg.Whole {
		job = Whole
	}
	k.mu.Lock()
	g := k.grants[job]
	valid := k.valid()
	k.mu.Unlock()
	if g == nil || !valid {
		return ctx, nil, false
	}
	return g.enter(ctx)
}

// Claim is Enter for a job that is gone and is to be forgotten: whoever comes
// first takes it. It returns false while it is another's.
func (k *Keeper) Claim(ctx context.Context, job autoscaler.JobKey) (_ context.Context, leave func(), ok bool, err error) {
	if ctx, leave, ok := k.Enter(ctx, job); ok || k.cfg.Whole {
		return ctx, leave, ok, nil
	}
	if err := k.claim(ctx, job); err != nil {
		return ctx, nil, false, fmt.Errorf("take the lease of job %s: %w", job, err)
	}
	ctx, leave, ok = k.Enter(ctx, job)
	return ctx, leave, ok, nil
}

func (k *Keeper) claim(ctx context.Context, job autoscaler.JobKey) error {
	if !k.take(ctx) {
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	k.mu.Lock()
	id := k.id
	held := k.grants[job] != nil
	k.mu.Unlock()
	if id == "" || held {
		return nil
	}
	standing, err := k.cfg.Store.Check(ctx, job)
	if err != nil || standing.Alive {
		return err
	}
	if err := k.cfg.Store.Take(ctx, id, []Lease{standing.Lease}); err != nil {
		return err
	}
	if standing, err = k.cfg.Store.Check(ctx, job); err != nil || standing.Owner != id {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == id {
		k.grants[job] = newGrant(k, standing.Lease, k.cfg.Clock())
	}
	return nil
}

// Forgotten gives up the lease of a job that is gone. The work on it has ended.
func (k *Keeper) Forgotten(ctx context.Context, job autoscaler.JobKey) error {
	if k.cfg.Whole {
		return nil
	}
	if !k.take(ctx) {
		return ctx.Err()
	}
	defer func() { <-k.turn }()
	k.mu.Lock()
	id := k.id
	if k.grants[job] != nil {
		k.lose(job)
	}
	k.mu.Unlock()
	if err := k.cfg.Store.Drop(ctx, id, job); err != nil {
		return fmt.Errorf("give up the lease of job %s: %w", job, err)
	}
	return nil
}

package metrics

import (
	"context"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/lease"
)

// Around measures the uses that a store makes of the database: what it returns runs
// each of them, by what it is for. ops are those that there are.
func (p *Probe) Around(store string, ops ...string) func(op string, use func() error) error {
	if p == nil {
		return func(_ string, use func() error) error { return use() }
	}
	for _, op := range ops { // an increase is seen from a zero only
		p.failures.WithLabelValues(store, op)
	}
	return func(op string, use func() error) error {
		began := p.now()
		err := use()
		p.uses.WithLabelValues(store, op).Observe(p.now().Sub(began).Seconds())
		if err != nil {
			p.failures.WithLabelValues(store, op).Inc()
		}
		return err
	}
}

// Holds is a store of holds whose calls are measured.
func (p *Probe) Holds(next control.HoldStore) control.HoldStore {
	if p == nil {
		return next
	}
	return probedHolds{next, p.Around("holds", "save", opRemove, "load")}
}

type probedHolds struct {
	next   control.HoldStore
	around func(op string, use func() error) error
}

// Save implements [control.HoldStore].
func (s probedHolds) Save(ctx context.Context, h control.HeldJob) error {
	return s.around("save", func() error { return s.next.Save(ctx, h) })
}

// Remove implements [control.HoldStore].
func (s probedHolds) Remove(ctx context.Context, key autoscaler.JobKey) error {
	return s.around(opRemove, func() error { return s.next.Remove(ctx, key) })
}

// Load implements [control.HoldStore].
func (s probedHolds) Load(ctx context.Context) (all []control.HeldJob, err error) {
	err = s.around("load", func() error {
		all, err = s.next.Load(ctx)
		return err
	})
	return all, err
}

// Leases is a store of leases whose frequent calls are measured: those that keep a
// lease, and those that stand before a write.
func (p *Probe) Leases(next lease.Store) lease.Store {
	if p == nil {
		return next
	}
	return probedLeases{next, p.Around("leases", "renew", "view", "take", "check")}
}

type probedLeases struct {
	lease.Store
	around func(op string, use func() error) error
}

// Renew implements [lease.Store].
func (s probedLeases) Renew(ctx context.Context, id string, watches []string, ttl time.Duration) (alive bool, err error) {
	err = s.around("renew", func() error {
		alive, err = s.Store.Renew(ctx, id, watches, ttl)
		return err
	})
	return alive, err
}

// View implements [lease.Store].
func (s probedLeases) View(ctx context.Context) (v lease.View, err error) {
	err = s.around("view", func() error {
		v, err = s.Store.View(ctx)
		return err
	})
	return v, err
}

// Take implements [lease.Store].
func (s probedLeases) Take(ctx context.Context, id string, leases []lease.Lease) error {
	return s.around("take", func() error { return s.Store.Take(ctx, id, leases) })
}

// Check implements [lease.Store].
func (s probedLeases) Check(ctx context.Context, job autoscaler.JobKey) (standing lease.Standing, err error) {
	err = s.around("check", func() error {
		standing, err = s.Store.Check(ctx, job)
		return err
	})
	return standing, err
}

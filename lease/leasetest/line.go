package leasetest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/lease"
)

// Line is one process's connection to a store, which can be cut.
type Line struct {
	Store lease.Store

	fault atomic.Pointer[error]
	calls atomic.Int64
}

var _ lease.Store = (*Line)(nil)

// Cut lets every call end with err; nil mends the line.
func (l *Line) Cut(err error) {
	if err == nil {
		l.fault.Store(nil)
		return
	}
	l.fault.Store(&err)
}

// Calls is how many calls were made so far, whatever became of them.
func (l *Line) Calls() int { return int(l.calls.Load()) }

func (l *Line) err() error {
	l.calls.Add(1)
	if err := l.fault.Load(); err != nil {
		return *err
	}
	return nil
}

// Join implements [lease.Store].
func (l *Line) Join(ctx context.Context, m lease.Member, ttl time.Duration) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Join(ctx, m, ttl)
}

// Renew implements [lease.Store].
func (l *Line) Renew(ctx context.Context, id string, watches []string, ttl time.Duration) (bool, error) {
	if err := l.err(); err != nil {
		return false, err
	}
	return l.Store.Renew(ctx, id, watches, ttl)
}

// Bury implements [lease.Store].
func (l *Line) Bury(ctx context.Context) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Bury(ctx)
}

// View implements [lease.Store].
func (l *Line) View(ctx context.Context) (lease.View, error) {
	if err := l.err(); err != nil {
		return lease.View{}, err
	}
	return l.Store.View(ctx)
}

// Take implements [lease.Store].
func (l *Line) Take(ctx context.Context, id string, leases []lease.Lease) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Take(ctx, id, leases)
}

// Free implements [lease.Store].
func (l *Line) Free(ctx context.Context, id string, jobs []autoscaler.JobKey) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Free(ctx, id, jobs)
}

// Drop implements [lease.Store].
func (l *Line) Drop(ctx context.Context, id string, job autoscaler.JobKey) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Drop(ctx, id, job)
}

// Check implements [lease.Store].
func (l *Line) Check(ctx context.Context, job autoscaler.JobKey) (lease.Standing, error) {
	if err := l.err(); err != nil {
		return lease.Standing{}, err
	}
	return l.Store.Check(ctx, job)
}

// Note implements [lease.Store].
func (l *Line) Note(ctx context.Context, job autoscaler.JobKey, was, is string) (bool, error) {
	if err := l.err(); err != nil {
		return false, err
	}
	return l.Store.Note(ctx, job, was, is)
}

// Leave implements [lease.Store].
func (l *Line) Leave(ctx context.Context, id string) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.Store.Leave(ctx, id)
}

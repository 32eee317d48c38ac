// Package leasetest holds what tests of leases share: a store in memory, and the
// conformance suite that every store passes.
package leasetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/lease"
)

// Memory is a store in memory with a clock of its own.
type Memory struct {
	now lease.Clock

	mu      sync.Mutex
	members map[string]kept
	leases  map[autoscaler.JobKey]lease.Lease
	writes  int
}

type kept struct {
	lease.Member
	expires time.Duration
}

var _ lease.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory(now lease.Clock) *Memory {
	return &Memory{now: now, members: map[string]kept{}, leases: map[autoscaler.JobKey]lease.Lease{}}
}

// Writes is the number of changes that were asked for so far.
func (m *Memory) Writes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// begin takes the lock, unless the context has ended.
func (m *Memory) begin(ctx context.Context, call string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	if call != "View" && call != "Check" {
		m.writes++
	}
	return nil
}

// Join implements [lease.Store].
func (m *Memory) Join(ctx context.Context, member lease.Member, ttl time.Duration) error {
	if err := m.begin(ctx, "Join"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	m.members[member.ID] = kept{member, m.now() + ttl}
	return nil
}

// Renew implements [lease.Store].
func (m *Memory) Renew(ctx context.Context, id string, watches []string, ttl time.Duration) (bool, error) {
	if err := m.begin(ctx, "Renew"); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	k, ok := m.members[id]
	if ok {
		k.expires, k.Watches = m.now()+ttl, watches
		m.members[id] = k
	}
	return ok, nil
}

// Bury implements [lease.Store].
func (m *Memory) Bury(ctx context.Context) error {
	if err := m.begin(ctx, "Bury"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for id, k := range m.members {
		if k.expires <= m.now() {
			delete(m.members, id)
		}
	}
	return nil
}

// View implements [lease.Store].
func (m *Memory) View(ctx context.Context) (lease.View, error) {
	if err := m.begin(ctx, "View"); err != nil {
		return lease.View{}, err
	}
	defer m.mu.Unlock()
	var v lease.View
	for _, l := range m.leases {
		v.Leases = append(v.Leases, l)
	}
	for _, k := range m.members {
		member := k.Member
		member.Left = k.expires - m.now()
		v.Members = append(v.Members, member)
	}
	return v, nil
}

// Take implements [lease.Store].
func (m *Memory) Take(ctx context.Context, id string, leases []lease.Lease) error {
	if err := m.begin(ctx, "Take"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, l := range leases {
		is, there := m.leases[l.Key]
		if there != (l.Epoch > 0) || is.Owner != l.Owner {
			continue
		}
		m.leases[l.Key] = lease.Lease{Key: l.Key, Owner: id, Epoch: is.Epoch + 1, Stray: is.Stray}
	}
	return nil
}

// Free implements [lease.Store].
func (m *Memory) Free(ctx context.Context, id string, jobs []autoscaler.JobKey) error {
	if err := m.begin(ctx, "Free"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	m.free(id, func(job autoscaler.JobKey) bool { return slices.Contains(jobs, job) })
	return nil
}

func (m *Memory) free(id string, which func(autoscaler.JobKey) bool) {
	for job, l := range m.leases {
		if l.Owner == id && which(job) {
			l.Owner = ""
			m.leases[job] = l
		}
	}
}

// Drop implements [lease.Store].
func (m *Memory) Drop(ctx context.Context, id string, job autoscaler.JobKey) error {
	if err := m.begin(ctx, "Drop"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if l, ok := m.leases[job]; ok && l.Owner == id {
		delete(m.leases, job)
	}
	return nil
}

// Check implements [lease.Store].
func (m *Memory) Check(ctx context.Context, job autoscaler.JobKey) (lease.Standing, error) {
	if err := m.begin(ctx, "Check"); err != nil {
		return lease.Standing{}, err
	}
	defer m.mu.Unlock()
	s := lease.Standing{Lease: m.leases[job]}
	s.Key = job
	if k, ok := m.members[s.Owner]; ok {
		s.Alive, s.Left = true, k.expires-m.now()
	}
	return s, nil
}

// Note implements [lease.Store].
func (m *Memory) Note(ctx context.Context, job autoscaler.JobKey, was, is string) (bool, error) {
	if err := m.begin(ctx, "Note"); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	l, ok := m.leases[job]
	if !ok || l.Stray != was {
		return false, nil
	}
	l.Stray = is
	m.leases[job] = l
	return true, nil
}

// Leave implements [lease.Store].
func (m *Memory) Leave(ctx context.Context, id string) error {
	if err := m.begin(ctx, "Leave"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	m.free(id, func(autoscaler.JobKey) bool { return true })
	delete(m.members, id)
	return nil
}

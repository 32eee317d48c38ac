package lease

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Listed are the jobs that a process sees, by the name of the cluster that lists
// them.
type Listed map[string][]autoscaler.JobKey

// Plan is what a process is to do about the leases.
type Plan struct {
	// Take are leases without a living owner, as they stand; those of jobs that
	// never had one have Epoch 0.
	Take []Lease
	// Yield are jobs of ours that are to be another's.
	Yield []autoscaler.JobKey
}

// planner decides from one view to the next. It is a value without clock.
type planner struct {
	// sticky: who owns a job keeps it.
	sticky bool
	// patience is how long a job may be free until whoever sees it takes it, be
	// it another's to take or not.
	patience time.Duration

	// free is since when a job was seen without an owner that another was to be.
	free map[autoscaler.JobKey]time.Duration
	// refused are the owners-to-be that did not take a job, since they do not see
	// it, as it seems: jobs are not handed over to them.
	refused map[autoscaler.JobKey]string
}

func newPlanner(sticky bool, patience time.Duration) *planner {
	return &planner{sticky: sticky, patience: patience, free: map[autoscaler.JobKey]time.Duration{}, refused: map[autoscaler.JobKey]string{}}
}

// plan says what the member me is to do about the jobs that it sees. watches are
// the clusters that answer it.
func (p *planner) plan(me string, watches []string, v View, listed Listed, now time.Duration) Plan {
	alive := make(map[string]bool, len(v.Members))
	for _, m := range v.Members {
		alive[m.ID] = true
	}
	leases := make(map[autoscaler.JobKey]Lease, len(v.Leases))
	for _, l := range v.Leases {
		leases[l.Key] = l
	}
	var plan Plan
	seen := make(map[autoscaler.JobKey]bool, len(leases))
	for cluster, jobs := range listed {
		ring := NewRing(watching(v.Members, cluster, me, slices.Contains(watches, cluster)))
		for _, job := range jobs {
			if seen[job] {
				continue
			}
			seen[job] = true
			l := leases[job]
			l.Key = job
			p.judge(&plan, me, l, alive[l.Owner], ring.Owner(job), now)
		}
	}
	p.sweep(seen)
	return plan
}

// judge adds to the plan what is to be done about one lease, whose owner should
// be the heir.
func (p *planner) judge(plan *Plan, me string, l Lease, alive bool, heir string, now time.Duration) {
	switch {
	case l.Owner == me && alive:
		delete(p.free, l.Key)
		if heir != me && !p.sticky && p.refused[l.Key] != heir {
			plan.Yield = append(plan.Yield, l.Key)
		}
	case alive:
		p.forget(l.Key)
	case heir == me || p.waited(l.Key, heir, now):
		plan.Take = append(plan.Take, l)
	}
}

// waited tells whether a job has been free for longer than its heir may take.
func (p *planner) waited(job autoscaler.JobKey, heir string, now time.Duration) bool {
	since, known := p.free[job]
	if !known {
		p.free[job] = now
		return false
	}
	if now-since < p.patience {
		return false
	}
	p.refused[job] = heir
	return true
}

func (p *planner) forget(job autoscaler.JobKey) {
	delete(p.free, job)
	delete(p.refused, job)
}

// sweep forgets jobs that are listed no more.
func (p *planner) sweep(seen map[autoscaler.JobKey]bool) {
	for job := range p.free {
		if !seen[job] {
			p.forget(job)
		}
	}
	for job := range p.refused {
		if !seen[job] {
			p.forget(job)
		}
	}
}

// watching are the members that a cluster answers; without any it is the one that
// asks.
func watching(members []Member, cluster, me string, mine bool) []Member {
	var found, self []Member
	for _, m := range members {
		if m.ID == me {
			self = append(self, m)
		}
		if m.ID == me && mine || m.ID != me && slices.Contains(m.Watches, cluster) {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return self
	}
	return found
}

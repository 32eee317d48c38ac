package slots

import (
	"slices"
	"time"
)

// checkSoon has the jobs' requirements checked after a short delay, in which
// further changes are merged.
func (r *ResourceManager) checkSoon(now time.Time) {
	if r.config.RequirementCheckDelay <= 0 {
		r.check(now)
		return
	}
	r.alarms.setOnce(alarmCheck, now.Add(r.config.RequirementCheckDelay))
}

// check gives jobs what they miss: free slots first, then slots of TaskManagers
// yet to come. What remains missing they are told.
func (r *ResourceManager) check(now time.Time) {
	var wanting []*claim
	for _, c := range r.claims {
		c.short = false
		if c.missing() > 0 {
			wanting = append(wanting, c)
		}
	}
	if len(wanting) == 0 {
		if r.config.Active && len(r.provider.pending) > 0 {
			r.provider.unreserveAll(r.config.SlotsPerWorker)
			r.reconcile(now)
			r.declareSoon(now)
		}
		return
	}

	r.serve(wanting)
	if r.config.Active {
		r.reserve(wanting)
	} else {
		for _, c := range wanting {
			c.short = c.missing() > 0
		}
	}
	r.report()
	if r.config.Active {
		r.reconcile(now)
		r.declareSoon(now)
	}
}

// report tells the jobs that were not served in full, unless TaskManagers still
// have time to come.
func (r *ResourceManager) report() {
	if r.starting {
		return
	}
	for _, c := range r.claims {
		if c.short {
			r.do(NotEnough{Job: c.job, Acquired: c.acquired})
		}
	}
}

func (r *ResourceManager) startUpOver() {
	r.starting = false
	for _, c := range r.claims {
		c.short = c.short && c.missing() > 0
	}
	r.report()
}

// serve allocates free slots, one job after the other. What a job gets of one
// TaskManager is asked for together.
func (r *ResourceManager) serve(wanting []*claim) {
	var with []*taskManager
	var room []bin
	byUse := r.byUse()
	for _, t := range r.managers {
		if t.free == 0 {
			continue
		}
		b := bin{index: len(with), room: t.free, size: len(t.slots)}
		if byUse {
			b.load = len(t.slots) - t.free
		}
		room = append(room, b)
		with = append(with, t)
	}
	each := 0
	if byUse {
		each = 1
	}

	open := newBins(room, r.config.LoadBalance == BalanceMinResources)
	planned := make([]int, len(with))
	var touched []int
	for _, c := range wanting {
		touched = touched[:0]
		for n := c.missing(); n > 0 && open.Len() > 0; n-- {
			i := open.take(each)
			if planned[i] == 0 {
				touched = append(touched, i)
			}
			planned[i]++
		}
		slices.Sort(touched)
		for _, i := range touched {
			r.allocate(c, with[i], planned[i])
			planned[i] = 0
		}
	}
}

// byUse is whether TaskManagers are taken by how much of them is used; otherwise
// one is filled after the other. Tasks are balanced by the jobs, not here.
func (r *ResourceManager) byUse() bool {
	switch r.config.LoadBalance {
	case BalanceSlots:
		return true
	case BalanceMinResources:
		return r.config.Version != V1_20
	}
	return false
}

// allocate gives the job n of the TaskManager's free slots, the first ones.
func (r *ResourceManager) allocate(c *claim, t *taskManager, n int) {
	for ; n > 0; n-- {
		for t.slots[t.firstFree].owner != nil {
			t.firstFree++
		}
		r.allocations++
		a := r.config.allocation(r.allocations)
		r.give(t, t.firstFree, c, a)
		r.do(AllocateSlot{Job: c.job, TaskManager: t.id, Index: t.firstFree, Allocation: a})
	}
}

package cluster

import (
	"github.com/sluice-project/sluice/scheduler/slots"
)

// allocate is a TaskManager that is asked to give a slot to a job: it says yes or
// no, and offers what it gave.
func (c *Cluster) allocate(tm *taskManager, a slots.AllocateSlot) {
	if a.Index < 0 || a.Index >= len(tm.held) || tm.held[a.Index] != nil {
		c.resources(slots.AllocationRefused{TaskManager: tm.id, Index: a.Index, Allocation: a.Allocation})
		return
	}
	h := &holding{slot: slots.Slot{Allocation: a.Allocation, TaskManager: tm.id, Index: a.Index}, job: a.Job}
	tm.held[a.Index] = h
	c.resources(slots.SlotActive{TaskManager: tm.id, Index: a.Index, Allocation: a.Allocation})
	c.after(c.config.SlotTimeout, func() {
		c.deliver(tm, func() {
			if tm.held[a.Index] == h && !h.active {
				c.free(tm, a.Index)
			}
		})
	})
	c.offer(tm, a.Job)
}

// offer sends a job everything that the TaskManager has for it and the job has
// not taken. What is added while an offer is on its way goes with it.
func (c *Cluster) offer(tm *taskManager, job slots.JobID) {
	l := tm.links[job]
	if l == nil {
		l = &link{}
		tm.links[job] = l
	}
	if l.offering {
		return
	}
	l.offering = true
	delay := c.config.Latencies.Connect
	switch {
	case l.up:
		delay = c.config.Latencies.Offer
	case c.config.Connects != nil:
		delay = c.config.Connects(c.now, tm.id)
	}
	c.after(delay, func() {
		c.deliver(tm, func() { c.arrive(tm, job, l) })
	})
}

// arrive is an offer that reaches its JobMaster, if there is one.
func (c *Cluster) arrive(tm *taskManager, job slots.JobID, l *link) {
	l.offering = false
	j, guest := c.job(job), c.seat(job)
	if guest != nil && !guest.There() || guest == nil && (j == nil || j.over) || tm.links[job] != l {
		return
	}
	if !l.up {
		l.up, l.since = true, c.now
	}
	var offered []slots.Slot
	for _, h := range tm.held {
		if h != nil && h.job == job && !h.active {
			offered = append(offered, h.slot)
		}
	}
	switch {
	case len(offered) == 0:
	case guest != nil:
		c.offerGuest(guest, tm, offered)
	default:
		c.offered(j, tm, offered)
	}
}

// accepted is a job's yes to slots that a TaskManager offered.
func (c *Cluster) accepted(id slots.TaskManagerID, taken []slots.Slot) {
	tm := c.byID[id]
	if tm == nil {
		return
	}
	for _, s := range taken {
		if h := tm.holding(s); h != nil {
			h.active = true
		}
	}
}

// returned are slots that a job refused or gave back.
func (c *Cluster) returned(given []slots.Slot) {
	for _, s := range given {
		if tm := c.byID[s.TaskManager]; tm != nil {
			c.after(c.config.Latencies.Request, func() {
				c.deliver(tm, func() {
					if tm.holding(s) != nil {
						c.free(tm, s.Index)
					}
				})
			})
		}
	}
}

// free makes a slot of a TaskManager nobody's, and says so to the ResourceManager.
func (c *Cluster) free(tm *taskManager, index int) {
	tm.held[index] = nil
	if tm.registered {
		c.resources(slots.SlotFreed{TaskManager: tm.id, Index: index})
	}
}

// holding is the holding of a slot, nil if it is another's by now.
func (tm *taskManager) holding(s slots.Slot) *holding {
	if s.Index < 0 || s.Index >= len(tm.held) {
		return nil
	}
	if h := tm.held[s.Index]; h != nil && h.slot == s {
		return h
	}
	return nil
}

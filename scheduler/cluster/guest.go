package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Guest is a JobMaster whose scheduler is not the Adaptive one and lives outside of
// this package: that of a batch job. It shares the ResourceManager and the
// TaskManagers with the jobs that are submitted here, and competes with them for
// slots by the same messages. Its methods are called in the middle of Advance.
type Guest interface {
	// Started says that the JobMaster is there.
	Started()
	// Offered are slots that a TaskManager offers. Those that are not among the taken
	// go back to it.
	Offered(tm slots.TaskManagerID, offer []slots.Slot) (taken []slots.Slot)
	// Lost says that the JobMaster has given a TaskManager up, and why: its slots are
	// gone, and so is what ran and lay there.
	Lost(tm slots.TaskManagerID, why adaptive.Failure)
	// Broken says that the process of a TaskManager has just been noticed to be dead by
	// those that read from it. The JobMaster gives it up later.
	Broken(tm slots.TaskManagerID)
}

// Seat is what a guest acts through. Once the JobManager that it came to is gone, or
// after Leave, nothing that it does has an effect.
type Seat struct {
	cluster *Cluster
	manager *jobManager
	guest   Guest
	id      slots.JobID
	since   time.Time // the JobMaster's start
	left    bool
}

// Host starts the JobMaster of a guest. An error says why the JobManager does not
// take it.
func (c *Cluster) Host(id slots.JobID, g Guest) (*Seat, error) {
	if c.manager == nil {
		return nil, fmt.Errorf("submit job %s: %w", id, ErrDown)
	}
	if c.manager.byID[id] != nil || c.manager.seats[id] != nil {
		return nil, fmt.Errorf("submit job %s: there is one of that id", id)
	}
	s := &Seat{cluster: c, manager: c.manager, guest: g, id: id}
	c.manager.guests = append(c.manager.guests, s)
	c.manager.seats[id] = s
	delay := c.config.Latencies.Start
	if c.config.Starts != nil {
		delay = c.config.Starts(c.now)
	}
	s.After(delay, func() {
		s.since = c.now
		g.Started()
	})
	return s, nil
}

// Hosted says whether the JobManager knows a guest of this id, be it that it has
// ended.
func (c *Cluster) Hosted(id slots.JobID) bool { return c.seat(id) != nil }

// Forget drops a guest that has ended; its id is free again.
func (c *Cluster) Forget(id slots.JobID) {
	if s := c.seat(id); s != nil && s.left {
		delete(c.manager.seats, id)
		c.manager.guests = slices.DeleteFunc(c.manager.guests, func(other *Seat) bool { return other == s })
	}
}

func (c *Cluster) seat(id slots.JobID) *Seat {
	if c.manager == nil {
		return nil
	}
	return c.manager.seats[id]
}

// There says whether the JobMaster can still act.
func (s *Seat) There() bool { return !s.left && s.cluster.manager == s.manager }

// After lets something happen later, if the JobMaster is still there then.
func (s *Seat) After(delay time.Duration, do func()) {
	s.cluster.after(delay, func() {
		if s.There() {
			do()
		}
	})
}

// Declare tells the ResourceManager how many slots the job wants in all.
func (s *Seat) Declare(count int) {
	s.After(s.cluster.config.Latencies.Request, func() {
		s.cluster.resources(slots.SlotsDeclared{Job: s.id, Count: count})
	})
}

// Return gives slots back to their TaskManagers.
func (s *Seat) Return(given []slots.Slot) {
	if s.There() {
		s.cluster.returned(given)
	}
}

// Health is how the process of a TaskManager is; Gone if there never was one.
func (s *Seat) Health(tm slots.TaskManagerID) Health { return s.cluster.healthOf(tm) }

// Leave ends the JobMaster: its slots become free a little later.
func (s *Seat) Leave() {
	c := s.cluster
	s.After(c.config.Latencies.Close, func() {
		s.left = true
		c.vacate(s.id)
	})
}

// vacate frees what a JobMaster that is over had.
func (c *Cluster) vacate(id slots.JobID) {
	c.resources(slots.JobGone{Job: id})
	for _, tm := range c.machines {
		c.deliver(tm, func() {
			delete(tm.links, id)
			for index, h := range tm.held {
				if h != nil && h.job == id {
					c.free(tm, index)
				}
			}
		})
	}
	c.note(id, Closed{})
}

// offerGuest is an offer that reaches the JobMaster of a guest.
func (c *Cluster) offerGuest(s *Seat, tm *taskManager, offer []slots.Slot) {
	taken := s.guest.Offered(tm.id, offer)
	c.accepted(tm.id, taken)
	kept := map[slots.Slot]bool{}
	for _, slot := range taken {
		kept[slot] = true
	}
	var rest []slots.Slot
	for _, slot := range offer {
		if !kept[slot] {
			rest = append(rest, slot)
		}
	}
	c.returned(rest)
}

// loseGuest is the JobMaster of a guest giving up a TaskManager.
func (c *Cluster) loseGuest(s *Seat, tm *taskManager, why adaptive.Failure) {
	if l := tm.links[s.id]; l != nil && l.up && s.There() {
		delete(tm.links, s.id)
		s.guest.Lost(tm.id, why)
	}
}

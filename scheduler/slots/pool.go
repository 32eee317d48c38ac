package slots

import (
	"math"
	"time"
)

// Pool is a JobMaster's declarative slot pool: how many slots the job has
// declared, which it holds, and which of those are free. Slots are listed in the
// order in which they were accepted. Every call is linear in the slots it is
// given or returns, those that remove slots in all that are held.
type Pool struct {
	idleTimeout time.Duration
	required    int
	held        []heldSlot
	at          map[AllocationID]int // where in held
	free        int
}

type heldSlot struct {
	slot      Slot
	reserved  bool
	freeSince time.Time // if not reserved; zero if it never was
}

// NewPool is an empty pool that requires nothing and gives an excess slot back
// once it has been free for the time-out (slot.idle.timeout).
func NewPool(idleTimeout time.Duration) *Pool {
	return &Pool{idleTimeout: idleTimeout, at: make(map[AllocationID]int)}
}

// Require sets the number of slots the job wants in total and says whether that
// differs from before, so that it must be declared to the ResourceManager. It
// gives no slot back: only Idle and Close do.
func (p *Pool) Require(n int) bool {
	changed := p.required != n
	p.required = n
	return changed
}

// Required is the number of slots last declared.
func (p *Pool) Required() int { return p.required }

// Offer takes the slots that are still required; the TaskManager has the
// rejected ones back. An offer of a slot that is held already is accepted again.
// fresh says whether a slot was accepted that was not held before: then the
// scheduler is notified, once for the whole offer. The time makes no difference:
// see Idle.
func (p *Pool) Offer(_ time.Time, tm TaskManagerID, offered []Slot) (accepted, rejected []Slot, fresh bool) {
	for _, s := range offered {
		s.TaskManager = tm
		_, known := p.at[s.Allocation]
		switch {
		case known:
			accepted = append(accepted, s)
		case len(p.held) < p.required:
			p.at[s.Allocation] = len(p.held)
			p.held = append(p.held, heldSlot{slot: s})
			p.free++
			fresh = true
			accepted = append(accepted, s)
		default:
			rejected = append(rejected, s)
		}
	}
	return accepted, rejected, fresh
}

// Lose removes every slot of the TaskManager and returns them.
func (p *Pool) Lose(tm TaskManagerID) []Slot {
	return p.remove(func(h heldSlot) bool { return h.slot.TaskManager == tm })
}

// Reserve takes the slots for tasks if every one of them is held and free, and
// none is named twice; otherwise it takes none.
func (p *Pool) Reserve(allocations []AllocationID) bool {
	for n, a := range allocations {
		i, held := p.at[a]
		if !held || p.held[i].reserved {
			p.unreserve(allocations[:n])
			return false
		}
		p.held[i].reserved = true
	}
	p.free -= len(allocations)
	return true
}

func (p *Pool) unreserve(allocations []AllocationID) {
	for _, a := range allocations {
		p.held[p.at[a]].reserved = false
	}
}

// Release makes reserved slots free from now on and returns how many there
// were: a slot that is lost or free already is passed over. For each the
// scheduler is notified of a new slot.
func (p *Pool) Release(now time.Time, allocations []AllocationID) int {
	n := 0
	for _, a := range allocations {
		i, held := p.at[a]
		if !held || !p.held[i].reserved {
			continue
		}
		p.held[i].reserved, p.held[i].freeSince = false, now
		n++
	}
	p.free += n
	return n
}

// Idle is the idle check: it removes and returns the slots beyond what is
// required that have been free for the time-out, in the order of acceptance. One
// that was never reserved counts as free since for ever: Flink stamps an offer
// with another clock than the one it looks at here. The caller runs it at the
// start of the scheduler and then once every time-out.
func (p *Pool) Idle(now time.Time) []Slot {
	excess := len(p.held) - p.required
	if excess <= 0 {
		return nil
	}
	return p.remove(func(h heldSlot) bool {
		if excess == 0 || h.reserved || now.Before(h.freeSince.Add(p.idleTimeout)) {
			return false
		}
		excess--
		return true
	})
}

// Close removes and returns every slot: the JobMaster is going. The pool
// requires nothing any more, so it accepts nothing.
func (p *Pool) Close() []Slot {
	p.required = 0
	return p.remove(func(heldSlot) bool { return true })
}

// remove takes out the slots that match, keeping the order of the others.
func (p *Pool) remove(match func(heldSlot) bool) []Slot {
	var gone []Slot
	kept := p.held[:0]
	for _, h := range p.held {
		if !match(h) {
			p.at[h.slot.Allocation] = len(kept)
			kept = append(kept, h)
			continue
		}
		gone = append(gone, h.slot)
		delete(p.at, h.slot.Allocation)
		if !h.reserved {
			p.free--
		}
	}
	clear(p.held[len(kept):])
	p.held = kept
	return gone
}

// Slots lists all slots held; Free those that no task has.
func (p *Pool) Slots() []Slot { return p.list(math.MaxInt, func(heldSlot) bool { return true }) }

// Free lists the slots held that no task has.
func (p *Pool) Free() []Slot {
	return p.list(p.free, func(h heldSlot) bool { return !h.reserved })
}

func (p *Pool) list(n int, match func(heldSlot) bool) []Slot {
	all := make([]Slot, 0, min(n, len(p.held)))
	for _, h := range p.held {
		if match(h) {
			all = append(all, h.slot)
		}
	}
	return all
}

// Count is the number of slots held.
func (p *Pool) Count() int { return len(p.held) }

// FreeCount is the number of slots held that no task has.
func (p *Pool) FreeCount() int { return p.free }

// Holds says whether the slot is held, reserved or not.
func (p *Pool) Holds(a AllocationID) bool {
	_, held := p.at[a]
	return held
}

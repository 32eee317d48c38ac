package slots

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// provider is what an active ResourceManager knows of TaskManagers that are not
// registered. The zero value knows of none, and nobody asks it for any.
type provider struct {
	pending []*pendingWorker // counted on, not registered
	needed  int              // TaskManagers in all, as last declared

	workers   map[WorkerID]*worker // asked for and not given up
	requested int                  // number of the last one
	waiting   []*worker            // started, by time-out; front ones may have registered

	failures    []time.Time // of starts, in the last minute
	pausedUntil time.Time
}

// pendingWorker is a TaskManager that is counted on. It stands for a number of
// slots, not for any of the workers: whichever registers first takes its place.
type pendingWorker struct {
	reserved []reservation
	room     int // slots not reserved
}

type reservation struct {
	job   JobID
	slots int
}

// worker is one attempt to start a TaskManager.
type worker struct {
	id      WorkerID
	number  int
	state   workerState
	timeout alarm // if started or recovered
}

type workerState int

const (
	workerRequested workerState = iota
	workerStarted
	workerRegistered
	workerRecovered // of an earlier ResourceManager; it counts once it is registered
)

// newProvider knows the recovered workers, which have to register in time.
func newProvider(c RMConfig) provider {
	p := provider{workers: make(map[WorkerID]*worker), requested: c.Requested}
	for _, id := range c.Recovered {
		w := &worker{id: id, state: workerRecovered, timeout: alarm{at: c.Started.Add(c.RegistrationTimeout)}}
		p.workers[id] = w
		p.waiting = append(p.waiting, w)
	}
	return p
}

// request asks for one more.
func (p *provider) request() WorkerID {
	p.requested++
	id := WorkerID("worker-" + strconv.Itoa(p.requested))
	p.workers[id] = &worker{id: id, number: p.requested}
	return id
}

func (p *provider) knows(id WorkerID) bool {
	_, known := p.workers[id]
	return known
}

// awaited is whether the worker was asked for and has not registered.
func (p *provider) awaited(id WorkerID) bool {
	w, known := p.workers[id]
	return known && w.state != workerRegistered
}

// counted is the number of workers that are held against the number declared.
func (p *provider) counted() int {
	n := len(p.workers)
	for _, w := range p.workers {
		if w.state == workerRecovered {
			n--
		}
	}
	return n
}

func (p *provider) started(id WorkerID, timeout alarm) {
	if w, known := p.workers[id]; known && w.state == workerRequested {
		w.state, w.timeout = workerStarted, timeout
		p.waiting = append(p.waiting, w)
	}
}

func (p *provider) registered(id WorkerID) {
	if w, known := p.workers[id]; known {
		w.state = workerRegistered
	}
}

func (p *provider) forget(id WorkerID) {
	if w, known := p.workers[id]; known {
		w.state = workerRegistered // no time-out
		delete(p.workers, id)
	}
}

// nextTimeout is when the next started worker has taken too long to register.
func (p *provider) nextTimeout() (alarm, bool) {
	for len(p.waiting) > 0 && p.waiting[0].state == workerRegistered {
		p.waiting = p.waiting[1:]
	}
	if len(p.waiting) == 0 {
		return alarm{}, false
	}
	return p.waiting[0].timeout, true
}

// overdue is the worker of nextTimeout.
func (p *provider) overdue() WorkerID { return p.waiting[0].id }

// unregistered lists up to n workers that have not registered: those only
// requested first, then those started, the latest first.
func (p *provider) unregistered(n int) []WorkerID {
	if n <= 0 {
		return nil
	}
	var all []*worker
	for _, w := range p.workers {
		if w.state == workerRequested || w.state == workerStarted {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *worker) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(b.number, a.number))
	})
	ids := make([]WorkerID, 0, min(n, len(all)))
	for _, w := range all[:min(n, len(all))] {
		ids = append(ids, w.id)
	}
	return ids
}

// failed notes a failed start. If there were too many in the last minute, no other
// is tried for a while.
func (p *provider) failed(now time.Time, c RMConfig) {
	p.failures = append(slices.DeleteFunc(p.failures, func(t time.Time) bool {
		return now.Sub(t) > time.Minute
	}), now)
	if c.MaxFailures > 0 && float64(len(p.failures)) >= c.MaxFailures && !now.Before(p.pausedUntil) {
		p.pausedUntil = now.Add(c.RetryInterval)
	}
}

// pendingSlots is the number of slots counted on.
func (p *provider) pendingSlots(per int) int { return len(p.pending) * per }

// matches is whether a TaskManager with so many slots is one that is counted on.
func (p *provider) matches(slots, per int) bool { return len(p.pending) > 0 && slots == per }

// arrived takes the pending TaskManager that has come off the list, one that jobs
// wait for if there is one, and returns what is reserved there.
func (p *provider) arrived() []reservation {
	i := max(slices.IndexFunc(p.pending, func(w *pendingWorker) bool { return len(w.reserved) > 0 }), 0)
	w := p.pending[i]
	p.pending = slices.Delete(p.pending, i, i+1)
	return w.reserved
}

// unreserve takes a job's reservations back.
func (p *provider) unreserve(job JobID) {
	for _, w := range p.pending {
		w.reserved = slices.DeleteFunc(w.reserved, func(r reservation) bool {
			if r.job == job {
				w.room += r.slots
				return true
			}
			return false
		})
	}
}

// unreserveAll takes all reservations back.
func (p *provider) unreserveAll(per int) {
	for _, w := range p.pending {
		w.reserved, w.room = nil, per
	}
}

package slots

import "time"

// What an active ResourceManager does beyond a standalone one: it counts on
// TaskManagers that do not exist yet, declares how many it needs in all, and
// starts and stops them to meet that number.

// reserve plans what jobs still miss into TaskManagers to come: those counted on
// already, then new ones, as long as there may be more slots. A job that does
// not fit is short. Then spare TaskManagers are counted on, as configured.
func (r *ResourceManager) reserve(wanting []*claim) {
	p := &r.provider
	p.unreserveAll(r.config.SlotsPerWorker)
	at := 0 // no pending TaskManager before it has room
	for _, c := range wanting {
		for missing := c.missing(); missing > 0; {
			if at == len(p.pending) && !r.countOnAnother() {
				c.short = true
				break
			}
			w := p.pending[at]
			n := min(missing, w.room)
			if n > 0 {
				w.reserved = append(w.reserved, reservation{job: c.job, slots: n})
				w.room -= n
				missing -= n
			}
			if w.room == 0 {
				at++
			}
		}
	}
	available, total := r.free, r.total
	for _, w := range p.pending {
		available += w.room
		total += r.config.SlotsPerWorker
	}
	r.spare(available, total)
}

// countOnAnother counts on one more TaskManager, if there may be more slots.
func (r *ResourceManager) countOnAnother() bool {
	per := r.config.SlotsPerWorker
	if per <= 0 || r.total+r.provider.pendingSlots(per)+per > r.config.MaxSlots {
		return false
	}
	r.provider.pending = append(r.provider.pending, &pendingWorker{room: per})
	return true
}

// spare counts on further TaskManagers until there are enough; it says whether
// there was one to add.
func (r *ResourceManager) spare(available, total int) bool {
	added := false
	for !r.enough(available, total) && r.countOnAnother() {
		available += r.config.SlotsPerWorker
		total += r.config.SlotsPerWorker
		added = true
	}
	return added
}

// enough is whether this many slots leave the redundant TaskManagers free and the
// cluster at its least size.
func (r *ResourceManager) enough(available, total int) bool {
	return available >= r.config.Redundant*r.config.SlotsPerWorker && total >= r.config.MinSlots
}

// reconcile finds the TaskManagers that have been idle for the time-out, and those
// counted on for nobody, and gives up what is not needed for a sufficient cluster;
// what is lacking for one is counted on. It says whether anything changed.
func (r *ResourceManager) reconcile(now time.Time) bool {
	per := r.config.SlotsPerWorker
	available, total := 0, 0
	var idle []*taskManager
	for _, t := range r.managers {
		if t.free == len(t.slots) && now.Sub(t.idleSince) >= r.config.IdleTimeout {
			idle = append(idle, t)
			continue
		}
		available += t.free
		total += len(t.slots)
	}
	if !r.enough(available, total) {
		for _, w := range r.provider.pending {
			if len(w.reserved) > 0 {
				available += w.room
				total += per
			}
		}
	}

	changed := false
	for _, t := range idle {
		if r.enough(available, total) {
			t.unwanted, changed = true, true
			continue
		}
		available += t.free
		total += len(t.slots)
	}
	kept := r.provider.pending[:0]
	for _, w := range r.provider.pending {
		if len(w.reserved) == 0 {
			if r.enough(available, total) {
				changed = true
				continue
			}
			available += w.room
			total += per
		}
		kept = append(kept, w)
	}
	clear(r.provider.pending[len(kept):])
	r.provider.pending = kept
	return r.spare(available, total) || changed
}

// declareSoon has the number of TaskManagers declared after a short delay.
func (r *ResourceManager) declareSoon(now time.Time) {
	if r.config.DeclareDelay <= 0 {
		r.declareWorkers(now)
		return
	}
	r.alarms.setOnce(alarmDeclare, now.Add(r.config.DeclareDelay))
}

// declareWorkers settles how many TaskManagers are needed: those wanted and those
// counted on.
func (r *ResourceManager) declareWorkers(now time.Time) {
	needed := len(r.provider.pending)
	for _, t := range r.managers {
		if !t.unwanted {
			needed++
		}
	}
	r.provider.needed = needed
	r.meetDeclaration(now)
}

// meetDeclaration starts or stops TaskManagers until there are as many as were
// declared. After failed starts it waits.
func (r *ResourceManager) meetDeclaration(now time.Time) {
	p := &r.provider
	switch surplus := p.counted() - p.needed; {
	case surplus > 0:
		r.stopWorkers(now, surplus)
	case surplus < 0 && now.Before(p.pausedUntil):
		r.alarms.setOnce(alarmRetry, p.pausedUntil)
	case surplus < 0:
		for range -surplus {
			r.do(StartTaskManager{Worker: p.request(), Slots: r.config.SlotsPerWorker})
		}
	}
}

// stopWorkers stops the TaskManagers that are unwanted, then gives up starts, the
// requested before the started.
func (r *ResourceManager) stopWorkers(now time.Time, n int) {
	var unwanted []*taskManager
	for _, t := range r.managers {
		if t.unwanted && len(unwanted) < n {
			unwanted = append(unwanted, t)
		}
	}
	for _, t := range unwanted {
		r.drop(now, t.id)
		r.provider.forget(t.worker)
		r.do(StopTaskManager{Worker: t.worker, ID: t.id, Reason: "idle, and not needed"})
	}
	for _, w := range r.provider.unregistered(n - len(unwanted)) {
		r.provider.forget(w)
		r.do(StopTaskManager{Worker: w, Reason: "no longer needed"})
	}
}

// serveReservations gives the TaskManager, which was counted on, to the jobs it was
// counted on for.
func (r *ResourceManager) serveReservations(t *taskManager) {
	for _, res := range r.provider.arrived() {
		if c, known := r.byJob[res.job]; known {
			r.allocate(c, t, min(res.slots, c.missing()))
		}
	}
}

func (r *ResourceManager) workerStarted(now time.Time, w WorkerID) {
	timeout := alarm{at: now.Add(r.config.RegistrationTimeout), number: r.alarms.number()}
	r.provider.started(w, timeout)
}

func (r *ResourceManager) workerFailed(now time.Time, w WorkerID) {
	if !r.provider.awaited(w) {
		return
	}
	r.provider.forget(w)
	r.provider.failed(now, r.config)
	r.meetDeclaration(now)
}

// registrationTimedOut gives up the TaskManager that has taken too long.
func (r *ResourceManager) registrationTimedOut(now time.Time) {
	w := r.provider.overdue()
	r.provider.forget(w)
	r.do(StopTaskManager{Worker: w, Reason: "not registered in time"})
	r.meetDeclaration(now)
}

// Workers is how many TaskManagers an active ResourceManager has asked for, or
// recovered, that have not registered, and how many of its own are registered.
func (r *ResourceManager) Workers() (awaited, registered int) {
	for _, w := range r.provider.workers {
		if w.state == workerRegistered {
			registered++
		} else {
			awaited++
		}
	}
	return awaited, registered
}

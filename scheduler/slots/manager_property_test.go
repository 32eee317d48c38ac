package slots

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// world is what really is: it carries out what a ResourceManager wants, in any
// order, and holds it to its promises.
type world struct {
	t        *rapid.T
	r        *ResourceManager
	config   RMConfig
	now      time.Time
	serial   int
	required map[JobID]int
	machines map[TaskManagerID]*machine
	workers  map[WorkerID]TaskManagerID // "" until it registers
	asked    []AllocateSlot             // not answered yet
}

type machine struct {
	owners []JobID // per slot
	worker WorkerID
}

func newWorld(t *rapid.T, c RMConfig) *world {
	c.Started = epoch
	return &world{
		t: t, r: NewResourceManager(c), config: c, now: epoch,
		required: map[JobID]int{}, machines: map[TaskManagerID]*machine{}, workers: map[WorkerID]TaskManagerID{},
	}
}

func (w *world) has(job JobID) int {
	n := 0
	for _, m := range w.machines {
		for _, owner := range m.owners {
			if owner == job {
				n++
			}
		}
	}
	return n
}

func (w *world) step(e RMEvent) {
	for _, a := range w.r.Step(w.now, e) {
		switch a := a.(type) {
		case AllocateSlot:
			w.allocate(a)
		case StartTaskManager:
			w.start(a)
		case StopTaskManager:
			w.stop(a)
		case RefuseTaskManager:
			delete(w.machines, a.ID)
		}
	}
}

func (w *world) allocate(a AllocateSlot) {
	m := w.machines[a.TaskManager]
	if m == nil || m.owners[a.Index] != "" {
		w.t.Fatalf("%s: the slot is not there, or not free", described(a))
	}
	m.owners[a.Index] = a.Job
	if w.has(a.Job) > w.required[a.Job] {
		w.t.Fatalf("%s: it has %d and wants %d", described(a), w.has(a.Job), w.required[a.Job])
	}
	w.asked = append(w.asked, a)
}

func (w *world) start(a StartTaskManager) {
	if _, twice := w.workers[a.Worker]; twice || !w.config.Active || a.Slots != w.config.SlotsPerWorker {
		w.t.Fatalf("%s: unexpected", described(a))
	}
	w.workers[a.Worker] = ""
}

func (w *world) stop(a StopTaskManager) {
	if id, known := w.workers[a.Worker]; !known || id != a.ID {
		w.t.Fatalf("%s: it is %q, known %v", described(a), id, known)
	}
	if m := w.machines[a.ID]; m != nil && slices.ContainsFunc(m.owners, func(j JobID) bool { return j != "" }) {
		w.t.Fatalf("%s: it is in use", described(a))
	}
	delete(w.workers, a.Worker)
	delete(w.machines, a.ID)
}

func (w *world) pick(what string) TaskManagerID {
	if len(w.machines) == 0 {
		return "none"
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.machines))).Draw(w.t, what)
}

// register brings a TaskManager, in an active cluster one that was asked for.
func (w *world) register() {
	w.serial++
	id := TaskManagerID(fmt.Sprintf("tm%d", w.serial))
	m := &machine{owners: make([]JobID, rapid.IntRange(0, 4).Draw(w.t, "slots"))}
	if w.config.Active {
		var awaited []WorkerID
		for _, worker := range slices.Sorted(maps.Keys(w.workers)) {
			if w.workers[worker] == "" {
				awaited = append(awaited, worker)
			}
		}
		if len(awaited) == 0 {
			return
		}
		m.worker = rapid.SampledFrom(awaited).Draw(w.t, "worker")
		m.owners = make([]JobID, w.config.SlotsPerWorker)
		if rapid.Bool().Draw(w.t, "fails") {
			delete(w.workers, m.worker)
			w.step(WorkerFailed{Worker: m.worker})
			return
		}
		w.step(WorkerStarted{m.worker})
		w.workers[m.worker] = id
	}
	w.machines[id] = m
	w.step(TaskManagerRegistered{ID: id, Slots: len(m.owners), Worker: m.worker})
}

func (w *world) lose() {
	id := w.pick("lost")
	m := w.machines[id]
	delete(w.machines, id)
	w.asked = slices.DeleteFunc(w.asked, func(a AllocateSlot) bool { return a.TaskManager == id })
	if m != nil && w.config.Active {
		// What is left of it is stopped.
		defer func() {
			if _, left := w.workers[m.worker]; left {
				w.t.Fatalf("the lost %s was not stopped", id)
			}
		}()
	}
	w.step(TaskManagerLost{ID: id})
}

func (w *world) answer() {
	if len(w.asked) == 0 {
		return
	}
	a := w.asked[0]
	w.asked = w.asked[1:]
	if w.machines[a.TaskManager].owners[a.Index] != a.Job {
		return
	}
	if rapid.Bool().Draw(w.t, "agrees") {
		w.step(SlotActive{TaskManager: a.TaskManager, Index: a.Index, Allocation: a.Allocation})
		return
	}
	w.machines[a.TaskManager].owners[a.Index] = ""
	w.step(AllocationRefused{TaskManager: a.TaskManager, Index: a.Index, Allocation: a.Allocation})
}

func (w *world) free() {
	id := w.pick("frees")
	m := w.machines[id]
	if m == nil || len(m.owners) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.owners)-1).Draw(w.t, "slot")
	m.owners[i] = ""
	w.asked = slices.DeleteFunc(w.asked, func(a AllocateSlot) bool { return a.TaskManager == id && a.Index == i })
	w.step(SlotFreed{TaskManager: id, Index: i})
}

func (w *world) wait(d time.Duration) {
	end := w.now.Add(d)
	for {
		next, set := w.r.Next()
		if !set || next.After(end) {
			break
		}
		w.now = next
		w.step(Tick{})
		if again, set := w.r.Next(); set && !again.After(w.now) {
			w.t.Fatalf("a timer that fired is still due")
		}
	}
	w.now = end
}

// settled holds once the delays are over: no job misses what a free slot could give
// it, or a TaskManager that an active ResourceManager could ask for.
func (w *world) settled() {
	w.wait(200 * time.Millisecond)
	missing := 0
	for job, n := range w.required {
		missing += max(0, n-w.has(job))
	}
	if missing > 0 && w.r.FreeSlots() > 0 {
		w.t.Fatalf("%d slots are missing and %d free", missing, w.r.FreeSlots())
	}
	if !w.config.Active || w.config.MaxFailures > 0 { // failed starts cause a pause
		return
	}
	awaited, _ := w.r.Workers()
	coming := awaited * w.config.SlotsPerWorker
	room := w.config.MaxSlots - w.r.TotalSlots() - coming
	if missing > coming && room >= w.config.SlotsPerWorker {
		w.t.Fatalf("%d slots are missing, %d are to come, and %d more may", missing, coming, room)
	}
}

const unlimited = 1 << 30

func (w *world) check() {
	total, free := 0, 0
	for _, m := range w.machines {
		total += len(m.owners)
		for _, owner := range m.owners {
			if owner == "" {
				free++
			}
		}
	}
	if w.r.TotalSlots() != total || w.r.FreeSlots() != free || total > w.config.MaxSlots {
		w.t.Fatalf("says %d slots, %d free; there are %d, %d, and may be %d", w.r.TotalSlots(), w.r.FreeSlots(), total, free, w.config.MaxSlots)
	}
	for _, job := range []JobID{"a", "b", "c"} {
		if w.r.Acquired(job) != w.has(job) {
			w.t.Fatalf("says %s has %d, it has %d", job, w.r.Acquired(job), w.has(job))
		}
	}
}

func TestResourceManagerUnderRandomEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultRMConfig(rapid.SampledFrom([]Version{V1_20, V2_3}).Draw(t, "version"))
		c.LoadBalance = rapid.SampledFrom([]LoadBalance{BalanceNone, BalanceSlots, BalanceMinResources, BalanceTasks}).Draw(t, "mode")
		c.MaxSlots = rapid.SampledFrom([]int{unlimited, 12}).Draw(t, "most")
		if c.Active = rapid.Bool().Draw(t, "active"); c.Active {
			c.SlotsPerWorker = rapid.IntRange(1, 3).Draw(t, "per worker")
			c.Redundant = rapid.IntRange(0, 2).Draw(t, "redundant")
			c.MinSlots = rapid.IntRange(0, 5).Draw(t, "least")
			c.MaxFailures = float64(rapid.IntRange(0, 3).Draw(t, "failures"))
		}
		w := newWorld(t, c)
		job := rapid.SampledFrom([]JobID{"a", "b", "c"})
		t.Repeat(map[string]func(*rapid.T){
			"register": func(*rapid.T) { w.register() },
			"lose":     func(*rapid.T) { w.lose() },
			"answer":   func(*rapid.T) { w.answer() },
			"free":     func(*rapid.T) { w.free() },
			"settle":   func(*rapid.T) { w.settled() },
			"declare": func(t *rapid.T) {
				j, n := job.Draw(t, "job"), rapid.IntRange(0, 9).Draw(t, "slots")
				w.required[j] = n
				w.step(SlotsDeclared{Job: j, Count: n})
			},
			"gone": func(t *rapid.T) {
				j := job.Draw(t, "job")
				w.required[j] = 0
				w.step(JobGone{Job: j})
			},
			"wait": func(t *rapid.T) { w.wait(time.Duration(rapid.IntRange(1, 40_000).Draw(t, "ms")) * time.Millisecond) },
			"":     func(*rapid.T) { w.check() },
		})
		w.settled()
	})
}

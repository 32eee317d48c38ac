package twin

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
)

// jvm is what a TaskManager's process adds up from one fetch to the next.
type jvm struct{ gcCount, gcTime, cpuTime float64 }

// machineDump is one TaskManager's report.
type machineDump struct {
	heapUsed, gcPerSecond float64
	gcCount, gcTime       float64
	cpuLoad, cpuTime      float64
	managed, metaspace    float64
	tasks                 int
	memory                memory
}

// load is what the tasks of all jobs want of one TaskManager.
type load struct {
	live, allocated, managed, cores float64
	tasks                           int
	jobs                            map[*job]bool
}

// reportMachines takes the metrics of the TaskManagers. Those of one that does not
// answer stay as they were until it is given up.
func (t *Twin) reportMachines(now time.Time, since time.Duration) {
	if t.store.machines == nil {
		t.store.machines = map[slots.TaskManagerID]machineDump{}
	}
	loads := t.loads()
	for _, tm := range t.cluster.TaskManagers() {
		switch {
		case !tm.Registered:
			delete(t.store.machines, tm.ID)
		case tm.Health == cluster.Up:
			l := loads[tm.ID]
			if l == nil {
				l = &load{}
			}
			t.store.machines[tm.ID] = t.reportMachine(&tm, l, min(since, now.Sub(tm.Since)))
		}
	}
}

// loads sums what the jobs' tasks want, as they last reported it.
func (t *Twin) loads() map[slots.TaskManagerID]*load {
	all := map[slots.TaskManagerID]*load{}
	for _, j := range t.jobs {
		if j.run == nil || j.dump == nil {
			continue
		}
		for i := range j.run.execution.Tasks {
			task := &j.run.execution.Tasks[i]
			l := all[task.Slot.TaskManager]
			if l == nil {
				l = &load{jobs: map[*job]bool{}}
				all[task.Slot.TaskManager] = l
			}
			d := &j.dump.vertices[task.Vertex][task.Subtask]
			l.live, l.allocated, l.managed, l.cores = l.live+d.heap, l.allocated+d.allocation, l.managed+d.managed, l.cores+d.cores
			l.tasks++
			l.jobs[j] = true
		}
	}
	return all
}

func (t *Twin) reportMachine(tm *cluster.TaskManagerView, l *load, since time.Duration) machineDump {
	m := t.machine(tm.ID)
	use := t.settings.memory.heap().Use(l.live, l.allocated)
	m.jvm.gcTime += use.GCMs * since.Seconds()
	m.jvm.gcCount += use.Collections * since.Seconds()
	m.jvm.cpuTime += l.cores * since.Seconds() * 1e9
	return machineDump{
		heapUsed: use.Used, gcPerSecond: use.GCMs, gcCount: m.jvm.gcCount, gcTime: m.jvm.gcTime, cpuTime: m.jvm.cpuTime,
		cpuLoad: min(l.cores/t.cores(tm.ID, tm.Slots), 1), managed: min(l.managed, float64(t.settings.memory.managed)),
		metaspace: min(flow.Metaspace(len(l.jobs)), float64(t.settings.memory.metaspace)), tasks: l.tasks, memory: t.settings.memory,
	}
}

const (
	gcPrefix    = "Status.JVM.GarbageCollector."
	gcPerSecond = gcPrefix + "All.TimeMsPerSecond"
)

// jvmNames are the metrics that each Java process has.
var jvmNames = []string{
	"Status.JVM.CPU.Load", "Status.JVM.CPU.Time", "Status.JVM.ClassLoader.ClassesLoaded", "Status.JVM.ClassLoader.ClassesUnloaded",
	gcPrefix + "All.Count", gcPrefix + "All.Time", gcPerSecond,
	gcPrefix + "Copy.Count", gcPrefix + "Copy.Time", gcPrefix + "Copy.TimeMsPerSecond",
	gcPrefix + "MarkSweepCompact.Count", gcPrefix + "MarkSweepCompact.Time", gcPrefix + "MarkSweepCompact.TimeMsPerSecond",
	"Status.JVM.Memory.Direct.Count", "Status.JVM.Memory.Direct.MemoryUsed", "Status.JVM.Memory.Direct.TotalCapacity",
	"Status.JVM.Memory.Heap.Committed", "Status.JVM.Memory.Heap.Max", "Status.JVM.Memory.Heap.Used",
	"Status.JVM.Memory.Mapped.Count", "Status.JVM.Memory.Mapped.MemoryUsed", "Status.JVM.Memory.Mapped.TotalCapacity",
	"Status.JVM.Memory.Metaspace.Committed", "Status.JVM.Memory.Metaspace.Max", "Status.JVM.Memory.Metaspace.Used",
	"Status.JVM.Memory.NonHeap.Committed", "Status.JVM.Memory.NonHeap.Max", "Status.JVM.Memory.NonHeap.Used",
	"Status.JVM.Threads.Count",
}

// names are the metrics of a process of the twin's version: 2.3 counts open files,
// 1.20 has old names for buffers.
func (t *Twin) names(of []string, machine bool) []string {
	if all := t.listed[machine]; all != nil {
		return all
	}
	t.listed[machine] = t.namesOf(of, machine)
	return t.listed[machine]
}

func (t *Twin) namesOf(of []string, machine bool) []string {
	list := of[:len(of):len(of)]
	if t.config.Version != slots.V1_20 {
		return append(list, "Status.JVM.FileDescriptor.Max", "Status.JVM.FileDescriptor.Open")
	}
	if machine {
		return append(list, oldNetwork+"TotalMemorySegments", oldNetwork+"AvailableMemorySegments")
	}
	return list
}

const oldNetwork = "Status.Network."

const netty = "Status.Shuffle.Netty."

var machineNames = append(append([]string{}, jvmNames...),
	"Status.Flink.Memory.Managed.Total", "Status.Flink.Memory.Managed.Used",
	netty+"AvailableMemory", netty+"AvailableMemorySegments", netty+"RequestedMemoryUsage",
	netty+"TotalMemory", netty+"TotalMemorySegments", netty+"UsedMemory", netty+"UsedMemorySegments")

// value is one metric of a TaskManager.
func (d *machineDump) value(s *settings, name string) (float64, bool) {
	m := &s.memory
	segments := float64(m.network / segment)
	used := min(float64(d.tasks)*8, segments)
	switch name {
	case "Status.Flink.Memory.Managed.Total":
		return float64(m.managed), true
	case "Status.Flink.Memory.Managed.Used":
		return d.managed, true
	case netty + "TotalMemory":
		return segments * segment, true
	case netty + "TotalMemorySegments", oldNetwork + "TotalMemorySegments":
		return segments, true
	case netty + "UsedMemory":
		return used * segment, true
	case netty + "UsedMemorySegments":
		return used, true
	case netty + "AvailableMemory":
		return (segments - used) * segment, true
	case netty + "AvailableMemorySegments", oldNetwork + "AvailableMemorySegments":
		return segments - used, true
	case netty + "RequestedMemoryUsage":
		return used / max(segments, 1) * 100, true
	}
	return d.jvmValue(m, name)
}

// jvmValue is one metric of the process; those on which the twin has no opinion
// are 0.
func (d *machineDump) jvmValue(m *memory, name string) (float64, bool) {
	read, known := jvmMetrics[name]
	if !known {
		return 0, slices.Contains(jvmNames, name)
	}
	return read(d, m), true
}

// jvmMetrics read the metrics of a process.
var jvmMetrics = map[string]func(d *machineDump, m *memory) float64{
	"Status.JVM.CPU.Load":                    func(d *machineDump, _ *memory) float64 { return d.cpuLoad },
	"Status.JVM.CPU.Time":                    func(d *machineDump, _ *memory) float64 { return d.cpuTime },
	gcPrefix + "All.Count":                   (*machineDump).collections,
	gcPrefix + "Copy.Count":                  (*machineDump).collections,
	gcPrefix + "All.Time":                    (*machineDump).collecting,
	gcPrefix + "Copy.Time":                   (*machineDump).collecting,
	gcPerSecond:                              func(d *machineDump, _ *memory) float64 { return d.gcPerSecond },
	gcPrefix + "Copy.TimeMsPerSecond":        func(d *machineDump, _ *memory) float64 { return d.gcPerSecond },
	"Status.JVM.Memory.Heap.Committed":       func(_ *machineDump, m *memory) float64 { return m.heap().Max },
	"Status.JVM.Memory.Heap.Max":             func(_ *machineDump, m *memory) float64 { return m.heap().Max },
	"Status.JVM.Memory.Heap.Used":            func(d *machineDump, _ *memory) float64 { return math.Floor(d.heapUsed) },
	"Status.JVM.Memory.Metaspace.Used":       (*machineDump).classes,
	"Status.JVM.Memory.Metaspace.Committed":  (*machineDump).classes,
	"Status.JVM.Memory.Metaspace.Max":        func(_ *machineDump, m *memory) float64 { return float64(m.metaspace) },
	"Status.JVM.Memory.NonHeap.Used":         func(d *machineDump, m *memory) float64 { return d.classes(m) + 12*mib },
	"Status.JVM.Memory.NonHeap.Committed":    func(d *machineDump, m *memory) float64 { return d.classes(m) + 12*mib },
	"Status.JVM.Memory.NonHeap.Max":          func(_ *machineDump, m *memory) float64 { return float64(m.metaspace + 368*mib) },
	"Status.JVM.Memory.Direct.MemoryUsed":    func(_ *machineDump, m *memory) float64 { return float64(m.network + 8*mib) },
	"Status.JVM.Memory.Direct.TotalCapacity": func(_ *machineDump, m *memory) float64 { return float64(m.network + 8*mib) },
	"Status.JVM.Memory.Direct.Count":         func(_ *machineDump, m *memory) float64 { return float64(m.network/segment + 13) },
	"Status.JVM.FileDescriptor.Max":          func(*machineDump, *memory) float64 { return 1 << 20 },
	"Status.JVM.FileDescriptor.Open":         func(d *machineDump, _ *memory) float64 { return float64(400 + 4*d.tasks) },
	"Status.JVM.Threads.Count":               func(d *machineDump, _ *memory) float64 { return float64(50 + 2*d.tasks) },
}

func (d *machineDump) collections(*memory) float64 { return math.Floor(d.gcCount) }
func (d *machineDump) collecting(*memory) float64  { return math.Floor(d.gcTime) }
func (d *machineDump) classes(*memory) float64     { return math.Floor(d.metaspace) }

// managerDump is the JobManager's report.
type managerDump struct {
	machineDump
	machines, jobs, slots, free int
}

var managerNames = append(append([]string{}, jvmNames...),
	"numRegisteredTaskManagers", "numRunningJobs", "taskSlotsTotal", "taskSlotsAvailable")

func (t *Twin) reportManager() {
	seen := t.cluster.Overview()
	t.store.manager = managerDump{
		machines: seen.TaskManagers, slots: seen.Slots, free: seen.FreeSlots,
		machineDump: machineDump{heapUsed: 120e6, metaspace: 80e6, memory: memory{frameworkHeap: 128 * mib, taskHeap: 384 * mib, metaspace: 256 * mib}},
	}
	for _, j := range t.jobs {
		if v, known := j.look(); known && !v.Scheduler.Status.Terminal() {
			t.store.manager.jobs++
		}
	}
}

func (d *managerDump) value(name string) (float64, bool) {
	switch name {
	case "numRegisteredTaskManagers":
		return float64(d.machines), true
	case "numRunningJobs":
		return float64(d.jobs), true
	case "taskSlotsTotal":
		return float64(d.slots), true
	case "taskSlotsAvailable":
		return float64(d.free), true
	}
	return d.jvmValue(&d.memory, name)
}

// listed are the values of a parameter that holds a list.
func (q question) listed(parameter string) map[string]bool {
	all := map[string]bool{}
	for _, list := range q.query[parameter] {
		for id := range strings.SplitSeq(list, ",") {
			if id != "" {
				all[id] = true
			}
		}
	}
	return all
}

package twin

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// taskManagersAnswer answers what stands below /taskmanagers.
func (q question) taskManagersAnswer(more []string) Answer {
	if q.method != http.MethodGet {
		return q.unknown()
	}
	switch {
	case len(more) == 0:
		return ok(q.taskManagers())
	case more[0] == "metrics" && len(more) == 1:
		return q.machinesMetrics()
	case len(more) > 2:
		return q.unknown()
	}
	below := strings.Join(more[1:], "/")
	for _, tm := range q.cluster.TaskManagers() {
		if string(tm.ID) == more[0] && tm.Registered {
			return q.taskManagerAnswer(&tm, below)
		}
	}
	switch below {
	case "":
		return internal(exception{
			"org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException", "No TaskExecutor registered under " + more[0] + ".",
		})
	case "metrics":
		q.metrics()
		return ok([]flink.MetricName{})
	case "logs", "thread-dump":
		return refused(http.StatusNotFound, "Could not find TaskExecutor "+more[0])
	}
	return q.unknown()
}

// taskManagerAnswer answers what stands below one TaskManager.
func (q question) taskManagerAnswer(tm *cluster.TaskManagerView, below string) Answer {
	switch below {
	case "":
		q.metrics()
		return ok(q.taskManagerDetails(tm))
	case "metrics":
		return q.machineMetrics(tm.ID)
	case "logs":
		return ok(noLogs())
	case "thread-dump":
		return ok(noThreads())
	}
	return q.unknown()
}

// shownTaskManagers are those that the ResourceManager knows.
func (q question) taskManagers() *flink.TaskManagers {
	list := &flink.TaskManagers{TaskManagers: []flink.TaskManager{}}
	tasks := q.assigned()
	for _, tm := range q.cluster.TaskManagers() {
		if tm.Registered {
			list.TaskManagers = append(list.TaskManagers, q.taskManager(&tm, tasks))
		}
	}
	return list
}

// assigned counts the tasks by slot.
func (t *Twin) assigned() map[slots.Slot]int {
	tasks := map[slots.Slot]int{}
	if t.config.Version == slots.V1_20 {
		return tasks
	}
	for _, j := range t.jobs {
		if v, known := j.look(); known && v.Execution != nil {
			for i := range v.Execution.Tasks {
				if !v.Execution.Tasks[i].State.Over() {
					tasks[v.Execution.Tasks[i].Slot]++
				}
			}
		}
	}
	return tasks
}

func (q question) taskManager(tm *cluster.TaskManagerView, tasks map[slots.Slot]int) flink.TaskManager {
	m := q.settings.memory
	shown := flink.TaskManager{
		ID: string(tm.ID), Path: "pekko.tcp://flink@localhost:" + strconv.Itoa(q.dataPort(tm.ID)+1000) + "/user/rpc/taskmanager_0",
		DataPort: q.dataPort(tm.ID), JMXPort: -1, LastHeartbeat: q.heartbeat(tm), Slots: tm.Slots, FreeSlots: tm.Slots - len(tm.Held),
		TotalResource: q.resource(tm.ID, tm.Slots, tm.Slots), FreeResource: q.resource(tm.ID, tm.Slots-len(tm.Held), tm.Slots),
		Hardware: flink.Hardware{
			CPUCores: int(math.Ceil(q.cores(tm.ID, tm.Slots))), PhysicalMemory: 2 * m.process(),
			FreeMemory: int64(m.heap().Max), ManagedMemory: m.managed,
		},
		Memory: memoryConfig(m),
	}
	if q.config.Version != slots.V1_20 {
		n := 0
		for _, held := range tm.Held {
			n += tasks[slots.Slot{Allocation: held.Allocation, TaskManager: tm.ID, Index: held.Index}]
		}
		shown.AssignedTasks = &n
	}
	return shown
}

// heartbeat is when a TaskManager was heard of last.
func (t *Twin) heartbeat(tm *cluster.TaskManagerView) flink.Millis {
	interval := 10 * time.Second
	r := reader{options: t.config.Options, version: t.config.Version}
	r.duration("heartbeat.interval", &interval)
	at := t.Now()
	if tm.Health != cluster.Up {
		at = tm.Since
	}
	if interval > 0 {
		at = t.config.Start.Add(at.Sub(t.config.Start).Truncate(interval))
	}
	return flink.MillisOf(at)
}

// cores are those of a TaskManager: without a bound one a slot, as Flink has it.
func (t *Twin) cores(id slots.TaskManagerID, count int) float64 {
	if c := t.machine(id).cores; c > 0 {
		return c
	}
	return float64(count)
}

// resource is what so many of all slots have.
func (t *Twin) resource(id slots.TaskManagerID, count, all int) flink.Resource {
	m, part := t.settings.memory, func(bytes int64) int64 { return bytes / mib * int64(count) / int64(max(all, 1)) }
	return flink.Resource{
		CPUCores: t.cores(id, all) * float64(count) / float64(max(all, 1)), TaskHeapMemory: part(m.taskHeap),
		TaskOffHeapMemory: part(m.taskOffHeap), ManagedMemory: part(m.managed), NetworkMemory: part(m.network),
		ExtendedResources: map[string]float64{},
	}
}

func memoryConfig(m memory) *flink.MemoryConfig {
	total, process := m.flink(), m.process()
	return &flink.MemoryConfig{
		FrameworkHeap: &m.frameworkHeap, TaskHeap: &m.taskHeap, FrameworkOffHeap: &m.frameworkOffHeap, TaskOffHeap: &m.taskOffHeap,
		NetworkMemory: &m.network, ManagedMemory: &m.managed, JVMMetaspace: &m.metaspace, JVMOverhead: &m.overhead,
		TotalFlinkMemory: &total, TotalProcessMemory: &process,
	}
}

func (q question) taskManagerDetails(tm *cluster.TaskManagerView) *flink.TaskManagerDetails {
	tasks := q.assigned()
	d := &flink.TaskManagerDetails{
		TaskManager: q.taskManager(tm, tasks), AllocatedSlots: []flink.AllocatedSlot{}, Metrics: q.jvmBody(tm.ID),
	}
	for _, held := range tm.Held {
		slot := flink.AllocatedSlot{JobID: flink.JobID(held.Job), Resource: q.resource(tm.ID, 1, tm.Slots)}
		if q.config.Version != slots.V1_20 {
			n := tasks[slots.Slot{Allocation: held.Allocation, TaskManager: tm.ID, Index: held.Index}]
			slot.AssignedTasks = &n
		}
		d.AllocatedSlots = append(d.AllocatedSlots, slot)
	}
	return d
}

// jvmBody is the process as the store has it.
func (q question) jvmBody(id slots.TaskManagerID) flink.JVMMetrics {
	m, d := q.settings.memory, q.store.machines[id]
	segments := m.network / segment
	used := min(int64(d.tasks)*8, segments)
	b := flink.JVMMetrics{
		HeapUsed: int64(d.heapUsed), HeapCommitted: int64(m.heap().Max), HeapMax: int64(m.heap().Max),
		NonHeapUsed: int64(d.metaspace) + 12*mib, NonHeapCommitted: int64(d.metaspace) + 16*mib, NonHeapMax: m.metaspace + 368*mib,
		DirectCount: segments + 13, DirectUsed: m.network + 8*mib, DirectMax: m.network + 8*mib,
		ShuffleSegmentsAvailable: segments - used, ShuffleSegmentsUsed: used, ShuffleSegmentsTotal: segments,
		ShuffleMemoryAvailable: (segments - used) * segment, ShuffleMemoryUsed: used * segment, ShuffleMemoryTotal: segments * segment,
		GarbageCollectors: []flink.GarbageCollector{
			{Name: "All", Count: int64(d.gcCount), Time: flink.Span(d.gcTime)},
			{Name: "Copy", Count: int64(d.gcCount), Time: flink.Span(d.gcTime)},
			{Name: "MarkSweepCompact"},
		},
	}
	if q.config.Version == slots.V1_20 {
		available, total := segments-used, segments
		b.MemorySegmentsAvailable, b.MemorySegmentsTotal = &available, &total
	}
	return b
}

// machineMetrics are those of one TaskManager.
func (q question) machineMetrics(id slots.TaskManagerID) Answer {
	q.metrics()
	d, known := q.store.machines[id]
	if !known {
		return ok([]flink.MetricName{})
	}
	return q.single(q.names(machineNames, true), func(name string) (string, bool) {
		x, is := d.value(&q.settings, name)
		return javaNumber(name, x), is
	})
}

// machinesMetrics aggregates over TaskManagers, or those of the query.
func (q question) machinesMetrics() Answer {
	q.metrics()
	wanted := q.listed("taskmanagers")
	var of []machineDump
	for _, id := range sorted(q.store.machines) {
		if len(wanted) == 0 || wanted[string(id)] {
			of = append(of, q.store.machines[id])
		}
	}
	names := q.names(machineNames, true)
	if len(of) == 0 {
		names = nil
	}
	return q.aggregate(names, func(id string, into []float64) []float64 {
		for i := range of {
			if x, known := of[i].value(&q.settings, id); known {
				into = append(into, x)
			}
		}
		return into
	})
}

func (q question) managerMetrics() Answer {
	q.metrics()
	if q.store.at.IsZero() {
		return ok([]flink.MetricName{})
	}
	return q.single(q.names(managerNames, false), func(name string) (string, bool) {
		x, known := q.store.manager.value(name)
		return javaNumber(name, x), known
	})
}

// javaNumber prints a metric of a process.
func javaNumber(name string, x float64) string {
	switch name {
	case "Status.JVM.CPU.Load", gcPerSecond, gcPrefix + "Copy.TimeMsPerSecond", gcPrefix + "MarkSweepCompact.TimeMsPerSecond":
		return javaDouble(x)
	}
	return fmt.Sprintf("%.0f", x)
}

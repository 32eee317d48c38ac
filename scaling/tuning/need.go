package tuning

import (
	"fmt"
	"math"
)

// Need is what a job needs of its platform after a rescale, and what a quota
// leaves it.
type Need struct {
	Slots, TaskManagers int
	// Most is the number of TaskManagers that the quota allows; [NoLimit] where it
	// does not say, or the size of a TaskManager is not known.
	Most int
	// By is the resource of which the quota allows least; empty without a limit.
	By Resource
}

// NoLimit is more TaskManagers than there are.
const NoLimit = math.MaxInt32

// Need works out what the whole job needs after a rescale, by the size of one
// TaskManager: cpu in cores and memory in bytes, 0 where not known. Unlike
// [Quota.Check] it counts every vertex, and a TaskManager whole of which one slot
// is used. Where Flink does not say how slots are shared (before 1.20), all
// vertices share them, as they do unless their user says otherwise.
func (q Quota) Need(r *Rescale, cpu float64, memory int64) (Need, error) {
	if r.SlotsPerTaskManager < 1 {
		return Need{}, fmt.Errorf("keep to the quota: a TaskManager has %d slots", r.SlotsPerTaskManager)
	}
	n := Need{Slots: r.slots(), Most: NoLimit}
	n.TaskManagers = (n.Slots + r.SlotsPerTaskManager - 1) / r.SlotsPerTaskManager
	if most := q.taskManagersByCPU(cpu); most < n.Most {
		n.Most, n.By = most, ResourceCPU
	}
	if memory > 0 && q.Memory/memory < int64(n.Most) {
		n.Most, n.By = int(max(0, q.Memory/memory)), ResourceMemory
	}
	return n, nil
}

// slots is the number of slots of all slot sharing groups after the rescale, each
// as large as its largest vertex.
func (r *Rescale) slots() int {
	groups := make(map[string]int)
	for i := range r.Topology.Vertices {
		v := &r.Topology.Vertices[i]
		groups[v.SlotSharingGroup] = max(groups[v.SlotSharingGroup], r.after(v))
	}
	slots := 0
	for _, n := range groups {
		slots += n
	}
	return slots
}

// taskManagersByCPU is the largest number that together stays within the quota:
// of 0.3 cores three have 0.1, whatever the last binary digit says.
func (q Quota) taskManagersByCPU(cpu float64) int {
	if !(cpu > 0) || !(q.CPU < cpu*NoLimit) {
		return NoLimit
	}
	return int(math.Max(0, math.Floor(q.CPU/cpu+1e-9)))
}

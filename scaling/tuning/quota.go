package tuning

import (
	"fmt"
	"math"
)

// Quota is the most that the TaskManagers of a job may take together.
type Quota struct {
	CPU    float64 // cores
	Memory int64   // bytes
}

// Unlimited is the quota that is never exceeded; a limit that is not configured
// keeps its value.
func Unlimited() Quota { return Quota{CPU: math.Inf(1), Memory: math.MaxInt64} }

// Resource names what a quota limits.
type Resource string

// The resources of a quota.
const (
	ResourceCPU    Resource = "cpu"
	ResourceMemory Resource = "memory"
)

// QuotaVerdict is what a quota says to a rescale, with its figures.
type QuotaVerdict struct {
	// Judged is false where there is no quota, or no slot sharing group is known
	// (before Flink 1.20): the rest is zero then.
	Judged bool
	// SlotsNow and SlotsAfter count the slots of the vertices that are rescaled,
	// each slot sharing group with its largest one.
	SlotsNow, SlotsAfter               int
	TaskManagersNow, TaskManagersAfter int
	// CPU, in cores, and Memory, in bytes, are what the TaskManagers take after
	// the rescale.
	CPU    float64
	Memory int64
	// Exceeded is the resource of which there is too little; empty if the rescale
	// may go on.
	Exceeded Resource
}

// Check judges a rescale by the size of one TaskManager: cpu in cores and memory
// in bytes, 0 where not known. As the reference does, it looks at the vertices
// that are rescaled only, counts full TaskManagers, and lets every rescale pass
// that needs no more of them than now.
func (q Quota) Check(r *Rescale, cpu float64, memory int64) (QuotaVerdict, error) {
	if q == Unlimited() {
		return QuotaVerdict{}, nil
	}
	groups := r.groups()
	if len(groups) == 0 {
		return QuotaVerdict{}, nil
	}
	if r.SlotsPerTaskManager == 0 {
		return QuotaVerdict{}, fmt.Errorf("check the quota: a TaskManager has %d slots", r.SlotsPerTaskManager)
	}
	v := QuotaVerdict{Judged: true}
	for _, g := range groups {
		v.SlotsNow, v.SlotsAfter = v.SlotsNow+g.now, v.SlotsAfter+g.after
	}
	v.TaskManagersNow, v.TaskManagersAfter = v.SlotsNow/r.SlotsPerTaskManager, v.SlotsAfter/r.SlotsPerTaskManager
	v.CPU, v.Memory = cpu*float64(v.TaskManagersAfter), memory*int64(v.TaskManagersAfter)
	switch {
	case v.TaskManagersAfter <= v.TaskManagersNow:
	case v.CPU > q.CPU:
		v.Exceeded = ResourceCPU
	case v.Memory > q.Memory:
		v.Exceeded = ResourceMemory
	}
	return v, nil
}

// group holds the slots of one slot sharing group.
type group struct{ now, after int }

// groups are the slot sharing groups of the job, with the largest parallelism of
// those of their members that are rescaled.
func (r *Rescale) groups() map[string]group {
	groups := make(map[string]group)
	for i := range r.Topology.Vertices {
		v := &r.Topology.Vertices[i]
		if v.SlotSharingGroup == "" {
			continue
		}
		g := groups[v.SlotSharingGroup]
		if p := r.after(v); p != v.Parallelism {
			g.now, g.after = max(g.now, v.Parallelism), max(g.after, p)
		}
		groups[v.SlotSharingGroup] = g
	}
	return groups
}

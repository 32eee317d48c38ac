package tuning

import (
	"math"

	"github.com/sluice-project/sluice/scaling"
)

// Rescale is a change of parallelism that was decided, on the TaskManagers it
// happens on.
type Rescale struct {
	// Topology holds the parallelism that runs now.
	Topology *scaling.Topology
	// Target is the parallelism that was decided; vertices that are not in it
	// keep theirs.
	Target scaling.Parallelism
	// SlotsUsed is the number of slots that the job holds now, NaN if not known.
	SlotsUsed           float64
	SlotsPerTaskManager int
}

// after is the parallelism of a vertex after the rescale.
func (r *Rescale) after(v *scaling.Vertex) int {
	if p, decided := r.Target[v.ID]; decided {
		return p
	}
	return v.Parallelism
}

// TaskManagers is how many TaskManagers the job needs now and after the rescale.
// The slots after it are guessed: where the slots in use equal the largest
// parallelism, the vertices share slots and the largest counts, else the sum.
func (r *Rescale) TaskManagers() (now, after int) {
	used := truncate32(r.SlotsUsed)
	most, mostAfter, sumAfter := math.MinInt32, math.MinInt32, 0
	for i := range r.Topology.Vertices {
		v := &r.Topology.Vertices[i]
		p := r.after(v)
		most, mostAfter, sumAfter = max(most, v.Parallelism), max(mostAfter, p), sumAfter+p
	}
	slots := sumAfter
	if most == used {
		slots = mostAfter
	}
	return r.hosting(used), r.hosting(slots)
}

// hosting is the number of TaskManagers that have so many slots.
func (r *Rescale) hosting(slots int) int {
	return truncate32(math.Ceil(float64(slots) / float64(r.SlotsPerTaskManager)))
}

// CapacityRequest is what a platform is asked before a rescale: whether it can
// run so many TaskManagers of this size.
type CapacityRequest struct {
	TaskManagersNow, TaskManagersAfter int
	// CPU is in cores and Memory in bytes, of one TaskManager.
	CPU    float64
	Memory int64
}

// CapacityRequest is the question for a rescale. Without the size of a
// TaskManager there is none, and false is returned.
func (r *Rescale) CapacityRequest(cpu float64, memory int64) (CapacityRequest, bool) {
	if !(cpu > 0) || memory <= 0 {
		return CapacityRequest{}, false
	}
	now, after := r.TaskManagers()
	return CapacityRequest{TaskManagersNow: now, TaskManagersAfter: after, CPU: cpu, Memory: memory}, true
}

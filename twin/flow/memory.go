package flow

// Heap is the Java heap of a TaskManager, and how its garbage collector behaves:
// a plain model of a collector with two generations, not fitted to a real one.
type Heap struct {
	// Max is its size, Base what is always in use, in bytes.
	Max, Base float64
	// Copying is how fast live bytes are marked and moved, in bytes/s; 0 is 1 GB/s.
	Copying float64
	// Pause is what one collection of young objects takes, in ms; 0 is 5.
	Pause float64
}

// HeapUse is how a heap is used, as an average over its collections.
type HeapUse struct {
	Used  float64 // bytes
	GCMs  float64 // garbage collection, ms/s, at most 980
	Spare float64 // bytes that are free after a collection
}

const (
	copying = 1e9
	pause   = 5
	// promoted is the part of what is allocated that outlives young collections,
	// youngPart that of the free heap which they clear.
	promoted  = 0.05
	youngPart = 0.5
	maxGC     = 980
)

// Use is what becomes of a heap in which so many bytes live, beside Base, and so
// many are allocated a second. Collections come the more often the less is free:
// young ones each time the young part is full, and one of the whole heap each
// time what they promoted fills it.
func (h Heap) Use(live, allocated float64) HeapUse {
	live = min(h.Base+live, h.Max)
	spare := h.Max - live
	if allocated <= 0 {
		return HeapUse{Used: live, Spare: spare}
	}
	room := max(spare, h.Max*1e-3, 1)
	young := allocated / (room * youngPart) * or(h.Pause, pause)
	old := promoted * allocated / room * live / or(h.Copying, copying) * 1000
	return HeapUse{Used: live + spare/2, GCMs: min(young+old, maxGC), Spare: spare}
}

// Live is what a job has on the heap of a machine, and what it allocates there in
// bytes/s.
func (s *Snapshot) Live(machine Machine) (live, allocated float64) {
	for _, t := range machine.Subtasks {
		if t.Vertex < len(s.Vertices) && t.Index < len(s.Vertices[t.Vertex].Subtasks) {
			subtask := &s.Vertices[t.Vertex].Subtasks[t.Index]
			live += subtask.HeapBytes
			allocated += subtask.AllocationRate
		}
	}
	return live, allocated
}

// Metaspace is what the classes of so many jobs take on a TaskManager, in bytes: a
// rule of thumb for 2.3, of which a recorded cluster of one job had between 43 and
// 52 MB in use on its TaskManagers. 1.20 had 40 to 47 MB.
func Metaspace(jobs int) float64 { return 43.4e6 + 8.2e6*float64(jobs) }

package flow

// Heap is the Java heap of a TaskManager under the serial collector, which is what
// Java takes on a machine of little memory or one core. Its proportions, and the
// defaults, are those of recorded clusters of 2.3.0 and 1.20.5; how collections
// become longer with more that lives was not recorded, and is taken for linear.
type Heap struct {
	// Max is its size, less one survivor space, Base what is always in use, in
	// bytes.
	Max, Base float64
	// Background is what a TaskManager allocates by itself, in bytes/s.
	Background float64
	// Copying is how fast live bytes are marked and moved by a collection of the
	// whole heap, in bytes/s; 0 is 500 MB/s.
	Copying float64
	// Pause is what one collection of young objects takes, in ms; 0 is 10.
	Pause float64
}

// HeapUse is how a heap is used, as an average over its collections.
type HeapUse struct {
	Used        float64 // bytes
	GCMs        float64 // garbage collection, ms/s, at most 980
	Collections float64 // a second, of young objects
}

const (
	copying = 500e6
	pause   = 10
	// eden is the part of the heap in which objects are made: 8 tenths of the young
	// third, of which one survivor space does not count.
	eden = 8.0 / 29
	// promoted is the part of what is allocated that outlives young collections.
	promoted = 0.05
	maxGC    = 980
)

// Use is what becomes of a heap in which so many bytes live, beside Base, and so
// many are allocated a second, beside Background. Young collections come each time
// eden is full, and one of the whole heap each time what they promoted fills the
// rest; where the rest is full anyway, each young collection becomes one of all.
func (h Heap) Use(live, allocated float64) HeapUse {
	live, allocated = min(h.Base+live, h.Max), allocated+h.Background
	young := min(h.Max*eden, h.Max-live)
	if allocated <= 0 {
		return HeapUse{Used: live}
	}
	collections := allocated / max(young, h.Max*1e-3, 1)
	room := max(h.Max-young-live, h.Max*1e-3, 1)
	old := min(promoted*allocated/room, collections) * live / or(h.Copying, copying) * 1000
	return HeapUse{Used: live + young/2, GCMs: min(collections*or(h.Pause, pause)+old, maxGC), Collections: collections}
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

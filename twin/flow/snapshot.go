package flow

import "time"

// Snapshot is what a job looks like at an instant. Counters and times are those
// of the attempt.
type Snapshot struct {
	At      time.Time
	Running bool
	Attempt int
	// Since is when the attempt began.
	Since    time.Time
	Vertices []VertexSnapshot
	Edges    []EdgeSnapshot
	// Machines are in the order of the deployment.
	Machines []MachineSnapshot
}

// VertexSnapshot is one vertex.
type VertexSnapshot struct {
	Parallelism int
	// Rate is what it takes in now, in records/s; Capacity what it could.
	Rate, Capacity float64
	// Bottleneck says that records wait because it cannot do more, Blocked that it
	// waits for room behind it.
	Bottleneck, Blocked bool
	// Watermark is the zero time if there is none.
	Watermark  time.Time
	StateBytes float64
	// Source is nil if it is none.
	Source   *SourceSnapshot
	Subtasks []SubtaskSnapshot
}

// SourceSnapshot is what is known of a source beside its subtasks.
type SourceSnapshot struct {
	// Arrived and Lost are records since the job's start, the backlog it began with
	// included. Lost ones were skipped because they were no longer there.
	Arrived, Lost float64
	// Pending is by partition; one value of a source without partitions.
	Pending []float64
	// Offsets are the records before the position, by partition.
	Offsets []float64
}

// SubtaskSnapshot is one subtask.
type SubtaskSnapshot struct {
	RecordsIn, RecordsOut, BytesIn, BytesOut float64
	// Busy, Idle, SoftBackPressured and HardBackPressured are in ms and add up to
	// the time since the attempt began.
	Busy, Idle, SoftBackPressured, HardBackPressured float64
	// The rates of this moment, in records/s and ms/s.
	RateIn, RateOut                       float64
	BusyRate, IdleRate, BackPressuredRate float64
	// InputFill and OutputFill are the parts of the buffers in use, 0 to 1; of
	// several the fullest.
	InputFill, OutputFill float64
	// Pending is what waits at a source subtask, in records.
	Pending float64
	// Emitted is the event time of the record that a source emitted last, the zero
	// time before the first.
	Emitted time.Time
	// Watermark is the zero time if there is none.
	Watermark time.Time
	// HeapBytes and ManagedBytes hold the state, depending on where it is kept.
	HeapBytes, ManagedBytes float64
	// AllocationRate is what it allocates on the heap, in bytes/s.
	AllocationRate float64
	// Cores is the CPU that it uses.
	Cores float64
}

// EdgeSnapshot is one edge.
type EdgeSnapshot struct {
	// Queue is what waits, Room how much can, in records.
	Queue, Room float64
	// In and Out are records/s, Entered and Left records since the attempt began.
	In, Out, Entered, Left float64
	// Dropped is what was in flight when the job stopped, over all attempts.
	Dropped float64
}

// MachineSnapshot is how busy a machine is with this job.
type MachineSnapshot struct {
	Cores    float64 // in use
	Slowdown float64 // 1: none
}

// Snapshot is the job as it is now.
func (j *Job) Snapshot() Snapshot {
	var s Snapshot
	j.SnapshotTo(&s)
	return s
}

// SnapshotTo is Snapshot into one that is there, of which all is overwritten.
func (j *Job) SnapshotTo(s *Snapshot) {
	s.At, s.Running, s.Attempt, s.Since = j.Now(), j.m.Running, j.m.Attempt, j.start.Add(j.m.Began)
	s.Vertices, s.Edges, s.Machines = sized(s.Vertices, len(j.m.Vertices)), sized(s.Edges, len(j.m.Edges)), sized(s.Machines, len(j.m.Machines))
	for i := range s.Edges {
		e := &j.m.Edges[i]
		s.Edges[i] = EdgeSnapshot{
			Queue: e.Queue, Room: j.space[i], In: e.Inflow, Out: e.Outflow, Entered: e.Entered, Left: e.Left, Dropped: e.Dropped,
		}
	}
	for i := range s.Vertices {
		j.snapVertex(i, &s.Vertices[i])
	}
	for i := range s.Machines {
		s.Machines[i] = MachineSnapshot{Slowdown: j.m.Slowdowns[i]}
		for _, t := range j.m.Machines[i].Subtasks {
			s.Machines[i].Cores += s.Vertices[t.Vertex].Subtasks[t.Index].Cores
		}
	}
}

// sized is a slice of a length, of the old memory where it reaches.
func sized[T any](s []T, length int) []T {
	if cap(s) < length {
		return make([]T, length)
	}
	return s[:length]
}

func (j *Job) snapVertex(i int, s *VertexSnapshot) {
	v, p := &j.m.Vertices[i], j.m.Parallelism[i]
	*s = VertexSnapshot{
		Parallelism: p, Rate: v.Rate, Capacity: j.network.capacity[i], Source: s.Source, Subtasks: sized(s.Subtasks, p),
		Bottleneck: v.Limited == byCapacity, Blocked: v.Limited == byOutput, Watermark: j.instant(v.Watermark, v.HasWatermark),
	}
	if v.Source != nil {
		s.Source = j.snapSource(i, s.Source)
	}
	in, out := j.queueFill(j.network.in[i]), j.queueFill(j.network.out[i])
	for k := range s.Subtasks {
		t := &s.Subtasks[k]
		j.snapSubtask(i, k, t)
		t.InputFill, t.OutputFill = in, out
		s.StateBytes += t.HeapBytes + t.ManagedBytes
	}
}

func (j *Job) snapSource(i int, s *SourceSnapshot) *SourceSnapshot {
	v, partitions := &j.m.Vertices[i], len(j.m.Vertices[i].Source.Pending)
	if s == nil {
		s = &SourceSnapshot{}
	}
	*s = SourceSnapshot{
		Arrived: v.Source.Arrived, Lost: v.Source.Lost,
		Pending: append(s.Pending[:0], v.Source.Pending...), Offsets: sized(s.Offsets, partitions),
	}
	shares := j.partitions[i]
	for p := range s.Offsets {
		s.Offsets[p] = shares[p]*v.Source.Arrived - v.Source.Pending[p]
	}
	return s
}

func (j *Job) snapSubtask(i, k int, s *SubtaskSnapshot) {
	v, spec := &j.m.Vertices[i], &j.graph.Vertices[i]
	taken, rate := v.Taken*j.shares[i][k], v.Rate*j.shares[i][k]
	if v.Source != nil {
		taken, rate = v.Read[k], v.RateNow[k]
	}
	blocked := v.BackPressured[k] * 1000
	*s = SubtaskSnapshot{
		RecordsIn: taken, RecordsOut: taken * j.outflow[i], BytesIn: j.bytesIn(i, k), BytesOut: taken * j.outBytes[i],
		Busy: v.Busy[k] * 1000, Idle: v.Idle[k] * 1000,
		SoftBackPressured: blocked * (1 - spec.HardBackPressure), HardBackPressured: blocked * spec.HardBackPressure,
		RateIn: rate, RateOut: rate * j.outflow[i], AllocationRate: rate * spec.garbage(),
		Cores: rate * j.price[i] * (1 - spec.Waits), Watermark: j.instant(v.Watermark, v.HasWatermark),
	}
	if j.m.Running {
		s.BusyRate, s.BackPressuredRate = 1000*v.BusyNow[k], 1000*v.BackPressuredNow[k]
		s.IdleRate = 1000 - s.BusyRate - s.BackPressuredRate
	}
	if state := j.stateBytes(i, k); spec.State.OnHeap {
		s.HeapBytes = state
	} else {
		s.ManagedBytes = state
	}
	if v.Source != nil {
		j.snapReader(i, k, s)
	}
}

// snapReader adds what only the subtasks of sources have.
func (j *Job) snapReader(i, k int, s *SubtaskSnapshot) {
	v, spec, l := &j.m.Vertices[i], j.graph.Vertices[i].Source, &j.lanes[i]
	lane, part := k, 1.0
	if len(l.backlog) == 1 {
		lane, part = 0, 1/float64(len(l.able))
	}
	s.Pending = l.backlog[lane] * part
	if spec.NoEventTime || v.Read[k] == 0 {
		s.Watermark = time.Time{}
		return
	}
	emitted := j.m.Now.Seconds()
	if !spec.Endless {
		emitted = v.Source.readUntil(l.backlog[lane], l.share[lane])
	}
	s.Emitted = j.instant(emitted, true)
}

// bytesIn is what a subtask has received.
func (j *Job) bytesIn(i, k int) float64 {
	if v := &j.m.Vertices[i]; v.Source != nil {
		return v.Read[k] * j.graph.Vertices[i].Source.recordBytes()
	}
	bytes := 0.0
	for _, e := range j.network.in[i] {
		bytes += j.m.Edges[e].Left * j.bytesOn(e)
	}
	return bytes * j.shares[i][k]
}

func (j *Job) queueFill(edges []int) float64 {
	fullest := 0.0
	for _, e := range edges {
		if j.space[e] > 0 {
			fullest = max(fullest, min(j.m.Edges[e].Queue/j.space[e], 1))
		}
	}
	return max(fullest, 0)
}

// instant is a time of the job's, as one of the calendar.
func (j *Job) instant(sinceStart float64, known bool) time.Time {
	if !known {
		return time.Time{}
	}
	return j.start.Add(time.Duration(sinceStart * 1e9))
}

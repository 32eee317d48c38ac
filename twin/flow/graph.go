package flow

import "time"

// Graph is a job's dataflow: vertices, and edges between their indices.
type Graph struct {
	Vertices []Vertex
	Edges    []Edge
	// Checkpoints says what a checkpoint costs.
	Checkpoints Checkpointing
}

// Vertex is a chain of operators.
type Vertex struct {
	Name string
	Cost Cost
	// Waits is the share of the cost that needs no CPU, such as calls to other
	// services, 0 to 1.
	Waits float64
	// Skew is the share of the hottest subtask times the parallelism; 0 and 1 are
	// even. It is taken for the parallelism where it is above.
	Skew float64
	// HotKeys are the shares of the hottest keys of all records, each of which goes
	// to one subtask; the rest is even. Not with Skew.
	HotKeys []float64
	// KeyGroups is the max parallelism of a keyed vertex: subtasks that hold one key
	// group more get that much more. 0 is even.
	KeyGroups int
	// RecordBytes is what a record that it emits takes on the wire; 0 is 100.
	RecordBytes float64
	// HardBackPressure is the share of the back-pressured time that passes inside
	// of an emit, 0 to 1.
	HardBackPressure float64
	// Garbage is what a record allocates on the heap, in bytes; 0 is ten times
	// RecordBytes.
	Garbage float64
	State   State
	// Source makes it a source, which no edge enters.
	Source *Source
}

// Source is where records arrive.
type Source struct {
	// Partitions are dealt out to the subtasks in turn; what arrives at one is read
	// by one subtask. 0 is a queue from which all subtasks read.
	Partitions int
	// PartitionShares are the partitions' shares of what arrives, in any unit; nil
	// is even.
	PartitionShares []float64
	// Endless has always another record to read, and neither backlog nor load.
	Endless bool
	// Retention is after how long a record that nobody has read is lost; 0 is never.
	Retention time.Duration
	// Backlog is how many records are there at the start, BacklogSpan over which
	// time before it they came.
	Backlog     float64
	BacklogSpan time.Duration
	// Latest lets a job that restores nothing begin at the end of the log instead of
	// at its beginning.
	Latest bool
	// RecordBytes is what a record that it reads takes; 0 is 100.
	RecordBytes float64
	// NoEventTime gives neither event times nor watermarks.
	NoEventTime bool
	// OutOfOrder is how far watermarks stay behind event times.
	OutOfOrder time.Duration
	// Idleness is how long after the last arrival the source stops holding
	// watermarks back; 0 is never.
	Idleness time.Duration
}

// State is what a vertex remembers.
type State struct {
	// Bytes is there from the beginning, over all subtasks.
	Bytes float64
	// Keys is the number of distinct keys, each as likely as another, and
	// BytesPerKey what each leaves behind.
	Keys, BytesPerKey float64
	// BytesPerRecord is what each record leaves behind, for as long as Window; 0 is
	// for ever. A tumbling window drops everything when it ends.
	BytesPerRecord float64
	Window         time.Duration
	Tumbling       bool
	// Incremental checkpoints write what changed since the last that completed.
	Incremental bool
	// OnHeap state counts as heap, other state as managed memory.
	OnHeap bool
}

// Edge leads from one vertex to another.
type Edge struct {
	From, To int
	// Selectivity is how many records it carries for one that From takes in; a
	// source takes in what it reads.
	Selectivity float64
	Exchange    Exchange
	Buffers     Buffers
	// Priority decides which input of a vertex is read first; equal ones share
	// fairly, by their number of channels.
	Priority int
}

// Exchange is how records are dealt out to the subtasks of the receiver.
type Exchange int

// The exchanges. A Forward edge whose ends differ in parallelism is a Rebalance.
const (
	Forward Exchange = iota
	Rebalance
	Hash
	Broadcast // every record to every subtask
)

var exchanges = [...]string{"forward", "rebalance", "hash", "broadcast"}

// String is the name in lower case.
func (e Exchange) String() string {
	if e < 0 || int(e) >= len(exchanges) {
		return "unknown"
	}
	return exchanges[e]
}

// Checkpointing says what a checkpoint costs.
type Checkpointing struct {
	// Latency is what every checkpoint takes; 0 is 50 ms.
	Latency time.Duration
	// Upload is how fast a subtask writes its state, in bytes/s; 0 is 100 MB/s.
	Upload float64
	// Unaligned barriers overtake what waits in buffers, and write that too.
	Unaligned bool
}

const (
	defaultRecordBytes = 100
	defaultUpload      = 100e6
	defaultLatency     = 50 * time.Millisecond
	garbagePerByte     = 10
)

func (v *Vertex) recordBytes() float64 { return or(v.RecordBytes, defaultRecordBytes) }
func (v *Vertex) garbage() float64     { return or(v.Garbage, garbagePerByte*v.recordBytes()) }
func (s *Source) recordBytes() float64 { return or(s.RecordBytes, defaultRecordBytes) }
func (c Checkpointing) upload() float64 {
	return or(c.Upload, defaultUpload)
}

func (c Checkpointing) latency() time.Duration { return or(c.Latency, defaultLatency) }

// or is a value, or the default if it is 0.
func or[T ~int64 | ~float64](value, byDefault T) T {
	if value == 0 {
		return byDefault
	}
	return value
}

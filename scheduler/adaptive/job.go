package adaptive

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Job is what the scheduler knows of a job when it is submitted.
type Job struct {
	// ID is the job's id.
	ID slots.JobID
	// Name is the job's name, for views.
	Name string
	// Vertices are the job's vertices in topological order. Bounds.Upper is the
	// configured parallelism and Bounds.Lower the lower bound, 1 if it is 0; a
	// MaxParallelism of 0 is computed with slots.DefaultMaxParallelism.
	Vertices []slots.Vertex
	// Names are the vertices' names in the order of Vertices, or empty.
	Names []string
	// Edges connect the vertices.
	Edges []Edge
	// Streaming says that the job is a streaming job; others are refused.
	Streaming bool
	// Checkpointing is the job's checkpoint schedule.
	Checkpointing Checkpointing
	// Restart is the job's own restart strategy; nil takes that of the options.
	Restart *RestartStrategy
	// Savepoint is the path the job starts from when it has no checkpoint; "" is
	// none.
	Savepoint string
}

// Edge leads from one vertex to another, both given as indexes into
// Job.Vertices.
type Edge struct {
	From, To int
	// Forward says that subtask i feeds subtask i only.
	Forward bool
	// Exchange is the kind of the data exchange; "" is Pipelined.
	Exchange Exchange
}

// Exchange is the kind of a data exchange between two vertices.
type Exchange string

// The data exchanges of Flink. The Adaptive Scheduler takes the first two.
const (
	Pipelined            Exchange = "pipelined"
	PipelinedBounded     Exchange = "pipelined_bounded"
	PipelinedApproximate Exchange = "pipelined_approximate"
	Blocking             Exchange = "blocking"
	BlockingPersistent   Exchange = "blocking_persistent"
	Hybrid               Exchange = "hybrid"
)

// Checkpointing says how a job takes checkpoints.
type Checkpointing struct {
	// Interval is the time between two checkpoints; 0 means that checkpointing
	// is off.
	Interval time.Duration
}

// Enabled says whether the job takes checkpoints.
func (c Checkpointing) Enabled() bool { return c.Interval > 0 }

// Checkpoint is a completed checkpoint, or a savepoint the job started from.
type Checkpoint struct {
	// ID is the checkpoint's number; 0 means that there is none.
	ID int64
	// Location is where it lies, if that is known.
	Location string
	// Triggered and Completed bound its making.
	Triggered, Completed time.Time
	// Parallelism is that of each vertex when it was taken.
	Parallelism []int
	// KeyedState is the managed keyed state of each vertex and subtask in bytes;
	// nil where it is not known.
	KeyedState [][]int64
}

// Failure says what went wrong.
type Failure struct {
	// Class is the Java class of the exception, such as
	// "org.apache.flink.util.FlinkException"; it may be empty.
	Class string
	// Message is the exception's message.
	Message string
	// Unrecoverable marks a failure after which no restart strategy is asked.
	Unrecoverable bool
	// CausedBy is what lies below it; nil if nothing does.
	CausedBy *Failure
}

// Root is the failure at the bottom of the chain of causes.
func (f Failure) Root() Failure {
	for f.CausedBy != nil {
		f = *f.CausedBy
	}
	return f
}

// String is the text of the failure as a Java stack trace begins it.
func (f Failure) String() string {
	switch {
	case f.Class == "":
		return f.Message
	case f.Message == "":
		return f.Class
	}
	return f.Class + ": " + f.Message
}

// Handover is what outlives a JobManager: what a high-availability store keeps
// of a job. A JobManager without such a store hands over nothing.
type Handover struct {
	// Requirements are the bounds last set from outside, in the order of
	// Job.Vertices; nil if none were set.
	Requirements []slots.Bounds
	// Checkpoint is the latest completed checkpoint.
	Checkpoint Checkpoint
}

package script

import "time"

// Expectation is what should be seen.
type Expectation struct {
	Want Want
	Kind Kind
	// From and To bound, for After, the time since the last action at which Want first holds.
	From, To time.Duration
	// For is how long, for Stay, it goes on to hold.
	For time.Duration
}

// Kind is when an expectation should hold.
type Kind int

// The kinds of an expectation.
const (
	Now   Kind = iota // where the clock stands
	After             // for the first time in a span after the last action; the clock moves to that time
	Stay              // from where the clock stands, for a while; the clock moves to its end
)

// Want is a set of conditions. A field that is empty or nil asks for nothing.
type Want struct {
	// Status is the job's status in the words of Flink's REST interface.
	Status string
	// Parallelism are the accepted parallelisms, each one number a vertex.
	Parallelism [][]int
	// Groups are the accepted slots per sharing group, each one number a group in the order of [Job.Groups].
	Groups [][]int
	// Attempts is the highest attempt number of each vertex's subtasks, counted from 0.
	Attempts []int
	// Bounds are the requirements, as [Job.Vertices] has the vertices.
	Bounds []Bound
	// Counts are conditions on numbers.
	Counts []CountIs
	// Operation is the state of the last stop with savepoint: "in-progress", "completed" or "failed".
	Operation string
	// Answer is the HTTP status of the last request, 0 for none; Texts stand in its body.
	Answer int
	Texts  []string
}

// CountIs asks that a number is Value.
type CountIs struct {
	Count Count
	Value int
}

// Count names a number that can be seen.
type Count string

// The numbers that can be seen.
const (
	Slots        Count = "slots"        // slots of the cluster
	Free         Count = "free"         // of them, in no job's hands
	TaskManagers Count = "taskmanagers" // that are registered
	Running      Count = "running"      // subtasks that run
	Restarts     Count = "restarts"     // numRestarts
	Rescales     Count = "rescales"     // numRescales; 2.3 only
	Exceptions   Count = "exceptions"   // entries of the exception history
	Completed    Count = "completed"    // rescale records that ended in COMPLETED; 2.3 only, as the next three
	Ignored      Count = "ignored"      // … in IGNORED
	FailedCount  Count = "failed"       // … in FAILED
	Open         Count = "open"         // … and the one under way
)

var counts = []Count{Slots, Free, TaskManagers, Running, Restarts, Rescales, Exceptions, Completed, Ignored, FailedCount, Open}

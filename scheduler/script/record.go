package script

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Run is what happened in one run of a script. Times count from the moment at which the JobManager was up.
type Run struct {
	// Script is the name of the script.
	Script  string
	Version slots.Version
	// Flink is the full version of a real run, empty for one of ours.
	Flink string

	// Actions are those of the script's lines that were carried out, in order.
	Actions []Done
	// Observations hold a new state of things each; none equals the one before it.
	Observations []Observation
	// Transitions are those of the scheduler's state machine, as its log has them.
	Transitions []Transition
	// Checkpoints are those of the job, by id.
	Checkpoints []Checkpoint
	// Exceptions are the job's at the end of the run, oldest first.
	Exceptions []Exception
	// Records are the rescales of the history of Flink 2.3 at the end of the run, oldest first.
	Records []RescaleRecord
	// Samples are readings of the tasks' times and counters, if the script wants them.
	Samples []Sample
	// End is when the run was over.
	End time.Duration
}

// Done says when the action of a line took effect: a TaskManager was registered, a request was answered.
type Done struct {
	Line int
	At   time.Duration
	// Began is when it was set going, if that was earlier: a TaskManager takes seconds to start.
	Began time.Duration
	// Answer is that of a request.
	Answer *Answer
}

// Answer is what a request got.
type Answer struct {
	Status int
	// Body, without the frames of a Java stack trace. In it, $name is the id of a vertex.
	Body string
}

// Observation is everything that can be seen from one moment on.
type Observation struct {
	At time.Duration
	// Status is the job's in the words of the REST interface, empty before its submission.
	Status string
	// Parallelism, MaxParallelism and Attempts have one number a vertex. An attempt is the highest of the vertex's
	// subtasks, counted from 0.
	Parallelism, MaxParallelism, Attempts []int
	// Groups are the slots per sharing group that the parallelism needs.
	Groups []int
	// Bounds are the requirements.
	Bounds []Bound
	// Counts are numbers by name; one that does not exist in the version is absent.
	Counts map[Count]int
	// Operation is the state of the last stop with savepoint, OperationText its location or its cause.
	Operation, OperationText string
}

// Transition is a change of the scheduler's state, or of the phase of the machine inside it that decides about rescales
// in Flink 2.3. State names are those of Flink's classes: WaitingForResources, Executing, …
type Transition struct {
	At       time.Duration
	From, To string
	// Phase says that From and To are phases: Cooldown, Idling, Stabilizing, Stabilized, Transitioning.
	Phase bool
}

// Checkpoint is one checkpoint or savepoint.
type Checkpoint struct {
	ID        int
	Triggered time.Duration
	// Ended is when it was completed or failed; 0 while it goes on.
	Ended time.Duration
	// Status is COMPLETED, FAILED or IN_PROGRESS.
	Status    string
	Savepoint bool
}

// Exception is one entry of the exception history.
type Exception struct {
	At time.Duration
	// Name is the class, Text the first line of its text.
	Name, Text string
	// Task is the name of the task that failed, empty if the failure was not a task's.
	Task string
	// Concurrent is how many others came with it.
	Concurrent int
}

// RescaleRecord is one entry of the rescale history of Flink 2.3.
type RescaleRecord struct {
	Attempt int
	// Requirements numbers the requirements under which it happened, from 1 in the order of their appearance.
	Requirements int
	// Cause, State and Reason are in Flink's words: UPDATE_REQUIREMENT, COMPLETED, SUCCEEDED.
	Cause, State, Reason string
	Start                time.Duration
	// End is 0 while it is open.
	End time.Duration
	// Desired, Sufficient, Before and After have one parallelism a vertex, -1 where Flink has none.
	Desired, Sufficient, Before, After []int
	// Slots are those of the sharing groups, in the order of [Job.Groups].
	Slots []RescaleSlots
	// States are the scheduler's states that were left meanwhile.
	States []RescaleState
}

// RescaleSlots are the slots of one sharing group in a rescale record; -1 where Flink has none.
type RescaleSlots struct{ Desired, Minimal, Before, After int }

// RescaleState is one state of the scheduler in a rescale record.
type RescaleState struct {
	State        string
	Enter, Leave time.Duration
	// Exception is the first line of what made the scheduler leave, if there was something.
	Exception string
}

// Sample is a reading of one vertex's times and counters.
type Sample struct {
	At     time.Duration
	Vertex string
	// Busy, Idle and BackPressured are averages over the subtasks in ms per second; -1 if there is none yet.
	Busy, Idle, BackPressured float64
	// In and Out are sums of records since the subtasks started, InRate and OutRate sums of the meters.
	In, Out         float64
	InRate, OutRate float64
}

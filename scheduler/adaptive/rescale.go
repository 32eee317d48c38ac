package adaptive

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Rescale is one record of the rescale history of 2.3. It is open until
// Terminal is set.
type Rescale struct {
	// Number counts the records of the job from 1; it stands for Flink's random
	// rescaleUuid.
	Number int
	// Requirements counts the changes of requirements from 1; it stands for
	// Flink's random resourceRequirementsUuid.
	Requirements int
	// Attempt counts the records of the same requirements from 1.
	Attempt  int
	Trigger  TriggerCause
	Terminal TerminalState
	Reason   TerminatedReason
	// Start and End bound the record; a zero End means that it is open.
	Start, End time.Time
	Vertices   []VertexRescale
	Slots      []GroupRescale
	// States are those the scheduler left while the record was open.
	States []StateSpan
}

// Open says that the record has not ended.
func (r Rescale) Open() bool { return r.Terminal == NotTerminated }

// VertexRescale is what a rescale does to a vertex. Unset values are 0.
type VertexRescale struct {
	ID    slots.VertexID
	Name  string
	Group string
	// Desired is the upper and Sufficient the lower bound.
	Desired, Sufficient int
	Before, After       int
}

// GroupRescale is what a rescale does to a slot sharing group.
type GroupRescale struct {
	Group string
	// Desired and Minimal are the slots for the upper and the lower bounds.
	Desired, Minimal int
	Before, After    int
}

// StateSpan is a state the scheduler was in while the record was open.
type StateSpan struct {
	State        State
	Enter, Leave time.Time
	// Failure is the exception the state was left with, if any.
	Failure Failure
}

// TriggerCause says what began a rescale.
type TriggerCause string

// The causes of a rescale.
const (
	CauseInitialSchedule      TriggerCause = "INITIAL_SCHEDULE"
	CauseUpdateRequirement    TriggerCause = "UPDATE_REQUIREMENT"
	CauseNewResourceAvailable TriggerCause = "NEW_RESOURCE_AVAILABLE"
	CauseRecoverableFailover  TriggerCause = "RECOVERABLE_FAILOVER"
)

// TerminalState says how a rescale ended.
type TerminalState string

// How a rescale ended; NotTerminated is open.
const (
	NotTerminated     TerminalState = ""
	TerminalCompleted TerminalState = "COMPLETED"
	TerminalFailed    TerminalState = "FAILED"
	TerminalIgnored   TerminalState = "IGNORED"
)

// TerminatedReason says why a rescale ended.
type TerminatedReason string

// The reasons.
const (
	ReasonSucceeded           TerminatedReason = "SUCCEEDED"
	ReasonExceptionOccurred   TerminatedReason = "EXCEPTION_OCCURRED"
	ReasonRequirementsUpdated TerminatedReason = "RESOURCE_REQUIREMENTS_UPDATED"
	ReasonNoChange            TerminatedReason = "NO_RESOURCES_OR_PARALLELISMS_CHANGE"
	ReasonJobFinished         TerminatedReason = "JOB_FINISHED"
	ReasonJobFailed           TerminatedReason = "JOB_FAILED"
	ReasonJobCanceled         TerminatedReason = "JOB_CANCELED"
	ReasonFailoverRestarting  TerminatedReason = "JOB_FAILOVER_RESTARTING"
)

// RescaleHistory is the rescale history of a job.
type RescaleHistory struct {
	// Enabled says that a history is kept.
	Enabled bool
	// Records are newest first, at most `web.adaptive-scheduler.rescale-history.size`.
	Records []Rescale
	// Counts of all records of the job, dropped ones included.
	InProgress, Completed, Failed, Ignored int
	// The latest record of each end, nil if there is none.
	LatestCompleted, LatestFailed, LatestIgnored *Rescale
}

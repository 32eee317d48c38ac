package adaptive

// State is a state of the Adaptive Scheduler.
type State int

// The states, in the order a job goes through them.
const (
	StateCreated State = iota
	StateWaitingForResources
	StateCreatingExecutionGraph
	StateExecuting
	StateRestarting
	StateCanceling
	StateFailing
	StateStopWithSavepoint
	StateFinished
)

var stateNames = [...]string{
	"Created", "WaitingForResources", "CreatingExecutionGraph", "Executing",
	"Restarting", "Canceling", "Failing", "StopWithSavepoint", "Finished",
}

// String is the state's name in Flink.
func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// HasGraph says whether the state holds an execution graph.
func (s State) HasGraph() bool {
	return s >= StateExecuting && s <= StateStopWithSavepoint
}

// Phase is a phase of the manager that decides in 2.3 when WaitingForResources
// and Executing are left. NoPhase stands for a state without one, and for 1.20.
type Phase int

// The phases.
const (
	NoPhase Phase = iota
	PhaseCooldown
	PhaseIdling
	PhaseStabilizing
	PhaseStabilized
	PhaseTransitioning
)

var phaseNames = [...]string{
	"", "Cooldown", "Idling", "Stabilizing", "Stabilized", "Transitioning",
}

// String is the phase's name in Flink; "" for NoPhase.
func (p Phase) String() string { return nameOf(phaseNames[:], int(p)) }

// Status is the status of a job as Flink's REST interface has it.
type Status int

// The statuses.
const (
	StatusInitializing Status = iota
	StatusCreated
	StatusRunning
	StatusFailing
	StatusFailed
	StatusCancelling
	StatusCanceled
	StatusFinished
	StatusRestarting
	StatusSuspended
	StatusReconciling
)

var statusNames = [...]string{
	"INITIALIZING", "CREATED", "RUNNING", "FAILING", "FAILED", "CANCELLING",
	"CANCELED", "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING",
}

// String is the status as REST spells it.
func (s Status) String() string { return nameOf(statusNames[:], int(s)) }

// Terminal says whether the job is over for good or for this JobManager.
func (s Status) Terminal() bool { return s.globallyTerminal() || s == StatusSuspended }

// globallyTerminal says whether the job is over for good.
func (s Status) globallyTerminal() bool {
	return s == StatusFailed || s == StatusCanceled || s == StatusFinished
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return "unknown"
	}
	return names[i]
}

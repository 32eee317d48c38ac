package autoscaler

import (
	"maps"
	"time"

	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// State is all that is remembered of one job between passes. It is handled as a
// value: a pass that fails leaves the state that it was given untouched.
type State struct {
	Window  scaling.Window
	Scaling scaling.State
	// Bounds is what is known of the job's requirements in Flink.
	Bounds map[scaling.VertexID]Bound
	// Act is the newest change that was asked for, nil when there was none.
	Act *Act
	// Overrides is the parallelism decided last, and Changes the configuration
	// that memory tuning wants with it, where rescales are not guarded.
	Overrides scaling.Parallelism
	Changes   tuning.Changes
}

// Bound is what is known of one vertex's requirements.
type Bound struct {
	// Floor is the lower bound that the user set; restored in each request.
	Floor int
	// Lower and Upper are the requirements as last seen or written.
	Lower, Upper int
	// Ours is true when Upper is what Sluice wrote.
	Ours bool
}

// Pinned tells whether the user fixed the vertex. At 1 equal bounds are Flink's
// default, and equal bounds that Sluice wrote are its own doing.
func (b Bound) Pinned() bool { return !b.Ours && b.Lower == b.Upper && b.Upper > 1 }

func (s *State) scalingBounds() map[scaling.VertexID]scaling.Bound {
	bounds := make(map[scaling.VertexID]scaling.Bound, len(s.Bounds))
	for id, b := range s.Bounds {
		bounds[id] = scaling.Bound{Floor: b.Floor, Pinned: b.Pinned()}
	}
	return bounds
}

// Phase is how far an act has come.
type Phase string

// The phases of an act.
const (
	// PhaseIntended: decided and saved, not yet sent.
	PhaseIntended Phase = "intended"
	// PhaseRequested: Flink accepted the requirements.
	PhaseRequested Phase = "requested"
	// PhaseDone: the job runs at the wanted parallelism.
	PhaseDone Phase = "done"
	// PhaseFailed: it does not, and Reason says why.
	PhaseFailed Phase = "failed"
)

// Act is one rescale from the decision to its end.
type Act struct {
	// Decided is the time of the decision.
	Decided time.Time
	// Want is the parallelism of every vertex, From what ran at the decision.
	Want, From scaling.Parallelism
	Phase      Phase
	// Requested and Ended are zero until known.
	Requested, Ended time.Time
	// Reason tells why an act failed: one word and a sentence.
	Reason Obstacle
}

// The reasons for which an act fails or a decision is not executed.
const (
	ReasonSlotsMissing scaling.Reason = "slots-missing"
	ReasonSuperseded   scaling.Reason = "superseded"
	ReasonRefused      scaling.Reason = "refused"
	ReasonTimeout      scaling.Reason = "timeout"
	ReasonJobFailed    scaling.Reason = "job-failed"

	// ReasonUnderWay: the previous rescale has not ended.
	ReasonUnderWay scaling.Reason = "rescale-under-way"
	// ReasonFailedBefore: the same change failed, and nothing has changed since.
	ReasonFailedBefore scaling.Reason = "failed-before"
	// ReasonNotRunning: the job does not run; Detail names its status.
	ReasonNotRunning scaling.Reason = "not-running"
	// ReasonOutOfScope: the job is not Sluice's to judge; Detail says why.
	ReasonOutOfScope scaling.Reason = "out-of-scope"
	// ReasonHeld: people hold Sluice's hand off the job; Text says who and until when.
	ReasonHeld scaling.Reason = "held"
	// ReasonCapacity: the platform has no room for the decision.
	ReasonCapacity scaling.Reason = "no-capacity"
	// ReasonQuota: the decision would exceed a quota.
	ReasonQuota scaling.Reason = "quota-reached"
	// ReasonVetoed: a custom executor was against the decision.
	ReasonVetoed scaling.Reason = "vetoed"
	// ReasonUnsaved: the state could not be written, so that nothing was done.
	ReasonUnsaved scaling.Reason = "state-unsaved"
	// ReasonNotScalableHere: the job's scheduler cannot rescale it.
	ReasonNotScalableHere scaling.Reason = "not-rescalable-in-place"
)

// Pending tells whether the act is on its way.
func (a *Act) Pending() bool {
	return a != nil && (a.Phase == PhaseIntended || a.Phase == PhaseRequested)
}

// wants tells whether a failed act asked for exactly this.
func (a *Act) wants(want scaling.Parallelism) bool { return maps.Equal(a.Want, want) }

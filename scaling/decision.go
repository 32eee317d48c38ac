package scaling

import "time"

// Reason says in one machine-readable word why something was decided.
type Reason string

// The reasons of a job's decision.
const (
	// ReasonScale: at least one vertex is out of bounds, and all changes are made.
	ReasonScale Reason = "scale"
	// ReasonWindowNotFull: the window does not yet span its length.
	ReasonWindowNotFull Reason = "window-not-full"
	// ReasonUnknownRate: counters are missing, incomplete or restarted.
	ReasonUnknownRate Reason = "unknown-rate"
	// ReasonWithinBounds: no vertex is outside its utilization bounds.
	ReasonWithinBounds Reason = "within-bounds"
	// ReasonGCPressure and ReasonHeapUsage: memory has to be put right first.
	ReasonGCPressure Reason = "gc-pressure"
	ReasonHeapUsage  Reason = "heap-usage"
	// ReasonScalingDisabled: the decision is reported and not executed.
	ReasonScalingDisabled Reason = "scaling-disabled"
	// ReasonExcludedPeriod: the decision is reported and not executed, since it
	// was made in an excluded period.
	ReasonExcludedPeriod Reason = "excluded-period"
	// ReasonFault: the decision could not be made; [Outcome.Fault] says why. It is
	// that of a vertex too.
	ReasonFault Reason = "fault"
	// ReasonPeriodsFault: it is not to be told whether the decision was made in an
	// excluded period; [Outcome.Fault] says why.
	ReasonPeriodsFault Reason = "excluded-periods-fault"
	// ReasonNotScalable: a vertex is a bottleneck that no parallelism mends.
	ReasonNotScalable Reason = "not-scalable"
)

// The reasons of a vertex.
const (
	ReasonScaleUp   Reason = "scale-up"
	ReasonScaleDown Reason = "scale-down"
	// ReasonSteady: the parallelism is the right one.
	ReasonSteady Reason = "steady"
	// ReasonExcluded: configuration takes the vertex out.
	ReasonExcluded Reason = "excluded"
	// ReasonFinished: the vertex has nothing left to do.
	ReasonFinished Reason = "finished"
	// ReasonPinned: its user set the lower bound equal to the upper one.
	ReasonPinned Reason = "pinned"
	// ReasonNoCapacity: the true processing rate or the target is not known.
	ReasonNoCapacity Reason = "no-capacity-known"
	// ReasonDelayed: a scale-down waits for its interval.
	ReasonDelayed Reason = "scale-down-delayed"
	// ReasonIneffective: the last scale-up of the vertex brought nothing.
	ReasonIneffective Reason = "ineffective"
	// ReasonSkewed: one key keeps a subtask too busy at any parallelism.
	ReasonSkewed Reason = "skewed-not-scalable"
	// ReasonSaturated: the vertex, or one that it feeds, works at its limit.
	ReasonSaturated Reason = "saturated-not-shrunk"
	// ReasonBehindBottleneck: more would not help while a vertex that cannot be
	// scaled holds the job back.
	ReasonBehindBottleneck Reason = "behind-bottleneck"
	// ReasonFreesNoSlot: another vertex of its slot sharing group needs the slots
	// anyway.
	ReasonFreesNoSlot Reason = "frees-no-slot"
	// ReasonBeyondQuota: a quota leaves nothing for the scale-up of the vertex.
	ReasonBeyondQuota Reason = "beyond-quota"
)

// Rule names one step on the way from a measured rate to a parallelism.
type Rule string

// The rules in the order in which they are applied.
const (
	RuleDemand      Rule = "demand"
	RuleScalability Rule = "observed-scalability"
	RuleSkew        Rule = "skew"
	RuleStep        Rule = "step-factor"
	RuleLimits      Rule = "parallelism-limits"
	RuleFloor       Rule = "lower-bound"
	RulePartitions  Rule = "partitions"
	RuleAlignment   Rule = "alignment"
	RuleSaturation  Rule = "saturation"
	RuleEffect      Rule = "effectiveness"
	RuleDelay       Rule = "scale-down-interval"
	RuleBottleneck  Rule = "bottleneck"
	RuleGroup       Rule = "slot-sharing-group"
	RuleUtilization Rule = "utilization-bounds"
	RuleQuota       Rule = "quota"
	RuleExecutors   Rule = "custom-executors"
)

// Guard is what one rule did to the parallelism of a vertex.
type Guard struct {
	Rule Rule
	// Before and After are parallelisms; they are equal where the rule passed.
	Before, After int
	// Have and Limit are the two figures that the rule compared, in the unit that
	// the rule implies: records/s for demand, skew and effectiveness, ms since
	// the epoch for the delay, [0,1] for saturation, TaskManagers for the quota,
	// counts elsewhere.
	Have, Limit float64
	// Blocked is true where the rule stopped the change.
	Blocked bool
}

// VertexDecision is the outcome for one vertex.
type VertexDecision struct {
	Vertex VertexID
	Name   string
	// From is the parallelism now, To the one decided; equal for no change.
	From, To int
	// Recommended is what the figures ask for now, before a delayed scale-down.
	Recommended int
	// Planned is To before custom executors.
	Planned int
	// Outside is true when the vertex is outside its utilization bounds.
	Outside bool
	// ExpectedRate is the true processing rate to expect at Recommended, records/s;
	// at To where a quota confined it, or a delayed scale-down is judged by it.
	ExpectedRate float64
	Reason       Reason
	// Guards lists in order what shaped the number.
	Guards []Guard
}

// Changed tells whether the vertex is to be rescaled.
func (v *VertexDecision) Changed() bool { return v.To != v.From }

// Decision is the outcome of a pass for a job. To do nothing is a decision too
// and has its reason.
type Decision struct {
	At time.Time
	// Scale is true when the changes are to be executed.
	Scale  bool
	Reason Reason
	// Detail adds to the reason what a number cannot, such as the text of an
	// error; empty otherwise.
	Detail string
	// Vertices stand in the order of the topology; empty when nothing could be
	// evaluated.
	Vertices []VertexDecision
}

// Target is the parallelism of every vertex after the decision.
func (d *Decision) Target() Parallelism {
	p := make(Parallelism, len(d.Vertices))
	for i := range d.Vertices {
		p[d.Vertices[i].Vertex] = d.Vertices[i].To
	}
	return p
}

// Changes counts the vertices that are to be rescaled.
func (d *Decision) Changes() int {
	n := 0
	for i := range d.Vertices {
		if d.Vertices[i].Changed() {
			n++
		}
	}
	return n
}

// Bound is what Flink's resource requirements say of a vertex on behalf of its
// user.
type Bound struct {
	// Floor is the user's lower bound: the vertex never gets less. 0 and 1 mean
	// none.
	Floor int
	// Pinned vertices are not scaled: their user set both bounds to one value
	// above 1. (At 1 this is Flink's default and says nothing.)
	Pinned bool
}

// NoteKind names something that a pass noticed besides its decision.
type NoteKind uint8

// The notes.
const (
	// NoteIneffective: expected and actual increase in A and B, records/s.
	NoteIneffective NoteKind = iota + 1
	// NoteLimited: legacy alignment gave B where A was wanted.
	NoteLimited
	// NoteGCPressure and NoteHeapUsage: the share in A, [0,1], over the threshold B.
	NoteGCPressure
	NoteHeapUsage
	// NoteSkewed: rate on one subtask in A, what that subtask can do in B, records/s.
	NoteSkewed
)

// Note is one such thing, as numbers; the pass around makes an event of it.
type Note struct {
	Kind   NoteKind
	Vertex VertexID
	A, B   float64
	// Groups, Bound and Lower are set for NoteLimited.
	Groups, Bound, Lower int
	// Blocking tells, for NoteIneffective, that the change was blocked.
	Blocking bool
}

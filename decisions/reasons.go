package decisions

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// because is the reason in words, with its name in brackets where the words
// differ from one time to the next.
func because(e *Entry) string {
	if text := begunAnew(e); text != "" {
		return text
	}
	if e.Detail != "" {
		return fmt.Sprintf("%s (%s)", e.Detail, e.Reason)
	}
	if text := heldBack(e); text != "" {
		return text
	}
	text, known := jobReasons[scaling.Reason(e.Reason)]
	switch {
	case e.Why != "" && (!known || e.Scope != autoscaler.ScopeScale.String()):
		return fmt.Sprintf("%s (%s)", e.Why, e.Reason)
	case known:
		return text
	}
	return e.Reason
}

// begunAnew says of rates that are not known yet since a rescale began the
// counters anew that this is no fault.
func begunAnew(e *Entry) string {
	reason := scaling.Reason(e.Reason)
	unknown := reason == scaling.ReasonUnknownRate || reason == scaling.ReasonWindowNotFull
	if !unknown || e.Act == nil || e.Act.Ended == nil || e.Act.Phase != string(autoscaler.PhaseDone) || e.Time.Sub(*e.Act.Ended) > recently {
		return ""
	}
	return fmt.Sprintf("the rescale of %s began the counters anew, and there are too few readings yet (%s)", moment(e.Act.Decided, e.Time), e.Reason)
}

// recently is how long after a rescale missing rates are put down to it: as long
// as the metric window is where nobody chose another length.
const recently = 15 * time.Minute

// heldBack says what keeps a job still of which a vertex is out of its bounds.
func heldBack(e *Entry) string {
	if e.Reason != string(scaling.ReasonWithinBounds) {
		return ""
	}
	for i := range e.Vertices {
		v := &e.Vertices[i]
		if text, known := holds[scaling.Reason(v.Reason)]; known && v.OutOfBounds {
			return text
		}
	}
	return ""
}

// holds are the reasons of a vertex that keep a whole job still.
var holds = map[scaling.Reason]string{
	scaling.ReasonDelayed:          "a scale-down waits for its interval",
	scaling.ReasonIneffective:      "the last scale-up brought too little to repeat it",
	scaling.ReasonSaturated:        "what works at its limit is not shrunk",
	scaling.ReasonBehindBottleneck: "what lies around a vertex that cannot be scaled stays as it is",
}

// jobReasons are the reasons of a decision about a job, and those for which a
// decision is not executed or a rescale fails.
var jobReasons = map[scaling.Reason]string{
	scaling.ReasonScale:           "a vertex is out of its utilization bounds",
	scaling.ReasonWindowNotFull:   "the metric window is not full yet",
	scaling.ReasonUnknownRate:     "counters are missing, incomplete or restarted within the metric window",
	scaling.ReasonWithinBounds:    "every vertex is within its utilization bounds",
	scaling.ReasonGCPressure:      "garbage collection takes too much time; give the TaskManagers more memory first",
	scaling.ReasonHeapUsage:       "the heap is too full; give the TaskManagers more memory first",
	scaling.ReasonScalingDisabled: "job.autoscaler.scaling.enabled is false",
	scaling.ReasonExcludedPeriod:  "it is an excluded period (job.autoscaler.excluded.periods)",
	scaling.ReasonFault:           "an option or an extension keeps the decision from being made",
	scaling.ReasonPeriodsFault:    "job.autoscaler.excluded.periods cannot be read",
	scaling.ReasonNotScalable:     "a vertex that no parallelism helps holds the job back",
	scaling.ReasonNoCapacity:      "what a vertex can do, or has to do, is not known",

	autoscaler.ReasonNotRunning:      "the job does not run",
	autoscaler.ReasonOutOfScope:      "the job is not to be judged",
	autoscaler.ReasonUnsaved:         "the state could not be saved, so that nothing was done",
	autoscaler.ReasonNotScalableHere: "the job cannot be rescaled in place",
	autoscaler.ReasonUnderWay:        "an earlier rescale is on its way",
	autoscaler.ReasonFailedBefore:    "the same change failed before, and nothing has changed since",
	autoscaler.ReasonHeld:            "people hold Sluice's hand off the job",
	autoscaler.ReasonCapacity:        "the platform has no room for it",
	autoscaler.ReasonQuota:           "it would exceed the quota (job.autoscaler.quota.cpu and memory)",
	autoscaler.ReasonVetoed:          "a custom executor was against it",
	autoscaler.ReasonSlotsMissing:    "the cluster has too few free slots",
	autoscaler.ReasonSuperseded:      "someone else asked for another parallelism meanwhile",
	autoscaler.ReasonRefused:         "Flink refused it",
	autoscaler.ReasonTimeout:         "Flink did not carry it out in time (sluice.rescale.timeout)",
	autoscaler.ReasonJobFailed:       "the job failed",

	// What a realizer finds; its own package is not known here.
	"no-checkpointing":      "the job has no checkpointing, and a rescale would lose its state",
	"no-checkpoint-yet":     "the job has no checkpoint to return to yet",
	"checkpoint-too-old":    "the newest checkpoint is too old to return to (sluice.checkpoint.max-age)",
	"checkpoints-fail":      "the job's checkpoints fail",
	"savepoint-in-progress": "a savepoint is being made, and a rescale would abort it",

	reasonError: "the job could not be looked at",
}

// reasonError is the reason of an entry about a pass that failed.
const reasonError = "error"

// vertexReasons are the reasons of a vertex. Where a rule has spoken they say
// nothing more.
var vertexReasons = map[scaling.Reason]string{
	scaling.ReasonScaleUp:          "scaled up",
	scaling.ReasonScaleDown:        "scaled down",
	scaling.ReasonSteady:           "the parallelism is the right one",
	scaling.ReasonWithinBounds:     "not scaled: it is within its utilization bounds",
	scaling.ReasonExcluded:         "not judged: job.autoscaler.vertex.exclude.ids names it, or its metrics are unusable",
	scaling.ReasonFinished:         "not judged: it has finished",
	scaling.ReasonPinned:           "not scaled: the job's user set both its bounds to the same value",
	scaling.ReasonNoCapacity:       "not judged: what it can do, or has to do, is not known",
	scaling.ReasonFault:            "not judged: an option or an extension is wrong",
	scaling.ReasonDelayed:          "not shrunk yet: the scale-down waits for its interval",
	scaling.ReasonIneffective:      "not scaled up: the last scale-up brought too little",
	scaling.ReasonSkewed:           "skewed, not scalable: one subtask keeps too much at any parallelism",
	scaling.ReasonSaturated:        "not shrunk: it, or what it feeds, works at its limit",
	scaling.ReasonBehindBottleneck: "not scaled up: a vertex that cannot be scaled holds the job back",
	scaling.ReasonFreesNoSlot:      "not shrunk: that would free no slot, another vertex of its slot sharing group needs them",
	scaling.ReasonBeyondQuota:      "not scaled up: the quota leaves nothing for it",
}

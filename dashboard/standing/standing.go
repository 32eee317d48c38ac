// Package standing says from the newest decision about a job where the job stands, as
// a running Sluice would of the pass that made it. Decisions that say the same as the
// one before are not kept: the figures are those of when something changed last.
//
// What must not live here: where decisions are kept, and how jobs are shown.
package standing

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/apiclient"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// Of is the job at a glance. Since and Seen are the time of the decision; Scaled is
// set where it was a rescale.
func Of(e *decisions.Entry) apiclient.Job {
	state, why := stateOf(e)
	at := e.Time.UTC()
	j := apiclient.Job{
		Cluster: e.Cluster, Job: e.Job, Name: e.Name, State: string(state), Why: why, Since: &at, Seen: &at,
	}
	if j.Cluster == "" {
		j.Cluster = apiclient.Unnamed
	}
	if e.Action == decisions.ActionScale {
		j.Scaled = &at
	}
	measure(&j, e.Vertices)
	return j
}

// stateOf goes by the rules of package fleet, which has the pass itself.
func stateOf(e *decisions.Entry) (fleet.State, string) {
	reason := scaling.Reason(e.Reason)
	switch {
	case e.Scope == autoscaler.ScopeDisabled.String():
		return fleet.Paused, e.Why
	case e.Scope != autoscaler.ScopeScale.String():
		return fleet.NotScalable, e.Why
	case reason == autoscaler.ReasonNotRunning:
		return fleet.NotRunning, e.Detail
	case underWay(e.Act):
		return fleet.Scaling, e.Detail
	case slices.Contains(pausing, reason):
		return fleet.Paused, e.Detail
	case reason == scaling.ReasonNotScalable:
		return fleet.NotScalable, e.Detail
	case reason == scaling.ReasonWindowNotFull:
		return fleet.Filling, fleet.FillingText(fullAt(e), e.Detail)
	case slices.Contains(obstacles, reason):
		return fleet.Blocked, e.Detail
	case len(e.Vertices) == 0:
		return fleet.Doubtful, e.Detail
	case e.Backlog:
		return fleet.CatchingUp, e.Detail
	case slices.ContainsFunc(e.Vertices, func(v decisions.Vertex) bool { return v.Reason == string(scaling.ReasonDelayed) }):
		return fleet.Waiting, e.Detail
	}
	return fleet.Steady, e.Detail
}

// fullAt is when the metric window is full; zero where that is not known.
func fullAt(e *decisions.Entry) time.Time {
	if e.WindowFullAt == nil {
		return time.Time{}
	}
	return *e.WindowFullAt
}

// pausing are the reasons for which people, or configuration, keep Sluice's hand off.
var pausing = []scaling.Reason{autoscaler.ReasonHeld, scaling.ReasonScalingDisabled, scaling.ReasonExcludedPeriod}

// obstacles are the reasons for which a change that is due is not made.
var obstacles = []scaling.Reason{
	autoscaler.ReasonUnderWay, autoscaler.ReasonFailedBefore, autoscaler.ReasonCapacity, autoscaler.ReasonQuota, autoscaler.ReasonVetoed,
	autoscaler.ReasonUnsaved, autoscaler.ReasonNotScalableHere, scaling.ReasonFault,
}

func underWay(a *decisions.Act) bool {
	return a != nil && (a.Phase == string(autoscaler.PhaseIntended) || a.Phase == string(autoscaler.PhaseRequested))
}

// measure adds up what was measured of the vertices.
func measure(j *apiclient.Job, vertices []decisions.Vertex) {
	if len(vertices) == 0 {
		return
	}
	source, target, lag, busy, headroom, blind := 0.0, 0.0, math.NaN(), math.NaN(), math.Inf(1), false
	for i := range vertices {
		v := &vertices[i]
		j.Parallelism += v.From
		j.Wanted += v.To
		if x := float64(v.Busy); math.IsNaN(busy) || x > busy {
			busy = x
		}
		if len(v.Inputs) == 0 {
			source += float64(v.InputRate)
			target += float64(v.PeakRate)
			lag = plus(lag, float64(v.Lag))
		}
		can, must := float64(v.TrueProcessingRate), float64(v.PeakRate)
		idle := must <= 0
		blind = blind || !idle && (math.IsNaN(can) || math.IsNaN(must))
		if !idle && can/must < headroom {
			headroom = can / must
		}
	}
	if blind { // the vertex of which too little is known may be the one that counts
		busy, headroom = math.NaN(), math.NaN()
	}
	j.Source, j.Target, j.Capacity, j.Lag, j.Busy = known(source), known(target), known(headroom*target), known(lag), known(busy)
}

// plus adds what is known.
func plus(sum, x float64) float64 {
	switch {
	case math.IsNaN(x):
		return sum
	case math.IsNaN(sum):
		return x
	}
	return sum + x
}

// known is a figure to six digits, as a server gives it, and nil where there is none.
func known(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return nil // it was a number, and so it cannot be
	}
	return &short
}

package fleet

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// stateOfEntry says where a job stood after a pass of which the decision is left, as
// stateOf does of the pass itself.
func stateOfEntry(e *decisions.Entry) (State, string) {
	reason := scaling.Reason(e.Reason)
	switch {
	case e.Scope == autoscaler.ScopeDisabled.String():
		return Paused, e.Why
	case e.Scope != autoscaler.ScopeScale.String():
		return NotScalable, e.Why
	case reason == autoscaler.ReasonNotRunning:
		return NotRunning, e.Detail
	case underWay(e.Act):
		return Scaling, e.Detail
	case slices.Contains(handsOff, reason):
		return Paused, e.Detail
	case reason == scaling.ReasonNotScalable:
		return NotScalable, e.Detail
	case reason == scaling.ReasonWindowNotFull:
		return Filling, FillingText(fullAt(e), e.Detail)
	case !slices.Contains(free, reason):
		return Blocked, e.Detail
	case len(e.Vertices) == 0:
		return Doubtful, e.Detail
	case e.Backlog:
		return CatchingUp, e.Detail
	case slices.ContainsFunc(e.Vertices, func(v decisions.Vertex) bool { return v.Reason == string(scaling.ReasonDelayed) }):
		return Waiting, e.Detail
	}
	return Steady, e.Detail
}

// fullAt is when the metric window is full; zero where that is not known.
func fullAt(e *decisions.Entry) time.Time {
	if e.WindowFullAt == nil {
		return time.Time{}
	}
	return *e.WindowFullAt
}

// underWay tells whether a rescale is on its way.
func underWay(a *decisions.Act) bool {
	return a != nil && (&autoscaler.Act{Phase: autoscaler.Phase(a.Phase)}).Pending()
}

// handsOff are the reasons of decisions that are not to be carried out.
var handsOff = []scaling.Reason{autoscaler.ReasonHeld, scaling.ReasonScalingDisabled, scaling.ReasonExcludedPeriod}

// free are the reasons of decisions that nothing stood against.
var free = []scaling.Reason{
	scaling.ReasonScale, scaling.ReasonWithinBounds, scaling.ReasonUnknownRate, scaling.ReasonGCPressure, scaling.ReasonHeapUsage,
	scaling.ReasonFault, scaling.ReasonPeriodsFault, autoscaler.ReasonUnsaved,
}

// pointsOfEntry is what was measured at a decision, of the job and of each vertex;
// nothing where it could not be evaluated.
func pointsOfEntry(e *decisions.Entry) (Point, map[string]Point) {
	var w whole
	for i := range e.Vertices {
		v := &e.Vertices[i]
		p := Point{
			At: e.Time.UTC(), Source: float64(v.InputRate), Target: float64(v.PeakRate), Capacity: finite(float64(v.TrueProcessingRate)),
			Lag: float64(v.Lag), Busy: float64(v.Busy), Parallelism: v.From, Slots: v.From,
		}
		w.add(v.ID, v.Group, len(v.Inputs) == 0, float64(v.TrueProcessingRate), p)
	}
	return w.sum(e.Time.UTC())
}

// pointsOfWindow is what was measured by each sample of a window, for a job of the
// vertices of the entry.
func pointsOfWindow(e *decisions.Entry, w scaling.Window, c *scaling.Config) ([]Point, map[string][]Point) {
	var points []Point
	vertices := map[string][]Point{}
	for n := 2; n <= len(w.Samples); n++ {
		sample := &w.Samples[n-1]
		topology := topologyOf(e, sample)
		if topology == nil {
			continue
		}
		evaluation, err := scaling.Evaluate(scaling.Window{Samples: w.Samples[:n]}, topology, c, 0)
		if err != nil {
			continue // its counters do not tell
		}
		at := sample.At.UTC()
		point, some := evaluated(at, topology, evaluation)
		points = append(points, point)
		for id, p := range some {
			vertices[id] = append(vertices[id], p)
		}
	}
	return points, vertices
}

// topologyOf is that of the entry, at the parallelism of a sample; nil where the sample
// is of another job's.
func topologyOf(e *decisions.Entry, sample *scaling.Sample) *scaling.Topology {
	parallelism := make(map[scaling.VertexID]int, len(sample.Vertices))
	for i := range sample.Vertices {
		parallelism[sample.Vertices[i].Vertex] = sample.Vertices[i].Parallelism
	}
	vertices := make([]scaling.Vertex, 0, len(e.Vertices))
	for i := range e.Vertices {
		v := &e.Vertices[i]
		p, there := parallelism[scaling.VertexID(v.ID)]
		if !there {
			return nil
		}
		vertex := scaling.Vertex{
			ID: scaling.VertexID(v.ID), Name: v.Name, Parallelism: p, MaxParallelism: v.MaxParallelism, Partitions: v.Partitions, SlotSharingGroup: v.Group,
		}
		for _, id := range v.Inputs {
			vertex.Inputs = append(vertex.Inputs, scaling.Edge{From: scaling.VertexID(id)})
		}
		vertices = append(vertices, vertex)
	}
	t, err := scaling.NewTopology(vertices)
	if err != nil {
		return nil
	}
	return t
}

// endsOf are the times at which rescales that the entries tell of were done: the job
// had come back then.
func endsOf(past []decisions.Entry) []time.Time {
	var ends []time.Time
	for i := range past {
		if act := past[i].Act; act != nil && act.Ended != nil && act.Phase == string(autoscaler.PhaseDone) {
			ends = append(ends, *act.Ended)
		}
	}
	return ends
}

// startsOf are the times at which the samples saw the job come back to RUNNING.
func startsOf(w scaling.Window) []time.Time {
	var seen restarts
	for i := range w.Samples {
		seen.note(w.Samples[i].RunningSince)
	}
	return seen.at
}

// sameRestart is how close two times are that tell of one restart: the one when the
// job ran again, the other when that was noticed.
const sameRestart = time.Minute

// recall adds restarts of the past.
func (r *restarts) recall(past []time.Time) {
	for _, at := range past {
		near := func(other time.Time) bool { return other.Sub(at).Abs() < sameRestart }
		if !slices.ContainsFunc(r.at, near) {
			r.at = append(r.at, at.UTC())
		}
	}
	slices.SortFunc(r.at, time.Time.Compare)
	r.at = r.at[max(0, len(r.at)-keptRestarts):]
}

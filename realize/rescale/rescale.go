// Package rescale changes the parallelism of a running job in place, through
// Flink's externalized declarative resource management (FLIP-291): it sets the
// upper bound of each vertex with PUT /jobs/:id/resource-requirements and leaves
// it to the Adaptive Scheduler to restart the job from its latest checkpoint.
//
// A restart without a checkpoint to return to would lose the job's state, so
// the package looks before it acts, and follows what it asked for until Flink
// runs it or the reason is known.
package rescale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// Realizer rescales jobs in place. The zero value needs a clock.
type Realizer struct {
	// Now is the clock.
	Now func() time.Time
}

var _ autoscaler.Realizer = (*Realizer)(nil)

// Prepare implements [autoscaler.Realizer].
func (r *Realizer) Prepare(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State) (autoscaler.Readiness, error) {
	current, err := job.Client.ResourceRequirements(ctx, job.Key.Job)
	if err != nil {
		if errors.Is(err, flink.KindUnsupported) {
			return autoscaler.Readiness{Bounds: state.Bounds, Blocked: autoscaler.Obstacle{Reason: autoscaler.ReasonNotScalableHere, Text: err.Error()}}, nil
		}
		return autoscaler.Readiness{}, err
	}
	ready := autoscaler.Readiness{}
	ready.Bounds, ready.Changed = reconcile(state.Bounds, current)
	ready.Blocked, err = r.obstacle(ctx, job)
	return ready, err
}

// reconcile takes over what Flink says. A bound that is not what was seen or
// written last is someone else's: their lower bound becomes the floor.
func reconcile(recorded map[scaling.VertexID]autoscaler.Bound, current flink.ResourceRequirements) (_ map[scaling.VertexID]autoscaler.Bound, changed bool) {
	bounds := make(map[scaling.VertexID]autoscaler.Bound, len(current))
	for id, requirements := range current {
		lower, upper := requirements.Parallelism.Lower, requirements.Parallelism.Upper
		was, known := recorded[scaling.VertexID(id)]
		if known && was.Lower == lower && was.Upper == upper {
			bounds[scaling.VertexID(id)] = was
			continue
		}
		changed = changed || known
		bounds[scaling.VertexID(id)] = autoscaler.Bound{Floor: lower, Lower: lower, Upper: upper}
	}
	return bounds, changed
}

// Realize implements [autoscaler.Realizer].
func (r *Realizer) Realize(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State, act *autoscaler.Act) error {
	wanted := requirements(state.Bounds, act.Want)
	if len(wanted) == 0 {
		return &autoscaler.RefusedError{Err: errors.New("none of the job's vertices is known to Flink's resource requirements")}
	}
	if !asked(state.Bounds, wanted) {
		if err := job.Client.PutResourceRequirements(ctx, job.Key.Job, wanted); err != nil {
			return classify(err)
		}
		accepted, err := job.Client.ResourceRequirements(ctx, job.Key.Job)
		if err != nil {
			return err
		}
		if !maps.Equal(accepted, wanted) {
			return &autoscaler.RefusedError{Err: fmt.Errorf("flink accepted the requirements and then shows others: %v", accepted)}
		}
	}
	state.Bounds = written(state.Bounds, wanted)
	act.Phase, act.Requested = autoscaler.PhaseRequested, r.Now()
	return nil
}

// requirements is the complete map that a PUT has to hold, with every user's
// lower bound in its place.
func requirements(bounds map[scaling.VertexID]autoscaler.Bound, want scaling.Parallelism) flink.ResourceRequirements {
	wanted := make(flink.ResourceRequirements, len(bounds))
	for id, b := range bounds {
		upper, decided := want[id]
		if !decided {
			upper = b.Upper
		}
		wanted[flink.VertexID(id)] = flink.Require(max(1, b.Floor), max(upper, b.Floor, 1))
	}
	return wanted
}

func asked(bounds map[scaling.VertexID]autoscaler.Bound, wanted flink.ResourceRequirements) bool {
	for id, w := range wanted {
		b := bounds[scaling.VertexID(id)]
		if b.Lower != w.Parallelism.Lower || b.Upper != w.Parallelism.Upper {
			return false
		}
	}
	return true
}

func written(bounds map[scaling.VertexID]autoscaler.Bound, wanted flink.ResourceRequirements) map[scaling.VertexID]autoscaler.Bound {
	next := maps.Clone(bounds)
	for id, w := range wanted {
		b := next[scaling.VertexID(id)]
		b.Ours = b.Ours || b.Upper != w.Parallelism.Upper
		b.Lower, b.Upper = w.Parallelism.Lower, w.Parallelism.Upper
		next[scaling.VertexID(id)] = b
	}
	return next
}

// classify marks the errors after which asking for the same again is useless.
func classify(err error) error {
	if asksForAnotherTry(err) {
		return err
	}
	for _, final := range [...]flink.Kind{flink.KindRefused, flink.KindUnsupported, flink.KindNotFound, flink.KindUnauthorized} {
		if errors.Is(err, final) {
			return &autoscaler.RefusedError{Err: err}
		}
	}
	return err
}

// asksForAnotherTry tells the two refusals apart that pass by themselves:
// another update on its way, and requirements that could not be persisted.
func asksForAnotherTry(err error) bool {
	refused, ok := errors.AsType[*flink.Error](err)
	return ok && (refused.Status == http.StatusConflict || strings.Contains(refused.Message, "could not be persisted"))
}

// Follow implements [autoscaler.Realizer].
func (r *Realizer) Follow(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State, act autoscaler.Act, running *scaling.Topology, now time.Time) (autoscaler.Act, error) {
	current, err := job.Client.ResourceRequirements(ctx, job.Key.Job)
	if err != nil {
		return act, err
	}
	wanted := requirements(state.Bounds, act.Want)
	standing := maps.Equal(current, wanted)
	if act.Phase == autoscaler.PhaseIntended {
		return r.resume(state, act, wanted, standing, now), nil
	}
	switch {
	case runs(running, act.Want):
		act.Phase, act.Ended = autoscaler.PhaseDone, now
	case !standing:
		act = failed(act, now, autoscaler.ReasonSuperseded, "superseded: someone else changed the job's resource requirements before the rescale was done")
	default:
		return r.wait(ctx, job, act, running, now)
	}
	return act, nil
}

// resume picks up an act of which only the intent was saved: the request may or
// may not have arrived.
func (r *Realizer) resume(state *autoscaler.State, act autoscaler.Act, wanted flink.ResourceRequirements, standing bool, now time.Time) autoscaler.Act {
	if !standing {
		// Nothing was asked for: the decision is simply made again.
		act.Phase, act.Ended = autoscaler.PhaseFailed, now
		return act
	}
	state.Bounds = written(state.Bounds, wanted)
	act.Phase, act.Requested = autoscaler.PhaseRequested, now
	return act
}

func runs(running *scaling.Topology, want scaling.Parallelism) bool {
	return !slices.ContainsFunc(running.Vertices, func(v scaling.Vertex) bool {
		p, decided := want[v.ID]
		return decided && v.Parallelism != p && !v.Finished
	})
}

// slotsAfter is how long Flink gets to find slots before their absence is called
// the reason. Its own stabilization takes up to a minute.
const slotsAfter = 90 * time.Second

// wait tells whether there is still something to wait for.
func (r *Realizer) wait(ctx context.Context, job *autoscaler.JobContext, act autoscaler.Act, running *scaling.Topology, now time.Time) (autoscaler.Act, error) {
	settings, err := autoscaler.SettingsFor(job)
	if err != nil {
		return act, err
	}
	waited := now.Sub(act.Requested)
	if waited < min(slotsAfter, settings.RescaleTimeout) {
		return act, nil
	}
	overview, err := job.Client.Overview(ctx)
	if err != nil {
		return act, err
	}
	missing := slots(running, act.Want) - slots(running, running.Parallelism()) - overview.SlotsAvailable
	switch {
	case missing > 0:
		return failed(act, now, autoscaler.ReasonSlotsMissing, fmt.Sprintf(
			"slots missing: the job needs %d slots, %d more than there are on the cluster (%d of %d free); Flink takes them as soon as they come",
			slots(running, act.Want), missing, overview.SlotsAvailable, overview.SlotsTotal)), nil
	case waited >= settings.RescaleTimeout:
		return failed(act, now, autoscaler.ReasonTimeout, fmt.Sprintf(
			"Flink did not rescale the job within sluice.rescale.timeout (%s) though no slot is missing%s", settings.RescaleTimeout, r.lastFailure(ctx, job))), nil
	}
	return act, nil
}

func failed(act autoscaler.Act, now time.Time, reason scaling.Reason, text string) autoscaler.Act {
	act.Phase, act.Ended, act.Reason = autoscaler.PhaseFailed, now, autoscaler.Obstacle{Reason: reason, Text: text}
	return act
}

// slots is the number that a job needs: each slot sharing group takes as many as
// its widest vertex. Where Flink does not report the groups there is taken to be
// one. A vertex that p does not name stays as it is.
func slots(t *scaling.Topology, p scaling.Parallelism) int {
	widest := map[string]int{}
	for i := range t.Vertices {
		v := &t.Vertices[i]
		if v.Finished {
			continue
		}
		wide, named := p[v.ID]
		if !named {
			wide = v.Parallelism
		}
		widest[v.SlotSharingGroup] = max(widest[v.SlotSharingGroup], wide)
	}
	total := 0
	for _, n := range widest {
		total += n
	}
	return total
}

// lastFailure quotes what the rescale history of 2.3 knows, where it is kept.
func (r *Realizer) lastFailure(ctx context.Context, job *autoscaler.JobContext) string {
	overview, err := job.Client.RescaleOverview(ctx, job.Key.Job)
	if err != nil || overview.Latest.Failed == nil || overview.Latest.Failed.TerminatedReason == nil {
		return ""
	}
	return fmt.Sprintf("; the last failed rescale ended with %s", *overview.Latest.Failed.TerminatedReason)
}

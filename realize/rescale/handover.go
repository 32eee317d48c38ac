package rescale

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

var _ autoscaler.Handover = (*Realizer)(nil)

// HandOver implements [autoscaler.Handover]: it asks Flink for what was decided
// last unless that is what Flink goes by already. Lower bounds stay as they are,
// and what would lose state or a savepoint is not done, whatever was decided.
func (r *Realizer) HandOver(ctx context.Context, job *autoscaler.JobContext, overrides scaling.Parallelism) (autoscaler.Handed, error) {
	if job.Scope != autoscaler.ScopeScale || job.Status != flink.JobRunning {
		return autoscaler.Handed{}, nil
	}
	current, err := job.Client.ResourceRequirements(ctx, job.Key.Job)
	if errors.Is(err, flink.KindUnsupported) {
		return autoscaler.Handed{Obstacle: autoscaler.Obstacle{Reason: autoscaler.ReasonNotScalableHere, Text: err.Error()}}, nil
	}
	if err != nil {
		return autoscaler.Handed{}, fmt.Errorf("look at the job before a rescale: %w", err)
	}
	wanted := overridden(current, overrides)
	if maps.Equal(current, wanted) {
		return autoscaler.Handed{}, nil
	}
	obstacle, err := r.obstacle(ctx, job)
	if err != nil || obstacle.Reason != "" {
		return autoscaler.Handed{Obstacle: obstacle}, err
	}
	if err := job.Client.PutResourceRequirements(ctx, job.Key.Job, wanted); err != nil {
		return autoscaler.Handed{}, fmt.Errorf("ask Flink for another parallelism: %w", err)
	}
	return autoscaler.Handed{Asked: true}, nil
}

// overridden is the complete map that a PUT has to hold. Overrides of vertices
// that Flink does not know are left out.
func overridden(current flink.ResourceRequirements, overrides scaling.Parallelism) flink.ResourceRequirements {
	wanted := maps.Clone(current)
	for id, now := range current {
		if p, decided := overrides[scaling.VertexID(id)]; decided {
			wanted[id] = flink.Require(now.Parallelism.Lower, max(p, now.Parallelism.Lower))
		}
	}
	return wanted
}

// HandOverConfig implements [autoscaler.Handover]. The memory of a running
// TaskManager cannot be changed in place: an event has told what is recommended.
func (r *Realizer) HandOverConfig(context.Context, *autoscaler.JobContext, tuning.Changes) error {
	return nil
}

package rescale

import (
	"context"
	"fmt"
	"maps"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// Intended is what a state says has been asked for or is about to be, though
// nobody knows whether the request arrives; nil for nothing.
func Intended(state *autoscaler.State) flink.ResourceRequirements {
	if state.Act == nil || state.Act.Phase != autoscaler.PhaseIntended {
		return nil
	}
	return requirements(state.Bounds, state.Act.Want)
}

// Assert restores what the state says of a job's requirements if they are one of
// late: what an earlier owner of the job asked for, and what came when the job was
// not its own any more. Requirements that anyone else wrote are left as they are.
// It tells whether it had to.
func (r *Realizer) Assert(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State, late []flink.ResourceRequirements) (bool, error) {
	if len(state.Bounds) == 0 || Intended(state) != nil {
		return false, nil // what is ours is not known, or on its way
	}
	current, err := job.Client.ResourceRequirements(ctx, job.Key.Job)
	if err != nil {
		return false, fmt.Errorf("look for a late write: %w", err)
	}
	ours := standing(state.Bounds)
	if maps.Equal(current, ours) || !contains(late, current) {
		return false, nil
	}
	if err := job.Client.PutResourceRequirements(ctx, job.Key.Job, ours); err != nil {
		return false, fmt.Errorf("write over a late write: %w", err)
	}
	return true, nil
}

// standing is what the bounds say Flink goes by.
func standing(bounds map[scaling.VertexID]autoscaler.Bound) flink.ResourceRequirements {
	all := make(flink.ResourceRequirements, len(bounds))
	for id, b := range bounds {
		all[flink.VertexID(id)] = flink.Require(b.Lower, b.Upper)
	}
	return all
}

func contains(all []flink.ResourceRequirements, one flink.ResourceRequirements) bool {
	for _, r := range all {
		if maps.Equal(r, one) {
			return true
		}
	}
	return false
}

// Package report realizes nothing: it lets the autoscaler find out what it
// would do, with every obstacle on the way, and changes no job.
package report

import (
	"context"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Preparer looks at a job before a change; every realizer is one.
type Preparer interface {
	Prepare(ctx context.Context, job *autoscaler.JobContext, state *autoscaler.State) (autoscaler.Readiness, error)
}

// Realizer only says what would be done.
type Realizer struct {
	// Preparer is the realizer in whose place this one stands.
	Preparer
}

var _ autoscaler.Realizer = Realizer{}

// Realize implements [autoscaler.Realizer]: the act ends before it begins.
func (Realizer) Realize(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, act *autoscaler.Act) error {
	act.Phase, act.Ended = autoscaler.PhaseDone, act.Decided
	return nil
}

// Follow implements [autoscaler.Realizer]; no act is ever on its way.
func (Realizer) Follow(_ context.Context, _ *autoscaler.JobContext, _ *autoscaler.State, act autoscaler.Act, _ *scaling.Topology, _ time.Time) (autoscaler.Act, error) {
	return act, nil
}

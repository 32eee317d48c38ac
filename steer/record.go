package steer

import (
	"context"
	"fmt"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/realize/byhand"
)

// record keeps a rescale among the decisions.
func (h *Hand) record(ctx context.Context, key autoscaler.JobKey, e decisions.Entry) error {
	if h.cfg.Record == nil {
		return nil
	}
	if err := h.cfg.Record.RecordByHand(ctx, key, e); err != nil {
		return fmt.Errorf("it is done, and could not be kept among the decisions: %w", err)
	}
	return nil
}

// entryOf is a plan that was carried out, among the decisions. A vertex comes to its
// upper bound, as far as there are slots, unless its bounds stay.
func (h *Hand) entryOf(key autoscaler.JobKey, plan *byhand.Plan, who dashboard.Person, more string) decisions.Entry {
	vertices := make([]decisions.Vertex, 0, len(plan.Vertices))
	var bounds []decisions.SetBounds
	for _, v := range plan.Vertices {
		d := decisions.Vertex{ID: string(v.ID), Name: v.Name, From: v.Parallelism, To: v.Parallelism, MaxParallelism: v.MaxParallelism}
		if v.After != v.Before {
			d.To = v.After.Upper
			bounds = append(bounds, decisions.SetBounds{
				Vertex: d.ID, Name: d.Name, Before: decisions.Bounds(v.Before), After: decisions.Bounds(v.After),
			})
		}
		vertices = append(vertices, d)
	}
	return decisions.NewByHand(key, h.cfg.Name(key), h.cfg.Now(), who.Name, more, vertices, bounds)
}

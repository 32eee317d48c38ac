package workloads

import (
	"github.com/sluice-project/sluice/scaling"
)

// slotwise keeps a vertex from becoming narrower than its slot sharing group: that
// would free no slot, and let its subtasks burden a few TaskManagers more than the
// others. What is left of a decision that frees none is no rescale.
type slotwise struct{}

var _ scaling.Executor = slotwise{}

// slotwiseClass is what options call it.
const slotwiseClass = "workloads.Slotwise"

// Priority implements [scaling.Executor].
func (slotwise) Priority() int { return 0 }

// Apply implements [scaling.Executor].
func (slotwise) Apply(in scaling.ExecutorInput) ([]scaling.Proposal, error) {
	to := map[scaling.VertexID]int{}
	for _, p := range in.Proposals {
		to[p.Vertex] = p.To
	}
	widest := map[string]int{}
	group := map[scaling.VertexID]string{}
	for i := range in.Topology.Vertices {
		v := &in.Topology.Vertices[i]
		width, changed := to[v.ID]
		if !changed {
			width = v.Parallelism
		}
		group[v.ID] = v.SlotSharingGroup
		widest[v.SlotSharingGroup] = max(widest[v.SlotSharingGroup], width)
	}
	for i := range in.Proposals {
		if p := &in.Proposals[i]; p.To < p.From {
			p.To = max(p.To, min(p.From, widest[group[p.Vertex]]))
		}
	}
	return in.Proposals, nil
}

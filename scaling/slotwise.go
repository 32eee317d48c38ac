package scaling

import "slices"

// keepWithGroup lets no vertex become narrower than the widest of its slot sharing
// group will be. That would free no slot, cost a restart, and let the subtasks of
// the vertex burden a few TaskManagers more than the others. A vertex whose group
// is not known is left alone. most holds the largest parallelism that the limits
// of each vertex allow.
func (d *decider) keepWithGroup(vertices []VertexDecision, most []int) {
	widest := map[string]int{}
	for i := range vertices {
		group := d.Topology.Vertices[i].SlotSharingGroup
		widest[group] = max(widest[group], vertices[i].To)
	}
	for i := range vertices {
		v, group := &vertices[i], d.Topology.Vertices[i].SlotSharingGroup
		if group == "" || v.To >= min(v.From, widest[group], most[i]) {
			continue
		}
		d.widen(v, &d.evaluation.Vertices[i], min(v.From, widest[group], most[i]), widest[group])
	}
}

// widen lets a vertex that shrinks keep so many subtasks. It is not aligned once
// more, which could keep a slot for its sake. What is left of its scale-down
// follows another vertex, and is no reason for a rescale.
func (d *decider) widen(v *VertexDecision, e *VertexEvaluation, to, widest int) {
	held := to == v.From
	if held {
		v.Reason = ReasonFreesNoSlot
	}
	v.Guards = append(slices.Clip(v.Guards), Guard{Rule: RuleGroup, Before: v.To, After: to, Have: float64(v.To), Limit: float64(widest), Blocked: held})
	v.To, v.Outside = to, false
	if d.c.JudgeExecuted {
		v.ExpectedRate = d.c.round(e.TrueProcessingRate / float64(v.From) * float64(to))
	}
}

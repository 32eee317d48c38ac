package fleet

import (
	"math"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// pointsOf is what a pass measured, of the job and of each vertex; nothing where it
// could not be evaluated.
func pointsOf(r *autoscaler.Report) (Point, map[string]Point) {
	if r.Evaluation == nil || r.Topology == nil {
		return Point{}, nil
	}
	whole := Point{At: r.At.UTC(), Lag: math.NaN(), Busy: math.NaN()}
	vertices := make(map[string]Point, len(r.Evaluation.Vertices))
	headroom := math.Inf(1)
	groups := map[string]int{}
	for i := range r.Evaluation.Vertices {
		v := &r.Evaluation.Vertices[i]
		p := vertexPoint(r, v)
		vertices[string(v.Vertex)] = p
		whole.Parallelism += p.Parallelism
		group := string(v.Vertex) // where Flink names no group, a vertex is one of its own
		if i < len(r.Topology.Vertices) && r.Topology.Vertices[i].SlotSharingGroup != "" {
			group = "group " + r.Topology.Vertices[i].SlotSharingGroup
		}
		whole.Slots += max(0, p.Parallelism-groups[group])
		groups[group] = max(groups[group], p.Parallelism)
		whole.Busy = math.Max(known(whole.Busy, p.Busy), p.Busy)
		if i < len(r.Topology.Vertices) && r.Topology.Vertices[i].IsSource() {
			whole.Source += p.Source
			whole.Target += p.Target
			whole.Lag = plus(whole.Lag, p.Lag)
		}
		if p.Target > 0 && p.Capacity/p.Target < headroom {
			headroom = p.Capacity / p.Target
		}
	}
	whole.Capacity = headroom * whole.Target
	if math.IsInf(headroom, 1) {
		whole.Capacity = math.NaN()
	}
	if math.IsNaN(whole.Busy) {
		whole.Busy = 0
	}
	return whole, vertices
}

func vertexPoint(r *autoscaler.Report, v *scaling.VertexEvaluation) Point {
	p := Point{
		At: r.At.UTC(), Source: v.Rates.In, Target: v.PeakRate, Capacity: v.TrueProcessingRate,
		Lag: math.NaN(), Busy: v.Load, Parallelism: v.Parallelism, Slots: v.Parallelism,
	}
	if v.HasLag {
		p.Lag = v.Lag
	}
	if math.IsInf(p.Capacity, 0) {
		p.Capacity = math.NaN() // hardly ever busy: as good as without limit
	}
	return p
}

// known is value, or other where value is not known.
func known(value, other float64) float64 {
	if math.IsNaN(value) {
		return other
	}
	return value
}

// plus adds what is known.
func plus(sum, value float64) float64 {
	if math.IsNaN(value) {
		return sum
	}
	return known(sum, 0) + value
}

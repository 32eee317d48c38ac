package fleet

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// pointsOf is what a pass measured, of the job and of each vertex; nothing where it
// could not be evaluated.
func pointsOf(r *autoscaler.Report) (Point, map[string]Point) {
	if r.Evaluation == nil || r.Topology == nil {
		return Point{}, nil
	}
	return evaluated(r.At.UTC(), r.Topology, r.Evaluation)
}

// evaluated is what an evaluation says, of the job and of each vertex.
func evaluated(at time.Time, t *scaling.Topology, e *scaling.Evaluation) (Point, map[string]Point) {
	var w whole
	for i := range e.Vertices {
		v := &e.Vertices[i]
		group, source := "", false
		if i < len(t.Vertices) {
			group, source = t.Vertices[i].SlotSharingGroup, t.Vertices[i].IsSource()
		}
		w.add(string(v.Vertex), group, source, v.TrueProcessingRate, vertexPoint(at, v))
	}
	return w.sum(at)
}

func vertexPoint(at time.Time, v *scaling.VertexEvaluation) Point {
	p := Point{
		At: at, Source: v.Rates.In, Target: v.PeakRate, Capacity: finite(v.TrueProcessingRate),
		Lag: math.NaN(), Busy: v.Load, Parallelism: v.Parallelism, Slots: v.Parallelism,
	}
	if v.HasLag {
		p.Lag = v.Lag
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

// finite is a rate; not known where there is no limit: hardly ever busy is as good as
// without.
func finite(rate float64) float64 {
	if math.IsInf(rate, 0) {
		return math.NaN()
	}
	return rate
}

// whole sums vertices up to their job.
type whole struct {
	point    Point
	vertices map[string]Point
	headroom float64
	groups   map[string]int
	// blind is true once something is not known of a vertex without which the job
	// cannot be judged: it may be the one that the job waits for.
	blind bool
}

// add counts a vertex of that true processing rate, without a limit where it is
// infinite.
func (w *whole) add(id, group string, source bool, rate float64, p Point) {
	if w.vertices == nil {
		w.vertices, w.groups, w.headroom = map[string]Point{}, map[string]int{}, math.Inf(1)
		w.point = Point{Lag: math.NaN(), Busy: math.NaN()}
	}
	w.vertices[id] = p
	w.point.Parallelism += p.Parallelism
	key := id // where Flink names no group, a vertex is one of its own
	if group != "" {
		key = "group " + group
	}
	w.point.Slots += max(0, p.Parallelism-w.groups[key])
	w.groups[key] = max(w.groups[key], p.Parallelism)
	w.point.Busy = math.Max(known(w.point.Busy, p.Busy), known(p.Busy, w.point.Busy))
	if source {
		w.point.Source += p.Source
		w.point.Target += p.Target
		w.point.Lag = plus(w.point.Lag, p.Lag)
	}
	idle := p.Target <= 0
	w.blind = w.blind || !idle && (math.IsNaN(rate) || math.IsNaN(p.Target))
	if !idle && rate/p.Target < w.headroom {
		w.headroom = rate / p.Target
	}
}

// sum is the job's point and those of its vertices; nothing without any.
func (w *whole) sum(at time.Time) (Point, map[string]Point) {
	if len(w.vertices) == 0 {
		return Point{}, nil
	}
	w.point.At = at
	w.point.Capacity = w.headroom * w.point.Target
	if math.IsInf(w.headroom, 1) || w.blind {
		w.point.Capacity = math.NaN()
	}
	if w.blind {
		w.point.Busy = math.NaN()
	}
	return w.point, w.vertices
}

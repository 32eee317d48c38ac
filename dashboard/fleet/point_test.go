package fleet

import (
	"math"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// Right after a rescale there are figures of the source and none yet of the worker,
// which may be the one that the job waits for.
func TestAJobIsAsUnknownAsTheVertexThatMayCount(t *testing.T) {
	for name, c := range map[string]struct {
		change         func(source, work *scaling.VertexEvaluation)
		capacity, busy float64
	}{
		"all is known":          {func(*scaling.VertexEvaluation, *scaling.VertexEvaluation) {}, 500, 0.5},
		"nothing of the worker": {func(_, w *scaling.VertexEvaluation) { w.TrueProcessingRate, w.Load = math.NaN(), math.NaN() }, math.NaN(), math.NaN()},
		"nothing of any": {func(s, w *scaling.VertexEvaluation) {
			s.Load, w.Load, w.TrueProcessingRate = math.NaN(), math.NaN(), math.NaN()
		}, math.NaN(), math.NaN()},
		"not what the worker has to do": {func(_, w *scaling.VertexEvaluation) { w.PeakRate, w.Load = math.NaN(), math.NaN() }, math.NaN(), math.NaN()},
		"a worker that has nothing to do": {func(s, w *scaling.VertexEvaluation) {
			s.TrueProcessingRate, s.Load = 4000, 0.25
			w.PeakRate, w.TrueProcessingRate, w.Load = 0, math.NaN(), math.NaN()
		}, 4000, 0.25},
		"a source that never says how busy": {func(s, _ *scaling.VertexEvaluation) { s.Load = math.NaN() }, 500, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			b := bookAt(0)
			r := pass{rate: 400, from: 1, to: 1, change: func(r *autoscaler.Report) { c.change(&r.Evaluation.Vertices[0], &r.Evaluation.Vertices[1]) }}.report()
			record(t, b, r)
			entry := decisions.New(r)
			restored, _ := pointsOfEntry(&entry)
			for from, now := range map[string]Point{"pass": b.Jobs()[0].Now, "decision": restored} {
				if !same(now.Capacity, c.capacity) || !same(now.Busy, c.busy) {
					t.Errorf("by the %s, capacity %g and busy %g, want %g and %g", from, now.Capacity, now.Busy, c.capacity, c.busy)
				}
			}
		})
	}
}

func same(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }

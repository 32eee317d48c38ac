package bulk

import (
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// A job of two stages of 1000 tasks each on 200 slots, from its start to its end.
func BenchmarkRun(b *testing.B) {
	g := Graph{
		Vertices: []Vertex{{Name: "a", Bytes: 100 << 30, Cost: time.Millisecond, Parallelism: 1000}, {Name: "b", Cost: time.Millisecond, Parallelism: 1000}},
		Edges:    []Edge{{From: 0, To: 1, Share: 1, Ship: Hash, Exchange: Blocking, HotKeys: []float64{0.01}}},
	}
	for b.Loop() {
		newRig(b, slots.V2_3, g, nil, 50, 4).ends(adaptive.StatusFinished)
	}
}

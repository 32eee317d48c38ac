package tuning

import (
	"encoding/json"
	"testing"

	"github.com/sluice-project/sluice/internal/vectortables"
	"github.com/sluice-project/sluice/scaling"
)

func TestSegmentsAreThoseOfTheReference(t *testing.T) {
	table := vectortables.Open(t, "units/network-segments.json", "testdata/network-segments.json.gz")
	for r := range vectortables.Rows[segmentsRow](table) {
		if got := r.buffers.Segments(r.own, r.connected, scaling.ParseShipStrategy(r.ship)); got != r.want {
			table.Errorf("%+v: got %d", r, got)
		}
	}
}

type segmentsRow struct {
	own, connected int
	ship           string
	buffers        Buffers
	want           int
}

func (r *segmentsRow) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&r.own, &r.connected, &r.ship, &r.buffers.PerChannel, &r.buffers.Floating, &r.want})
}

func TestBothEndsOfEveryEdgeNeedBuffersInEverySlot(t *testing.T) {
	r := Rescale{
		Topology: topologyOf(t,
			scaling.Vertex{ID: "a", Parallelism: 2},
			scaling.Vertex{ID: "b", Parallelism: 4, Inputs: []scaling.Edge{{From: "a", Ship: scaling.ShipHash}}},
			scaling.Vertex{ID: "c", Parallelism: 4, Inputs: []scaling.Edge{{From: "b", Ship: scaling.ShipForward}}}),
		Target:              scaling.Parallelism{"a": 3},
		SlotsPerTaskManager: 2,
	}
	// a (3) and b (4) by hash: 4 and 3 channels; b and c stay at 4: one channel each.
	want := int64(2) * 100 * ((4*2 + 8) + (3*2 + 8) + 2*(2+8))
	if got := r.RequiredNetworkMemory(Buffers{PerChannel: 2, Floating: 8, SegmentSize: 100}); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

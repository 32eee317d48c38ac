package tuning

import (
	"math"

	"github.com/sluice-project/sluice/scaling"
)

// Buffers is the configuration of network buffers.
type Buffers struct {
	// PerChannel buffers are exclusive to a channel, Floating ones shared by the
	// channels of a gate.
	PerChannel, Floating int
	// SegmentSize is the size of one buffer.
	SegmentSize int64
}

// Segments is the number of network buffers that one end of an edge needs at a
// vertex of parallelism own that is connected to one of parallelism connected.
// It is counted in 32 bits, as in the reference: beyond, it may be negative.
func (b Buffers) Segments(own, connected int, ship scaling.ShipStrategy) int {
	channels := connected
	switch {
	case ship == scaling.ShipForward && own == connected:
		channels = 1
	case ship == scaling.ShipForward || ship == scaling.ShipRescale:
		channels = truncate32(math.Ceil(float64(connected) / float64(own)))
	}
	return int(int32(channels)*int32(b.PerChannel) + int32(b.Floating))
}

// RequiredNetworkMemory is the network memory of a TaskManager each slot of
// which may hold a subtask of every vertex.
func (r *Rescale) RequiredNetworkMemory(b Buffers) int64 {
	var segments int64
	for i := range r.Topology.Vertices {
		v := &r.Topology.Vertices[i]
		for _, in := range v.Inputs {
			down, up := r.after(v), r.after(&r.Topology.Vertices[r.Topology.Index(in.From)])
			segments += int64(b.Segments(down, up, in.Ship)) + int64(b.Segments(up, down, in.Ship))
		}
	}
	return segments * b.SegmentSize * int64(r.SlotsPerTaskManager)
}

package flow

import (
	"errors"
	"time"
)

// Buffers is the memory between the two ends of an edge. The zero value is Flink's
// default.
type Buffers struct {
	// SegmentBytes is the size of one buffer; 0 is 32 KiB
	// (taskmanager.memory.segment-size).
	SegmentBytes float64
	// PerChannel is how many each channel has for itself; 0 is 2
	// (taskmanager.network.memory.buffers-per-channel).
	PerChannel float64
	// Floating is how many the channels of one subtask share, on either side; 0 is
	// 8 (taskmanager.network.memory.floating-buffers-per-gate).
	Floating float64
	// Debloat is the time that what waits before a subtask is to take; 0 leaves the
	// buffers at their size (taskmanager.network.memory.buffer-debloat.target).
	Debloat time.Duration
	// Records is the room in records, whatever the buffers; 0 counts buffers.
	Records float64
}

const (
	segmentBytes = 32 << 10
	perChannel   = 2
	floating     = 8
	// maxPerChannel is taskmanager.network.memory.max-buffers-per-channel.
	maxPerChannel = 10
)

func (b Buffers) check() error {
	return errors.Join(amount("segment bytes", b.SegmentBytes), amount("buffers per channel", b.PerChannel),
		amount("floating buffers", b.Floating), amount("room in records", b.Records), span("debloat", b.Debloat))
}

// ends are what the room on an edge depends on.
type ends struct {
	senders, receivers int
	forward            bool
	remote             float64 // the share of the channels between different machines
	hottest            float64 // the share of the hottest receiver
	recordBytes        float64
}

// room is how many records an edge holds when it is full. A sender has a pool
// for all its subpartitions; a receiver on another machine has buffers of its own
// beside, of which one per channel is on its way. Of the buffer that is being
// filled and of that which is being read half is in use.
func (b Buffers) room(e ends) float64 {
	if b.Records > 0 {
		return b.Records
	}
	senders, receivers := float64(e.senders), float64(e.receivers)
	outgoing, incoming := receivers, senders
	if e.forward {
		outgoing, incoming = 1, 1
	}
	each, shared := or(b.PerChannel, perChannel), or(b.Floating, floating)
	pool := each*outgoing + shared
	channels := senders * outgoing
	gates := receivers * e.remote * (each*incoming + shared)
	unused := channels*(0.5+e.remote) + receivers*0.5
	buffers := max(senders*pool+gates-unused, channels)
	if hot := e.hottest * receivers; hot > 1 {
		// The others leave room in the pools, of which one channel may take a part.
		buffers *= min(hot, min(maxPerChannel, pool-outgoing+1)*outgoing/pool) / hot
	}
	return max(buffers*or(b.SegmentBytes, segmentBytes)/e.recordBytes, 1)
}

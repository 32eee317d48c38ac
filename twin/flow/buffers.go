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
	even               bool    // the channels of a sender fill alike, as those of a rebalance do
	remote             float64 // the share of the channels between different machines
	hottest            float64 // the share of the hottest receiver
	recordBytes        float64
}

// What of the buffers is not in use when an edge is full: of those of each channel,
// and of those of each receiver, whichever channel it reads.
//
// A sender stops when its pool has given out its last buffer. That one is empty
// then, and others are being filled; those that receivers read are half empty; and
// while an edge is full there is always a barrier on it, before which buffers were
// cut. Where all channels of a sender fill alike they also end alike: when one takes
// the last buffer the others are about to want one each. Where records fall at
// random, the subtask that is behind takes buffers from the others, and a barrier
// has to wait for that one.
//
// The figures are those of a simulation of single buffers, see buffers_test.go. For the
// saturated job of package twinlab it gives checkpoints of 110 to 156 s and 22,400 to 27,000
// records on their way; two real clusters had 114 to 141 s and 22,200 to 27,200.
const (
	evenChannel, evenReceiver     = 1.7, 0.7
	randomChannel, randomReceiver = 0.85, 0.25
)

// room is how many records an edge holds when it is full. A sender has a pool
// for all its subpartitions; a receiver on another machine has buffers of its own
// beside, of which one per channel is on its way.
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
	unused := channels*(randomChannel+e.remote) + receivers*randomReceiver
	if e.even || outgoing == 1 {
		unused = channels*(evenChannel+e.remote) + receivers*evenReceiver
	}
	buffers := max(senders*pool+gates-unused, channels)
	if hot := e.hottest * receivers; hot > 1 {
		// The others leave room in the pools, of which one channel may take a part.
		buffers *= min(hot, min(maxPerChannel, pool-outgoing+1)*outgoing/pool) / hot
	}
	return max(buffers*or(b.SegmentBytes, segmentBytes)/e.recordBytes, 1)
}

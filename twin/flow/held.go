package flow

import (
	"math"
	"slices"
	"time"
)

// cells is into how many parts a sliding window is cut.
const cells = 32

// held is what a vertex remembers of the records that it took in.
type held struct {
	Keys    float64   // distinct ones
	Records float64   // kept for ever, or in the tumbling window
	Cells   []float64 // the parts of a sliding window
	Cell    int64     // the part or the window at hand
	Written float64   // records since the last completed checkpoint
}

func (h held) clone() held {
	h.Cells = slices.Clone(h.Cells)
	return h
}

// take adds records that came around an instant, in nanoseconds of the epoch, and
// forgets what is over at another.
func (h *held) take(s *State, records float64, around, now int64) {
	if s.Keys > 0 {
		h.Keys = s.Keys - (s.Keys-h.Keys)*math.Exp(-records/s.Keys)
	}
	h.Written += records
	if s.BytesPerRecord == 0 {
		return
	}
	h.turn(s, around)
	if len(h.Cells) > 0 {
		h.Cells[((h.Cell%cells)+cells)%cells] += records
	} else {
		h.Records += records
	}
	h.turn(s, now)
}

// turn forgets what is over.
func (h *held) turn(s *State, now int64) {
	switch {
	case s.Window == 0:
	case s.Tumbling:
		if at := now / int64(s.Window); at > h.Cell {
			h.Cell, h.Records = at, 0
		}
	default:
		if h.Cells == nil {
			h.Cells = make([]float64, cells)
		}
		at := now / max(int64(s.Window)/cells, 1)
		for h.Cell = max(h.Cell, at-cells); h.Cell < at; {
			h.Cell++
			h.Cells[((h.Cell%cells)+cells)%cells] = 0
		}
	}
}

func (h *held) records() float64 { return h.Records + sum(h.Cells) }

// written is the part of a subtask's bytes that is new since the last checkpoint.
func (h *held) written(s *State, bytes, share float64) float64 {
	if !s.Incremental {
		return bytes
	}
	changed := s.BytesPerRecord * h.Written
	if s.Keys > 0 {
		changed += s.BytesPerKey * s.Keys * -math.Expm1(-h.Written/s.Keys)
	}
	return min(changed*share, bytes)
}

// remember adds what was taken in since to the state.
func (j *Job) remember(before []float64, around, now time.Duration) {
	base := j.start.UnixNano()
	for i := range j.m.Vertices {
		v := &j.m.Vertices[i]
		v.Held.take(&j.graph.Vertices[i].State, v.Taken-before[i], base+int64(around), base+int64(now))
	}
}

// stateBytes is the state of a subtask.
func (j *Job) stateBytes(vertex, subtask int) float64 {
	s, h := &j.graph.Vertices[vertex].State, &j.m.Vertices[vertex].Held
	p := j.m.Parallelism[vertex]
	return s.Bytes/float64(p) + s.BytesPerKey*h.Keys*j.graph.Vertices[vertex].evenShare(subtask, p) +
		s.BytesPerRecord*h.records()*j.shares[vertex][subtask]
}

// hottestState is that of the subtask that has most to do.
func (j *Job) hottestState(vertex int) float64 {
	return j.stateBytes(vertex, slices.Index(j.shares[vertex], j.hottest[vertex]))
}

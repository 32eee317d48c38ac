package memory

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// packed is a metric window in as few bytes as it needs: 90 samples of 8
// vertices take 18 KB instead of 105, with nothing in them for the garbage
// collector to follow. Each number is kept as its difference from the one that
// stands in its place in the sample before; unpacked, every bit is as it was.
type packed struct {
	samples int
	// shapes are the vertices of the samples; consecutive ones mostly share one.
	shapes []shape
	text   []byte
}

// shape is the vertices of a sample.
type shape []vertexKey

type vertexKey struct {
	id          scaling.VertexID
	parallelism int
}

func (s shape) fits(vertices []scaling.VertexSample) bool {
	if len(s) != len(vertices) {
		return false
	}
	for i := range s {
		if v := &vertices[i]; s[i].id != v.Vertex || s[i].parallelism != v.Parallelism {
			return false
		}
	}
	return true
}

func shapeOf(vertices []scaling.VertexSample) shape {
	s := make(shape, len(vertices))
	for i := range vertices {
		s[i] = vertexKey{vertices[i].Vertex, vertices[i].Parallelism}
	}
	return s
}

// measures and globals bound how many kinds of numbers there are: a mask of 16
// bits says which of them are present.
const (
	measures = 16
	globals  = 16
)

// before holds the numbers of the sample before, in whose terms the next is
// written.
type before struct {
	at, running time.Time
	vertices    [][measures]float64
	global      [globals]float64
}

// enter makes room for as many vertices, whose numbers begin at 0.
func (b *before) enter(vertices int) {
	b.vertices = slices.Grow(b.vertices[:0], vertices)[:vertices]
	clear(b.vertices)
}

// pack is the opposite of unpack. It writes into scratch, and copies out of it.
func pack(w scaling.Window, scratch []byte) (packed, []byte) {
	p := packed{samples: len(w.Samples)}
	text := scratch[:0]
	var last before
	for i := range w.Samples {
		s := &w.Samples[i]
		n := len(p.shapes)
		fresh := n == 0 || !p.shapes[n-1].fits(s.Vertices)
		if fresh {
			p.shapes = append(p.shapes, shapeOf(s.Vertices))
			last.enter(len(s.Vertices))
			text = append(text, 1)
		} else {
			text = append(text, 0)
		}
		text = appendSample(text, s, &last)
	}
	p.text = slices.Clone(text)
	return p, text
}

func appendSample(text []byte, s *scaling.Sample, last *before) []byte {
	text = appendTime(text, s.At, &last.at)
	text = appendTime(text, s.RunningSince, &last.running)
	at, mask := len(text), uint16(0)
	text = append(text, 0, 0)
	for m, v := range s.Global.All() {
		text = appendNumber(text, v, &last.global[m])
		mask |= 1 << m
	}
	binary.LittleEndian.PutUint16(text[at:], mask)
	for i := range s.Vertices {
		text = appendVertex(text, &s.Vertices[i], &last.vertices[i])
	}
	return text
}

func appendVertex(text []byte, v *scaling.VertexSample, last *[measures]float64) []byte {
	at, mask := len(text), uint16(0)
	text = append(text, 0, 0)
	for m, value := range v.All() {
		text = appendNumber(text, value, &last[m])
		mask |= 1 << m
	}
	binary.LittleEndian.PutUint16(text[at:], mask)
	if v.Subtasks == nil {
		return append(text, 0)
	}
	text = binary.AppendUvarint(text, uint64(len(v.Subtasks))+1)
	var before scaling.Subtask
	for _, s := range v.Subtasks {
		text = binary.AppendVarint(text, int64(s.Attempt))
		text = appendNumber(text, s.Records, &before.Records)
		text = appendNumber(text, s.Busy, &before.Busy)
		text = appendNumber(text, s.Clock, &before.Clock)
	}
	return text
}

func appendTime(text []byte, t time.Time, last *time.Time) []byte {
	text = binary.AppendVarint(text, t.Unix()-last.Unix())
	text = binary.AppendUvarint(text, uint64(t.Nanosecond()))
	*last = t
	return text
}

// inFull stands where a difference would: the 64 bits of the number follow.
const inFull = math.MinInt32

// appendNumber writes how much a number is above the last, in 32 bits: counters
// are whole and move little. One that this does not give to the bit is written
// in full.
func appendNumber(text []byte, v float64, last *float64) []byte {
	was := *last
	*last = v
	if d := v - was; d > math.MinInt32 && d < math.MaxInt32 {
		whole := int32(d)
		if math.Float64bits(was+float64(whole)) == math.Float64bits(v) {
			return binary.LittleEndian.AppendUint32(text, uint32(whole))
		}
	}
	text = binary.LittleEndian.AppendUint32(text, 1<<31) // inFull
	return binary.LittleEndian.AppendUint64(text, math.Float64bits(v))
}

// unpack makes the window anew. Nothing of it is shared with what is packed.
func (p *packed) unpack() scaling.Window {
	if p.samples == 0 {
		return scaling.Window{}
	}
	r := reader{text: p.text, window: make([]scaling.Sample, p.samples), vertices: p.room()}
	shapes := p.shapes
	for i := range r.window {
		if r.byte() == 1 {
			r.shape, shapes = shapes[0], shapes[1:]
			r.last.enter(len(r.shape))
		}
		r.sample(&r.window[i])
	}
	return scaling.Window{Samples: r.window}
}

// room is for the vertices of all samples: one piece of memory costs less than
// one for each sample. With several shapes it is a guess.
func (p *packed) room() []scaling.VertexSample {
	if len(p.shapes) != 1 {
		return nil
	}
	return make([]scaling.VertexSample, p.samples*len(p.shapes[0]))
}

// reader walks through packed text, which is known to be sound: it never leaves
// the process.
type reader struct {
	text     []byte
	window   []scaling.Sample
	vertices []scaling.VertexSample
	shape    shape
	last     before
}

func (r *reader) sample(s *scaling.Sample) {
	s.At, s.RunningSince = r.time(&r.last.at), r.time(&r.last.running)
	for mask := r.mask(); mask != 0; mask &= mask - 1 {
		m := bits.TrailingZeros16(mask)
		s.Global.Set(scaling.GlobalMeasure(m), r.number(&r.last.global[m]))
	}
	n := len(r.shape)
	if n == 0 {
		return
	}
	if len(r.vertices) < n {
		r.vertices = make([]scaling.VertexSample, n)
	}
	s.Vertices, r.vertices = r.vertices[:n:n], r.vertices[n:]
	for i := range s.Vertices {
		r.vertex(&s.Vertices[i], i)
	}
}

func (r *reader) vertex(v *scaling.VertexSample, i int) {
	v.Vertex, v.Parallelism = r.shape[i].id, r.shape[i].parallelism
	last := &r.last.vertices[i]
	for mask := r.mask(); mask != 0; mask &= mask - 1 {
		m := bits.TrailingZeros16(mask)
		v.Set(scaling.Measure(m), r.number(&last[m]))
	}
	if r.text[0] == 0 {
		r.text = r.text[1:]
		return
	}
	v.Subtasks = make([]scaling.Subtask, r.uvarint()-1)
	var s scaling.Subtask
	for k := range v.Subtasks {
		s.Attempt = int(r.varint())
		s.Records, s.Busy, s.Clock = r.number(&s.Records), r.number(&s.Busy), r.number(&s.Clock)
		v.Subtasks[k] = s
	}
}

func (r *reader) time(last *time.Time) time.Time {
	seconds := last.Unix() + r.varint()
	*last = time.Unix(seconds, int64(r.uvarint())).UTC()
	return *last
}

func (r *reader) number(last *float64) float64 {
	whole := int32(binary.LittleEndian.Uint32(r.text))
	r.text = r.text[4:]
	if whole == inFull {
		*last = math.Float64frombits(binary.LittleEndian.Uint64(r.text))
		r.text = r.text[8:]
	} else {
		*last += float64(whole)
	}
	return *last
}

func (r *reader) mask() uint16 {
	mask := binary.LittleEndian.Uint16(r.text)
	r.text = r.text[2:]
	return mask
}

func (r *reader) byte() byte {
	b := r.text[0]
	r.text = r.text[1:]
	return b
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.text)
	r.text = r.text[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.text)
	r.text = r.text[n:]
	return v
}

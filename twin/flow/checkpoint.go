package flow

import (
	"fmt"
	"math"
	"time"
)

// Position is what a checkpoint keeps: how far the sources were, and the state. It
// can be written as JSON.
type Position struct {
	At time.Duration // since the job's start
	// Offsets are the records before the position, of each source by partition;
	// nil of other vertices.
	Offsets [][]float64
	// Held is the state of each vertex.
	Held []held
}

// Checkpoint is one that begins, and what will come of it while nothing else
// happens.
type Checkpoint struct {
	Position Position
	// Takes is until the last subtask has acknowledged; Stuck if that will never be.
	Takes time.Duration
	// Barrier is until the barrier has come to each vertex.
	Barrier []time.Duration
	// StateBytes and WrittenBytes are by vertex and subtask: all the state, and what
	// of it is written anew.
	StateBytes, WrittenBytes [][]float64
	// AheadBytes is what is in the buffers before the barriers; of an unaligned
	// checkpoint it is written too.
	AheadBytes float64
	Unaligned  bool
}

// Stuck is how long a checkpoint takes whose barriers do not come through.
const Stuck = 1000 * time.Hour

// Checkpoint is one that is triggered now.
func (j *Job) Checkpoint() Checkpoint {
	unaligned := j.graph.Checkpoints.Unaligned
	c := Checkpoint{Position: j.position(), Unaligned: unaligned, Barrier: make([]time.Duration, len(j.m.Vertices))}
	late, slowest := 0.0, 0.0
	delays := make([]float64, len(j.m.Vertices))
	for _, v := range j.network.order {
		for _, e := range j.network.in[v] {
			ahead := j.ahead(e)
			c.AheadBytes += max(j.m.Edges[e].Queue, 0) * j.bytesOn(e)
			if !unaligned {
				delays[v] = max(delays[v], delays[j.network.from[e]]+ahead)
			}
		}
		c.Barrier[v] = seconds(delays[v])
		late = max(late, delays[v])
	}
	for v, p := range j.m.Parallelism {
		state, written := make([]float64, p), make([]float64, p)
		for k := range p {
			state[k] = j.stateBytes(v, k)
			written[k] = j.m.Vertices[v].Held.written(&j.graph.Vertices[v].State, state[k], j.shares[v][k])
			slowest = max(slowest, written[k])
		}
		c.StateBytes, c.WrittenBytes = append(c.StateBytes, state), append(c.WrittenBytes, written)
	}
	if unaligned {
		slowest += c.AheadBytes / float64(max(j.subtasks(), 1))
	}
	c.Takes = min(seconds(late+slowest/j.graph.Checkpoints.upload())+j.graph.Checkpoints.latency(), Stuck)
	return c
}

// ahead is how long what waits on an edge keeps a barrier behind it.
func (j *Job) ahead(edge int) float64 {
	e := &j.m.Edges[edge]
	switch {
	case e.Queue <= 0:
		return 0
	case e.Outflow <= 0:
		return math.Inf(1)
	}
	return e.Queue / e.Outflow
}

func (j *Job) bytesOn(edge int) float64 {
	return j.graph.Vertices[j.graph.Edges[edge].From].recordBytes()
}

func (j *Job) subtasks() int {
	all := 0
	for _, p := range j.m.Parallelism {
		all += p
	}
	return all
}

// seconds is a duration, at most Stuck.
func seconds(s float64) time.Duration {
	if s >= Stuck.Seconds() {
		return Stuck
	}
	return time.Duration(math.Round(s * 1e9))
}

// Completed says that a checkpoint has completed: incremental ones write what is
// new since.
func (j *Job) Completed(p Position) {
	for i := range j.m.Vertices {
		if i < len(p.Held) {
			h := &j.m.Vertices[i].Held
			h.Written = max(h.Written-p.Held[i].Written, 0)
		}
	}
}

// position is where the job is now.
func (j *Job) position() Position {
	p := Position{At: j.m.Now, Offsets: make([][]float64, len(j.m.Vertices)), Held: make([]held, len(j.m.Vertices))}
	for i := range j.m.Vertices {
		v := &j.m.Vertices[i]
		p.Held[i] = v.Held.clone()
		if v.Source == nil {
			continue
		}
		for k, share := range j.partitions[i] {
			p.Offsets[i] = append(p.Offsets[i], share*v.Source.Arrived-v.Source.Pending[k])
		}
	}
	return p
}

// fits says why a position does not belong to a job.
func (p *Position) fits(j *Job) error {
	if len(p.Offsets) != len(j.m.Vertices) || len(p.Held) != len(j.m.Vertices) {
		return fmt.Errorf("the position is that of %d vertices; want %d", len(p.Offsets), len(j.m.Vertices))
	}
	for i := range j.m.Vertices {
		want := 0
		if s := j.m.Vertices[i].Source; s != nil {
			want = len(s.Pending)
		}
		if len(p.Offsets[i]) != want {
			return fmt.Errorf("the position has %d partitions of vertex %d; want %d", len(p.Offsets[i]), i, want)
		}
	}
	return nil
}

// rewind lets the sources read again from a position.
func (j *Job) rewind(p Position) {
	for i := range j.m.Vertices {
		s := j.m.Vertices[i].Source
		if s == nil {
			continue
		}
		for k, share := range j.partitions[i] {
			s.Pending[k] = max(share*s.Arrived-p.Offsets[i][k], 0)
		}
		s.expire(j.partitions[i], j.graph.Vertices[i].Source.Retention, j.m.Now)
	}
}

// begin lets the sources of a job without a checkpoint read from where they begin.
func (j *Job) begin() {
	for i := range j.m.Vertices {
		s := j.m.Vertices[i].Source
		if s == nil {
			continue
		}
		spec := j.graph.Vertices[i].Source
		for k, share := range j.partitions[i] {
			s.Pending[k] = share * s.Arrived
			if spec.Latest {
				s.Pending[k] = 0
			}
		}
		s.expire(j.partitions[i], spec.Retention, j.m.Now)
	}
}

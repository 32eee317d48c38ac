package batch

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// discover adds the vertices to the graph whose producers have all finished
// (2.3). One whose forward group has a parallelism by then gets the maximum that
// goes with it.
func (s *Scheduler) discover() {
	for v := range s.vertices {
		one := &s.vertices[v]
		if !one.known && s.inputsDone(one) {
			one.known = true
			one.maximum = s.options.VertexMaximum(one.Parallelism, one.MaxParallelism)
		}
	}
}

// inputsDone says whether everything that a vertex reads has been written.
func (s *Scheduler) inputsDone(v *vertex) bool {
	for _, e := range v.in {
		if !s.vertices[s.edges[e].From].done() {
			return false
		}
	}
	return true
}

// askSources asks the sources that can say for how many tasks they have work.
// One that has inputs too is asked once they are there.
func (s *Scheduler) askSources() {
	for v := range s.vertices {
		one := &s.vertices[v]
		if !one.Infers || one.asked || one.Parallelism > 0 || !one.known || !s.inputsDone(one) {
			continue
		}
		one.asked = true
		s.asked++
		s.emit(InferSource{Vertex: v, Bound: s.options.SourceBound(one.maximum), PerTask: s.options.AverageVolume})
	}
}

// inferred takes the answer of a source.
func (s *Scheduler) inferred(e SourceInferred) {
	if e.Vertex < 0 || e.Vertex >= len(s.vertices) {
		s.wrong("source %d: the job has no such vertex", e.Vertex)
		return
	}
	v := &s.vertices[e.Vertex]
	if !v.asked || v.answered || s.ending() {
		return
	}
	v.answered, v.inferred = true, max(0, e.Tasks)
	s.asked--
	s.advance()
}

// initialize decides about all vertices that can be decided, and creates their
// tasks.
func (s *Scheduler) initialize() error {
	for v := range s.vertices {
		one := &s.vertices[v]
		if one.exists || !one.known {
			continue
		}
		var d Decision
		var err error
		switch {
		case one.Parallelism > 0 && s.inputsExist(one):
			d, err = s.decideEarly(one)
		case one.Parallelism == 0 && s.inputsDone(one):
			d, err = s.decideLate(one)
		default:
			continue
		}
		if err != nil {
			return fmt.Errorf("vertex %s: %w", one.ID, err)
		}
		s.create(v, d)
	}
	return nil
}

// inputsExist says whether the tasks of all producers exist. A vertex whose
// parallelism is known is created then, whatever they write.
func (s *Scheduler) inputsExist(v *vertex) bool {
	for _, e := range v.in {
		if !s.vertices[s.edges[e].From].exists {
			return false
		}
	}
	return true
}

// decideEarly divides the inputs of a vertex whose parallelism is known by
// numbers.
func (s *Scheduler) decideEarly(v *vertex) (Decision, error) {
	c := &decider{options: s.options, vertex: v.toDecide(), blocks: make([][][]Block, len(v.in))}
	for _, i := range v.in {
		e := &s.edges[i]
		c.inputs = append(c.inputs, input{shape: s.shape(e)})
	}
	if err := c.fixed(); err != nil {
		return Decision{}, err
	}
	d := Decision{Parallelism: c.parallelism, Why: c.why}
	if len(v.in) > 0 {
		d.Blocks = c.blocks
	}
	return d, nil
}

func (s *Scheduler) shape(e *edge) shape {
	return shape{
		name:          s.name(e),
		pattern:       e.Pattern,
		broadcast:     e.Broadcast,
		single:        e.single,
		partitions:    len(s.vertices[e.From].tasks),
		subpartitions: e.subpartitions,
	}
}

// decideLate decides from what was written.
func (s *Scheduler) decideLate(v *vertex) (Decision, error) {
	c := &decider{options: s.options, vertex: v.toDecide(), maximum: v.maximum, blocks: make([][][]Block, len(v.in))}
	for _, i := range v.in {
		in, err := s.result(&s.edges[i])
		if err != nil {
			return Decision{}, err
		}
		c.inputs = append(c.inputs, *in)
	}
	if err := c.decide(); err != nil {
		return Decision{}, err
	}
	return c.decision(), nil
}

func (v *vertex) toDecide() Vertex {
	return Vertex{ID: v.ID, Parallelism: v.Parallelism, Forward: v.forward, MaxParallelism: v.maximum, Inferred: v.inferred}
}

// result is what was written to an edge, with its sums.
func (s *Scheduler) result(e *edge) (*input, error) {
	if e.result != nil {
		return e.result, nil
	}
	in, err := newInput(Input{
		Name:            s.name(e),
		Pattern:         e.Pattern,
		Broadcast:       e.Broadcast,
		Single:          e.single,
		Type:            e.Type,
		InterCorrelated: e.InterCorrelated,
		IntraCorrelated: e.IntraCorrelated,
		Bytes:           e.bytes,
	}, s.options.Version)
	if err != nil {
		return nil, err
	}
	e.result = &in
	return e.result, nil
}

// create makes the tasks of a vertex, and fixes the parallelism of its forward
// group.
func (s *Scheduler) create(v int, d Decision) {
	one := &s.vertices[v]
	one.Parallelism, one.exists, one.decision = d.Parallelism, true, d
	one.tasks = make([]task, d.Parallelism)
	for _, w := range one.group {
		if other := &s.vertices[w]; other.Parallelism == 0 {
			other.Parallelism, other.forward = d.Parallelism, true
		}
	}
	for _, i := range one.out {
		e := &s.edges[i]
		to := &s.vertices[e.To]
		e.bytes, e.single = make([][]int64, d.Parallelism), e.Broadcast
		e.subpartitions = Subpartitions(Result{
			Pattern:      e.Pattern,
			Broadcast:    e.Broadcast,
			Forward:      e.Forward && s.options.Version != slots.V1_20,
			Producers:    d.Parallelism,
			Consumers:    to.Parallelism,
			MaxConsumers: to.maximum,
		})
	}
	for k, i := range one.in {
		s.edges[i].full = s.readsAll(i, d.Blocks[k])
	}
	s.dirty[v] = true
	s.emit(Decided{Vertex: v, Decision: d})
}

// readsAll says whether each task reads from all producing tasks.
func (s *Scheduler) readsAll(e int, blocks [][]Block) bool {
	n := len(s.vertices[s.edges[e].From].tasks)
	for _, task := range blocks {
		if len(task) == 0 || task[0].Partitions.Len() != n {
			return false
		}
	}
	return true
}

// Subpartitions is how many subpartitions each task of the edge's producer
// writes; 0 while the producer has no tasks. The edge is an index into Job.Edges.
func (s *Scheduler) Subpartitions(edge int) int { return s.edges[edge].subpartitions }

// changed lets a consumer that does not exist yet read in another way.
func (s *Scheduler) changed(c EdgeChanged) {
	if c.Index < 0 || c.Index >= len(s.edges) {
		s.wrong("edge %d: the job has none", c.Index)
		return
	}
	e := &s.edges[c.Index]
	to := c.Edge
	switch {
	case s.options.Version == slots.V1_20:
		s.wrong("edge %s changes: in 1.20 none does", s.name(e))
	case e.Forward || to.Forward || to.Broadcast && to.Pattern == Pointwise || e.single && !to.Broadcast:
		s.wrong("edge %s changes to a kind that it cannot be", s.name(e))
	case !s.vertices[e.To].exists:
		if to.Pattern == "" {
			to.Pattern = AllToAll
		}
		e.Pattern, e.Broadcast, e.Type = to.Pattern, to.Broadcast, to.Type
		e.InterCorrelated, e.IntraCorrelated, e.result = to.InterCorrelated, to.IntraCorrelated, nil
	}
}

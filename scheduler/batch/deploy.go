package batch

import (
	"github.com/sluice-project/sluice/scheduler/adaptive"
)

// schedule deploys the tasks that have become ready. Deploying one may make
// those ready that read while it writes; they come later in topological order.
func (s *Scheduler) schedule() {
	for v := range s.vertices {
		if !s.dirty[v] {
			continue
		}
		s.dirty[v] = false
		deployed := false
		for subtask := range s.vertices[v].tasks {
			if s.ready(v, subtask) {
				s.deploy(TaskID{v, subtask})
				deployed = true
			}
		}
		if deployed {
			s.wake(v)
		}
	}
}

// wake looks again at the consumers of a vertex.
func (s *Scheduler) wake(v int) {
	for _, e := range s.vertices[v].out {
		s.dirty[s.edges[e].To] = true
	}
}

// ready says whether a task may be deployed now.
func (s *Scheduler) ready(v, subtask int) bool {
	one := &s.vertices[v]
	t := &one.tasks[subtask]
	if t.state != TaskCreated || t.revival != nil {
		return false
	}
	for k, e := range one.in {
		if !s.readable(&s.edges[e], one.decision.Blocks[k][subtask]) {
			return false
		}
	}
	return true
}

// readable says whether what a task reads over an edge may be read now.
func (s *Scheduler) readable(e *edge, blocks []Block) bool {
	from := &s.vertices[e.From]
	if !e.Exchange.hybrid() || s.options.Hybrid == AllProducersFinished {
		if from.done() {
			return true
		}
		return !e.full && s.each(e, blocks, func(t *task) bool { return t.state == TaskDone })
	}
	if s.options.Hybrid == OnlyFinishedProducers {
		return !s.each(e, blocks, func(t *task) bool { return t.state != TaskDone })
	}
	return s.each(e, blocks, func(t *task) bool {
		return t.state == TaskScheduled || t.state == TaskRunning || t.state == TaskDone
	})
}

// each says whether something holds for all producing tasks that blocks are
// from.
func (s *Scheduler) each(e *edge, blocks []Block, holds func(*task) bool) bool {
	tasks := s.vertices[e.From].tasks
	for _, b := range blocks {
		for i := b.Partitions.First; i <= b.Partitions.Last; i++ {
			if !holds(&tasks[i]) {
				return false
			}
		}
	}
	return true
}

func (s *Scheduler) deploy(id TaskID) {
	t := s.task(id)
	t.state = TaskScheduled
	s.emit(Deploy{Task: id, Attempt: t.attempt, Read: s.reads(id)})
}

// reads are the bytes that a task reads, -1 if not all of them are written.
func (s *Scheduler) reads(id TaskID) int64 {
	v := &s.vertices[id.Vertex]
	var sum int64
	for k, i := range v.in {
		e := &s.edges[i]
		blocks := v.decision.Blocks[k][id.Subtask]
		if s.vertices[e.From].done() {
			if in, err := s.result(e); err == nil {
				sum += in.read(blocks)
				continue
			}
		}
		for _, b := range blocks {
			n := e.written(b)
			if n < 0 {
				return -1
			}
			sum += n
		}
	}
	return sum
}

// written are the bytes of a block, -1 if a partition is not there.
func (e *edge) written(b Block) int64 {
	var sum int64
	for _, partition := range e.bytes[b.Partitions.First : b.Partitions.Last+1] {
		if partition == nil {
			return -1
		}
		for _, n := range partition[b.Subpartitions.First : b.Subpartitions.Last+1] {
			sum += n
		}
	}
	return sum
}

func (s *Scheduler) deployed(e TaskDeployed) {
	if t := s.present(e.Task, e.Attempt); t != nil && t.state == TaskScheduled {
		t.state = TaskRunning
	}
}

// finished takes note of what a task wrote, and goes on with what reads it.
func (s *Scheduler) finished(e TaskFinished) {
	t := s.present(e.Task, e.Attempt)
	if t == nil || !s.fits(e) {
		return
	}
	if t.state == TaskCanceling { // the cancellation came too late, and counts
		s.canceled(TaskCanceled{Task: e.Task, Attempt: e.Attempt})
		return
	}
	v := &s.vertices[e.Task.Vertex]
	t.state = TaskDone
	v.finished++
	for k, i := range v.out {
		s.edges[i].bytes[e.Task.Subtask] = e.Produced[k]
	}
	s.wake(e.Task.Vertex)
	s.advance()
}

// fits says whether a report has the bytes of each edge and subpartition.
func (s *Scheduler) fits(e TaskFinished) bool {
	v := &s.vertices[e.Task.Vertex]
	if len(e.Produced) != len(v.out) {
		s.wrong("task %d of vertex %s reports the bytes of %d edges: want %d", e.Task.Subtask, v.ID, len(e.Produced), len(v.out))
		return false
	}
	for k, i := range v.out {
		one := &s.edges[i]
		if len(e.Produced[k]) != one.subpartitions {
			s.wrong("task %d of vertex %s reports %d subpartitions of edge %s: want %d", e.Task.Subtask, v.ID, len(e.Produced[k]), s.name(one), one.subpartitions)
			return false
		}
		for _, n := range e.Produced[k] {
			if n < 0 || n > mostBytes {
				s.wrong("task %d of vertex %s reports a subpartition of %d bytes for edge %s: want 0 to %d", e.Task.Subtask, v.ID, n, s.name(one), int64(mostBytes))
				return false
			}
		}
	}
	return true
}

// ending says whether the job is being cancelled or fails. Every task that runs
// is being cancelled then.
func (s *Scheduler) ending() bool {
	return s.status == adaptive.StatusCancelling || s.status == adaptive.StatusFailing
}

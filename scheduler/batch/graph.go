package batch

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// vertex is a vertex at work.
type vertex struct {
	JobVertex
	in, out []int // edges
	// group are the vertices of its forward group, itself included.
	group []int
	// forward says that the parallelism came from the group.
	forward bool
	// maximum is the maximum parallelism.
	maximum int
	// known says that the vertex is part of the graph: in 1.20 from the beginning,
	// in 2.3 once all its producers have finished.
	known bool
	// asked and answered are about the source; tasks is its answer.
	asked, answered bool
	inferred        int
	// decision is void until it exists.
	exists   bool
	decision Decision
	tasks    []task
	finished int
}

// done says whether all tasks have finished.
func (v *vertex) done() bool { return v.exists && v.finished == len(v.tasks) }

// edge is an edge at work: the result that is handed over.
type edge struct {
	Edge
	// at is its place among the inputs of its consumer.
	at int
	// single says that a broadcast was written as one; subpartitions is the number
	// that each producing task writes.
	single        bool
	subpartitions int
	// bytes are what was written, by partition and subpartition; nil for a
	// partition that is not there.
	bytes [][]int64
	// result is bytes with its sums, once all is there; nil else.
	result *input
	// full says that each task of the consumer reads from all producing tasks.
	full bool
}

// TaskState is the state of a task as the scheduler sees it.
type TaskState int

// The states of a task.
const (
	// TaskCreated: it exists.
	TaskCreated TaskState = iota
	// TaskScheduled: it was deployed, and waits for its slot.
	TaskScheduled
	// TaskRunning: it has its slot.
	TaskRunning
	// TaskCanceling: it is being cancelled.
	TaskCanceling
	// TaskEnded: it failed or was cancelled.
	TaskEnded
	// TaskDone: it has finished.
	TaskDone
)

// active says whether a task holds or wants a slot.
func (s TaskState) active() bool {
	return s == TaskScheduled || s == TaskRunning || s == TaskCanceling
}

// task is a task at work.
type task struct {
	state   TaskState
	attempt int
	// revival is the restart that it waits for; nil if none.
	revival *revival
	// lost says that what it wrote is gone.
	lost bool
}

// layOut makes vertices and edges of the job.
func (s *Scheduler) layOut() error {
	s.vertices = make([]vertex, len(s.job.Vertices))
	for i, v := range s.job.Vertices {
		s.vertices[i] = vertex{JobVertex: v, known: s.options.Version == slots.V1_20}
	}
	for i, e := range s.job.Edges {
		if e.Exchange == "" {
			e.Exchange = Blocking
		}
		if e.Pattern == "" {
			e.Pattern = AllToAll
		}
		from, to := &s.vertices[e.From], &s.vertices[e.To]
		s.edges = append(s.edges, edge{Edge: e, at: len(to.in)})
		from.out, to.in = append(from.out, i), append(to.in, i)
	}
	return s.findGroups()
}

// name names an edge by the vertices it connects.
func (s *Scheduler) name(e *edge) string {
	return s.vertices[e.From].ID + " -> " + s.vertices[e.To].ID
}

// findGroups joins the vertices that forward edges connect. Those of a group
// have one parallelism and the smallest maximum parallelism.
func (s *Scheduler) findGroups() error {
	for v := range s.vertices {
		s.vertices[v].group = []int{v}
	}
	for _, e := range s.edges {
		if e.Forward {
			s.mergeGroups(e.From, e.To)
		}
	}
	for v := range s.vertices {
		if err := s.agree(v); err != nil {
			return err
		}
	}
	for v := range s.vertices {
		one := &s.vertices[v]
		if one.Parallelism == 0 && !s.options.AutoParallelism {
			return fmt.Errorf("vertex %s has no parallelism, and %s is false: want one of them changed", one.ID, keyAuto)
		}
		one.maximum = s.options.VertexMaximum(one.Parallelism, one.MaxParallelism)
		if one.Parallelism > one.maximum {
			return fmt.Errorf("vertex %s: parallelism %d is above the maximum parallelism %d", one.ID, one.Parallelism, one.maximum)
		}
	}
	return nil
}

func (s *Scheduler) mergeGroups(a, b int) {
	one, other := s.vertices[a].group, s.vertices[b].group
	if one[0] == other[0] {
		return
	}
	joined := append(append([]int(nil), one...), other...)
	for _, v := range joined {
		s.vertices[v].group = joined
	}
}

// agree gives the vertices of a group what is configured for one of them.
func (s *Scheduler) agree(v int) error {
	one := &s.vertices[v]
	if one.Parallelism < 0 || one.MaxParallelism < 0 || one.MaxParallelism > slots.MaxParallelismLimit || one.Parallelism > slots.MaxParallelismLimit {
		return fmt.Errorf("vertex %s: parallelism %d, maximum parallelism %d: want 0 to %d each", one.ID, one.Parallelism, one.MaxParallelism, slots.MaxParallelismLimit)
	}
	if len(one.group) == 1 {
		return nil
	}
	configured := s.job.Vertices[v]
	for _, w := range one.group {
		other := s.job.Vertices[w]
		if other.Parallelism > 0 && configured.Parallelism > 0 && other.Parallelism != configured.Parallelism {
			return fmt.Errorf("vertices %s and %s are connected by forward edges and have parallelism %d and %d: want the same", one.ID, other.ID, configured.Parallelism, other.Parallelism)
		}
		if one.Parallelism == 0 && other.Parallelism > 0 {
			one.Parallelism, one.forward = other.Parallelism, true
		}
		if other.MaxParallelism > 0 && (one.MaxParallelism <= 0 || other.MaxParallelism < one.MaxParallelism) {
			one.MaxParallelism = other.MaxParallelism
		}
	}
	return nil
}

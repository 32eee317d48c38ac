package batch

// affected are the tasks that restart with a failed one, in topological order:
// those whose result it or another of them cannot read, and all that read from
// one of them. Over blocking and hybrid exchanges each task is a region of its
// own.
func (s *Scheduler) affected(failed TaskID, missing map[TaskID]bool) []TaskID {
	r := region{s: s, missing: missing, in: make([][]bool, len(s.vertices)), spread: make([]bool, len(s.edges))}
	for v := range s.vertices {
		r.in[v] = make([]bool, len(s.vertices[v].tasks))
	}
	r.add(failed)
	for len(r.queue) > 0 {
		id := r.queue[0]
		r.queue = r.queue[1:]
		r.producers(id)
		r.consumers(id)
	}
	return r.begun()
}

// region collects tasks.
type region struct {
	s       *Scheduler
	missing map[TaskID]bool
	in      [][]bool // by vertex and subtask
	// spread are the edges whose consumers are all in.
	spread []bool
	queue  []TaskID
}

func (r *region) add(id TaskID) {
	if !r.in[id.Vertex][id.Subtask] {
		r.in[id.Vertex][id.Subtask] = true
		r.queue = append(r.queue, id)
	}
}

// producers adds those whose result is needed and cannot be read.
func (r *region) producers(id TaskID) {
	v := &r.s.vertices[id.Vertex]
	for k, i := range v.in {
		e := &r.s.edges[i]
		for _, b := range v.decision.Blocks[k][id.Subtask] {
			for p := b.Partitions.First; p <= b.Partitions.Last; p++ {
				if from := (TaskID{e.From, p}); !r.available(e, from) {
					r.add(from)
				}
			}
		}
	}
}

func (r *region) available(e *edge, from TaskID) bool {
	t := r.s.task(from)
	there := t.state == TaskScheduled || t.state == TaskRunning || t.state == TaskDone
	return there && e.Exchange.again() && !t.lost && !r.missing[from]
}

// consumers adds those that read from it.
func (r *region) consumers(id TaskID) {
	for _, i := range r.s.vertices[id.Vertex].out {
		e := &r.s.edges[i]
		to := &r.s.vertices[e.To]
		if r.spread[i] || !to.exists {
			continue
		}
		r.spread[i] = e.full
		for subtask, blocks := range to.decision.Blocks[e.at] {
			if e.full || touches(blocks, id.Subtask) {
				r.add(TaskID{e.To, subtask})
			}
		}
	}
}

func touches(blocks []Block, partition int) bool {
	for _, b := range blocks {
		if b.Partitions.First <= partition && partition <= b.Partitions.Last {
			return true
		}
	}
	return false
}

// begun are the tasks that were collected and have been deployed before.
func (r *region) begun() []TaskID {
	var all []TaskID
	for _, id := range r.s.tasks() {
		if r.in[id.Vertex][id.Subtask] && r.s.task(id).state != TaskCreated {
			all = append(all, id)
		}
	}
	return all
}

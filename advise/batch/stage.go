package batch

import (
	"container/heap"
	"math"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/flink"
)

// stages is the model of a job's run: every vertex starts when its producers are
// done, its tasks take the slots in waves, in the order in which the vertices got
// ready, and the job ends with the last of them. Times are in seconds.
type stages struct {
	costs map[flink.VertexID]cost
	// slots are those that the job can have, at least 1; cluster those that there
	// were while it ran, 0 if that is not known.
	slots, cluster int
	// lead goes by before the first task starts and tail after the last one has
	// ended; gap between the end of the producers and the start of a vertex;
	// handover between two tasks in a slot.
	lead, tail, gap, handover float64
}

// played is a run of the model: how long the job takes, how long its tasks hold
// slots, and when each vertex begins and ends.
type played struct {
	wall, slotTime float64
	begin, end     []float64
}

// newStages fits the model to finished runs on a cluster of so many slots, to say how
// they would be with others.
func newStages(runs []Run, slots, cluster int) stages {
	m := stages{costs: costs(runs), slots: slots, cluster: cluster}
	var leads, tails, gaps, handovers []float64
	for i := range runs {
		r := &runs[i]
		first, last, slots := math.Inf(1), 0.0, r.slots(cluster)
		for j := range r.Vertices {
			v := &r.Vertices[j]
			if len(v.Tasks) == 0 {
				continue
			}
			start, end := v.span()
			first, last = min(first, start.Seconds()), max(last, end.Seconds())
			if ready, behind := r.ready(j); behind {
				gaps = append(gaps, max(0, start.Seconds()-ready))
			}
			if n := len(v.Tasks); n >= 2*slots {
				wall := (end - start).Seconds()
				handovers = append(handovers, max(0, (wall*float64(slots)-v.SlotTime().Seconds())/float64(n)))
			}
		}
		if !math.IsInf(first, 1) {
			leads, tails = append(leads, first), append(tails, max(0, r.Duration.Seconds()-last))
		}
	}
	m.lead, m.tail, m.gap, m.handover = medianOf(leads), medianOf(tails), medianOf(gaps), medianOf(handovers)
	return m
}

// ready is when the producers of a vertex had ended; false for a source, and for
// a vertex that runs beside its producers.
func (r *Run) ready(vertex int) (seconds float64, behind bool) {
	for _, e := range r.Vertices[vertex].Inputs {
		if e.pipelined() {
			return 0, false
		}
		_, end := r.Vertices[e.From].span()
		seconds, behind = max(seconds, end.Seconds()), true
	}
	return seconds, behind
}

// hybrid says that a consumer may read what its producers still write, and wait for
// the rest.
func (e Edge) hybrid() bool { return strings.HasPrefix(strings.ToLower(e.Exchange), "hybrid") }

// unmodelled is what of a run the model does not follow, for a reader of its figures.
func (r *Run) unmodelled() []string {
	for i := range r.Vertices {
		if slices.ContainsFunc(r.Vertices[i].Inputs, Edge.hybrid) {
			return []string{"some exchanges are hybrid: where tasks run beside their producers and wait for them, which the model does not know, it errs"}
		}
	}
	return nil
}

// again plays a run as it was: the tasks that it had with the bytes they read, over
// the slots that it had.
func (m stages) again(r *Run) played {
	m.slots = r.slots(m.cluster)
	loads := make([][]float64, len(r.Vertices))
	for i := range r.Vertices {
		loads[i] = r.Vertices[i].loads()
	}
	return m.play(r, loads, likely)
}

// under plays a run as it would be with derived parallelisms.
func (m stages) under(s *shape, d derived, l lean) played {
	loads := make([][]float64, len(s.run.Vertices))
	for i := range s.run.Vertices {
		v := &s.run.Vertices[i]
		if len(v.Inputs) > 0 && v.ReadBytes() > 0 {
			for _, b := range d.read[i] {
				loads[i] = append(loads[i], float64(b)/mebibyte)
			}
			continue
		}
		loads[i] = deal(v.loads(), d.parallelism[i])
	}
	return m.play(s.run, loads, l)
}

// deal shares the work of some tasks out to another number of them. Fewer tasks
// take whole shares; more of them divide it evenly, but where some had nothing to
// do already there is no more to divide.
func deal(loads []float64, tasks int) []float64 {
	out := make([]float64, tasks)
	var sum float64
	busy := 0
	for _, l := range loads {
		sum += l
		if l > 0 {
			busy++
		}
	}
	switch {
	case tasks == len(loads):
		copy(out, loads)
	case tasks > len(loads) && busy == len(loads):
		for i := range out {
			out[i] = sum / float64(tasks)
		}
	default:
		sorted := slices.Sorted(slices.Values(loads))
		slices.Reverse(sorted)
		least := slotHeap(out) // the task with the least gets the next share
		for _, l := range sorted {
			out[0] += l
			heap.Fix(&least, 0)
		}
		slices.Sort(out)
		slices.Reverse(out)
	}
	return out
}

// play runs the tasks of every vertex over the slots.
func (m stages) play(r *Run, loads [][]float64, l lean) played {
	n := len(r.Vertices)
	begin, end := make([]float64, n), make([]float64, n)
	p := played{begin: begin, end: end}
	free := make(slotHeap, max(1, m.slots))
	for i := range free {
		free[i] = m.lead - m.handover
	}
	done := make([]bool, n)
	for range n {
		v, ready := m.next(r, done, begin, end)
		done[v] = true
		begin[v], end[v] = math.Inf(1), ready
		price := m.costs[r.Vertices[v].ID]
		for i, load := range loads[v] {
			took := price.seconds(load, l)
			took += price.straggle(took, i, len(loads[v]))
			start := max(ready, free[0]+m.handover)
			begin[v], end[v] = min(begin[v], start), max(end[v], start+took)
			p.slotTime += took
			free[0] = start + took
			heap.Fix(&free, 0)
		}
		p.wall = max(p.wall, end[v])
	}
	p.wall += m.tail
	return p
}

// next is the vertex that gets ready first of those whose producers are placed.
func (m stages) next(r *Run, done []bool, begin, end []float64) (vertex int, ready float64) {
	vertex, ready = -1, math.Inf(1)
	for i := range r.Vertices {
		at, can := m.lead, !done[i]
		for _, e := range r.Vertices[i].Inputs {
			can = can && done[e.From]
			if e.pipelined() {
				at = max(at, begin[e.From])
			} else {
				at = max(at, end[e.From]+m.gap)
			}
		}
		if can && (vertex < 0 || at < ready) {
			vertex, ready = i, at
		}
	}
	return vertex, ready
}

// slotHeap are the times at which slots get free, the earliest first, or what
// tasks have to do.
type slotHeap []float64

func (h slotHeap) Len() int           { return len(h) }
func (h slotHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h slotHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is never called: there are as many at the end as at the start.
func (h *slotHeap) Push(any) {}

// Pop is never called.
func (h *slotHeap) Pop() any { return nil }

// slots are those that the run had: if it waited for one there were no more than
// those in use, else as many as the cluster had.
func (r *Run) slots(cluster int) int {
	most := max(1, r.most())
	if r.waited(most) {
		return most
	}
	return max(most, cluster)
}

// waited says that a vertex had more tasks than this many slots hold at a time.
func (r *Run) waited(slots int) bool {
	return slices.ContainsFunc(r.Vertices, func(v Vertex) bool { return len(v.Tasks) > slots })
}

// most is the largest number of tasks that ran at one time.
func (r *Run) most() int {
	type edge struct {
		at    float64
		delta int
	}
	var edges []edge
	for i := range r.Vertices {
		for _, t := range r.Vertices[i].Tasks {
			edges = append(edges, edge{t.Start.Seconds(), 1}, edge{t.End.Seconds(), -1})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int {
		switch {
		case a.at != b.at && a.at < b.at:
			return -1
		case a.at != b.at:
			return 1
		}
		return a.delta - b.delta // one that ends makes room first
	})
	now, most := 0, 0
	for _, e := range edges {
		now += e.delta
		most = max(most, now)
	}
	return most
}

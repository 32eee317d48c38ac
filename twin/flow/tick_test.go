package flow

// ticks is another model of the same thing: small steps in which vertices move
// what they can from queue to queue, the last first. What comes of it after long
// is the mean rate of each vertex.
func ticks(g Graph, parallelism []int, loads map[int]float64, seconds float64) []float64 {
	order, _ := topological(g)
	const step = 0.002
	queue, backlog := make([]float64, len(g.Edges)), make([]float64, len(g.Vertices))
	taken, rates := make([]float64, len(g.Vertices)), make([]float64, len(g.Vertices))
	steps := int(seconds / step)
	for n := range steps {
		for i := len(order) - 1; i >= 0; i-- {
			v := order[i]
			able := step * float64(parallelism[v]) / g.Vertices[v].Cost.at(parallelism[v])
			for e, edge := range g.Edges {
				if edge.From == v && edge.Selectivity > 0 {
					able = min(able, max(edge.Buffers.Records-queue[e], 0)/edge.Selectivity)
				}
			}
			taken[v] = tickTake(g, v, able, queue, backlog, loads[v]*step, parallelism)
			for e, edge := range g.Edges {
				if edge.From == v {
					queue[e] += edge.Selectivity * taken[v]
				}
			}
			if n >= steps/2 {
				rates[v] += taken[v] / (float64(steps-steps/2) * step)
			}
		}
	}
	return rates
}

func tickTake(g Graph, v int, able float64, queue, backlog []float64, arriving float64, parallelism []int) float64 {
	if s := g.Vertices[v].Source; s != nil {
		backlog[v] += arriving
		if s.Endless {
			return able
		}
		take := min(able, backlog[v])
		backlog[v] -= take
		return take
	}
	taken := 0.0
	for range len(g.Edges) { // what one leaves over the others get
		weight := 0.0
		for e, edge := range g.Edges {
			if edge.To == v && queue[e] > 0 {
				weight += float64(parallelism[edge.From])
			}
		}
		left := able - taken
		if weight == 0 || left <= 0 {
			break
		}
		for e, edge := range g.Edges {
			if edge.To == v && queue[e] > 0 {
				take := min(left*float64(parallelism[edge.From])/weight, queue[e])
				queue[e] -= take
				taken += take
			}
		}
	}
	return taken
}

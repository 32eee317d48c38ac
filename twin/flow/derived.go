package flow

// derived is what follows from the graph and the memory; it is found anew when a
// job is deployed, placed or restored.
type derived struct {
	network  *network
	cost     []float64   // of a record, in seconds: at the parallelism
	price    []float64   // the same with the state and warm-up of the moment
	shares   [][]float64 // of the subtasks of each vertex
	hottest  []float64
	machine  [][]int // of each subtask; -1 for none
	slow     [][]float64
	room     []float64 // of each edge, if it is not debloated
	space    []float64 // of each edge now
	steps    []float64 // of each edge: until its queue is full or empty
	outflow  []float64 // records that a vertex emits for one that it takes in
	outBytes []float64
	lanes    []lanes // of sources
	// partitions are the shares of those of the sources.
	partitions [][]float64
	shared     bool // some machine has bounded cores
	demand     []float64
}

func (j *Job) derive() {
	n := len(j.graph.Vertices)
	d := derived{
		network: j.network, cost: make([]float64, n), price: make([]float64, n), shares: make([][]float64, n),
		hottest: make([]float64, n), machine: make([][]int, n), slow: make([][]float64, n),
		room: make([]float64, len(j.graph.Edges)), space: make([]float64, len(j.graph.Edges)), steps: make([]float64, len(j.graph.Edges)),
		outflow: make([]float64, n), outBytes: make([]float64, n), lanes: make([]lanes, n),
		partitions: make([][]float64, n),
		demand:     make([]float64, len(j.m.Machines)),
	}
	j.derived = d
	for i := range j.graph.Vertices {
		j.deriveVertex(i)
	}
	for i, m := range j.m.Machines {
		j.shared = j.shared || m.Cores > 0
		for _, s := range m.Subtasks {
			j.machine[s.Vertex][s.Index] = i
		}
	}
	j.inheritShares()
	for i := range j.graph.Edges {
		j.deriveEdge(i)
	}
}

func (j *Job) deriveVertex(i int) {
	v, p := &j.graph.Vertices[i], j.m.Parallelism[i]
	j.machine[i], j.slow[i] = make([]int, p), make([]float64, p)
	for k := range p {
		j.machine[i][k], j.slow[i][k] = -1, 1
	}
	if v.Source != nil {
		j.partitions[i] = v.Source.partitionShares()
	}
	if p == 0 {
		return
	}
	j.cost[i] = v.Cost.at(p)
	j.shares[i] = v.shares(p)
	if v.Source != nil {
		j.lanes[i] = newLanes(v.Source, j.partitions[i], j.m.Vertices[i].Source.Pending, p)
		v.Source.dealt(j.partitions[i], j.shares[i])
	}
	j.hottest[i] = hottest(j.shares[i])
}

// inheritShares gives a vertex behind forward edges the shares of its sender: each
// subtask has one to receive from.
func (j *Job) inheritShares() {
	for _, v := range j.network.order {
		if len(j.network.in[v]) != 1 || j.m.Parallelism[v] == 0 {
			continue
		}
		if e := j.network.in[v][0]; j.isForward(e) {
			j.shares[v], j.hottest[v] = j.shares[j.network.from[e]], j.hottest[j.network.from[e]]
		}
	}
}

// isForward says whether subtasks are joined in pairs.
func (j *Job) isForward(edge int) bool {
	e := j.graph.Edges[edge]
	return e.Exchange == Forward && j.m.Parallelism[e.From] == j.m.Parallelism[e.To]
}

func (j *Job) deriveEdge(i int) {
	e, n := j.graph.Edges[i], j.network
	senders, receivers := j.m.Parallelism[e.From], j.m.Parallelism[e.To]
	copies := 1.0
	if e.Exchange == Broadcast {
		copies = float64(receivers)
	}
	n.gain[i], n.weight[i] = e.Selectivity*copies, 1
	bytes := j.graph.Vertices[e.From].recordBytes()
	j.outflow[e.From] += e.Selectivity
	j.outBytes[e.From] += n.gain[i] * bytes
	if senders == 0 || receivers == 0 {
		n.gain[i] = 0 // what goes to a vertex that has finished is dropped
		return
	}
	forward := j.isForward(i)
	if !forward {
		n.weight[i] = float64(senders)
	}
	j.room[i] = e.Buffers.room(ends{
		senders: senders, receivers: receivers, forward: forward, even: e.Exchange != Hash, remote: j.remote(i, forward),
		hottest: j.hottest[e.To], recordBytes: bytes,
	})
	j.space[i] = j.room[i]
	if fitted := j.m.Edges[i].Space; fitted > 0 {
		j.space[i] = min(fitted, j.room[i])
	}
}

// remote is the share of an edge's channels between different machines.
func (j *Job) remote(edge int, forward bool) float64 {
	e := j.graph.Edges[edge]
	from, to := j.machine[e.From], j.machine[e.To]
	if len(j.m.Machines) == 0 {
		return 0
	}
	if forward {
		apart := 0
		for k := range from {
			if from[k] != to[k] {
				apart++
			}
		}
		return float64(apart) / float64(len(from))
	}
	senders := make([]int, len(j.m.Machines)+1) // the last: nowhere
	for _, m := range from {
		senders[(m+len(senders))%len(senders)]++
	}
	together := 0
	for _, m := range to {
		together += senders[(m+len(senders))%len(senders)]
	}
	return 1 - float64(together)/float64(len(from)*len(to))
}

package flow

import "math"

// maxShared is how often it is looked at how cores are shared before one goes on.
const maxShared = 60

// rates finds what flows now. Cores that are wanted by more than there are slow
// all down who want them, which changes what is wanted, and so on.
func (j *Job) rates() {
	j.fills()
	for range maxShared {
		j.capacities()
		j.network.solve()
		j.deal()
		if !j.shared || j.slowdowns() {
			break
		}
	}
	j.spread()
}

// fills tells the network which queues are full and which are empty.
func (j *Job) fills() {
	n := j.network
	for i := range j.m.Edges {
		queue := j.m.Edges[i].Queue
		n.fill[i], n.throttle[i] = between, 1
		switch {
		case j.room[i] == 0 || queue <= 0:
			n.fill[i] = empty
		case queue > j.space[i]*(1+near): // of a room that has become smaller
			n.fill[i], n.throttle[i] = full, 0.9
		case queue >= j.space[i]:
			n.fill[i] = full
		}
	}
}

// capacities finds what each vertex could do.
func (j *Job) capacities() {
	n := j.network
	for i, p := range j.m.Parallelism {
		n.capacity[i], n.offered[i] = 0, 0
		if p == 0 {
			continue
		}
		j.slowSubtasks(i)
		if s := j.graph.Vertices[i].Source; s != nil {
			l := &j.lanes[i]
			for k := range l.able {
				l.able[k] = 0
				if s.owns(k) {
					l.able[k] = 1 / (j.price[i] * j.slow[i][k])
				}
			}
			n.capacity[i], n.offered[i] = sum(l.able), l.offer(s)
			continue
		}
		n.capacity[i] = j.slowest(i)
	}
}

// slowest is the capacity of a vertex as its slowest subtask bounds it.
func (j *Job) slowest(i int) float64 {
	if len(j.m.Machines) == 0 {
		return 1 / (j.price[i] * j.hottest[i])
	}
	capacity := math.Inf(1)
	for k, share := range j.shares[i] {
		if share > 0 {
			capacity = min(capacity, 1/(j.price[i]*j.slow[i][k]*share))
		}
	}
	return capacity
}

// slowSubtasks finds how much longer a record takes on the machine of each
// subtask.
func (j *Job) slowSubtasks(i int) {
	waits := j.graph.Vertices[i].Waits
	for k, m := range j.machine[i] {
		switch {
		case m < 0:
			j.slow[i][k] = 1
		case j.m.Machines[m].Frozen:
			j.slow[i][k] = math.Inf(1)
		default:
			j.slow[i][k] = waits + (1-waits)*j.m.Slowdowns[m]
		}
	}
}

// deal gives the subtasks of sources their part.
func (j *Job) deal() {
	for i := range j.m.Vertices {
		if v := &j.m.Vertices[i]; v.Source != nil && j.m.Parallelism[i] > 0 {
			j.lanes[i].split(j.network.rate[i], v.RateNow)
		}
	}
}

// subtaskRate is what a subtask takes in.
func (j *Job) subtaskRate(vertex, subtask int) float64 {
	if v := &j.m.Vertices[vertex]; v.Source != nil {
		return v.RateNow[subtask]
	}
	return j.network.rate[vertex] * j.shares[vertex][subtask]
}

// cpu is how many cores each machine's subtasks use.
func (j *Job) cpu() []float64 {
	clear(j.demand)
	for m := range j.m.Machines {
		for _, s := range j.m.Machines[m].Subtasks {
			j.demand[m] += j.subtaskRate(s.Vertex, s.Index) * j.price[s.Vertex] * (1 - j.graph.Vertices[s.Vertex].Waits)
		}
	}
	return j.demand
}

// slowdowns finds by how much the machines slow their subtasks down, and says
// whether that is what it was.
func (j *Job) slowdowns() bool {
	settled := true
	for m, used := range j.cpu() {
		machine := &j.m.Machines[m]
		if machine.Cores == 0 {
			continue
		}
		before := j.m.Slowdowns[m]
		after := max(before*used/machine.Cores, machine.Slowdown, 1)
		if math.Abs(after-before) > 1e-7*before {
			settled = false
		}
		j.m.Slowdowns[m] = after
	}
	return settled
}

// spread says what the rates mean for each subtask.
func (j *Job) spread() {
	n := j.network
	for i := range j.m.Edges {
		j.m.Edges[i].Inflow, j.m.Edges[i].Outflow = n.inflow[i], n.outflow[i]
	}
	for i := range j.m.Vertices {
		v := &j.m.Vertices[i]
		v.Rate, v.Limited = n.rate[i], n.limited[i]
		for k := range v.BusyNow {
			busy := 1.0 // of a frozen one, as nobody is there to say otherwise
			if slow := j.slow[i][k]; !math.IsInf(slow, 1) {
				busy = min(j.subtaskRate(i, k)*j.price[i]*slow, 1)
			}
			v.BusyNow[k], v.BackPressuredNow[k] = busy, 0
			if v.Limited == byOutput && j.held(i, k) {
				v.BackPressuredNow[k] = 1 - busy
			}
		}
	}
}

// held says whether a subtask of a vertex behind which a queue is full would do
// more.
func (j *Job) held(vertex, subtask int) bool {
	if j.m.Vertices[vertex].Source == nil {
		return j.shares[vertex][subtask] > 0
	}
	l := &j.lanes[vertex]
	if len(l.rate) == 1 {
		return true
	}
	return l.rate[subtask] < l.offered[subtask]*(1-near)
}

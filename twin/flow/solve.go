package flow

import "math"

// fill is how full the queue of an edge is, as far as rates go.
type fill uint8

const (
	empty fill = iota // the receiver takes no more than comes in
	between
	full // the sender sends no more than is taken out
)

// limit is what keeps a vertex from doing more.
type limit uint8

const (
	byInput    limit = iota // nothing else waits
	byCapacity              // the bottleneck
	byOutput                // a full queue behind it
)

// near is the relative difference below which two rates are the same.
const near = 1e-9

// network is a graph in one instant, and its rates.
type network struct {
	order   []int // topological
	in, out [][]int
	from    []int
	source  []bool
	gain    []float64 // records on an edge for one that its sender takes in
	weight  []float64 // of an edge in a fair share
	urgency []int     // edges of a higher one are served first

	capacity []float64 // of a vertex, records/s
	offered  []float64 // to a source, records/s
	fill     []fill
	throttle []float64 // what part of the outflow a full queue lets in

	// The solution.
	allowed []float64 // to a vertex, by its capacity and its outputs
	rate    []float64 // of a vertex: what it takes in
	inflow  []float64 // of an edge
	outflow []float64
	limited []limit
	newton  newton

	// Of the job, kept from one use to the next.
	arrivals, before []float64
}

func newNetwork(g Graph, order []int) *network {
	v, e := len(g.Vertices), len(g.Edges)
	n := &network{
		order: order, in: make([][]int, v), out: make([][]int, v), from: make([]int, e), source: make([]bool, v),
		gain: make([]float64, e), weight: make([]float64, e), urgency: make([]int, e),
		capacity: make([]float64, v), offered: make([]float64, v), fill: make([]fill, e), throttle: make([]float64, e),
		allowed: make([]float64, v), rate: make([]float64, v), inflow: make([]float64, e), outflow: make([]float64, e),
		limited: make([]limit, v), arrivals: make([]float64, v), before: make([]float64, v),
	}
	for i := range g.Vertices {
		n.source[i] = g.Vertices[i].Source != nil
	}
	for i, edge := range g.Edges {
		n.from[i], n.urgency[i], n.throttle[i] = edge.From, edge.Priority, 1
		n.out[edge.From] = append(n.out[edge.From], i)
		n.in[edge.To] = append(n.in[edge.To], i)
	}
	return n
}

// solve finds the rates at which every vertex does as much as its inputs, its
// capacity and its outputs let it. Without parallel paths a few sweeps are
// enough. Where a vertex competes with itself on the way round, sweeps may swing
// for ever, and Newton's method goes on.
func (n *network) solve() {
	copy(n.allowed, n.capacity)
	for range 2*len(n.order) + 4 {
		if n.sweep() {
			n.say()
			return
		}
	}
	n.newton.run(n)
	n.say()
}

// sweep goes once down and once up, and says whether nothing changed.
func (n *network) sweep() bool {
	for _, v := range n.order {
		n.take(v)
		n.emit(v)
	}
	settled := true
	for i := len(n.order) - 1; i >= 0; i-- {
		v := n.order[i]
		allowed := n.bound(v)
		if math.Abs(allowed-n.allowed[v]) > 1e-12*(allowed+n.allowed[v]) {
			settled = false
		}
		n.allowed[v] = allowed
		n.take(v)
	}
	return settled
}

// bound is what the capacity and the full outputs of a vertex allow.
func (n *network) bound(v int) float64 {
	bound := n.capacity[v]
	for _, e := range n.out[v] {
		if n.fill[e] == full && n.gain[e] > 0 {
			bound = min(bound, n.outflow[e]*n.throttle[e]/n.gain[e])
		}
	}
	return bound
}

// emit says what a vertex puts on its edges.
func (n *network) emit(v int) {
	for _, e := range n.out[v] {
		n.inflow[e] = n.gain[e] * n.rate[v]
	}
}

// wanted is what waits on an edge, in records/s.
func (n *network) wanted(e int) float64 {
	if n.fill[e] == empty {
		return n.inflow[e]
	}
	return math.Inf(1)
}

// take shares what is allowed to a vertex among its inputs.
func (n *network) take(v int) {
	in, allowed := n.in[v], n.allowed[v]
	switch {
	case n.source[v]:
		n.rate[v] = min(n.offered[v], allowed)
	case len(in) == 1:
		n.outflow[in[0]] = min(n.wanted(in[0]), allowed)
		n.rate[v] = n.outflow[in[0]]
	default:
		n.rate[v] = n.share(in, allowed)
	}
}

// share pours what is allowed over several inputs, the urgent ones first, and
// returns how much of it they take.
func (n *network) share(in []int, allowed float64) float64 {
	for _, e := range in {
		n.outflow[e] = -1
	}
	left := allowed
	for left >= 0 {
		urgency, any := 0, false
		for _, e := range in {
			if n.outflow[e] < 0 && (!any || n.urgency[e] > urgency) {
				urgency, any = n.urgency[e], true
			}
		}
		if !any {
			break
		}
		left = max(n.pour(in, urgency, left), 0)
	}
	return allowed - left
}

// pour gives the inputs of one urgency fair shares by weight, to none more than
// it wants, and returns what is left.
func (n *network) pour(in []int, urgency int, left float64) float64 {
	for {
		weight := 0.0
		for _, e := range in {
			if n.outflow[e] < 0 && n.urgency[e] == urgency {
				weight += n.weight[e]
			}
		}
		before, modest := left, false
		for _, e := range in {
			if n.outflow[e] >= 0 || n.urgency[e] != urgency {
				continue
			}
			if wanted := n.wanted(e); wanted <= before*n.weight[e]/weight {
				n.outflow[e] = wanted
				left, modest = left-wanted, true
			}
		}
		if modest {
			continue
		}
		for _, e := range in {
			if n.outflow[e] < 0 && n.urgency[e] == urgency {
				n.outflow[e] = before * n.weight[e] / weight
				left = 0
			}
		}
		return left
	}
}

// say settles inflows and what limits each vertex. Exactly at the edge a vertex is
// limited by its input rather than by itself, by itself rather than by others.
func (n *network) say() {
	for _, v := range n.order {
		n.take(v)
		n.emit(v)
		waiting := n.offered[v]
		if !n.source[v] {
			waiting = 0
			for _, e := range n.in[v] {
				waiting += n.wanted(e)
			}
		}
		switch {
		case waiting <= n.allowed[v]*(1+near):
			n.limited[v] = byInput
		case n.allowed[v] >= n.capacity[v]*(1-near):
			n.limited[v] = byCapacity
		default:
			n.limited[v] = byOutput
		}
	}
}

package slots

import "math/bits"

// MaxParallelismLimit is the largest maximum parallelism a vertex can have: the
// number of key groups Flink can address.
const MaxParallelismLimit = 1 << 15

// Bounds are the least and the largest parallelism a vertex may run with;
// 1 ≤ Lower ≤ Upper.
type Bounds struct{ Lower, Upper int }

// Vertex is what the division of slots knows of a job vertex. A []Vertex is in
// the order of the job graph, sources first.
type Vertex struct {
	ID             VertexID
	Group          string // slot sharing group; vertices of one group share slots
	Bounds         Bounds
	MaxParallelism int // number of key groups, 1 to MaxParallelismLimit
}

// Needed is the number of slots a job declares: for each sharing group the
// largest upper bound, summed.
func Needed(vertices []Vertex) int {
	total := 0
	for _, g := range demands(vertices) {
		total += g.most
	}
	return total
}

// Least is the number of slots below which a job cannot run: for each sharing
// group the largest lower bound, summed.
func Least(vertices []Vertex) int {
	total := 0
	for _, g := range demands(vertices) {
		total += g.least
	}
	return total
}

// demand is what one sharing group asks for.
type demand struct {
	group       string
	least, most int // slots
}

// demands lists the sharing groups in the order in which the job graph first
// names them.
func demands(vertices []Vertex) []demand {
	var all []demand
	at := make(map[string]int)
	for _, v := range vertices {
		i, known := at[v.Group]
		if !known {
			i = len(all)
			at[v.Group] = i
			all = append(all, demand{group: v.Group})
		}
		all[i].least = max(all[i].least, v.Bounds.Lower)
		all[i].most = max(all[i].most, v.Bounds.Upper)
	}
	return all
}

// DefaultMaxParallelism is the maximum parallelism Flink gives a vertex that was
// configured with this parallelism and no maximum: half as much again, rounded
// up to a power of two, between 128 and MaxParallelismLimit. A parallelism of 0
// or less counts as 1.
func DefaultMaxParallelism(parallelism int) int {
	p := min(max(parallelism, 1), MaxParallelismLimit)
	roundedUp := 1 << bits.Len(uint(p+p/2-1))
	return min(max(roundedUp, 128), MaxParallelismLimit)
}

// KeyGroups is the range of key groups, both ends included, that a subtask owns
// when its vertex runs with this parallelism, 1 ≤ parallelism ≤ maxParallelism.
func KeyGroups(subtask, parallelism, maxParallelism int) (first, last int) {
	first = (subtask*maxParallelism + parallelism - 1) / parallelism
	last = ((subtask+1)*maxParallelism - 1) / parallelism
	return first, last
}

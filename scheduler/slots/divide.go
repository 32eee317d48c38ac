package slots

import (
	"cmp"
	"slices"
)

// Plan is the parallelism a job gets from a number of slots.
type Plan struct {
	Parallelism []int        // per vertex, in the vertices' order
	Groups      []GroupSlots // in the order in which the job graph first names them
}

// GroupSlots is what one sharing group was given.
type GroupSlots struct {
	Group string
	Slots int
}

// Divide gives every sharing group its share of the slots and every vertex its
// parallelism. It is false if the slots do not hold all lower bounds.
//
// Each group has its minimum reserved. What remains is given out evenly, to the
// group with the smallest range first: what such a group cannot use is left for
// the others, and the last one gets the remainder of the division. Of groups
// with the same range the job graph's first comes first (Flink: order of hashes).
func Divide(vertices []Vertex, slots int) (Plan, bool) {
	groups := demands(vertices)
	reserved := 0
	for _, g := range groups {
		reserved += g.least
	}
	if reserved > slots {
		return Plan{}, false
	}

	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(groups[a].most-groups[a].least, groups[b].most-groups[b].least)
	})

	given := make([]GroupSlots, len(groups))
	free := slots
	for n, i := range order {
		g := groups[i]
		share := (free - reserved) / (len(groups) - n)
		given[i] = GroupSlots{Group: g.group, Slots: g.least + min(g.most-g.least, share)}
		reserved -= g.least
		free -= given[i].Slots
	}
	return Plan{Parallelism: parallelisms(vertices, given), Groups: given}, true
}

// parallelisms is, for each vertex, as much of its group as its upper bound allows.
func parallelisms(vertices []Vertex, given []GroupSlots) []int {
	of := make(map[string]int, len(given))
	for _, g := range given {
		of[g.Group] = g.Slots
	}
	all := make([]int, len(vertices))
	for i, v := range vertices {
		all[i] = min(v.Bounds.Upper, of[v.Group])
	}
	return all
}

package slots

import (
	"cmp"
	"slices"
)

// Residence is where one subtask of the previous execution ran.
type Residence struct {
	Vertex      VertexID
	Allocation  AllocationID
	First, Last int   // the key groups it owned, both included
	StateBytes  int64 // managed keyed state in the latest completed checkpoint; counts in 2.3 only
}

// score is how much of what a share needs lies on the disk beside a slot.
type score struct {
	share, slot int // indices
	worth       int64
}

// assignByState gives each share the slot with most of its state, the largest
// score of all first; of equal scores the smaller allocation, then the first
// share. Shares without a score have what slots remain, in their order.
func assignByState(in AssignInput, all []Placement) {
	scores := scored(in, all)
	slices.SortFunc(scores, func(a, b score) int {
		return cmp.Or(
			cmp.Compare(b.worth, a.worth),
			cmp.Compare(in.Slots[a.slot].Allocation, in.Slots[b.slot].Allocation),
			cmp.Compare(a.share, b.share),
		)
	})
	placed := make([]bool, len(all))
	taken := make([]bool, len(in.Slots))
	for _, s := range scores {
		if !placed[s.share] && !taken[s.slot] {
			placed[s.share], taken[s.slot] = true, true
			all[s.share].Slot = in.Slots[s.slot]
		}
	}
	next := 0
	for i := range all {
		if placed[i] {
			continue
		}
		for taken[next] {
			next++
		}
		all[i].Slot = in.Slots[next]
		next++
	}
}

// scored adds up, for each share and free slot, what the share's subtasks find
// there. Pairs worth nothing are left out.
func scored(in AssignInput, all []Placement) []score {
	slotOf := make(map[AllocationID]int, len(in.Slots))
	for i, s := range in.Slots {
		slotOf[s.Allocation] = i
	}
	homes := homesByVertex(in.Previous)

	var parts []score
	for i, p := range all {
		for _, task := range p.Subtasks {
			v := in.Vertices[task.Vertex]
			first, last := KeyGroups(task.Index, in.Parallelism[task.Vertex], v.MaxParallelism)
			for _, h := range overlapping(homes[v.ID], first, last) {
				slot, free := slotOf[h.Allocation]
				if worth := h.worth(in.Version, first, last); free && worth > 0 {
					parts = append(parts, score{share: i, slot: slot, worth: worth})
				}
			}
		}
	}
	slices.SortFunc(parts, func(a, b score) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.slot, b.slot))
	})
	return sumPairs(parts)
}

// sumPairs adds up neighbours of the same share and slot, in place.
func sumPairs(parts []score) []score {
	sums := parts[:0]
	for _, p := range parts {
		if n := len(sums); n > 0 && sums[n-1].share == p.share && sums[n-1].slot == p.slot {
			sums[n-1].worth += p.worth
			continue
		}
		sums = append(sums, p)
	}
	return sums
}

// homesByVertex lists where each vertex ran, by its key groups.
func homesByVertex(previous []Residence) map[VertexID][]Residence {
	homes := make(map[VertexID][]Residence)
	for _, r := range previous {
		homes[r.Vertex] = append(homes[r.Vertex], r)
	}
	for _, h := range homes {
		slices.SortStableFunc(h, func(a, b Residence) int { return cmp.Compare(a.First, b.First) })
	}
	return homes
}

// overlapping is the run of residences that own one of the key groups. One
// execution's subtasks own disjoint ranges, so their ends are sorted too.
func overlapping(homes []Residence, first, last int) []Residence {
	from, _ := slices.BinarySearchFunc(homes, first, func(r Residence, g int) int { return cmp.Compare(r.Last, g) })
	to := from
	for to < len(homes) && homes[to].First <= last {
		to++
	}
	return homes[from:to]
}

// worth is what the key groups first to last find here: in 1.20 their number, in
// 2.3 their estimated bytes, at least one byte a key group; without any state one
// in all.
func (r Residence) worth(v Version, first, last int) int64 {
	owned := int64(r.Last - r.First + 1)
	shared := int64(min(r.Last, last) - max(r.First, first) + 1)
	switch {
	case owned <= 0 || shared <= 0:
		return 0
	case v == V1_20:
		return shared
	case r.StateBytes <= 0:
		return 1
	}
	return shared * (r.StateBytes / min(r.StateBytes, owned))
}

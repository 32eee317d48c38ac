package slots

import (
	"cmp"
	"slices"
)

// LoadBalance is how slots and tasks are spread over TaskManagers
// (taskmanager.load-balance.mode).
type LoadBalance int

// The modes. BalanceMinResources and BalanceTasks exist in 2.3 only.
const (
	BalanceNone         LoadBalance = iota // any TaskManager with room
	BalanceSlots                           // the least used TaskManager first
	BalanceMinResources                    // the most used TaskManager first
	BalanceTasks                           // the TaskManager with the fewest tasks first
)

// AssignInput is what the choice of slots depends on.
type AssignInput struct {
	Version     Version
	Vertices    []Vertex
	Parallelism []int  // of each vertex, as Divide gave it
	Slots       []Slot // the free slots, in the pool's order

	LoadBalance LoadBalance
	// Application is whether the cluster runs one application (execution.target:
	// embedded). Only there PreferMinimalTaskManagers has an effect: whole
	// TaskManagers are taken, those with the most free slots first.
	Application               bool
	PreferMinimalTaskManagers bool

	// Previous is where state lies on local disks: the subtasks of the execution
	// before this one. Empty without local recovery, in 2.3 also without a completed
	// checkpoint. If it is not empty, slots are chosen by state alone.
	Previous []Residence
}

// Assign chooses a slot for every execution slot sharing group. It is false if
// there are fewer slots than groups. The result is in the order of the sharing
// groups and of the indices in them.
//
// Where Flink goes by the order of a hash map, this goes by the order of
// in.Slots: of slots, and of TaskManagers by the first slot of each.
func Assign(in AssignInput) ([]Placement, bool) {
	balanced := in.Version != V1_20 && in.LoadBalance == BalanceTasks
	all := shares(in.Vertices, in.Parallelism, balanced)
	if len(all) > len(in.Slots) {
		return nil, false
	}
	if len(in.Previous) > 0 {
		assignByState(in, all)
		return all, true
	}

	free := in.Slots
	if in.Application && in.PreferMinimalTaskManagers && len(free) > len(all) {
		free = fewestTaskManagers(free, len(all))
	}
	switch {
	case balanced:
		assignByTasks(all, free)
	case in.Version != V1_20 && in.LoadBalance == BalanceSlots:
		assignBySlots(all, free)
	default:
		for i := range all {
			all[i].Slot = free[i]
		}
	}
	return all, true
}

// fewestTaskManagers picks whole TaskManagers, those with the most free slots
// first, until there are enough slots.
func fewestTaskManagers(free []Slot, needed int) []Slot {
	racks := byTaskManager(free)
	slices.SortStableFunc(racks, func(a, b []Slot) int { return cmp.Compare(len(b), len(a)) })
	var picked []Slot
	for _, r := range racks {
		if len(picked) >= needed {
			break
		}
		picked = append(picked, r...)
	}
	return picked
}

// assignBySlots gives each group a slot of the TaskManager that has the smallest
// share of its free slots taken so far.
func assignBySlots(all []Placement, free []Slot) {
	racks := byTaskManager(free)
	least := make([]bin, len(racks))
	for i, r := range racks {
		least[i] = bin{index: i, room: len(r), size: len(r)}
	}
	b := newBins(least, false)
	for i := range all {
		all[i].Slot = pull(racks, b.take(1))
	}
}

// assignByTasks gives the groups, those with the most tasks first, a slot of the
// TaskManager that has the fewest tasks so far.
func assignByTasks(all []Placement, free []Slot) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(len(all[b].Subtasks), len(all[a].Subtasks))
	})
	racks := byTaskManager(free)
	fewest := make([]bin, len(racks))
	for i, r := range racks {
		fewest[i] = bin{index: i, room: len(r), size: 1}
	}
	b := newBins(fewest, false)
	for _, i := range order {
		all[i].Slot = pull(racks, b.take(len(all[i].Subtasks)))
	}
}

// byTaskManager sorts the slots by TaskManager, keeping their order; TaskManagers
// are in the order of their first slots.
func byTaskManager(free []Slot) [][]Slot {
	at := make(map[TaskManagerID]int)
	var counts []int
	for _, s := range free {
		i, known := at[s.TaskManager]
		if !known {
			i = len(counts)
			at[s.TaskManager] = i
			counts = append(counts, 0)
		}
		counts[i]++
	}
	room := make([]Slot, len(free))
	racks := make([][]Slot, len(counts))
	for i, n := range counts {
		racks[i], room = room[:0:n], room[n:]
	}
	for _, s := range free {
		i := at[s.TaskManager]
		racks[i] = append(racks[i], s)
	}
	return racks
}

// pull is the next slot of a TaskManager.
func pull(racks [][]Slot, i int) Slot {
	s := racks[i][0]
	racks[i] = racks[i][1:]
	return s
}

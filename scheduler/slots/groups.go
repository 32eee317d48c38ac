package slots

// Subtask is one parallel instance of a vertex.
type Subtask struct {
	Vertex int // index into the vertices
	Index  int // from 0
}

// Placement is one execution slot sharing group, that is, the subtasks that run
// in one slot, and the slot they have.
type Placement struct {
	Group    string    // slot sharing group
	Index    int       // which of the group's slots, from 0
	Subtasks []Subtask // in the vertices' order; never two of one vertex
	Slot     Slot
}

// shares lists the execution slot sharing groups, still without slots: for each
// sharing group, in the order in which the job graph first names them, as many
// as its widest vertex has subtasks.
//
// Slot i of a group holds subtask i of each vertex. With balanced tasks a
// vertex that is narrower than its group starts where the one before it ended,
// so that no slot has all the tasks while others are nearly empty (Flink takes
// the vertices in the order of their hashes; here it is the job graph's).
func shares(vertices []Vertex, parallelism []int, balanced bool) []Placement {
	groups, of := layout(vertices, parallelism)
	all := make([]Placement, 0, total(groups))
	for _, g := range groups {
		for i := range g.width {
			all = append(all, Placement{Group: g.name, Index: i})
		}
	}

	// Two passes over the same walk: the first counts, so that all subtasks lie in
	// one piece of memory.
	counts := make([]int, len(all))
	tasks := walk(parallelism, groups, of, balanced, func(share int, _ Subtask) { counts[share]++ })
	room := make([]Subtask, tasks)
	for i, n := range counts {
		all[i].Subtasks, room = room[:0:n], room[n:]
	}
	walk(parallelism, groups, of, balanced, func(share int, s Subtask) {
		all[share].Subtasks = append(all[share].Subtasks, s)
	})
	return all
}

// block is where the shares of one sharing group lie.
type block struct {
	name         string
	start, width int
}

// layout gives each sharing group its shares, and says of each vertex to which
// of the groups it belongs.
func layout(vertices []Vertex, parallelism []int) (groups []block, of []int) {
	at := make(map[string]int)
	of = make([]int, len(vertices))
	for i, v := range vertices {
		g, known := at[v.Group]
		if !known {
			g = len(groups)
			at[v.Group] = g
			groups = append(groups, block{name: v.Group})
		}
		of[i] = g
		groups[g].width = max(groups[g].width, parallelism[i])
	}
	start := 0
	for i := range groups {
		groups[i].start = start
		start += groups[i].width
	}
	return groups, of
}

func total(groups []block) int {
	n := 0
	for _, g := range groups {
		n += g.width
	}
	return n
}

// walk names for every subtask the share it runs in, and returns how many there are.
func walk(parallelism []int, groups []block, of []int, balanced bool, visit func(share int, s Subtask)) int {
	tasks := 0
	next := make([]int, len(groups)) // where a narrow vertex starts
	for v, p := range parallelism {
		g := groups[of[v]]
		start := 0
		if balanced && p < g.width {
			start = next[of[v]]
			next[of[v]] = (start + p) % g.width
		}
		for i := range p {
			visit(g.start+(start+i)%g.width, Subtask{Vertex: v, Index: i})
		}
		tasks += p
	}
	return tasks
}

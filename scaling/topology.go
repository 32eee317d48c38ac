package scaling

import (
	"fmt"
	"slices"
	"strings"
)

// VertexID is the 32 hexadecimal digits by which Flink names a job vertex. Two
// jobs may use the same id: it is unique within its job only.
type VertexID string

// ShipStrategy says how records travel along an edge.
type ShipStrategy uint8

// The ship strategies that Flink's plan names.
const (
	ShipUnknown ShipStrategy = iota
	ShipHash
	ShipRebalance
	ShipRescale
	ShipForward
	ShipCustom
	ShipBroadcast
	ShipGlobal
	ShipShuffle
)

var shipNames = [...]string{"UNKNOWN", "HASH", "REBALANCE", "RESCALE", "FORWARD", "CUSTOM", "BROADCAST", "GLOBAL", "SHUFFLE"}

// ParseShipStrategy reads the text of a plan, in any case; a text it does not
// know is ShipUnknown.
func ParseShipStrategy(s string) ShipStrategy {
	for i, name := range shipNames {
		if strings.EqualFold(s, name) {
			return ShipStrategy(i)
		}
	}
	return ShipUnknown
}

// String is the name as in Flink's plan.
func (s ShipStrategy) String() string {
	if int(s) < len(shipNames) {
		return shipNames[s]
	}
	return shipNames[ShipUnknown]
}

// Edge is one edge into a vertex.
type Edge struct {
	From VertexID
	Ship ShipStrategy
}

// Vertex is one job vertex: a chain of operators that is scaled as one.
type Vertex struct {
	ID   VertexID
	Name string
	// Parallelism is the number of subtasks that run now.
	Parallelism int
	// MaxParallelism is the number of key groups, Flink's hard limit.
	MaxParallelism int
	// SlotSharingGroup is empty where Flink does not report it (before 1.20).
	SlotSharingGroup string
	// Finished vertices need no capacity and are never scaled.
	Finished bool
	// Partitions is the number of source partitions, 0 when it is not known.
	Partitions int
	Inputs     []Edge
}

// IsSource tells whether v has no inputs.
func (v *Vertex) IsSource() bool { return len(v.Inputs) == 0 }

// hashed tells whether keyed state may hang on v's key groups.
func (v *Vertex) hashed() bool {
	return slices.ContainsFunc(v.Inputs, func(in Edge) bool { return in.Ship == ShipHash })
}

// Topology is the dataflow graph of a job, in a fixed topological order: by
// rank, then by id. Positions in Vertices serve as indexes everywhere.
type Topology struct {
	Vertices []Vertex
	// inputs and outputs hold, per vertex, the indexes of its neighbours.
	inputs, outputs [][]int
}

// NewTopology orders the vertices and links their edges. Two edges from the
// same upstream vertex become one, the last one's strategy. It fails on a
// repeated id, an edge from a vertex that is not there, and a cycle.
func NewTopology(vertices []Vertex) (*Topology, error) {
	byID := make(map[VertexID]Vertex, len(vertices))
	for _, v := range vertices {
		if _, twice := byID[v.ID]; twice {
			return nil, fmt.Errorf("vertex %s appears twice in the plan", v.ID)
		}
		v.Inputs = uniteInputs(v.Inputs)
		byID[v.ID] = v
	}
	for _, v := range vertices {
		for _, in := range v.Inputs {
			if _, known := byID[in.From]; !known {
				return nil, fmt.Errorf("vertex %s reads from %s, which the plan does not hold", v.ID, in.From)
			}
		}
	}
	ordered, err := orderByRank(byID)
	if err != nil {
		return nil, err
	}
	t := &Topology{Vertices: ordered}
	t.link()
	return t, nil
}

func uniteInputs(inputs []Edge) []Edge {
	united := make([]Edge, 0, len(inputs))
	for _, in := range inputs {
		if i := slices.IndexFunc(united, func(u Edge) bool { return u.From == in.From }); i >= 0 {
			united[i] = in
			continue
		}
		united = append(united, in)
	}
	return united
}

func orderByRank(byID map[VertexID]Vertex) ([]Vertex, error) {
	ordered := make([]Vertex, 0, len(byID))
	placed := make(map[VertexID]bool, len(byID))
	for len(ordered) < len(byID) {
		var rank []Vertex
		for id, v := range byID {
			ready := !slices.ContainsFunc(v.Inputs, func(in Edge) bool { return !placed[in.From] })
			if !placed[id] && ready {
				rank = append(rank, v)
			}
		}
		if len(rank) == 0 {
			return nil, fmt.Errorf("the plan has a cycle: %d of %d vertices can be ordered", len(ordered), len(byID))
		}
		slices.SortFunc(rank, func(a, b Vertex) int { return strings.Compare(string(a.ID), string(b.ID)) })
		for _, v := range rank {
			placed[v.ID] = true
		}
		ordered = append(ordered, rank...)
	}
	return ordered, nil
}

func (t *Topology) link() {
	t.inputs = make([][]int, len(t.Vertices))
	t.outputs = make([][]int, len(t.Vertices))
	for i := range t.Vertices {
		for _, in := range t.Vertices[i].Inputs {
			u := t.Index(in.From)
			t.inputs[i] = append(t.inputs[i], u)
			t.outputs[u] = append(t.outputs[u], i)
		}
	}
}

// Index is the position of a vertex, or -1.
func (t *Topology) Index(id VertexID) int {
	for i := range t.Vertices {
		if t.Vertices[i].ID == id {
			return i
		}
	}
	return -1
}

// ship is the strategy of the edge from vertex u to vertex v.
func (t *Topology) ship(u, v int) ShipStrategy {
	for _, in := range t.Vertices[v].Inputs {
		if in.From == t.Vertices[u].ID {
			return in.Ship
		}
	}
	return ShipUnknown
}

// Outputs are the positions of the vertices that read from vertex i.
func (t *Topology) Outputs(i int) []int { return t.outputs[i] }

// Upstream are the positions of the vertices that vertex i reads from.
func (t *Topology) Upstream(i int) []int { return t.inputs[i] }

// Parallelism is the parallelism of every vertex.
func (t *Topology) Parallelism() Parallelism {
	p := make(Parallelism, len(t.Vertices))
	for i := range t.Vertices {
		p[t.Vertices[i].ID] = t.Vertices[i].Parallelism
	}
	return p
}

// Parallelism maps vertices to a number of subtasks.
type Parallelism map[VertexID]int

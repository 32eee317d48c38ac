package dashboard

import (
	"cmp"
	"slices"

	"github.com/sluice-project/sluice/decisions"
)

// graph is where the page draws a job's vertices: columns from the sources on, rows
// within them.
type graph struct {
	Columns int    `json:"columns"`
	Rows    int    `json:"rows"`
	Nodes   []node `json:"nodes"`
}

type node struct {
	Vertex string `json:"vertex"`
	Column int    `json:"column"`
	Row    int    `json:"row"`
}

// layout puts each vertex one column after the last of its inputs, and orders a
// column by where the inputs stand, so that few edges cross.
func layout(vertices []decisions.Vertex) graph {
	g := graph{Nodes: []node{}}
	index, column := map[string]int{}, make([]int, len(vertices))
	for i := range vertices {
		index[vertices[i].ID] = i
	}
	// The vertices stand in topological order: one round is enough, and a second
	// harmless where they do not.
	for range 2 {
		for i := range vertices {
			for _, in := range vertices[i].Inputs {
				if from, known := index[in]; known && from != i {
					column[i] = min(max(column[i], column[from]+1), len(vertices))
				}
			}
		}
	}
	rows, row := map[int][]int{}, make([]float64, len(vertices))
	for i, c := range column {
		rows[c] = append(rows[c], i)
		g.Columns = max(g.Columns, c+1)
	}
	for c := range g.Columns {
		members := rows[c]
		slices.SortStableFunc(members, func(a, b int) int {
			return cmp.Compare(middle(&vertices[a], index, row), middle(&vertices[b], index, row))
		})
		for r, i := range members {
			row[i] = float64(r)
			g.Nodes = append(g.Nodes, node{vertices[i].ID, c, r})
		}
		g.Rows = max(g.Rows, len(members))
	}
	return g
}

// middle is the mean row of a vertex's inputs.
func middle(v *decisions.Vertex, index map[string]int, row []float64) float64 {
	sum := 0.0
	for _, in := range v.Inputs {
		sum += row[index[in]]
	}
	return sum / float64(max(1, len(v.Inputs)))
}

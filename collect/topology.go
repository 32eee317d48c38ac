package collect

import (
	"fmt"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

// finished is the status of a vertex all of whose subtasks have ended.
const finished = "FINISHED"

// fact is an error text that Flink's autoscaler uses as well, and by which
// people find it.
type fact string

func (f fact) Error() string { return string(f) }

const errNoPlan = fact("No nodes found in the plan, job is not ready yet")

// topologyOf makes the dataflow graph of a job's details. Partitions are left at
// 0, since the details do not know them. A job whose graph is not complete yet
// gives a [autoscaler.NotReadyError].
func topologyOf(d *flink.JobDetails) (*scaling.Topology, error) {
	if len(d.Plan.Nodes) == 0 {
		return nil, &autoscaler.NotReadyError{Err: errNoPlan}
	}
	vertices := make([]scaling.Vertex, len(d.Plan.Nodes))
	for i := range d.Plan.Nodes {
		node := &d.Plan.Nodes[i]
		entry := entryOf(d, node.ID, i)
		if entry == nil {
			return nil, fmt.Errorf("the plan of job %s holds vertex %s, which its list of vertices lacks", d.ID, node.ID)
		}
		if node.Parallelism < 1 {
			return nil, &autoscaler.NotReadyError{Err: fmt.Errorf("the parallelism of vertex %s is not decided yet (%d)", node.ID, node.Parallelism)}
		}
		vertices[i] = scaling.Vertex{
			ID:               scaling.VertexID(node.ID),
			Name:             entry.Name,
			Parallelism:      node.Parallelism,
			MaxParallelism:   entry.MaxParallelism,
			SlotSharingGroup: entry.SlotSharingGroupID,
			Finished:         entry.Status == finished,
			Inputs:           edgesInto(node),
		}
	}
	t, err := scaling.NewTopology(vertices)
	if err != nil {
		return nil, fmt.Errorf("read the plan of job %s: %w", d.ID, err)
	}
	return t, nil
}

func edgesInto(node *flink.PlanNode) []scaling.Edge {
	edges := make([]scaling.Edge, len(node.Inputs))
	for i, in := range node.Inputs {
		edges[i] = scaling.Edge{From: scaling.VertexID(in.ID), Ship: scaling.ParseShipStrategy(in.ShipStrategy)}
	}
	return edges
}

// entryOf finds a vertex, at position hint in all but odd cases, or returns nil.
func entryOf(d *flink.JobDetails, id flink.VertexID, hint int) *flink.Vertex {
	if hint < len(d.Vertices) && d.Vertices[hint].ID == id {
		return &d.Vertices[hint]
	}
	for i := range d.Vertices {
		if d.Vertices[i].ID == id {
			return &d.Vertices[i]
		}
	}
	return nil
}

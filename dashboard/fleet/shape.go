package fleet

import (
	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// takeShape notes the dataflow that a pass saw. One that saw none leaves that of the
// pass before: the vertices stay, as long as nobody says otherwise.
func (j *job) takeShape(r *autoscaler.Report) {
	if j.shaped = r.Topology != nil; !j.shaped {
		return
	}
	j.shape = make([]decisions.Vertex, len(r.Topology.Vertices))
	for i := range r.Topology.Vertices {
		v := &r.Topology.Vertices[i]
		to := v.Parallelism
		if want, is := wanted(r.Act, v.ID); is {
			to = want
		}
		j.shape[i] = blank(decisions.Vertex{
			ID: string(v.ID), Name: v.Name, Group: v.SlotSharingGroup, From: v.Parallelism, To: to,
			MaxParallelism: v.MaxParallelism, Partitions: v.Partitions,
		})
		for _, in := range v.Inputs {
			j.shape[i].Inputs = append(j.shape[i].Inputs, string(in.From))
		}
	}
}

// wanted is the parallelism of a vertex that a rescale on its way is to bring.
func wanted(a *autoscaler.Act, v scaling.VertexID) (int, bool) {
	if !a.Pending() {
		return 0, false
	}
	want, is := a.Want[v]
	return want, is
}

// blank is a vertex without its figures.
func blank(v decisions.Vertex) decisions.Vertex {
	return decisions.Vertex{
		ID: v.ID, Name: v.Name, Inputs: v.Inputs, Group: v.Group, From: v.From, To: v.To, Recommended: v.From, MaxParallelism: v.MaxParallelism, Partitions: v.Partitions,
		Busy: decisions.Unknown, InputRate: decisions.Unknown, TargetRate: decisions.Unknown, PeakRate: decisions.Unknown, CatchUpRate: decisions.Unknown,
		Lag: decisions.Unknown, TrueProcessingRate: decisions.Unknown, ExpectedRate: decisions.Unknown, ScaleUpBelow: decisions.Unknown, ScaleDownAbove: decisions.Unknown,
	}
}

// vertexShape are the vertices of the dataflow, with the figures of the newest pass
// where this process or the job's own has made one.
func (j *job) vertexShape() []decisions.Vertex {
	vertices := j.entry.Vertices
	if len(vertices) == 0 {
		return append([]decisions.Vertex{}, j.shape...)
	}
	if j.judged || j.owner != "" {
		return vertices
	}
	shape := make([]decisions.Vertex, len(vertices)) // what was read back is not of now
	for i := range vertices {
		shape[i] = blank(vertices[i])
	}
	return shape
}

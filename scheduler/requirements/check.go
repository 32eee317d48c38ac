package requirements

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// unset is how a request leaves a bound to its default.
const unset = -1

// check holds the wanted bounds against the job's vertices. All that is wrong is
// named: first what the request says of vertices of the job, in the job's order,
// then vertices that the job does not have, by id, then vertices that the request
// leaves out. (Flink names the first two in no order.)
func check(wanted []entry, job Subject) ([]slots.Bounds, *Refusal) {
	asked := make(map[slots.VertexID]entry, len(wanted))
	for _, one := range wanted {
		asked[one.vertex] = one
	}
	bounds := make([]slots.Bounds, len(job.Vertices))
	var wrong, missing []string
	for i, vertex := range job.Vertices {
		one, ok := asked[canonical(vertex.ID)]
		if !ok {
			missing = append(missing, fmt.Sprintf("The request is incomplete, missing job vertex [%s] resource requirements.", vertex.ID))
			continue
		}
		delete(asked, canonical(vertex.ID))
		if one.null {
			text := fmt.Sprintf("No requirement set for vertex %s", vertex.ID)
			return nil, &Refusal{Status: statusInternal, Class: classState, Texts: []string{text}}
		}
		wrong = append(wrong, judge(one.bounds, vertex)...)
		bounds[i] = one.bounds
	}
	wrong = append(wrong, unknown(asked)...)
	if wrong = append(wrong, missing...); len(wrong) > 0 {
		return nil, refused(statusBad, wrong...)
	}
	return defaults(bounds, job)
}

// canonical is an id as read spells it.
func canonical(id slots.VertexID) slots.VertexID {
	return slots.VertexID(strings.ToLower(string(id)))
}

// judge names what is wrong with the bounds of one vertex.
func judge(b slots.Bounds, vertex slots.Vertex) []string {
	b = expand(b, vertex.MaxParallelism)
	if b.Lower < 1 || b.Upper < 1 {
		return []string{notPositive(b, vertex.ID)}
	}
	var wrong []string
	if b.Lower > b.Upper {
		wrong = append(wrong, fmt.Sprintf("The requested lower bound [%d] for job vertex [%s] is higher than the upper bound [%d].", b.Lower, vertex.ID, b.Upper))
	}
	if b.Upper > vertex.MaxParallelism {
		wrong = append(wrong, fmt.Sprintf("The newly requested parallelism %d for the job vertex %s exceeds its maximum parallelism %d.", b.Upper, vertex.ID, vertex.MaxParallelism))
	}
	return wrong
}

func notPositive(b slots.Bounds, id slots.VertexID) string {
	return fmt.Sprintf("Both, the requested lower bound [%d] and upper bound [%d] for job vertex [%s] must be greater than zero.", b.Lower, b.Upper, id)
}

// expand replaces −1 by the default that Flink documents for it.
func expand(b slots.Bounds, maxParallelism int) slots.Bounds {
	if b.Lower == unset {
		b.Lower = 1
	}
	if b.Upper == unset {
		b.Upper = maxParallelism
	}
	return b
}

// unknown names the vertices asked for that the job does not have.
func unknown(asked map[slots.VertexID]entry) []string {
	texts := make([]string, 0, len(asked))
	for id := range asked {
		texts = append(texts, fmt.Sprintf("Job vertex [%s] was not found in the JobGraph.", id))
	}
	slices.Sort(texts)
	return texts
}

// defaults deals with −1, which has passed Flink's validation but which Flink
// then keeps as it is. Where the declared total becomes negative by that, Flink
// itself fails with a bare exception; elsewhere it accepts bounds that no
// division of slots can honour, and we say so with the text for other numbers
// below 1.
func defaults(bounds []slots.Bounds, job Subject) ([]slots.Bounds, *Refusal) {
	var wrong []string
	literal := slices.Clone(job.Vertices)
	for i, b := range bounds {
		literal[i].Bounds = b
		if job.ExpandDefaults {
			bounds[i] = expand(b, job.Vertices[i].MaxParallelism)
		} else if b.Lower == unset || b.Upper == unset {
			wrong = append(wrong, notPositive(b, job.Vertices[i].ID))
		}
	}
	switch {
	case len(wrong) == 0:
		return bounds, nil
	case declared(literal) < 0:
		return nil, &Refusal{Status: statusInternal, Class: classArgument}
	}
	return nil, refused(statusBad, wrong...)
}

// declared is the number of slots that Flink would ask for with these bounds.
func declared(vertices []slots.Vertex) int {
	largest := map[string]int{}
	for _, vertex := range vertices {
		most, seen := largest[vertex.Group]
		if !seen || vertex.Bounds.Upper > most {
			largest[vertex.Group] = vertex.Bounds.Upper
		}
	}
	total := 0
	for _, most := range largest { // a sum knows no order
		total += most
	}
	return total
}

package batchlab

import (
	"cmp"
	"slices"

	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Case is a question to Flink's decider: options, a vertex and its inputs.
type Case struct {
	// Name is that of a case that was thought of; empty for one that was drawn.
	Name   string `json:"name,omitempty"`
	Min    int    `json:"min"`
	Max    int    `json:"max"`
	Volume int64  `json:"avg"`
	// Source is the default parallelism of sources; nil is unset.
	Source    *int    `json:"source,omitempty"`
	Factor    float64 `json:"factor"`
	Threshold int64   `json:"threshold"`
	// Fixed is the parallelism of the vertex, or what its source says if it has no inputs; 0 is to be decided.
	Fixed int `json:"fixed,omitempty"`
	// VertexMin is what the source of a vertex with inputs says; 0 is nothing.
	VertexMin int         `json:"vertexMin,omitempty"`
	VertexMax int         `json:"vertexMax"`
	Inputs    []CaseInput `json:"inputs,omitempty"`
}

// CaseInput is an input as Flink describes it.
type CaseInput struct {
	Pointwise bool      `json:"pointwise,omitempty"`
	Broadcast bool      `json:"broadcast,omitempty"`
	Single    bool      `json:"single,omitempty"`
	Type      int       `json:"type,omitempty"`
	Inter     bool      `json:"inter,omitempty"`
	Intra     bool      `json:"intra,omitempty"`
	Bytes     [][]int64 `json:"bytes"`
}

// Answer is Flink's, or ours in the same form.
type Answer struct {
	Parallelism int      `json:"parallelism,omitempty"`
	Inputs      [][]Task `json:"inputs,omitempty"` // by input and task
	// Error is what was thrown; Flink and we do not say it in the same words.
	Error string `json:"error,omitempty"`
}

// Vector is a case with Flink's answers by version, such as "2.3.0"; there is none of a version that cannot be asked.
type Vector struct {
	Case    Case              `json:"case"`
	Answers map[string]Answer `json:"answers"`
}

// Asks says whether a version can be asked: before 2.3 every broadcast is written to one subpartition.
func (c Case) Asks(v slots.Version) bool {
	return v != slots.V1_20 || !slices.ContainsFunc(c.Inputs, func(in CaseInput) bool { return in.Broadcast && !in.Single })
}

// Options are those of the case for our decider.
func (c Case) Options(v slots.Version) batch.Options {
	o := batch.DefaultOptions(v)
	o.MinParallelism, o.MaxParallelism, o.AverageVolume = c.Min, c.Max, c.Volume
	o.SkewedFactor, o.SkewedThreshold = c.Factor, c.Threshold
	if c.Source != nil {
		o.DefaultSourceParallelism = *c.Source
	}
	return o
}

// Ours is what our decider says, and why.
func (c Case) Ours(v slots.Version) (Answer, []batch.Reason) {
	vertex := batch.Vertex{ID: "v", Parallelism: c.Fixed, MaxParallelism: c.VertexMax, Inferred: c.VertexMin}
	if len(c.Inputs) == 0 {
		vertex.Parallelism, vertex.Inferred = 0, c.Fixed
	}
	var inputs []batch.Input
	for _, in := range c.Inputs {
		inputs = append(inputs, in.input(v))
	}
	d, err := batch.Decide(c.Options(v), vertex, inputs)
	if err != nil {
		return Answer{Error: err.Error()}, nil
	}
	return answer(d), d.Why
}

func (in CaseInput) input(v slots.Version) batch.Input {
	to := batch.Input{
		Name: "in", Pattern: batch.AllToAll, Broadcast: in.Broadcast, Single: in.Single,
		Type: in.Type, InterCorrelated: in.Inter, IntraCorrelated: in.Intra, Bytes: in.Bytes,
	}
	if in.Pointwise {
		to.Pattern = batch.Pointwise
	}
	if v == slots.V1_20 { // which knows none of these
		to.Type, to.InterCorrelated, to.IntraCorrelated = 0, false, false
	}
	return to
}

func answer(d batch.Decision) Answer {
	a := Answer{Parallelism: d.Parallelism}
	for _, input := range d.Blocks {
		tasks := make([]Task, len(input))
		for i, blocks := range input {
			for _, b := range blocks {
				tasks[i] = append(tasks[i], [4]int{b.Partitions.First, b.Partitions.Last, b.Subpartitions.First, b.Subpartitions.Last})
			}
		}
		a.Inputs = append(a.Inputs, tasks)
	}
	return a
}

// sorted puts the groups of every task in order: Flink has them in a map.
func (a Answer) sorted() Answer {
	if len(a.Inputs) == 0 {
		a.Inputs = nil
	}
	for _, input := range a.Inputs {
		for _, task := range input {
			task.sort()
		}
	}
	return a
}

func (t Task) sort() {
	slices.SortFunc(t, func(a, b [4]int) int { return slices.CompareFunc(a[:], b[:], cmp.Compare[int]) })
}

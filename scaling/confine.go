package scaling

import (
	"math"
	"slices"
	"sort"
)

// Confinement is what became of a decision that asks for more than there is.
type Confinement struct {
	// Worth is false where nothing that is left of the decision would justify a
	// restart: it is unchanged then.
	Worth bool
	// Share is the least part of its new parallelism that a vertex got which was to
	// grow, (0,1]: about the part of the load that the job can then take. 1 where
	// everything fits.
	Share float64
}

// wholeShare stands for all of a scale-up. Two shares at which the parallelism of
// a vertex changes lie at least a step apart, since no parallelism exceeds 2^15.
const wholeShare = 1 << 30

// Confine makes the scale-ups of a decision smaller until fits accepts the
// parallelism of all vertices. Each vertex that is to grow is given the same share
// of its new parallelism, aligned as configured; one that has as much already
// keeps what it has. So the narrowest vertices grow first, and no vertex more than
// the others let it use. What shrinks shrinks as decided. have and limit, the two
// numbers that the quota compared, go into the guards.
func (o *Outcome) Confine(in Input, fits func(Parallelism) bool, have, limit float64) Confinement {
	target := o.Decision.Target()
	if fits(target) {
		return Confinement{Worth: true, Share: 1}
	}
	at := func(share int) Parallelism {
		for i := range o.Decision.Vertices {
			if v := &o.Decision.Vertices[i]; v.To > v.From {
				target[v.Vertex] = o.confined(in, i, share)
			}
		}
		return target
	}
	share := sort.Search(wholeShare, func(k int) bool { return !fits(at(k + 1)) })
	vertices := slices.Clone(o.Decision.Vertices)
	c := Confinement{Share: 1}
	for i, granted := 0, at(share); i < len(vertices); i++ {
		v := &vertices[i]
		if to := granted[v.Vertex]; to != v.To {
			c.Share = math.Min(c.Share, float64(to)/float64(v.To))
			v.confine(to, o.Evaluation.Vertices[i].TrueProcessingRate, in.Config, have, limit)
		}
		c.Worth = c.Worth || (v.Changed() && v.Outside)
	}
	if c.Worth {
		o.Decision.Vertices = vertices
	}
	return c
}

// confined is the parallelism of a growing vertex at a share of its new one, never
// below what it has.
func (o *Outcome) confined(in Input, i, share int) int {
	v := &o.Decision.Vertices[i]
	wanted := int((int64(share)*int64(v.To) + wholeShare - 1) / wholeShare)
	if wanted <= v.From {
		return v.From
	}
	aligned := alignBelow(&in.Topology.Vertices[i], &o.Evaluation.Vertices[i], wanted, v.To, in.Config)
	return min(max(aligned, v.From), v.To)
}

// alignBelow aligns a target once more, to at most the given parallelism.
func alignBelow(v *Vertex, e *VertexEvaluation, target, most int, c *Config) int {
	if c.Alignment == AlignCustom {
		return alignConfined(v, e, target, most, c.AlignmentMode)
	}
	a, ok := alignmentOf(v, target, most, v.Parallelism, c.Alignment)
	if !ok {
		return target
	}
	aligned, _ := a.parallelism()
	return aligned
}

func alignConfined(v *Vertex, e *VertexEvaluation, target, most int, custom *ConfiguredAlignment) int {
	in := AlignmentInput{
		Parameters: custom.Parameters, Vertex: v, Evaluation: *e, Target: target, Lower: v.Parallelism, Upper: most,
	}
	if !custom.Mode.Applies(in) {
		return target
	}
	return custom.Mode.Align(in)
}

// confine gives a vertex less than was decided. It is later judged by this.
func (v *VertexDecision) confine(to int, rate float64, c *Config, have, limit float64) {
	v.Guards = append(slices.Clip(v.Guards), Guard{Rule: RuleQuota, Before: v.To, After: to, Have: have, Limit: limit, Blocked: to == v.From})
	v.To, v.Planned = to, to
	v.ExpectedRate = c.round(rate / float64(v.From) * float64(to))
	if to == v.From {
		v.Reason = ReasonBeyondQuota
	}
}

package scaling

import (
	"fmt"
	"math"
	"slices"
)

// saturatedAt is the busy or back-pressured share from which a vertex counts as
// working at its limit.
const saturatedAt = 0.95

// heldBackFrom is the back-pressured share of time from which a source counts
// as held back by what it feeds.
const heldBackFrom = 0.1

// vertexDecider finds the parallelism of one vertex (spec sections 6.2 to 6.9).
type vertexDecider struct {
	*decider
	vertex     *Vertex
	evaluation *VertexEvaluation
	index      int
	guards     []Guard
	// lower and upper bound the result.
	lower, upper int
}

func (v *vertexDecider) decide() VertexDecision {
	p := v.vertex.Parallelism
	d := VertexDecision{Vertex: v.vertex.ID, Name: v.vertex.Name, From: p, To: p, Recommended: p, ExpectedRate: math.NaN()}
	if reason, out := v.outOfScope(); out {
		d.Reason = reason
		return d
	}
	target, reason := v.target()
	if reason != "" {
		d.Reason = reason
		return d
	}
	if target != p {
		target = v.align(target)
	}
	if v.fault != nil {
		d.Reason = ReasonFault
		return d
	}
	if target == p {
		v.state.Delayed = v.state.Delayed.without(d.Vertex)
		d.Reason = ReasonSteady
		return d
	}
	e := v.evaluation
	d.Recommended = target
	d.ExpectedRate = v.c.round(e.TrueProcessingRate / float64(p) * float64(target))
	d.Outside = e.TrueProcessingRate < e.ScaleUpThreshold || e.TrueProcessingRate > e.ScaleDownThreshold || v.outOfRange() ||
		(target > p && v.demandHidden() && e.Load >= saturatedAt)
	if target > p {
		v.up(&d)
	} else {
		v.down(&d)
	}
	return d
}

func (v *vertexDecider) outOfScope() (Reason, bool) {
	switch {
	case v.vertex.Finished:
		return ReasonFinished, true
	case slices.Contains(v.c.Excluded, v.vertex.ID):
		return ReasonExcluded, true
	case v.Bounds[v.vertex.ID].Pinned:
		return ReasonPinned, true
	}
	return "", false
}

func (v *vertexDecider) note(rule Rule, before, after int, have, limit float64, blocked bool) {
	v.guards = append(v.guards, Guard{Rule: rule, Before: before, After: after, Have: have, Limit: limit, Blocked: blocked})
}

// target is the parallelism that the rates ask for, within the limits. A reason
// says that none is to be had.
func (v *vertexDecider) target() (int, Reason) {
	e, c, p := v.evaluation, v.c, v.vertex.Parallelism
	tpr := e.TrueProcessingRate
	need := v.need()
	if math.IsNaN(tpr) || math.IsNaN(need) {
		return p, ReasonNoCapacity
	}
	factor := need / tpr
	wanted := scaled(factor, p)
	v.note(RuleDemand, p, wanted, tpr, need, false)
	if c.ObservedScalability {
		coefficient := v.scalability()
		factor /= coefficient
		if corrected := scaled(factor, p); corrected != wanted {
			v.note(RuleScalability, wanted, corrected, coefficient, 1, false)
			wanted = corrected
		}
	}

	if bounded := math.Max(1-c.ScaleDownMaxFactor, math.Min(1+c.ScaleUpMaxFactor, factor)); factor != bounded {
		stepped := scaled(bounded, p)
		v.note(RuleStep, wanted, stepped, factor, bounded, false)
		wanted = stepped
	}
	if wanted > p && c.Skew {
		bySkew, reason := v.skewed(wanted)
		if reason != "" {
			return p, reason
		}
		wanted = bySkew
	}
	return v.limit(wanted), ""
}

// scalability is the coefficient of the vertex. What cannot be told fails the
// decision of the reference; for the counters estimator it says nothing.
func (v *vertexDecider) scalability() float64 {
	coefficient := v.state.History.scalability(v.vertex.ID, v.c)
	if !math.IsNaN(coefficient) {
		return coefficient
	}
	if _, counters := v.c.estimator().(Counters); !counters {
		v.fault = fmt.Errorf("tell the scalability of vertex %s: it had nothing to do when it was smallest", v.vertex.ID)
	}
	return 1
}

// need is the true processing rate that the vertex has to have, in records/s.
func (v *vertexDecider) need() float64 {
	e, c := v.evaluation, v.c
	if !c.CatchUpInHeadroom {
		return capacity(e.PeakRate, e.CatchUpRate, c.TargetUtilization, true, v.restart, c)
	}
	steady := capacity(e.PeakRate, 0, c.TargetUtilization, false, v.restart, c)
	most := math.Min(1, math.Max(c.TargetUtilization, c.UtilizationMax))
	return math.Max(steady, capacity(e.PeakRate, e.CatchUpRate, 1, true, v.restart, c)/most)
}

// scaled is ceil(factor·p) as a number of subtasks; a factor that is NaN gives 0.
func scaled(factor float64, p int) int {
	return truncate32(math.Min(math.Ceil(factor*float64(p)), math.MaxInt32))
}

// skewed sizes a scale-up of a skewed vertex by its hottest subtask.
func (v *vertexDecider) skewed(wanted int) (int, Reason) {
	e, c, p := v.evaluation, v.c, v.vertex.Parallelism
	rate := capacity(e.PeakRate, e.CatchUpRate, 1, true, v.restart, c)
	if v.demandHidden() {
		rate /= c.TargetUtilization
	}
	verdict := sizeSkewed(e.Rates.Hottest, p, rate, c)
	switch {
	case !verdict.applies:
		return wanted, ""
	case verdict.parallelism == 0:
		v.note(RuleSkew, wanted, p, verdict.hotRate, e.Rates.Hottest.Capacity, true)
		v.notes = append(v.notes, Note{Kind: NoteSkewed, Vertex: v.vertex.ID, A: verdict.hotRate, B: e.Rates.Hottest.Capacity})
		v.state.Delayed = v.state.Delayed.without(v.vertex.ID)
		return p, ReasonSkewed
	}
	by := max(p, verdict.parallelism)
	v.note(RuleSkew, wanted, by, verdict.hotRate, e.Rates.Hottest.Capacity, false)
	return by, ""
}

// demandHidden tells whether a source is held back without showing how much
// waits before it: its rate then is what the job can take, and the rate that
// would arrive is higher by an unknown amount.
func (v *vertexDecider) demandHidden() bool {
	for i := range v.Topology.Vertices {
		r := &v.decider.evaluation.Vertices[i].Rates
		if v.Topology.Vertices[i].IsSource() && !r.HasLag && r.Backpressured >= heldBackFrom {
			return true
		}
	}
	return false
}

// limit applies the bounds that hold whatever the rates say.
func (v *vertexDecider) limit(wanted int) int {
	c, p := v.c, v.vertex.Parallelism
	v.lower, v.upper = min(p, c.MinParallelism), min(v.vertex.MaxParallelism, max(p, c.MaxParallelism))
	if c.PullIntoRange {
		v.lower, v.upper = min(c.MinParallelism, v.vertex.MaxParallelism), min(v.vertex.MaxParallelism, max(c.MinParallelism, c.MaxParallelism))
	}
	limited := min(max(v.lower, wanted), v.upper)
	if limited != wanted {
		v.note(RuleLimits, wanted, limited, float64(v.lower), float64(v.upper), false)
	}
	if n := v.vertex.Partitions; c.CapAtPartitions && n > 0 && limited > n {
		v.upper = max(v.lower, n)
		v.note(RulePartitions, limited, v.upper, float64(limited), float64(n), false)
		limited = v.upper
	}
	floor := v.Bounds[v.vertex.ID].Floor
	v.lower, v.upper = max(v.lower, floor), max(v.upper, floor)
	if limited < floor {
		v.note(RuleFloor, limited, floor, float64(limited), float64(floor), false)
		limited = floor
	}
	return limited
}

// outOfRange tells whether the vertex is to be pulled into range, whatever its
// utilization.
func (v *vertexDecider) outOfRange() bool {
	p, c := v.vertex.Parallelism, v.c
	return c.PullIntoRange && (p < min(c.MinParallelism, v.vertex.MaxParallelism) || p > max(c.MinParallelism, c.MaxParallelism))
}

func (v *vertexDecider) align(target int) int {
	if v.c.Alignment == AlignCustom {
		return v.alignByCustom(target)
	}
	a, ok := alignmentOf(v.vertex, target, v.upper, v.lower, v.c.Alignment)
	if !ok {
		return target
	}
	aligned, limited := a.parallelism()
	if limited {
		v.notes = append(v.notes, Note{
			Kind: NoteLimited, Vertex: v.vertex.ID, A: float64(target), B: float64(aligned),
			Groups: a.groups, Bound: v.upper, Lower: v.lower,
		})
	}
	if aligned != target {
		v.note(RuleAlignment, target, aligned, float64(target), float64(a.groups), false)
	}
	return aligned
}

func (v *vertexDecider) alignByCustom(target int) int {
	custom := v.c.AlignmentMode
	in := AlignmentInput{
		Parameters: custom.Parameters, Vertex: v.vertex, Evaluation: *v.evaluation,
		Target: target, Lower: v.lower, Upper: v.upper,
	}
	if !custom.Mode.Applies(in) {
		return target
	}
	aligned := custom.Mode.Align(in)
	if aligned < 1 {
		v.fault = fmt.Errorf("align vertex %s by %s: parallelism %d, want at least 1", v.vertex.ID, custom.Name, aligned)
		return target
	}
	if aligned != target {
		v.note(RuleAlignment, target, aligned, float64(target), float64(aligned), false)
	}
	return aligned
}

func (v *vertexDecider) up(d *VertexDecision) {
	v.state.Delayed = v.state.Delayed.without(d.Vertex)
	d.Reason = ReasonScaleUp
	if expected, actual, ineffective := v.state.History.ineffective(v.evaluation, v.c); ineffective {
		blocking := v.c.EffectivenessDetection
		v.notes = append(v.notes, Note{Kind: NoteIneffective, Vertex: d.Vertex, A: expected, B: actual, Blocking: blocking})
		if blocking {
			v.note(RuleEffect, d.Recommended, d.From, actual, expected, true)
			d.Reason = ReasonIneffective
			return
		}
	}
	d.To = d.Recommended
}

func (v *vertexDecider) down(d *VertexDecision) {
	if busy, saturated := v.saturated(); saturated && v.c.KeepSaturated && !v.outOfRange() {
		v.note(RuleSaturation, d.Recommended, d.From, busy, saturatedAt, true)
		v.state.Delayed = v.state.Delayed.without(d.Vertex)
		d.Reason = ReasonSaturated
		return
	}
	d.Reason = ReasonScaleDown
	if v.c.ScaleDownInterval.Milliseconds() <= 0 {
		d.To = d.Recommended
		return
	}
	wish := Recommendation{At: v.Now, Parallelism: d.Recommended, Outside: d.Outside}
	delayed, head, due := v.state.Delayed.trigger(d.Vertex, wish, v.c.ScaleDownInterval)
	v.state.Delayed = delayed
	if !due {
		since := delayed[d.Vertex].FirstTrigger
		v.note(RuleDelay, d.Recommended, d.From, float64(since.UnixMilli()), float64(since.Add(v.c.ScaleDownInterval).UnixMilli()), true)
		d.Reason = ReasonDelayed
		return
	}
	to := head.Parallelism
	if v.c.NeverUp {
		to = min(to, d.From, v.upper)
	}
	if to != d.Recommended {
		v.note(RuleDelay, d.Recommended, to, float64(head.At.UnixMilli()), float64(v.Now.UnixMilli()), false)
	}
	d.To, d.Outside = to, head.Outside
	if v.c.JudgeExecuted {
		d.ExpectedRate = v.c.round(v.evaluation.TrueProcessingRate / float64(d.From) * float64(d.To))
	}
	if d.To == d.From {
		d.Reason = ReasonSteady
	}
}

// saturated tells whether the vertex or one that it feeds works at its limit:
// either then has no idle time that a smaller size could use (FLINK-38538).
func (v *vertexDecider) saturated() (busy float64, saturated bool) {
	busy = v.evaluation.Load
	for _, o := range v.Topology.Outputs(v.index) {
		busy = math.Max(busy, v.decider.evaluation.Vertices[o].Load)
	}
	return busy, busy >= saturatedAt
}

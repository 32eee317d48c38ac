package sqlstate

import (
	"fmt"
	"math/bits"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// The parts of a state that have a row each. One that is nil has none.
const (
	partHistory   = "history"
	partTracking  = "tracking"
	partDelayed   = "delayed"
	partBounds    = "bounds"
	partAct       = "act"
	partOverrides = "overrides"
	partChanges   = "changes"
)

// partsOf encodes whatever of a state is there, besides the window.
func partsOf(s *autoscaler.State) map[string][]byte {
	parts := map[string][]byte{}
	if s.Scaling.History != nil {
		parts[partHistory] = encode(nil, &s.Scaling.History, history)
	}
	if s.Scaling.Tracking != nil {
		parts[partTracking] = encode(nil, &s.Scaling.Tracking, tracking)
	}
	if s.Scaling.Delayed != nil {
		parts[partDelayed] = encode(nil, &s.Scaling.Delayed, delayed)
	}
	if s.Bounds != nil {
		parts[partBounds] = encode(nil, &s.Bounds, bounds)
	}
	if s.Act != nil {
		parts[partAct] = encode(nil, s.Act, act)
	}
	if s.Overrides != nil {
		parts[partOverrides] = encode(nil, &s.Overrides, parallelism)
	}
	if s.Changes.Overrides != nil || s.Changes.Removals != nil {
		parts[partChanges] = encode(nil, &s.Changes, changes)
	}
	return parts
}

// setPart decodes one part into a state.
func setPart(s *autoscaler.State, part string, text []byte) (err error) {
	switch part {
	case partHistory:
		s.Scaling.History, err = decode(text, history)
	case partTracking:
		s.Scaling.Tracking, err = decode(text, tracking)
	case partDelayed:
		s.Scaling.Delayed, err = decode(text, delayed)
	case partBounds:
		s.Bounds, err = decode(text, bounds)
	case partAct:
		var a autoscaler.Act
		a, err = decode(text, act)
		s.Act = &a
	case partOverrides:
		s.Overrides, err = decode(text, parallelism)
	case partChanges:
		s.Changes, err = decode(text, changes)
	default:
		err = fmt.Errorf("no part of a state is called %q", part)
	}
	return err
}

func sample(c *coder, s *scaling.Sample) {
	c.moment(&s.At)
	c.moment(&s.RunningSince)
	globals(c, &s.Global)
	list(c, &s.Vertices, vertex)
}

func vertex(c *coder, v *scaling.VertexSample) {
	id(c, &v.Vertex)
	c.whole(&v.Parallelism)
	measures(c, &v.Measures)
	list(c, &v.Subtasks, subtask)
}

// measures writes which are there, and then their values.
func measures(c *coder, m *scaling.Measures) {
	var present uint64
	for name := range m.All() {
		present |= 1 << name
	}
	if c.uvarint(&present); !c.reading {
		for _, v := range m.All() {
			c.number(&v)
		}
		return
	}
	if present>>(scaling.AccumulatedBackpressuredTime+1) != 0 {
		c.fail(fmt.Errorf("%b names a measure that does not exist", present))
		return
	}
	for ; present != 0; present &= present - 1 {
		var v float64
		c.number(&v)
		m.Set(scaling.Measure(bits.TrailingZeros64(present)), v)
	}
}

// globals is like measures.
func globals(c *coder, m *scaling.GlobalMeasures) {
	var present uint64
	for name := range m.All() {
		present |= 1 << name
	}
	if c.uvarint(&present); !c.reading {
		for _, v := range m.All() {
			c.number(&v)
		}
		return
	}
	if present>>(scaling.NumTaskSlotsUsed+1) != 0 {
		c.fail(fmt.Errorf("%b names a measure of a cluster that does not exist", present))
		return
	}
	for ; present != 0; present &= present - 1 {
		var v float64
		c.number(&v)
		m.Set(scaling.GlobalMeasure(bits.TrailingZeros64(present)), v)
	}
}

func subtask(c *coder, s *scaling.Subtask) {
	c.whole(&s.Attempt)
	c.number(&s.Records)
	c.number(&s.Busy)
	c.number(&s.Clock)
}

func history(c *coder, h *scaling.History) {
	table(c, h, id[scaling.VertexID], func(c *coder, records *[]scaling.ScalingRecord) { list(c, records, record) })
}

func record(c *coder, r *scaling.ScalingRecord) {
	c.moment(&r.At)
	c.whole(&r.From)
	c.whole(&r.To)
	c.whole(&r.Planned)
	c.number(&r.ExpectedRate)
	evaluation(c, &r.Evaluation)
}

func evaluation(c *coder, e *scaling.VertexEvaluation) {
	id(c, &e.Vertex)
	words(c, &e.Name)
	c.whole(&e.Parallelism)
	c.whole(&e.MaxParallelism)
	c.whole(&e.Partitions)
	for _, v := range [...]*float64{
		&e.Load, &e.TrueProcessingRate, &e.TargetRate, &e.PeakRate, &e.CatchUpRate, &e.Lag, &e.ScaleUpThreshold, &e.ScaleDownThreshold,
	} {
		c.number(v)
	}
	c.truth(&e.HasLag)
	rates(c, &e.Rates)
}

func rates(c *coder, r *scaling.Rates) {
	for _, v := range [...]*float64{
		&r.In, &r.Out, &r.OutPerIn, &r.Lag, &r.LagGrowth, &r.Recent, &r.Peak, &r.Busy, &r.ProcessedIn, &r.Observed, &r.Backpressured,
		&r.Hottest.Share, &r.Hottest.Busy, &r.Hottest.Capacity,
	} {
		c.number(v)
	}
	for _, v := range [...]*bool{&r.HasLag, &r.Hottest.Known, &r.Reset, &r.ClockDoubtful} {
		c.truth(v)
	}
}

func tracking(c *coder, records *[]scaling.RestartRecord) {
	list(c, records, func(c *coder, r *scaling.RestartRecord) {
		c.moment(&r.At)
		c.duration(&r.Duration)
		c.truth(&r.Known)
	})
}

func delayed(c *coder, d *scaling.DelayedScaleDown) {
	table(c, d, id[scaling.VertexID], func(c *coder, w *scaling.Delayed) {
		c.moment(&w.FirstTrigger)
		list(c, &w.Recommended, func(c *coder, r *scaling.Recommendation) {
			c.moment(&r.At)
			c.whole(&r.Parallelism)
			c.truth(&r.Outside)
		})
	})
}

func bounds(c *coder, b *map[scaling.VertexID]autoscaler.Bound) {
	table(c, b, id[scaling.VertexID], func(c *coder, b *autoscaler.Bound) {
		c.whole(&b.Floor)
		c.whole(&b.Lower)
		c.whole(&b.Upper)
		c.truth(&b.Ours)
	})
}

func act(c *coder, a *autoscaler.Act) {
	c.moment(&a.Decided)
	parallelism(c, &a.Want)
	parallelism(c, &a.From)
	words(c, &a.Phase)
	c.moment(&a.Requested)
	c.moment(&a.Ended)
	words(c, &a.Reason.Reason)
	words(c, &a.Reason.Text)
}

func parallelism(c *coder, p *scaling.Parallelism) {
	table(c, p, id[scaling.VertexID], (*coder).whole)
}

func changes(c *coder, t *tuning.Changes) {
	table(c, &t.Overrides, words[string], words[string])
	list(c, &t.Removals, words[string])
}

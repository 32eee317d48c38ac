package scaling

import (
	"errors"
	"slices"
	"time"
)

// Input is all that a decision depends on.
type Input struct {
	Config   *Config
	Topology *Topology
	// Window holds the current sample as its newest.
	Window Window
	// Full is false while the window does not span its length: then nothing is
	// decided, but everything evaluated.
	Full  bool
	State State
	// Bounds holds what is known of the user's bounds; a vertex may be missing.
	Bounds map[VertexID]Bound
	// Now is the time of the pass.
	Now time.Time
}

// Outcome is all that a decision results in.
type Outcome struct {
	// Evaluation is nil when the samples did not allow one.
	Evaluation *Evaluation
	Decision   Decision
	// Fault is why nothing could be evaluated or decided, or nil: an
	// [UnknownRateError], a [MissingVertexError], or what is wrong with an
	// extension.
	Fault error
	// State goes into the next pass. When Decision.Scale is true and the change
	// is accepted, pass it through [Executed] first.
	State State
	Notes []Note

	// trimmed is State without what is too old.
	trimmed State
}

// Decide is one pass of the algorithm (spec section 6).
func Decide(in Input) Outcome {
	d := decider{Input: in, c: in.Config}
	out := Outcome{Decision: Decision{At: in.Now}}
	out.State, out.trimmed = d.loadState()
	d.restart = restartTime(out.trimmed.Tracking, d.c)
	evaluation, err := Evaluate(in.Window, in.Topology, d.c, d.restart)
	if err != nil {
		out.Decision.Reason, out.Decision.Detail, out.Fault = ReasonUnknownRate, err.Error(), err
		if !in.Full {
			out.Decision.Reason = ReasonWindowNotFull
		}
		return out
	}
	out.Evaluation, d.evaluation = evaluation, evaluation
	if !in.Full {
		out.Decision.Reason = ReasonWindowNotFull
		return out
	}
	if reason, note, under := memoryPressure(evaluation, d.c); under {
		out.Decision.Reason, out.Notes = reason, []Note{note}
		return out
	}
	d.state = out.trimmed
	out.Decision.Vertices = d.vertices()
	out.Decision.Scale, out.Decision.Reason = d.conclude(out.Decision.Vertices)
	for i := range out.Decision.Vertices {
		out.Decision.Vertices[i].Planned = out.Decision.Vertices[i].To
	}
	out.State.Delayed, out.Notes, out.Fault = d.state.Delayed, d.notes, d.fault
	return out
}

// Executed is the state after the changes of a decision were accepted (spec
// section 6.16).
func (o *Outcome) Executed() State {
	return State{
		History:  o.trimmed.History.with(&o.Decision, o.Evaluation),
		Tracking: append(slices.Clone(o.trimmed.Tracking), RestartRecord{At: o.Decision.At}),
	}
}

// Intended is the state while nobody knows yet whether the decision, which scales,
// is carried out: its changes stand in the history, and what waits goes on
// waiting. [State.Arrived] or [State.Undone] makes up for it.
func (o *Outcome) Intended() State {
	s := o.Executed()
	s.Delayed = o.State.Delayed
	return s
}

// UnknownRate tells whether err of [Evaluate] says that data was missing.
func UnknownRate(err error) bool {
	var rate *UnknownRateError
	var vertex *MissingVertexError
	return errors.As(err, &rate) || errors.As(err, &vertex)
}

type decider struct {
	Input
	c          *Config
	evaluation *Evaluation
	restart    time.Duration
	state      State
	notes      []Note
	fault      error
}

// loadState trims what earlier passes left and fills a finished restart in. It
// gives what is to be kept too: of the history what was loaded, unless a vertex
// has gone, so that a configuration that keeps more finds what there was.
func (d *decider) loadState() (kept, trimmed State) {
	kept, trimmed = d.State, State{
		History:  d.State.History.trim(d.Now, d.c.HistoryMaxAge, d.c.HistoryMaxCount, d.Topology),
		Tracking: trimTracking(d.State.Tracking, d.Now, d.c.HistoryMaxAge, d.c.HistoryMaxCount),
		Delayed:  d.State.Delayed,
	}
	kept.History = d.c.ForgetGone(d.State.History, d.Topology, d.Now)
	if latest := d.Window.Latest(); latest != nil {
		trimmed.Tracking = observeRestart(trimmed.Tracking, trimmed.History, d.Topology, latest.RunningSince)
	}
	kept.Tracking = trimmed.Tracking
	return kept, trimmed
}

// memoryPressure keeps a job still whose memory is under pressure: what it can
// process then says little (spec section 6.10).
func memoryPressure(e *Evaluation, c *Config) (Reason, Note, bool) {
	if gc := e.Global.Latest[GCPressure]; gc > c.GCPressureThreshold {
		return ReasonGCPressure, Note{Kind: NoteGCPressure, A: gc, B: c.GCPressureThreshold}, true
	}
	if heap := e.Global.Average[HeapMaxUsageRatio]; heap > c.HeapUsageThreshold {
		return ReasonHeapUsage, Note{Kind: NoteHeapUsage, A: heap, B: c.HeapUsageThreshold}, true
	}
	return "", Note{}, false
}

func (d *decider) vertices() []VertexDecision {
	vertices := make([]VertexDecision, len(d.Topology.Vertices))
	// One array serves the guards of all vertices; a vertex seldom meets more
	// than six rules.
	guards := make([]Guard, 0, 6*len(vertices))
	most := make([]int, len(vertices))
	for i := range vertices {
		v := vertexDecider{decider: d, vertex: &d.Topology.Vertices[i], evaluation: &d.evaluation.Vertices[i], index: i}
		v.guards = guards[len(guards):len(guards):cap(guards)]
		vertices[i] = v.decide()
		vertices[i].Guards, most[i] = v.guards, v.upper
		if n := len(guards) + len(v.guards); n <= cap(guards) {
			guards = guards[:n]
		}
	}
	d.holdBehindBottleneck(vertices)
	if d.c.Slotwise {
		d.keepWithGroup(vertices, most)
	}
	return vertices
}

// holdBehindBottleneck takes scale-ups back that a vertex which cannot be
// scaled makes useless: nothing more will reach them.
func (d *decider) holdBehindBottleneck(vertices []VertexDecision) {
	if !slices.ContainsFunc(vertices, func(v VertexDecision) bool { return v.Reason == ReasonSkewed }) {
		return
	}
	for i := range vertices {
		v, load := &vertices[i], d.evaluation.Vertices[i].Load
		if v.To <= v.From || load >= d.c.UtilizationMax {
			continue
		}
		v.Guards = append(slices.Clip(v.Guards), Guard{Rule: RuleBottleneck, Before: v.To, After: v.From, Have: load, Limit: d.c.UtilizationMax, Blocked: true})
		v.To, v.Recommended, v.Reason = v.From, v.From, ReasonBehindBottleneck
	}
}

// conclude couples the vertices: one outside its bounds lets every change be
// made, so that the job restarts once and not once a vertex.
func (d *decider) conclude(vertices []VertexDecision) (scale bool, reason Reason) {
	reason = ReasonWithinBounds
	outside := false
	for i := range vertices {
		switch {
		case vertices[i].Reason == ReasonSkewed:
			reason = ReasonNotScalable
		case vertices[i].Reason == ReasonNoCapacity && reason == ReasonWithinBounds:
			reason = ReasonNoCapacity // of that vertex nobody can say so
		}
		outside = outside || (vertices[i].Changed() && vertices[i].Outside)
	}
	if !outside {
		for i := range vertices {
			hold(&vertices[i], &d.evaluation.Vertices[i])
		}
		return false, reason
	}
	return d.mayExecute()
}

// mayExecute tells whether configuration lets a decision be executed now.
func (d *decider) mayExecute() (scale bool, reason Reason) {
	switch {
	case d.fault != nil:
		return false, ReasonFault
	case !d.c.ScalingEnabled:
		return false, ReasonScalingDisabled
	}
	excluded, err := d.c.inExcludedPeriod(d.Now)
	switch {
	case err != nil:
		d.fault = err
		return false, ReasonPeriodsFault
	case excluded:
		return false, ReasonExcludedPeriod
	}
	return true, ReasonScale
}

// hold keeps the parallelism of a vertex that asks for a change only within
// its bounds.
func hold(v *VertexDecision, e *VertexEvaluation) {
	if !v.Changed() {
		return
	}
	threshold := e.ScaleUpThreshold
	if v.To < v.From {
		threshold = e.ScaleDownThreshold
	}
	v.Guards = append(slices.Clip(v.Guards), Guard{
		Rule: RuleUtilization, Before: v.To, After: v.From, Have: e.TrueProcessingRate, Limit: threshold, Blocked: true,
	})
	v.To, v.Reason = v.From, ReasonWithinBounds
}

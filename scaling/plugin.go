package scaling

import (
	"fmt"
	"slices"
	"time"
)

// Parameters are what an extension was configured with: the job's configuration,
// overlaid with what stands under the extension's own name, without its prefix.
// An extension must not change them.
type Parameters map[string]string

// Evaluator puts figures of its own in the place of evaluated ones (FLIP-514).
// It is part of the algorithm, and pure as all of it: what it returns depends on
// what it is given and on nothing else.
type Evaluator interface {
	// Evaluate is asked for each vertex, from the sources on. Of what it returns,
	// the seven figures of [VertexEvaluation] from Load to ScaleDownThreshold
	// that are not NaN count. The thresholds are not worked out anew. After an
	// error the vertex stays as it was.
	Evaluate(in EvaluatorInput) (VertexEvaluation, error)
}

// EvaluatorInput is what an [Evaluator] may look at.
type EvaluatorInput struct {
	Parameters Parameters
	// Vertex is the vertex in question, as evaluated.
	Vertex VertexEvaluation
	// Before are the vertices evaluated already, in the order of the topology.
	Before   []VertexEvaluation
	Topology *Topology
	Window   Window
	Backlog  bool
	// Restart is the restart duration that the figures allow for.
	Restart time.Duration
}

// ConfiguredEvaluator is an evaluator with its parameters.
type ConfiguredEvaluator struct {
	Name       string
	Parameters Parameters
	Evaluator  Evaluator
}

// refine lets the evaluator at one vertex.
func (e *Evaluation) refine(i int, w Window, t *Topology, c *Config) {
	ev, custom := &e.Vertices[i], c.Evaluator
	own, err := custom.Evaluator.Evaluate(EvaluatorInput{
		Parameters: custom.Parameters, Vertex: *ev, Before: slices.Clip(e.Vertices[:i]),
		Topology: t, Window: w, Backlog: e.Backlog, Restart: e.Restart,
	})
	if err != nil {
		e.Warnings = append(e.Warnings, fmt.Errorf("evaluate vertex %s by %s: %w", ev.Vertex, custom.Name, err))
		return
	}
	target := ev.TargetRate
	for _, f := range [...]struct {
		to   *float64
		from float64
	}{
		{&ev.Load, own.Load},
		{&ev.TrueProcessingRate, own.TrueProcessingRate},
		{&ev.TargetRate, own.TargetRate},
		{&ev.CatchUpRate, own.CatchUpRate},
		{&ev.Lag, own.Lag},
		{&ev.ScaleUpThreshold, own.ScaleUpThreshold},
		{&ev.ScaleDownThreshold, own.ScaleDownThreshold},
	} {
		if f.from == f.from { // not NaN
			*f.to = c.round(f.from)
		}
	}
	if ev.TargetRate != target {
		ev.PeakRate = ev.TargetRate
	}
}

// AlignmentMode fits a parallelism to something of its own. It is pure.
type AlignmentMode interface {
	// Applies tells whether the vertex is to be aligned at all; [Alignable] is
	// what the built-in modes say.
	Applies(in AlignmentInput) bool
	// Align gives the parallelism to take in place of in.Target. It is not
	// checked against the limits; less than 1 is a fault of the mode.
	Align(in AlignmentInput) int
}

// AlignmentInput is what an [AlignmentMode] may look at.
type AlignmentInput struct {
	Parameters Parameters
	Vertex     *Vertex
	Evaluation VertexEvaluation
	// Target is the parallelism wanted, within Lower and Upper.
	Target, Lower, Upper int
}

// Alignable tells whether a vertex has partitions or key groups to align to.
func Alignable(v *Vertex) bool { return v.Partitions > 0 || v.hashed() }

// ConfiguredAlignment is an alignment mode with its parameters.
type ConfiguredAlignment struct {
	Name       string
	Parameters Parameters
	Mode       AlignmentMode
}

// Executor changes what was decided, or vetoes it (FLIP-575). It is pure.
type Executor interface {
	// Priority orders the executors of a job, the lowest first.
	Priority() int
	// Apply returns the proposals to go on with; none is a veto. They are not
	// checked against limits and quotas again. A vertex that is left at its
	// parallelism is not changed; whether a decision that changes none counts as
	// a rescale is for the option sluice.custom-executors.drop-unchanged to say.
	// An error fails the pass.
	Apply(in ExecutorInput) ([]Proposal, error)
}

// Proposal is the change of one vertex before it is executed.
type Proposal struct {
	Vertex   VertexID
	From, To int
}

// ExecutorInput is what an [Executor] may look at.
type ExecutorInput struct {
	Parameters Parameters
	// Proposals are the changes so far; they may be changed in place.
	Proposals  []Proposal
	Evaluation *Evaluation
	Topology   *Topology
	Window     Window
	History    History
	Now        time.Time
}

// ConfiguredExecutor is an executor with its parameters.
type ConfiguredExecutor struct {
	Name, Class string
	Parameters  Parameters
	Executor    Executor
}

// Execute passes the changes of a decision through a chain of executors, in its
// order. vetoed is the one that left nothing, or nil.
func (o *Outcome) Execute(in Input, chain []ConfiguredExecutor) (vetoed *ConfiguredExecutor, err error) {
	if len(chain) == 0 {
		return nil, nil
	}
	proposals := o.Decision.proposals()
	for i := range chain {
		x := &chain[i]
		proposals, err = x.Executor.Apply(ExecutorInput{
			Parameters: x.Parameters, Proposals: proposals, Evaluation: o.Evaluation,
			Topology: in.Topology, Window: in.Window, History: in.State.History, Now: in.Now,
		})
		if err != nil {
			return nil, fmt.Errorf("apply custom executor %s: %w", x.Name, err)
		}
		if len(proposals) == 0 {
			return x, nil
		}
	}
	o.Decision.take(proposals)
	return nil, nil
}

func (d *Decision) proposals() []Proposal {
	var all []Proposal
	for i := range d.Vertices {
		if v := &d.Vertices[i]; v.Changed() {
			all = append(all, Proposal{Vertex: v.Vertex, From: v.From, To: v.To})
		}
	}
	return all
}

// take puts what the executors left in the place of what was decided.
func (d *Decision) take(proposals []Proposal) {
	for i := range d.Vertices {
		v := &d.Vertices[i]
		to := v.From
		for _, p := range proposals {
			if p.Vertex == v.Vertex {
				to = p.To
			}
		}
		if to == v.To {
			continue
		}
		v.Guards = append(slices.Clip(v.Guards), Guard{Rule: RuleExecutors, Before: v.To, After: to, Have: float64(v.To), Limit: float64(to), Blocked: to == v.From})
		v.To = to
	}
}

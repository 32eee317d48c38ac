package vectors

import (
	"errors"
	"strconv"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// extensions are the classes that scenarios name.
var extensions = autoscaler.Extensions{
	Evaluators: map[string]scaling.Evaluator{
		"testplugins.Plugins$TprFactor": tprFactor{},
		"testplugins.Plugins$Failing":   failing{},
	},
	Executors: map[string]scaling.Executor{
		"testplugins.Plugins$Veto": veto{},
		"testplugins.Plugins$Cap":  limit{},
	},
	Alignments: map[string]scaling.AlignmentMode{
		"testplugins.Plugins$RoundUp": roundUp{},
	},
}

// tprFactor multiplies the true processing rate.
type tprFactor struct{}

func (tprFactor) Evaluate(in scaling.EvaluatorInput) (scaling.VertexEvaluation, error) {
	factor, err := strconv.ParseFloat(in.Parameters["factor"], 64)
	if err != nil {
		return scaling.VertexEvaluation{}, err
	}
	own := in.Vertex
	own.TrueProcessingRate *= factor
	return own, nil
}

type failing struct{}

func (failing) Evaluate(scaling.EvaluatorInput) (scaling.VertexEvaluation, error) {
	return scaling.VertexEvaluation{}, errors.New("this one always fails")
}

// veto lets nothing through where it is told so.
type veto struct{}

func (veto) Priority() int { return 10 }

func (veto) Apply(in scaling.ExecutorInput) ([]scaling.Proposal, error) {
	if in.Parameters["veto"] == "true" {
		return nil, nil
	}
	return in.Proposals, nil
}

// limit lets no vertex above a number.
type limit struct{}

func (limit) Priority() int { return -5 }

func (limit) Apply(in scaling.ExecutorInput) ([]scaling.Proposal, error) {
	most, err := strconv.Atoi(in.Parameters["cap"])
	if err != nil {
		return nil, err
	}
	var left []scaling.Proposal
	for _, p := range in.Proposals {
		if p.To = min(p.To, most); p.To != p.From {
			left = append(left, p)
		}
	}
	return left, nil
}

// roundUp aligns every vertex to multiples.
type roundUp struct{}

func (roundUp) Applies(scaling.AlignmentInput) bool { return true }

func (roundUp) Align(in scaling.AlignmentInput) int {
	multiple, err := strconv.Atoi(in.Parameters["multiple"])
	if err != nil {
		return 0
	}
	return (in.Target + multiple - 1) / multiple * multiple
}

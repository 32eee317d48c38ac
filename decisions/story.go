package decisions

import (
	"strings"

	"github.com/sluice-project/sluice/scaling"
)

// Story is how the decision about one vertex came about, for a picture of it: what
// was measured, and what each rule made of the parallelism.
type Story struct {
	Vertex string `json:"vertex"`
	Name   string `json:"name"`
	// Figures is what was measured, in a line.
	Figures string `json:"figures"`
	// Measured is how what the vertex can do was worked out, and what it should be
	// able to do.
	Measured []string `json:"measured"`
	// Steps are the rules that had a say, in their order.
	Steps []Step `json:"steps"`
	// Verdict is why it comes to that; empty where the steps say so.
	Verdict string `json:"verdict,omitempty"`
	From    int    `json:"from"`
	To      int    `json:"to"`
}

// Step is what one rule made of a vertex's parallelism.
type Step struct {
	Rule   string `json:"rule"`
	Before int    `json:"before"`
	After  int    `json:"after"`
	// Blocked is true where the rule took the change back.
	Blocked bool `json:"blocked,omitempty"`
	// Text says it in a sentence, with its numbers.
	Text string `json:"text"`
}

// Stories tells of every vertex of the entry.
func (e *Entry) Stories() []Story {
	stories := make([]Story, len(e.Vertices))
	for i := range e.Vertices {
		stories[i] = e.story(&e.Vertices[i])
	}
	return stories
}

func (e *Entry) story(v *Vertex) Story {
	if e.ByHand != nil {
		return e.storyByHand(v)
	}
	s := Story{Vertex: v.ID, Name: v.Name, Figures: figures(v), Measured: append([]string{}, measured(v)...), Steps: []Step{}, From: v.From, To: v.To}
	if v.OutOfBounds {
		s.Measured = append(s.Measured, "out of bounds: it should be able to do "+between(v.ScaleUpBelow, v.ScaleDownAbove))
	}
	for _, g := range v.Guards {
		text := sentence(e, v, g)
		if scaling.Rule(g.Rule) == scaling.RuleDemand {
			text = need(e, v, g) + "; " + text
		}
		if g.Before != g.After || g.Blocked || scaling.Rule(g.Rule) == scaling.RuleDemand {
			s.Steps = append(s.Steps, Step{g.Rule, g.Before, g.After, g.Blocked, strings.TrimSpace(text)})
		}
	}
	if _, spoken := ruleLines(e, v, false); !spoken {
		s.Verdict = vertexReasons[scaling.Reason(v.Reason)]
	}
	return s
}

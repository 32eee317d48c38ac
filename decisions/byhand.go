package decisions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// ReasonByHand is the reason of an entry that a person, and no pass, came to.
const ReasonByHand = "by-hand"

// ByHand is what a person set.
type ByHand struct {
	// By is who did.
	By string `json:"by"`
	// Bounds are those that changed.
	Bounds []SetBounds `json:"bounds"`
}

// SetBounds are the bounds of a vertex's parallelism, before and after a person set
// them.
type SetBounds struct {
	Vertex string `json:"vertex"`
	Name   string `json:"name"`
	Before Bounds `json:"before"`
	After  Bounds `json:"after"`
}

// Bounds are those of a parallelism, each at least 1.
type Bounds struct {
	Lower int `json:"lower"`
	Upper int `json:"upper"`
}

// HandRecorder keeps what people set among the decisions, so that the history of a
// job has all its rescales. The recorders of decisions are such recorders too.
type HandRecorder interface {
	// RecordByHand keeps an entry that [NewByHand] made.
	RecordByHand(ctx context.Context, key autoscaler.JobKey, e Entry) error
}

// NewByHand makes an entry of what a person did with a job: by set the bounds of the
// vertices, which have no figures, then. More, such as who holds the job from then on,
// is told with it; it may be empty.
func NewByHand(key autoscaler.JobKey, name string, at time.Time, by, more string, vertices []Vertex, bounds []SetBounds) Entry {
	e := Entry{
		Time: at.UTC(), Cluster: key.Cluster, Job: string(key.Job), Name: name, Scope: autoscaler.ScopeScale.String(),
		Action: ActionScale, Reason: ReasonByHand, ByHand: &ByHand{By: by, Bounds: bounds}, Vertices: []Vertex{},
	}
	for _, v := range vertices {
		e.Vertices = append(e.Vertices, Vertex{
			ID: v.ID, Name: v.Name, From: v.From, To: v.To, Recommended: v.To, MaxParallelism: v.MaxParallelism, Reason: ReasonByHand,
			Busy: Unknown, InputRate: Unknown, TargetRate: Unknown, PeakRate: Unknown, CatchUpRate: Unknown, Lag: Unknown,
			TrueProcessingRate: Unknown, ExpectedRate: Unknown, ScaleUpBelow: Unknown, ScaleDownAbove: Unknown,
		})
	}
	e.Detail = "bounds set by " + e.ByHand.text()
	if more != "" {
		e.Detail += "; " + more
	}
	return e
}

// text says who set what.
func (h *ByHand) text() string {
	var changes []string
	for _, b := range h.Bounds {
		changes = append(changes, b.Name+" "+b.text())
	}
	return h.By + ": " + strings.Join(changes, "; ")
}

func (b *SetBounds) text() string {
	return fmt.Sprintf("%d:%d -> %d:%d", b.Before.Lower, b.Before.Upper, b.After.Lower, b.After.Upper)
}

// writeByHand writes the bounds that were set, a line for each vertex.
func writeByHand(b *strings.Builder, e *Entry) {
	for i := range e.ByHand.Bounds {
		set := &e.ByHand.Bounds[i]
		fmt.Fprintf(b, "  %-*s %-12s %s\n", nameWidth, shorten(set.Name, nameWidth), e.ranAt(set.Vertex), "bounds "+set.text())
	}
}

// ranAt says at how many subtasks a vertex ran.
func (e *Entry) ranAt(vertex string) string {
	for i := range e.Vertices {
		if v := &e.Vertices[i]; v.ID == vertex {
			return fmt.Sprintf("%d", v.From)
		}
	}
	return ""
}

// rescaledByHand says in a line which bounds were set, and by whom.
func rescaledByHand(e *Entry) string {
	var parts []string
	for i := range e.ByHand.Bounds {
		set := &e.ByHand.Bounds[i]
		parts = append(parts, shorten(set.Name, nameWidth)+" "+set.text())
	}
	if n := len(parts) - mostRescaled; n > 0 {
		parts = append(parts[:mostRescaled], fmt.Sprintf("and %d more; --all shows them", n))
	}
	return "by hand of " + e.ByHand.By + ": bounds " + strings.Join(parts, "; ")
}

func (e *Entry) storyByHand(v *Vertex) Story {
	s := Story{Vertex: v.ID, Name: v.Name, Figures: "its bounds stay", Measured: []string{}, Steps: []Step{}, From: v.From, To: v.To}
	for i := range e.ByHand.Bounds {
		if set := &e.ByHand.Bounds[i]; set.Vertex == v.ID {
			s.Figures = "bounds " + set.text() + ", set by " + e.ByHand.By
		}
	}
	return s
}

package fleet

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-project/sluice/decisions"
)

// Brief is a decision in a few words.
type Brief struct {
	// ID is its number; 0 where there is no decision.
	ID uint64
	At time.Time
	// Scale is true where another parallelism was decided.
	Scale bool
	// Up is true where a vertex is to have more subtasks, Down where one is to have fewer.
	Up, Down bool
	// Text is what changes, else the reason for changing nothing.
	Text string
}

// briefChanges is how many vertices a brief names.
const briefChanges = 3

func briefOf(e *decisions.Entry, id uint64) Brief {
	b := Brief{ID: id, At: e.Time, Scale: e.Action == decisions.ActionScale}
	var changes []string
	for i := range e.Vertices {
		if v := &e.Vertices[i]; b.Scale && v.From != v.To {
			changes = append(changes, fmt.Sprintf("%d → %d %s", v.From, v.To, v.Name))
			b.Up, b.Down = b.Up || v.To > v.From, b.Down || v.To < v.From
		}
	}
	if more := len(changes) - briefChanges; more > 0 {
		changes = append(changes[:briefChanges], fmt.Sprintf("%d more", more))
	}
	b.Text = bounded(strings.Join(changes, ", "))
	if e.ByHand != nil && b.Text != "" {
		b.Text = bounded(b.Text + ", by hand of " + e.ByHand.By)
	}
	if b.Text == "" {
		b.Text = strings.ReplaceAll(e.Reason, "-", " ")
	}
	return b
}

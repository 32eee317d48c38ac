package docs

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
)

// The worked example of algorithm.md: the vertex that does the work of the
// recorded job, at these times.
const (
	exampleVertex = "work"
	pictureTime   = "05:43:31"
)

var exampleTimes = []string{"05:42:36", pictureTime, "05:44:01", "05:44:16", "05:44:36", "05:45:21", "05:45:41"}

// figures are those of one vertex at one time.
type figures struct {
	entry  decisions.Entry
	vertex decisions.Vertex
}

func exampleOf(t *testing.T, entries []decisions.Entry, clock string) figures {
	t.Helper()
	for _, e := range entries {
		if e.Time.Format(time.TimeOnly) != clock {
			continue
		}
		for _, v := range e.Vertices {
			if v.Name == exampleVertex {
				return figures{e, v}
			}
		}
	}
	t.Fatalf("no decision about %s at %s", exampleVertex, clock)
	return figures{}
}

// guard is what a rule did, if it had a say.
func (f figures) guard(rule scaling.Rule) (decisions.Guard, bool) {
	for _, g := range f.vertex.Guards {
		if g.Rule == string(rule) {
			return g, true
		}
	}
	return decisions.Guard{}, false
}

func TestTheWorkedExampleIsWhatIsDecided(t *testing.T) {
	config, entries := replay(t)
	var b strings.Builder
	b.WriteString("| time | has to do | busy | can do | bounds | needed | subtasks | so |\n|---|---|---|---|---|---|---|---|\n")
	for _, clock := range exampleTimes {
		f := exampleOf(t, entries, clock)
		f.checkFormulas(t, config)
		f.writeRow(&b)
	}
	page := string(must(os.ReadFile("algorithm.md"))(t))
	hold(t, "algorithm.md", between(t, page, "worked example", b.String()))
}

func (f figures) writeRow(b *strings.Builder) {
	v := f.vertex
	has := rate(v.TargetRate)
	if math.Round(float64(v.PeakRate)) != math.Round(float64(v.TargetRate)) {
		has += ", newest " + rate(v.PeakRate)
	}
	bounds := fmt.Sprintf("%.0f to %s", float64(v.ScaleUpBelow), rate(v.ScaleDownAbove))
	needed, subtasks := "", ""
	if demand, judged := f.guard(scaling.RuleDemand); judged {
		needed = rate(demand.Limit)
		subtasks = fmt.Sprintf("%d × %.0f / %.0f = %.2f → %d", v.From, float64(demand.Limit), float64(demand.Have),
			float64(v.From)*float64(demand.Limit)/float64(demand.Have), demand.After)
	}
	if step, bounded := f.guard(scaling.RuleStep); bounded && step.Before != step.After {
		subtasks += fmt.Sprintf("; one step at most: %d × %s = %.1f → %d", v.From, step.Limit, float64(v.From)*float64(step.Limit), step.After)
	}
	fmt.Fprintf(b, "| %s | %s | %.0f %% | %s | %s | %s | %s | %s |\n",
		f.entry.Time.Format(time.TimeOnly), has, 100*float64(v.Busy), rate(v.TrueProcessingRate), bounds, needed, subtasks, f.verdict())
}

// verdict is the last column: what is done.
func (f figures) verdict() string {
	v := f.vertex
	delay, delayed := f.guard(scaling.RuleDelay)
	switch {
	case f.entry.Action == decisions.ActionScale && v.From != v.To:
		return fmt.Sprintf("**%d → %d**", v.From, v.To)
	case delayed && delay.Blocked:
		return fmt.Sprintf("%d wanted; waits until %s", v.Recommended, time.UnixMilli(int64(delay.Limit)).UTC().Format(time.TimeOnly))
	case f.entry.WindowFullAt != nil:
		return "no decision: the window is full at " + f.entry.WindowFullAt.Format(time.TimeOnly)
	case !v.OutOfBounds:
		return "within bounds"
	}
	return "no change"
}

func rate(f decisions.Figure) string { return fmt.Sprintf("%.0f/s", float64(f)) }

// checkFormulas works the figures out anew by the formulas of the page.
func (f figures) checkFormulas(t *testing.T, config options.Config) {
	t.Helper()
	v, o := f.vertex, readExampleOptions(t, config)
	target, peak, catchUp := float64(v.TargetRate), float64(v.PeakRate), float64(v.CatchUpRate)
	near := func(what string, got decisions.Figure, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 1+want/200 { // the busy share has three decimals
			t.Errorf("%s: %s is %v, by the formula %v", f.entry.Time.Format(time.TimeOnly), what, got, want)
		}
	}
	near("the true processing rate", v.TrueProcessingRate, float64(v.InputRate)/float64(v.Busy))
	near("the upper bound", v.ScaleUpBelow, target/o.max+catchUp)
	near("the lower bound", v.ScaleDownAbove, target/o.min+catchUp+target*o.restart)
	demand, judged := f.guard(scaling.RuleDemand)
	if !judged {
		return
	}
	near("the need", demand.Limit, math.Max(peak/o.target, (peak+catchUp+peak*o.restart)/o.max))
	if want := int(math.Ceil(float64(v.From) * float64(demand.Limit) / float64(demand.Have))); demand.After != want {
		t.Errorf("%d subtasks by demand, by the formula %d", demand.After, want)
	}
}

// exampleOptions are the options that the formulas use; restart is restart.time
// over catch-up.duration.
type exampleOptions struct{ target, min, max, restart float64 }

func readExampleOptions(t *testing.T, config options.Config) exampleOptions {
	t.Helper()
	r := options.NewReader(config)
	target, boundary := options.Read(r, options.UtilizationTarget), options.Read(r, options.UtilizationBoundary)
	restart, catchUp := options.Read(r, options.RestartTime), options.Read(r, options.CatchUpDuration)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return exampleOptions{target, target - boundary, target + boundary, restart.Seconds() / catchUp.Seconds()}
}

package schedulerlab

import (
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/scheduler/script"
)

// Comparison is a recorded real run of an experiment held against ours.
type Comparison struct {
	Script *script.Script
	Real   *script.Run
	Rows   []script.Row
}

const pageHead = `# Flink's schedulers, real and ours

Written by ` + "`go test ./internal/schedulerlab -run Page -update`" + ` from recorded runs of the [experiments](../../scheduler/script/testdata/experiments) on real Flink, one run an experiment and version.

What ours gets from the recording: the actions and when they took effect; when a JobMaster began, when it first heard of a TaskManager's slots, and when heartbeats were sent to one that froze; how long graphs took to build, tasks to run and, up to 0.6 s, to be cancelled; the checkpoints; the lot that was drawn for each backoff, within Flink's tenth. So those times agree because they were given, and a row says nothing about them. What is ours: every state and phase and their order, parallelisms, slots, attempts, answers, records, and the times that Flink's options set. A test changes eighteen of these options, one at a time, by 1 s of a long time-out and by more of others, and sees to it that each change shows as a row that disagrees.

Transitions, records and exceptions agree when they are the same in the same order, each within %s of the other; what polling of the REST interface shows, within %s, and slots that change hands for less than %s are left out. Times of transitions count from the action that stands beside them.

The recordings are from a machine of two cores that was busy with other work, more or less. Experiments were recorded anew where its load, or a fault of the script, showed. Of the first runs, those that can still be replayed had the same order of events, and 30 of 547 rows disagreed: times up to 4 s apart, and a metric that was read late.

`

// Page is the comparison for a reader: a summary, then every experiment with what disagrees standing out.
func Page(all []Comparison) string {
	var b strings.Builder
	t := script.DefaultTolerances
	fmt.Fprintf(&b, pageHead, t.Timer, t.Seen, t.Settled)
	b.WriteString("| experiment | Flink | observables | agree |\n|---|---|---|---|\n")
	rows, agree := 0, 0
	for _, c := range all {
		good := agreeing(c.Rows)
		rows, agree = rows+len(c.Rows), agree+good
		fmt.Fprintf(&b, "| [%s](#%s-%s) | %s | %d | %s |\n", c.Script.Name, c.Script.Name, anchor(c.Real.Flink), c.Real.Flink, len(c.Rows), verdict(good, len(c.Rows)))
	}
	fmt.Fprintf(&b, "| all | | %d | %s |\n", rows, verdict(agree, rows))
	for _, c := range all {
		section(&b, c)
	}
	return b.String()
}

func agreeing(rows []script.Row) int {
	n := 0
	for _, r := range rows {
		if r.Agrees {
			n++
		}
	}
	return n
}

func verdict(agree, of int) string {
	if agree == of {
		return "all"
	}
	return fmt.Sprintf("**all but %d**", of-agree)
}

func anchor(version string) string { return strings.ReplaceAll(version, ".", "") }

func section(b *strings.Builder, c Comparison) {
	fmt.Fprintf(b, "\n## %s %s\n\n| after | observable | real | ours | agrees |\n|---|---|---|---|---|\n", c.Script.Name, c.Real.Flink)
	for _, r := range c.Rows {
		agrees, ours := "yes", r.Ours
		if !r.Agrees {
			agrees = "**no**"
		}
		if r.Real == r.Ours {
			ours = "the same"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell(r.After), r.Observable, cell(r.Real), cell(ours), agrees)
	}
}

// cellLength keeps bodies of refusals from filling the page.
const cellLength = 600

func cell(text string) string {
	if len(text) > cellLength {
		text = strings.ToValidUTF8(text[:cellLength], "") + " …"
	}
	text = strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "*", `\*`).Replace(text)
	if text == "" {
		return "none"
	}
	return text
}

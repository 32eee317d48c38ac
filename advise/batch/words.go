package batch

import (
	"fmt"
	"strings"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
)

// words says a reason with volumes that a person can read.
func words(r scheduler.Reason, pinned bool) string {
	if pinned {
		return fmt.Sprintf("it had %d, which the rules do not give: the program sets it", r.To)
	}
	switch r.Rule {
	case scheduler.RuleVolume:
		return fmt.Sprintf("%s at %s a task make %d", amount(float64(r.Bytes)), amount(float64(r.PerTask)), r.To)
	case scheduler.RuleEvenData:
		return fmt.Sprintf("%s put together up to %s make %d", plural(r.Pieces, "subpartition"), amount(float64(r.PerTask)), r.To)
	case scheduler.RuleEvenSubpartitions:
		return fmt.Sprintf("the subpartitions are shared out evenly to %s, whatever they hold", plural(r.To, "task"))
	}
	return r.String()
}

// rule is what gave the parallelism in short: the first reason, the bound that
// changed it, and what came out where that is another number.
func rule(first string, why []scheduler.Reason, parallelism int) string {
	text, so := first, why[0].To
	for _, r := range why[1:] {
		switch r.Rule {
		case scheduler.RuleMinimum:
			so = max(so, r.To)
			text += fmt.Sprintf(", at least %d", r.To)
		case scheduler.RuleMaximum, scheduler.RuleVertexMaximum:
			so = min(so, r.To)
			text += fmt.Sprintf(", at most %d", r.To)
		}
	}
	if so != parallelism {
		text += fmt.Sprintf(", shared out evenly %d", parallelism)
	}
	return text
}

// notes are what a reader should know.
func notes(s *shape) []string {
	all := []string{}
	say := func(text string, args ...any) { all = append(all, fmt.Sprintf(text, args...)) }
	if s.run.Settings == nil {
		say("the configuration of this run is not shown: Flink's defaults are assumed")
	}
	if !s.decided {
		why := fmt.Sprintf("%s is %q", KeyScheduler, s.run.Settings[KeyScheduler])
		if !s.present.AutoParallelism {
			why = keyPrefix + "enabled is false"
		}
		say("parallelism was not decided from the volume of data (%s): each vertex had that of the job", why)
	}
	var off []string
	for i := range s.run.Vertices {
		if s.pinned[i] > 0 {
			off = append(off, s.run.Vertices[i].Name)
		}
	}
	if len(off) > 0 {
		say("taken as set by the program, since the rules give another parallelism: %s", strings.Join(off, ", "))
	}
	return all
}

package batch

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Rule names what a decision went by.
type Rule string

// The rules that give the parallelism, of which one stands first in a decision.
const (
	// RuleFixed: the vertex is configured with a parallelism.
	RuleFixed Rule = "fixed"
	// RuleForwardGroup: a vertex that is connected by forward edges has it.
	RuleForwardGroup Rule = "forward-group"
	// RuleSourceInferred: the source says how many tasks it has work for.
	RuleSourceInferred Rule = "source-inferred"
	// RuleDefaultSource: a source that says nothing.
	RuleDefaultSource Rule = "default-source"
	// RuleNoVolume: all inputs are broadcast, and those do not count.
	RuleNoVolume Rule = "no-volume"
	// RuleVolume: so many tasks read the average volume each.
	RuleVolume Rule = "volume"
)

// The rules that change it, or say how the input is divided.
const (
	// RuleSubpartitions: a task may read so many subpartitions only (1.20).
	RuleSubpartitions Rule = "subpartitions"
	// RuleMinimum and RuleMaximum: the bounds.
	RuleMinimum Rule = "minimum"
	RuleMaximum Rule = "maximum"
	// RuleVertexMaximum: the maximum parallelism of the vertex, its number of key
	// groups, is below the bounds.
	RuleVertexMaximum Rule = "vertex-maximum"
	// RuleEvenData: neighbouring pieces are put together up to the average volume.
	RuleEvenData Rule = "even-data"
	// RuleSmaller and RuleLarger: another volume per task was searched, since the
	// average gives too few or too many tasks.
	RuleSmaller Rule = "smaller-volume"
	RuleLarger  Rule = "larger-volume"
	// RuleSplit: skewed subpartitions were cut between partitions (2.3).
	RuleSplit Rule = "skew-split"
	// RuleEvenPieces: as many pieces for each task, since no volume per task gives
	// a legal number of tasks (2.3).
	RuleEvenPieces Rule = "even-pieces"
	// RuleEvenSubpartitions: as many subpartitions for each task.
	RuleEvenSubpartitions Rule = "even-subpartitions"
)

// Reason is one step of a decision: a rule and its numbers. Those that the rule
// has no use for are 0.
type Reason struct {
	Rule Rule
	// Input names the input it is about; "" is all that count.
	Input string
	// Bytes are those that count, PerTask those a task should read.
	Bytes, PerTask int64
	// Pieces are what was distributed, or what was cut.
	Pieces int
	// From is the parallelism, or the bound, before the rule, To that after it.
	From, To int
}

// String is the step as a sentence without a full stop.
func (r Reason) String() string {
	text := r.text()
	if r.Input != "" {
		return "input " + r.Input + ": " + text
	}
	return text
}

func (r Reason) text() string {
	switch r.Rule {
	case RuleFixed:
		return fmt.Sprintf("the parallelism %d is configured", r.To)
	case RuleForwardGroup:
		return fmt.Sprintf("parallelism %d as the other vertices of its forward group", r.To)
	case RuleSourceInferred:
		return fmt.Sprintf("the source has work for %d tasks", r.To)
	case RuleDefaultSource:
		return fmt.Sprintf("the source says no parallelism, by default it gets %d", r.To)
	case RuleNoVolume:
		return fmt.Sprintf("all inputs are broadcast and do not count: the least parallelism %d", r.To)
	case RuleVolume:
		return fmt.Sprintf("%d bytes at %d a task make %d tasks", r.Bytes, r.PerTask, r.To)
	case RuleSubpartitions:
		return fmt.Sprintf("%d subpartitions at %d a task at most: %d tasks instead of %d", r.Pieces, mostSubpartitions, r.To, r.From)
	default:
		return r.more()
	}
}

func (r Reason) more() string {
	switch r.Rule {
	case RuleMinimum:
		return fmt.Sprintf("%d is below the least parallelism %d", r.From, r.To)
	case RuleMaximum:
		return fmt.Sprintf("%d is above the largest parallelism %d", r.From, r.To)
	case RuleVertexMaximum:
		return fmt.Sprintf("the maximum parallelism %d of the vertex is below the bound %d", r.To, r.From)
	case RuleEvenData:
		return fmt.Sprintf("%d neighbouring pieces put together up to %d bytes make %d tasks", r.Pieces, r.PerTask, r.To)
	case RuleSmaller:
		return fmt.Sprintf("%d tasks are too few: up to %d bytes a task make %d", r.From, r.PerTask, r.To)
	case RuleLarger:
		return fmt.Sprintf("%d tasks are too many: up to %d bytes a task make %d", r.From, r.PerTask, r.To)
	case RuleSplit:
		return fmt.Sprintf("%d skewed subpartitions, over %d bytes each, are cut into %d pieces", r.From, r.Bytes, r.Pieces)
	case RuleEvenPieces:
		return fmt.Sprintf("no volume per task gives a legal number of tasks: %d pieces evenly to %d tasks", r.Pieces, r.To)
	case RuleEvenSubpartitions:
		return fmt.Sprintf("the subpartitions are shared out evenly among %d tasks, whatever they hold", r.To)
	default:
		return string(r.Rule)
	}
}

// mostSubpartitions is how many subpartitions a task of 1.20 reads at most.
const mostSubpartitions = slots.MaxParallelismLimit

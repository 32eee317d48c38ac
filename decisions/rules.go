package decisions

import (
	"fmt"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// sentence says what a rule did to a vertex, with its numbers; at is the time of
// the decision.
func sentence(g Guard, at time.Time) string {
	change := fmt.Sprintf("%d -> %d", g.Before, g.After)
	if g.Blocked {
		return obstacle(g, at)
	}
	switch scaling.Rule(g.Rule) {
	case scaling.RuleDemand:
		return fmt.Sprintf("%s: %s needed to stay at the target utilization, backlog and a restart included", change, rate(g.Limit))
	case scaling.RuleStep:
		return fmt.Sprintf("%s: one step may change it by a factor of %s, not %s", change, g.Limit, g.Have)
	case scaling.RuleLimits:
		return fmt.Sprintf("%s: it may have %s to %s subtasks", change, g.Have, g.Limit)
	case scaling.RuleFloor:
		return fmt.Sprintf("%s: the job's user set a lower bound of %s", change, g.Limit)
	case scaling.RulePartitions:
		return fmt.Sprintf("%s: the source has %s partitions", change, g.Limit)
	case scaling.RuleAlignment:
		return fmt.Sprintf("%s: spreads %s key groups or partitions more evenly", change, g.Limit)
	case scaling.RuleSkew:
		return fmt.Sprintf("%s: skewed: %s stay on one subtask that can do %s", change, rate(g.Have), rate(g.Limit))
	case scaling.RuleDelay:
		return fmt.Sprintf("%s: the highest wish of the scale-down interval counts, that of %s", change, millis(g.Have, at))
	}
	return change + ": " + g.Rule
}

// obstacle says why a rule stopped the change.
func obstacle(g Guard, at time.Time) string {
	switch scaling.Rule(g.Rule) {
	case scaling.RuleSkew:
		return fmt.Sprintf("skewed, not scalable: %s stay on one subtask that can do %s", rate(g.Have), rate(g.Limit))
	case scaling.RuleSaturation:
		return fmt.Sprintf("not shrunk to %d: it, or what it feeds, is %s busy (FLINK-38538)", g.Before, g.Have.percent())
	case scaling.RuleEffect:
		return fmt.Sprintf("not scaled to %d: the last scale-up brought %s, not the %s expected", g.Before, rate(g.Have), rate(g.Limit))
	case scaling.RuleBottleneck:
		return fmt.Sprintf("not scaled to %d: a vertex that cannot be scaled holds the job back", g.Before)
	case scaling.RuleUtilization:
		return fmt.Sprintf("not scaled to %d: %s lies within its bounds (the bound is %s), and so does every other vertex", g.Before, rate(g.Have), rate(g.Limit))
	case scaling.RuleDelay:
		return fmt.Sprintf("scale-down to %d waits until %s", g.Before, millis(g.Limit, at))
	}
	return fmt.Sprintf("not scaled to %d: %s", g.Before, g.Rule)
}

func millis(f Figure, near time.Time) string { return moment(time.UnixMilli(int64(f)), near) }

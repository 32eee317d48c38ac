package decisions

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// saying puts into words what a rule did to a vertex of an entry:
// shaped where the rule changed the number, stopped where it took the change
// back. Either is nil for a rule that does not do that.
type saying struct{ shaped, stopped phrase }

type phrase func(e *Entry, v *Vertex, g Guard) string

var rules = map[scaling.Rule]saying{
	scaling.RuleDemand:      {shaped: demanded},
	scaling.RuleScalability: {shaped: scalability},
	scaling.RuleSkew:        {shaped: skewed, stopped: skewedForGood},
	scaling.RuleStep:        {shaped: step},
	scaling.RuleLimits: {shaped: func(_ *Entry, v *Vertex, g Guard) string {
		return fmt.Sprintf("it may have %s to %s subtasks (job.autoscaler.vertex.min-parallelism and max-parallelism; Flink allows %d)", g.Have, g.Limit, v.MaxParallelism)
	}},
	scaling.RuleFloor: {shaped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("the job's user set a lower bound of %s", g.Limit)
	}},
	scaling.RulePartitions: {shaped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("the source has %s partitions", g.Limit)
	}},
	scaling.RuleAlignment:  {shaped: aligned},
	scaling.RuleSaturation: {stopped: saturated},
	scaling.RuleEffect: {stopped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("not scaled to %d: the last scale-up brought %s, not the %s expected", g.Before, rate(g.Have), rate(g.Limit))
	}},
	scaling.RuleDelay: {shaped: func(e *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("the highest wish of the scale-down interval counts, that of %s", millis(g.Have, e.Time))
	}, stopped: func(e *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("scale-down to %d waits until %s: it was first wished for at %s (job.autoscaler.scale-down.interval)", g.Before, millis(g.Limit, e.Time), millis(g.Have, e.Time))
	}},
	scaling.RuleBottleneck: {stopped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("not scaled to %d: it is only %s busy, and a vertex that cannot be scaled lets no more reach it", g.Before, g.Have.percent())
	}},
	scaling.RuleGroup: {shaped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("fewer would free no slot, another vertex of its slot sharing group has %s subtasks (sluice.scale-down.slotwise)", g.Limit)
	}, stopped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("not scaled to %d: that would free no slot, another vertex of its slot sharing group has %s subtasks (sluice.scale-down.slotwise)", g.Before, g.Limit)
	}},
	scaling.RuleUtilization: {stopped: withinBounds},
	scaling.RuleExecutors: {shaped: func(*Entry, *Vertex, Guard) string {
		return "a custom executor changed it"
	}, stopped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("not scaled to %d: a custom executor took the change back", g.Before)
	}},
	scaling.RuleQuota: {shaped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("the job would need %s TaskManagers, and the quota allows %s (job.autoscaler.quota.cpu and memory)", g.Have, g.Limit)
	}, stopped: func(_ *Entry, _ *Vertex, g Guard) string {
		return fmt.Sprintf("not scaled to %d: the job would need %s TaskManagers, and the quota allows %s (job.autoscaler.quota.cpu and memory)", g.Before, g.Have, g.Limit)
	}},
}

// sentence says what a rule did to a vertex, with its numbers. A rule of a later
// version is called by its name.
func sentence(e *Entry, v *Vertex, g Guard) string {
	say := rules[scaling.Rule(g.Rule)]
	switch {
	case g.Blocked && say.stopped != nil:
		return say.stopped(e, v, g)
	case g.Blocked:
		return fmt.Sprintf("not scaled to %d: %s", g.Before, g.Rule)
	case say.shaped != nil:
		return change(g) + ": " + say.shaped(e, v, g)
	}
	return change(g) + ": " + g.Rule
}

func change(g Guard) string {
	if g.Before == g.After {
		return subtasks(g.After)
	}
	return subtasks(g.Before) + " -> " + subtasks(g.After)
}

// subtasks is a parallelism; the highest number stands for no limit.
func subtasks(n int) string {
	if n == math.MaxInt32 {
		return textUnlimited
	}
	return strconv.Itoa(n)
}

// demanded is the division behind a parallelism: what is needed by what a subtask
// can do.
func demanded(_ *Entry, v *Vertex, g Guard) string {
	each := g.Have / Figure(v.From)
	if !finite(g.Limit) || !finite(each) || each == 0 {
		return fmt.Sprintf("%s needed, and a subtask can do %s", rate(g.Limit), rate(each))
	}
	return fmt.Sprintf("%s/s at %s/s a subtask is %s", g.Limit.exact(), each.exact(), roundedUp(factor(g)*Figure(v.From), g.After))
}

// factor is by how much the rule of demand would multiply the parallelism. As in
// the algorithm it comes first, lest a last digit decides otherwise here.
func factor(g Guard) Figure { return g.Limit / g.Have }

func scalability(_ *Entry, v *Vertex, g Guard) string {
	text := fmt.Sprintf("another subtask was seen to bring only %s of its share (job.autoscaler.observed-scalability.enabled)", g.Have.percent())
	i := slices.IndexFunc(v.Guards, func(g Guard) bool { return scaling.Rule(g.Rule) == scaling.RuleDemand })
	if i < 0 || !finite(factor(v.Guards[i])) || g.Have <= 0 {
		return text
	}
	wanted, p := factor(v.Guards[i]), Figure(v.From)
	return fmt.Sprintf("%s: %s / %s is %s", text, quotient(wanted*p, g.Before), g.Have.exact(), roundedUp(wanted/g.Have*p, g.After))
}

func step(_ *Entry, v *Vertex, g Guard) string {
	option := "scale-up.max-factor"
	if g.Limit < 1 {
		option = "scale-down.max-factor"
	}
	return fmt.Sprintf("one step may change it by a factor of %s, not %s (job.autoscaler.%s): %d x %s is %s",
		g.Limit.exact(), g.Have, option, v.From, g.Limit.exact(), roundedUp(g.Limit*Figure(v.From), g.After))
}

func skewed(_ *Entry, v *Vertex, g Guard) string {
	return fmt.Sprintf("skewed%s: %s stay on one subtask that can do %s, and its part of the rest has to fit beside them", share(v), rate(g.Have), rate(g.Limit))
}

func skewedForGood(_ *Entry, v *Vertex, g Guard) string {
	return fmt.Sprintf("skewed, not scalable%s: %s stay on one subtask that can do %s, whatever the parallelism", share(v), rate(g.Have), rate(g.Limit))
}

func share(v *Vertex) string {
	if v.Hottest == nil {
		return ""
	}
	return fmt.Sprintf(" (the hottest of %d subtasks gets %s of the records)", v.From, v.Hottest.Share.percent())
}

// aligned says what the fullest subtask has to do before and after.
func aligned(_ *Entry, v *Vertex, g Guard) string {
	groups, kind := int(g.Limit), "key groups"
	if v.Partitions > 0 {
		kind = "partitions"
	}
	if groups != v.MaxParallelism && groups != v.Partitions || g.Before < 1 || g.After < 1 {
		return "a custom alignment mode asks for it"
	}
	before, after := (groups+g.Before-1)/g.Before, (groups+g.After-1)/g.After
	if before == after {
		return fmt.Sprintf("of %d %s the fullest subtask has %d either way", groups, kind, after)
	}
	return fmt.Sprintf("of %d %s the fullest subtask then has %d, not %d", groups, kind, after, before)
}

func withinBounds(e *Entry, v *Vertex, g Guard) string {
	able := "it can do " + rate(g.Have)
	switch {
	case math.IsInf(float64(g.Limit), 1) && g.Before < v.From && e.Backlog:
		return fmt.Sprintf("not scaled to %d: while backlog is worked off nothing counts as too large", g.Before)
	case math.IsInf(float64(g.Limit), 1) && g.Before < v.From:
		return fmt.Sprintf("not scaled to %d: %s, and has no upper bound", g.Before, able)
	case g.Before > v.From:
		able += ", at least the " + rate(g.Limit) + " that it should"
	default:
		able += ", at most the " + rate(g.Limit) + " that it should"
	}
	return fmt.Sprintf("not scaled to %d: %s, and no other vertex is out of its bounds either", g.Before, able)
}

// saturated names the vertex that is at its limit: the one that is not shrunk, or
// one that reads from it.
func saturated(e *Entry, v *Vertex, g Guard) string {
	who := "it, or what it feeds,"
	if sameShare(v.Busy, g.Have) {
		who = "it"
	} else if fed := fedAt(e, v, g.Have); len(fed) > 0 {
		who = strings.Join(fed, " and ") + ", which it feeds,"
	}
	return fmt.Sprintf("not shrunk to %d: %s is %s busy, and from %s on nothing says that less would do (FLINK-38538)", g.Before, who, g.Have.percent(), g.Limit.percent())
}

// fedAt names the vertices that read from v and are busy for the given share.
func fedAt(e *Entry, v *Vertex, busy Figure) []string {
	var names []string
	for i := range e.Vertices {
		if other := &e.Vertices[i]; slices.Contains(other.Inputs, v.ID) && sameShare(other.Busy, busy) {
			names = append(names, other.Name)
		}
	}
	return names
}

// sameShare compares to the three decimals that a rule sees.
func sameShare(a, b Figure) bool {
	return scaling.Round3(float64(a)) == scaling.Round3(float64(b))
}

// roundedUp is a quotient as a number of subtasks.
func roundedUp(q Figure, n int) string {
	if float64(q) == float64(n) {
		return subtasks(n)
	}
	return quotient(q, n) + ", rounded up"
}

// quotient has as many decimals as it takes to see that it is rounded up to n.
func quotient(q Figure, n int) string {
	x := float64(q)
	if math.Ceil(x) != float64(n) {
		return q.exact()
	}
	for decimals := 2; decimals < 9; decimals++ {
		text := strconv.FormatFloat(x, 'f', decimals, 64)
		shown, err := strconv.ParseFloat(text, 64)
		if err == nil && shown > 0 && shown != float64(n) && math.Ceil(shown) == float64(n) {
			return text
		}
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func finite(f Figure) bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

func millis(f Figure, near time.Time) string { return moment(time.UnixMilli(int64(f)), near) }

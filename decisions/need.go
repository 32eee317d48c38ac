package decisions

import (
	"fmt"
	"math"
)

// need says for what a vertex is sized: the sum that came to the rate.
func need(e *Entry, v *Vertex, g Guard) string {
	if text := sum(e, v, g.Limit); text != "" {
		return text
	}
	text := "needs " + rate(g.Limit)
	if used := v.PeakRate / g.Limit; used > 0 && used <= 1 {
		text = fmt.Sprintf("needs %s/s: %s/s then keep it %s busy", g.Limit.exact(), v.PeakRate.exact(), used.percent())
	}
	return text
}

// sum is the sum by the entry's terms; empty where it does not come to what is
// needed, as where an extension has its own way.
func sum(e *Entry, v *Vertex, needed Figure) string {
	if e.Terms == nil || !finite(needed) || needed <= 0 || !finite(v.PeakRate) || !finite(v.CatchUpRate) {
		return ""
	}
	t := e.Terms
	steady := v.PeakRate / share01(t.UtilizationTarget)
	restart, parts := extra(e, v)
	needs := fmt.Sprintf("needs %s/s: ", needed.exact())
	if !t.CatchUpInHeadroom {
		if !near(steady+restart+v.CatchUpRate, needed) {
			return ""
		}
		return needs + divided(v.PeakRate, t.UtilizationTarget) + parts
	}
	most := share01(max(t.UtilizationTarget, t.UtilizationMax))
	backlog := (v.PeakRate + restart + v.CatchUpRate) / most
	switch {
	case !near(max(steady, backlog), needed):
		return ""
	case steady >= backlog:
		return fmt.Sprintf("%s%s, to be %s busy%s", needs, divided(v.PeakRate, t.UtilizationTarget), share01(t.UtilizationTarget).percent(), fits(e, v))
	case most < 1:
		return fmt.Sprintf("%s(%s/s%s) / %s", needs, v.PeakRate.exact(), parts, most.exact())
	}
	return fmt.Sprintf("%s%s/s%s", needs, v.PeakRate.exact(), parts)
}

// extra is what a restart adds, and both that and the backlog as the end of a sum.
func extra(e *Entry, v *Vertex) (restart Figure, parts string) {
	if e.Restart > 0 && e.Terms.CatchUp > 0 {
		restart = v.PeakRate * e.Restart / e.Terms.CatchUp
		parts = fmt.Sprintf(" + %s/s x %s/%s for a restart", v.PeakRate.exact(), e.Restart, e.Terms.CatchUp)
	}
	if hasBacklog(v) {
		parts += fmt.Sprintf(" + %s/s of backlog", v.CatchUpRate.exact())
	}
	return restart, parts
}

// hasBacklog leaves out the few records that always wait.
func hasBacklog(v *Vertex) bool { return v.CatchUpRate > v.PeakRate/1000 }

// fits says what needs nothing more beside the target utilization.
func fits(e *Entry, v *Vertex) string {
	var parts []string
	if e.Restart > 0 {
		parts = append(parts, fmt.Sprintf("a restart of %s s", e.Restart))
	}
	if hasBacklog(v) {
		parts = append(parts, v.CatchUpRate.exact()+"/s of backlog")
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return "; " + parts[0] + " fits in the room left"
	}
	return "; " + parts[0] + " and " + parts[1] + " fit in the room left"
}

// divided is a rate over the share of time that it is to keep a vertex busy for.
func divided(peak, target Figure) string {
	if u := share01(target); u < 1 {
		return fmt.Sprintf("%s/s / %s", peak.exact(), u.exact())
	}
	return peak.exact() + "/s"
}

func share01(f Figure) Figure { return min(1, max(0, f)) }

// near allows for the rounding to whole records, before and after a division.
func near(a, b Figure) bool {
	slack := math.Abs(float64(b)) / 500
	if float64(b) == math.Trunc(float64(b)) {
		slack = max(slack, 1)
	}
	return math.Abs(float64(a-b)) <= slack
}

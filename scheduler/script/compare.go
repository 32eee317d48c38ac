package script

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Row is one line of a comparison of a real run with one of ours.
type Row struct {
	Experiment string
	Version    slots.Version
	// After is the action that the line follows, "the whole run" if none.
	After      string
	Observable string
	Real, Ours string
	Agrees     bool
}

// Tolerances say how far times may be apart.
type Tolerances struct {
	// Timer is for what Flink does after a time of its own: half a second covers what it takes beyond that.
	Timer time.Duration
	// Seen is for what polling of the REST interface shows.
	Seen time.Duration
	// Settled is how long a number has to stay to count: slots are seen free for an instant before a job has them.
	Settled time.Duration
}

// DefaultTolerances are those of the experiments.
var DefaultTolerances = Tolerances{Timer: 500 * time.Millisecond, Seen: time.Second, Settled: 3 * time.Second}

const wholeRun = "the whole run"

// Compare holds one of our runs against a real one that had the same actions at the same times of the script's clock:
// what the scheduler did after each action and when, what could be seen then, the answers, and what was written down in
// the end.
func Compare(s *Script, real, ours *Run, t Tolerances) []Row {
	c := comparison{script: s, real: real, ours: ours, tolerances: t}
	steps := c.steps()
	states := pairs(of(real.Transitions, false), of(ours.Transitions, false))
	phases := pairs(of(real.Transitions, true), of(ours.Transitions, true))
	for i, step := range steps {
		c.answer(step)
		c.transitions(step, "states", within(states, steps, i))
		c.transitions(step, "phases", within(phases, steps, i))
		c.outcome(step)
	}
	c.counts("slots of the cluster, and free ones", Slots, Free)
	c.exceptions()
	c.records()
	return c.rows
}

type comparison struct {
	script     *Script
	real, ours *Run
	tolerances Tolerances
	rows       []Row
}

// step is an action and the time until the next one.
type step struct {
	text     string
	from, to time.Duration
	line     int
}

func (c *comparison) steps() []step {
	var list []step
	for _, l := range c.script.LinesFor(c.real.Version) {
		i := slices.IndexFunc(c.real.Actions, func(d Done) bool { return d.Line == l.Number })
		if l.Action == nil || i < 0 {
			continue
		}
		at := c.real.Actions[i].At
		if n := len(list); n > 0 {
			list[n-1].to = at
			if _, ok := l.Action.(RestartJobManager); ok {
				list[n-1].to = max(list[n-1].from, c.real.Actions[i].Began) // what is seen after that is of the new one
			}
		}
		_, text, _ := strings.Cut("at "+l.Text, "at ")
		list = append(list, step{text: text, from: at, to: c.real.End, line: l.Number})
	}
	return list
}

func (c *comparison) add(after, observable, real, ours string, agrees bool) {
	c.rows = append(c.rows, Row{
		Experiment: c.script.Name, Version: c.real.Version, After: after, Observable: observable,
		Real: real, Ours: ours, Agrees: agrees,
	})
}

// pair is a transition of the real run and its like of ours; one of them may be missing.
type pair struct{ real, ours *Transition }

func (p pair) at() time.Duration {
	if p.real != nil {
		return p.real.At
	}
	return p.ours.At
}

func of(list []Transition, phase bool) []Transition {
	return slices.DeleteFunc(slices.Clone(list), func(t Transition) bool { return t.Phase != phase })
}

// pairs aligns two sequences along their longest common subsequence.
func pairs(real, ours []Transition) []pair {
	same := func(i, j int) bool { return real[i].From == ours[j].From && real[i].To == ours[j].To }
	common := make([][]int, len(real)+1)
	for i := range common {
		common[i] = make([]int, len(ours)+1)
	}
	for i := len(real) - 1; i >= 0; i-- {
		for j := len(ours) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if same(i, j) {
				common[i][j] = max(common[i][j], common[i+1][j+1]+1)
			}
		}
	}
	var list []pair
	i, j := 0, 0
	for i < len(real) || j < len(ours) {
		switch {
		case i < len(real) && j < len(ours) && same(i, j) && common[i][j] == common[i+1][j+1]+1:
			list = append(list, pair{&real[i], &ours[j]})
			i, j = i+1, j+1
		case j == len(ours) || i < len(real) && common[i+1][j] >= common[i][j+1]:
			list = append(list, pair{real: &real[i]})
			i++
		default:
			list = append(list, pair{ours: &ours[j]})
			j++
		}
	}
	return list
}

// within are the pairs of one step. What was before the first action belongs to the first.
func within(all []pair, steps []step, i int) []pair {
	var list []pair
	for _, p := range all {
		if (p.at() >= steps[i].from || i == 0) && (p.at() < steps[i].to || i == len(steps)-1) {
			list = append(list, p)
		}
	}
	return list
}

func (c *comparison) transitions(s step, observable string, list []pair) {
	if len(list) == 0 {
		return
	}
	agrees := true
	var real, ours []string
	for _, p := range list {
		real, ours = append(real, toldAt(p.real, s.from)), append(ours, toldAt(p.ours, s.from))
		agrees = agrees && p.real != nil && p.ours != nil && near(p.real.At, p.ours.At, c.tolerances.Timer)
	}
	c.add(s.text, observable, strings.Join(real, ", "), strings.Join(ours, ", "), agrees)
}

func toldAt(t *Transition, from time.Duration) string {
	if t == nil {
		return "—"
	}
	return fmt.Sprintf("%s +%.2f s", t.To, (t.At - from).Seconds())
}

func near(a, b, tolerance time.Duration) bool { return (a - b).Abs() <= tolerance }

// outcome compares what can be seen before the next action. Ours must be what the real run shows at some time near.
func (c *comparison) outcome(s step) {
	at := max(s.from, s.to-time.Millisecond)
	job := c.script.Job
	ours := outcomeOf(job.untied(c.ours.At(at)))
	real := outcomeOf(job.untied(c.real.At(at)))
	for _, seen := range c.around(at) {
		if outcomeOf(job.untied(seen)) == ours {
			real = ours
		}
	}
	c.add(s.text, "seen in the end", real, ours, real == ours)
}

// around are the real observations that hold within the tolerance of a time.
func (c *comparison) around(at time.Duration) []Observation {
	list := []Observation{c.real.At(at - c.tolerances.Seen)}
	for _, o := range c.real.Observations {
		if near(o.At, at, c.tolerances.Seen) {
			list = append(list, o)
		}
	}
	return list
}

// outcomeOf leaves out what says nothing in the status: parallelisms while there is no execution.
func outcomeOf(o Observation) string {
	if o.Status == "" {
		return "no job"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", o.Status, join(o.Parallelism))
	if o.Status == "RUNNING" && len(o.Groups) > 1 {
		fmt.Fprintf(&b, " groups %s", join(o.Groups))
	}
	fmt.Fprintf(&b, " attempts %s", join(o.Attempts))
	for _, count := range []Count{Restarts, Rescales, Exceptions, Completed, Ignored, FailedCount, Open} {
		if n, ok := o.Counts[count]; ok {
			fmt.Fprintf(&b, " %s %d", count, n)
		}
	}
	if bounds := boundsOf(o.Bounds); bounds != "" {
		fmt.Fprintf(&b, " bounds %s", bounds)
	}
	if o.Operation != "" {
		fmt.Fprintf(&b, " operation %s", o.Operation)
	}
	return b.String()
}

func join(list []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]")
}

func boundsOf(bounds []Bound) string {
	var parts []string
	for _, b := range bounds {
		parts = append(parts, fmt.Sprintf("%d:%d", b.Lower, b.Upper))
	}
	return strings.Join(slices.Compact(parts), ",")
}

// counts compares the course of numbers over the whole run. What stayed for just about as long as counts may be seen to
// have stayed longer in one run than in the other: a second look leaves it out of both.
func (c *comparison) counts(observable string, which ...Count) {
	settled := c.tolerances.Settled
	real, ours := c.course(c.real, which, settled), c.course(c.ours, which, settled)
	agrees := c.sameCourse(real, ours)
	if longer := settled + c.tolerances.Seen; !agrees {
		agrees = c.sameCourse(c.course(c.real, which, longer), c.course(c.ours, which, longer))
	}
	c.add(wholeRun, observable, tell(real), tell(ours), agrees)
}

func (c *comparison) sameCourse(real, ours []told) bool {
	return slices.EqualFunc(real, ours, func(a, b told) bool {
		return a.text == b.text && near(a.at, b.at, c.tolerances.Seen)
	})
}

// told is something that was seen from a time on.
type told struct {
	at   time.Duration
	text string
}

// course are the values that stayed for as long as settled.
func (c *comparison) course(r *Run, which []Count, settled time.Duration) []told {
	var list []told
	for i, o := range r.Observations {
		var parts []string
		for _, count := range which {
			parts = append(parts, fmt.Sprint(o.Counts[count]))
		}
		end := min(r.End, c.real.End)
		if i+1 < len(r.Observations) {
			end = r.Observations[i+1].At
		}
		text := strings.Join(parts, "/")
		if n := len(list); n > 0 && list[n-1].text == text {
			continue
		}
		// One that is overtaken soon is none, and what comes after it may be what was before. The first one stands.
		if n := len(list); n > 1 && o.At-list[n-1].at < settled {
			list = list[:n-1]
		}
		if n := len(list); (n == 0 || list[n-1].text != text) && o.At < end {
			list = append(list, told{o.At, text})
		}
	}
	return list
}

func tell(list []told) string {
	var parts []string
	for _, t := range list {
		parts = append(parts, fmt.Sprintf("%s at %.1f s", t.text, t.at.Seconds()))
	}
	return strings.Join(parts, ", ")
}

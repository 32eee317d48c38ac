package script

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Mismatch is an expectation that a run does not meet.
type Mismatch struct {
	Line int
	Text string // of the line
	Why  string
}

// String is the mismatch for a reader.
func (m Mismatch) String() string { return fmt.Sprintf("line %d, %q: %s", m.Line, m.Text, m.Why) }

// Check holds a run against its script. The tolerance is how far a time may be off: none for a run in virtual time, for
// a real one half a second and what polling adds.
func Check(s *Script, r *Run, tolerance time.Duration) []Mismatch {
	c := checker{run: r, tolerance: tolerance}
	for _, l := range s.LinesFor(r.Version) {
		if why := c.line(l); why != "" {
			c.found = append(c.found, Mismatch{Line: l.Number, Text: l.Text, Why: why})
		}
	}
	return c.found
}

// checker walks through a run with the script's clock.
type checker struct {
	run       *Run
	tolerance time.Duration
	clock     time.Duration
	last      time.Duration // when the last action took effect
	answer    *Answer
	found     []Mismatch
}

func (c *checker) line(l Line) string {
	switch {
	case l.Action != nil:
		return c.action(l)
	case l.Expect != nil:
		return c.expect(*l.Expect)
	}
	c.clock += l.Wait
	return ""
}

func (c *checker) action(l Line) string {
	i := slices.IndexFunc(c.run.Actions, func(d Done) bool { return d.Line == l.Number })
	if i < 0 {
		c.clock = l.At.From(c.clock)
		c.last = c.clock
		return "it was not carried out"
	}
	d := c.run.Actions[i]
	c.clock, c.last = d.At, d.At
	c.answer = d.Answer
	return ""
}

func (c *checker) expect(e Expectation) string {
	switch e.Kind {
	case After:
		return c.after(e)
	case Stay:
		return c.stay(e)
	}
	if _, ok := c.run.First(e.Want, c.answer, c.clock, c.clock+c.tolerance); !ok {
		return fmt.Sprintf("at %s %s", seconds(c.clock), c.why(e.Want, c.clock+c.tolerance))
	}
	return ""
}

func (c *checker) after(e Expectation) string {
	t, ok := c.run.First(e.Want, c.answer, c.clock, c.last+e.To+c.tolerance)
	if !ok {
		c.clock = max(c.clock, c.last+e.To)
		return fmt.Sprintf("by %s %s", seconds(c.clock), c.why(e.Want, c.last+e.To+c.tolerance))
	}
	c.clock = t
	if t < c.last+e.From-c.tolerance {
		return fmt.Sprintf("it was so %s after the last action already", seconds(t-c.last))
	}
	return ""
}

// stay lets what is wanted begin within the tolerance, as it may come from the line before.
func (c *checker) stay(e Expectation) string {
	end := c.clock + e.For
	begin, ok := c.run.First(e.Want, c.answer, c.clock, min(end, c.clock+c.tolerance))
	clock := c.clock
	c.clock = end
	if !ok {
		return fmt.Sprintf("at %s %s", seconds(clock), c.why(e.Want, clock+c.tolerance))
	}
	for _, o := range c.run.Observations {
		if o.At > begin && o.At < end-c.tolerance {
			if why := e.Want.differs(o, c.answer); why != "" {
				return fmt.Sprintf("at %s %s", seconds(o.At), why)
			}
		}
	}
	return ""
}

func (c *checker) why(w Want, at time.Duration) string { return w.differs(c.run.At(at), c.answer) }

// At is the state of things at a time.
func (r *Run) At(t time.Duration) Observation {
	var last Observation
	for _, o := range r.Observations {
		if o.At > t {
			break
		}
		last = o
	}
	return last
}

// First is the first time from from to to, both included, at which what is wanted holds. The answer is that of the last
// action, nil if it got none.
func (r *Run) First(w Want, answer *Answer, from, to time.Duration) (time.Duration, bool) {
	if w.differs(r.At(from), answer) == "" {
		return from, true
	}
	for _, o := range r.Observations {
		if o.At > from && o.At <= to && w.differs(o, answer) == "" {
			return o.At, true
		}
	}
	return 0, false
}

// differs says what is not as wanted, "" if all is.
func (w Want) differs(o Observation, answer *Answer) string {
	checks := []func(Observation, *Answer) string{w.status, w.parallelism, w.lists, w.numbers, w.operation, w.answered}
	for _, check := range checks {
		if why := check(o, answer); why != "" {
			return why
		}
	}
	return ""
}

func (w Want) status(o Observation, _ *Answer) string {
	if w.Status != "" && w.Status != o.Status {
		return fmt.Sprintf("the status is %s %v", nonEmpty(o.Status), o.Parallelism)
	}
	return ""
}

func (w Want) parallelism(o Observation, _ *Answer) string {
	if len(w.Parallelism) > 0 && !among(w.Parallelism, o.Parallelism) {
		return fmt.Sprintf("the parallelism is %v (%s)", o.Parallelism, nonEmpty(o.Status))
	}
	return ""
}

func (w Want) lists(o Observation, _ *Answer) string {
	switch {
	case len(w.Groups) > 0 && !among(w.Groups, o.Groups):
		return fmt.Sprintf("the slots of the groups are %v", o.Groups)
	case len(w.Attempts) > 0 && !slices.Equal(w.Attempts, o.Attempts):
		return fmt.Sprintf("the attempts are %v", o.Attempts)
	case len(w.Bounds) > 0 && !slices.Equal(w.Bounds, o.Bounds):
		return fmt.Sprintf("the bounds are %v", o.Bounds)
	}
	return ""
}

func (w Want) numbers(o Observation, _ *Answer) string {
	for _, c := range w.Counts {
		if is, ok := o.Counts[c.Count]; !ok {
			return fmt.Sprintf("%s is not known", c.Count)
		} else if is != c.Value {
			return fmt.Sprintf("%s is %d", c.Count, is)
		}
	}
	return ""
}

func (w Want) operation(o Observation, _ *Answer) string {
	if w.Operation == "" {
		return ""
	}
	if w.Operation != o.Operation {
		return fmt.Sprintf("the operation is %s", nonEmpty(o.Operation))
	}
	return missing(w.Texts, o.OperationText)
}

func (w Want) answered(_ Observation, answer *Answer) string {
	switch {
	case w.Answer == 0:
		return ""
	case answer == nil:
		return "the last action got no answer"
	case answer.Status != w.Answer:
		return fmt.Sprintf("the answer is %d: %.300s", answer.Status, answer.Body)
	case w.Operation != "":
		return ""
	}
	return missing(w.Texts, answer.Body)
}

func missing(texts []string, in string) string {
	for _, t := range texts {
		if !strings.Contains(in, t) {
			return fmt.Sprintf("%q does not stand in %.600q", t, in)
		}
	}
	return ""
}

func among(choices [][]int, list []int) bool {
	return slices.ContainsFunc(choices, func(c []int) bool { return slices.Equal(c, list) })
}

func nonEmpty(text string) string {
	if text == "" {
		return "none yet"
	}
	return text
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

package script

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// answer compares what a request got: the status, and what is said, without what Java adds.
func (c *comparison) answer(s step) {
	real, ours := answerOf(c.real, s.line), answerOf(c.ours, s.line)
	if real == nil && ours == nil {
		return
	}
	r, o := said(real), said(ours)
	c.add(s.text, "answer", r, o, r == o)
}

func answerOf(r *Run, line int) *Answer {
	for _, d := range r.Actions {
		if d.Line == line {
			return d.Answer
		}
	}
	return nil
}

// said is an answer without causes and frames. The order in which Flink goes over vertices is nobody's, nor are ids.
func said(a *Answer) string {
	if a == nil {
		return "none"
	}
	var errors struct{ Errors []string }
	if err := json.Unmarshal([]byte(a.Body), &errors); err != nil || errors.Errors == nil {
		return fmt.Sprintf("%d %s", a.Status, ordered(a.Body))
	}
	var lines []string
	for _, e := range errors.Errors {
		e, _, _ = strings.Cut(e, "\nCaused by:")
		e = strings.TrimSuffix(strings.TrimSpace(e), "End of exception on server side>")
		e = strings.TrimSuffix(strings.TrimSpace(e), ">") // where the line before was not taken for a frame
		for line := range strings.SplitSeq(strings.TrimSpace(e), "\n") {
			if class, message, ok := strings.Cut(line, "Exception: "); ok && !strings.Contains(class, " ") {
				lines = append(lines, class+"Exception")
				line = message
			}
			lines = append(lines, withoutIDs(line))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d %s", a.Status, strings.Join(lines, " / "))
}

// withoutIDs puts … in the place of what is 32 hexadecimal digits, as the id of a job is.
func withoutIDs(text string) string {
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, func(c rune) bool { return !strings.ContainsRune("0123456789abcdef", c) })
		switch {
		case end < 0:
			end = len(text)
		case end == 0:
			_, end = utf8.DecodeRuneInString(text)
		}
		if end == 32 {
			b.WriteString("…")
		} else {
			b.WriteString(text[:end])
		}
		text = text[end:]
	}
	return b.String()
}

// ordered is a JSON object with its keys in order; anything else as it is.
func ordered(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	b, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return string(b)
}

// exceptions compares the exception history: classes, and when.
func (c *comparison) exceptions() {
	if len(c.real.Exceptions) == 0 && len(c.ours.Exceptions) == 0 {
		return
	}
	agrees := len(c.real.Exceptions) == len(c.ours.Exceptions)
	for i := 0; agrees && i < len(c.real.Exceptions); i++ {
		r, o := c.real.Exceptions[i], c.ours.Exceptions[i]
		agrees = r.Name == o.Name && near(r.At, o.At, c.tolerances.Timer)
	}
	c.add(wholeRun, "exceptions", exceptionsOf(c.real), exceptionsOf(c.ours), agrees)
}

func exceptionsOf(r *Run) string {
	var parts []string
	for _, e := range r.Exceptions {
		parts = append(parts, fmt.Sprintf("%s at %.1f s", e.Name[strings.LastIndex(e.Name, ".")+1:], e.At.Seconds()))
	}
	return strings.Join(parts, ", ")
}

// records compares the rescale history, one row a record.
func (c *comparison) records() {
	for i := range max(len(c.real.Records), len(c.ours.Records)) {
		real, ours := recordAt(c.script.Job, c.real, i), recordAt(c.script.Job, c.ours, i)
		agrees := real != nil && ours != nil && recordOf(real) == recordOf(ours) &&
			near(real.Start, ours.Start, c.tolerances.Timer) && near(real.End, ours.End, c.tolerances.Timer)
		c.add(wholeRun, fmt.Sprintf("rescale record %d", i+1), timed(real), timed(ours), agrees)
	}
}

func recordAt(job Job, r *Run, i int) *RescaleRecord {
	if i >= len(r.Records) {
		return nil
	}
	record := job.untiedRecord(r.Records[i])
	return &record
}

func timed(r *RescaleRecord) string {
	if r == nil {
		return "—"
	}
	return fmt.Sprintf("%s, %s", recordOf(r), span(r.Start, r.End))
}

func span(from, to time.Duration) string {
	if to == 0 {
		return fmt.Sprintf("from %.1f s", from.Seconds())
	}
	return fmt.Sprintf("%.1f to %.1f s", from.Seconds(), to.Seconds())
}

func recordOf(r *RescaleRecord) string {
	var states []string
	for _, s := range r.States {
		states = append(states, s.State)
	}
	end := r.State
	if end == "" {
		end = "open"
	}
	return fmt.Sprintf("%s %s %s, requirements %d attempt %d, wants %s at least %s, %s → %s, slots %v, through %s",
		r.Cause, end, r.Reason, r.Requirements, r.Attempt, join(r.Desired), join(r.Sufficient), join(r.Before), join(r.After),
		r.Slots, strings.Join(states, " "))
}

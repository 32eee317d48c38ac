package quartzcheck

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Question is an expression of a kind, cron or daily, and moments to judge by
// the clock of a zone (a name of the tz database). No text has a tab in it.
type Question struct {
	Kind, Zone, Expression string
	Moments                []time.Time
}

// Verdict is what Quartz makes of an expression.
type Verdict string

// The verdicts. An expression that fails was taken for valid and gave an
// exception when a moment was judged.
const (
	Valid   Verdict = "valid"
	Invalid Verdict = "invalid"
	Fails   Verdict = "fails"
)

// Answer is a question's expression with the verdict and, if it is valid, the
// moments asked about and some near them, each judged.
type Answer struct {
	Kind, Zone, Expression string
	Verdict                Verdict
	Moments                []Moment
}

// Moment is a point in time, in whole ms, and whether it satisfies the
// expression or lies in the span.
type Moment struct {
	At     time.Time
	Inside bool
}

func momentsText(moments []time.Time) string {
	texts := make([]string, len(moments))
	for i, t := range moments {
		texts[i] = strconv.FormatInt(t.UnixMilli(), 10)
	}
	return strings.Join(texts, " ")
}

func parseAnswer(q Question, text string) (Answer, error) {
	answer := Answer{Kind: q.Kind, Zone: q.Zone, Expression: q.Expression, Verdict: Verdict(text)}
	if answer.Verdict == Invalid || answer.Verdict == Fails {
		return answer, nil
	}
	answer.Verdict = Valid
	for word := range strings.FieldsSeq(text) {
		moment, err := parseMoment(word)
		if err != nil {
			return Answer{}, fmt.Errorf("%s %q: %w", q.Kind, q.Expression, err)
		}
		answer.Moments = append(answer.Moments, moment)
	}
	return answer, nil
}

// parseMoment reads ms since 1970 with + for inside or - for outside behind.
func parseMoment(word string) (Moment, error) {
	number, inside := strings.CutSuffix(word, "+")
	number, outside := strings.CutSuffix(number, "-")
	ms, err := strconv.ParseInt(number, 10, 64)
	if err != nil || inside == outside {
		return Moment{}, fmt.Errorf("want a moment with + or -, not %q", word)
	}
	return Moment{time.UnixMilli(ms), inside}, nil
}

// Write writes a table of answers, compressed, a line for each.
func Write(w io.Writer, answers []Answer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if _, err := fmt.Fprintf(z, "%s\t%s\t%s\t%s\n", a.Kind, a.Zone, a.Expression, a.text()); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return z.Close()
}

func (a Answer) text() string {
	if a.Verdict != Valid {
		return string(a.Verdict)
	}
	words := make([]string, len(a.Moments))
	for i, m := range a.Moments {
		words[i] = strconv.FormatInt(m.At.UnixMilli(), 10) + map[bool]string{true: "+", false: "-"}[m.Inside]
	}
	return strings.Join(words, " ")
}

// Read reads a table that Write wrote.
func Read(r io.Reader) ([]Answer, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	var answers []Answer
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != 4 {
			return nil, fmt.Errorf("read the table: want 4 cells in %q", lines.Text())
		}
		answer, err := parseAnswer(Question{Kind: cells[0], Zone: cells[1], Expression: cells[2]}, cells[3])
		if err != nil {
			return nil, fmt.Errorf("read the table: %w", err)
		}
		answers = append(answers, answer)
	}
	return answers, errors.Join(lines.Err(), z.Close())
}

package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// Parse reads a script. An error is of the form "name:line: what is wrong and what would be right".
func Parse(name, text string) (*Script, error) {
	p := parser{script: &Script{Name: name, Job: Job{Rate: DefaultRate}}, managers: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		p.number = i + 1
		if err := p.line(strings.TrimSpace(withoutComment(line))); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, p.number, err)
		}
	}
	if err := p.whole(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.script, nil
}

// parser reads one script.
type parser struct {
	script   *Script
	number   int
	managers map[string]bool // TaskManagers so far
}

// withoutComment cuts a comment off: a # at the start of a line or behind a space, outside of quotes and braces.
func withoutComment(line string) string {
	quoted, depth := false, 0
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == '#' && depth <= 0 && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}

func (p *parser) line(text string) error {
	if text == "" {
		return nil
	}
	word, rest := cut(text)
	if head, ok := heads[word]; ok {
		if len(p.script.Lines) > 0 {
			return fmt.Errorf("%q belongs before the first action", word)
		}
		return head(p, rest)
	}
	if err := p.ready(); err != nil {
		return err
	}
	l := Line{Number: p.number, Text: text, At: Offset{Relative: true}}
	err := p.statement(&l, text)
	p.script.Lines = append(p.script.Lines, l)
	return err
}

// ready says what a script still lacks before something can happen.
func (p *parser) ready() error {
	switch {
	case len(p.script.Versions) == 0:
		return errors.New(`the versions are missing: want "flink 1.20 2.3" first`)
	case len(p.script.Job.Vertices) == 0:
		return errors.New(`the job is missing: want "job source=4 work=4 count=4" before the first action`)
	}
	return nil
}

func (p *parser) whole() error {
	if err := p.ready(); err != nil {
		return err
	}
	if len(p.script.Lines) == 0 {
		return errors.New("nothing happens in it: want at least one action")
	}
	return nil
}

func (p *parser) statement(l *Line, text string) (err error) {
	word, rest := cut(text)
	if strings.HasPrefix(word, "[") {
		if l.Only, err = p.only(word); err != nil {
			return err
		}
		word, rest = cut(rest)
	}
	if word == "at" {
		if word, rest = cut(rest); word == "" {
			return errors.New(`"at" what time? want "at 12s ACTION", or "at +12s ACTION" counted from the line before`)
		}
		if l.At, err = offset(word); err != nil {
			return err
		}
		word, rest = cut(rest)
		if word == "expect" || word == "stay" || word == "wait" {
			return fmt.Errorf("%q has no time of its own: want \"wait 12s\" before it", word)
		}
	}
	switch word {
	case "expect":
		l.Expect, err = p.expect(rest)
	case "stay":
		l.Expect, err = p.stay(rest)
	case "wait":
		l.Wait, err = duration(rest)
	default:
		l.Action, err = p.action(word, rest)
	}
	return err
}

func (p *parser) only(word string) (slots.Version, error) {
	v, err := version(strings.Trim(word, "[]"))
	if err != nil || !strings.HasSuffix(word, "]") {
		return 0, fmt.Errorf("%q is not a version: want [1.20] or [2.3]", word)
	}
	if !p.script.AppliesTo(v) {
		return 0, fmt.Errorf("%s: the script is not for that version", word)
	}
	return v, nil
}

func version(text string) (slots.Version, error) {
	for _, v := range []slots.Version{slots.V1_20, slots.V2_3} {
		if v.String() == text {
			return v, nil
		}
	}
	return 0, fmt.Errorf("%q is not a version: want 1.20 or 2.3", text)
}

func offset(text string) (Offset, error) {
	d, err := duration(strings.TrimPrefix(text, "+"))
	return Offset{Time: d, Relative: strings.HasPrefix(text, "+")}, err
}

// maxDuration keeps sums of times far from overflow.
const maxDuration = 1000 * time.Hour

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDuration {
		return 0, fmt.Errorf("%q is not a time: want something like 12s, 1.5s or 2m", text)
	}
	return d, nil
}

func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number: want 0 or more", text)
	}
	return int(n), nil
}

func positive(text string) (int, error) {
	n, err := number(text)
	if err == nil && n == 0 {
		err = errors.New("0 is too few: want 1 or more")
	}
	return n, err
}

// cut takes the first word off.
func cut(text string) (word, rest string) {
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		return text[:i], strings.TrimSpace(text[i:])
	}
	return text, ""
}

// field takes name=value apart.
func field(text string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return "", "", fmt.Errorf("%q is not of the form name=value", text)
	}
	return name, value, nil
}

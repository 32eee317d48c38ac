package script

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// statuses are the job statuses of Flink's REST interface.
var statuses = []string{
	"INITIALIZING", "CREATED", "RUNNING", "FAILING", "FAILED", "CANCELLING", "CANCELED", "FINISHED",
	"RESTARTING", "SUSPENDED", "RECONCILING",
}

// expect reads "WANT", "WANT after 10s..12s" and "WANT within 12s".
func (p *parser) expect(rest string) (*Expectation, error) {
	words, err := wordsOf(rest)
	if err != nil {
		return nil, err
	}
	e := &Expectation{Kind: Now}
	if n := len(words); n >= 2 && (words[n-2] == "after" || words[n-2] == "within") {
		e.Kind = After
		from, to, ok := strings.Cut(words[n-1], "..")
		if words[n-2] == "within" {
			from, to, ok = "0s", words[n-1], true
		}
		var errFrom, errTo error
		e.From, errFrom = duration(from)
		e.To, errTo = duration(to)
		if errors.Join(errFrom, errTo) != nil || !ok || e.To < e.From {
			return nil, fmt.Errorf("%q is no span: want \"after 10s..12s\" or \"within 12s\"", words[n-1])
		}
		words = words[:n-2]
	}
	e.Want, err = p.want(words)
	return e, err
}

// stay reads "WANT for 30s".
func (p *parser) stay(rest string) (*Expectation, error) {
	words, err := wordsOf(rest)
	if err != nil {
		return nil, err
	}
	n := len(words)
	if n < 2 || words[n-2] != "for" {
		return nil, errors.New(`for how long? want "stay RUNNING 2,2,2 for 30s"`)
	}
	e := &Expectation{Kind: Stay}
	if e.For, err = duration(words[n-1]); err != nil {
		return nil, err
	}
	e.Want, err = p.want(words[:n-2])
	return e, err
}

// wordsOf splits at spaces outside of double quotes.
func wordsOf(text string) ([]string, error) {
	var words []string
	quoted := false
	var b strings.Builder
	for _, c := range text + " " {
		switch {
		case c == '"':
			quoted = !quoted
			b.WriteRune(c)
		case (c == ' ' || c == '\t') && !quoted:
			if b.Len() > 0 {
				words = append(words, b.String())
			}
			b.Reset()
		default:
			b.WriteRune(c)
		}
	}
	if quoted {
		return nil, errors.New(`a " is open: want text="…"`)
	}
	return words, nil
}

func (p *parser) want(words []string) (Want, error) {
	var w Want
	if len(words) == 0 {
		return w, errors.New(`expect what? want a status, parallelisms or conditions: "RUNNING 2,2,2 free=0"`)
	}
	for _, word := range words {
		if err := p.condition(&w, word); err != nil {
			return w, err
		}
	}
	if len(w.Texts) > 0 && w.Answer == 0 && w.Operation == "" {
		return w, errors.New(`text of what? want "status=400 text=…" or "operation=failed text=…"`)
	}
	return w, nil
}

func (p *parser) condition(w *Want, word string) (err error) {
	key, value, named := strings.Cut(word, "=")
	switch {
	case !named && slices.Contains(statuses, word):
		w.Status = word
	case !named:
		w.Parallelism, err = numbers(word, len(p.script.Job.Vertices))
	case key == "attempts":
		var all [][]int
		if all, err = numbers(value, len(p.script.Job.Vertices)); err == nil {
			w.Attempts = all[0]
		}
	case key == "groups":
		w.Groups, err = p.groups(value)
	case key == "bounds":
		err = p.bounds(w, value)
	case key == "status":
		w.Answer, err = positive(value)
	case key == "text":
		w.Texts = append(w.Texts, strings.Trim(value, `"`))
	case key == "operation":
		if w.Operation = value; value != "in-progress" && value != "completed" && value != "failed" {
			err = fmt.Errorf("%q: want in-progress, completed or failed", value)
		}
	default:
		err = w.count(Count(key), value)
	}
	return err
}

func (w *Want) count(c Count, value string) error {
	if !slices.Contains(counts, c) {
		return fmt.Errorf("%q cannot be seen: want a status, parallelisms, attempts, groups, bounds, status, text, operation or one of %v", c, counts)
	}
	n, err := number(value)
	w.Counts = append(w.Counts, CountIs{Count: c, Value: n})
	return err
}

// numbers reads "2,3,2|3,2,3".
func numbers(text string, length int) ([][]int, error) {
	var all [][]int
	for choice := range strings.SplitSeq(text, "|") {
		var list []int
		for part := range strings.SplitSeq(choice, ",") {
			n, err := strconv.ParseUint(part, 10, 31)
			if err != nil {
				return nil, fmt.Errorf("%q: want a status in capitals, or numbers, one a vertex: 2,2,2", text)
			}
			list = append(list, int(n))
		}
		if len(list) != length {
			return nil, fmt.Errorf("%q has %d numbers and the job has %d vertices", choice, len(list), length)
		}
		all = append(all, list)
	}
	return all, nil
}

// groups reads "g1:2,default:3|g1:3,default:2".
func (p *parser) groups(text string) ([][]int, error) {
	names := p.script.Job.Groups()
	var all [][]int
	for choice := range strings.SplitSeq(text, "|") {
		list := make([]int, len(names))
		seen := 0
		for part := range strings.SplitSeq(choice, ",") {
			name, value, _ := strings.Cut(part, ":")
			i := slices.Index(names, name)
			n, err := number(value)
			if i < 0 || err != nil || list[i] != 0 {
				return nil, fmt.Errorf("%q: want the slots of each sharing group, %v, once: groups=%s:2,…", part, names, names[0])
			}
			list[i] = n
			seen++
		}
		if seen != len(names) {
			return nil, fmt.Errorf("%q: want the slots of each of the sharing groups %v", choice, names)
		}
		all = append(all, list)
	}
	return all, nil
}

// bounds reads "1:4" for all, or "source:1:4,work:1:2".
func (p *parser) bounds(w *Want, text string) error {
	vertices := p.script.Job.Vertices
	if lower, upper, ok := strings.Cut(text, ":"); ok && !strings.Contains(upper, ":") {
		for _, v := range vertices {
			b, err := bound(v.Name + "=" + lower + ":" + upper)
			if err != nil {
				return err
			}
			w.Bounds = append(w.Bounds, b)
		}
		return nil
	}
	for i, part := range strings.Split(text, ",") {
		name, rest, _ := strings.Cut(part, ":")
		b, err := bound(name + "=" + rest)
		if err != nil {
			return err
		}
		if i >= len(vertices) || vertices[i].Name != name {
			return fmt.Errorf("%q: want the bounds of every vertex in the order of the job", text)
		}
		w.Bounds = append(w.Bounds, b)
	}
	if len(w.Bounds) != len(vertices) {
		return fmt.Errorf("%q: want the bounds of every vertex", text)
	}
	return nil
}

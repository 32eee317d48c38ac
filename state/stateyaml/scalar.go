package stateyaml

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// lineError is an error at a line of a text.
type lineError struct {
	line int
	text string
	// whole tells that line counts from the beginning of the whole text, not from
	// that of a document.
	whole bool
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

func at(node ast.Node, err error) error {
	if err == nil {
		return nil
	}
	return &lineError{line: node.GetToken().Position.Line, text: err.Error()}
}

// scalar is the text of a node that is one value.
func scalar(node ast.Node) (string, bool) {
	_, one := node.(ast.ScalarNode)
	return node.GetToken().Value, one
}

// number is a double, written in as few digits as give it back.
type number float64

func (n number) text() string {
	format := byte('f')
	if a := math.Abs(float64(n)); a != 0 && (a < 1e-6 || a >= 1e15) {
		format = 'e'
	}
	return strconv.FormatFloat(float64(n), format, -1, 64)
}

func (n *number) parse(text string) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("want a number, not %q", text)
	}
	*n = number(x)
	return nil
}

// The names of what has no digits, in YAML and (quoted) in JSON.
func (n number) word(nan, inf, minus string) string {
	switch x := float64(n); {
	case math.IsNaN(x):
		return nan
	case math.IsInf(x, 1):
		return inf
	case math.IsInf(x, -1):
		return minus
	}
	return n.text()
}

func (n number) yamlText() string { return n.word(".nan", ".inf", "-.inf") }

func (n *number) UnmarshalYAML(node ast.Node) error {
	text, one := scalar(node)
	switch {
	case !one:
		return at(node, fmt.Errorf("want a number"))
	case text == ".nan":
		*n = number(math.NaN())
	case text == ".inf":
		*n = number(math.Inf(1))
	case text == "-.inf":
		*n = number(math.Inf(-1))
	default:
		return at(node, n.parse(text))
	}
	return nil
}

func (n number) MarshalJSON() ([]byte, error) {
	return []byte(n.word(`"NaN"`, `"Infinity"`, `"-Infinity"`)), nil
}

func (n *number) UnmarshalJSON(text []byte) error {
	word := string(text)
	if text[0] == '"' {
		if err := json.Unmarshal(text, &word); err != nil {
			return err
		}
	}
	return n.parse(word) // which knows NaN and Infinity too
}

// moment is a time in UTC, to the nanosecond.
type moment struct{ time.Time }

func (m moment) text() string { return m.Time.UTC().Format(time.RFC3339Nano) }

func (m *moment) parse(text string) error {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("want a time such as 2026-07-01T12:00:00.5Z, not %q", text)
	}
	m.Time = t.UTC()
	return nil
}

func (m moment) yamlText() string { return m.text() }

func (m *moment) UnmarshalYAML(node ast.Node) error {
	text, _ := scalar(node)
	return at(node, m.parse(text))
}

func (m moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.text()) }

func (m *moment) UnmarshalJSON(text []byte) error { return unquoted(text, m.parse) }

// span is a duration, such as 1m4.2s.
type span time.Duration

func (s *span) parse(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("want a duration such as 1m4.2s, not %q", text)
	}
	*s = span(d)
	return nil
}

func (s span) yamlText() string { return time.Duration(s).String() }

func (s *span) UnmarshalYAML(node ast.Node) error {
	text, _ := scalar(node)
	return at(node, s.parse(text))
}

func (s span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

func (s *span) UnmarshalJSON(text []byte) error { return unquoted(text, s.parse) }

func unquoted(text []byte, parse func(string) error) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	return parse(s)
}

package stage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluice-project/sluice/options"
)

// maxFileSize bounds a plan, in bytes.
const maxFileSize = 1 << 20

// parse gives the node of the only document.
func parse(name string, contents []byte) (root ast.Node, err error) {
	at := func(line int, text string) error {
		return options.Problems{{Source: options.Source{Kind: options.FromFile, Name: name, Line: line}, Text: text}}
	}
	// The parser is not ours; a file that makes it panic is a broken file.
	defer func() {
		if recover() != nil {
			root, err = nil, at(0, "not readable as YAML")
		}
	}()
	if len(contents) > maxFileSize {
		return nil, at(0, fmt.Sprintf("larger than %d bytes", maxFileSize))
	}
	file, err := parser.ParseBytes(contents, 0)
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
			return nil, at(syntax.Token.Position.Line, "not readable as YAML: "+syntax.Message)
		}
		return nil, at(0, "not readable as YAML")
	}
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		default:
			if root != nil {
				return nil, at(lineOf(body), "a second document: want one")
			}
			root = body
		}
	}
	if root == nil {
		return nil, at(0, "empty")
	}
	return root, nil
}

func lineOf(n ast.Node) int {
	if n == nil {
		return 0
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// reader walks the nodes of one file and collects what is wrong.
type reader struct {
	file     string
	problems options.Problems
}

func (r *reader) fail(n ast.Node, format string, args ...any) {
	r.problems = append(r.problems, options.Problem{
		Source: options.Source{Kind: options.FromFile, Name: r.file, Line: lineOf(n)}, Text: fmt.Sprintf(format, args...),
	})
}

// textOf is a scalar as it was written; false for anything else.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.StringNode:
		return n.Value, true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// entry is a key with what it stands for.
type entry struct {
	key   string
	at    ast.Node // the key's place
	value ast.Node
}

// mapping gives the entries of a mapping, whose keys are plain and differ.
func (r *reader) mapping(at, n ast.Node, what string) []entry {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.fail(at, "%s: want \"key: value\"", what)
		return nil
	}
	var entries []entry
	lines := map[string]int{}
	for _, v := range m.Values {
		key, plain := textOf(v.Key)
		if !plain {
			r.fail(v.Key, "%s: want a plain key", what)
			continue
		}
		if before, twice := lines[key]; twice {
			r.fail(v.Key, "%s: %q is set twice, also in line %d", what, key, before)
			continue
		}
		lines[key] = lineOf(v.Key)
		entries = append(entries, entry{key, v.Key, v.Value})
	}
	return entries
}

// fields are the entries of a mapping whose keys are known.
type fields struct {
	*reader
	what   string
	at     ast.Node
	values map[string]entry
}

// fields reads a mapping and refuses keys that it does not know.
func (r *reader) fields(at, n ast.Node, what string, known ...string) fields {
	f := fields{r, what, at, map[string]entry{}}
	for _, e := range r.mapping(at, n, what) {
		if !slices.Contains(known, e.key) {
			r.fail(e.at, "%s: unknown key %q; there are %s", what, e.key, strings.Join(known, ", "))
			continue
		}
		f.values[e.key] = e
	}
	return f
}

// within reads the mapping that stands below a key; empty if there is none.
func (f fields) within(key string, known ...string) fields {
	e, given := f.values[key]
	if !given {
		return fields{f.reader, f.what + ": " + key, f.at, map[string]entry{}}
	}
	return f.fields(e.at, e.value, f.what+": "+key, known...)
}

func (f fields) has(key string) bool { _, given := f.values[key]; return given }

// items are the elements of a list; none where the key is missing.
func (f fields) items(key string) []ast.Node {
	e, given := f.values[key]
	if !given {
		return nil
	}
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		f.fail(e.at, "%s: %s: want a list", f.what, key)
		return nil
	}
	return list.Values
}

// plain reads a plain value, and reports what parse says of it.
func plain[T any](f fields, key string, otherwise T, parse func(string) (T, error)) T {
	e, given := f.values[key]
	if !given {
		return otherwise
	}
	text, ok := textOf(e.value)
	if !ok || text == "" {
		f.fail(e.at, "%s: %s: want a plain value", f.what, key)
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		f.fail(e.at, "%s: %s: %s", f.what, key, err)
		return otherwise
	}
	return value
}

func (f fields) text(key string) string {
	return plain(f, key, "", func(text string) (string, error) { return text, nil })
}

func (f fields) duration(key string) time.Duration {
	return plain(f, key, 0, parseDuration)
}

// count is a whole number from 0 on.
func (f fields) count(key string, otherwise int) int {
	return plain(f, key, otherwise, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q: want a whole number that is not negative", text)
		}
		return n, nil
	})
}

// amount is a number from 0 on, such as 500, 2.5M or 1e6.
func (f fields) amount(key string) float64 { return plain(f, key, 0, parseAmount) }

// bytes is a size, such as 64 mb, or a number.
func (f fields) bytes(key string) float64 {
	return plain(f, key, 0, func(text string) (float64, error) {
		if x, err := parseAmount(text); err == nil {
			return x, nil
		}
		size, err := options.ParseMemory(text)
		if err != nil {
			return 0, fmt.Errorf("%q: want a size, such as 100, 2k or 64 mb", text)
		}
		return float64(size), nil
	})
}

func (f fields) yes(key string) bool {
	return plain(f, key, false, func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fmt.Errorf("%q: want true or false", text)
		}
		return text == "true", nil
	})
}

// texts is a mapping of plain keys to plain values, of which nested keys are joined
// by dots, as in Flink's configuration.
func (f fields) texts(key string) map[string]string {
	e, given := f.values[key]
	if !given {
		return nil
	}
	into := map[string]string{}
	f.flatten(e, "", into)
	return into
}

func (f fields) flatten(e entry, prefix string, into map[string]string) {
	for _, inner := range f.mapping(e.at, e.value, f.what+": "+e.key) {
		name := prefix + inner.key
		if _, nested := inner.value.(*ast.MappingNode); nested {
			f.flatten(inner, name+".", into)
			continue
		}
		text, ok := textOf(inner.value)
		if _, twice := into[name]; twice || !ok {
			f.fail(inner.at, "%s: %s: want a plain value, once", f.what, name)
			continue
		}
		into[name] = text
	}
}

var multiples = map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9}

func parseAmount(text string) (float64, error) {
	digits, by := text, 1.0
	for unit, factor := range multiples {
		if number, found := strings.CutSuffix(text, unit); found {
			digits, by = number, factor
		}
	}
	x, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.ContainsAny(digits, "xXpP") || !(x >= 0 && x*by <= math.MaxFloat32) {
		return 0, fmt.Errorf("%q: want a number that is not negative, such as 500, 25k or 0.7", text)
	}
	return x * by, nil
}

// parseDuration reads Flink's durations, and Go's, which may have a fraction; but
// none without a unit: it would be milliseconds, which is rarely meant.
func parseDuration(text string) (time.Duration, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "0" {
		return 0, nil
	}
	if last := trimmed[max(len(trimmed)-1, 0):]; last >= "0" && last <= "9" {
		return 0, fmt.Errorf("%q: want a unit, such as %q", text, trimmed+" s")
	}
	if d, err := time.ParseDuration(strings.ReplaceAll(trimmed, " ", "")); err == nil && d >= 0 {
		return d, nil
	}
	d, err := options.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", text, err)
	}
	return d, nil
}

package workload

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluice-project/sluice/options"
)

const (
	// maxFileSize bounds a file, in bytes.
	maxFileSize = 1 << 20
	// maxDepth bounds how deep curves are nested, maxCurves their number.
	maxDepth  = 32
	maxCurves = 1000
)

// Context is what curves need that does not stand in their text.
type Context struct {
	// Start is the date and time of time 0, for days and weeks.
	Start time.Time
	// Seed is what seeds follow from that are left out.
	Seed uint64
	// ReadFile reads the tables that a text names; nil refuses them.
	ReadFile func(name string) ([]byte, error)
}

// ParseCurve reads a file that holds one curve. Errors name the file and the line,
// one for each fault, as [options.Problems].
func ParseCurve(file string, contents []byte, c Context) (Curve, error) {
	root, err := parse(file, contents)
	if err != nil {
		return nil, err
	}
	return ReadCurve(file, root, "", c)
}

// ReadCurve makes a curve of a part of a file. Curves at different places get
// different seeds.
func ReadCurve(file string, node ast.Node, place string, c Context) (Curve, error) {
	r := reader{file: file, context: c}
	curve := r.curve(node, place, 0)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return curve, nil
}

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
		return nil, at(syntaxError(err))
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

func syntaxError(err error) (line int, text string) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		return syntax.Token.Position.Line, "not readable as YAML: " + syntax.Message
	}
	return 0, "not readable as YAML"
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
	context  Context
	problems options.Problems
	curves   int
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

// mapping gives the entries of a mapping, whose keys are plain and differ.
func (r *reader) mapping(n ast.Node, what string) []entry {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.fail(n, "%s: want \"key: value\"", what)
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
			r.fail(v.Key, "%s: %s is set twice, also in line %d", what, quoted(key), before)
			continue
		}
		lines[key] = lineOf(v.Key)
		entries = append(entries, entry{key, v.Key, v.Value})
	}
	return entries
}

type entry struct {
	key   string
	at    ast.Node // the key's place
	value ast.Node
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
	for _, e := range r.mapping(n, what) {
		if !contains(known, e.key) {
			r.fail(e.at, "%s: unknown key %s; there are %s%s", what, quoted(e.key), strings.Join(known, ", "), suggestion(e.key, known))
			continue
		}
		f.values[e.key] = e
	}
	return f
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// require says which keys are missing, and whether none is.
func (f fields) require(keys ...string) bool {
	complete := true
	for _, key := range keys {
		if _, given := f.values[key]; !given {
			f.fail(f.at, "%s: %s is missing", f.what, key)
			complete = false
		}
	}
	return complete
}

func (f fields) has(key string) bool { _, given := f.values[key]; return given }

// text is a plain value, "" where it is missing.
func (f fields) text(key string) string {
	e, given := f.values[key]
	if !given {
		return ""
	}
	text, plain := textOf(e.value)
	if !plain || text == "" {
		f.fail(e.at, "%s: %s: want a plain value", f.what, key)
	}
	return text
}

// read gives a plain value to parse, and reports what it says of it.
func read[T any](f fields, key string, otherwise T, parse func(string) (T, error)) T {
	if !f.has(key) {
		return otherwise
	}
	before := len(f.problems)
	text := f.text(key)
	if len(f.problems) > before {
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		f.fail(f.values[key].at, "%s: %s: %s", f.what, key, err)
		return otherwise
	}
	return value
}

func (f fields) rate(key string, otherwise float64) float64 {
	return read(f, key, otherwise, parseRate)
}

func (f fields) duration(key string, otherwise time.Duration) time.Duration {
	return read(f, key, otherwise, parseDuration)
}

func (f fields) yes(key string) bool { return read(f, key, false, parseBool) }

func (f fields) end() End { return read(f, "end", Hold, parseEnd) }

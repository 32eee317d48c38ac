package options

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

const (
	// maxFileSize bounds a configuration file, in bytes.
	maxFileSize = 1 << 20
	// maxNesting bounds how deep its keys are nested.
	maxNesting = 32
)

// parseYAML reads a YAML file in which keys may be flat (a.b: c) or nested.
func parseYAML(name string, contents []byte) parsed {
	p := parsed{}
	root, problem := parseDocument(name, contents)
	if problem != nil {
		p.problems = Problems{*problem}
		return p
	}
	if root == nil {
		return p
	}
	y := yamlReader{file: name, out: &p, seen: map[string]int{}}
	for _, entry := range root.Values {
		switch key := keyOf(entry); key {
		case "jobs":
			y.jobs(entry)
		case "clusters":
			y.clusters(entry)
		default:
			y.flatten(key, entry, 1, y.setting)
		}
	}
	return p
}

// parseDocument parses the text and returns its mapping; nil if it is empty.
func parseDocument(name string, contents []byte) (root *ast.MappingNode, problem *Problem) {
	at := func(line int, text string) *Problem {
		return &Problem{Source: Source{Kind: FromFile, Name: name, Line: line}, Text: text}
	}
	// The parser is not ours; a file that makes it panic is a broken file.
	defer func() {
		if recover() != nil {
			root, problem = nil, at(0, "not readable as YAML")
		}
	}()
	if len(contents) > maxFileSize {
		return nil, at(0, fmt.Sprintf("larger than %d bytes, which is no configuration file", maxFileSize))
	}
	file, err := parser.ParseBytes(contents, 0)
	if err != nil {
		return nil, at(syntaxError(err))
	}
	return soleMapping(file, at)
}

// syntaxError gives the line and the message of a syntax error, without the
// excerpt of the file, which may hold a secret.
func syntaxError(err error) (line int, text string) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		return syntax.Token.Position.Line, "not readable as YAML: " + syntax.Message + " (quote a value with special characters)"
	}
	return 0, "not readable as YAML"
}

func soleMapping(file *ast.File, at func(int, string) *Problem) (*ast.MappingNode, *Problem) {
	var root *ast.MappingNode
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode:
		case *ast.MappingNode:
			if root != nil {
				return nil, at(lineOf(body), "a second document: want one")
			}
			root = body
		default:
			return nil, at(lineOf(body), "want \"key: value\" at the top level")
		}
	}
	return root, nil
}

// yamlReader walks the nodes of one file.
type yamlReader struct {
	file string
	out  *parsed
	// seen has the line of each key so far, to find flat and nested twins.
	seen map[string]int
}

func (y *yamlReader) source(n ast.Node) Source {
	return Source{Kind: FromFile, Name: y.file, Line: lineOf(n)}
}

func (y *yamlReader) fail(n ast.Node, key, text string) {
	y.out.fail(y.source(n), key, text)
}

// flatten calls set for each scalar, list, or map-valued option below entry.
func (y *yamlReader) flatten(key string, entry *ast.MappingValueNode, depth int, set func(key, text string, at ast.Node)) {
	nested, isMap := entry.Value.(*ast.MappingNode)
	switch {
	case key == "" || entry.Key.IsMergeKey():
		y.fail(entry.Key, key, "want a plain key")
	case depth > maxNesting:
		y.fail(entry.Key, key, fmt.Sprintf("nested more than %d deep", maxNesting))
	case isMap && !takesMap(key):
		if len(nested.Values) == 0 {
			y.fail(entry.Key, key, key+" has no value")
		}
		for _, child := range nested.Values {
			childKey := keyOf(child)
			if childKey != "" {
				childKey = key + "." + childKey
			}
			y.flatten(childKey, child, depth+1, set)
		}
	default:
		text, err := textOf(entry.Value)
		if err != nil {
			y.fail(entry.Key, key, key+": "+err.Error())
			return
		}
		set(key, text, entry.Key)
	}
}

// setting takes one value of the process.
func (y *yamlReader) setting(key, text string, at ast.Node) {
	source := y.source(at)
	if before, twice := y.seen[key]; twice {
		y.fail(at, key, fmt.Sprintf("%s is set twice, also in line %d", key, before))
		return
	}
	y.seen[key] = source.Line
	y.out.put(key, Value{Text: text, Source: source})
}

// takesMap reports whether a key's value is a map, so that what is nested
// below is its value and not more keys.
func takesMap(key string) bool {
	info, ok := ByKey(key)
	return ok && info.Type == stringMaps.name || key == "pipeline.global-job-parameters"
}

// keyOf is the text of a plain or quoted key; "" for anything else.
func keyOf(entry *ast.MappingValueNode) string {
	if scalar, ok := entry.Key.(ast.ScalarNode); ok {
		return scalar.GetToken().Value
	}
	return ""
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

var (
	errNoValue  = errors.New("has no value")
	errNoScalar = errors.New("want a plain value, a list or a map of plain values (anchors, aliases and tags are not supported)")
)

// textOf is the value in Flink's syntax: a scalar as it was written, a list
// and a map in the flow form.
func textOf(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return listText(n)
	case *ast.MappingNode:
		return mapText(n)
	}
	return scalarText(n)
}

func scalarText(n ast.Node) (string, error) {
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return "", errNoValue
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	}
	return "", errNoScalar
}

func listText(n *ast.SequenceNode) (string, error) {
	elements := make([]string, len(n.Values))
	for i, v := range n.Values {
		text, err := scalarText(v)
		if err != nil {
			return "", err
		}
		elements[i] = text
	}
	return formatFlowList(elements), nil
}

func mapText(n *ast.MappingNode) (string, error) {
	pairs := make(map[string]string, len(n.Values))
	for _, entry := range n.Values {
		text, err := scalarText(entry.Value)
		if err != nil {
			return "", err
		}
		pairs[keyOf(entry)] = text
	}
	return FormatMap(pairs), nil
}

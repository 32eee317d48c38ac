package yamlfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluice-project/sluice/options"
)

// MaxSize bounds a file, in bytes.
const MaxSize = 1 << 20

// Parse gives the node of the only document. An error is of [options.Problems] and
// names the file, and the line if there is one.
func Parse(name string, contents []byte) (root ast.Node, err error) {
	at := func(line int, text string) error {
		return options.Problems{{Source: options.Source{Kind: options.FromFile, Name: name, Line: line}, Text: text}}
	}
	// The parser is not ours; a file that makes it panic is a broken file.
	defer func() {
		if recover() != nil {
			root, err = nil, at(0, "not readable as YAML")
		}
	}()
	if len(contents) > MaxSize {
		return nil, at(0, fmt.Sprintf("larger than %d bytes", MaxSize))
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
				return nil, at(Line(body), "a second document: want one")
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

// Line is where a node stands, from 1; 0 if that is not known.
func Line(n ast.Node) int {
	if n == nil {
		return 0
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

// Text is a scalar as it was written; false for anything else.
func Text(n ast.Node) (string, bool) {
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

// Quoted shows a text, or the beginning of a long one, in quotes.
func Quoted(text string) string {
	const most = 60
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strconv.Quote(text)
}

// Suggestion is "; did you mean …?" where one of the names is near.
func Suggestion(word string, names []string) string {
	best := options.Nearest(word, names)
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

package yamlfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/options"
)

// Reader walks the nodes of one file and collects what is wrong.
type Reader struct {
	File     string
	Problems options.Problems
}

// Fail writes down that something is wrong at a node.
func (r *Reader) Fail(n ast.Node, format string, args ...any) {
	r.Problems = append(r.Problems, options.Problem{
		Source: options.Source{Kind: options.FromFile, Name: r.File, Line: Line(n)}, Text: fmt.Sprintf(format, args...),
	})
}

// Entry is a key with what it stands for.
type Entry struct {
	Key   string
	At    ast.Node // the key's place
	Value ast.Node
}

// Mapping gives the entries of a mapping, whose keys are plain and differ. What is
// wrong is told of what; that it is no mapping at the node at.
func (r *Reader) Mapping(at, n ast.Node, what string) []Entry {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.Fail(at, "%s: want \"key: value\"", what)
		return nil
	}
	var entries []Entry
	lines := map[string]int{}
	for _, v := range m.Values {
		key, plain := Text(v.Key)
		if !plain {
			r.Fail(v.Key, "%s: want a plain key", what)
			continue
		}
		if before, twice := lines[key]; twice {
			r.Fail(v.Key, "%s: %s is set twice, also in line %d", what, Quoted(key), before)
			continue
		}
		lines[key] = Line(v.Key)
		entries = append(entries, Entry{key, v.Key, v.Value})
	}
	return entries
}

// Fields are the entries of a mapping whose keys are known.
type Fields struct {
	*Reader
	What   string   // it is, in faults
	At     ast.Node // its place
	Values map[string]Entry
}

// Fields reads a mapping and refuses keys that it does not know.
func (r *Reader) Fields(at, n ast.Node, what string, known ...string) Fields {
	f := Fields{r, what, at, map[string]Entry{}}
	for _, e := range r.Mapping(at, n, what) {
		if !slices.Contains(known, e.Key) {
			r.Fail(e.At, "%s: unknown key %s; there are %s%s", what, Quoted(e.Key), strings.Join(known, ", "), Suggestion(e.Key, known))
			continue
		}
		f.Values[e.Key] = e
	}
	return f
}

// One are fields of a single entry.
func (r *Reader) One(what string, e Entry) Fields {
	return Fields{r, what, e.At, map[string]Entry{e.Key: e}}
}

// Within reads the mapping that stands below a key; empty if there is none.
func (f Fields) Within(key string, known ...string) Fields {
	e, given := f.Values[key]
	if !given {
		return Fields{f.Reader, f.What + ": " + key, f.At, map[string]Entry{}}
	}
	return f.Fields(e.At, e.Value, f.What+": "+key, known...)
}

// Has says whether a key is there.
func (f Fields) Has(key string) bool { _, given := f.Values[key]; return given }

// Place is where a key stands, or the whole if it is missing.
func (f Fields) Place(key string) ast.Node {
	if e, given := f.Values[key]; given {
		return e.At
	}
	return f.At
}

// Require reports the keys that are missing, and says whether none is.
func (f Fields) Require(keys ...string) bool {
	complete := true
	for _, key := range keys {
		if !f.Has(key) {
			f.Fail(f.At, "%s: %s is missing", f.What, key)
			complete = false
		}
	}
	return complete
}

// Items are the elements of a list; none where the key is missing.
func (f Fields) Items(key string) []ast.Node {
	e, given := f.Values[key]
	if !given {
		return nil
	}
	list, ok := e.Value.(*ast.SequenceNode)
	if !ok {
		f.Fail(e.At, "%s: %s: want a list", f.What, key)
		return nil
	}
	return list.Values
}

// Plain reads a plain value, and reports what parse says of it. Where the key is
// missing or its value wrong the result is the other one.
func Plain[T any](f Fields, key string, otherwise T, parse func(string) (T, error)) T {
	e, given := f.Values[key]
	if !given {
		return otherwise
	}
	text, ok := Text(e.Value)
	if !ok || text == "" {
		f.Fail(e.At, "%s: %s: want a plain value", f.What, key)
		return otherwise
	}
	value, err := parse(text)
	if err != nil {
		f.Fail(e.At, "%s: %s: %s", f.What, key, err)
		return otherwise
	}
	return value
}

// Text is a plain value as it was written, "" where it is missing.
func (f Fields) Text(key string) string {
	return Plain(f, key, "", func(text string) (string, error) { return text, nil })
}

// Texts is a mapping of plain keys to plain values, of which nested keys are joined
// by dots, as in Flink's configuration; nil where the key is missing.
func (f Fields) Texts(key string) map[string]string {
	e, given := f.Values[key]
	if !given {
		return nil
	}
	into := map[string]string{}
	f.flatten(e, "", into)
	return into
}

func (f Fields) flatten(e Entry, prefix string, into map[string]string) {
	for _, inner := range f.Mapping(e.At, e.Value, f.What+": "+e.Key) {
		name := prefix + inner.Key
		if _, nested := inner.Value.(*ast.MappingNode); nested {
			f.flatten(inner, name+".", into)
			continue
		}
		text, ok := Text(inner.Value)
		if _, twice := into[name]; twice || !ok {
			f.Fail(inner.At, "%s: %s: want a plain value, once", f.What, name)
			continue
		}
		into[name] = text
	}
}

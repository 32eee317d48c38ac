package workload

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

const (
	// maxDepth bounds how deep curves are nested, maxCurves their number.
	maxDepth  = 32
	maxCurves = 1000
)

// Context is what curves need that does not stand in their text.
type Context struct {
	// Start is the date and time of time 0, for days and weeks.
	Start time.Time
	// Seed is what seeds follow from that are left out, with the curve's place: Place
	// where the text is a file of its own.
	Seed  uint64
	Place string
	// ReadFile reads the tables that a text names; nil refuses them.
	ReadFile func(name string) ([]byte, error)
}

// ParseCurve reads a file that holds one curve. Errors name the file and the line,
// one for each fault, as [options.Problems].
func ParseCurve(file string, contents []byte, c Context) (Curve, error) {
	root, err := yamlfile.Parse(file, contents)
	if err != nil {
		return nil, err
	}
	return ReadCurve(file, root, c.Place, c)
}

// ReadCurve makes a curve of a part of a file. Curves at different places get
// different seeds.
func ReadCurve(file string, node ast.Node, place string, c Context) (Curve, error) {
	r := reader{Reader: yamlfile.Reader{File: file}, context: c}
	curve := r.curve(node, place, 0)
	if len(r.Problems) > 0 {
		return nil, r.Problems
	}
	return curve, nil
}

// reader walks the nodes of one file with curves.
type reader struct {
	yamlfile.Reader
	context Context
	curves  int
}

// fields are the entries of a mapping whose keys are known, with the values that
// curves have.
type fields struct {
	yamlfile.Fields
	reader *reader
}

func (r *reader) fields(at, n ast.Node, what string, known ...string) fields {
	return fields{r.Fields(at, n, what, known...), r}
}

// one are fields of a single entry.
func (r *reader) one(what string, e yamlfile.Entry) fields { return fields{r.One(what, e), r} }

// read gives a plain value to parse, and reports what it says of it.
func read[T any](f fields, key string, otherwise T, parse func(string) (T, error)) T {
	return yamlfile.Plain(f.Fields, key, otherwise, parse)
}

func (f fields) rate(key string, otherwise float64) float64 {
	return read(f, key, otherwise, parseRate)
}

func (f fields) duration(key string, otherwise time.Duration) time.Duration {
	return read(f, key, otherwise, parseDuration)
}

func (f fields) yes(key string) bool { return read(f, key, false, parseBool) }

func (f fields) end() End { return read(f, "end", Hold, parseEnd) }

package workload

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/sluice-project/sluice/twin/yamlfile"
)

// kindNames are the keys that say of which kind a curve is.
var kindNames = []string{
	"constant", "convergence", "cosine", "day", "decline", "growth", "limit", "lines", "noise", "product", "ramp",
	"random-walk", "scale", "sine", "spike", "steps", "sum", "trace", "week",
}

// curveText is one curve as it is read: its key, where that stands, and what is
// below.
type curveText struct {
	kind  string
	at    ast.Node
	value ast.Node
	place string
	depth int
}

// curve reads a curve. After a fault the result is of no use.
func (r *reader) curve(n ast.Node, place string, depth int) Curve {
	nothing := Sum()
	r.curves++
	switch {
	case depth > maxDepth:
		r.Fail(n, "curves nested more than %d deep", maxDepth)
		return nothing
	case r.curves > maxCurves:
		if r.curves == maxCurves+1 {
			r.Fail(n, "more than %d curves", maxCurves)
		}
		return nothing
	}
	if text, plain := yamlfile.Text(n); plain {
		return r.number(n, text)
	}
	entries := r.Mapping(n, n, "a curve")
	if len(entries) != 1 {
		if entries != nil || isEmptyMapping(n) {
			r.Fail(n, "a curve: want one key that says of which kind it is, got %d", len(entries))
		}
		return nothing
	}
	e := entries[0]
	curve, err := r.ofKind(curveText{e.Key, e.At, e.Value, place + "/" + e.Key, depth})
	if err != nil {
		r.Fail(e.At, "%s: %s", e.Key, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if curve == nil {
		return nothing
	}
	return curve
}

func isEmptyMapping(n ast.Node) bool {
	m, ok := n.(*ast.MappingNode)
	return ok && len(m.Values) == 0
}

func (r *reader) number(n ast.Node, text string) Curve {
	rate, err := parseRate(text)
	if err != nil {
		if slices.Contains(kindNames, text) {
			err = fmt.Errorf("%s has no value", text)
		}
		r.Fail(n, "a curve: %s", err)
	}
	c, _ := Constant(rate) // a rate that was parsed is one
	return c
}

// ofKind reads what stands below the key of a curve.
func (r *reader) ofKind(c curveText) (Curve, error) {
	switch c.kind {
	case "constant":
		f := r.one("a curve", yamlfile.Entry{Key: c.kind, At: c.at, Value: c.value})
		return Constant(f.rate(c.kind, 0))
	case "steps", "lines":
		return r.path(c)
	case "ramp":
		return r.ramp(c)
	case "sine":
		return r.sine(c)
	case "day":
		return r.day(c)
	case "week":
		return r.week(c)
	case "spike":
		return r.spike(c)
	case "random-walk", "growth", "decline":
		return r.walk(c)
	case "cosine":
		return r.cosine(c)
	case "convergence":
		f := r.fields(c.at, c.value, c.kind, "high", "low")
		return Convergence(f.rate("high", 2e6), f.rate("low", 1e6))
	case "trace":
		return r.trace(c)
	}
	return r.combined(c)
}

// combined reads the curves that are made of others.
func (r *reader) combined(c curveText) (Curve, error) {
	switch c.kind {
	case "sum":
		return Sum(r.curveList(c)...), nil
	case "product":
		return Product(r.curveList(c)...), nil
	case "scale":
		f := r.fields(c.at, c.value, c.kind, "of", "by")
		if !f.Require("of", "by") {
			return nil, nil
		}
		return Scale(f.of(c), f.rate("by", 1))
	case "limit":
		f := r.fields(c.at, c.value, c.kind, "of", "min", "max")
		if !f.Require("of") {
			return nil, nil
		}
		return Limit(f.of(c), f.rate("min", 0), f.rate("max", MaxRate))
	case "noise":
		f := r.fields(c.at, c.value, c.kind, "of", "share", "amount", "every", "seed")
		if !f.Require("of") {
			return nil, nil
		}
		return Shake(f.of(c), Noise{
			Share: f.rate("share", 0), Amount: f.rate("amount", 0), Every: f.duration("every", 0), Seed: f.seed(c),
		})
	}
	return nil, fmt.Errorf("no such kind of curve%s (there are %s)", yamlfile.Suggestion(c.kind, kindNames), list(kindNames, len(kindNames)))
}

// of reads the curve that another is made of.
func (f fields) of(c curveText) Curve {
	return f.reader.curve(f.Values["of"].Value, c.place, c.depth+1)
}

func (r *reader) curveList(c curveText) []Curve {
	seq, ok := c.value.(*ast.SequenceNode)
	if !ok || len(seq.Values) == 0 {
		r.Fail(c.at, "%s: want a list of curves", c.kind)
		return nil
	}
	curves := make([]Curve, 0, len(seq.Values))
	for i, n := range seq.Values {
		curves = append(curves, r.curve(n, fmt.Sprintf("%s/%d", c.place, i), c.depth+1))
	}
	return curves
}

// seed is the one given, or follows from that of the context and the place.
func (f fields) seed(c curveText) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(c.place)) // it cannot fail
	return read(f, "seed", mix(f.reader.context.Seed)^h.Sum64(), parseWhole)
}

// path reads steps and lines: points, or points with a length and an end.
func (r *reader) path(c curveText) (Curve, error) {
	p := Path{Straight: c.kind == "lines"}
	points, at := c.value, c.at
	if m, ok := c.value.(*ast.MappingNode); ok && hasKey(m, "at") {
		f := r.fields(c.at, c.value, c.kind, "at", "length", "end")
		p.Length, p.End = f.duration("length", 0), f.end()
		points, at = f.Values["at"].Value, f.Values["at"].At
	}
	var ok bool
	if p.Points, ok = r.points(at, points, c.kind, parseDuration); !ok {
		return nil, nil
	}
	return p.Curve()
}

func hasKey(m *ast.MappingNode, key string) bool {
	for _, v := range m.Values {
		if text, _ := yamlfile.Text(v.Key); text == key {
			return true
		}
	}
	return false
}

// points reads a mapping of times to rates; false after a fault.
func (r *reader) points(at, n ast.Node, what string, parse func(string) (time.Duration, error)) ([]Point, bool) {
	before := len(r.Problems)
	var points []Point
	for _, e := range r.Mapping(n, n, what) {
		t, err := parse(e.Key)
		if err != nil {
			r.Fail(e.At, "%s: %s", what, err)
			continue
		}
		if len(points) > 0 && t <= points[len(points)-1].At {
			r.Fail(e.At, "%s: %s is not after the time before it", what, e.Key)
		}
		f := r.one(what, e)
		points = append(points, Point{t, f.rate(e.Key, 0)})
	}
	return points, len(r.Problems) == before
}

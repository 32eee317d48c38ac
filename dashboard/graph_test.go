package dashboard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-project/sluice/decisions"
)

func TestVerticesStandBehindTheirInputs(t *testing.T) {
	for _, c := range []struct{ name, vertices, want string }{
		{"one", "a", "1x1 a:0,0"},
		{"a chain", "a b<a c<b", "3x1 a:0,0 b:1,0 c:2,0"},
		{"two sources, and a sink of each in their order", "a b c<b d<a", "2x2 a:0,0 b:0,1 d:1,0 c:1,1"},
		{"a vertex stands behind the last of its inputs", "a b<a c<a,b d<c,a", "4x1 a:0,0 b:1,0 c:2,0 d:3,0"},
		{"in another order than they run", "c<b b<a a", "3x1 a:0,0 b:1,0 c:2,0"},
		{"an input that is not there, and itself", "a<z b<a,b", "2x1 a:0,0 b:1,0"},
		{"a ring ends", "a<b b<a", ""},
		{"nothing", "", "0x0"},
	} {
		var vertices []decisions.Vertex
		for text := range strings.FieldsSeq(c.vertices) {
			id, inputs, has := strings.Cut(text, "<")
			v := decisions.Vertex{ID: id}
			if has {
				v.Inputs = strings.Split(inputs, ",")
			}
			vertices = append(vertices, v)
		}
		g := layout(vertices)
		got := fmt.Sprintf("%dx%d", g.Columns, g.Rows)
		for _, n := range g.Nodes {
			got += fmt.Sprintf(" %s:%d,%d", n.Vertex, n.Column, n.Row)
		}
		if c.want != "" && got != c.want || len(g.Nodes) != len(vertices) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

package yamlfile

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsNoDocument(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "f: empty",
		"# only this":                  "f: empty",
		"a: [":                         "f:1: not readable as YAML",
		"a: 1\n---\nb: 2":              "f:3: a second document: want one",
		strings.Repeat("a", MaxSize+1): "f: larger than 1048576 bytes",
	} {
		if _, err := Parse("f", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

// A file is read to its end, whatever is wrong with it.
func TestEveryFaultIsToldWithItsLine(t *testing.T) {
	root, err := Parse("f", []byte("size: 3\nwieght: 4\nparts:\n  one: [1]\nlist: 5\nmany: {a: {b: x}, c: y}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := &Reader{File: "f"}
	f := r.Fields(root, root, "a thing", "size", "weight", "parts", "list", "many")
	if got := Plain(f, "size", 0, strconv.Atoi); got != 3 {
		t.Errorf("the size is %d", got)
	}
	f.Require("size", "weight")
	f.Within("parts", "one").Text("one")
	f.Items("list")
	if diff := cmp.Diff(map[string]string{"a.b": "x", "c": "y"}, f.Texts("many")); diff != "" {
		t.Error(diff)
	}
	want := []string{
		`f:2: a thing: unknown key "wieght"; there are size, weight, parts, list, many; did you mean weight?`,
		"f:1: a thing: weight is missing",
		"f:4: a thing: parts: one: want a plain value",
		"f:5: a thing: list: want a list",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), r.Problems.Error()); diff != "" {
		t.Error(diff)
	}
	if f.Has("weight") || f.Place("size") == nil || Line(f.Place("weight")) != 1 || Line(nil) != 0 {
		t.Error("places are wrong")
	}
}

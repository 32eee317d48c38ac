package vectors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notCompared are the leaves of expectations that may be anything, by the outcome
// of the step and the path, and why.
var notCompared = []struct{ leaf, why string }{
	{`exception\.class$`, "a class of the JVM"},
	{`message of the JVM$`, "words of the JVM or of a library"},
	{`^ERROR evaluated\.vertices\.id\.EXPECTED_PROCESSING_RATE`, "which vertices were judged before an error hangs on a hash"},
}

// A runner that compares nothing agrees with everything. So each leaf of what is
// expected is made wrong, and replaying has to fail there.
func TestEveryLeafOfAnExpectationIsCompared(t *testing.T) {
	all, err := fromArchive(archive)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	// The shortest first: each falsified leaf replays its scenario.
	names := slices.SortedStableFunc(slices.Values(all.scenarios()), func(a, b string) int {
		return cmp.Compare(len(all[a]), len(all[b]))
	})
	for _, name := range names {
		text := all[name]
		var leaves []leaf
		for _, l := range leavesOf(t, text) {
			if !seen[l.kind] {
				seen[l.kind] = true
				leaves = append(leaves, l)
			}
		}
		if len(leaves) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, l := range leaves {
				falsify(t, all, name, l)
			}
		})
	}
	if len(seen) < 400 {
		t.Errorf("there are only %d kinds of leaves", len(seen))
	}
}

// leaf is one value in the expectation of a step.
type leaf struct {
	step int
	path []any // keys and indexes
	// kind is the outcome and the path without what is different in each job.
	kind string
}

var vertexID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func leavesOf(t *testing.T, text []byte) []leaf {
	t.Helper()
	var s struct {
		Steps []struct{ Expected map[string]any }
	}
	if err := decode(text, &s); err != nil {
		t.Fatal(err)
	}
	var leaves []leaf
	for i, step := range s.Steps {
		walk(step.Expected, nil, fmt.Sprint(step.Expected["outcome"]), func(path []any, kind string) {
			leaves = append(leaves, leaf{i, path, kind})
		})
	}
	return leaves
}

// walk yields the leaves below a value, and what can be shortened.
func walk(v any, at []any, kind string, yield func([]any, string)) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 && vertexID.MatchString(slices.Min(slices.Collect(maps.Keys(v)))) {
			yield(at, kind+" of fewer vertices")
		}
		reason, _ := v["reason"].(string)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], append(slices.Clone(at), key), kind+nameOf(len(at), reason, key), yield)
		}
	case []any:
		if len(v) > 0 {
			yield(at, kind+" shortened")
		}
		for i := range v {
			name := ".i"
			if len(v) == 2 || len(v) == 3 { // a metric, or a recommendation
				name = "." + strconv.Itoa(i)
			}
			walk(v[i], append(slices.Clone(at), i), kind+name, yield)
		}
	default:
		if text, ok := v.(string); ok && aboutErrors.MatchString(kind) && ownWords(nil, text) == foreign {
			kind += " of the JVM"
		}
		yield(at, kind)
	}
}

var aboutErrors = regexp.MustCompile(`(exception\.|AutoscalerError )message$`)

// nameOf is how a key is written in the kind of a leaf.
func nameOf(depth int, reason, key string) string {
	if _, err := strconv.Atoi(key); err == nil {
		key = "time"
	} else if vertexID.MatchString(key) {
		key = "id"
	}
	switch {
	case depth == 0:
		return " " + key
	case reason != "":
		return "." + reason + " " + key
	}
	return "." + key
}

func falsify(t *testing.T, all files, name string, l leaf) {
	t.Helper()
	why := ""
	for _, n := range notCompared {
		if regexp.MustCompile(n.leaf).MatchString(l.kind) {
			why = n.why
		}
	}
	for i, n := 0, 1; i < n; i++ {
		var s map[string]any
		if err := decode(all[name], &s); err != nil {
			t.Fatal(err)
		}
		expected := s["steps"].([]any)[l.step].(map[string]any)["expected"]
		parent, last := at(expected, l.path[:len(l.path)-1]), l.path[len(l.path)-1:]
		was := at(parent, last)
		wrongs := wrong(was)
		n = len(wrongs)
		set(parent, last[0], wrongs[i])
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(all)
		changed[name] = text
		told := firstFailure(t, func(t testing.TB) { newReplay(t, changed.scenario(t, name)).run() })
		if strings.HasPrefix(told, "step ") && !strings.HasPrefix(told, fmt.Sprintf("step %d: ", l.step)) {
			told = "" // something else is wrong
		}
		if (told == "") != (why != "") {
			t.Errorf("%s: %v instead of %v in step %d: noticed %q, while it is said: %q", l.kind, wrongs[i], was, l.step, told, why)
		}
	}
}

func at(v any, path []any) any {
	for _, key := range path {
		if i, ok := key.(int); ok {
			v = v.([]any)[i]
		} else {
			v = v.(map[string]any)[key.(string)]
		}
	}
	return v
}

func set(parent, key, value any) {
	if i, ok := key.(int); ok {
		parent.([]any)[i] = value
	} else {
		parent.(map[string]any)[key.(string)] = value
	}
}

// wrong gives values that v is not: for whole numbers, the next one.
func wrong(v any) []any {
	switch v := v.(type) {
	case nil:
		return []any{7, "x"}
	case bool:
		return []any{!v}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return []any{n + 1, "Infinity", "NaN"}
		}
		f, _ := v.Float64()
		return []any{f + 0.01, "Infinity", "NaN"}
	case string:
		if v == "Infinity" || v == "NaN" {
			return []any{7, "-Infinity"}
		}
		return []any{v + "x"}
	case []any:
		return []any{v[1:]}
	case map[string]any:
		fewer := maps.Clone(v)
		delete(fewer, slices.Min(slices.Collect(maps.Keys(v))))
		return []any{fewer}
	}
	return nil
}

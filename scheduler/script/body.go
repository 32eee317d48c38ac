package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Body is the body of a request that declares the bounds, with $name for the ids of the vertices; see [Expand].
func Body(bounds []Bound) string {
	var parts []string
	for _, b := range bounds {
		parts = append(parts, fmt.Sprintf(`"$%s":{"parallelism":{"lowerBound":%d,"upperBound":%d}}`, b.Vertex, b.Lower, b.Upper))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Expand puts the ids of the vertices in the place of $name.
func Expand(text string, ids map[string]string) string {
	return replace(text, ids, func(name, id string) (old, new string) { return "$" + name, id })
}

// Contract puts $name in the place of the ids of the vertices.
func Contract(text string, ids map[string]string) string {
	return replace(text, ids, func(name, id string) (old, new string) { return id, "$" + name })
}

// replace goes from the longest name to the shortest, since one may begin with another.
func replace(text string, ids map[string]string, pair func(name, id string) (old, new string)) string {
	names := slices.SortedFunc(maps.Keys(ids), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, name := range names {
		old, new := pair(name, ids[name])
		pairs = append(pairs, old, new)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

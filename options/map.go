package options

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

var stringMaps = syntax[map[string]string]{name: "map", parse: ParseMap, format: FormatMap}

var errNotMap = errors.New("want key:value pairs separated by commas, such as a:1,b:2, or a YAML mapping {a: 1, b: 2}")

// ParseMap reads a map of strings: key:value pairs separated by commas, keys
// and values plain or quoted as in [ParseList], or a YAML flow mapping such as
// {a: 1, b: 2}. The empty text is the empty map.
func ParseMap(text string) (map[string]string, error) {
	if pairs, ok := parseFlowMap(text); ok {
		return pairs, nil
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, errNotMap
	}
	items, err := splitQuoted(text, ',')
	if err != nil {
		return nil, err
	}
	pairs := make(map[string]string, len(items))
	for _, item := range items {
		if err := addPair(pairs, item); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func addPair(pairs map[string]string, item string) error {
	parts, err := splitQuoted(item, ':')
	if err != nil {
		return err
	}
	if len(parts) != 2 {
		return errNotMap
	}
	if _, twice := pairs[parts[0]]; twice {
		return fmt.Errorf("want each key once; %q is there twice", parts[0])
	}
	pairs[parts[0]] = parts[1]
	return nil
}

// FormatMap prints a map, ordered by key, so that [ParseMap] reads it back.
func FormatMap(pairs map[string]string) string {
	items := make([]string, 0, len(pairs))
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		items = append(items, quoteFlow(k)+": "+quoteFlow(pairs[k]))
	}
	if len(items) == 0 {
		return ""
	}
	return "{" + strings.Join(items, ", ") + "}"
}

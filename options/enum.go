package options

import (
	"errors"
	"fmt"
	"strings"
)

// enums is the syntax of a closed set of names, read in any case and without
// blanks around.
func enums[T ~string](names ...T) syntax[T] {
	values := make([]string, len(names))
	for i, n := range names {
		values[i] = string(n)
	}
	return syntax[T]{
		name:   "enum",
		values: values,
		parse:  func(text string) (T, error) { return parseEnum(text, names, values) },
		format: func(v T) string { return string(v) },
	}
}

func parseEnum[T ~string](text string, names []T, values []string) (T, error) {
	for _, n := range names {
		if strings.EqualFold(text, string(n)) {
			return n, nil
		}
	}
	var zero T
	if len(values) == 1 {
		return zero, fmt.Errorf("want %s", values[0])
	}
	if near := Nearest(strings.ToLower(text), values); text != "" && near != "" {
		return zero, fmt.Errorf("want one of %s; did you mean %s?", strings.Join(values, ", "), near)
	}
	return zero, errors.New("want one of " + strings.Join(values, ", "))
}

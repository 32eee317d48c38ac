package workload

import "github.com/sluice-project/sluice/options"

// suggestion is "; did you mean …?" where one of the names is near.
func suggestion(word string, names []string) string {
	best := options.Nearest(word, names)
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

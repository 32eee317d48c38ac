package workload

import "strings"

// suggestion is "; did you mean …?" where one of the names is near.
func suggestion(word string, names []string) string {
	best, distance := "", 2+len(word)/3
	for _, n := range names {
		if d := editDistance(word, n); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// editDistance counts the letters to insert, delete or change, without regard to
// case. Of a long word the beginning counts.
func editDistance(a, b string) int {
	a, b = strings.ToLower(a[:min(len(a), 80)]), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

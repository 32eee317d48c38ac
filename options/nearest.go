package options

// Nearest returns the candidate that looks most like word, in any case of letters,
// for the error about a name that is not known; "" if none is near: more than a
// third of its letters would have to change.
func Nearest(word string, candidates []string) string {
	best, distance := closest(word, candidates)
	if distance > 1+len(word)/3 {
		return ""
	}
	return best
}

// closest returns the first of the candidates with the smallest edit distance
// from word, in any case of letters, and that distance.
func closest(word string, candidates []string) (best string, distance int) {
	distance = len(word) + maxKeyLength
	for _, c := range candidates {
		if len(c)-len(word) >= distance || len(word)-len(c) >= distance {
			continue // the lengths alone differ by more
		}
		if d := editDistance(word, c); d < distance {
			best, distance = c, d
		}
	}
	return best, distance
}

// maxKeyLength bounds the part of a key that is compared, so that a very long
// key costs no more.
const maxKeyLength = 200

// editDistance counts the letters to insert, delete or change to make b of a,
// without regard to case.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), maxKeyLength)], b[:min(len(b), maxKeyLength)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if lower(a[i]) != lower(b[j]) {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

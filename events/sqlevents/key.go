package sqlevents

import (
	"cmp"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/sluice-project/sluice/autoscaler"
)

// eventKey identifies an event as the reference's does, but that it stays the
// same from one process to the next: the reference takes the place in memory of
// the type into it.
func eventKey(parts ...string) string {
	h := int32(1)
	for _, part := range parts {
		h = 31*h + javaHash(part)
	}
	return strconv.Itoa(int(h))
}

// changesKey is the reference's key of a report of changes: that of its map from
// vertices to texts.
func changesKey(changes []autoscaler.Change) string {
	var sum int32
	for _, c := range changes {
		text := "Parallelism " + strconv.Itoa(c.From) + " -> " + strconv.Itoa(c.To)
		sum += javaHash(string(c.Vertex)) ^ javaHash(text)
	}
	return strconv.Itoa(int(sum & 0x7FFFFFFF))
}

// javaHash is Java's String.hashCode.
func javaHash(s string) int32 {
	var h int32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + int32(unit)
	}
	return h
}

// byJob orders rows by job, those of one job as they came.
func byJob(rows []row) []row {
	ordered := slices.Clone(rows)
	slices.SortStableFunc(ordered, func(a, b row) int { return cmp.Compare(a.jobKey, b.jobKey) })
	return ordered
}

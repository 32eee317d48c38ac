package demo

import (
	"math"
	"strings"
)

// series is a figure over the day, in a fixed number of columns.
type series struct {
	columns []float64
	filled  int
	// peak keeps the largest of a column, else it is the newest.
	peak bool
}

func newSeries(width int, peak bool) *series {
	return &series{columns: make([]float64, width), peak: peak}
}

// add puts a value where it belongs: part is the part of the day that is over.
func (s *series) add(part, value float64) {
	i := min(int(part*float64(len(s.columns))), len(s.columns)-1)
	if i >= s.filled {
		for ; s.filled <= i; s.filled++ {
			s.columns[s.filled] = value
		}
		return
	}
	if !s.peak || value > s.columns[i] {
		s.columns[i] = value
	}
}

func (s *series) max() float64 {
	most := 0.0
	for _, x := range s.columns[:s.filled] {
		most = max(most, x)
	}
	return most
}

var bars = []rune("▁▂▃▄▅▆▇█")

// line draws the columns on a scale that ends at top.
func (s *series) line(top float64) string {
	var b strings.Builder
	for i, x := range s.columns {
		switch {
		case i >= s.filled:
			b.WriteByte(' ')
		case top <= 0:
			b.WriteRune(bars[0])
		default:
			n := int(math.Round(x / top * float64(len(bars)-1)))
			b.WriteRune(bars[max(0, min(n, len(bars)-1))])
		}
	}
	return b.String()
}

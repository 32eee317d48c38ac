package twin

import (
	"math"
	"slices"

	"github.com/sluice-project/sluice/flink"
)

// percentile is a rank of ordered values as commons-math finds it; NaN of none.
func percentile(ordered []float64, rank float64) float64 {
	n := len(ordered)
	if n == 0 {
		return math.NaN()
	}
	position := rank * float64(n+1)
	below := math.Floor(position)
	switch {
	case position < 1:
		return ordered[0]
	case position >= float64(n):
		return ordered[n-1]
	}
	lower, upper := ordered[int(below)-1], ordered[int(below)]
	return lower + (position-below)*(upper-lower)
}

// statistic is a distribution over subtasks.
func statistic(values []int64) flink.Statistic {
	if len(values) == 0 {
		return flink.Statistic{}
	}
	ordered := make([]float64, len(values))
	s := flink.Statistic{Min: values[0], Max: values[0]}
	for i, x := range values {
		ordered[i] = float64(x)
		s.Sum += x
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
	}
	slices.Sort(ordered)
	s.Avg = s.Sum / int64(len(values))
	s.Median = int64(percentile(ordered, 0.5))
	s.P25, s.P75, s.P95 = int64(percentile(ordered, 0.25)), int64(percentile(ordered, 0.75)), int64(percentile(ordered, 0.95))
	return s
}

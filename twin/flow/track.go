package flow

import (
	"math"
	"slices"
	"sort"
)

// track is a line through points of which both coordinates never fall: a number of
// records, and a time in seconds.
type track struct {
	X, Y []float64
}

// maxTrack bounds the points; beyond it those go that matter least.
const maxTrack = 768

// add appends a point. One that goes on in a straight line replaces the last.
func (t *track) add(x, y float64) {
	n := len(t.X)
	if n > 0 {
		x, y = max(x, t.X[n-1]), max(y, t.Y[n-1])
	}
	if n > 1 {
		dx, dy := t.X[n-1]-t.X[n-2], t.Y[n-1]-t.Y[n-2]
		a, b := dx*(y-t.Y[n-1]), dy*(x-t.X[n-1])
		if math.Abs(a-b) <= 1e-12*(a+b) {
			t.X[n-1], t.Y[n-1] = x, y
			return
		}
	}
	if n >= maxTrack {
		t.thin()
	}
	t.X, t.Y = extended(t.X, x), extended(t.Y, y)
}

// extended is append without room for more than a track has.
func extended(s []float64, x float64) []float64 {
	if n := len(s); n == cap(s) && n > maxTrack/2 {
		s = append(make([]float64, 0, maxTrack), s...)
	}
	return append(s, x)
}

// thin drops the points that the line needs least, by the triangle that each makes
// with its neighbours.
func (t *track) thin() {
	n := len(t.X)
	areas := make([]float64, n)
	for i := 1; i < n-1; i++ {
		areas[i] = math.Abs((t.X[i]-t.X[i-1])*(t.Y[i+1]-t.Y[i-1]) - (t.X[i+1]-t.X[i-1])*(t.Y[i]-t.Y[i-1]))
	}
	sorted := slices.Clone(areas[1 : n-1])
	slices.Sort(sorted)
	small := sorted[n/4]
	kept, dropped := 1, false
	for i := 1; i < n; i++ {
		dropped = !dropped && i < n-1 && areas[i] <= small
		if !dropped {
			t.X[kept], t.Y[kept] = t.X[i], t.Y[i]
			kept++
		}
	}
	t.X, t.Y = t.X[:kept], t.Y[:kept]
}

// timeOf is when the count came to x; at a stop the beginning of it.
func (t *track) timeOf(x float64) float64 {
	return along(t.X, t.Y, x, sort.SearchFloat64s(t.X, x))
}

// countAt is how far it was at a time; at a jump the end of it.
func (t *track) countAt(y float64) float64 {
	return along(t.Y, t.X, y, sort.Search(len(t.Y), func(i int) bool { return t.Y[i] > y }))
}

// along reads the line at x, which lies before the point next.
func along(xs, ys []float64, x float64, next int) float64 {
	switch {
	case next == 0:
		return ys[0]
	case next == len(xs):
		return ys[next-1]
	}
	width := xs[next] - xs[next-1]
	if width <= 0 {
		return ys[next]
	}
	return ys[next-1] + (ys[next]-ys[next-1])*min((x-xs[next-1])/width, 1)
}

// forget drops what lies before x.
func (t *track) forget(x float64) {
	first := sort.SearchFloat64s(t.X, x) - 1
	if first < 1 {
		return
	}
	t.X, t.Y = t.X[:copy(t.X, t.X[first:])], t.Y[:copy(t.Y, t.Y[first:])]
}

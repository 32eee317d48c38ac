package bulk

import (
	"hash/fnv"
	"math"
)

// Sizes are whole bytes. What is divided is divided by running sums, so that the parts
// always add up to the whole.

// split divides a whole by weights. Without any weight, all is even.
func split(whole int64, weights []float64) []int64 {
	parts := make([]int64, len(weights))
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	before, upTo := int64(0), 0.0
	for i, w := range weights {
		if sum <= 0 {
			w = 1
		}
		upTo += w
		share := upTo / math.Max(sum, upTo)
		if sum <= 0 {
			share = upTo / float64(len(weights))
		}
		end := min(int64(math.Round(share*float64(whole))), whole)
		if i == len(weights)-1 {
			end = whole
		}
		parts[i] = end - before
		before = end
	}
	return parts
}

// even divides a whole evenly.
func even(whole int64, n int) []int64 { return split(whole, make([]float64, n)) }

// weights are the shares of the subpartitions of an edge, which add up to 1: those of
// the hottest keys lie where a hash of their number puts them.
func (e *Edge) weights(n int) []float64 {
	w := make([]float64, n)
	rest := 1.0
	if e.Skew > 1 && n > 1 {
		hottest := math.Min(e.Skew/float64(n), 1)
		rest = (1 - hottest) * float64(n) / float64(n-1)
		for i := range w {
			w[i] = rest / float64(n)
		}
		w[e.lot(0, n)] = hottest
		return w
	}
	for i, share := range e.HotKeys {
		w[e.lot(i, n)] += share
		rest -= share
	}
	for i := range w {
		w[i] += math.Max(rest, 0) / float64(n)
	}
	return w
}

// lot is the subpartition of one key.
func (e *Edge) lot(key, n int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(e.From), byte(e.To), byte(key), byte(key >> 8)}) // it never fails
	return int(h.Sum64() % uint64(n))                                           //nolint:gosec // n is positive
}

// sent are the bytes that a task puts on an edge which has read so many.
func (e *Edge) sent(read int64) int64 {
	return int64(math.Min(math.Round(float64(read)*e.Share), most))
}

// records are how many of a size so many bytes are.
func records(bytes int64, size float64) int64 {
	if size == 0 {
		size = defaultRecord
	}
	return int64(math.Round(float64(bytes) / size))
}

const defaultRecord = 100

// Records are how many records so many bytes are that a vertex reads.
func (g *Graph) Records(v int, bytes int64) int64 { return records(bytes, g.Vertices[v].RecordBytes) }

// RecordsOut are how many records so many bytes are that a vertex writes, each for the
// vertex that reads them.
func (g *Graph) RecordsOut(v int, bytes int64) int64 {
	size := g.Vertices[v].RecordBytes
	if out := g.outputs(v); len(out) > 0 {
		size = g.Vertices[g.Edges[out[0]].To].RecordBytes
	}
	return records(bytes, size)
}

// Scaled is the graph with sources that read so many times as much, save those that
// are steady.
func (g *Graph) Scaled(factor float64) Graph {
	scaled := Graph{Vertices: append([]Vertex{}, g.Vertices...), Edges: g.Edges}
	for i := range scaled.Vertices {
		if v := &scaled.Vertices[i]; !v.Steady {
			v.Bytes = math.Min(v.Bytes*factor, most)
		}
	}
	return scaled
}

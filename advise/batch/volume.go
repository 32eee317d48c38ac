package batch

import (
	"math"
	"slices"
)

// volume is how the bytes of a vertex's keyed input lie over the space of keys,
// 0 to 1: evenly, with lumps where a few keys have much. Flink does not show the
// bytes of a subpartition, only those that each task read; with another number of
// subpartitions the even part is cut anew and the lumps stay whole.
type volume struct {
	even  float64
	lumps []lump
}

type lump struct{ at, bytes float64 }

// hot is how many times the median a task's bytes are where it has a lump.
const hot = 2

// volumeOf reads the volume from what the tasks read, in the order of their
// ranges. subpartitions is how many there were. A task over the median reads one
// subpartition, since Flink puts no second one to one that is full.
func volumeOf(read []float64, subpartitions int) volume {
	median := medianOf(read)
	var cold float64
	hots := 0
	for _, r := range read {
		if r > hot*median {
			hots++
		} else {
			cold += r
		}
	}
	if hots == 0 || cold == 0 {
		return volume{even: 1} // as far as can be told
	}
	width := max(1, float64(subpartitions-hots)) / cold // subpartitions a byte, in the even part
	level := 1 / width
	v := volume{even: cold}
	at := 0.0
	all := float64(hots) + cold*width
	for _, r := range read {
		if r <= hot*median {
			at += r * width / all
			continue
		}
		base := min(r, level)
		v.even += base
		v.lumps = append(v.lumps, lump{at: at + 0.5/all, bytes: r - base})
		at += 1 / all
	}
	return v
}

// lumpsOf is a volume of which all that a task read is one lump: how the bytes lie
// within the range of a task is not shown, and this is the worst for more tasks.
func lumpsOf(read []float64) volume {
	var v volume
	for i, r := range read {
		if r >= 1 {
			v.lumps = append(v.lumps, lump{at: (float64(i) + 0.5) / float64(len(read)), bytes: r})
		}
	}
	if len(v.lumps) == 0 {
		v.even = 1
	}
	return v
}

// cut divides the volume, scaled to a total, among subpartitions.
func (v volume) cut(subpartitions int, total float64) []int64 {
	whole := v.even
	for _, l := range v.lumps {
		whole += l.bytes
	}
	scale := total / whole
	parts := make([]int64, subpartitions)
	each := v.even * scale / float64(subpartitions)
	sum := 0.0
	for i := range parts { // rounded so that the sum is kept
		before := math.Round(sum)
		sum += each
		parts[i] = int64(math.Round(sum) - before)
	}
	for _, l := range v.lumps {
		i := min(subpartitions-1, max(0, int(l.at*float64(subpartitions))))
		parts[i] += int64(math.Round(l.bytes * scale))
	}
	return parts
}

func medianOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

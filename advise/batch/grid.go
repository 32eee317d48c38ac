package batch

import (
	"fmt"
	"math"
	"slices"

	scheduler "github.com/sluice-project/sluice/scheduler/batch"
)

// grid are the configurations with another volume, largest or least parallelism.
func (s *searcher) grid(from scheduler.Options) []scheduler.Options {
	var all []scheduler.Options
	least := []int{from.MinParallelism}
	if from.MinParallelism > 1 {
		least = append(least, 1)
	}
	for _, low := range least {
		for _, high := range s.parallelisms(from.MaxParallelism) {
			for _, volume := range s.volumes(from.AverageVolume) {
				o := from
				o.MinParallelism, o.MaxParallelism, o.AverageVolume = low, max(low, high), volume
				all = append(all, o)
			}
		}
	}
	return all
}

// sources are the configurations with another parallelism of sources.
func (s *searcher) sources(from scheduler.Options) []scheduler.Options {
	all := []scheduler.Options{from}
	for _, p := range s.parallelisms(max(1, from.DefaultSourceParallelism)) {
		if p <= from.MaxParallelism {
			o := from
			o.DefaultSourceParallelism = p
			all = append(all, o)
		}
	}
	return all
}

// mostTried bounds the parallelisms that are tried; the present one is always.
const mostTried = 2048

// parallelisms are those worth a try: full waves over the slots, and powers of
// two.
func (s *searcher) parallelisms(present int) []int {
	slots := s.model.slots
	all := []int{present, max(1, slots/2), slots, 2 * slots, 3 * slots, 4 * slots, 8 * slots}
	for p := 1; p <= min(mostTried, max(128, present)); p *= 2 {
		all = append(all, p)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// volumes are those worth a try: what gives each vertex full waves over the
// slots, and powers of two around the data.
func (s *searcher) volumes(present int64) []int64 {
	all := []int64{present}
	largest := 0.0
	for _, shape := range s.shapes {
		for i := range shape.inputs {
			total := 0.0
			for n, e := range shape.run.Vertices[i].Inputs {
				if !e.broadcast() {
					total += shape.inputs[i][n]
				}
			}
			largest = max(largest, total)
			if total == 0 || shape != s.shapes[len(s.shapes)-1] {
				continue // a source, for one, reads no volume
			}
			for _, waves := range []float64{0.5, 1, 2, 3, 4} {
				for _, room := range []float64{1.02, 1.2} {
					all = append(all, round(total*room/max(1, math.Floor(waves*float64(s.model.slots)))))
				}
			}
		}
	}
	for v := int64(1 << 10); v < 1<<40; v *= 2 {
		if f := float64(v); f >= largest/2048 && f <= 2*largest {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// round makes a volume one that a person can read, of at least 1 KiB, and not
// smaller.
func round(bytes float64) int64 {
	unit := int64(1 << 10)
	for unit < 1<<40 && float64(unit)*100 < bytes {
		unit *= 2
	}
	return max(1, int64(math.Ceil(bytes/float64(unit)))) * unit
}

// memory writes a volume as Flink reads it.
func memory(bytes int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "gb"}, {1 << 20, "mb"}, {1 << 10, "kb"}} {
		if bytes >= u.size && bytes%u.size == 0 {
			return fmt.Sprintf("%d %s", bytes/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}

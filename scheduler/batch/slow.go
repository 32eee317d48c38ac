package batch

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// TaskTime is how long a task has taken, for SlowTasks.
type TaskTime struct {
	Finished bool
	// Elapsed is the time since it was deployed, or for which it ran.
	Elapsed time.Duration
	// Read are the bytes of its input; -1 if they are not known, as over hybrid
	// exchanges, for all tasks of a vertex or for none.
	Read int64
}

// SlowTasks are the indexes of the tasks of a vertex that would get a second
// attempt if speculative execution is on. Once a share of them have finished, a
// task is slow if it runs for the lower bound and, for each byte that it reads,
// for the multiplier times as long as the median of the fastest of that share. It
// counts in whole milliseconds, as Flink.
func SlowTasks(s Speculative, tasks []TaskTime) []int {
	base, enough := s.baseline(tasks)
	if !enough {
		return nil
	}
	var slow []int
	for i, t := range tasks {
		if !t.Finished && t.Elapsed >= s.LowerBound && t.compare(base) >= 0 {
			slow = append(slow, i)
		}
	}
	return slow
}

// baseline is what a slow task is not below; false if too few have finished.
func (s Speculative) baseline(tasks []TaskTime) (TaskTime, bool) {
	var finished []TaskTime
	for _, t := range tasks {
		if t.Finished {
			finished = append(finished, t)
		}
	}
	if float64(len(finished))/float64(len(tasks)) < s.Ratio || len(tasks) == 0 {
		return TaskTime{}, false
	}
	count := int(math.Floor(float64(len(tasks))*s.Ratio + 0.5))
	count = min(count, len(finished)) // a last bit may be off
	if count == 0 {
		return TaskTime{Read: -1}, true
	}
	slices.SortStableFunc(finished, TaskTime.compare)
	base := finished[count/2]
	base.Elapsed = time.Duration(toInt64(float64(base.Elapsed.Milliseconds())*s.Multiplier)) * time.Millisecond
	return base, true
}

// compare compares by time for each byte, by time alone where the bytes are not
// known.
func (t TaskTime) compare(other TaskTime) int {
	if t.Read < 0 || other.Read < 0 {
		return cmp.Compare(t.Elapsed.Milliseconds(), other.Elapsed.Milliseconds())
	}
	return cmp.Compare(t.perByte(), other.perByte())
}

func (t TaskTime) perByte() float64 {
	return float64(t.Elapsed.Milliseconds()) / max(float64(t.Read), math.SmallestNonzeroFloat64)
}

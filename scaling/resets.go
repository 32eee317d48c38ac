package scaling

import "math"

// falling are the measures whose fall says that counters began anew. Busy time
// is left out: Flink works it out from idle and back-pressured time, which it
// credits every 5 s only, so that it may fall a little while records flow.
var falling = [...]Measure{NumRecordsIn, NumRecordsOut, AccumulatedIdleTime, AccumulatedBackpressuredTime}

// sinceReset is the position of the first sample of a vertex after its counters
// last began anew; 0 if they did not within the window. They do so with the
// failure of single subtasks, of which the job's own start tells nothing. The
// vertex's counters need not fall then, if few of its subtasks are new: where
// single subtasks were read, another attempt tells.
func sinceReset(w Window, v *Vertex, hint int) int {
	var later [len(falling)]float64
	for k := range later {
		later[k] = math.NaN()
	}
	var subtasks []Subtask
	readAt := 0
	for i := len(w.Samples) - 1; i >= 0; i-- {
		s := w.Samples[i].vertex(v.ID, hint)
		if s == nil || s.Parallelism != v.Parallelism {
			return i + 1
		}
		for k, m := range falling {
			x := s.Or(m)
			if later[k] < x {
				return i + 1
			}
			if !math.IsNaN(x) {
				later[k] = x
			}
		}
		if len(s.Subtasks) != v.Parallelism {
			continue
		}
		if subtasks != nil && begunAnew(s.Subtasks, subtasks) {
			return readAt // somewhere between the two readings
		}
		subtasks, readAt = s.Subtasks, i
	}
	return 0
}

// begunAnew tells whether one of the subtasks is another attempt than before.
func begunAnew(before, after []Subtask) bool {
	for i := range before {
		if before[i].Attempt != after[i].Attempt || after[i].Records < before[i].Records {
			return true
		}
	}
	return false
}

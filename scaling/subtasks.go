package scaling

import "math"

// spread compares the subtasks of a vertex over the readings of one segment.
type spread struct {
	known bool
	// maxBusy, meanBusy and minBusy are busy shares, [0,1].
	maxBusy, meanBusy, minBusy float64
	hottest                    Hottest
}

// spreadOf uses the newest reading of the subtasks against the oldest of the
// same attempts within the segment or, with one reading only, against the
// start of the attempts.
func spreadOf(w Window, v *Vertex, hint, start int) spread {
	newest, oldest := subtaskReadings(w, v, hint, start)
	if newest == nil {
		return spread{}
	}
	var s spread
	var total, hotRecords, hotBusyTime float64
	s.minBusy = math.Inf(1)
	for i, now := range newest {
		var before Subtask
		if oldest != nil {
			before = oldest[i]
		}
		records, busyTime, clock := now.Records-before.Records, now.Busy-before.Busy, now.Clock-before.Clock
		if !finite(busyTime) || !finite(records) || clock <= 0 {
			return spread{}
		}
		busy := busyTime / clock
		total += records
		s.meanBusy += busy / float64(len(newest))
		s.minBusy = math.Min(s.minBusy, busy)
		if i == 0 || busy > s.maxBusy {
			s.maxBusy, hotRecords, hotBusyTime = busy, records, busyTime
		}
	}
	s.known = true
	if total > 0 && hotBusyTime > 0 {
		s.hottest = Hottest{Known: true, Share: hotRecords / total, Busy: s.maxBusy, Capacity: hotRecords / hotBusyTime * 1000}
	}
	return s
}

// subtaskReadings finds the newest and the oldest comparable reading from sample
// start on; oldest is nil when there is one only.
func subtaskReadings(w Window, v *Vertex, hint, start int) (newest, oldest []Subtask) {
	for i := len(w.Samples) - 1; i >= start; i-- {
		s := w.Samples[i].vertex(v.ID, hint)
		if s == nil || len(s.Subtasks) != v.Parallelism {
			continue
		}
		switch {
		case newest == nil:
			newest = s.Subtasks
		case sameAttempts(s.Subtasks, newest):
			oldest = s.Subtasks
		}
	}
	return newest, oldest
}

func sameAttempts(before, after []Subtask) bool {
	for i := range before {
		if before[i].Attempt != after[i].Attempt || after[i].Clock <= before[i].Clock || after[i].Records < before[i].Records {
			return false
		}
	}
	return true
}

// aggregate turns the mean busy share of a vertex into that of the subtask that
// the aggregator names. The proportions come from the subtask readings, the
// level from the fresher counters of the vertex.
func (s spread) aggregate(mean float64, a Aggregator) float64 {
	if !s.known || s.meanBusy <= 0 {
		return mean
	}
	switch a {
	case AggregateMax:
		return math.Min(1, mean*s.maxBusy/s.meanBusy)
	case AggregateMin:
		return mean * s.minBusy / s.meanBusy
	default:
		return mean
	}
}

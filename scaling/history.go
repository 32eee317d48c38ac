package scaling

import (
	"math"
	"slices"
	"time"
)

// State is what one pass leaves to the next besides the window. It is a value:
// no function of this package changes a State it was given.
type State struct {
	History  History
	Tracking []RestartRecord
	Delayed  DelayedScaleDown
}

// Arrived is the state once it is known that what was intended is carried out.
func (s State) Arrived() State {
	s.Delayed = DelayedScaleDown{}
	return s
}

// Undone is the state once it is known that what was intended at that time is not
// carried out.
func (s State) Undone(at time.Time) State {
	history := make(History, len(s.History))
	for id, records := range s.History {
		kept := slices.DeleteFunc(slices.Clone(records), func(r ScalingRecord) bool { return r.At.Equal(at) })
		if len(kept) > 0 {
			history[id] = kept
		}
	}
	s.History = history
	s.Tracking = slices.DeleteFunc(slices.Clone(s.Tracking), func(r RestartRecord) bool { return r.At.Equal(at) })
	return s
}

// ScalingRecord is one executed change of one vertex.
type ScalingRecord struct {
	At       time.Time
	From, To int
	// Evaluation is where the vertex stood when the change was decided.
	Evaluation VertexEvaluation
	// Planned is To before custom executors.
	Planned int
	// ExpectedRate is the true processing rate that the change was to bring, in
	// records/s.
	ExpectedRate float64
}

// History holds the executed changes of each vertex, oldest first.
type History map[VertexID][]ScalingRecord

// trim drops what is older than age or beyond count, and vertices that are no
// longer part of the job (spec section 6.12).
func (h History) trim(now time.Time, age time.Duration, count int, t *Topology) History {
	trimmed := make(History, len(h))
	oldest := now.Add(-age)
	for id, records := range h {
		if t.Index(id) < 0 {
			continue
		}
		i := 0
		for i < len(records) && records[i].At.Before(oldest) {
			i++
		}
		i = max(i, len(records)-count)
		if i < len(records) {
			trimmed[id] = records[i:]
		}
	}
	return trimmed
}

func (h History) last(id VertexID) (ScalingRecord, bool) {
	records := h[id]
	if len(records) == 0 {
		return ScalingRecord{}, false
	}
	return records[len(records)-1], true
}

// with returns a history that also holds the changes of a decision.
func (h History) with(d *Decision, e *Evaluation) History {
	next := make(History, len(h)+len(d.Vertices))
	for id, records := range h {
		next[id] = records
	}
	for i := range d.Vertices {
		v := &d.Vertices[i]
		if !v.Changed() {
			continue
		}
		record := ScalingRecord{At: d.At, From: v.From, To: v.To, Planned: v.Planned, Evaluation: e.Vertices[i], ExpectedRate: v.ExpectedRate}
		next[v.Vertex] = append(slices.Clone(next[v.Vertex]), record)
	}
	return next
}

// ForgetGone drops vertices that are no longer part of the job, and then what is
// too old as well; with nothing gone it leaves all as it is.
func (c *Config) ForgetGone(h History, t *Topology, now time.Time) History {
	if !h.lacks(t) {
		return h
	}
	return h.trim(now, c.HistoryMaxAge, c.HistoryMaxCount, t)
}

// lacks tells whether the history holds a vertex that is no longer part of the
// job.
func (h History) lacks(t *Topology) bool {
	for id := range h {
		if t.Index(id) < 0 {
			return true
		}
	}
	return false
}

// scalability is how much of its even share a subtask of the vertex was seen to
// bring when there were more of them, (0,1]; 1 while too little was seen (spec
// section 6.4). A line through the origin, fitted to the processing rates by
// least squares, is compared with the rate of one subtask. It is NaN where that
// rate was infinite: the vertex had nothing to do.
func (h History) scalability(id VertexID, c *Config) float64 {
	records := h[id]
	if len(records) == 0 || len(records) < c.ScalabilityMinObservations {
		return 1
	}
	baseline := baselineRate(records)
	var rates, squares float64
	for _, r := range records {
		p := float64(r.From)
		rates += float64(p * r.Evaluation.TrueProcessingRate)
		squares += float64(p * p)
	}
	alpha := rates / float64(squares*baseline)
	switch {
	case squares == 0, math.IsNaN(baseline), math.IsNaN(rates):
		return 1
	case math.IsNaN(alpha):
		return alpha
	}
	return ceilDecimal(math.Max(c.ScalabilityMin, math.Min(1, alpha)), 2)
}

// baselineRate is what one subtask did alone: seen, or worked out from the
// smallest parallelism seen.
func baselineRate(records []ScalingRecord) float64 {
	smallest := records[len(records)-1]
	for _, r := range slices.Backward(records) {
		if r.From == 1 {
			return r.Evaluation.TrueProcessingRate
		}
		if r.From < smallest.From {
			smallest = r
		}
	}
	return smallest.Evaluation.TrueProcessingRate / float64(smallest.From)
}

// ineffective tells whether the last change of a vertex was a scale-up that
// brought less than the threshold's share of what was expected of it (spec
// section 6.8).
func (h History) ineffective(e *VertexEvaluation, c *Config) (expected, actual float64, ineffective bool) {
	last, ok := h.last(e.Vertex)
	if !ok || last.To != e.Parallelism || last.To <= last.From {
		return 0, 0, false
	}
	expected = last.ExpectedRate - last.Evaluation.TrueProcessingRate
	actual = e.TrueProcessingRate - last.Evaluation.TrueProcessingRate
	effective := actual/expected >= c.EffectivenessThreshold
	return expected, actual, !effective
}

// RestartRecord is one executed decision and, once it is known, how long the
// job was away for it.
type RestartRecord struct {
	At time.Time
	// Duration is valid when Known.
	Duration time.Duration
	Known    bool
}

// trimTracking drops records by age and count but always keeps the newest
// (spec section 6.13).
func trimTracking(records []RestartRecord, now time.Time, age time.Duration, count int) []RestartRecord {
	i := 0
	for i < len(records) && records[i].At.Before(now.Add(-age)) {
		i++
	}
	i = max(i, len(records)-count)
	if i >= len(records) && len(records) > 0 {
		i = len(records) - 1
	}
	return records[i:]
}

// observeRestart fills the newest record in once the job runs as that decision
// wanted (spec section 6.13).
func observeRestart(records []RestartRecord, h History, t *Topology, runningSince time.Time) []RestartRecord {
	n := len(records)
	if n == 0 || records[n-1].Known {
		return records
	}
	last := records[n-1]
	for id, changes := range h {
		for _, c := range changes {
			if !c.At.Equal(last.At) {
				continue
			}
			if i := t.Index(id); i < 0 || t.Vertices[i].Parallelism != c.To {
				return records
			}
		}
	}
	next := slices.Clone(records)
	next[n-1].Duration, next[n-1].Known = runningSince.Sub(last.At), true
	return next
}

// restartTime is the restart duration to allow for: the longest one measured,
// within the limit, or the configured one.
func restartTime(records []RestartRecord, c *Config) time.Duration {
	if !c.RestartTracking {
		return c.Restart
	}
	longest := -1.0
	for _, r := range records {
		if r.Known {
			longest = math.Max(longest, wholeSeconds(r.Duration))
		}
	}
	if longest < 0 {
		return c.Restart
	}
	return time.Duration(math.Min(longest, wholeSeconds(c.RestartTrackingLimit))) * time.Second
}

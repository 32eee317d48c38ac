package fleet

import (
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// Lasting says that what the book is told is kept elsewhere too, from where a later
// process reads it back: decisions and events are then numbered by their times in ms,
// so that each has the same number in both. key tells by what an event is known
// there, see [KeptEvent]. It is called before anything is written.
func (b *Book) Lasting(key func(autoscaler.JobKey, *autoscaler.Event) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lasting = key
}

// numberAt is the number of what happened then.
func numberAt(t time.Time) uint64 { return uint64(max(1, t.UnixMilli())) }

// Restore adds decisions about a job from before what the book knows of it, in the
// order of their times, and what was measured at each. Those that the book has are
// left out, and so is a job that it does not know.
func (b *Book) Restore(key autoscaler.JobKey, past []decisions.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, known := b.jobs[key]
	if !known {
		return
	}
	j.recalled = true
	past = news(past)
	if first, any := j.firstTime(); any {
		past = past[:sortedBefore(past, first)]
	}
	past = past[max(0, len(past)-max(0, keptDecisions-len(j.decisions))):]
	if len(past) == 0 {
		return
	}
	judged := ofPasses(past)
	if len(judged) > 0 {
		j.recall(judged, key)
	}
	j.drop(past[len(past)-1].Fingerprint())
	b.number(j, past, key)
	j.draw(judged)
	j.restarts.recall(endsOf(judged))
	b.move()
}

// Missing are the jobs whose past was not restored yet.
func (b *Book) Missing() []autoscaler.JobKey {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var keys []autoscaler.JobKey
	for key, j := range b.jobs {
		if !j.recalled {
			keys = append(keys, key)
		}
	}
	return keys
}

// news leaves out decisions that say what the one before said: each process begins
// with one.
func news(past []decisions.Entry) []decisions.Entry {
	kept, said := make([]decisions.Entry, 0, len(past)), ""
	for i := range past {
		is := past[i].Fingerprint()
		if is != said || past[i].Action == decisions.ActionScale {
			kept = append(kept, past[i])
		}
		said = is
	}
	return kept
}

// drop takes out the oldest decision if it says no more than the past did.
func (j *job) drop(said string) {
	if len(j.decisions) == 0 || j.decisions[0].rescale {
		return
	}
	first := j.decisions[0].unpack()
	if first.Fingerprint() != said {
		return
	}
	j.decisions = j.decisions[1:]
	if j.last.ID == first.ID {
		j.last = Brief{}
	}
}

// sortedBefore is how many of the entries are older than an instant.
func sortedBefore(past []decisions.Entry, at time.Time) int {
	n, _ := slices.BinarySearchFunc(past, at, func(e decisions.Entry, at time.Time) int { return e.Time.Compare(at) })
	return n
}

// firstTime is the time of the oldest decision that is kept.
func (j *job) firstTime() (time.Time, bool) {
	if len(j.decisions) == 0 {
		return time.Time{}, false
	}
	return j.decisions[0].unpack().Time, true
}

// recall takes over where the job stood at the end of the past. A state that it still
// has began then.
func (j *job) recall(past []decisions.Entry, key autoscaler.JobKey) {
	var state State
	var why string
	var since time.Time
	for i := range past {
		past[i].Cluster = key.Cluster // where it is kept it may have its address
		is, text := stateOfEntry(&past[i])
		if is != state {
			since = past[i].Time
		}
		state, why = is, text
	}
	newest := &past[len(past)-1]
	switch {
	case j.judged:
		if j.state == state && len(j.decisions) > 0 && j.since.Equal(j.decisions[0].unpack().Time) {
			j.since = since
		}
	case len(j.decisions) == 0:
		j.entry, j.said = *newest, newest.Fingerprint()
		if j.owner != "" {
			j.state, j.why, j.since = state, why, since
		} else {
			j.why = unjudged + "; " + agoText(state, newest.Time)
			j.was, j.wasSince = state, since
		}
	}
}

// number puts decisions before those that are kept.
func (b *Book) number(j *job, past []decisions.Entry, key autoscaler.JobKey) {
	older := make([]pressed, 0, len(past)+len(j.decisions))
	next := uint64(math.MaxUint64)
	if len(j.decisions) > 0 {
		next = j.decisions[0].id
	}
	last := uint64(0)
	for i := range past {
		id := max(last+1, numberAt(past[i].Time))
		if id >= next {
			break // the clock was set back
		}
		past[i].Cluster = key.Cluster // where it is kept it may have its address
		older = append(older, pressed{id, past[i].Action == decisions.ActionScale, b.press.pack(&past[i])})
		if past[i].Action == decisions.ActionScale && past[i].Time.After(j.rescale.At) {
			j.rescale = briefOf(&past[i], id)
			if past[i].Time.After(j.scaled) {
				j.scaled = past[i].Time
			}
		}
		last = id
	}
	j.decided = max(j.decided, last)
	if n := len(older); n > 0 && j.last.ID == 0 {
		j.last = briefOf(&past[n-1], last)
	}
	j.decisions = append(older, j.decisions...)
}

// draw adds what was measured at each decision to the series.
func (j *job) draw(past []decisions.Entry) {
	whole := make([]Point, 0, len(past))
	vertices := map[string][]Point{}
	for i := range past {
		point, points := pointsOfEntry(&past[i])
		if len(points) == 0 {
			continue
		}
		whole = append(whole, point)
		for id, p := range points {
			vertices[id] = append(vertices[id], p)
		}
	}
	j.mix(whole, vertices)
}

// mix adds older points to the series of the job and to those of the vertices that it
// still has.
func (j *job) mix(whole []Point, vertices map[string][]Point) {
	j.past.mix(whole)
	for i := range j.entry.Vertices {
		if id := j.entry.Vertices[i].ID; len(vertices[id]) > 0 {
			j.vertex(id).mix(vertices[id])
		}
	}
}

// RestoreWindow adds what was measured by samples from before what the book knows of
// a job. It needs a decision about the job, and returns false while there is none.
func (b *Book) RestoreWindow(key autoscaler.JobKey, w scaling.Window, c *scaling.Config) bool {
	b.mu.RLock()
	j, known := b.jobs[key]
	var entry decisions.Entry
	if known {
		entry = j.entry
	}
	b.mu.RUnlock()
	if len(entry.Vertices) == 0 {
		return false
	}
	whole, vertices := pointsOfWindow(&entry, w, c)
	b.mu.Lock()
	defer b.mu.Unlock()
	if j, known = b.jobs[key]; known && len(whole) > 0 {
		j.mix(whole, vertices)
		j.restarts.recall(startsOf(w))
		b.move()
	}
	return true
}

package scaling

import (
	"maps"
	"slices"
	"time"
)

// DelayedScaleDown holds the scale-downs that were recommended and wait for
// their interval to pass (spec section 6.9).
type DelayedScaleDown map[VertexID]Delayed

// Delayed is the wish to shrink one vertex.
type Delayed struct {
	// FirstTrigger is when the wish came up first.
	FirstTrigger time.Time
	// Recommended is strictly falling in parallelism: its head is the maximum of
	// the interval.
	Recommended []Recommendation
}

// Recommendation is the parallelism that one pass recommended.
type Recommendation struct {
	At          time.Time
	Parallelism int
	// Outside tells whether the vertex was outside its utilization bounds.
	Outside bool
}

// trigger notes a recommendation and says which one is due; due is false while
// the interval has not passed since the first.
func (d DelayedScaleDown) trigger(id VertexID, r Recommendation, interval time.Duration) (_ DelayedScaleDown, head Recommendation, due bool) {
	wish, known := d[id]
	if !known {
		wish.FirstTrigger = r.At
	}
	kept := wish.Recommended
	for len(kept) > 0 && kept[len(kept)-1].Parallelism <= r.Parallelism {
		kept = kept[:len(kept)-1]
	}
	kept = append(slices.Clone(kept), r)
	start := r.At.Add(-interval)
	due = !start.Before(wish.FirstTrigger)
	if due {
		i := slices.IndexFunc(kept, func(k Recommendation) bool { return !k.At.Before(start) })
		kept = kept[i:]
	}
	next := maps.Clone(d)
	if next == nil {
		next = DelayedScaleDown{}
	}
	next[id] = Delayed{FirstTrigger: wish.FirstTrigger, Recommended: kept}
	return next, kept[0], due
}

func (d DelayedScaleDown) without(id VertexID) DelayedScaleDown {
	if _, known := d[id]; !known {
		return d
	}
	next := maps.Clone(d)
	delete(next, id)
	return next
}

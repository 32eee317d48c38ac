package adaptive

import (
	"container/heap"
	"time"
)

// timerKind is what a timer does when it fires.
type timerKind int

const (
	timerIdleCheck     timerKind = iota // scheduler: give idle slots back
	timerEvaluate                       // state: look at the resources
	timerWaitTimeout                    // WaitingForResources: go on with what there is
	timerPlanFailed                     // CreatingExecutionGraph: there is no plan
	timerBackoff                        // Restarting: the backoff is over
	timerTasksEnded                     // state: the tasks had ended before it was entered
	timerMaybeRescale                   // Executing, 1.20: the scaling interval is over
	timerForceRescale                   // Executing, 1.20: the longest interval is over
	timerCooldownEnds                   // manager: leave Cooldown
	timerStabilized                     // manager: leave Stabilizing
	timerEvaluatePhase                  // manager: evaluate in Stabilizing
	timerTrigger                        // manager: trigger in Stabilized
)

// timer is one due date. It belongs to one visit of a state, and to one
// instance of a phase if phase is not 0; both are void once that is over.
type timer struct {
	at    time.Time
	order int // of insertion
	kind  timerKind
	visit int // 0: the whole scheduler
	phase int
}

// timers are sorted by time, then by insertion.
type timers struct {
	list  timerHeap
	order int
}

func (t *timers) set(at time.Time, kind timerKind, visit, phase int) {
	t.order++
	heap.Push(&t.list, timer{at: at, order: t.order, kind: kind, visit: visit, phase: phase})
}

// next is when the earliest timer is due.
func (t *timers) next() (time.Time, bool) {
	if len(t.list) == 0 {
		return time.Time{}, false
	}
	return t.list[0].at, true
}

// pop takes the earliest timer out if it is due.
func (t *timers) pop(now time.Time) (timer, bool) {
	if len(t.list) == 0 || t.list[0].at.After(now) {
		return timer{}, false
	}
	return heap.Pop(&t.list).(timer), true
}

// drop removes the timers that match.
func (t *timers) drop(match func(timer) bool) {
	kept := t.list[:0]
	for _, one := range t.list {
		if !match(one) {
			kept = append(kept, one)
		}
	}
	t.list = kept
	heap.Init(&t.list)
}

type timerHeap []timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

package cluster

import (
	"container/heap"
	"time"
)

// alarms are the jobs whose scheduler waits for a time, the earliest first; of
// several at one time the job that was submitted first.
type alarms []*job

// alarm is when a job's scheduler wants to be woken.
type alarm struct {
	at    time.Time
	order int // of submission
	place int // among the alarms, from 1; 0 when it waits for nothing
}

// set moves a job to where its scheduler belongs now.
func (a *alarms) set(j *job) {
	at, waits := time.Time{}, false
	if j.started && !j.over {
		at, waits = j.scheduler.Next()
	}
	switch there := j.alarm.place > 0; {
	case !waits && there:
		heap.Remove(a, j.alarm.place-1)
	case waits && !there:
		j.alarm.at = at
		heap.Push(a, j)
	case waits && !at.Equal(j.alarm.at):
		j.alarm.at = at
		heap.Fix(a, j.alarm.place-1)
	}
}

// Len is part of heap.Interface, as are the others.
func (a alarms) Len() int { return len(a) }

// Less is by time, then by submission.
func (a alarms) Less(i, k int) bool {
	if x, y := &a[i].alarm, &a[k].alarm; !x.at.Equal(y.at) {
		return x.at.Before(y.at)
	}
	return a[i].alarm.order < a[k].alarm.order
}

// Swap keeps the places.
func (a alarms) Swap(i, k int) {
	a[i], a[k] = a[k], a[i]
	a[i].alarm.place, a[k].alarm.place = i+1, k+1
}

// Push appends.
func (a *alarms) Push(x any) {
	j := x.(*job)
	*a = append(*a, j)
	j.alarm.place = len(*a)
}

// Pop takes the last.
func (a *alarms) Pop() any {
	last := len(*a) - 1
	j := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	j.alarm.place = 0
	return j
}

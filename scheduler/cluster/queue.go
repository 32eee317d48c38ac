package cluster

import (
	"container/heap"
	"time"
)

// message is something that happens at a time.
type message struct {
	at    time.Time
	order int // of insertion, among those of the same time
	do    func()
}

// queue holds messages, the earliest first.
type queue struct {
	heap  messages
	count int // ever inserted
}

func (q *queue) push(at time.Time, do func()) {
	q.count++
	heap.Push(&q.heap, message{at: at, order: q.count, do: do})
}

func (q *queue) next() (time.Time, bool) {
	if len(q.heap) == 0 {
		return time.Time{}, false
	}
	return q.heap[0].at, true
}

func (q *queue) pop() func() { return heap.Pop(&q.heap).(message).do }

type messages []message

func (m messages) Len() int      { return len(m) }
func (m messages) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m messages) Less(i, j int) bool {
	if !m[i].at.Equal(m[j].at) {
		return m[i].at.Before(m[j].at)
	}
	return m[i].order < m[j].order
}

// Push is part of heap.Interface.
func (m *messages) Push(x any) { *m = append(*m, x.(message)) }

// Pop is part of heap.Interface.
func (m *messages) Pop() any {
	last := len(*m) - 1
	top := (*m)[last]
	(*m)[last] = message{}
	*m = (*m)[:last]
	return top
}

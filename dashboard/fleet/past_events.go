package fleet

import (
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// KeptEvent is an event as it is read back.
type KeptEvent struct {
	Job  autoscaler.JobKey
	Name string
	// At is when it was told first and Last when it was last, Times how often it was.
	At, Last time.Time
	Times    int
	Type     autoscaler.EventType
	Reason   string
	Message  string
	// Key is what [Book.Lasting]'s function gives for the event and for its
	// repetitions.
	Key string
}

// RestoreEvents adds events from before those that the book knows, in the order of
// their times, as many as there is room for. The book has to be [Book.Lasting].
func (b *Book) RestoreEvents(past []KeptEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lasting == nil {
		return
	}
	past = past[max(0, len(past)-max(0, keptEvents-len(b.events))):]
	older := make([]Event, 0, len(past)+len(b.events))
	last := uint64(0)
	for _, e := range past {
		if b.goesOn(&e) {
			continue
		}
		seq := max(last+1, numberAt(e.At))
		if len(b.events) > 0 && seq >= b.events[0].Seq {
			break
		}
		older = append(older, Event{
			Seq: seq, Job: e.Job, Name: e.Name, At: e.At.UTC(), Type: e.Type, Reason: e.Reason, Message: bounded(e.Message), Times: e.Times, kept: e.Key, restored: true,
		})
		last = seq
	}
	b.seq = max(b.seq, last)
	b.events = append(older, b.events...)
	b.move()
}

// goesOn tells whether an event of the past was repeated since the book began, which
// stands there already: it takes over how often.
func (b *Book) goesOn(e *KeptEvent) bool {
	for i := range b.events {
		if now := &b.events[i]; now.kept == e.Key && now.Job == e.Job && now.Reason == e.Reason && !e.Last.Before(now.At.Truncate(time.Second)) {
			now.Times = max(now.Times, e.Times)
			return true
		}
	}
	return false
}

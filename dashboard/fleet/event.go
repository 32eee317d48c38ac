package fleet

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Event is something that was told, with its number in the book.
type Event struct {
	// Seq is larger than those of the events before: they are counted from 1, or are
	// times in ms where [Book.Lasting] says so.
	Seq uint64
	Job autoscaler.JobKey
	// Name is the job's.
	Name    string
	At      time.Time
	Type    autoscaler.EventType
	Reason  string
	Message string
	// Times is how often it was told, its repetitions within its interval included.
	Times int
	// key and changes tell repetitions from other events.
	key, changes string
	// kept is what it is known by where it is kept; restored, that it was read back.
	kept     string
	restored bool
}

// Handle implements [autoscaler.EventHandler]. It never fails. A repetition within
// its interval is counted where the event stands.
func (b *Book) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Reason == autoscaler.EventAutoscalerError {
		b.job(job.Key).failure = &Failure{e.At.UTC(), bounded(e.Message)}
		b.job(job.Key).name = job.Name
	}
	key := e.Key
	if key == "" {
		key = e.Message
	}
	key, changes := bounded(key), bounded(autoscaler.ChangesText(e.Changes))
	if before := b.last(job.Key, e, key); before != nil && (before.restored || before.changes == changes) {
		before.Times++
		return nil
	}
	if len(b.events) >= keptEvents {
		b.events = slices.Delete(b.events, 0, keptEvents/10)
	}
	kept := ""
	if b.seq++; b.lasting != nil {
		b.seq, kept = max(b.seq, numberAt(e.At)), b.lasting(job.Key, &e)
	}
	b.events = append(b.events, Event{
		Seq: b.seq, Job: job.Key, Name: job.Name, At: e.At.UTC(), Type: e.Type, Reason: e.Reason, Message: bounded(e.Message), Times: 1,
		key: key, changes: changes, kept: kept,
	})
	b.move()
	return nil
}

// longestText is the length of the longest text that is kept, in bytes.
const longestText = 8 << 10

// bounded is a text that is no longer than a text may be.
func bounded(text string) string {
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// last is the newest event that is the same as e but for its changes, less than e's
// interval ago; nil if there is none.
func (b *Book) last(job autoscaler.JobKey, e autoscaler.Event, key string) *Event {
	for i := range slices.Backward(b.events) {
		before := &b.events[i]
		if e.Interval <= 0 || !e.At.Before(before.At.Add(e.Interval)) {
			return nil
		}
		if before.Job != job || before.Reason != e.Reason {
			continue
		}
		if before.restored && before.kept == b.lasting(job, &e) || !before.restored && before.key == key {
			return before
		}
	}
	return nil
}

// Events are those after the number seq, the oldest first, at most so many; of one
// job if key is not nil.
func (b *Book) Events(after uint64, key *autoscaler.JobKey, most int) []Event {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var found []Event
	for i := range slices.Backward(b.events) {
		e := &b.events[i]
		if e.Seq <= after || len(found) >= most {
			break
		}
		if key == nil || e.Job == *key {
			found = append(found, *e)
		}
	}
	slices.Reverse(found)
	return found
}

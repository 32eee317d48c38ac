// Package eventtest is the conformance suite of event handlers: every
// implementation of [autoscaler.EventHandler] passes it, against the real thing.
package eventtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
)

// Subject is a handler under test and what it has told so far.
type Subject struct {
	Handler autoscaler.EventHandler
	// Told lists what was told, oldest first. A handler that counts repetitions
	// in one place lists that place as often as it counts, with what stands there.
	Told func(t *testing.T) []Telling
	// Rewrites says that the message of a repetition takes the place of what was
	// told before.
	Rewrites bool
}

// Telling is one event as people or programs got it.
type Telling struct {
	Job     autoscaler.JobKey
	Type    autoscaler.EventType
	Reason  string
	Message string
}

// Run checks what every event handler promises. open returns a handler that has
// told nothing yet.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			subject := open(t)
			for _, step := range tt.steps {
				tell(t, subject, step)
			}
			check(t, tt.steps, subject)
		})
	}
	t.Run("events come from many jobs at the same time", func(t *testing.T) { together(t, open(t)) })
	t.Run("the event and the job are left as they were", func(t *testing.T) {
		subject := open(t)
		event := report(0, 1, 2)
		tell(t, subject, step{event: event, told: true})
		if event.Changes[0] != (autoscaler.Change{Vertex: "v", From: 1, To: 2}) {
			t.Errorf("changed to %+v", event.Changes[0])
		}
	})
}

// start is when the first event happens.
var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const interval = 30 * time.Minute

// step is one event and whether it is worth telling.
type step struct {
	job   string // j1 when empty
	event autoscaler.Event
	told  bool
}

var cases = []struct {
	name  string
	steps []step
}{
	{"an event without an interval is told each time", []step{
		{event: event(0, "Scaling", "same", "", 0), told: true},
		{event: event(0, "Scaling", "same", "", 0), told: true},
		{event: event(time.Second, "Scaling", "same", "", 0), told: true},
	}},
	{"a repetition within its interval is told once", []step{
		{event: event(0, "MemoryPressure", "full", "heap", interval), told: true},
		{event: event(time.Second, "MemoryPressure", "full", "heap", interval)},
		{event: event(interval-time.Second, "MemoryPressure", "full", "heap", interval)},
	}},
	{"the interval runs from when it was told, not from its last repetition", []step{
		{event: event(0, "MemoryPressure", "full", "heap", interval), told: true},
		{event: event(20*time.Minute, "MemoryPressure", "full", "heap", interval)},
		{event: event(interval, "MemoryPressure", "full", "heap", interval), told: true},
		{event: event(interval+20*time.Minute, "MemoryPressure", "full", "heap", interval)},
	}},
	{"at the end of its interval it is news again", []step{
		{event: event(0, "MemoryPressure", "full", "heap", interval), told: true},
		{event: event(interval, "MemoryPressure", "full", "heap", interval), told: true},
	}},
	{"the key says what is a repetition, whatever the message", []step{
		{event: event(0, "MemoryPressure", "heap at 91 %", "heap", interval), told: true},
		{event: event(time.Second, "MemoryPressure", "heap at 92 %", "heap", interval)},
	}},
	{"without a key the message does", []step{
		{event: event(0, "AutoscalerError", "a 500", "", interval), told: true},
		{event: event(time.Second, "AutoscalerError", "a 500", "", interval)},
		{event: event(2*time.Second, "AutoscalerError", "a 503", "", interval), told: true},
	}},
	{"another key, reason or job is another event", []step{
		{event: event(0, "MemoryPressure", "full", "heap", interval), told: true},
		{event: event(0, "MemoryPressure", "full", "gc", interval), told: true},
		{event: event(0, "ScalingLimited", "full", "heap", interval), told: true},
		{job: "j2", event: event(0, "MemoryPressure", "full", "heap", interval), told: true},
		{job: "j2", event: event(time.Second, "MemoryPressure", "full", "heap", interval)},
	}},
	{"a report of other changes is another event, one of other rates is not", []step{
		{event: report(0, 1, 2), told: true},
		{event: report(time.Second, 1, 2)},
		{event: report(2*time.Second, 1, 3), told: true},
		{event: report(3*time.Second, 1, 3)},
		{event: report(4*time.Second, 1, 2), told: true},
	}},
	{"a report of what is executed is told each time", []step{
		{event: executed(0), told: true},
		{event: executed(time.Second), told: true},
	}},
	{"warnings are told as warnings", []step{
		{event: warning(0), told: true},
	}},
}

func event(after time.Duration, reason, message, key string, every time.Duration) autoscaler.Event {
	return autoscaler.Event{At: start.Add(after), Type: autoscaler.EventNormal, Reason: reason, Message: message, Key: key, Interval: every}
}

func report(after time.Duration, from, to int) autoscaler.Event {
	e := event(after, autoscaler.EventScalingReport, "Scaling execution disabled", "ScalingExecutor", interval)
	e.Changes = []autoscaler.Change{{Vertex: "v", From: from, To: to}}
	return e
}

func executed(after time.Duration) autoscaler.Event {
	e := report(after, 1, 2)
	e.Message, e.Interval = "Scaling execution enabled", 0
	return e
}

func warning(after time.Duration) autoscaler.Event {
	e := event(after, autoscaler.EventScalingLimited, "limited", "", interval)
	e.Type = autoscaler.EventWarning
	return e
}

func tell(t *testing.T, subject Subject, s step) {
	t.Helper()
	if err := subject.Handler.Handle(context.WithoutCancel(t.Context()), job(s.job), s.event); err != nil {
		t.Errorf("handle %s: %v", s.event.Reason, err)
	}
}

func job(id string) *autoscaler.JobContext {
	if id == "" {
		id = "j1"
	}
	return &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: "test", Job: flink.JobID(id)}, Name: "clicks"}
}

// check compares how often each kind of event was told, and the newest message
// of each.
func check(t *testing.T, steps []step, subject Subject) {
	t.Helper()
	told := subject.Told(t)
	want, got := map[Telling]int{}, map[Telling]int{}
	newest, heard := map[Telling]string{}, map[Telling]string{}
	kind := func(x Telling) Telling { x.Message = ""; return x }
	for _, s := range steps {
		x := Telling{job(s.job).Key, s.event.Type, s.event.Reason, s.event.Message}
		if s.told {
			want[kind(x)]++
		}
		if s.told || subject.Rewrites {
			newest[kind(x)] = x.Message
		}
	}
	for _, x := range told {
		got[kind(x)]++
		heard[kind(x)] = x.Message
	}
	for k, n := range want {
		if got[k] != n || heard[k] != newest[k] {
			t.Errorf("%s of %s (%s) was told %d times, the last time as %q; want %d times, %q", k.Reason, k.Job, k.Type, got[k], heard[k], n, newest[k])
		}
	}
	for k, n := range got {
		if want[k] == 0 {
			t.Errorf("%s of %s (%s) was told %d times; want never", k.Reason, k.Job, k.Type, n)
		}
	}
}

// together has eight jobs report the same at once, five times each.
func together(t *testing.T, subject Subject) {
	t.Helper()
	var wg sync.WaitGroup
	var steps []step
	for i := range 8 {
		id := fmt.Sprintf("job%d", i)
		steps = append(steps, step{job: id, event: event(0, "MemoryPressure", "full", "heap", interval), told: true})
		wg.Go(func() {
			for n := range 5 {
				tell(t, subject, step{job: id, event: event(time.Duration(n)*time.Second, "MemoryPressure", "full", "heap", interval)})
			}
		})
	}
	wg.Wait()
	check(t, steps, subject)
}

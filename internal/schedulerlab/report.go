package schedulerlab

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// report puts together what was seen on the way and what Flink keeps until the end.
func (l *lab) report(ctx context.Context) (*script.Run, error) {
	r := &script.Run{
		Script: l.script.Name, Version: l.version, Flink: l.cluster.Version(), Actions: l.actions, End: round(l.now()),
	}
	l.seen.fill(r)
	var err error
	if r.Transitions, err = transitions(l.log(), l.began); err != nil {
		return nil, err
	}
	if l.job == nil {
		return r, nil
	}
	if r.Exceptions, err = l.exceptions(ctx); err != nil {
		return nil, err
	}
	r.Records, err = l.records(ctx)
	return r, err
}

// exceptions is what of /jobs/:id/exceptions counts here.
type exceptions struct {
	History struct{ Entries []exceptionEntry } `json:"exceptionHistory"`
}

type exceptionEntry struct {
	Name       string `json:"exceptionName"`
	Stack      string `json:"stacktrace"`
	Timestamp  int64
	Task       string `json:"taskName"`
	Concurrent []any  `json:"concurrentExceptions"`
}

func (l *lab) exceptions(ctx context.Context) ([]script.Exception, error) {
	var body exceptions
	if err := l.client.get(ctx, "/jobs/"+l.job.ID+"/exceptions?maxExceptions=100", &body); err != nil {
		return nil, unlessRefused(err)
	}
	var list []script.Exception
	for _, e := range slices.Backward(body.History.Entries) {
		first, _, _ := strings.Cut(e.Stack, "\n")
		list = append(list, script.Exception{
			At: l.seen.millis(e.Timestamp), Name: e.Name, Text: local(first), Task: e.Task, Concurrent: len(e.Concurrent),
		})
	}
	return list, nil
}

var ports = regexp.MustCompile(`127\.0\.0\.1:\d+(-[0-9a-f]{6})?|localhost/127\.0\.0\.1:\d+`)

// local takes what is drawn by lot out of a text.
func local(text string) string { return ports.ReplaceAllString(text, "HOST:PORT") }

// A line of the log: "08:12:01,234 DEBUG o.a.f.r.s.a.AdaptiveScheduler … Transition from state Created to WaitingForResources."
var (
	stateLine = regexp.MustCompile(`^(\d\d:\d\d:\d\d,\d\d\d) .* Transition from state (\w+) to (\w+)\.$`)
	phaseLine = regexp.MustCompile(`^(\d\d:\d\d:\d\d,\d\d\d) .* Transitioning from (\w+) to (\w+), job \w+\.$`)
)

// transitions reads the JobManager's log, whose lines bear a time of day.
func transitions(log string, began time.Time) ([]script.Transition, error) {
	b, err := os.ReadFile(log)
	if err != nil {
		return nil, fmt.Errorf("read the transitions: %w", err)
	}
	var list []script.Transition
	for line := range strings.SplitSeq(string(b), "\n") {
		m, phase := stateLine.FindStringSubmatch(line), false
		if m == nil {
			if m, phase = phaseLine.FindStringSubmatch(line), true; m == nil {
				continue
			}
		}
		at, err := timeOfDay(m[1], began)
		if err != nil {
			return nil, err
		}
		list = append(list, script.Transition{At: round(at), From: m[2], To: m[3], Phase: phase})
	}
	return list, nil
}

// timeOfDay is the time since began, on its day or, past midnight, the next.
func timeOfDay(text string, began time.Time) (time.Duration, error) {
	t, err := time.Parse("15:04:05,000", text)
	if err != nil {
		return 0, fmt.Errorf("read the transitions: %w", err)
	}
	y, m, d := began.Date()
	at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), began.Location()).Sub(began)
	if at < -12*time.Hour {
		at += 24 * time.Hour
	}
	return at, nil
}

// records reads the rescale history, oldest first.
func (l *lab) records(ctx context.Context) ([]script.RescaleRecord, error) {
	if l.version != slots.V2_3 {
		return nil, nil
	}
	var history []struct {
		UUID string `json:"rescaleUuid"`
	}
	if err := l.client.get(ctx, "/jobs/"+l.job.ID+"/rescales/history", &history); err != nil {
		return nil, unlessRefused(err)
	}
	var list []script.RescaleRecord
	requirements := map[string]int{}
	for _, h := range slices.Backward(history) {
		var d rescaleDetails
		if err := l.client.get(ctx, "/jobs/"+l.job.ID+"/rescales/details/"+h.UUID, &d); err != nil {
			return nil, err
		}
		if requirements[d.Requirements] == 0 {
			requirements[d.Requirements] = len(requirements) + 1
		}
		list = append(list, l.record(d, requirements[d.Requirements]))
	}
	return list, nil
}

// rescaleDetails is what of /jobs/:id/rescales/details/:uuid counts here.
type rescaleDetails struct {
	Requirements string `json:"resourceRequirementsUuid"`
	Attempt      int    `json:"rescaleAttemptId"`
	Vertices     map[string]struct {
		Desired    *int `json:"desiredParallelism"`
		Sufficient *int `json:"sufficientParallelism"`
		Before     *int `json:"preRescaleParallelism"`
		After      *int `json:"postRescaleParallelism"`
	}
	Slots map[string]struct {
		Name    string `json:"slotSharingGroupName"`
		Desired *int   `json:"desiredSlots"`
		Minimal *int   `json:"minimalRequiredSlots"`
		Before  *int   `json:"preRescaleSlots"`
		After   *int   `json:"postRescaleSlots"`
	}
	States []struct {
		State     string
		Enter     int64  `json:"enterTimestampInMillis"`
		Leave     int64  `json:"leaveTimestampInMillis"`
		Exception string `json:"stringifiedException"`
	} `json:"schedulerStates"`
	Start  int64  `json:"startTimestampInMillis"`
	End    int64  `json:"endTimestampInMillis"`
	State  string `json:"terminalState"`
	Cause  string `json:"triggerCause"`
	Reason string `json:"terminatedReason"`
}

func (l *lab) record(d rescaleDetails, requirements int) script.RescaleRecord {
	r := script.RescaleRecord{
		Attempt: d.Attempt, Requirements: requirements, Cause: d.Cause, State: d.State, Reason: d.Reason,
		Start: l.seen.millis(d.Start), End: l.seen.millis(d.End),
	}
	for _, v := range l.script.Job.Vertices {
		p := d.Vertices[l.seen.ids[v.Name]]
		r.Desired, r.Sufficient = append(r.Desired, orNone(p.Desired)), append(r.Sufficient, orNone(p.Sufficient))
		r.Before, r.After = append(r.Before, orNone(p.Before)), append(r.After, orNone(p.After))
	}
	for _, name := range l.script.Job.Groups() {
		for _, s := range d.Slots {
			if s.Name == name {
				r.Slots = append(r.Slots, script.RescaleSlots{
					Desired: orNone(s.Desired), Minimal: orNone(s.Minimal), Before: orNone(s.Before), After: orNone(s.After),
				})
			}
		}
	}
	for _, s := range d.States {
		first, _, _ := strings.Cut(s.Exception, "\n")
		r.States = append(r.States, script.RescaleState{
			State: s.State, Enter: l.seen.millis(s.Enter), Leave: l.seen.millis(s.Leave), Exception: local(first),
		})
	}
	return r
}

func orNone(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

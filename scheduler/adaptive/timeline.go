package adaptive

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// timeline keeps the rescale history of 2.3. At most one record is open, the
// last one begun. Without a history it does nothing.
type timeline struct {
	size  int
	names []string
	// records are oldest first; the newest may be open.
	records []*Rescale
	// changed are copies of records for RescaleRecorded actions.
	changed []Rescale
	// number counts the records, requirements their changes, and attempt the
	// records since the last of those.
	number, requirements, attempt int
	// How many records ended in each way, and the latest of each.
	completed, failures, ignored                 int
	latestCompleted, latestFailed, latestIgnored *Rescale
}

func newTimeline(o Options, vertices []slots.Vertex, names []string) timeline {
	t := timeline{names: make([]string, len(vertices))}
	copy(t.names, names)
	if o.Version != slots.V1_20 {
		t.size = max(0, o.RescaleHistory)
	}
	return t
}

// current is the open record; nil if there is none.
func (t *timeline) current() *Rescale {
	if len(t.records) == 0 || !t.records[len(t.records)-1].Open() {
		return nil
	}
	return t.records[len(t.records)-1]
}

func (t *timeline) isOpen() bool { return t.current() != nil }

// begin opens a record. New requirements count its attempts from 1.
func (t *timeline) begin(cause TriggerCause, newRequirements bool, start time.Time, vertices []slots.Vertex) {
	if t.size == 0 || t.isOpen() {
		return
	}
	t.attempt++
	if newRequirements {
		t.requirements++
		t.attempt = 1
	}
	t.number++
	r := &Rescale{Number: t.number, Requirements: t.requirements, Attempt: t.attempt, Trigger: cause, Start: start}
	t.records = append(t.records, r)
	if over := len(t.records) - t.size; over > 0 {
		t.records = slices.Delete(t.records, 0, over)
	}
	t.want(r, vertices)
	t.before(r)
	t.note(r)
}

// want sets what the requirements ask for.
func (t *timeline) want(r *Rescale, vertices []slots.Vertex) {
	r.Vertices = make([]VertexRescale, len(vertices))
	for i, v := range vertices {
		one := &r.Vertices[i]
		one.ID, one.Name, one.Group = v.ID, t.names[i], v.Group
		one.Desired, one.Sufficient = v.Bounds.Upper, v.Bounds.Lower
		g := r.group(v.Group)
		g.Desired, g.Minimal = max(g.Desired, v.Bounds.Upper), max(g.Minimal, v.Bounds.Lower)
	}
}

// group is a sharing group's part of the record.
func (r *Rescale) group(name string) *GroupRescale {
	for i := range r.Slots {
		if r.Slots[i].Group == name {
			return &r.Slots[i]
		}
	}
	r.Slots = append(r.Slots, GroupRescale{Group: name})
	return &r.Slots[len(r.Slots)-1]
}

// before sets what was before: the result of the latest completed record.
func (t *timeline) before(r *Rescale) {
	if t.latestCompleted == nil {
		return
	}
	for i, v := range t.latestCompleted.Vertices {
		r.Vertices[i].Before = v.After
	}
	for i, g := range t.latestCompleted.Slots {
		r.Slots[i].Before = g.After
	}
}

// planned sets what the open record leads to.
func (t *timeline) planned(plan slots.Plan) {
	r := t.current()
	if r == nil {
		return
	}
	for i, p := range plan.Parallelism {
		r.Vertices[i].After = p
	}
	for _, g := range plan.Groups {
		r.group(g.Group).After = g.Slots
	}
}

// left appends a state that the scheduler leaves.
func (t *timeline) left(span StateSpan) {
	if r := t.current(); r != nil {
		r.States = append(r.States, span)
	}
}

// end closes the open record.
func (t *timeline) end(at time.Time, state TerminalState, reason TerminatedReason) {
	r := t.current()
	if r == nil {
		return
	}
	r.End, r.Terminal, r.Reason = at, state, reason
	switch state {
	case TerminalCompleted:
		t.completed, t.latestCompleted = t.completed+1, r
	case TerminalFailed:
		t.failures, t.latestFailed = t.failures+1, r
	default:
		t.ignored, t.latestIgnored = t.ignored+1, r
	}
	t.note(r)
}

// requirementsUpdated ends the open record and begins one for new requirements.
func (t *timeline) requirementsUpdated(now time.Time, span StateSpan, vertices []slots.Vertex) {
	t.left(span)
	t.end(now, TerminalIgnored, ReasonRequirementsUpdated)
	t.begin(CauseUpdateRequirement, true, now, vertices)
}

// executing completes the open record.
func (t *timeline) executing(span StateSpan) {
	t.left(span)
	t.end(span.Leave, TerminalCompleted, ReasonSucceeded)
}

// recovering turns the open record into one of a failover, or begins one. What
// an open record asks for is up to date: new requirements begin a new one.
func (t *timeline) recovering(now time.Time, vertices []slots.Vertex) {
	r := t.current()
	if r == nil {
		t.begin(CauseRecoverableFailover, false, now, vertices)
		return
	}
	r.States, r.Start, r.Trigger = nil, now, CauseRecoverableFailover
	t.note(r)
}

// noChange ends the open record: the slots that came are gone, or change nothing.
func (t *timeline) noChange(now time.Time) { t.end(now, TerminalIgnored, ReasonNoChange) }

// failed ends the open record: the graph could not be created.
func (t *timeline) failed(now time.Time) { t.end(now, TerminalFailed, ReasonExceptionOccurred) }

// canceled, jobFailed and finished end the open record with the job. A job
// without an execution graph counts as finished, however it ends.
func (t *timeline) canceled(span StateSpan) {
	t.left(span)
	t.end(span.Leave, TerminalIgnored, ReasonJobCanceled)
}

func (t *timeline) jobFailed(span StateSpan) {
	t.left(span)
	t.end(span.Leave, TerminalIgnored, ReasonJobFailed)
}

func (t *timeline) finished(span StateSpan) {
	t.left(span)
	t.end(span.Leave, TerminalIgnored, ReasonJobFinished)
}

func (t *timeline) note(r *Rescale) { t.changed = append(t.changed, r.clone()) }

func (r *Rescale) clone() Rescale {
	c := *r
	c.Vertices, c.Slots, c.States = slices.Clone(r.Vertices), slices.Clone(r.Slots), slices.Clone(r.States)
	return c
}

// record emits what changed in the rescale history.
func (s *Scheduler) record() {
	for _, r := range s.timeline.changed {
		s.emit(RescaleRecorded{Rescale: r})
	}
	s.timeline.changed = nil
}

// view copies the history.
func (t *timeline) view() RescaleHistory {
	h := RescaleHistory{
		Enabled:         t.size > 0,
		Completed:       t.completed,
		Failed:          t.failures,
		Ignored:         t.ignored,
		LatestCompleted: cloned(t.latestCompleted),
		LatestFailed:    cloned(t.latestFailed),
		LatestIgnored:   cloned(t.latestIgnored),
	}
	if t.isOpen() {
		h.InProgress = 1
	}
	for _, r := range slices.Backward(t.records) {
		h.Records = append(h.Records, r.clone())
	}
	return h
}

func cloned(r *Rescale) *Rescale {
	if r == nil {
		return nil
	}
	c := r.clone()
	return &c
}

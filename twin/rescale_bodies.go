package twin

import (
	"fmt"
	"net/http"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// rescalesAnswer answers what stands below a job's rescales, which only 2.3 has.
func (q question) rescalesAnswer(id string, more []string) Answer {
	if q.config.Version == slots.V1_20 || q.method != http.MethodGet || len(more) == 0 {
		return q.unknown()
	}
	j, known := q.known(id)
	if !known {
		return missingJob(id)
	}
	if q.schedulerOf(j) != flink.SchedulerAdaptive {
		return refused(http.StatusNotFound, fmt.Sprintf("AdaptiveScheduler is not enabled for this job (%s).", id))
	}
	v, _ := j.look()
	h := &v.Scheduler.History
	switch {
	case more[0] == "details" && len(more) == 2:
		return q.rescaleDetails(j, h, more[1])
	case len(more) > 1:
		return q.unknown()
	}
	switch more[0] {
	case "config":
		return ok(q.rescaleConfig(j, h))
	case "history":
		list := make([]flink.Rescale, len(h.Records))
		for i := range h.Records {
			list[i] = *j.rescaleBody(&h.Records[i], false)
		}
		return ok(list)
	case "overview":
		return ok(&flink.RescaleOverview{Counts: rescaleCounts(h), Latest: flink.LatestRescales{
			Completed: j.rescaleBody(h.LatestCompleted, false), Failed: j.rescaleBody(h.LatestFailed, false),
			Ignored: j.rescaleBody(h.LatestIgnored, false),
		}})
	case "summary":
		return ok(rescaleSummary(h))
	}
	return q.unknown()
}

func (q question) rescaleDetails(j *job, h *adaptive.RescaleHistory, uuid string) Answer {
	if !h.Enabled {
		return refused(http.StatusNotFound, fmt.Sprintf("AdaptiveScheduler rescales was not enabled for job %s.", j.spec.ID))
	}
	for i := range h.Records {
		if j.rescaleID(h.Records[i].Number) == uuid {
			return ok(j.rescaleBody(&h.Records[i], true))
		}
	}
	return refused(http.StatusNotFound, fmt.Sprintf("Could not find rescale details of specified rescaleUuid %s.", uuid))
}

func (j *job) rescaleID(number int) string {
	return hexID(fmt.Sprintf("rescale %s %d", j.spec.ID, number))
}

// rescaleBody is one record; without its details unless they are wanted.
func (j *job) rescaleBody(r *adaptive.Rescale, details bool) *flink.Rescale {
	if r == nil {
		return nil
	}
	b := &flink.Rescale{
		UUID: j.rescaleID(r.Number), RequirementsUUID: hexID(fmt.Sprintf("requirements %s %d", j.spec.ID, r.Requirements)),
		Attempt: int64(r.Attempt), StartTime: flink.MillisOf(r.Start), TriggerCause: string(r.Trigger),
		Vertices: map[flink.VertexID]flink.RescaleVertex{}, Slots: map[string]flink.RescaleSlots{},
		SchedulerStates: []flink.SchedulerState{},
	}
	if !r.Open() {
		end, terminal, reason := flink.MillisOf(r.End), string(r.Terminal), string(r.Reason)
		b.EndTime, b.TerminalState, b.TerminatedReason = &end, &terminal, &reason
	}
	if details {
		j.rescaleParts(r, b)
	}
	return b
}

func (j *job) rescaleParts(r *adaptive.Rescale, b *flink.Rescale) {
	for i := range r.Vertices {
		v := &r.Vertices[i]
		b.Vertices[flink.VertexID(v.ID)] = flink.RescaleVertex{
			ID: flink.VertexID(v.ID), Name: v.Name, SlotSharingGroupID: j.groupID(v.Group), SlotSharingGroupName: v.Group,
			DesiredParallelism: v.Desired, SufficientParallelism: v.Sufficient,
			PreParallelism: some(v.Before), PostParallelism: some(v.After),
		}
	}
	unknown := flink.Resource{
		CPUCores: -1, TaskHeapMemory: -1, TaskOffHeapMemory: -1, ManagedMemory: -1, NetworkMemory: -1, ExtendedResources: map[string]float64{},
	}
	acquired := j.twin.resource("", 1, max(j.twin.settings.slots, 1))
	for _, g := range r.Slots {
		s := flink.RescaleSlots{
			ID: j.groupID(g.Group), Name: g.Group, RequestedProfile: &unknown, Desired: g.Desired, MinimalRequired: g.Minimal,
			Pre: some(g.Before), Post: some(g.After), AcquiredProfile: &unknown,
		}
		if g.After > 0 {
			s.AcquiredProfile = &acquired
		}
		b.Slots[s.ID] = s
	}
	for _, span := range r.States {
		left, took := flink.MillisOf(span.Leave), flink.SpanOf(span.Leave.Sub(span.Enter))
		s := flink.SchedulerState{State: span.State.String(), Entered: flink.MillisOf(span.Enter), Left: &left, Duration: &took}
		if text := span.Failure.String(); text != "" {
			s.Exception = &text
		}
		b.SchedulerStates = append(b.SchedulerStates, s)
	}
}

// some is a number, nil if it is not known yet.
func some(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func rescaleCounts(h *adaptive.RescaleHistory) flink.RescaleCounts {
	return flink.RescaleCounts{
		Ignored: int64(h.Ignored), InProgress: int64(h.InProgress), Completed: int64(h.Completed), Failed: int64(h.Failed),
	}
}

// rescaleSummary has the durations of the records that are kept.
func rescaleSummary(h *adaptive.RescaleHistory) *flink.RescaleSummary {
	var all, completed, ignored, failures spread
	for i := len(h.Records) - 1; i >= 0; i-- {
		r := &h.Records[i]
		if r.Open() {
			continue
		}
		took := float64(r.End.Sub(r.Start).Milliseconds())
		all.add(took)
		switch r.Terminal {
		case adaptive.TerminalCompleted:
			completed.add(took)
		case adaptive.TerminalIgnored:
			ignored.add(took)
		default:
			failures.add(took)
		}
	}
	return &flink.RescaleSummary{
		Counts: rescaleCounts(h), All: all.distribution(), Completed: completed.distribution(), Ignored: ignored.distribution(),
		Failed: failures.distribution(),
	}
}

func (q question) rescaleConfig(j *job, h *adaptive.RescaleHistory) *flink.RescaleConfig {
	o, err := adaptive.FromConfig(q.config.Options, q.config.Version)
	if err != nil {
		o = adaptive.DefaultOptions(q.config.Version, q.reactive())
	}
	plan, err := j.spec.scheduled(j.options, q.config.Version)
	if err != nil {
		plan = cluster.Job{}
	}
	c := &flink.RescaleConfig{
		SubmissionWait: flink.SpanOf(o.WaitTimeout), SubmissionStabilize: flink.SpanOf(o.Stabilization),
		SlotIdleTimeout: flink.SpanOf(o.SlotIdleTimeout), ExecutingCooldown: flink.SpanOf(o.Cooldown),
		ExecutingStabilize: flink.SpanOf(o.ExecutingStabilization), MaxTriggerDelay: flink.SpanOf(o.TriggerDelay(plan.Checkpointing)),
		OnFailedCheckpoints: o.MaxCheckpointFailures,
	}
	if h.Enabled {
		c.HistoryMax = o.RescaleHistory
	}
	if q.reactive() {
		mode := "REACTIVE"
		c.ExecutionMode, c.SubmissionWait, c.SubmissionStabilize = &mode, -1, 0
	}
	return c
}

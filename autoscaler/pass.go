package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// pass is one run of the control loop over one job.
type pass struct {
	*Autoscaler
	job         *JobContext
	now         time.Time
	settings    *Settings
	store       StateStore
	state       State
	loaded      bool
	observation *Observation
	outcome     scaling.Outcome
	// changes is what memory tuning wants with the decision.
	changes tuning.Changes
	// tunedMemory is the size of a TaskManager with them, 0 without.
	tunedMemory int64
	// asked is true once the realizer was asked, whatever it answered.
	asked  bool
	report Report
}

func (p *pass) run(ctx context.Context) error {
	if reason, detail := p.job.NotJudged(); reason != "" {
		p.report.Decision = scaling.Decision{At: p.now, Reason: reason, Detail: detail}
		if p.job.Scope == ScopeDisabled {
			return p.disabled(ctx)
		}
		return nil
	}
	if err := p.load(ctx); err != nil {
		return err
	}
	steps := [...]func(context.Context) error{p.collect, p.follow, p.decide, p.act}
	if _, unguarded := p.handover(); unguarded {
		steps = [...]func(context.Context) error{p.collect, p.decide, p.settle, p.commit}
	}
	var err error
	for _, step := range steps {
		if err = step(ctx); err != nil {
			break
		}
	}
	p.report.Evaluation = p.outcome.Evaluation
	if unsaved(err) && !p.asked {
		p.report.Decision = scaling.Decision{At: p.now, Reason: ReasonUnsaved, Detail: err.Error()}
		return err
	}
	if err != nil && !p.asked {
		return errors.Join(err, p.keep(ctx))
	}
	p.report.Decision, p.report.Act = p.outcome.Decision, p.state.Act
	return errors.Join(err, p.record(ctx))
}

func (p *pass) load(ctx context.Context) (err error) {
	if p.settings, err = p.job.settings(); err != nil {
		return &refusedConfigError{err}
	}
	if p.store, err = p.stateStore(ctx); err != nil {
		return err
	}
	if p.state, err = p.store.Get(ctx, p.job.Key); err != nil {
		p.dropIfInvalid(err, p.store)
		return fmt.Errorf("load the state of job %s: %w", p.job.Key, err)
	}
	if kept := p.takeWindow(p.job.Key); len(p.state.Window.Samples) == 0 {
		p.state.Window = kept
	}
	p.loaded = true
	return nil
}

// disabled forgets what is remembered of a job that configuration takes out,
// where configuration says so too.
func (p *pass) disabled(ctx context.Context) error {
	keep, err := options.Get(p.job.Config, options.KeepStateWhenDisabled)
	if err != nil || keep {
		return err
	}
	if err := p.load(ctx); err != nil {
		return err
	}
	p.keepWindow(p.job.Key, p.state.Window)
	p.state = State{}
	if err := flushed(ctx, p.store, p.store.Remove(ctx, p.job.Key)); err != nil {
		p.dropIfInvalid(err, p.store)
		return fmt.Errorf("forget job %s: %w", p.job.Key, err)
	}
	return nil
}

// collect takes a sample and puts it into the window.
func (p *pass) collect(ctx context.Context) (err error) {
	if err := p.settings.fault(atCollect); err != nil {
		return err
	}
	p.observation, err = p.cfg.Collector.Collect(ctx, p.job, p.state.Window)
	if err != nil {
		return err
	}
	p.report.Topology, p.report.RunningSince = p.observation.Topology, p.observation.Sample.RunningSince
	p.state.Window, p.report.Window = p.settings.Scaling.Extend(p.state.Window, p.observation.Sample)
	p.report.Samples = len(p.state.Window.Samples)
	return nil
}

// follow sees how far a rescale that is on its way has come.
func (p *pass) follow(ctx context.Context) error {
	if !p.state.Act.Pending() {
		return nil
	}
	before := *p.state.Act
	after, err := p.cfg.Realizer.Follow(ctx, p.job, &p.state, before, p.observation.Topology, p.now)
	if err != nil {
		return fmt.Errorf("follow the rescale of %s: %w", before.Decided.UTC().Format(time.RFC3339), err)
	}
	p.state.Act = &after
	switch {
	case before.Phase != PhaseIntended:
	case after.Phase == PhaseFailed:
		p.state.Scaling = p.state.Scaling.Undone(before.Decided)
	case after.Phase != PhaseIntended:
		p.state.Scaling = p.state.Scaling.Arrived()
	}
	switch {
	case after.Phase == PhaseDone:
		took := after.Ended.Sub(after.Decided).Round(100 * time.Millisecond)
		return p.tell(ctx, Event{Type: EventNormal, Reason: EventRescaled, Message: fmt.Sprintf("the job runs at the wanted parallelism %s after the decision", took)})
	case after.Phase == PhaseFailed && before.Phase != PhaseIntended:
		return p.tell(ctx, Event{Type: EventWarning, Reason: EventRescaleFailed, Message: after.Reason.Text, Key: string(after.Reason.Reason)})
	}
	return nil
}

// decide runs the algorithm; before a change it reads more closely what the
// change touches, and decides again on that.
func (p *pass) decide(ctx context.Context) error {
	p.runAlgorithm()
	if err := p.refine(ctx); err != nil {
		return err
	}
	if err := p.fault(); err != nil {
		return err
	}
	for _, n := range p.outcome.Notes {
		if err := p.tell(ctx, noteEvent(n, p.settings.EventInterval)); err != nil {
			return err
		}
	}
	return p.tellUnusable(ctx)
}

// fault is what keeps the algorithm from deciding: an error within it, or a value
// that it needs and that cannot be read. What rests on either is taken back.
func (p *pass) fault() error {
	d := &p.outcome.Decision
	if err := p.evaluationFault(); err != nil {
		p.outcome.Evaluation, d.Vertices = nil, nil
		return err
	}
	if p.outcome.Evaluation == nil || !p.report.Window.Full {
		return nil
	}
	needed := []stage{atDecide}
	if slices.ContainsFunc(d.Vertices, func(v scaling.VertexDecision) bool { return v.Recommended < v.From }) {
		needed = append(needed, atShrink)
	}
	err := p.settings.fault(needed...)
	if err == nil && d.Reason == scaling.ReasonPeriodsFault {
		return p.outcome.Fault // what was recommended stands
	}
	if err == nil {
		err = p.outcome.Fault
	}
	if err != nil {
		d.Vertices = nil
		return err
	}
	switch d.Reason {
	case scaling.ReasonScale:
		return p.settings.fault(atPeriods, atChange)
	case scaling.ReasonExcludedPeriod:
		return p.settings.fault(atPeriods)
	}
	return nil
}

func (p *pass) evaluationFault() error {
	if p.report.Samples < 2 {
		return nil
	}
	if err := p.settings.fault(atEvaluate); err != nil {
		return err
	}
	if p.outcome.Evaluation == nil && !p.settings.TolerateUnknownRates {
		return p.outcome.Fault
	}
	return nil
}

// tellUnusable says which metrics stand in the way, once a window is full and
// no restart explains their absence.
func (p *pass) tellUnusable(ctx context.Context) error {
	if !p.settings.TolerateUnknownRates || !p.report.Window.Full || p.state.Act.Pending() || p.justRescaled() {
		return nil
	}
	text := p.unusable()
	if text == "" {
		return nil
	}
	return p.tell(ctx, Event{
		Type: EventWarning, Reason: EventMetricsUnusable, Message: text, Key: EventMetricsUnusable, Interval: p.settings.EventInterval,
	})
}

// justRescaled tells whether a rescale ended less than a window ago.
func (p *pass) justRescaled() bool {
	a := p.state.Act
	return a != nil && p.now.Before(a.Ended.Add(p.settings.Scaling.MetricsWindow))
}

// unusable puts into words why something cannot be decided; empty when it can.
func (p *pass) unusable() string {
	d, e := &p.outcome.Decision, p.outcome.Evaluation
	if d.Reason == scaling.ReasonUnknownRate {
		return "no decision: " + d.Detail
	}
	var unknown []string
	for i := range d.Vertices {
		if v := &d.Vertices[i]; v.Reason == scaling.ReasonNoCapacity {
			unknown = append(unknown, fmt.Sprintf("%q (%s)", v.Name, v.Vertex))
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	text := "no decision about " + strings.Join(unknown, " and ") + ": "
	for i := range e.Vertices {
		if v := &e.Vertices[i]; p.observation.Topology.Vertices[i].IsSource() && v.Rates.In == 0 && v.TargetRate > 0 {
			return text + fmt.Sprintf("source %q reads nothing while records wait before it (lag %s)", v.Name, scaling.FormatRate(v.Lag))
		}
	}
	return text + "counters are missing or incomplete, there or in what it reads from"
}

func (p *pass) runAlgorithm() {
	p.report.Warnings = nil
	p.outcome = scaling.Decide(p.input())
	if e := p.outcome.Evaluation; e != nil {
		p.report.Warnings = append(p.report.Warnings, e.Warnings...)
	}
	if p.job.Held.Reason != "" && p.outcome.Decision.Scale {
		p.block(p.job.Held)
	}
}

func (p *pass) input() scaling.Input {
	c := p.settings.Scaling
	c.Excluded = append(slices.Clip(c.Excluded), p.observation.Unusable...)
	c.Zone = p.cfg.Zone
	p.extend(&c)
	return scaling.Input{
		Config: &c, Topology: p.observation.Topology, Window: p.state.Window, Full: p.report.Window.Full,
		State: p.state.Scaling, Bounds: p.state.scalingBounds(), Now: p.now,
	}
}

func (p *pass) refine(ctx context.Context) error {
	refiner, ok := p.cfg.Collector.(Refiner)
	if !ok || !p.outcome.Decision.Scale {
		return nil
	}
	var touched []scaling.VertexID
	for i := range p.outcome.Decision.Vertices {
		v := &p.outcome.Decision.Vertices[i]
		if v.Changed() && p.observation.Sample.Vertices[i].Subtasks == nil {
			touched = append(touched, v.Vertex)
		}
	}
	if len(touched) == 0 {
		return nil
	}
	if err := refiner.Refine(ctx, p.job, p.observation, touched); err != nil {
		return fmt.Errorf("read the subtasks of %d vertices before a decision: %w", len(touched), err)
	}
	// The sample is in the window already: the same instant replaces it.
	p.state.Window, _ = p.settings.Scaling.Extend(p.state.Window, p.observation.Sample)
	p.runAlgorithm()
	return nil
}

func (p *pass) save(ctx context.Context) error {
	if err := flushed(ctx, p.store, p.store.Put(ctx, p.job.Key, p.state)); err != nil {
		p.dropIfInvalid(err, p.store)
		return fmt.Errorf("save the state of job %s: %w", p.job.Key, err)
	}
	return nil
}

// flushed makes durable what was written, unless that failed.
func flushed(ctx context.Context, store StateStore, written error) error {
	if written != nil {
		return written
	}
	return store.Flush(ctx)
}

func (p *pass) record(ctx context.Context) error {
	if p.cfg.Recorder == nil {
		return nil
	}
	if err := p.cfg.Recorder.Record(ctx, p.job, &p.report); err != nil {
		return fmt.Errorf("record the decision: %w", err)
	}
	return nil
}

func (p *pass) tell(ctx context.Context, e Event) error {
	e.At = p.now
	if err := p.cfg.Events.Handle(ctx, p.job, e); err != nil {
		return fmt.Errorf("tell event %s: %w", e.Reason, err)
	}
	return nil
}

func (p *pass) tellError(ctx context.Context, err error) error {
	e := Event{Type: EventWarning, Reason: EventAutoscalerError, Message: err.Error()}
	switch {
	case p.settings == nil: // the configuration itself cannot be read
		if once, err := options.Get(p.job.Config, options.DeduplicateErrors); err != nil || once {
			e.Interval = options.ScalingEventInterval.Default
		}
	case errors.Is(err, ErrStateConflict):
		e.Reason, e.Key, e.Interval = EventStateConflict, EventStateConflict, p.settings.EventInterval
	case p.settings.DeduplicateErrors:
		e.Key, e.Interval = errorKey(err), p.settings.EventInterval
	}
	return p.tell(ctx, e)
}

// errorKey is the same for an error that repeats with other ports or numbers of
// bytes in its message. It is empty where the message itself has to serve.
func errorKey(err error) string {
	if failure, ok := errors.AsType[*flink.Error](err); ok {
		return fmt.Sprintf("%s %s %d", failure.Op, failure.Kind, failure.Status)
	}
	return ""
}

package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scaling"
)

// start is when the clock of every test begins.
var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// platform is a cluster with one job, source → work, in memory: it collects,
// realizes, stores, hears events and records decisions, each as honestly as a
// real one, and writes down all that is asked of it.
type platform struct {
	now   time.Time
	trace []string

	// rate is what arrives at the source, in records/s; a subtask of work does
	// 1000, one of the source 20000.
	rate     float64
	since    time.Time
	vertices []testVertex

	bounds   map[scaling.VertexID]Bound
	obstacle Obstacle
	// asked is the parallelism that was asked for, nil for none.
	asked scaling.Parallelism
	// outcome is how the act on its way is to end; empty for in time.
	outcome Obstacle

	saved   map[JobKey]State
	pending map[JobKey]State
	opened  int

	// faults makes the operation of a name fail, once or for good.
	faults map[string]error
	// crashBefore and crashAfter end the process around the request.
	crashBefore, crashAfter bool
	refines                 bool
	// apart gives each vertex slots of its own; otherwise Flink does not say.
	apart    bool
	unusable []scaling.VertexID
}

type testVertex struct {
	id              scaling.VertexID
	parallelism     int
	capacity        float64
	in, busy, clock float64
}

func newPlatform() *platform {
	return &platform{
		now: start, since: start, rate: 500,
		vertices: []testVertex{{id: "source", parallelism: 1, capacity: 20_000}, {id: "work", parallelism: 1, capacity: 1000}},
		bounds:   map[scaling.VertexID]Bound{"source": {Floor: 1, Lower: 1, Upper: 1}, "work": {Floor: 1, Lower: 1, Upper: 1}},
		saved:    map[JobKey]State{}, pending: map[JobKey]State{}, faults: map[string]error{},
	}
}

func (p *platform) note(format string, args ...any) {
	p.trace = append(p.trace, fmt.Sprintf(format, args...))
}

func (p *platform) fault(op string) error {
	err := p.faults[op]
	if err != nil {
		p.note("%s fails: %v", op, err)
	}
	return err
}

// advance lets the job work for a time.
func (p *platform) advance(d time.Duration) {
	p.now = p.now.Add(d)
	rate := p.rate
	for i := range p.vertices {
		rate = min(rate, p.vertices[i].capacity*float64(p.vertices[i].parallelism))
	}
	for i := range p.vertices {
		v := &p.vertices[i]
		v.in += rate * d.Seconds()
		v.busy += rate * d.Seconds() / v.capacity
		v.clock += d.Seconds() * float64(v.parallelism)
	}
}

// restart lets the job run anew at a parallelism.
func (p *platform) restart(parallelism scaling.Parallelism) {
	p.since = p.now
	for i := range p.vertices {
		v := &p.vertices[i]
		*v = testVertex{id: v.id, capacity: v.capacity, parallelism: parallelism[v.id]}
	}
}

func (p *platform) topology() *scaling.Topology {
	t, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "Source: clicks", Parallelism: p.vertices[0].parallelism, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: p.vertices[1].parallelism, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipRebalance}}},
	})
	if err != nil {
		panic(err)
	}
	for i := range t.Vertices {
		if p.apart {
			t.Vertices[i].SlotSharingGroup = string(t.Vertices[i].ID)
		}
	}
	return t
}

// Collect implements [MetricCollector].
func (p *platform) Collect(_ context.Context, _ *JobContext, w scaling.Window) (*Observation, error) {
	if err := p.fault("collect"); err != nil {
		return nil, err
	}
	p.note("collect after %d samples", len(w.Samples))
	o := &Observation{Topology: p.topology(), Sample: scaling.Sample{At: p.now, RunningSince: p.since}, Unusable: p.unusable}
	for i := range p.vertices {
		v := &p.vertices[i]
		s := scaling.VertexSample{Vertex: v.id, Parallelism: v.parallelism}
		s.Set(scaling.NumRecordsIn, v.in)
		s.Set(scaling.NumRecordsOut, v.in)
		s.Set(scaling.AccumulatedBusyTime, 1000*v.busy)
		s.Set(scaling.AccumulatedIdleTime, 1000*(v.clock-v.busy))
		s.Set(scaling.AccumulatedBackpressuredTime, 0)
		o.Sample.Vertices = append(o.Sample.Vertices, s)
	}
	return o, nil
}

// Forget implements [MetricCollector].
func (p *platform) Forget(key JobKey) { p.note("forget %s", key) }

// refining is a platform that can read subtasks too.
type refining struct{ *platform }

// Refine implements [Refiner].
func (p refining) Refine(_ context.Context, _ *JobContext, o *Observation, vertices []scaling.VertexID) error {
	p.note("refine %v", vertices)
	if err := p.fault("refine"); err != nil {
		return err
	}
	for i := range p.vertices {
		v := &p.vertices[i]
		if !slices.Contains(vertices, v.id) {
			continue
		}
		each := scaling.Subtask{Records: v.in, Busy: 1000 * v.busy, Clock: 1000 * v.clock}
		n := float64(v.parallelism)
		each.Records, each.Busy, each.Clock = each.Records/n, each.Busy/n, each.Clock/n
		o.Sample.Vertices[i].Subtasks = slices.Repeat([]scaling.Subtask{each}, v.parallelism)
	}
	return nil
}

// Prepare implements [Realizer].
func (p *platform) Prepare(_ context.Context, _ *JobContext, state *State) (Readiness, error) {
	p.note("prepare")
	if err := p.fault("prepare"); err != nil {
		return Readiness{}, err
	}
	changed := len(state.Bounds) > 0 && !maps.Equal(state.Bounds, p.bounds)
	return Readiness{Bounds: maps.Clone(p.bounds), Changed: changed, Blocked: p.obstacle}, nil
}

// Realize implements [Realizer].
func (p *platform) Realize(_ context.Context, _ *JobContext, state *State, act *Act) error {
	p.note("realize %s", text(act.Want))
	if p.crashBefore {
		panic(errCrash)
	}
	if err := p.fault("realize"); err != nil {
		return err
	}
	p.asked = maps.Clone(act.Want)
	if p.crashAfter {
		panic(errCrash)
	}
	if err := p.fault("answer"); err != nil {
		return err
	}
	p.accept(state)
	act.Phase, act.Requested = PhaseRequested, p.now
	return nil
}

// accept writes down what the platform now goes by.
func (p *platform) accept(state *State) {
	p.bounds = maps.Clone(p.bounds)
	for id, n := range p.asked {
		b := p.bounds[id]
		b.Ours = b.Ours || b.Upper != n
		b.Upper = n
		p.bounds[id] = b
	}
	state.Bounds = maps.Clone(p.bounds)
}

// Follow implements [Realizer].
func (p *platform) Follow(_ context.Context, _ *JobContext, state *State, act Act, running *scaling.Topology, now time.Time) (Act, error) {
	if err := p.fault("follow"); err != nil {
		return act, err
	}
	before := act.Phase
	switch {
	case act.Phase == PhaseIntended && !maps.Equal(p.asked, act.Want):
		act.Phase, act.Ended = PhaseFailed, now
	case act.Phase == PhaseIntended:
		p.accept(state)
		act.Phase, act.Requested = PhaseRequested, now
	case maps.Equal(running.Parallelism(), act.Want):
		act.Phase, act.Ended = PhaseDone, now
	case p.outcome.Reason != "":
		act.Phase, act.Ended, act.Reason = PhaseFailed, now, p.outcome
	}
	p.note("follow: %s → %s", before, act.Phase)
	return act, nil
}

// Handle implements [EventHandler].
func (p *platform) Handle(_ context.Context, _ *JobContext, e Event) error {
	if err := p.fault("event"); err != nil {
		return err
	}
	if !e.At.Equal(p.now) {
		p.note("an event of another time: %s", e.At)
	}
	line := fmt.Sprintf("event %s %s", e.Type, e.Reason)
	if e.Key != "" {
		line += fmt.Sprintf(" key %q", e.Key)
	}
	if e.Interval > 0 {
		line += fmt.Sprintf(" each %v", e.Interval)
	}
	p.note("%s: %s", line, e.Message)
	return nil
}

// Record implements [DecisionRecorder].
func (p *platform) Record(_ context.Context, _ *JobContext, r *Report) error {
	if err := p.fault("record"); err != nil {
		return err
	}
	phase := ""
	if r.Act != nil {
		phase = ", act " + string(r.Act.Phase)
	}
	p.note("record scale=%v %s%s", r.Decision.Scale, r.Decision.Reason, phase)
	return nil
}

// platformStore is the store of a platform as opened once: what was put and not
// flushed is lost when the process dies.
type platformStore struct {
	*platform
	valid bool
}

func (p *platform) open(context.Context) (StateStore, error) {
	if err := p.fault("open"); err != nil {
		return nil, err
	}
	p.opened++
	p.note("open the store")
	p.pending = map[JobKey]State{}
	return &platformStore{p, true}, nil
}

func (s *platformStore) check(op string) error {
	if !s.valid {
		return errors.New("used after it became invalid")
	}
	err := s.fault(op)
	if errors.Is(err, ErrStoreInvalid) {
		s.valid = false
	}
	return err
}

// Get implements [StateStore].
func (s *platformStore) Get(_ context.Context, key JobKey) (State, error) {
	if err := s.check("get"); err != nil {
		return State{}, err
	}
	if state, ok := s.pending[key]; ok {
		return state, nil
	}
	return s.saved[key], nil
}

// Put implements [StateStore].
func (s *platformStore) Put(_ context.Context, key JobKey, state State) error {
	if err := s.check("put"); err != nil {
		return err
	}
	s.note("put %s", stateText(&state))
	s.pending[key] = state
	return nil
}

// Remove implements [StateStore].
func (s *platformStore) Remove(_ context.Context, key JobKey) error {
	if err := s.check("remove"); err != nil {
		return err
	}
	s.note("remove %s", key)
	delete(s.pending, key)
	delete(s.saved, key)
	return nil
}

// Flush implements [StateStore].
func (s *platformStore) Flush(context.Context) error {
	if err := s.check("flush"); err != nil {
		return err
	}
	maps.Copy(s.saved, s.pending)
	clear(s.pending)
	return nil
}

// stateText is what matters of a state in a trace.
func stateText(s *State) string {
	line := fmt.Sprintf("%d samples", len(s.Window.Samples))
	if n := len(s.Scaling.History["work"]); n > 0 {
		line += fmt.Sprintf(", %d in history", n)
	}
	if s.Act != nil {
		line += ", act " + string(s.Act.Phase)
	}
	if b, known := s.Bounds["work"]; known {
		line += fmt.Sprintf(", work from %d to %d", b.Lower, b.Upper)
	}
	return line
}

func text(p scaling.Parallelism) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s:%d ", id, p[id])
	}
	return strings.TrimSpace(b.String())
}

var errCrash = errors.New("crash")

var (
	_ MetricCollector  = (*platform)(nil)
	_ Refiner          = refining{}
	_ Realizer         = (*platform)(nil)
	_ EventHandler     = (*platform)(nil)
	_ DecisionRecorder = (*platform)(nil)
	_ StateStore       = (*platformStore)(nil)
)

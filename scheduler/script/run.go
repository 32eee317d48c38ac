package script

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Execute carries a script out on the schedulers of this module, in virtual time, and says what was seen and, line by
// line, what happened. An expectation that is not met is no error of Execute, see [Check]: it goes on with the next line.
func Execute(s *Script, v slots.Version) (*Run, *Trace, error) {
	r, err := newRunner(s, v, &faults{Fixed: cluster.DefaultFixed()})
	if err != nil {
		return nil, nil, fmt.Errorf("execute %s for %s: %w", s.Name, v, err)
	}
	for _, line := range s.LinesFor(v) {
		if err := r.line(line); err != nil {
			return nil, nil, fmt.Errorf("execute %s for %s: line %d, %q: %w", s.Name, v, line.Number, line.Text, err)
		}
	}
	return r.result(), r.trace, nil
}

// epoch is the time at which the script's clock stands at 0. Nothing depends on it.
var epoch = time.Unix(0, 0).UTC()

// machine is what a run goes by beside Flink's rules: how long things take, and what is broken on demand.
type machine interface {
	cluster.Behaviour
	prepare(*cluster.Config)
	failCheckpoints(bool)
	slowCheckpoints(time.Duration)
}

// runner is one run under way.
type runner struct {
	script  *Script
	version slots.Version
	cluster *cluster.Cluster
	machine machine
	trace   *Trace
	run     *Run
	ids     map[string]string // of the vertices by name
	hidden  bool              // the default scheduler is at work: it has neither bounds nor states to show

	clock  time.Duration // where the script stands
	last   time.Duration // the last action took effect
	answer *Answer
}

func newRunner(s *Script, v slots.Version, m machine) (*runner, error) {
	r := &runner{
		script: s, version: v, machine: m,
		trace: newTrace(s), run: &Run{Script: s.Name, Version: v}, ids: map[string]string{},
	}
	for _, vertex := range s.Job.Vertices {
		r.ids[vertex.Name] = string(vertexID(vertex.Name))
	}
	config, err := clusterConfig(s, v)
	if err != nil {
		return nil, err
	}
	config.Trace, r.hidden = r.note, config.DefaultScheduler
	m.prepare(&config)
	if r.cluster, err = cluster.New(config, m); err != nil {
		return nil, err
	}
	r.observe()
	return r, nil
}

// note takes down what happens in the cluster.
func (r *runner) note(e cluster.Entry) {
	r.trace.add(e)
	if r.hidden {
		return
	}
	at := e.At.Sub(epoch)
	switch v := e.Event.(type) {
	case adaptive.Moved:
		r.run.Transitions = append(r.run.Transitions, Transition{At: at, From: v.From.String(), To: v.To.String()})
	case adaptive.PhaseMoved:
		r.run.Transitions = append(r.run.Transitions, Transition{At: at, From: v.From.String(), To: v.To.String(), Phase: true})
	}
}

// line carries out one line; a real run goes by the same clock.
func (r *runner) line(l Line) error {
	r.trace.line(l)
	switch {
	case l.Action != nil:
		return r.act(l)
	case l.Expect != nil && l.Expect.Kind == After:
		return r.await(*l.Expect)
	case l.Expect != nil:
		r.clock += l.Expect.For
	default:
		r.clock += l.Wait
	}
	return r.until(r.clock)
}

// act carries out an action at its time. It takes effect at once, save that a
// TaskManager has to register.
func (r *runner) act(l Line) error {
	if err := r.until(l.At.From(r.clock)); err != nil {
		return err
	}
	r.answer = nil
	if err := r.do(l.Action); err != nil {
		return err
	}
	if a, ok := l.Action.(AddTaskManager); ok {
		if err := r.registered(slots.TaskManagerID(a.Name)); err != nil {
			return err
		}
	}
	r.clock = r.now()
	r.last = r.clock
	r.run.Actions = append(r.run.Actions, Done{Line: l.Number, At: r.clock, Answer: r.answer})
	return r.until(r.clock)
}

// registered lets time pass until a TaskManager is registered.
func (r *runner) registered(id slots.TaskManagerID) error {
	for {
		managers := r.cluster.TaskManagers()
		if i := slices.IndexFunc(managers, func(v cluster.TaskManagerView) bool { return v.ID == id }); managers[i].Registered {
			return nil
		}
		next, ok := r.cluster.Next()
		if !ok || next.Sub(epoch) > r.clock+time.Minute {
			return fmt.Errorf("%s does not register within a minute", id)
		}
		if err := r.until(next.Sub(epoch)); err != nil {
			return err
		}
	}
}

// await lets time pass until what is expected is so, or is overdue.
func (r *runner) await(e Expectation) error {
	limit := r.last + e.To
	for {
		if t, ok := r.run.First(e.Want, r.answer, r.clock, min(limit, r.now())); ok {
			r.clock = t
			return nil
		}
		next, ok := r.cluster.Next()
		if !ok || next.Sub(epoch) > limit {
			r.clock = max(r.clock, r.last+e.To)
			return r.until(r.clock)
		}
		if err := r.until(next.Sub(epoch)); err != nil {
			return err
		}
	}
}

func (r *runner) now() time.Duration { return r.cluster.Now().Sub(epoch) }

// until moves the clock to a time, and takes down every state that things come into.
func (r *runner) until(t time.Duration) error {
	for {
		next, ok := r.cluster.Next()
		if !ok || next.Sub(epoch) > t {
			break
		}
		if err := r.cluster.Advance(next); err != nil {
			return err
		}
		r.observe()
	}
	if err := r.cluster.Advance(epoch.Add(t)); err != nil {
		return err
	}
	r.observe()
	return nil
}

// result completes the run.
func (r *runner) result() *Run {
	r.run.End = r.now()
	if view, ok := r.cluster.Job(jobID); ok {
		r.report(view)
	}
	return r.run
}

package scaling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// loopInterval is the time between two passes.
const loopInterval = 5 * time.Second

// sluiceProfile is the configuration of profile sluice, with the short times
// that the tests on real clusters use.
func sluiceProfile() Config {
	c := DefaultConfig()
	c.Estimator = Counters{}
	c.RecentRate, c.CatchUpInHeadroom, c.Skew, c.KeepSaturated, c.CapAtPartitions = true, true, true, true, true
	c.PullIntoRange, c.JudgeExecuted, c.NeverUp, c.Slotwise, c.ResetsAreBorders, c.FractionalRates = true, true, true, true, true, true
	c.MetricsWindow, c.Stabilization = 30*time.Second, 10*time.Second
	c.ScaleDownInterval, c.Restart, c.CatchUp = 20*time.Second, 10*time.Second, 5*time.Minute
	return c
}

// closedLoop runs passes over a simulated job and carries its decisions out.
type closedLoop struct {
	*simulation
	config *Config
	window Window
	state  State
	// wanted is the decision on its way, nil for none.
	wanted *[3]int
	// readSubtasks is when the subtasks of a vertex were last read.
	readSubtasks [3]time.Duration
	passes       []loopPass
}

// loopPass is what one pass saw and did.
type loopPass struct {
	at                   time.Duration
	load, waiting        float64
	full, underWay, acts bool
	parallelism          [3]int
	to                   [3]int
	out                  Outcome
}

func newClosedLoop(s simulated, c *Config) *closedLoop {
	return &closedLoop{simulation: newSimulation(s), config: c}
}

// run makes passes until a moment.
func (l *closedLoop) run(until time.Duration) {
	for next := l.now; next < until; {
		next += loopInterval
		// No loop is punctual to the step of the simulation.
		l.advance(next + time.Duration(l.random.IntN(4))*simulationStep)
		if l.running() {
			l.pass()
		}
	}
}

func (l *closedLoop) pass() {
	topology, sample := l.topology(), l.sample()
	for i := range topology.Vertices {
		if l.now-l.readSubtasks[i] >= l.subtaskInterval(i) {
			l.readInto(&sample, i)
		}
	}
	var fullness Fullness
	l.window, fullness = l.config.Extend(l.window, sample)
	current := l.current()
	if l.wanted != nil && current == *l.wanted {
		l.wanted = nil
	}
	decide := func() Outcome {
		return Decide(Input{Config: l.config, Topology: topology, Window: l.window, Full: fullness.Full, State: l.state, Now: sample.At})
	}
	out := decide()
	if l.refine(&sample, out) {
		l.window, _ = l.config.Extend(l.window, sample)
		out = decide()
	}
	p := loopPass{at: l.now, load: l.load(l.now), waiting: l.waiting, full: fullness.Full, underWay: l.wanted != nil, parallelism: current, to: current, out: out}
	l.state = out.State
	if out.Decision.Scale && l.wanted == nil {
		p.acts = true
		for i := range out.Decision.Vertices {
			p.to[i] = out.Decision.Vertices[i].To
		}
		l.state = out.Executed()
		l.wanted = &p.to
		l.rescale(p.to)
	}
	l.passes = append(l.passes, p)
}

// subtaskInterval is how often the subtasks of a vertex are read: once a window
// and three times as often where something upstream is held up.
func (l *closedLoop) subtaskInterval(vertex int) time.Duration {
	n := len(l.window.Samples)
	if vertex == simulatedWork && n > 1 {
		a, b := &l.window.Samples[n-2].Vertices[simulatedSource], &l.window.Samples[n-1].Vertices[simulatedSource]
		blocked := b.Or(AccumulatedBackpressuredTime) - a.Or(AccumulatedBackpressuredTime)
		if blocked >= 0.1*float64(loopInterval.Milliseconds()) || b.Or(Lag) > a.Or(Lag) {
			return l.config.MetricsWindow / 3
		}
	}
	return l.config.MetricsWindow
}

func (l *closedLoop) readInto(s *Sample, vertex int) {
	if l.vertices[vertex].parallelism < 2 {
		return
	}
	s.Vertices[vertex].Subtasks = l.subtasks(vertex)
	l.readSubtasks[vertex] = l.now
}

// refine reads the subtasks of the vertices that a decision touches.
func (l *closedLoop) refine(s *Sample, out Outcome) bool {
	refined := false
	for i := range out.Decision.Vertices {
		if out.Decision.Scale && out.Decision.Vertices[i].Changed() && s.Vertices[i].Subtasks == nil {
			l.readInto(s, i)
			refined = true
		}
	}
	return refined
}

func (l *closedLoop) current() [3]int {
	return [3]int{l.vertices[0].parallelism, l.vertices[1].parallelism, l.vertices[2].parallelism}
}

// between are the passes after a moment, up to another.
func (l *closedLoop) between(from, to time.Duration) []loopPass {
	var passes []loopPass
	for _, p := range l.passes {
		if p.at > from && p.at <= to {
			passes = append(passes, p)
		}
	}
	return passes
}

// acts are the passes in a span of time that changed something.
func (l *closedLoop) acts(from, to time.Duration) []loopPass {
	var acts []loopPass
	for _, p := range l.between(from, to) {
		if p.acts {
			acts = append(acts, p)
		}
	}
	return acts
}

// settled is how long after a moment the work vertex ran at a parallelism and
// kept it until another moment; ok is false when it did not.
func (l *closedLoop) settled(from, to time.Duration, parallelism int) (time.Duration, bool) {
	since, ok := time.Duration(0), false
	for _, p := range l.between(from, to) {
		switch {
		case p.parallelism[simulatedWork] != parallelism:
			ok = false
		case !ok:
			since, ok = p.at, true
		}
	}
	return since - from, ok
}

// explain logs what happened: every pass that acted, and how the passes went
// whose reasons differ from the one before.
func (l *closedLoop) explain(t *testing.T) {
	t.Helper()
	var b strings.Builder
	last := ""
	for i := range l.passes {
		p := &l.passes[i]
		key := p.summary()
		if key == last && !p.acts {
			continue
		}
		last = key
		fmt.Fprintf(&b, "\n%6s load %5.0f waiting %7.0f %v %s", p.at, p.load, p.waiting, p.parallelism, key)
		if p.acts {
			fmt.Fprintf(&b, " → %v", p.to)
		}
		if p.out.Evaluation != nil {
			e := p.out.Evaluation.Vertices
			fmt.Fprintf(&b, "  | target %.0f peak %.0f catch-up %.0f, work: tpr %.0f load %.2f up %.0f down %.0f hot %.2f/%.0f, source: tpr %.0f load %.3f", e[0].TargetRate, e[0].PeakRate, e[0].CatchUpRate,
				e[1].TrueProcessingRate, e[1].Load, e[1].ScaleUpThreshold, e[1].ScaleDownThreshold, e[1].Rates.Hottest.Share, e[1].Rates.Hottest.Capacity, e[0].TrueProcessingRate, e[0].Load)
		}
	}
	t.Log(b.String())
}

func (p *loopPass) summary() string {
	s := string(p.out.Decision.Reason)
	if p.underWay {
		s += " (under way)"
	}
	for i := range p.out.Decision.Vertices {
		v := &p.out.Decision.Vertices[i]
		s += fmt.Sprintf(" %s:%d(%s)", v.Vertex, v.Recommended, v.Reason)
	}
	return s
}

// workSizes are the parallelisms that the work vertex had, in order.
func (l *closedLoop) workSizes(from, to time.Duration) []int {
	var sizes []int
	for _, p := range l.between(from, to) {
		sizes = append(sizes, p.parallelism[simulatedWork])
	}
	return slices.Compact(sizes)
}

package collect

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
)

const (
	// heldUp is the share of its time, or of what it reads, from which on a vertex
	// counts as back-pressured and a source as falling behind.
	heldUp = 0.1
	// pressedPart is the part of the window in which the subtasks of one vertex
	// are read once at most, however hard it is pressed.
	pressedPart = 3
)

// takeSubtasks reads single subtasks where they are likely to tell something:
// below a back-pressured vertex, of a source that falls behind, and of every
// vertex once a window in turn.
func (p *countersPass) takeSubtasks(ctx context.Context) error {
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		if !readable(v) || p.age(v.ID) < p.countersSettings.window/pressedPart || !p.pressed(i) {
			continue
		}
		if err := p.readSubtasks(ctx, i); err != nil {
			return err
		}
	}
	return p.takeTurns(ctx)
}

// readable tells whether the subtasks of a vertex can tell more than the vertex.
func readable(v *scaling.Vertex) bool { return v.Parallelism > 1 && !v.Finished }

// age is the time since the subtasks of a vertex were asked for.
func (p *countersPass) age(id scaling.VertexID) time.Duration {
	at := p.memory.vertices[id].subtasksAt
	if at.IsZero() {
		return math.MaxInt64
	}
	return p.sample.At.Sub(at)
}

// pressed tells whether a vertex holds others up, or cannot keep up with what
// arrives.
func (p *countersPass) pressed(i int) bool {
	if p.topology.Vertices[i].IsSource() {
		return p.fallsBehind(i)
	}
	for _, u := range p.topology.Upstream(i) {
		if p.blockedShare(u) >= heldUp {
			return true
		}
	}
	return false
}

// blockedShare is the share of its time that a vertex was back-pressured since
// the reading before; NaN when that cannot be told.
func (p *countersPass) blockedShare(i int) float64 {
	now := &p.sample.Vertices[i]
	before, elapsed := p.before(i)
	if before == nil {
		return math.NaN()
	}
	clock := clockOf(&now.Measures) - clockOf(&before.Measures)
	if math.IsNaN(clock) {
		clock = float64(elapsed.Milliseconds()) * float64(now.Parallelism)
	}
	return (now.Or(scaling.AccumulatedBackpressuredTime) - before.Or(scaling.AccumulatedBackpressuredTime)) / clock
}

// fallsBehind tells whether what waits before a source grows by a noticeable
// part of what it reads.
func (p *countersPass) fallsBehind(i int) bool {
	now := &p.sample.Vertices[i]
	before, _ := p.before(i)
	if before == nil {
		return false
	}
	growth := now.Or(scaling.Lag) - before.Or(scaling.Lag)
	read := now.Or(scaling.NumRecordsIn) - before.Or(scaling.NumRecordsIn)
	return growth > 0 && growth >= heldUp*read
}

// before is the newest reading of a vertex in this run that differs from the one
// just taken, and the time between their samples. Flink serves each reading for
// a while.
func (p *countersPass) before(i int) (*scaling.VertexSample, time.Duration) {
	now := &p.sample.Vertices[i]
	for j := len(p.window.Samples) - 1; j >= 0; j-- {
		s := &p.window.Samples[j]
		if !s.RunningSince.Equal(p.sample.RunningSince) || i >= len(s.Vertices) || s.Vertices[i].Vertex != now.Vertex {
			return nil, 0
		}
		before := &s.Vertices[i]
		if !sameReading(&before.Measures, &now.Measures) {
			return before, p.sample.At.Sub(s.At)
		}
	}
	return nil, 0
}

func sameReading(a, b *scaling.Measures) bool {
	same := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	return same(clockOf(a), clockOf(b)) && same(a.Or(scaling.NumRecordsIn), b.Or(scaling.NumRecordsIn))
}

// clockOf is a vertex's own time in ms over all subtasks, NaN if a part is absent.
func clockOf(m *scaling.Measures) float64 {
	busy, idle, blocked := times(m)
	return busy + idle + blocked
}

// takeTurns reads the vertices that have not been read for most of a window, the
// one that waits longest first, spread over the passes of a window.
func (p *countersPass) takeTurns(ctx context.Context) error {
	count := 0
	for i := range p.topology.Vertices {
		if readable(&p.topology.Vertices[i]) {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	round := p.countersSettings.window / 10 * 9
	for range count {
		if p.sample.At.Before(p.memory.turnAt) {
			return nil
		}
		i := p.longestUnread(round)
		if i < 0 {
			return nil
		}
		p.memory.turnAt = later(p.memory.turnAt, p.passBefore()).Add(round / time.Duration(count))
		if err := p.readSubtasks(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// longestUnread is the vertex that was not read for longest, and for at least
// the time given; -1 if there is none.
func (p *countersPass) longestUnread(atLeast time.Duration) int {
	longest := -1
	for i := range p.topology.Vertices {
		v := &p.topology.Vertices[i]
		if !readable(v) || p.age(v.ID) < atLeast {
			continue
		}
		if longest < 0 || p.age(v.ID) > p.age(p.topology.Vertices[longest].ID) {
			longest = i
		}
	}
	return longest
}

// passBefore is when the pass before this one was, or now: turns that were
// missed longer ago are not made up for in one go.
func (p *countersPass) passBefore() time.Time {
	if latest := p.window.Latest(); latest != nil && latest.RunningSince.Equal(p.sample.RunningSince) {
		return latest.At
	}
	return p.sample.At
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// readSubtasks puts the counters of a vertex's subtasks into the sample, unless
// they are of another parallelism or incomplete.
func (p *countersPass) readSubtasks(ctx context.Context, i int) error {
	v := &p.topology.Vertices[i]
	if !readable(v) {
		return nil
	}
	if m := p.memory.vertices[v.ID]; m != nil {
		m.subtasksAt = p.sample.At
	}
	details, err := p.job.Client.VertexDetails(ctx, p.job.Key.Job, flink.VertexID(v.ID))
	if err != nil {
		return fmt.Errorf("read the subtasks of vertex %s of job %s: %w", v.ID, p.job.Key, err)
	}
	p.sample.Vertices[i].Subtasks = subtasksOf(&details, v)
	return nil
}

// subtasksOf is nil when not every subtask is there with all its counters.
func subtasksOf(d *flink.VertexDetails, v *scaling.Vertex) []scaling.Subtask {
	if d.Parallelism != v.Parallelism || len(d.Subtasks) != v.Parallelism {
		return nil
	}
	records := recordsOf(d, v.IsSource())
	subtasks := make([]scaling.Subtask, v.Parallelism)
	seen := make([]bool, v.Parallelism)
	for i := range d.Subtasks {
		s := &d.Subtasks[i]
		count, complete := records(&s.Metrics)
		var m scaling.Measures
		setTimes(&m, &s.Metrics)
		clock := clockOf(&m)
		if !complete || !sane(float64(count)) || math.IsNaN(clock) || s.Index < 0 || s.Index >= v.Parallelism || seen[s.Index] {
			return nil
		}
		seen[s.Index] = true
		subtasks[s.Index] = scaling.Subtask{
			Attempt: s.Attempt, Records: float64(count), Busy: m.Or(scaling.AccumulatedBusyTime), Clock: clock,
		}
	}
	return subtasks
}

// recordsOf picks the counter of records: those read, or those that a source
// emitted, since some versions do not count what it read. A source that ends in
// its own vertex emits nothing.
func recordsOf(d *flink.VertexDetails, source bool) func(*flink.IOMetrics) (int64, bool) {
	emits := slices.ContainsFunc(d.Subtasks, func(s flink.Subtask) bool { return s.Metrics.WriteRecords > 0 })
	if source && emits {
		return func(m *flink.IOMetrics) (int64, bool) { return m.WriteRecords, m.WriteRecordsComplete }
	}
	return func(m *flink.IOMetrics) (int64, bool) { return m.ReadRecords, m.ReadRecordsComplete }
}

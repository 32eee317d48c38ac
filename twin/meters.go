package twin

import (
	"time"

	"github.com/sluice-project/sluice/twin/flow"
)

const (
	gaugeCells = 12 // of a time gauge: a minute of five-second spans
	meterCells = 13 // of a meter: the counts at the ends of these
	minute     = 60 // seconds
)

// meters are the gauges and meters of the subtasks of one attempt, as their
// process moves them every five seconds.
type meters struct {
	moves int // since the attempt began
	// unknown says that the process does not move them yet: it takes new ones over
	// after it has moved those that it knows, five seconds before their first turn.
	// That first span is then longer than the five seconds that a gauge divides by.
	unknown  bool
	vertices [][]subtask // by vertex and subtask
}

// subtask is what one subtask's gauges and meters hold.
type subtask struct {
	in, out          meter
	idle, soft, hard gauge
}

// meter is a rate over the last minute. Its cells begin with 0, so that it climbs
// for the first minute of an attempt.
type meter struct {
	cells [meterCells]float64
	at    int
}

func (m *meter) move(count float64) {
	m.at = (m.at + 1) % meterCells
	m.cells[m.at] = count
}

func (m *meter) rate() float64 {
	return (m.cells[m.at] - m.cells[(m.at+1)%meterCells]) / minute
}

// gauge is how many ms of a second went to something, over the spans that there
// were, at most a minute.
type gauge struct {
	cells [gaugeCells]float64
	at    int
	count int
	seen  float64 // of the total when it moved last
}

func (g *gauge) move(total float64) {
	g.cells[g.at] = float64(int64(total) - int64(g.seen))
	g.seen = total
	g.at = (g.at + 1) % gaugeCells
	g.count = min(g.count+1, gaugeCells)
}

// value is a whole number of ms, as Flink divides.
func (g *gauge) value() int64 {
	if g.count == 0 {
		return 0
	}
	sum := int64(0)
	for _, x := range g.cells[:g.count] {
		sum += int64(x)
	}
	return min(max(sum/(int64(views/time.Second)*int64(g.count)), 0), 1000)
}

// reset begins a new attempt, which the process has taken over already or not.
func (m *meters) reset(parallelism []int, known bool) {
	m.moves, m.unknown = 0, !known
	m.vertices = make([][]subtask, len(parallelism))
	for v, p := range parallelism {
		m.vertices[v] = make([]subtask, p)
	}
}

// move lets all gauges and meters move.
func (m *meters) move(s *flow.Snapshot) {
	if m.unknown {
		m.unknown = false
		return
	}
	m.moves++
	for v := range s.Vertices {
		for k := range s.Vertices[v].Subtasks {
			from, to := &s.Vertices[v].Subtasks[k], &m.vertices[v][k]
			to.in.move(float64(int64(from.RecordsIn)))
			to.out.move(float64(int64(from.RecordsOut)))
			to.idle.move(from.Idle)
			to.soft.move(from.SoftBackPressured)
			to.hard.move(from.HardBackPressured)
		}
	}
}

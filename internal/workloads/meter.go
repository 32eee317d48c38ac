package workloads

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/twin"
)

// meter measures a run: what is, not what Flink shows of it.
type meter struct {
	last     time.Time
	machines time.Duration // of all TaskManagers
	late     time.Duration
	passed   time.Duration
	lags     []float64
	arrivals []arrival // from the newest of which all has come through
}

// arrival is how many records had arrived at a time.
type arrival struct {
	at    time.Time
	count float64
}

// look counts for the time since the look before.
func (m *meter) look(t *twin.Twin) error {
	s := t.State()
	if m.last.IsZero() {
		m.last, m.arrivals = t.Start(), []arrival{{at: t.Start()}}
	}
	step := s.Now.Sub(m.last)
	m.last = s.Now
	m.passed += step
	for _, tm := range s.TaskManagers {
		if tm.Health == cluster.Up {
			m.machines += step
		}
	}
	job := &s.Jobs[0]
	source := job.Flow.Vertices[0].Source
	pending := 0.0
	for _, p := range source.Pending {
		pending += p
	}
	m.lags = append(m.lags, pending)
	waiting := pending
	for _, e := range job.Flow.Edges {
		waiting += e.Queue
	}
	if m.latency(job.Flow.At, source.Arrived, waiting) > lateFrom {
		m.late += step
	}
	return nil
}

// latency is how long the record that comes through next has waited, be it before the
// source or in a buffer.
func (m *meter) latency(now time.Time, arrived, waiting float64) time.Duration {
	m.arrivals = append(m.arrivals, arrival{now, arrived})
	read := arrived - waiting
	for len(m.arrivals) > 1 && m.arrivals[1].count <= read {
		m.arrivals = m.arrivals[1:]
	}
	if len(m.arrivals) == 1 {
		return 0
	}
	a, b := m.arrivals[0], m.arrivals[1]
	since := time.Duration(float64(b.at.Sub(a.at)) * (read - a.count) / (b.count - a.count))
	return now.Sub(a.at.Add(since))
}

// figures are what it came to.
func (m *meter) figures(rescales int) Figures {
	slices.Sort(m.lags)
	lag := m.lags[len(m.lags)*99/100]
	return Figures{
		TaskManagerHours: m.machines.Hours(), Rescales: rescales,
		Late: m.late.Seconds() / m.passed.Seconds(), Lag: lag,
	}
}

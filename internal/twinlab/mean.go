package twinlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
)

// Gauge is a metric of a vertex over its subtasks, at a time.
type Gauge struct {
	At       time.Time
	Avg, Sum float64
}

// Gauges are what a session says of a metric of a vertex, by its index; readings that are no number are left out.
func (s *Session) Gauges(job, vertex int, name string) ([]Gauge, error) {
	series, err := s.Series(job)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/jobs/%s/vertices/%s/subtasks/metrics?", s.Jobs[job], series.IDs[vertex])
	var all []Gauge
	for _, e := range s.Exchanges {
		if !strings.HasPrefix(e.Path, path) {
			continue
		}
		var body []struct {
			ID       string
			Avg, Sum any
		}
		if err := json.Unmarshal(e.Body, &body); err != nil {
			return nil, fmt.Errorf("%s at %s: %w", e.Path, e.At, err)
		}
		for _, m := range body {
			avg, ok := m.Avg.(float64)
			sum, also := m.Sum.(float64)
			if m.ID == name && ok && also {
				all = append(all, Gauge{e.At, avg, sum})
			}
		}
	}
	return all, nil
}

// Mean is what a vertex did per second between two bodies of one attempt.
type Mean struct {
	Parallelism               int
	Read, Written             float64 // records/s of the whole vertex
	Busy, Idle, BackPressured float64 // ms/s of a subtask
	Over                      float64 // seconds
}

// Cost is what a record took, in seconds.
func (m Mean) Cost() float64 {
	return m.Busy / 1000 * float64(m.Parallelism) / max(m.Read, m.Written, 1e-9)
}

// Span is from the first to the last fetch of counters between two times, in one attempt; false if there are not two.
func (s *Series) Span(from, to time.Time) (first, last time.Time, ok bool) {
	var attempt time.Time
	for _, p := range s.Points {
		if p.Counted.Before(from) || p.At.After(to) || p.Status != flink.JobRunning || !p.reported() {
			continue
		}
		switch {
		case attempt.IsZero():
			first, last, attempt = p.Counted, p.Counted, p.Since
		case p.Since.Equal(attempt):
			last = p.Counted
		}
	}
	return first, last, last.After(first)
}

// counts says whether a vertex counts what it receives.
func (s *Series) counts(vertex int) bool {
	return slices.ContainsFunc(s.Points, func(p Point) bool { return len(p.Vertices) > vertex && p.Vertices[vertex].Read > 0 })
}

// reported says whether the tasks of the attempt have reported.
func (p *Point) reported() bool {
	for _, v := range p.Vertices {
		if v.Clock() == 0 {
			return false
		}
	}
	return len(p.Vertices) > 0
}

// Mean is the mean of a vertex between two times, with counters that are drawn straight from fetch to fetch; false if
// there are none around them, or if they are not of one attempt.
func (s *Series) Mean(vertex int, from, to time.Time) (Mean, bool) {
	first, since, ok := s.at(vertex, from)
	last, until, also := s.at(vertex, to)
	if !ok || !also || !since.Equal(until) {
		return Mean{}, false
	}
	return meanOf(first, last)
}

// at are the counters of a vertex at a time, and since when its attempt has run.
func (s *Series) at(vertex int, t time.Time) (v VertexPoint, since time.Time, ok bool) {
	var before *Point
	for i := range s.Points {
		p := &s.Points[i]
		if p.Status != flink.JobRunning || !p.reported() || before != nil && !p.Since.Equal(before.Since) && p.Counted.Before(t) {
			before = nil
			if p.Status != flink.JobRunning || !p.reported() {
				continue
			}
		}
		if p.Counted.Equal(t) {
			return p.Vertices[vertex], p.Since, true
		}
		if p.Counted.After(t) {
			if before == nil || !before.Since.Equal(p.Since) {
				return v, since, false
			}
			share := float64(t.Sub(before.Counted)) / float64(p.Counted.Sub(before.Counted))
			return between(before.Vertices[vertex], p.Vertices[vertex], share), p.Since, true
		}
		before = p
	}
	return v, since, false
}

func between(a, b VertexPoint, share float64) VertexPoint {
	mix := func(x, y float64) float64 { return x + (y-x)*share }
	return VertexPoint{
		b.Parallelism, mix(a.Read, b.Read), mix(a.Written, b.Written),
		mix(a.Busy, b.Busy), mix(a.Idle, b.Idle), mix(a.BackPressured, b.BackPressured),
	}
}

func meanOf(first, last VertexPoint) (Mean, bool) {
	over := last.Clock() - first.Clock()
	if over <= 0 || last.Parallelism != first.Parallelism {
		return Mean{}, false
	}
	share := 1000 / over / float64(last.Parallelism)
	return Mean{
		Parallelism: last.Parallelism, Over: over,
		Read: (last.Read - first.Read) / over, Written: (last.Written - first.Written) / over,
		Busy: (last.Busy - first.Busy) * share, Idle: (last.Idle - first.Idle) * share,
		BackPressured: (last.BackPressured - first.BackPressured) * share,
	}, true
}

// CaughtUp is how long after its submission the first job, which began behind, had read all there was, by what its source
// read from one fetch of counters to the next: from then on it reads what comes, which is load in records/s. In the last
// stretch before, it read at full speed for a part of the time.
func (s *Session) CaughtUp(load float64) (time.Duration, error) {
	series, err := s.Series(0)
	if err != nil {
		return 0, err
	}
	at, ok := series.caughtUp(load)
	if !ok {
		return 0, fmt.Errorf("%s on %s: the source was never behind", s.Scenario, s.Version)
	}
	return at.Sub(s.Submitted[0]), nil
}

func (s *Series) caughtUp(load float64) (at time.Time, ok bool) {
	fastest := 0.0
	var before *Point
	for i := range s.Points {
		p := &s.Points[i]
		if !p.reported() || p.Status != flink.JobRunning || before != nil && !before.Since.Equal(p.Since) {
			before, fastest = nil, 0
		}
		if !p.reported() || p.Status != flink.JobRunning || before != nil && before.Counted.Equal(p.Counted) {
			continue
		}
		if before != nil {
			over := p.Vertices[0].Clock() - before.Vertices[0].Clock()
			rate := (p.Vertices[0].Written - before.Vertices[0].Written) / over
			fastest = max(fastest, rate)
			if rate > 1.1*load {
				part := min((rate-load)/(fastest-load), 1)
				at, ok = before.Counted.Add(time.Duration(part*over*1e9)), true
			}
		}
		before = p
	}
	return at, ok
}

package twinlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/recording"
)

// Series is one job of a session over time.
type Series struct {
	Vertices []string // by their first words, in Flink's order
	IDs      []flink.VertexID
	Points   []Point
	Pending  []Amount // what waits at the source, as it reports
	// Checkpoints are those that completed, by id.
	Checkpoints map[int64]Checkpoint
}

// Point is what /jobs/:id said once.
type Point struct {
	At time.Time // when it was asked
	// Counted is when the counters were fetched, which Flink does not say: when it was asked the time before they changed.
	Counted  time.Time
	Status   flink.JobStatus
	Since    time.Time // RUNNING since
	Vertices []VertexPoint
}

// VertexPoint are counters of the present attempt: records, and seconds summed over the subtasks.
type VertexPoint struct {
	Parallelism               int
	Read, Written             float64
	Busy, Idle, BackPressured float64
}

// Clock is the vertex's own, in seconds since its attempt began.
func (v VertexPoint) Clock() float64 {
	return (v.Busy + v.Idle + v.BackPressured) / float64(max(v.Parallelism, 1))
}

// Amount is a number of records at a time.
type Amount struct {
	At      time.Time
	Records float64
}

// Checkpoint is one that completed.
type Checkpoint struct {
	Triggered time.Time
	Takes     time.Duration
	State     int64
}

// Series reads the points of a job, by its number in the scenario.
func (s *Session) Series(job int) (*Series, error) {
	if known := s.series[job]; known != nil {
		return known, nil
	}
	out := &Series{Checkpoints: map[int64]Checkpoint{}}
	for _, e := range s.Exchanges {
		id, rest := jobOf(e.Path)
		if id != s.Jobs[job] || e.Method != "GET" || e.Status != 200 {
			continue
		}
		if err := out.add(e, rest); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", e.Path, e.At, err)
		}
	}
	if s.series != nil {
		s.series[job] = out
	}
	return out, nil
}

func (s *Series) add(e recording.Exchange, rest string) error {
	switch {
	case rest == "":
		return s.details(e)
	case rest == "/checkpoints":
		return s.checkpoints(e)
	case strings.Contains(rest, "pendingRecords"):
		return s.pending(e)
	}
	return nil
}

func (s *Series) details(e recording.Exchange) error {
	var d flink.JobDetails
	if err := json.Unmarshal(e.Body, &d); err != nil {
		return err
	}
	p := Point{At: e.At, Status: d.State, Since: d.Timestamps.Running.Time()}
	s.Vertices, s.IDs = s.Vertices[:0], s.IDs[:0]
	for _, v := range d.Vertices {
		s.Vertices, s.IDs = append(s.Vertices, shortName(v.Name)), append(s.IDs, v.ID)
		m := v.Metrics
		p.Vertices = append(p.Vertices, VertexPoint{
			Parallelism: v.Parallelism, Read: float64(m.ReadRecords), Written: float64(m.WriteRecords),
			Busy: m.AccumulatedBusy.Or(0) / 1000, Idle: m.AccumulatedIdle.Or(0) / 1000, BackPressured: m.AccumulatedBackPressured.Or(0) / 1000,
		})
	}
	p.Counted = s.counted(p)
	s.Points = append(s.Points, p)
	return nil
}

func (s *Series) counted(p Point) time.Time {
	if len(s.Points) == 0 {
		return p.At
	}
	before := s.Points[len(s.Points)-1]
	if slices.Equal(before.Vertices, p.Vertices) {
		return before.Counted
	}
	return before.At
}

func (s *Series) checkpoints(e recording.Exchange) error {
	var c flink.Checkpoints
	if err := json.Unmarshal(e.Body, &c); err != nil {
		return err
	}
	for _, one := range c.History {
		if one.Status == flink.CheckpointCompleted && !one.IsSavepoint {
			s.Checkpoints[one.ID] = Checkpoint{one.TriggerTime.Time(), one.EndToEndDuration.Duration(), one.StateSize}
		}
	}
	return nil
}

func (s *Series) pending(e recording.Exchange) error {
	var metrics []struct {
		ID  string
		Sum any
	}
	if err := json.Unmarshal(e.Body, &metrics); err != nil {
		return err
	}
	for _, m := range metrics {
		if sum, ok := m.Sum.(float64); ok && strings.HasSuffix(m.ID, "pendingRecords") {
			s.Pending = append(s.Pending, Amount{e.At, sum})
		}
	}
	return nil
}

// Run is a time in which a job ran at one size.
type Run struct {
	From, To    time.Time
	Parallelism []int
}

// Runs are the sizes of the job, from RUNNING on as Flink stamps it to the next.
func (s *Series) Runs() []Run {
	var runs []Run
	for _, p := range s.Points {
		if p.Status != flink.JobRunning {
			continue
		}
		if n := len(runs); n == 0 || !runs[n-1].From.Equal(p.Since) {
			var sizes []int
			for _, v := range p.Vertices {
				sizes = append(sizes, v.Parallelism)
			}
			runs = append(runs, Run{From: p.Since, Parallelism: sizes})
		}
		runs[len(runs)-1].To = p.At
	}
	return runs
}

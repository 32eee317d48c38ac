package twinlab

import (
	"fmt"
	"slices"
	"time"
)

// Saturated is what experiments 21 and 22 of the scheduler's specification look at: a job whose middle vertex is the
// bottleneck, once its buffers are full.
type Saturated struct {
	// Of a subtask, in records/s and ms/s, as the gauges of Flink say.
	Rate, SourceBusy, SourceBlocked, WorkBusy, CountIdle float64
	// Checkpoints in order, those of the full buffers, and the longest time from the end of one to the next.
	Checkpoints []time.Duration
	Full        []time.Duration
	Between     time.Duration
}

// full is after how long the buffers of that job are full for certain, and a checkpoint too has begun behind them.
const full = 70 * time.Second

// Saturation reads it from a session of the scenario of that name.
func Saturation(s *Session) (Saturated, error) {
	var out Saturated
	for _, g := range []struct {
		vertex int
		name   string
		into   *float64
	}{
		{0, "busyTimeMsPerSecond", &out.SourceBusy},
		{0, "backPressuredTimeMsPerSecond", &out.SourceBlocked},
		{1, "busyTimeMsPerSecond", &out.WorkBusy},
		{1, "numRecordsInPerSecond", &out.Rate},
		{2, "idleTimeMsPerSecond", &out.CountIdle},
	} {
		readings, err := s.Gauges(0, g.vertex, g.name)
		if err != nil {
			return out, err
		}
		readings = slices.DeleteFunc(readings, func(r Gauge) bool { return r.At.Before(s.Start.Add(full + time.Minute)) })
		if len(readings) == 0 {
			return out, fmt.Errorf("%s on %s: no %s of vertex %d", s.Scenario, s.Version, g.name, g.vertex)
		}
		for _, r := range readings {
			*g.into += r.Avg / float64(len(readings))
		}
	}
	series, err := s.Series(0)
	if err != nil {
		return out, err
	}
	out.checkpoints(series, s.Start)
	return out, nil
}

func (s *Saturated) checkpoints(series *Series, start time.Time) {
	var before Checkpoint
	for id := int64(1); ; id++ {
		c, there := series.Checkpoints[id]
		if !there {
			return
		}
		s.Checkpoints = append(s.Checkpoints, c.Takes)
		if c.Triggered.Sub(start) > full {
			s.Full = append(s.Full, c.Takes)
			s.Between = max(s.Between, c.Triggered.Sub(before.Triggered.Add(before.Takes)))
		}
		before = c
	}
}

// Mean is that of some durations; 0 of none.
func mean(all []time.Duration) time.Duration {
	sum := time.Duration(0)
	for _, d := range all {
		sum += d
	}
	return sum / time.Duration(max(len(all), 1))
}

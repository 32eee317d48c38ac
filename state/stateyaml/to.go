package stateyaml

import (
	"errors"
	"fmt"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// entry is the opposite of documentOf.
func (d *document) entry() Entry {
	s := autoscaler.State{Overrides: d.Overrides, Act: d.Act.act()}
	if d.Changes != nil {
		s.Changes = tuning.Changes{Overrides: d.Changes.Overrides, Removals: d.Changes.Removals}
	}
	s.Bounds = mapped(d.Bounds, func(b bound) autoscaler.Bound { return autoscaler.Bound(b) })
	s.Scaling.Delayed = mapped(d.Delayed, func(w delayed) scaling.Delayed { return w.delayed() })
	for _, r := range d.Restarts {
		one := scaling.RestartRecord{At: r.At.Time}
		if r.Took != nil {
			one.Duration, one.Known = time.Duration(*r.Took), true
		}
		s.Scaling.Tracking = append(s.Scaling.Tracking, one)
	}
	if len(d.History) > 0 {
		s.Scaling.History = scaling.History{}
	}
	for id, records := range d.History {
		s.Scaling.History[id] = recordsOf(id, records)
	}
	for i := range d.Samples {
		s.Window.Samples = append(s.Window.Samples, d.Samples[i].sample())
	}
	return Entry{autoscaler.JobKey{Cluster: d.Cluster, Job: flink.JobID(d.Job)}, s}
}

func (a *act) act() *autoscaler.Act {
	if a == nil {
		return nil
	}
	return &autoscaler.Act{
		Decided: a.Decided.Time, Phase: a.Phase, Want: a.Want, From: a.From, Requested: a.Requested.orZero(), Ended: a.Ended.orZero(),
		Reason: autoscaler.Obstacle{Reason: a.Reason, Text: a.Text},
	}
}

func (m *moment) orZero() time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.Time
}

func (n *number) or0() float64 {
	if n == nil {
		return 0
	}
	return float64(*n)
}

func (w *delayed) delayed() scaling.Delayed {
	d := scaling.Delayed{FirstTrigger: w.Since.Time}
	for _, r := range w.Recommended {
		d.Recommended = append(d.Recommended, scaling.Recommendation{At: r.At.Time, Parallelism: r.Parallelism, Outside: r.Outside})
	}
	return d
}

func recordsOf(id scaling.VertexID, list []scalingRecord) []scaling.ScalingRecord {
	records := make([]scaling.ScalingRecord, len(list))
	for i := range list {
		r := &list[i]
		records[i] = scaling.ScalingRecord{
			At: r.At.Time, From: r.From, To: r.To, Planned: r.Planned, ExpectedRate: r.ExpectedRate.or0(), Evaluation: r.Evaluation.evaluation(id),
		}
	}
	return records
}

func (e *evaluation) evaluation(id scaling.VertexID) scaling.VertexEvaluation {
	return scaling.VertexEvaluation{
		Vertex: id, Name: e.Name, Parallelism: e.Parallelism, MaxParallelism: e.MaxParallelism, Partitions: e.Partitions,
		Load: e.Load.or0(), TrueProcessingRate: e.TrueRate.or0(), TargetRate: e.TargetRate.or0(), PeakRate: e.PeakRate.or0(),
		CatchUpRate: e.CatchUpRate.or0(), HasLag: e.HasLag, Lag: e.Lag.or0(),
		ScaleUpThreshold: e.UpBelow.or0(), ScaleDownThreshold: e.DownAbove.or0(), Rates: e.Rates.rates(),
	}
}

func (r *rates) rates() scaling.Rates {
	if r == nil {
		return scaling.Rates{}
	}
	rates := scaling.Rates{
		In: r.In.or0(), Out: r.Out.or0(), OutPerIn: r.OutPerIn.or0(), HasLag: r.HasLag, Lag: r.Lag.or0(), LagGrowth: r.LagGrowth.or0(),
		Recent: r.Recent.or0(), Peak: r.Peak.or0(), Busy: r.Busy.or0(), ProcessedIn: r.ProcessedIn.or0(),
		Observed: r.Observed.or0(), Backpressured: r.Backpressured.or0(), Reset: r.Reset, ClockDoubtful: r.ClockDoubtful,
	}
	if h := r.Hottest; h != nil {
		rates.Hottest = scaling.Hottest{Known: h.Known, Share: h.Share.or0(), Busy: h.Busy.or0(), Capacity: h.Capacity.or0()}
	}
	return rates
}

func (d *sample) sample() scaling.Sample {
	s := scaling.Sample{At: d.At.Time, RunningSince: d.RunningSince.orZero()}
	for m := range scaling.NumTaskSlotsUsed + 1 {
		if d.Global == nil {
			break
		}
		if x := *d.Global.field(m); x != nil {
			s.Global.Set(m, float64(*x))
		}
	}
	for i := range d.Vertices {
		s.Vertices = append(s.Vertices, d.Vertices[i].sample())
	}
	return s
}

func (d *vertex) sample() scaling.VertexSample {
	v := scaling.VertexSample{Vertex: d.ID, Parallelism: d.Parallelism}
	for m := range scaling.AccumulatedBackpressuredTime + 1 {
		if d.Measures == nil {
			break
		}
		if x := *d.Measures.field(m); x != nil {
			v.Set(m, float64(*x))
		}
	}
	if d.Subtasks == nil {
		return v
	}
	v.Subtasks = make([]scaling.Subtask, len(*d.Subtasks))
	for i, s := range *d.Subtasks {
		v.Subtasks[i] = scaling.Subtask{Attempt: s.Attempt, Records: float64(s.Records), Busy: float64(s.Busy), Clock: float64(s.Clock)}
	}
	return v
}

// check finds what passes rely on and a text may get wrong.
func check(s *autoscaler.State) error {
	for i := 1; i < len(s.Window.Samples); i++ {
		if before, now := s.Window.Samples[i-1].At, s.Window.Samples[i].At; !before.Before(now) {
			return fmt.Errorf("samples: want them in order of time, one for each moment; %s stands after %s", moment{now}.text(), moment{before}.text())
		}
	}
	for id, records := range s.Scaling.History {
		for i := 1; i < len(records); i++ {
			if records[i].At.Before(records[i-1].At) {
				return fmt.Errorf("history of vertex %s: want it in order of time; %s stands after %s", id, moment{records[i].At}.text(), moment{records[i-1].At}.text())
			}
		}
	}
	if s.Act == nil {
		return nil
	}
	switch s.Act.Phase {
	case autoscaler.PhaseIntended, autoscaler.PhaseRequested, autoscaler.PhaseDone, autoscaler.PhaseFailed:
		return nil
	}
	return errors.New("act: want phase intended, requested, done or failed")
}

package reference

import (
	"slices"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// Extra is what a state holds beyond the reference's items: the bounds, the act,
// and of samples and changes the figures that the reference has no name for,
// each at its vertex and time.
func Extra(s *autoscaler.State) autoscaler.State {
	extra := autoscaler.State{Bounds: s.Bounds, Act: s.Act}
	if len(s.Scaling.History) > 0 {
		extra.Scaling.History = make(scaling.History, len(s.Scaling.History))
	}
	for id, records := range s.Scaling.History {
		more := make([]scaling.ScalingRecord, len(records))
		for i := range records {
			e := &records[i].Evaluation
			more[i] = scaling.ScalingRecord{At: records[i].At, Evaluation: scaling.VertexEvaluation{Name: e.Name, PeakRate: e.PeakRate, Rates: e.Rates}}
		}
		extra.Scaling.History[id] = more
	}
	for i := range s.Window.Samples {
		extra.Window.Samples = append(extra.Window.Samples, extraSample(&s.Window.Samples[i]))
	}
	return extra
}

func extraSample(s *scaling.Sample) scaling.Sample {
	extra := scaling.Sample{At: s.At, RunningSince: s.RunningSince, Vertices: make([]scaling.VertexSample, len(s.Vertices))}
	for i := range s.Vertices {
		v := &s.Vertices[i]
		extra.Vertices[i] = scaling.VertexSample{Vertex: v.Vertex, Parallelism: v.Parallelism, Subtasks: v.Subtasks}
		for m, x := range v.All() {
			if m > lastMeasure {
				extra.Vertices[i].Set(m, x)
			}
		}
	}
	return extra
}

// Join adds to a state what Extra kept of it. What is no longer in the state is
// not brought back: somebody else has removed it.
func Join(s *autoscaler.State, extra autoscaler.State) {
	s.Bounds, s.Act = extra.Bounds, extra.Act
	for id, records := range s.Scaling.History {
		for i := range records {
			joinRecord(&records[i], extra.Scaling.History[id])
		}
	}
	at := make(map[int64]*scaling.Sample, len(extra.Window.Samples))
	for i := range extra.Window.Samples {
		at[instantKey(extra.Window.Samples[i].At)] = &extra.Window.Samples[i]
	}
	for i := range s.Window.Samples {
		if more := at[instantKey(s.Window.Samples[i].At)]; more != nil {
			joinSample(&s.Window.Samples[i], more)
		}
	}
}

// instantKey tells the times of samples apart.
func instantKey(t time.Time) int64 { return t.UnixNano() }

func joinRecord(r *scaling.ScalingRecord, extra []scaling.ScalingRecord) {
	i := slices.IndexFunc(extra, func(x scaling.ScalingRecord) bool { return x.At.Equal(r.At) })
	if i >= 0 {
		more := &extra[i].Evaluation
		r.Evaluation.Name, r.Evaluation.PeakRate, r.Evaluation.Rates = more.Name, more.PeakRate, more.Rates
	}
}

// joinSample also puts the vertices into the order that they had.
func joinSample(s, extra *scaling.Sample) {
	s.RunningSince = extra.RunningSince
	joined := make([]scaling.VertexSample, 0, len(s.Vertices))
	for k := range extra.Vertices {
		more := &extra.Vertices[k]
		i := slices.IndexFunc(s.Vertices, func(v scaling.VertexSample) bool { return v.Vertex == more.Vertex })
		if i < 0 {
			continue
		}
		v := s.Vertices[i]
		s.Vertices = slices.Delete(s.Vertices, i, i+1)
		v.Parallelism, v.Subtasks = more.Parallelism, more.Subtasks
		for m, x := range more.All() {
			v.Set(m, x)
		}
		joined = append(joined, v)
	}
	s.Vertices = append(joined, s.Vertices...)
}

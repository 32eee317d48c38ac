package stateyaml

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/scaling"
)

// documentOf puts a state into the form.
func documentOf(key autoscaler.JobKey, s *autoscaler.State) *document {
	d := &document{
		Version: Version, Cluster: key.Cluster, Job: string(key.Job), Overrides: s.Overrides,
		Act: actOf(s.Act), History: historyOf(s.Scaling.History),
	}
	if len(s.Changes.Overrides) > 0 || len(s.Changes.Removals) > 0 {
		d.Changes = &changes{s.Changes.Overrides, s.Changes.Removals}
	}
	d.Bounds = mapped(s.Bounds, func(b autoscaler.Bound) bound { return bound(b) })
	d.Delayed = mapped(s.Scaling.Delayed, delayedOf)
	for _, r := range s.Scaling.Tracking {
		one := restart{At: moment{r.At}}
		if r.Known {
			took := span(r.Duration)
			one.Took = &took
		}
		d.Restarts = append(d.Restarts, one)
	}
	for i := range s.Window.Samples {
		d.Samples = append(d.Samples, sampleOf(&s.Window.Samples[i]))
	}
	return d
}

func mapped[A, B any](from map[scaling.VertexID]A, f func(A) B) map[scaling.VertexID]B {
	if len(from) == 0 {
		return nil
	}
	to := make(map[scaling.VertexID]B, len(from))
	for id, a := range from {
		to[id] = f(a)
	}
	return to
}

func actOf(a *autoscaler.Act) *act {
	if a == nil {
		return nil
	}
	return &act{
		Decided: moment{a.Decided}, Phase: a.Phase, Want: a.Want, From: a.From, Requested: unlessZero(a.Requested),
		Ended: unlessZero(a.Ended), Reason: a.Reason.Reason, Text: a.Reason.Text,
	}
}

func unlessZero(t time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	return &moment{t}
}

func delayedOf(w scaling.Delayed) delayed {
	d := delayed{Since: moment{w.FirstTrigger}}
	for _, r := range w.Recommended {
		d.Recommended = append(d.Recommended, recommendation{moment{r.At}, r.Parallelism, r.Outside})
	}
	return d
}

// unless0 leaves a number out that is 0; -0 is another.
func unless0(x float64) *number {
	if math.Float64bits(x) == 0 {
		return nil
	}
	n := number(x)
	return &n
}

func historyOf(h scaling.History) map[scaling.VertexID][]scalingRecord {
	return mapped(h, func(records []scaling.ScalingRecord) []scalingRecord {
		list := make([]scalingRecord, len(records))
		for i := range records {
			r := &records[i]
			list[i] = scalingRecord{
				At: moment{r.At}, From: r.From, To: r.To, Planned: r.Planned, ExpectedRate: unless0(r.ExpectedRate), Evaluation: evaluationOf(&r.Evaluation),
			}
		}
		return list
	})
}

func evaluationOf(e *scaling.VertexEvaluation) evaluation {
	return evaluation{
		Name: e.Name, Parallelism: e.Parallelism, MaxParallelism: e.MaxParallelism, Partitions: e.Partitions,
		Load: unless0(e.Load), TrueRate: unless0(e.TrueProcessingRate), TargetRate: unless0(e.TargetRate), PeakRate: unless0(e.PeakRate),
		CatchUpRate: unless0(e.CatchUpRate), HasLag: e.HasLag, Lag: unless0(e.Lag),
		UpBelow: unless0(e.ScaleUpThreshold), DownAbove: unless0(e.ScaleDownThreshold), Rates: ratesOf(&e.Rates),
	}
}

func ratesOf(r *scaling.Rates) *rates {
	if *r == (scaling.Rates{}) {
		return nil
	}
	d := &rates{
		In: unless0(r.In), Out: unless0(r.Out), OutPerIn: unless0(r.OutPerIn), HasLag: r.HasLag, Lag: unless0(r.Lag), LagGrowth: unless0(r.LagGrowth),
		Recent: unless0(r.Recent), Peak: unless0(r.Peak), Busy: unless0(r.Busy), ProcessedIn: unless0(r.ProcessedIn),
		Observed: unless0(r.Observed), Backpressured: unless0(r.Backpressured), Reset: r.Reset, ClockDoubtful: r.ClockDoubtful,
	}
	if h := &r.Hottest; *h != (scaling.Hottest{}) {
		d.Hottest = &hottest{h.Known, unless0(h.Share), unless0(h.Busy), unless0(h.Capacity)}
	}
	return d
}

func sampleOf(s *scaling.Sample) sample {
	d := sample{At: moment{s.At}, RunningSince: unlessZero(s.RunningSince)}
	if s.Global != (scaling.GlobalMeasures{}) {
		d.Global = &globals{}
		for m, x := range s.Global.All() {
			n := number(x)
			*d.Global.field(m) = &n
		}
	}
	for i := range s.Vertices {
		d.Vertices = append(d.Vertices, vertexOf(&s.Vertices[i]))
	}
	return d
}

func vertexOf(v *scaling.VertexSample) vertex {
	d := vertex{ID: v.Vertex, Parallelism: v.Parallelism}
	for m, x := range v.All() {
		if d.Measures == nil {
			d.Measures = &measures{}
		}
		n := number(x)
		*d.Measures.field(m) = &n
	}
	if v.Subtasks == nil {
		return d
	}
	list := make([]subtask, len(v.Subtasks))
	for i, s := range v.Subtasks {
		list[i] = subtask{s.Attempt, number(s.Records), number(s.Busy), number(s.Clock)}
	}
	d.Subtasks = &list
	return d
}

// field is where a measure stands.
func (d *measures) field(m scaling.Measure) **number {
	return [...]**number{
		scaling.Load: &d.Load, scaling.AccumulatedBusyTime: &d.BusyTime, scaling.NumRecordsIn: &d.NumRecordsIn, scaling.NumRecordsOut: &d.NumRecordsOut,
		scaling.NumRecordsInPerSecond: &d.NumRecordsInPerSecond, scaling.Lag: &d.Lag, scaling.ObservedTPR: &d.ObservedTPR,
		scaling.AccumulatedIdleTime: &d.IdleTime, scaling.AccumulatedBackpressuredTime: &d.BackpressuredTime,
	}[m]
}

func (d *globals) field(m scaling.GlobalMeasure) **number {
	return [...]**number{
		scaling.GCPressure: &d.GCPressure, scaling.HeapMaxUsageRatio: &d.HeapMaxUsageRatio, scaling.HeapMemoryUsed: &d.HeapMemoryUsed,
		scaling.ManagedMemoryUsed: &d.ManagedMemoryUsed, scaling.MetaspaceMemoryUsed: &d.MetaspaceMemoryUsed, scaling.NumTaskSlotsUsed: &d.NumTaskSlotsUsed,
	}[m]
}

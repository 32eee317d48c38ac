package scaling

import (
	"testing"
	"time"
)

// benchmarkJob is a join of two sources with lag, six vertices behind it, and a
// window of 90 samples in which the subtasks were read three times.
func benchmarkJob(b *testing.B) Input {
	b.Helper()
	topology, err := NewTopology([]Vertex{
		{ID: "orders", Partitions: 32},
		{ID: "payments", Partitions: 32},
		{ID: "parse-orders", Inputs: []Edge{{"orders", ShipRebalance}}},
		{ID: "parse-payments", Inputs: []Edge{{"payments", ShipRebalance}}},
		{ID: "join", Inputs: []Edge{{"parse-orders", ShipHash}, {"parse-payments", ShipHash}}},
		{ID: "window", Inputs: []Edge{{"join", ShipHash}}},
		{ID: "sink", Inputs: []Edge{{"window", ShipRebalance}}},
		{ID: "late-sink", Inputs: []Edge{{"window", ShipRebalance}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	const samples, parallelism = 90, 8
	var w Window
	for i := range samples {
		seconds := 10 * float64(i)
		s := Sample{At: at(seconds), RunningSince: at(-1000)}
		for j := range topology.Vertices {
			v := &topology.Vertices[j]
			v.Parallelism, v.MaxParallelism = parallelism, 128
			rate, extra := 1000.37*float64(max(1, len(v.Inputs))), 10.7*float64((i*7+j)%5)
			busyShare := min(1, 0.13*float64(1+j))
			vs := VertexSample{Vertex: v.ID, Parallelism: parallelism}
			vs.Set(NumRecordsIn, 1000+rate*seconds+extra)
			vs.Set(NumRecordsOut, rate*seconds+extra)
			busy := 1000 * parallelism * busyShare * seconds
			vs.Set(AccumulatedBusyTime, busy)
			vs.Set(AccumulatedIdleTime, 1000*parallelism*seconds-busy)
			vs.Set(AccumulatedBackpressuredTime, 0)
			vs.Set(Load, busyShare)
			if v.IsSource() {
				vs.Set(Lag, 5000+100*seconds)
				vs.Set(ObservedTPR, 12_345.678)
			} else {
				vs.Set(NumRecordsInPerSecond, rate)
			}
			if i%30 == 0 {
				for k := range parallelism {
					vs.Subtasks = append(vs.Subtasks, Subtask{Records: rate * seconds / parallelism, Busy: busy / parallelism * (1 + 0.01*float64(k)), Clock: 1000 * (1 + seconds)})
				}
			}
			s.Vertices = append(s.Vertices, vs)
		}
		for m := range globalMeasureCount {
			s.Global.Set(m, 0.25)
		}
		w.Samples = append(w.Samples, s)
	}
	return Input{Topology: topology, Window: w, Full: true, Now: w.Latest().At}
}

func BenchmarkDecide(b *testing.B) {
	for _, estimator := range []Estimator{Reference{}, Counters{}} {
		b.Run(estimator.Name(), func(b *testing.B) {
			in := benchmarkJob(b)
			c := sluiceProfile()
			c.Estimator, c.MetricsWindow, c.ScaleDownInterval = estimator, 15*time.Minute, time.Hour
			in.Config = &c
			if out := Decide(in); !out.Decision.Scale || len(out.Decision.Vertices) != 8 {
				b.Fatalf("the job is not scaled: %s", out.Decision.Reason)
			}
			b.ReportAllocs()
			for b.Loop() {
				Decide(in)
			}
		})
	}
}

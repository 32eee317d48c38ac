package flow

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// shop is a job of eight vertices, with two sources that are joined.
func shop() Graph {
	names := []string{"orders", "clicks", "parse", "sessions", "join", "window", "enrich", "sink"}
	g := Graph{}
	for i, name := range names {
		v := Vertex{Name: name, Cost: Cost{Seconds: 0.002}}
		if i < 2 {
			v.Source = &Source{Partitions: 12, Retention: 24 * time.Hour}
			v.Cost.Seconds = 1e-4
		}
		g.Vertices = append(g.Vertices, v)
	}
	g.Vertices[3].State = State{Keys: 1e5, BytesPerKey: 200}
	g.Vertices[5].State = State{BytesPerRecord: 50, Window: 10 * time.Minute}
	for _, e := range [][2]int{{0, 2}, {1, 3}, {2, 4}, {3, 4}, {4, 5}, {5, 6}, {6, 7}} {
		g.Edges = append(g.Edges, Edge{From: e[0], To: e[1], Selectivity: 1, Exchange: Hash})
	}
	return g
}

// wave goes up and down once a day.
type wave struct{ low, high float64 }

func (w wave) Mean(from, to time.Duration) float64 {
	at := (from + to).Seconds() / 2
	return w.low + (w.high-w.low)*(1-math.Cos(at*2*math.Pi/86400))/2
}

func (w wave) Next(time.Duration) (time.Duration, bool) { return 0, false }

func newShop(tb testing.TB) *Job {
	j := deployed(tb, shop(), 2, 2, 4, 4, 8, 4, 4, 4)
	loaded(tb, j, 0, wave{200, 2000})
	loaded(tb, j, 1, wave{300, 2200})
	return j
}

// BenchmarkDay is a day of a job of eight vertices, looked at every 10 s; by noon
// its join cannot follow.
func BenchmarkDay(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		j := newShop(b)
		var s Snapshot
		for at := time.Duration(0); at < 24*time.Hour; at += 10 * time.Second {
			j.Advance(start.Add(at))
			j.SnapshotTo(&s)
		}
	}
}

// BenchmarkMemory is what a job holds after a day.
func BenchmarkMemory(b *testing.B) {
	const jobs = 20
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		kept := make([]*Job, jobs)
		for i := range kept {
			kept[i] = newShop(b)
			kept[i].Advance(start.Add(24 * time.Hour))
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/jobs, "B/job")
		runtime.KeepAlive(kept)
	}
}

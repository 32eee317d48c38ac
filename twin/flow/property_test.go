package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawGraph is any graph of up to eight vertices of which the costs are of one
// size, with parallel paths and several sources.
func drawGraph(t *rapid.T, sources int) Graph {
	var g Graph
	n := rapid.IntRange(2, 8).Draw(t, "vertices")
	for i := range n {
		v := Vertex{
			Name: fmt.Sprintf("v%d", i), Cost: Cost{Seconds: rapid.Float64Range(0.001, 0.1).Draw(t, "cost")},
			RecordBytes: 100,
		}
		if i == 0 || i < sources {
			v.Source = &Source{}
		}
		g.Vertices = append(g.Vertices, v)
		if v.Source != nil {
			continue
		}
		for range rapid.IntRange(1, min(3, i+1)).Draw(t, "inputs") {
			g.Edges = append(g.Edges, Edge{
				From: rapid.IntRange(0, i-1).Draw(t, "from"), To: i, Exchange: Rebalance,
				Selectivity: rapid.SampledFrom([]float64{1, 1, 0.5, 2, 0.1, 3}).Draw(t, "selectivity"),
				Buffers:     Buffers{Records: rapid.Float64Range(20, 200).Draw(t, "room")},
			})
		}
	}
	return g
}

func drawParallelism(t *rapid.T, g Graph) []int {
	p := make([]int, len(g.Vertices))
	for i := range p {
		p[i] = rapid.IntRange(1, 4).Draw(t, "parallelism")
	}
	return p
}

func TestASteadyStateOfOneSourceIsWhatTheNarrowestVertexLetsThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 1)
		p := drawParallelism(t, g)
		offered := rapid.Float64Range(0, 500).Draw(t, "offered")
		endless := rapid.Bool().Draw(t, "endless")
		g.Vertices[0].Source.Endless = endless
		visits := make([]float64, len(g.Vertices)) // records at a vertex for one at the source
		visits[0] = 1
		for v := range g.Vertices {
			for _, e := range g.Edges {
				if e.To == v {
					visits[v] += visits[e.From] * e.Selectivity
				}
			}
		}
		want := math.Inf(1)
		for v, n := range visits {
			if n > 0 {
				want = min(want, float64(p[v])/g.Vertices[v].Cost.Seconds/n)
			}
		}
		if !endless {
			want = min(want, offered)
		}
		j := mustDeploy(t, g, p)
		j.loads[0] = Constant(offered)
		j.Advance(start.Add(2 * time.Hour))
		s := j.Snapshot()
		for v, n := range visits {
			if got := s.Vertices[v].Rate; math.Abs(got-want*n) > 1e-6*(want*n)+1e-9 {
				t.Fatalf("vertex %d takes %v records/s; want %v", v, got, want*n)
			}
		}
	})
}

func TestASteadyStateIsThatOfAModelOfSmallSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, rapid.IntRange(2, 3).Draw(t, "sources"))
		p := drawParallelism(t, g)
		loads := map[int]float64{}
		for i := range g.Vertices {
			if s := g.Vertices[i].Source; s != nil {
				s.Endless = rapid.Bool().Draw(t, "endless")
				loads[i] = rapid.Float64Range(0, 300).Draw(t, "load")
			}
		}
		j := mustDeploy(t, g, p)
		for i, l := range loads {
			j.loads[i] = Constant(l)
		}
		j.Advance(start.Add(100 * time.Second))
		before := j.Snapshot()
		j.Advance(start.Add(200 * time.Second))
		s := j.Snapshot()
		for v, want := range ticks(g, p, loads, 200) {
			got := 0.0
			for k := range s.Vertices[v].Subtasks {
				got += (s.Vertices[v].Subtasks[k].RecordsIn - before.Vertices[v].Subtasks[k].RecordsIn) / 100
			}
			if math.Abs(got-want) > 0.01*want+0.2 {
				t.Fatalf("vertex %d takes %v records/s; want %v", v, got, want)
			}
		}
	})
}

func mustDeploy(t rapid.TB, g Graph, parallelism []int) *Job {
	t.Helper()
	j, err := New(g, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Deploy(Deployment{Parallelism: parallelism}); err != nil {
		t.Fatal(err)
	}
	return j
}

// world is a job of which everything is varied, and what the test itself knows
// of it.
type world struct {
	job        *Job
	checkpoint *Position
	rates      map[int]float64
	arrived    map[int]float64
}

func drawWorld(t *rapid.T) *world {
	g := drawGraph(t, rapid.IntRange(1, 3).Draw(t, "sources"))
	w := &world{rates: map[int]float64{}, arrived: map[int]float64{}}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		v.Waits = rapid.SampledFrom([]float64{0, 0, 0.5, 1}).Draw(t, "waits")
		v.Skew = rapid.SampledFrom([]float64{0, 0, 1.5, 3}).Draw(t, "skew")
		v.HardBackPressure = rapid.SampledFrom([]float64{0, 0.25}).Draw(t, "hard")
		v.Cost.WarmUp = WarmUp{Factor: rapid.SampledFrom([]float64{0, 3}).Draw(t, "warm-up"), Over: 20 * time.Second}
		v.State = State{
			Keys: 1000, BytesPerKey: 10, BytesPerRecord: 3, Window: rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "window"),
			Tumbling: rapid.Bool().Draw(t, "tumbling"), Incremental: rapid.Bool().Draw(t, "incremental"),
		}
		if v.Source != nil {
			v.Source = &Source{
				Partitions: rapid.IntRange(0, 5).Draw(t, "partitions"), Endless: rapid.IntRange(0, 4).Draw(t, "endless") == 0,
				Backlog: rapid.SampledFrom([]float64{0, 1000}).Draw(t, "backlog"), BacklogSpan: time.Minute,
				Retention: rapid.SampledFrom([]time.Duration{0, 0, 30 * time.Second}).Draw(t, "retention"),
			}
			if v.Source.Partitions > 0 && rapid.Bool().Draw(t, "uneven") {
				for k := range v.Source.Partitions {
					v.Source.PartitionShares = append(v.Source.PartitionShares, float64(k+1))
				}
			}
			w.rates[i], w.arrived[i] = 0, v.Source.Backlog
		}
	}
	for i := range g.Edges {
		g.Edges[i].Exchange = Exchange(rapid.IntRange(0, 3).Draw(t, "exchange"))
		g.Edges[i].Priority = rapid.IntRange(0, 1).Draw(t, "priority")
		if rapid.Bool().Draw(t, "real buffers") {
			g.Edges[i].Buffers = Buffers{SegmentBytes: 1000, Debloat: rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(t, "debloat")}
		}
	}
	var err error
	if w.job, err = New(g, start); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) deploy(t *rapid.T) {
	p := drawParallelism(t, w.job.graph)
	d := Deployment{Parallelism: p, Restored: w.checkpoint}
	if rapid.Bool().Draw(t, "machines") {
		d.Machines = make([]Machine, rapid.IntRange(1, 3).Draw(t, "machines"))
		for i := range d.Machines {
			d.Machines[i].Cores = rapid.SampledFrom([]float64{0, 0.7, 2}).Draw(t, "cores")
			d.Machines[i].Slowdown = rapid.SampledFrom([]float64{0, 1.5}).Draw(t, "slowdown")
			d.Machines[i].Frozen = rapid.IntRange(0, 9).Draw(t, "frozen") == 0
		}
		for v := range p {
			for k := range p[v] {
				m := &d.Machines[(v+k)%len(d.Machines)]
				m.Subtasks = append(m.Subtasks, Subtask{v, k})
			}
		}
	}
	if err := w.job.Deploy(d); err != nil {
		t.Fatal(err)
	}
}

// act does anything that can be done to a job.
func (w *world) act(t *rapid.T) {
	switch rapid.IntRange(0, 6).Draw(t, "action") {
	case 0:
		w.deploy(t)
	case 1:
		w.job.Stop(w.checkpoint)
	case 2:
		c := w.job.Checkpoint()
		if c.Takes < 0 || c.Takes > Stuck {
			t.Fatalf("a checkpoint takes %v", c.Takes)
		}
		w.checkpoint = &c.Position
		w.job.Completed(c.Position)
	case 3:
		for i := range w.job.graph.Vertices {
			if _, is := w.rates[i]; is {
				w.rates[i] = rapid.Float64Range(0, 400).Draw(t, "load")
				w.job.loads[i] = Constant(w.rates[i])
			}
		}
	default:
		d := time.Duration(rapid.Float64Range(0.001, 90).Draw(t, "seconds") * 1e9)
		w.job.Advance(w.job.Now().Add(d))
		for i, rate := range w.rates {
			if !w.job.graph.Vertices[i].Source.Endless {
				w.arrived[i] += rate * d.Seconds()
			}
		}
	}
}

func TestNothingIsMadeOrLostAndTimeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.deploy(t)
		for range rapid.IntRange(1, 12).Draw(t, "actions") {
			w.act(t)
			w.check(t)
		}
	})
}

func (w *world) check(t *rapid.T) {
	s := w.job.Snapshot()
	elapsed := 1000 * s.At.Sub(s.Since).Seconds()
	for i, v := range s.Vertices {
		taken := 0.0
		for k, sub := range v.Subtasks {
			taken += sub.RecordsIn
			if all := sub.Busy + sub.Idle + sub.SoftBackPressured + sub.HardBackPressured; s.Running && math.Abs(all-elapsed) > 1e-6+1e-9*elapsed {
				t.Fatalf("times of subtask %d of vertex %d add up to %v ms; want %v", k, i, all, elapsed)
			}
			if sub.Busy < 0 || sub.Idle < -1e-6 || sub.SoftBackPressured < -1e-6 || sub.HardBackPressured < -1e-6 {
				t.Fatalf("a negative time: %+v", sub)
			}
		}
		w.checkSource(t, i, v, taken)
		same(t, fmt.Sprintf("what vertex %d took in", i), taken, w.job.m.Vertices[i].Taken)
	}
	w.checkEdges(t, s)
	if encoded, err := json.Marshal(s); err != nil { // refuses NaN and Inf
		t.Fatalf("%v in %s", err, encoded)
	}
}

func (w *world) checkSource(t *rapid.T, i int, v VertexSnapshot, taken float64) {
	if v.Source == nil || w.job.graph.Vertices[i].Source.Endless {
		return
	}
	same(t, "arrived", v.Source.Arrived, w.arrived[i])
	pending := 0.0
	for p, n := range v.Source.Pending {
		pending += n
		if n < 0 || v.Source.Offsets[p] < -1e-6*(1+v.Source.Arrived) {
			t.Fatalf("partition %d of vertex %d has %v records waiting before %v", p, i, n, v.Source.Offsets[p])
		}
	}
	same(t, "read, skipped, and pending", sum(v.Source.Offsets)+pending, w.arrived[i])
	if w.checkpoint == nil && w.job.m.Attempt == 1 { // each read once
		same(t, "taken, lost, and pending", taken+v.Source.Lost+pending, w.arrived[i])
	}
}

func (w *world) checkEdges(t *rapid.T, s Snapshot) {
	if !s.Running {
		return
	}
	in := make([]float64, len(s.Vertices))
	for i, e := range s.Edges {
		edge := w.job.graph.Edges[i]
		copies := 1.0
		if edge.Exchange == Broadcast {
			copies = float64(s.Vertices[edge.To].Parallelism)
		}
		in[edge.To] += e.Left
		same(t, "entered", e.Entered, edge.Selectivity*copies*w.job.m.Vertices[edge.From].Taken)
		same(t, "left and queued", e.Left+e.Queue, e.Entered)
		if e.Queue < 0 || e.Queue > w.job.room[i]*(1+1e-6) {
			t.Fatalf("edge %d holds %v records; want 0 to %v", i, e.Queue, w.job.room[i])
		}
	}
	for i, v := range w.job.m.Vertices {
		if v.Source == nil {
			same(t, "taken in from all inputs", in[i], v.Taken)
		}
	}
}

func same(t *rapid.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
		t.Fatalf("%s: %v; want %v", what, got, want)
	}
}

func TestTheSameCallsGiveTheSameBytesAndSavingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.deploy(t)
		for range rapid.IntRange(1, 6).Draw(t, "actions") {
			w.act(t)
		}
		saved, err := w.job.Save()
		if err != nil {
			t.Fatal(err)
		}
		other, err := Restore(w.job.graph, start, saved)
		if err != nil {
			t.Fatal(err)
		}
		copy(other.loads, w.job.loads)
		for _, j := range []*Job{w.job, other} {
			j.Advance(j.Now().Add(100 * time.Second))
		}
		one, _ := w.job.Save()
		two, _ := other.Save()
		if !bytes.Equal(one, two) {
			t.Fatalf("two ways: %s and %s", one, two)
		}
	})
}

func TestOneLongStepComesToTheSameAsManyShortOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.deploy(t)
		w.act(t)
		saved, err := w.job.Save()
		if err != nil {
			t.Fatal(err)
		}
		other, err := Restore(w.job.graph, start, saved)
		if err != nil {
			t.Fatal(err)
		}
		copy(other.loads, w.job.loads)
		end := w.job.Now().Add(100 * time.Second)
		w.job.Advance(end)
		for other.Now().Before(end) {
			step := time.Duration(rapid.Float64Range(0.01, 30).Draw(t, "step") * 1e9)
			other.Advance(minTime(end, other.Now().Add(step)))
		}
		for i := range w.job.m.Vertices {
			one, two := w.job.m.Vertices[i].Taken, other.m.Vertices[i].Taken
			if math.Abs(one-two) > 0.01*(one+two)+1 {
				t.Fatalf("vertex %d took in %v at once and %v bit by bit", i, one, two)
			}
		}
	})
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

package flow

import (
	"math"
	"slices"
	"testing"
	"time"
)

// The figures of this file were read off real clusters.

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// deployed is a job that runs from the start.
func deployed(t testing.TB, g Graph, parallelism ...int) *Job {
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

func loaded(t testing.TB, j *Job, source int, load Load) *Job {
	t.Helper()
	if err := j.SetLoad(source, load); err != nil {
		t.Fatal(err)
	}
	return j
}

func after(seconds float64) time.Time { return start.Add(time.Duration(seconds * 1e9)) }

func within(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v; want %v ± %v", what, got, want, tolerance)
	}
}

// saturated is the job of three vertices whose middle one is the bottleneck: its
// source always has a record to read, and takes 2.2 ms for it.
func saturated() Graph {
	return Graph{
		Vertices: []Vertex{
			{Name: "source", Cost: Cost{Seconds: 2.2e-3}, Waits: 1, RecordBytes: 21, Source: &Source{Endless: true}},
			{Name: "work", Cost: Cost{Seconds: 1 / 98.97}, Waits: 1, RecordBytes: 21},
			{Name: "count", Cost: Cost{Seconds: 20e-6}},
		},
		Edges: []Edge{
			{From: 0, To: 1, Selectivity: 1, Exchange: Rebalance},
			{From: 1, To: 2, Selectivity: 1, Exchange: Hash},
		},
	}
}

func TestASaturatedJobSplitsItsTimeAsARealOneDoes(t *testing.T) {
	for _, p := range []int{1, 2, 4} {
		j := deployed(t, saturated(), p, p, p)
		j.Advance(after(600))
		s := j.Snapshot()
		for _, c := range []struct {
			vertex                    int
			rate, busy, idle, blocked float64
		}{
			{0, 98.97, 218, 0, 782},
			{1, 98.97, 1000, 0, 0},
			{2, 98.97, 2, 998, 0},
		} {
			for _, got := range s.Vertices[c.vertex].Subtasks {
				within(t, "rate", got.RateIn, c.rate, 0.01)
				within(t, "busy", got.BusyRate, c.busy, 0.5)
				within(t, "idle", got.IdleRate, c.idle, 0.5)
				within(t, "back-pressured", got.BackPressuredRate, c.blocked, 0.5)
			}
		}
		if !s.Vertices[0].Blocked || !s.Vertices[1].Bottleneck || s.Vertices[2].Blocked || s.Vertices[2].Bottleneck {
			t.Errorf("parallelism %d: blocked and bottleneck are %+v", p, s.Vertices)
		}
	}
}

// Some 70 s after a start the source of that job showed busy 539 ms/s over the last
// 60 s: in the first part of them it still filled its buffers.
func TestTheAverageOfAMinuteStillHoldsTheTimeInWhichBuffersFilled(t *testing.T) {
	j := deployed(t, saturated(), 2, 2, 2)
	j.Advance(after(12))
	before := j.Snapshot().Vertices[0].Subtasks[0].Busy
	j.Advance(after(72))
	within(t, "busy", (j.Snapshot().Vertices[0].Subtasks[0].Busy-before)/60, 539, 30)
}

// Checkpoints of that job follow one right after the other, and take longer while
// its buffers fill: recorded were 1.1 s in the beginning, 13.8 s from 4.4 s on, 19.1 s
// from 6.1 s on, 68 s from 18.2 s and 95 s from 25.2 s on; and once they were full
// 113.8, 124.2, 130.5, 141.1 and 126.6 s.
func TestCheckpointsOfASaturatedJobWaitBehindItsBuffers(t *testing.T) {
	g := saturated()
	g.Vertices[0].Cost.Seconds = 2.06e-3 // in these runs
	j := deployed(t, g, 2, 2, 2)
	for _, c := range []struct{ at, want float64 }{
		{0.3, 1.1}, {3.5, 13.8}, {5.1, 19.1}, {17.3, 68.1}, {24.3, 94.9}, {120, 127.2}, {1200, 127.2},
	} {
		j.Advance(after(c.at))
		if got := j.Checkpoint().Takes.Seconds(); math.Abs(got-c.want) > 0.05*c.want+0.2 {
			t.Errorf("a checkpoint after %v s takes %v s; want %v", c.at, got, c.want)
		}
	}
}

// Where buffers were full for long, in the recorded bodies of 1.20.5 (all on one
// TaskManager) and of 2.3.0 with Kafka (one receiver elsewhere): checkpoints of
// 8136, 8009 and 7796 ms; of 14480, 14777, 15310 and 14623 ms.
func TestCheckpointsBehindFullBuffersTakeAsLongAsRecorded(t *testing.T) {
	recorded := func(source, work, enrich, bytes float64) Graph {
		return Graph{
			Vertices: []Vertex{
				{Name: "source", Cost: Cost{Seconds: source}, RecordBytes: bytes, Source: &Source{Partitions: 12, Backlog: 1e6}},
				{Name: "work", Cost: Cost{Seconds: work}, RecordBytes: bytes, Waits: 1},
				{Name: "enrich -> sink", Cost: Cost{Seconds: enrich}},
			},
			Edges: []Edge{
				{From: 0, To: 1, Selectivity: 1, Exchange: Hash},
				{From: 1, To: 2, Selectivity: 1, Exchange: Rebalance},
			},
		}
	}
	for _, c := range []struct {
		name        string
		graph       Graph
		machines    []Machine
		least, most float64
		busy        []float64 // accumulated, ms/s
	}{
		{"1.20.5", recorded(3.1e-6, 1.0015e-3, 103e-6, 20.8), nil, 7.796, 8.136, []float64{6, 1000, 206}},
		{
			"2.3.0 with Kafka", recorded(9.4e-6, 1.0718e-3, 138e-6, 21.3),
			[]Machine{{Subtasks: []Subtask{{0, 0}, {1, 0}, {2, 0}}}, {Subtasks: []Subtask{{1, 1}}}},
			14.48, 15.31,
			[]float64{17, 1000, 258},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, err := New(c.graph, start)
			if err != nil {
				t.Fatal(err)
			}
			if err := j.Deploy(Deployment{Parallelism: []int{1, 2, 1}, Machines: c.machines}); err != nil {
				t.Fatal(err)
			}
			j.Advance(after(60))
			if got := j.Checkpoint().Takes.Seconds(); got < 0.95*c.least || got > 1.05*c.most {
				t.Errorf("a checkpoint takes %v s; want %v to %v, within 5 %%", got, c.least, c.most)
			}
			for i, v := range j.Snapshot().Vertices {
				within(t, c.graph.Vertices[i].Name+" busy", v.Subtasks[0].BusyRate, c.busy[i], 5)
			}
		})
	}
}

// ContTune measured the capacity of a mapper of Nexmark Q1.
func TestCapacityFollowsAMeasuredCurve(t *testing.T) {
	curve := []Point{{1, 529573}, {2, 966817}, {4, 1829695}, {8, 3118477}, {13, 4624714}, {26, 7476391}}
	for _, c := range []struct {
		parallelism int
		want        float64
	}{{1, 529573}, {4, 1829695}, {6, (1829695 + 3118477) / 2}, {26, 7476391}, {52, 2 * 7476391}} {
		j := deployed(t, Graph{Vertices: []Vertex{{Cost: Cost{Capacity: curve}, Source: &Source{Endless: true}}}}, c.parallelism)
		j.Advance(after(10))
		within(t, "rate", j.Snapshot().Vertices[0].Rate, c.want, 1)
	}
}

func TestTheScalabilityLawMakesRecordsDearerWithTheParallelism(t *testing.T) {
	law := Cost{Seconds: 0.001, Contention: 0.026, Coherence: 0.001}
	for p, want := range map[int]float64{1: 0.001, 2: 0.001028, 26: 0.001 * (1 + 0.65 + 0.65)} {
		within(t, "cost", law.at(p), want, 1e-12)
	}
}

func TestSharesOfSubtasks(t *testing.T) {
	for _, c := range []struct {
		name        string
		vertex      Vertex
		parallelism int
		want        []float64
	}{
		{"even", Vertex{}, 4, []float64{0.25, 0.25, 0.25, 0.25}},
		{"skew", Vertex{Skew: 2}, 4, []float64{0.5, 1. / 6, 1. / 6, 1. / 6}},
		{"skew beyond the parallelism", Vertex{Skew: 3}, 2, []float64{1, 0}},
		{"skew at parallelism 1", Vertex{Skew: 3}, 1, []float64{1}},
		{"key groups", Vertex{KeyGroups: 128}, 3, []float64{43. / 128, 43. / 128, 42. / 128}},
		{"hot keys", Vertex{HotKeys: []float64{0.4, 0.2}}, 2, []float64{0.6, 0.4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.vertex.shares(c.parallelism)
			if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
				t.Errorf("got %v; want %v", got, c.want)
			}
		})
	}
}

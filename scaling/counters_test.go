package scaling

import (
	"math"
	"testing"
	"time"
)

// reading is one sample of a vertex. Times are in seconds; clock, busy and
// blocked are those of one subtask.
type reading struct {
	at, running          float64
	clock, busy, blocked float64
	in, out              float64
	// lag is NaN where no lag is shown.
	lag         float64
	parallelism int
	// noCounts leaves the record counters out, noClock gives NaN busy times.
	noCounts, noClock bool
	subtasks          []Subtask
}

// readingsOf are n readings, 5 s apart, of a vertex that reads 100 records/s
// and writes 50, half busy and one tenth back-pressured.
func readingsOf(n int) []reading {
	rs := make([]reading, n)
	for i := range rs {
		s := 5 * float64(i)
		rs[i] = reading{at: s, running: -100, clock: 100 + s, busy: s / 2, blocked: s / 10, in: 1000 + 100*s, out: 50 * s, lag: math.NaN(), parallelism: 2}
	}
	return rs
}

func windowOf(rs []reading) Window {
	var w Window
	for _, r := range rs {
		v := VertexSample{Vertex: "v", Parallelism: r.parallelism, Subtasks: r.subtasks}
		if !r.noCounts {
			v.Set(NumRecordsIn, r.in)
			v.Set(NumRecordsOut, r.out)
		}
		ms := 1000 * float64(r.parallelism)
		busy, idle := ms*r.busy, ms*(r.clock-r.busy-r.blocked)
		if r.noClock {
			busy, idle = math.NaN(), math.NaN()
		}
		v.Set(AccumulatedBusyTime, busy)
		v.Set(AccumulatedIdleTime, idle)
		v.Set(AccumulatedBackpressuredTime, ms*r.blocked)
		if !math.IsNaN(r.lag) {
			v.Set(Lag, r.lag)
		}
		w.Samples = append(w.Samples, Sample{At: at(r.at), RunningSince: at(r.running), Vertices: []VertexSample{v}})
	}
	return w
}

// figures picks single numbers out of rates by name.
var figures = map[string]func(Rates) float64{
	"in": func(r Rates) float64 { return r.In }, "out": func(r Rates) float64 { return r.Out },
	"out per in": func(r Rates) float64 { return r.OutPerIn }, "processed": func(r Rates) float64 { return r.ProcessedIn },
	"busy": func(r Rates) float64 { return r.Busy }, "blocked": func(r Rates) float64 { return r.Backpressured },
	"lag growth": func(r Rates) float64 { return r.LagGrowth }, "recent": func(r Rates) float64 { return r.Recent },
	"peak": func(r Rates) float64 { return r.Peak }, "observed": func(r Rates) float64 { return r.Observed },
	"has lag": func(r Rates) float64 { return oneIf(r.HasLag) }, "lag": func(r Rates) float64 { return r.Lag },
	"doubtful": func(r Rates) float64 { return oneIf(r.ClockDoubtful) }, "hot known": func(r Rates) float64 { return oneIf(r.Hottest.Known) },
	"hot share": func(r Rates) float64 { return r.Hottest.Share }, "hot busy": func(r Rates) float64 { return r.Hottest.Busy },
	"hot capacity": func(r Rates) float64 { return r.Hottest.Capacity },
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// each changes every reading from position i on.
func each(rs []reading, i int, change func(*reading)) []reading {
	for j := i; j < len(rs); j++ {
		change(&rs[j])
	}
	return rs
}

func lagging(lag func(seconds float64) float64) func([]reading) []reading {
	return func(rs []reading) []reading { return each(rs, 0, func(r *reading) { r.lag = lag(r.at) }) }
}

func TestCountersEstimate(t *testing.T) {
	nan := math.NaN()
	type want map[string]float64
	same := func(rs []reading) []reading { return rs }
	unknown := want{"in": nan, "out": nan, "busy": nan, "recent": nan, "peak": nan, "observed": nan, "blocked": nan, "out per in": nan}
	cases := []struct {
		name    string
		n       int
		samples func([]reading) []reading
		config  func(*Config)
		want    want
	}{
		{"steady", 7, same, nil, want{"in": 100, "out": 50, "out per in": 0.5, "processed": 100, "busy": 0.5, "blocked": 0.1, "recent": 100, "peak": 100, "doubtful": 0, "hot known": 0}},
		{"the vertex's own clock counts, not the time of arrival", 7, func(rs []reading) []reading {
			return each(rs, 3, func(r *reading) { r.at += 7 })
		}, nil, want{"in": 100, "busy": 0.5, "recent": 100, "peak": 100, "doubtful": 0}},
		{"equal counters are no new sample", 7, func(rs []reading) []reading {
			for _, i := range []int{2, 5, 6} {
				at := rs[i].at
				rs[i] = rs[i-1]
				rs[i].at = at
			}
			return rs
		}, nil, want{"in": 100, "busy": 0.5, "recent": 100, "peak": 100}},
		{"a sample without counters is a border", 10, func(rs []reading) []reading {
			rs[2].noCounts = true
			return each(rs[:3], 0, func(r *reading) { r.in *= 3 })[:len(rs)]
		}, nil, want{"in": 100, "busy": 0.5}},
		{"a newest sample without counters tells nothing", 7, func(rs []reading) []reading { rs[6].noCounts = true; return rs }, nil, unknown},
		{"falling records are a border", 10, func(rs []reading) []reading {
			return each(rs, 3, func(r *reading) { r.in = 100 * r.at })
		}, nil, want{"in": 100, "out": 50}},
		{"a falling clock is a border", 10, func(rs []reading) []reading {
			return each(rs, 3, func(r *reading) { r.clock -= 110; r.in += 90000; r.busy -= 7; r.blocked -= 1.5 })
		}, nil, want{"in": 100, "busy": 0.5}},
		{"a new attempt is a border", 10, func(rs []reading) []reading {
			return each(rs, 3, func(r *reading) { r.running = 14; r.in += 5000; r.busy += 3; r.clock += 3 })
		}, nil, want{"in": 100, "busy": 0.5}},
		{"another parallelism is a border", 10, func(rs []reading) []reading {
			each(rs, 0, func(r *reading) { r.parallelism = 1 })
			return each(rs, 3, func(r *reading) { r.parallelism = 2; r.clock += 500; r.busy += 100; r.in += 40000 })
		}, nil, want{"in": 100, "busy": 0.5}},
		{"readings of another parallelism than now tell nothing", 7, func(rs []reading) []reading {
			return each(rs, 0, func(r *reading) { r.parallelism = 3 })
		}, nil, unknown},
		{"busy time NaN: time of arrival, doubtful", 7, func(rs []reading) []reading {
			return each(rs, 0, func(r *reading) { r.noClock = true; r.clock = 3 * r.at })
		}, nil, want{"in": 100, "out": 50, "busy": nan, "doubtful": 1, "recent": 100}},
		{"half a window is enough", 4, same, nil, want{"in": 100}},
		{"less is not", 3, same, nil, unknown},
		{"one reading is none", 1, same, nil, unknown},
		{"nothing read: no ratio", 7, func(rs []reading) []reading {
			return each(rs, 0, func(r *reading) { r.in = 7 })
		}, nil, want{"in": 0, "out": 50, "out per in": nan, "recent": 0}},

		{"the recent rate speaks of the level after a step up", 13, func(rs []reading) []reading {
			return each(rs, 7, func(r *reading) { r.in += 400 * (r.at - 30) })
		}, nil, want{"in": 300, "recent": 500, "peak": 500}},
		{"and after a step down", 13, func(rs []reading) []reading {
			return each(rs, 7, func(r *reading) { r.in -= 80 * (r.at - 30) })
		}, nil, want{"in": 60, "recent": 20, "peak": 20}},
		{"the recent rate needs a third of the window", 7, func(rs []reading) []reading {
			return each(rs, 6, func(r *reading) { r.in += 400 * (r.at - 25) })
		}, nil, want{"recent": 300, "peak": 500}},
		{"what waits has arrived too", 7, lagging(func(s float64) float64 { return 200 * s }), nil, want{"in": 100, "lag growth": 200, "recent": 300, "peak": 300, "has lag": 1, "lag": 6000}},
		{"a shrinking lag is not arrival", 7, lagging(func(s float64) float64 { return 6000 - 60*s }), nil, want{"in": 100, "lag growth": -60, "recent": 40, "peak": 40}},
		{"no lag shown is not a lag of 0", 7, same, nil, want{"has lag": 0, "lag growth": 0, "observed": nan}},
		{"a lag of 0 is shown", 7, lagging(func(float64) float64 { return 0 }), nil, want{"has lag": 1, "lag": 0, "lag growth": 0}},
		{"a lag that appears late did not grow from 0", 7, func(rs []reading) []reading {
			return each(rs, 4, func(r *reading) { r.lag = 50000 })
		}, nil, want{"has lag": 1, "lag": 50000, "lag growth": 0, "recent": 100, "peak": 100}},
		{"the recent rate counts what waits from when it is seen", 7, func(rs []reading) []reading {
			return each(rs, 4, func(r *reading) { r.lag = 50000 + 15*r.at })
		}, nil, want{"recent": 115, "peak": 115, "lag growth": 15}},
		{"a lag that vanishes is unknown again", 7, func(rs []reading) []reading {
			return each(rs[:6], 0, func(r *reading) { r.lag = 50000 - 1000*r.at })[:7]
		}, nil, want{"has lag": 0, "lag growth": 0, "recent": 100}},

		{"observed: records over time not back-pressured", 7, lagging(func(float64) float64 { return 3000 }), nil, want{"observed": 100 / 0.9}},
		{"just below the threshold nothing is observed", 7, lagging(func(float64) float64 { return 2999 }), nil, want{"observed": nan}},
		{"observed only in the stretches that lag", 7, func(rs []reading) []reading {
			each(rs, 0, func(r *reading) { r.lag = 0 })
			return each(rs, 4, func(r *reading) { r.lag = 1e6; r.blocked += 0.4 * (r.at - 20) })
		}, nil, want{"observed": 100 / 0.5}},
		{"too few observations", 7, func(rs []reading) []reading {
			return each(rs, 5, func(r *reading) { r.lag = 1e6 })
		}, func(c *Config) { c.ObservedMinObservations = 2 }, want{"observed": nan}},
		{"a source that is kept from reading shows nothing", 7, func(rs []reading) []reading {
			return each(rs, 3, func(r *reading) { r.lag, r.in = 1e6, rs[3].in })
		}, nil, want{"observed": nan, "in": 50}},
		{"a reading shown twice is one observation", 7, func(rs []reading) []reading {
			each(rs, 3, func(r *reading) { r.lag = 1e6 })
			last := rs[4]
			return each(rs, 5, func(r *reading) { when := r.at; *r = last; r.at = when })
		}, nil, want{"in": 100, "observed": nan}},
		{"fully back-pressured shows nothing", 7, func(rs []reading) []reading {
			return each(rs, 0, func(r *reading) { r.lag, r.busy, r.blocked = 1e6, 0, r.at })
		}, nil, want{"observed": nan, "blocked": 1, "in": 100}},

		{"one reading of the subtasks counts from the start of the attempt", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			return rs
		}, nil, want{"hot known": 1, "hot share": 0.75, "hot busy": 0.4, "hot capacity": 75, "busy": 0.8}},
		{"two readings count from one to the other", 7, func(rs []reading) []reading {
			rs[2].subtasks = []Subtask{{0, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			rs[6].subtasks = []Subtask{{0, 3500, 50000, 120000}, {0, 2500, 25000, 120000}}
			return rs
		}, nil, want{"hot known": 1, "hot share": 0.75, "hot busy": 0.75, "hot capacity": 100, "busy": 0.6}},
		{"a reading before the border does not count", 10, func(rs []reading) []reading {
			rs[1].subtasks = []Subtask{{0, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			rs[2].noCounts = true
			return rs
		}, nil, want{"hot known": 0, "busy": 0.5}},
		{"a new attempt of a subtask is not compared", 7, func(rs []reading) []reading {
			rs[2].subtasks = []Subtask{{0, 500, 10, 90}, {0, 500, 10, 90}}
			rs[6].subtasks = []Subtask{{1, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			return rs
		}, nil, want{"hot known": 1, "hot share": 0.75}},
		{"as many subtasks as the parallelism or none", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, 40000, 100000}}
			return rs
		}, nil, want{"hot known": 0}},
		{"aggregator AVG", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			return rs
		}, func(c *Config) { c.Aggregator = AggregateAvg }, want{"busy": 0.5, "hot known": 1}},
		{"aggregator MIN", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, 40000, 100000}, {0, 1000, 10000, 100000}}
			return rs
		}, func(c *Config) { c.Aggregator = AggregateMin }, want{"busy": 0.2}},
		{"no subtask is more than busy", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, 90000, 100000}, {0, 1000, 10000, 100000}}
			return each(rs, 0, func(r *reading) { r.busy = 0.9 * r.at })
		}, nil, want{"busy": 1}},
		{"busy time NaN of a subtask tells nothing of any", 7, func(rs []reading) []reading {
			rs[6].subtasks = []Subtask{{0, 3000, nan, 100000}, {0, 1000, 10000, 100000}}
			return rs
		}, nil, want{"hot known": 0, "busy": 0.5}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: 2, MaxParallelism: 128}})
			if err != nil {
				t.Fatal(err)
			}
			c := DefaultConfig()
			c.MetricsWindow, c.ResetsAreBorders = 30*time.Second, true
			if tc.config != nil {
				tc.config(&c)
			}
			rates, err := Counters{}.Estimate(windowOf(tc.samples(readingsOf(tc.n))), topology, &c)
			if err != nil {
				t.Fatal(err)
			}
			for name, x := range tc.want {
				got := figures[name](rates[0])
				if math.IsNaN(x) != math.IsNaN(got) || math.Abs(got-x) > 1e-9*math.Max(1, math.Abs(x)) {
					t.Errorf("%s: got %v, want %v", name, got, x)
				}
			}
		})
	}
}

func TestCountersFindAVertexThatMoved(t *testing.T) {
	topology, err := NewTopology([]Vertex{{ID: "v", Parallelism: 2}, {ID: "w", Parallelism: 2}})
	if err != nil {
		t.Fatal(err)
	}
	w := windowOf(readingsOf(7))
	for i := range w.Samples {
		w.Samples[i].Vertices = append([]VertexSample{{Vertex: "other", Parallelism: 2}}, w.Samples[i].Vertices...)
	}
	c := DefaultConfig()
	c.MetricsWindow = 30 * time.Second
	rates, err := Counters{}.Estimate(w, topology, &c)
	if err != nil {
		t.Fatal(err)
	}
	if rates[0].In != 100 || !math.IsNaN(rates[1].In) {
		t.Errorf("v reads %v, w, which no sample has, %v", rates[0].In, rates[1].In)
	}
}

// The load steps up while the reading of the source is 10 s older than that of
// the vertex it feeds. Each of them writes what it reads.
func TestOutputRatioIsNotFooledByReadingsOfDifferentAge(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "a", Parallelism: 1, MaxParallelism: 128},
		{ID: "b", Parallelism: 1, MaxParallelism: 128, Inputs: []Edge{{"a", ShipHash}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name       string
		ship       ShipStrategy
		multiplied float64
	}{
		{"one to one", ShipHash, 1},
		{"broadcast to three", ShipBroadcast, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rate := func(seconds float64) float64 { return 100*seconds + 100*math.Max(0, seconds-25) }
			var w Window
			for i := range 7 {
				s := 5 * float64(i)
				a, b := rate(s), rate(s+3)*tc.multiplied
				if tc.multiplied > 1 {
					a, b = 100*s, 300*s
				}
				sample := Sample{At: at(s), Vertices: []VertexSample{{Vertex: "a", Parallelism: 1}, {Vertex: "b", Parallelism: 1}}}
				for j, in := range []float64{a, b} {
					v := &sample.Vertices[j]
					v.Set(NumRecordsIn, in)
					v.Set(NumRecordsOut, in)
					v.Set(AccumulatedBusyTime, 500*s)
					v.Set(AccumulatedIdleTime, 500*s)
					v.Set(AccumulatedBackpressuredTime, 0)
				}
				w.Samples = append(w.Samples, sample)
			}
			c := DefaultConfig()
			c.MetricsWindow, c.Estimator = 30*time.Second, Counters{}
			e, err := Evaluate(w, topology, &c, 0)
			if err != nil {
				t.Fatal(err)
			}
			if ratio := e.Vertices[1].TargetRate / e.Vertices[0].TargetRate; math.Abs(ratio-tc.multiplied) > 1e-3 {
				t.Errorf("b has to take %v for %v of a", e.Vertices[1].TargetRate, e.Vertices[0].TargetRate)
			}
		})
	}
}

package scaling

import (
	"math"
	"testing"
	"time"
)

// countersOf are the counters estimator's rates of one vertex, within a window
// of 30 s.
func countersOf(t *testing.T, v Vertex, w Window, change func(*Config)) Rates {
	t.Helper()
	topology, err := NewTopology([]Vertex{{ID: "source", Parallelism: 1}, v})
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	c.MetricsWindow = 30 * time.Second
	if change != nil {
		change(&c)
	}
	rates, err := Counters{}.Estimate(w, topology, &c)
	if err != nil {
		t.Fatal(err)
	}
	return rates[topology.Index(v.ID)]
}

// arriving gives each reading the records that have arrived at rates that hold
// for 5 s each, the newest last.
func arriving(rs []reading, rates ...float64) []reading {
	records := 0.0
	for i := range rs {
		if i > 0 {
			records += 5 * rates[i-1]
		}
		rs[i].in = records
	}
	return rs
}

func TestCountersEstimateAtTheEdges(t *testing.T) {
	nan := math.NaN()
	type want map[string]float64
	from := func(i int, change func(*reading)) func([]reading) []reading {
		return func(rs []reading) []reading { return each(rs, i, change) }
	}
	window := func(d time.Duration) func(*Config) { return func(c *Config) { c.MetricsWindow = d } }
	tests := []struct {
		name    string
		n       int
		samples func([]reading) []reading
		config  func(*Config)
		want    want
	}{
		{"two readings that span half of the window are enough", 7, func(rs []reading) []reading {
			return []reading{rs[0], rs[3]}
		}, nil, want{"in": 100, "recent": 100, "peak": 100}},
		{"a clock of another kind is a border", 10, func(rs []reading) []reading {
			return append(each(rs[:3], 0, func(r *reading) { r.noClock = true }), rs[3:]...)
		}, nil, want{"in": 100, "busy": 0.5, "doubtful": 0}},
		{"an oldest reading without counters does not count", 7, func(rs []reading) []reading {
			rs[0].noCounts = true
			return rs
		}, nil, want{"in": 100, "out": 50}},
		{"nor does one of another parallelism", 7, func(rs []reading) []reading {
			rs[0].parallelism, rs[0].in, rs[0].clock = 1, 0, 0
			return rs
		}, nil, want{"in": 100, "out": 50}},
		{"nothing written: no ratio", 7, from(0, func(r *reading) { r.out = 7 }), nil, want{"in": 100, "out": 0, "out per in": nan}},
		{"a busy time that falls a little is none", 7, from(3, func(r *reading) { r.busy = -1 }), nil, want{"busy": 0}},
		{"time back-pressured before does not count", 7, from(0, func(r *reading) { r.blocked += 7 }), nil, want{"blocked": 0.1}},
		{"a lag that the newest reading shows first did not grow", 7, from(6, func(r *reading) { r.lag = 50 }), nil, want{"has lag": 1, "lag": 50, "lag growth": 0, "recent": 100}},

		{"rates within a fifth are one level", 9, func(rs []reading) []reading {
			return arriving(rs, 90, 110, 90, 110, 90, 110, 90, 110)
		}, nil, want{"recent": 100, "peak": 110}},
		{"a fifth apart is one level still", 7, func(rs []reading) []reading {
			return arriving(rs, 500, 500, 500, 120, 100, 100)
		}, nil, want{"recent": 320.0 / 3, "peak": 100}},
		{"more is another", 7, func(rs []reading) []reading {
			return arriving(rs, 500, 500, 500, 121, 100, 100)
		}, nil, want{"recent": 100}},
		{"less than four fifths is another", 7, func(rs []reading) []reading {
			return arriving(rs, 500, 500, 500, 79, 100, 100)
		}, nil, want{"recent": 100}},
		{"a level is followed as it drifts", 7, func(rs []reading) []reading {
			return arriving(rs, 500, 500, 127, 119, 100, 100)
		}, nil, want{"recent": 111.5}},
		{"below a record per second a fifth of a record is one level", 7, func(rs []reading) []reading {
			return arriving(rs, 5, 5, 5, 0.15, 0, 0)
		}, nil, want{"recent": 0.05}},
		{"what expires unread is not arrival", 7, lagging(func(s float64) float64 { return 90000 - 1000*s }), nil, want{"in": 100, "lag growth": -1000, "recent": 0, "peak": 0}},
		{"the recent rate spans a quarter of the window and no more", 9, func(rs []reading) []reading {
			return arriving(rs, 100, 100, 100, 100, 100, 100, 500, 500)
		}, window(40 * time.Second), want{"recent": 500, "peak": 500}},
		{"the peak spans an eighth", 9, func(rs []reading) []reading {
			return arriving(rs, 100, 100, 100, 100, 100, 100, 100, 500)
		}, window(40 * time.Second), want{"recent": 300, "peak": 500}},
		{"the recent rate does not reach back to where no lag was seen", 7, from(5, func(r *reading) { r.lag = 15 * r.at }), nil, want{"recent": 115, "peak": 115}},

		{"as many observations as asked for", 7, from(4, func(r *reading) { r.lag = 1e6 }), func(c *Config) { c.ObservedMinObservations = 2 }, want{"observed": 100 / 0.9}},
		{"without a threshold a lag has to be seen still", 7, from(4, func(r *reading) {
			r.lag = 0
			r.blocked += 0.4 * (r.at - 20)
		}), func(c *Config) { c.ObservedLagThreshold = 0 }, want{"observed": 100 / 0.5}},
		{"and be seen to the end", 7, from(0, func(r *reading) {
			r.lag = 0
			if r.at > 20 {
				r.lag = nan
				r.blocked += 0.4 * (r.at - 20)
			}
		}), func(c *Config) { c.ObservedLagThreshold = 0 }, want{"observed": 100 / 0.9}},
		{"a queue that was worked off in between was too short", 7, from(0, func(r *reading) {
			r.lag = 1e6
			if r.at > 20 {
				r.lag = 0
				r.blocked += 0.4 * (r.at - 20)
			}
		}), nil, want{"observed": 100 / 0.9}},
		{"counters that began anew, unseen, show nothing", 7, from(0, func(r *reading) {
			r.lag = 1e6
			if r.at > 10 {
				r.in -= 9000
			}
			if r.at == 15 {
				r.lag = nan
			}
		}), nil, want{"in": -200, "observed": nan}},
		{"a source that is mostly back-pressured shows what it does in between", 7, from(0, func(r *reading) {
			r.lag, r.busy, r.blocked = 1e6, 0, r.at*0.9
		}), nil, want{"observed": 1000}},
		{"next to no time free of back-pressure shows nothing", 7, from(0, func(r *reading) {
			r.lag, r.busy, r.blocked = 1e6, 0, r.at*0.9999
		}), nil, want{"observed": nan}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rates := countersOf(t, Vertex{ID: "v", Parallelism: 2, MaxParallelism: 128}, windowOf(tt.samples(readingsOf(tt.n))), tt.config)
			for name, x := range tt.want {
				got := figures[name](rates)
				if math.IsNaN(x) != math.IsNaN(got) || math.Abs(got-x) > 1e-9*math.Max(1, math.Abs(x)) {
					t.Errorf("%s: got %v, want %v", name, got, x)
				}
			}
		})
	}
}

// Each of the two counters is needed: a rate that only one end knows is none.
func TestAReadingWithOneCounterOnlyIsABorder(t *testing.T) {
	for _, missing := range []Measure{NumRecordsIn, NumRecordsOut} {
		rs := readingsOf(10)
		each(rs[:3], 0, func(r *reading) { r.in, r.out = r.in*3, r.out*3 })
		w := windowOf(rs)
		w.Samples[2].Vertices[0].Set(missing, math.NaN())
		r := countersOf(t, Vertex{ID: "v", Parallelism: 2}, w, nil)
		if !(math.Abs(r.In-100) <= 1e-9 && math.Abs(r.Out-50) <= 1e-9) {
			t.Errorf("without %v: %v in, %v out", missing, r.In, r.Out)
		}
	}
}

// What waits, arrives and is observed is a matter of sources.
func TestOnlySourcesHaveALag(t *testing.T) {
	w := windowOf(each(readingsOf(7), 0, func(r *reading) { r.lag = 1e6 }))
	r := countersOf(t, Vertex{ID: "v", Parallelism: 2, Inputs: []Edge{{"source", ShipHash}}}, w, nil)
	if r.HasLag || finite(r.Recent) || finite(r.Peak) || finite(r.Observed) || finite(r.LagGrowth) || r.In != 100 {
		t.Errorf("got %+v", r)
	}
}

// A reset between the two oldest samples leaves all but the first of them.
func TestAResetRightAfterTheOldestSampleIsSeen(t *testing.T) {
	w := resetWindow("t", nil)
	w.Samples = w.Samples[5:]
	topology := resetTopology(t)
	if got := sinceReset(w, &topology.Vertices[1], 1); got != 1 {
		t.Errorf("what counts begins at sample %d", got)
	}
}

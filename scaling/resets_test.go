package scaling

import (
	"math"
	"testing"
	"time"
)

// resetWindow is a window of 60 s, a sample each 5 s, of a source that reads 100
// records/s and one that follows it. From the seventh sample on the counters of
// the vertex named are those of attempts that began with it.
func resetWindow(vertex VertexID, change func(s *VertexSample, before bool)) Window {
	var w Window
	for i := range 13 {
		seconds := 5 * float64(i)
		s := Sample{At: at(seconds), RunningSince: at(-100)}
		for _, id := range []VertexID{"s", "t"} {
			v := VertexSample{Vertex: id, Parallelism: 2}
			clock := 100 + seconds
			if id == vertex && i >= 6 {
				clock = seconds - 28
			}
			v.Set(NumRecordsIn, 100*clock)
			v.Set(NumRecordsOut, 100*clock)
			v.Set(NumRecordsInPerSecond, 100)
			v.Set(Load, 0.5)
			v.Set(AccumulatedBusyTime, 1000*clock)
			v.Set(AccumulatedIdleTime, 1000*clock)
			v.Set(AccumulatedBackpressuredTime, 0)
			if id == "s" {
				v.Set(Lag, 0)
			}
			if id == vertex && change != nil {
				change(&v, i < 6)
			}
			s.Vertices = append(s.Vertices, v)
		}
		w.Samples = append(w.Samples, s)
	}
	return w
}

func resetTopology(t *testing.T) *Topology {
	t.Helper()
	topology, err := NewTopology([]Vertex{
		{ID: "s", Parallelism: 2, MaxParallelism: 128},
		{ID: "t", Parallelism: 2, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return topology
}

// What came before a reset does not count where resets are borders; the reference
// takes the difference of the counters of two attempts for a rate.
func TestRatesAreNotWorkedOutAcrossAResetWhereItIsABorder(t *testing.T) {
	for _, estimator := range []Estimator{Reference{}, Counters{}} {
		for _, borders := range []bool{true, false} {
			c := DefaultConfig()
			c.Estimator, c.MetricsWindow, c.ResetsAreBorders = estimator, time.Minute, borders
			rates, err := estimator.Estimate(resetWindow("s", nil), resetTopology(t), &c)
			if err != nil {
				t.Fatal(err)
			}
			if got := rates[0].In; (math.Abs(got-100) < 1e-9) != borders {
				t.Errorf("%s, borders %v: the source reads %v/s", estimator.Name(), borders, got)
			}
			if got := rates[1].In; math.Abs(got-100) > 1e-9 {
				t.Errorf("%s, borders %v: the vertex without a reset reads %v/s", estimator.Name(), borders, got)
			}
		}
	}
}

func TestAResetOfASourceDoesNotShrinkItWhereItIsABorder(t *testing.T) {
	for _, borders := range []bool{true, false} {
		c := DefaultConfig()
		c.MetricsWindow, c.ScaleDownInterval, c.CatchUp, c.ResetsAreBorders = time.Minute, 0, 0, borders
		c.UtilizationMin, c.Aggregator = 0.1, AggregateAvg
		out := Decide(Input{Config: &c, Topology: resetTopology(t), Window: resetWindow("s", nil), Full: true, Now: at(60)})
		if len(out.Decision.Vertices) == 0 {
			t.Fatalf("borders %v: %s %s", borders, out.Decision.Reason, out.Decision.Detail)
		}
		if shrinks := out.Decision.Vertices[0].To < 2; shrinks == borders {
			t.Errorf("borders %v: %+v", borders, out.Decision)
		}
	}
}

// Shortly after a reset nothing is known, neither of the vertex nor of what it
// feeds, whatever the estimator: nothing may be shrunk for that.
func TestNothingIsDecidedShortlyAfterAReset(t *testing.T) {
	for _, estimator := range []Estimator{Reference{}, Counters{}} {
		c := DefaultConfig()
		c.Estimator, c.MetricsWindow, c.ScaleDownInterval, c.ResetsAreBorders = estimator, time.Minute, 0, true
		decide := func(vertex VertexID) Outcome {
			w := resetWindow(vertex, nil)
			w.Samples = w.Samples[:11] // 20 s after it
			return Decide(Input{Config: &c, Topology: resetTopology(t), Window: w, Full: true, Now: at(50)})
		}
		if out := decide("s"); out.Decision.Reason != ReasonUnknownRate {
			t.Errorf("%s: after a reset of the source: %s", estimator.Name(), out.Decision.Reason)
		}
		if out := decide("t"); out.Decision.Scale || out.Decision.Vertices[1].Reason != ReasonNoCapacity {
			t.Errorf("%s: after a reset of the second vertex: %+v", estimator.Name(), out.Decision)
		}
	}
}

// The reference reads 0 of a vertex that has finished, and no attempt began then.
func TestTheEndOfAVertexIsNoReset(t *testing.T) {
	topology := resetTopology(t)
	topology.Vertices[0].Finished = true
	zero := func(s *VertexSample, before bool) {
		if !before {
			s.Set(NumRecordsIn, 0)
			s.Set(NumRecordsOut, 0)
		}
	}
	c := DefaultConfig()
	c.MetricsWindow, c.ResetsAreBorders = time.Minute, true
	rates, err := Reference{}.Estimate(resetWindow("s", zero), topology, &c)
	if err != nil || rates[0].Reset || !(rates[0].In < 0) {
		t.Errorf("got %+v, %v", rates, err)
	}
}

// What a vertex sends on cannot be told shortly after its reset: what it feeds is
// not shrunk for that either.
func TestNothingIsDecidedBehindAReset(t *testing.T) {
	topology, err := NewTopology([]Vertex{
		{ID: "s", Parallelism: 2, MaxParallelism: 128},
		{ID: "t", Parallelism: 2, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}},
		{ID: "u", Parallelism: 2, MaxParallelism: 128, Inputs: []Edge{{"t", ShipRebalance}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := resetWindow("t", nil)
	w.Samples = w.Samples[:11]
	for i := range w.Samples {
		u := w.Samples[i].Vertices[0]
		u.Vertex = "u"
		w.Samples[i].Vertices = append(w.Samples[i].Vertices, u)
	}
	for _, estimator := range []Estimator{Reference{}, Counters{}} {
		c := DefaultConfig()
		c.Estimator, c.MetricsWindow, c.ScaleDownInterval, c.ResetsAreBorders = estimator, time.Minute, 0, true
		out := Decide(Input{Config: &c, Topology: topology, Window: w, Full: true, Now: at(50)})
		if u := out.Decision.Vertices[2]; u.Reason != ReasonNoCapacity {
			t.Errorf("%s: %d -> %d (%s)", estimator.Name(), u.From, u.To, u.Reason)
		}
	}
}

func TestWhatCountsAsAReset(t *testing.T) {
	nan := math.NaN()
	same := func(*VertexSample, bool) {}
	steady := func(s *VertexSample, before bool) {
		if !before { // as if nothing had happened
			s.Set(NumRecordsIn, s.Or(NumRecordsIn)+1e6)
			s.Set(NumRecordsOut, s.Or(NumRecordsOut)+1e6)
			s.Set(AccumulatedIdleTime, s.Or(AccumulatedIdleTime)+1e6)
		}
	}
	with := func(changes ...func(*VertexSample, bool)) func(*VertexSample, bool) {
		return func(s *VertexSample, before bool) {
			for _, change := range changes {
				change(s, before)
			}
		}
	}
	read := func(before, after Subtask) func(*VertexSample, bool) {
		return func(s *VertexSample, b bool) {
			records := s.Or(NumRecordsIn)
			if s.Subtasks = []Subtask{{Records: records}, after}; b {
				s.Subtasks[1] = before
			}
		}
	}
	onlyFalls := func(m Measure) func(*VertexSample, bool) {
		return with(steady, func(s *VertexSample, before bool) {
			if before {
				s.Set(m, s.Or(m)+1e9)
			}
		})
	}
	tests := []struct {
		name   string
		change func(*VertexSample, bool)
		want   int
	}{
		{"no counter falls", steady, 0},
		{"all counters fall", same, 6},
		{"the records read fall", onlyFalls(NumRecordsIn), 6},
		{"the records written fall", onlyFalls(NumRecordsOut), 6},
		{"the idle time falls", onlyFalls(AccumulatedIdleTime), 6},
		{"the back-pressured time falls", onlyFalls(AccumulatedBackpressuredTime), 6},
		{"the busy time, worked out by Flink from the others, falls", onlyFalls(AccumulatedBusyTime), 0},
		{"a subtask is another attempt", with(steady, read(Subtask{}, Subtask{Attempt: 1})), 6},
		{"a subtask has read less", with(steady, read(Subtask{Records: 9}, Subtask{Records: 8})), 6},
		{"a subtask has read nothing more", with(steady, read(Subtask{Records: 9}, Subtask{Records: 9})), 0},
		{"the parallelism was another", with(steady, func(s *VertexSample, before bool) {
			if before {
				s.Parallelism = 3
			}
		}), 6},
		{"a counter is not known before", with(steady, func(s *VertexSample, before bool) {
			if before {
				s.Set(NumRecordsIn, nan)
			}
		}), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			topology := resetTopology(t)
			if got := sinceReset(resetWindow("t", tt.change), &topology.Vertices[1], 1); got != tt.want {
				t.Errorf("what counts begins at sample %d, want %d", got, tt.want)
			}
		})
	}
}

// Single subtasks are not read in every pass: another attempt came up somewhere
// between two readings, and only what lies behind the second one is sure.
func TestAResetIsPlacedAtTheReadingThatShowsIt(t *testing.T) {
	w := resetWindow("", nil)
	for i, attempt := range map[int]int{2: 0, 4: 0, 9: 1, 11: 1} {
		w.Samples[i].Vertices[1].Subtasks = []Subtask{{Attempt: attempt}, {}}
	}
	topology := resetTopology(t)
	if got := sinceReset(w, &topology.Vertices[1], 1); got != 9 {
		t.Errorf("what counts begins at sample %d", got)
	}
}

// A counter that is missing for a while hides no reset.
func TestAResetBehindAGapIsSeen(t *testing.T) {
	w := resetWindow("t", nil)
	for i := 5; i < 8; i++ {
		v := &w.Samples[i].Vertices[1]
		v.Measures = Measures{}
	}
	topology := resetTopology(t)
	if got := sinceReset(w, &topology.Vertices[1], 1); got != 5 {
		t.Errorf("what counts begins at sample %d", got)
	}
}

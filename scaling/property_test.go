package scaling

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// randomJob is a job whose vertices all read and write at steady rates.
type randomJob struct {
	plan []Vertex
	// rate is records/s into a vertex, busy the busy share of its subtasks and
	// hot the share of the records on its first subtask beyond an even one.
	rate, busy, hot []float64
	lag             float64
	bounds          map[VertexID]Bound
	config          Config
}

func drawJob(t *rapid.T) randomJob {
	n := rapid.IntRange(1, 7).Draw(t, "vertices")
	j := randomJob{config: sluiceProfile(), bounds: map[VertexID]Bound{}, lag: rapid.Float64Range(0, 1e5).Draw(t, "lag")}
	j.config.ScaleDownInterval = time.Duration(rapid.IntRange(0, 1).Draw(t, "delayed")) * time.Minute
	j.config.Alignment = Alignment(rapid.IntRange(0, 2).Draw(t, "alignment"))
	j.config.MinParallelism = rapid.IntRange(1, 4).Draw(t, "min")
	j.config.MaxParallelism = rapid.IntRange(4, 64).Draw(t, "max")
	for i := range n {
		v := Vertex{ID: VertexID(fmt.Sprintf("v%d", i)), Parallelism: rapid.IntRange(1, 32).Draw(t, "parallelism"), MaxParallelism: 128}
		rate := 0.0
		for u := range i {
			if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
				v.Inputs = append(v.Inputs, Edge{From: j.plan[u].ID, Ship: rapid.SampledFrom([]ShipStrategy{ShipHash, ShipRebalance, ShipForward}).Draw(t, "ship")})
				rate += j.rate[u]
			}
		}
		if v.IsSource() {
			rate = rapid.Float64Range(100, 1e5).Draw(t, "rate")
			v.Partitions = rapid.SampledFrom([]int{0, 0, 7, 12, 48}).Draw(t, "partitions")
		}
		v.Finished = rapid.IntRange(0, 15).Draw(t, "finished") == 0
		if rapid.IntRange(0, 7).Draw(t, "excluded") == 0 {
			j.config.Excluded = append(j.config.Excluded, v.ID)
		}
		j.bounds[v.ID] = Bound{Floor: rapid.IntRange(0, min(6, v.Parallelism)).Draw(t, "floor"), Pinned: rapid.IntRange(0, 7).Draw(t, "pinned") == 0}
		j.plan, j.rate = append(j.plan, v), append(j.rate, rate)
		j.busy = append(j.busy, rapid.Float64Range(0.01, 1).Draw(t, "busy"))
		j.hot = append(j.hot, rapid.SampledFrom([]float64{0, 0, 0.3, 0.8}).Draw(t, "hot"))
	}
	return j
}

// input builds the job's topology and a full window, with every rate multiplied.
func (j *randomJob) input(t *rapid.T, times float64) Input {
	topology, err := NewTopology(j.plan)
	if err != nil {
		t.Fatal(err)
	}
	var w Window
	for k := range 8 {
		seconds := 5 * float64(k)
		s := Sample{At: at(seconds), RunningSince: at(-100)}
		for i := range topology.Vertices {
			v := &topology.Vertices[i]
			o := slices.IndexFunc(j.plan, func(p Vertex) bool { return p.ID == v.ID })
			p := float64(v.Parallelism)
			vs := VertexSample{Vertex: v.ID, Parallelism: v.Parallelism}
			vs.Set(NumRecordsIn, times*j.rate[o]*seconds)
			vs.Set(NumRecordsOut, times*j.rate[o]*seconds)
			vs.Set(AccumulatedBusyTime, 1000*p*j.busy[o]*seconds)
			vs.Set(AccumulatedIdleTime, 1000*p*(1-j.busy[o])*seconds)
			vs.Set(AccumulatedBackpressuredTime, 0)
			if v.IsSource() {
				vs.Set(Lag, times*j.lag)
			}
			if k > 0 && k%3 == 1 {
				for n := range v.Parallelism {
					share := (1 - j.hot[o]) / p
					if n == 0 {
						share += j.hot[o]
					}
					busy := math.Min(1, j.busy[o]*share*p)
					vs.Subtasks = append(vs.Subtasks, Subtask{Records: times * j.rate[o] * seconds * share, Busy: 1000 * busy * seconds, Clock: 1000 * seconds})
				}
			}
			s.Vertices = append(s.Vertices, vs)
		}
		w.Samples = append(w.Samples, s)
	}
	return Input{Config: &j.config, Topology: topology, Window: w, Full: true, Bounds: j.bounds, Now: w.Latest().At}
}

func TestDecisionsKeepTheirLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		in := j.input(t, 1)
		out := Decide(in)
		for i, d := range out.Decision.Vertices {
			v := &in.Topology.Vertices[i]
			lower, upper := min(v.Parallelism, j.config.MinParallelism), min(v.MaxParallelism, max(v.Parallelism, j.config.MaxParallelism))
			if d.From != v.Parallelism || d.To < lower || d.To > upper || d.To < j.bounds[v.ID].Floor {
				t.Errorf("%s: %d -> %d, outside of %d to %d with floor %d", d.Vertex, d.From, d.To, lower, upper, j.bounds[v.ID].Floor)
			}
			if v.Partitions > 0 && d.To > max(v.Partitions, d.From) {
				t.Errorf("%s: %d -> %d for %d partitions", d.Vertex, d.From, d.To, v.Partitions)
			}
			if fixed := v.Finished || j.bounds[v.ID].Pinned || slices.Contains(j.config.Excluded, v.ID); fixed && (d.Changed() || d.Recommended != d.From) {
				t.Errorf("%s moves although it must not: %+v", d.Vertex, d)
			}
		}
		checkSound(t, &out)
	})
}

// checkSound checks what holds for whatever decision.
func checkSound(t *rapid.T, out *Outcome) {
	d := &out.Decision
	if d.Reason == "" {
		t.Errorf("a decision without a reason")
	}
	changes := 0
	for i := range d.Vertices {
		v := &d.Vertices[i]
		if v.Reason == "" {
			t.Errorf("%s: no reason", v.Vertex)
		}
		if v.To < 1 && v.From >= 1 {
			t.Errorf("%s: %d -> %d", v.Vertex, v.From, v.To)
		}
		if !v.Changed() {
			continue
		}
		changes++
		// Without input a capacity is unlimited, and the vertex may shrink.
		x := out.Evaluation.Vertices[i].TrueProcessingRate
		if d.Scale && !(x > 0 && (finite(x) || v.To < v.From)) {
			t.Errorf("%s: %d -> %d from a capacity of %v", v.Vertex, v.From, v.To, x)
		}
	}
	if changes != d.Changes() || (d.Scale && changes == 0) {
		t.Errorf("scale %v with %d changes", d.Scale, changes)
	}
}

func TestDecisionsAreDeterministicAndChangeNoInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		in, same := j.input(t, 1), j.input(t, 1)
		state := func() State {
			return State{
				History:  History{"v0": {{At: at(-9), From: 1, To: j.plan[0].Parallelism, ExpectedRate: 5000}, {At: at(-5), From: 2, To: 3}}, "gone": {{At: at(1)}}},
				Tracking: []RestartRecord{{At: at(-5)}},
				Delayed:  DelayedScaleDown{"v0": {FirstTrigger: at(-60), Recommended: []Recommendation{{At: at(-50), Parallelism: 9}, {At: at(-40), Parallelism: 2, Outside: true}}}},
			}
		}
		in.State, same.State = state(), state()
		first := Decide(in)
		if first.Decision.Scale {
			_ = first.Executed()
		}
		second := Decide(same)
		if a, b := everyDigit(first), everyDigit(second); a != b {
			t.Errorf("two decisions on one input:\n%s\n%s", a, b)
		}
		untouched := j.input(t, 1)
		if !reflect.DeepEqual(in.Window, untouched.Window) || !reflect.DeepEqual(in.Topology, untouched.Topology) || !reflect.DeepEqual(in.State, state()) {
			t.Errorf("the input was changed")
		}
	})
}

// everyDigit prints an outcome, each number with all the digits that it has.
func everyDigit(o Outcome) string {
	var evaluation Evaluation
	if o.Evaluation != nil {
		evaluation = *o.Evaluation
	}
	o.Evaluation = nil
	return fmt.Sprintf("%v %v", evaluation, o)
}

func TestNamesOfVerticesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		want := Decide(j.input(t, 1))
		order := rapid.Permutation([]string{"q", "c", "x", "a", "m", "z", "f"}).Draw(t, "names")
		name := func(id VertexID) VertexID { return VertexID(order[id[1]-'0']) }
		renamed := j
		renamed.plan, renamed.bounds, renamed.config.Excluded = nil, map[VertexID]Bound{}, nil
		for _, v := range j.plan {
			inputs := v.Inputs
			v.Inputs = nil
			for _, in := range inputs {
				v.Inputs = append(v.Inputs, Edge{From: name(in.From), Ship: in.Ship})
			}
			renamed.bounds[name(v.ID)] = j.bounds[v.ID]
			v.ID = name(v.ID)
			renamed.plan = append(renamed.plan, v)
		}
		for _, id := range j.config.Excluded {
			renamed.config.Excluded = append(renamed.config.Excluded, name(id))
		}
		got := Decide(renamed.input(t, 1))
		target := got.Decision.Target()
		for _, v := range want.Decision.Vertices {
			if to := target[name(v.Vertex)]; to != v.To {
				t.Errorf("%s: -> %d, renamed to %s: -> %d", v.Vertex, v.To, name(v.Vertex), to)
			}
		}
	})
}

func TestUnitOfRecordsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		// A power of two changes no digit of a fraction; rounding to whole
		// records is negligible against such rates.
		a, b := Decide(j.input(t, 1<<20)), Decide(j.input(t, 1<<24))
		for i := range a.Decision.Vertices {
			if onTheBorder(&a.Evaluation.Vertices[i], a.Decision.Vertices[i].Guards) {
				t.Skip("a last digit decides")
			}
		}
		for i := range a.Decision.Vertices {
			if x, y := a.Decision.Vertices[i], b.Decision.Vertices[i]; x.To != y.To {
				t.Errorf("%s: %d -> %d (%s), with 16 times the records -> %d (%s)", x.Vertex, x.From, x.To, x.Reason, y.To, y.Reason)
			}
		}
	})
}

// onTheBorder tells whether a vertex stands so close to a threshold or to a
// whole number of subtasks that rounding decides.
func onTheBorder(e *VertexEvaluation, guards []Guard) bool {
	close := func(x, y float64) bool { return math.Abs(x-y) <= 1e-4*math.Abs(y) }
	if close(e.TrueProcessingRate, e.ScaleUpThreshold) || close(e.TrueProcessingRate, e.ScaleDownThreshold) {
		return true
	}
	for _, g := range guards {
		if exact := g.Limit / g.Have * float64(g.Before); g.Rule == RuleDemand && close(exact, math.Round(exact)) {
			return true
		}
	}
	return close(e.Rates.Hottest.Share*float64(e.Parallelism), skewFrom) || close(e.Load, saturatedAt)
}

// More load at the same cost never asks for less: of a chain without skew.
func TestMoreLoadNeverAsksForLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := sluiceProfile()
		c.Alignment = Alignment(rapid.IntRange(0, 2).Draw(t, "alignment"))
		p := rapid.IntRange(1, 40).Draw(t, "parallelism")
		capacity := rapid.Float64Range(1000, 1e6).Draw(t, "capacity")
		less := rapid.Float64Range(0, 3*capacity).Draw(t, "less")
		more := less * rapid.Float64Range(1, 2).Draw(t, "times")
		wish := func(rate float64) int {
			topology, err := NewTopology([]Vertex{{ID: "s", Parallelism: 1, MaxParallelism: 128}, {ID: "v", Parallelism: p, MaxParallelism: 128, Inputs: []Edge{{"s", ShipRebalance}}}})
			if err != nil {
				t.Fatal(err)
			}
			c.Estimator = fixed{
				{In: rate, Out: rate, OutPerIn: math.NaN(), ProcessedIn: 1, Busy: 0.5, Observed: math.NaN(), Recent: math.NaN()},
				{In: rate, OutPerIn: math.NaN(), ProcessedIn: capacity, Busy: 1, Observed: math.NaN(), Recent: math.NaN()},
			}
			d := Decide(Input{Config: &c, Topology: topology, Full: true}).Decision.Vertices[1]
			if d.Reason == ReasonSaturated {
				return 0
			}
			return d.Recommended
		}
		if a, b := wish(less), wish(more); a > b && b != 0 {
			t.Errorf("%v records/s want %d subtasks, %v records/s %d", less, a, more, b)
		}
	})
}

// hostile draws numbers that a broken cluster could send.
func hostile() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, math.Copysign(0, -1), 1e308, -1e308, 5e-324, math.MaxInt64}),
		rapid.Float64(), rapid.Float64Range(0, 1e6),
	)
}

func TestNothingThatAClusterSendsMakesItPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		j.config.Estimator = rapid.SampledFrom([]Estimator{Counters{}, Reference{}}).Draw(t, "estimator")
		j.config.Aggregator = Aggregator(rapid.IntRange(0, 2).Draw(t, "aggregator"))
		j.config.CatchUp = time.Duration(rapid.SampledFrom([]int{0, 300}).Draw(t, "catch-up")) * time.Second
		in := j.input(t, 1)
		number := hostile()
		for i := range in.Window.Samples {
			s := &in.Window.Samples[i]
			for k := range s.Vertices {
				v := &s.Vertices[k]
				switch rapid.IntRange(0, 9).Draw(t, "harm") {
				case 0:
					v.Measures = Measures{}
				case 1, 2:
					v.Set(Measure(rapid.IntRange(0, int(measureCount)-1).Draw(t, "measure")), number.Draw(t, "value"))
				case 3:
					v.Parallelism = rapid.IntRange(-1, 3).Draw(t, "sampled parallelism")
				case 4:
					for n := range v.Subtasks {
						v.Subtasks[n] = Subtask{Attempt: rapid.IntRange(0, 2).Draw(t, "attempt"), Records: number.Draw(t, "records"), Busy: number.Draw(t, "busy ms"), Clock: number.Draw(t, "clock")}
					}
				}
			}
			if rapid.IntRange(0, 19).Draw(t, "cut") == 0 {
				s.Vertices = s.Vertices[:rapid.IntRange(0, len(s.Vertices)).Draw(t, "left")]
			}
		}
		in.Window.Samples = in.Window.Samples[rapid.IntRange(0, len(in.Window.Samples)).Draw(t, "first sample"):]
		out := Decide(in)
		if _, plain := j.config.Estimator.(Counters); plain {
			checkSound(t, &out)
		}
		if out.Decision.Scale {
			_ = out.Executed()
		}
	})
}

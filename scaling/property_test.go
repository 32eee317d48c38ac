package scaling

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
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
	state           State
	config          Config
}

func drawJob(t *rapid.T) randomJob {
	n := rapid.IntRange(1, 7).Draw(t, "vertices")
	j := randomJob{config: sluiceProfile(), bounds: map[VertexID]Bound{}, lag: rapid.Float64Range(0, 1e5).Draw(t, "lag")}
	j.config.ScaleDownInterval = time.Duration(rapid.IntRange(0, 1).Draw(t, "delayed")) * time.Minute
	j.config.Alignment = Alignment(rapid.IntRange(0, 4).Draw(t, "alignment"))
	j.config.MinParallelism = rapid.IntRange(1, 4).Draw(t, "min")
	j.config.MaxParallelism = rapid.IntRange(4, 64).Draw(t, "max")
	for i := range n {
		v := Vertex{ID: VertexID(fmt.Sprintf("v%d", i)), Parallelism: rapid.IntRange(1, 32).Draw(t, "parallelism"), MaxParallelism: rapid.SampledFrom([]int{128, 128, 32, 48}).Draw(t, "max parallelism")}
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
	j.state = drawState(t, j.plan)
	return j
}

// drawState is what earlier passes over a job may have left: changes that were
// executed and scale-downs that wait, also from when a vertex had another size.
func drawState(t *rapid.T, plan []Vertex) State {
	s := State{History: History{}, Delayed: DelayedScaleDown{}, Tracking: []RestartRecord{{At: at(-90)}}}
	for _, v := range plan {
		if rapid.Bool().Draw(t, "changed before") {
			from := rapid.IntRange(1, 32).Draw(t, "from")
			s.History[v.ID] = []ScalingRecord{{At: at(-90), From: from, To: v.Parallelism, ExpectedRate: rapid.Float64Range(0, 1e6).Draw(t, "expected")}}
		}
		if rapid.IntRange(0, 2).Draw(t, "waits") == 0 {
			d := Delayed{FirstTrigger: at(rapid.Float64Range(-60, 30).Draw(t, "since"))}
			seconds, p := d.FirstTrigger.Sub(at(0)).Seconds(), 48
			for range rapid.IntRange(1, 3).Draw(t, "wishes") {
				p = rapid.IntRange(1, p).Draw(t, "wish")
				d.Recommended = append(d.Recommended, Recommendation{At: at(seconds), Parallelism: p, Outside: rapid.Bool().Draw(t, "outside")})
				if seconds++; p == 1 {
					break
				}
				p--
			}
			s.Delayed[v.ID] = d
		}
	}
	return s
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
	return Input{Config: &j.config, Topology: topology, Window: w, Full: true, State: j.state, Bounds: j.bounds, Now: w.Latest().At}
}

// limitsOf is the range in which a decision has to leave a vertex that it
// changes.
func (j *randomJob) limitsOf(v *Vertex) (lower, upper int) {
	lower = min(j.config.MinParallelism, v.MaxParallelism)
	upper = min(max(j.config.MinParallelism, j.config.MaxParallelism), v.MaxParallelism)
	if v.Partitions > 0 {
		upper = max(lower, min(upper, v.Partitions))
	}
	floor := j.bounds[v.ID].Floor
	return max(lower, floor), max(upper, floor)
}

func TestDecisionsKeepTheirLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		in := j.input(t, 1)
		out := Decide(in)
		for i, d := range out.Decision.Vertices {
			v := &in.Topology.Vertices[i]
			lower, upper := j.limitsOf(v)
			if d.From != v.Parallelism || d.Changed() && (d.To < lower || d.To > upper) {
				t.Errorf("%s: %d -> %d, outside of %d to %d", d.Vertex, d.From, d.To, lower, upper)
			}
			if fixed := v.Finished || j.bounds[v.ID].Pinned || slices.Contains(j.config.Excluded, v.ID); fixed && (d.Changed() || d.Recommended != d.From) {
				t.Errorf("%s moves although it must not: %+v", d.Vertex, d)
			}
		}
		checkSound(t, &out)
	})
}

// busiest is the busy share of a vertex or of what it feeds, if that is more.
func busiest(t *Topology, e *Evaluation, i int) float64 {
	busy := e.Vertices[i].Load
	for _, o := range t.Outputs(i) {
		busy = math.Max(busy, e.Vertices[o].Load)
	}
	return busy
}

// What can be told of a vertex is its demand as a share of what it can do: a
// vertex grows only if that is more than it has, shrinks only if that is less and
// neither it nor what it feeds is at its limit, or is pulled into its limits.
func TestScalingNeverGoesAgainstTheEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		in := j.input(t, 1)
		out := Decide(in)
		for i, d := range out.Decision.Vertices {
			if !d.Changed() {
				continue
			}
			v, e := &in.Topology.Vertices[i], &out.Evaluation.Vertices[i]
			lower, upper := j.limitsOf(v)
			needed := e.PeakRate / j.config.TargetUtilization / e.TrueProcessingRate
			withBacklog := (e.PeakRate*(1+j.config.Restart.Seconds()/j.config.CatchUp.Seconds()) + e.CatchUpRate) / math.Min(1, j.config.UtilizationMax) / e.TrueProcessingRate
			demand := math.Max(needed, withBacklog)
			switch {
			case d.To > d.From && d.From >= lower && !(demand > 1-1e-6):
				t.Errorf("%s: %d -> %d although it needs %v of what it has", d.Vertex, d.From, d.To, demand)
			case d.To < d.From && d.From <= upper && !(demand < 1+1e-6):
				t.Errorf("%s: %d -> %d although it needs %v of what it has", d.Vertex, d.From, d.To, demand)
			case d.To < d.From && d.From <= upper && float64(d.To) < math.Floor(demand*float64(d.From)-1e-3):
				t.Errorf("%s: %d -> %d although it needs %v of what it has", d.Vertex, d.From, d.To, demand)
			}
			if busy := busiest(in.Topology, out.Evaluation, i); d.To < d.From && d.From <= max(j.config.MinParallelism, j.config.MaxParallelism) && busy >= saturatedAt {
				t.Errorf("%s: %d -> %d although it, or what it feeds, is %v busy", d.Vertex, d.From, d.To, busy)
			}
		}
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
		renamed.state.History, renamed.state.Delayed = History{}, DelayedScaleDown{}
		for id, records := range j.state.History {
			renamed.state.History[name(id)] = records
		}
		for id, d := range j.state.Delayed {
			renamed.state.Delayed[name(id)] = d
		}
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
		if len(got.Decision.Vertices) != len(want.Decision.Vertices) || got.Decision.Reason != want.Decision.Reason {
			t.Fatalf("%+v, renamed %+v", want.Decision, got.Decision)
		}
		for _, v := range want.Decision.Vertices {
			i := slices.IndexFunc(got.Decision.Vertices, func(o VertexDecision) bool { return o.Vertex == name(v.Vertex) })
			if o := got.Decision.Vertices[i]; o.To != v.To || o.Reason != v.Reason || o.Recommended != v.Recommended {
				t.Errorf("%s: -> %d (%s), renamed to %s: -> %d (%s)", v.Vertex, v.To, v.Reason, o.Vertex, o.To, o.Reason)
			}
		}
	})
}

// times multiplies what the state remembers of rates.
func (s State) times(x float64) State {
	h := History{}
	for id, records := range s.History {
		h[id] = slices.Clone(records)
		for i := range h[id] {
			h[id][i].ExpectedRate *= x
		}
	}
	s.History = h
	return s
}

// Input rates and capacities alike times a constant, from jobs of a few records a
// day to jobs of billions a second.
func TestUnitOfRecordsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		times := math.Pow(10, rapid.Float64Range(-7, 6).Draw(t, "power"))
		one, other := j.input(t, 1), j.input(t, times)
		other.State = j.state.times(times)
		a, b := Decide(one), Decide(other)
		for i := range a.Decision.Vertices {
			if onTheBorder(&a.Evaluation.Vertices[i], a.Decision.Vertices[i].Guards) {
				t.Skip("a last digit decides")
			}
		}
		if a.Decision.Reason != b.Decision.Reason {
			t.Errorf("%s, with %v times the records %s", a.Decision.Reason, times, b.Decision.Reason)
		}
		for i := range a.Decision.Vertices {
			if x, y := a.Decision.Vertices[i], b.Decision.Vertices[i]; x.To != y.To || x.Reason != y.Reason {
				t.Errorf("%s: %d -> %d (%s), with %v times the records -> %d (%s)", x.Vertex, x.From, x.To, x.Reason, times, y.To, y.Reason)
			}
		}
	})
}

// onTheBorder tells whether a vertex stands so close to a threshold or to a
// whole number of subtasks that rounding decides.
func onTheBorder(e *VertexEvaluation, guards []Guard) bool {
	close := func(x, y float64) bool { return math.Abs(x-y) <= 1e-3*math.Abs(y) }
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

// More load at the same cost never asks for fewer subtasks of any vertex. What is
// made of the wish may be fewer: a vertex may have moved only because another one,
// well sized now, was out of bounds. A wish is no wish where no parallelism helps.
func TestMoreLoadNeverAsksForLess(t *testing.T) {
	for name, profile := range map[string]func() Config{"sluice": sluiceProfile, "reference": DefaultConfig} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				j := drawJob(t)
				drawn := j.config
				j.config = profile()
				j.config.Estimator = Counters{} // the window has no meters
				j.config.Alignment = Alignment(rapid.IntRange(0, 4).Draw(t, "alignment of either"))
				j.config.MinParallelism, j.config.MaxParallelism, j.config.MetricsWindow = drawn.MinParallelism, drawn.MaxParallelism, drawn.MetricsWindow
				j.lag = 0 // of a source that is behind, what it reads is taken for what it can do
				most := 0.0
				for i, v := range j.plan { // no subtask does more than it can
					hottest := j.busy[i] * ((1 - j.hot[i]) + j.hot[i]*float64(v.Parallelism))
					if hottest > 1 {
						j.hot[i], hottest = 0, j.busy[i]
					}
					most = math.Max(most, hottest)
				}
				less := Decide(j.input(t, 1))
				times := rapid.Float64Range(1, 1/most).Draw(t, "times")
				for i := range j.busy {
					j.busy[i], j.rate[i] = j.busy[i]*times, j.rate[i]*times
				}
				more := Decide(j.input(t, 1))
				for i := range less.Decision.Vertices {
					a, b := less.Decision.Vertices[i], more.Decision.Vertices[i]
					if onTheBorder(&less.Evaluation.Vertices[i], a.Guards) || b.Reason == ReasonSkewed || b.Reason == ReasonBehindBottleneck {
						continue
					}
					if b.Recommended < a.Recommended {
						t.Errorf("%s at %d: wants %d (%s), with %v times the load %d (%s)", a.Vertex, a.From, a.Recommended, a.Reason, times, b.Recommended, b.Reason)
					}
				}
			})
		})
	}
}

// Nothing but the times themselves tells when something happens.
func TestTheHourDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJob(t)
		by := time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "later by")) / time.Millisecond * time.Millisecond
		zone := time.FixedZone("somewhere", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
		later := func(at time.Time) time.Time { return at.Add(by).In(zone) }
		one, other := j.input(t, 1), j.input(t, 1)
		for i := range other.Window.Samples {
			s := &other.Window.Samples[i]
			s.At, s.RunningSince = later(s.At), later(s.RunningSince)
		}
		other.Now, other.State = later(other.Now), j.state.later(later)
		a, b := Decide(one), Decide(other)
		if a.Decision.Reason != b.Decision.Reason || len(a.Decision.Vertices) != len(b.Decision.Vertices) {
			t.Fatalf("%+v, %v later %+v", a.Decision, by, b.Decision)
		}
		for i := range a.Decision.Vertices {
			if x, y := a.Decision.Vertices[i], b.Decision.Vertices[i]; x.To != y.To || x.Reason != y.Reason || x.Recommended != y.Recommended {
				t.Errorf("%s: %d -> %d (%s), %v later -> %d (%s)", x.Vertex, x.From, x.To, x.Reason, by, y.To, y.Reason)
			}
		}
	})
}

func (s State) later(later func(time.Time) time.Time) State {
	next := State{History: History{}, Delayed: DelayedScaleDown{}}
	for _, r := range s.Tracking {
		r.At = later(r.At)
		next.Tracking = append(next.Tracking, r)
	}
	for id, records := range s.History {
		for _, r := range records {
			r.At = later(r.At)
			next.History[id] = append(next.History[id], r)
		}
	}
	for id, d := range s.Delayed {
		shifted := Delayed{FirstTrigger: later(d.FirstTrigger)}
		for _, r := range d.Recommended {
			r.At = later(r.At)
			shifted.Recommended = append(shifted.Recommended, r)
		}
		next.Delayed[id] = shifted
	}
	return next
}

// The algorithm reads no clock and draws no lots: what it is given is all.
func TestTheAlgorithmKnowsNoClockAndNoChance(t *testing.T) {
	files, err := filepath.Glob("*.go")
	more, err2 := filepath.Glob("*/*.go")
	if err != nil || err2 != nil || len(files) < 10 {
		t.Fatal(files, err, err2)
	}
	for _, file := range append(files, more...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if path := strings.Trim(i.Path.Value, `"`); strings.HasPrefix(path, "math/rand") || path == "crypto/rand" || path == "os" {
				t.Errorf("%s imports %s", file, path)
			}
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := call.X.(*ast.Ident); ok && of.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "Local", "NewTimer", "NewTicker"}, call.Sel.Name) {
				t.Errorf("%s uses time.%s", file, call.Sel.Name)
			}
			return true
		})
	}
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

package scaling

import (
	"fmt"
	"math"
	"time"
)

// VertexEvaluation is what a pass makes of one vertex. Rates are in records/s
// and rounded to three decimals, see [Config.FractionalRates]; NaN is "not known".
type VertexEvaluation struct {
	Vertex         VertexID
	Name           string
	Parallelism    int
	MaxParallelism int
	Partitions     int
	// Load is the busy share of a subtask, [0,1].
	Load float64
	// TrueProcessingRate is what the vertex could process if it were always busy.
	TrueProcessingRate float64
	// TargetRate is the rate that it has to process, without backlog.
	TargetRate float64
	// PeakRate is the rate for which a scale-up is sized; TargetRate or above.
	PeakRate float64
	// CatchUpRate is the rate that works the backlog off in the catch-up duration.
	CatchUpRate float64
	// Lag is the number of records waiting before a source; HasLag tells whether
	// it is known.
	Lag    float64
	HasLag bool
	// A true processing rate below ScaleUpThreshold or above ScaleDownThreshold
	// is out of bounds.
	ScaleUpThreshold, ScaleDownThreshold float64
	// Rates are the unrounded figures that all this was worked out from.
	Rates Rates
}

// GlobalEvaluation holds the cluster's figures: Latest of the newest sample,
// Average over the window; NaN where unknown.
type GlobalEvaluation struct {
	Latest, Average [globalMeasureCount]float64
}

// Evaluation is the state of a job as a pass understands it.
type Evaluation struct {
	At time.Time
	// Vertices stand in the order of the topology.
	Vertices []VertexEvaluation
	Global   GlobalEvaluation
	// Backlog is true while a source lags more than the configured threshold.
	Backlog bool
	// Restart is the restart duration that the figures allow for.
	Restart time.Duration
	// Terms are what the thresholds and needs are worked out with.
	Terms Terms
	// Warnings are what went wrong without an effect on the figures.
	Warnings []error
}

// Terms are what configuration asks of a job's figures.
type Terms struct {
	// Target, Min and Max are utilizations as configured; see [Config].
	Target, Min, Max float64
	// CatchUp is the time in which backlog is to be worked off, in whole seconds; 0
	// for none.
	CatchUp time.Duration
	// InHeadroom is true where that may take the room above Target.
	InHeadroom bool
}

func (c *Config) terms() Terms {
	return Terms{c.TargetUtilization, c.UtilizationMin, c.UtilizationMax, time.Duration(wholeSeconds(c.CatchUp)) * time.Second, c.CatchUpInHeadroom}
}

// UnknownRateError says that a source gave no rate in the whole window, without
// which nothing downstream can be sized either.
type UnknownRateError struct{ Vertex VertexID }

func (e *UnknownRateError) Error() string {
	return fmt.Sprintf("no rate of ingestion is known for source %s: its counters are missing, incomplete or restarted within the window", e.Vertex)
}

// Evaluate works out where every vertex stands (spec section 5). It fails with
// an [UnknownRateError] or a [MissingVertexError].
func Evaluate(w Window, t *Topology, c *Config, restart time.Duration) (*Evaluation, error) {
	rates, err := c.estimator().Estimate(w, t, c)
	if err != nil {
		return nil, err
	}
	e := &Evaluation{Vertices: make([]VertexEvaluation, len(t.Vertices)), Restart: restart, Terms: c.terms()}
	if latest := w.Latest(); latest != nil {
		e.At = latest.At
	}
	e.Backlog = backlog(rates, t, c)
	for i := range t.Vertices {
		if err := e.vertex(i, rates, t, c); err != nil {
			return nil, err
		}
		if c.Evaluator != nil {
			e.refine(i, w, t, c)
		}
	}
	e.Global = evaluateGlobal(w)
	return e, nil
}

// backlog is true when a source would need longer than the threshold to read
// what waits at the rate at which it reads now (spec section 5.3).
func backlog(rates []Rates, t *Topology, c *Config) bool {
	for i := range t.Vertices {
		if !t.Vertices[i].IsSource() || math.IsNaN(rates[i].In) {
			continue
		}
		var lag float64
		if rates[i].HasLag {
			lag = rates[i].Lag
		}
		if lag/rates[i].In > wholeSeconds(c.BacklogLagThreshold) {
			return true
		}
	}
	return false
}

func (e *Evaluation) vertex(i int, rates []Rates, t *Topology, c *Config) error {
	v, r := &t.Vertices[i], rates[i]
	ev := &e.Vertices[i]
	*ev = VertexEvaluation{
		Vertex: v.ID, Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism, Partitions: v.Partitions,
		Load: Round3(r.Busy), TrueProcessingRate: c.round(trueProcessingRate(r, c)),
		Lag: Round3(r.Lag), HasLag: r.HasLag, Rates: r,
	}
	if v.IsSource() {
		if err := ev.ingest(r, c); err != nil {
			return err
		}
	} else {
		e.inherit(ev, i, rates, t, c)
	}
	lower, upper := c.UtilizationMin, c.UtilizationMax
	if e.Backlog {
		lower, upper = 0, 1
	}
	ev.ScaleUpThreshold = c.round(capacity(ev.TargetRate, ev.CatchUpRate, upper, false, e.Restart, c))
	ev.ScaleDownThreshold = c.round(capacity(ev.TargetRate, ev.CatchUpRate, lower, true, e.Restart, c))
	return nil
}

// ingest sets the target of a source: what arrives, whether it is read or left
// to wait.
func (ev *VertexEvaluation) ingest(r Rates, c *Config) error {
	ingestion := math.Max(0, r.In+r.LagGrowth)
	if math.IsNaN(ingestion) {
		return &UnknownRateError{ev.Vertex}
	}
	ev.TargetRate, ev.PeakRate = c.round(ingestion), c.round(ingestion)
	if c.RecentRate && finite(r.Recent) && finite(r.Peak) {
		ev.TargetRate, ev.PeakRate = c.round(r.Recent), c.round(math.Max(r.Recent, r.Peak))
	}
	if d := wholeSeconds(c.CatchUp); d != 0 && r.HasLag {
		ev.CatchUpRate = c.round(r.Lag / d)
	}
	return nil
}

// inherit sets the target of a vertex from those of its inputs, by the share of
// their input that each sends here.
func (e *Evaluation) inherit(ev *VertexEvaluation, i int, rates []Rates, t *Topology, c *Config) {
	var target, peak, catchUp, unknown float64
	if _, counters := c.estimator().(Counters); counters {
		unknown = math.NaN()
	}
	for _, u := range t.inputs[i] {
		ifUnknown := unknown
		if rates[u].Reset || rates[i].Reset {
			ifUnknown = math.NaN()
		}
		ratio := e.outputRatio(u, i, rates, t, ifUnknown)
		target += float64(e.Vertices[u].TargetRate * ratio)
		peak += float64(e.Vertices[u].PeakRate * ratio)
		catchUp += float64(e.Vertices[u].CatchUpRate * ratio)
	}
	ev.TargetRate, ev.PeakRate, ev.CatchUpRate = c.round(target), c.round(peak), c.round(catchUp)
}

// outputRatio is the number of records that v gets per record that u reads; 0
// when there are none. Where it cannot be told, the reference takes 0 too; for
// the counters estimator it is NaN, since nothing may shrink for lack of data.
func (e *Evaluation) outputRatio(u, v int, rates []Rates, t *Topology, unknown float64) float64 {
	in, out := rates[u].In, edgeRate(u, v, rates, t)
	switch {
	case math.IsNaN(in) || math.IsNaN(out):
		return unknown
	case in > 0 && out > 0:
	case in <= 0 && e.Vertices[u].TargetRate > 0:
		return unknown // it has records to read and reads none: who knows what they become
	default:
		return 0
	}
	if own := rates[u].OutPerIn; len(t.outputs[u]) == 1 && t.ship(u, v) != ShipBroadcast && own > out/in/likeRatios && own < out/in*likeRatios {
		return own
	}
	return out / in
}

// likeRatios is how far, as a factor, the two ways to tell an output ratio may
// lie apart and still speak of the same records. After a step of the load the
// consumer's readings lag behind: its buffers fill for seconds, and its body may
// be 15 s older. The producer's own two counters are of one moment.
const likeRatios = 3

// edgeRate is the rate of records from u to v, as well as vertex counters can
// tell it.
func edgeRate(u, v int, rates []Rates, t *Topology) float64 {
	if len(t.inputs[v]) == 1 {
		return rates[v].In
	}
	var others float64
	for _, w := range t.inputs[v] {
		if w == u {
			continue
		}
		if len(t.outputs[w]) != 1 {
			others = math.NaN()
			break
		}
		others += rates[w].Out
	}
	if !math.IsNaN(others) {
		return rates[v].In - others
	}
	return rates[u].Out
}

// trueProcessingRate prefers the rate by busy time, unless the rate observed
// while catching up shows that it is too good to be true.
func trueProcessingRate(r Rates, c *Config) float64 {
	byBusy := math.Inf(1)
	if r.ProcessedIn != 0 {
		byBusy = r.ProcessedIn / r.Busy
	}
	switch {
	case math.IsNaN(r.Observed):
		return byBusy
	case !finite(byBusy), byBusy > r.Observed*(1+c.ObservedSwitchThreshold):
		return r.Observed
	default:
		return byBusy
	}
}

func evaluateGlobal(w Window) GlobalEvaluation {
	var g GlobalEvaluation
	for m := range globalMeasureCount {
		value := func(i int) float64 {
			if v, ok := w.Samples[i].Global.Get(m); ok {
				return v
			}
			return math.NaN()
		}
		g.Latest[m] = math.NaN()
		if n := len(w.Samples); n > 0 {
			g.Latest[m] = Round3(value(n - 1))
		}
		g.Average[m] = Round3(averageOf(len(w.Samples), 1, value))
	}
	return g
}

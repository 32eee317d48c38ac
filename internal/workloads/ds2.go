package workloads

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin"
	"github.com/sluice-project/sluice/twin/flow"
)

// Settings are how the autoscaler is set.
type Settings struct {
	Name    string
	Options []options.KeyValue
	// Target is the utilization that it aims at.
	Target float64
	// Aligned says that key groups count.
	Aligned bool
	// Duration is how long it is left to find its size.
	Duration time.Duration
}

func set(pairs ...string) []options.KeyValue {
	list := make([]options.KeyValue, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, options.KeyValue{Key: pairs[i], Value: pairs[i+1]})
	}
	return list
}

// asDS2 is an autoscaler with the settings of DS2.
func asDS2() Settings {
	return Settings{
		Name: "set as DS2", Target: 1, Duration: 15 * time.Minute,
		Options: set(
			"autoscaler.standalone.control-loop.interval", "30 s",
			"job.autoscaler.metrics.window", "30 s",
			"job.autoscaler.stabilization.interval", "30 s",
			"job.autoscaler.utilization.target", "1.0",
			"job.autoscaler.utilization.min", "0.9",
			"job.autoscaler.catch-up.duration", "0 s",
			"job.autoscaler.scale-down.interval", "0 s",
			"sluice.scale-down.slotwise", "false", // it knew no slots
			"job.autoscaler.scaling.parallelism-alignment.mode", "OFF",
			"job.autoscaler.vertex.max-parallelism", fmt.Sprint(slotsOfDS2),
		),
	}
}

// referenceAsDS2 is profile reference with the settings of DS2.
func referenceAsDS2() Settings {
	s := asDS2()
	s.Name = "profile reference, set as DS2"
	s.Options = append(s.Options, set("sluice.profile", "reference", "job.autoscaler.enabled", "true")...)
	return s
}

// byDefault is profile sluice as it comes.
func byDefault() Settings {
	return Settings{
		Name: "profile sluice by default", Target: 0.7, Aligned: true, Duration: 3 * time.Hour,
		Options: set("job.autoscaler.vertex.max-parallelism", fmt.Sprint(slotsOfDS2)),
	}
}

// room is by how much the optimum can do more than it has to. Without any, a job of
// exactly the right size cannot be told from one that is too small by nothing but
// the rounding of its counters.
const room = 0.01

// mainVertex is the one that is scaled.
const mainVertex = "main"

// capacities is what a vertex can do at each parallelism that carries a rate at its
// optimum. Below, a subtask can do more, as in the measured curve; in the few places
// where that has it do less than at a greater parallelism, as much as there. Above,
// a subtask can do as much as at the optimum.
func capacities(rate float64, optimum int, room float64) []flow.Point {
	by, each := rate*(1+room)/capacityAt(float64(optimum)), 0.0
	points := make([]flow.Point, optimum)
	for p := optimum; p >= 1; p-- {
		each = max(each, capacityAt(float64(p))/float64(p))
		points[p-1] = flow.Point{X: float64(p), Y: by * each * float64(p)}
	}
	return points
}

// fit is the smallest parallelism at which a vertex of these capacities carries a rate
// at a utilization.
func fit(capacity []flow.Point, rate, utilization float64) int {
	last := capacity[len(capacity)-1]
	for _, p := range capacity {
		if rate <= p.Y*utilization {
			return int(p.X)
		}
	}
	return int(math.Ceil(rate / utilization / (last.Y / last.X)))
}

// graph builds a job vertex by vertex.
type graph struct{ job twin.JobSpec }

// add adds a vertex at a parallelism and returns its index.
func (g *graph) add(v flow.Vertex, s twin.VertexSpec) int {
	i := len(g.job.Vertices)
	s.ID = vertexID(i)
	g.job.Graph.Vertices, g.job.Vertices = append(g.job.Graph.Vertices, v), append(g.job.Vertices, s)
	return i
}

func vertexID(i int) string { return fmt.Sprintf("%032x", i+1) }

// source adds one that reads a rate at a third of what it can, and always does.
func (g *graph) source(name string, rate float64) int {
	const parallelism = 4
	if g.job.Loads == nil {
		g.job.Loads = map[string]twin.Load{}
	}
	g.job.Loads[name] = twin.Rate(rate)
	return g.add(flow.Vertex{Name: name, Cost: flow.Cost{Seconds: parallelism / rate / 3}, Source: &flow.Source{}}, twin.VertexSpec{Parallelism: parallelism})
}

func (g *graph) connect(from, to int, selectivity float64, e flow.Exchange) {
	g.job.Graph.Edges = append(g.job.Graph.Edges, flow.Edge{From: from, To: to, Selectivity: selectivity, Exchange: e})
}

// nexmarkRun is a query from a parallelism on.
func nexmarkRun(q *Query, start int, s Settings, room float64) *Run {
	g := graph{twin.JobSpec{Name: q.Name}}
	var sources []int
	for i, rate := range q.Rates {
		sources = append(sources, g.source(fmt.Sprintf("source %d", i+1), rate))
	}
	v := g.add(flow.Vertex{Name: mainVertex, Cost: flow.Cost{Capacity: capacities(q.Rate(), q.Optimum(), room)}}, twin.VertexSpec{Parallelism: start})
	exchange := flow.Rebalance
	if q.Keyed {
		exchange = flow.Hash
	}
	for _, from := range sources {
		g.connect(from, v, 1, exchange)
	}
	return ds2Run(&g, len(sources), s)
}

// ds2Run is a job on a cluster like that of DS2. Its sources stay as they are.
func ds2Run(g *graph, sources int, s Settings) *Run {
	var fixed []string
	for i := range sources {
		fixed = append(fixed, vertexID(i))
	}
	r := &Run{
		Cluster: twin.Config{Options: map[string]string{"execution.checkpointing.interval": "10 s"}},
		Job:     g.job, Duration: s.Duration,
		Options: append(set("job.autoscaler.vertex.exclude.ids", strings.Join(fixed, ";")), s.Options...),
	}
	for range slotsOfDS2 / 4 {
		r.Cluster.TaskManagers = append(r.Cluster.TaskManagers, twin.TaskManager{Slots: 4})
	}
	return r
}

// The vertices of the word count.
const (
	flatMap = "FlatMap"
	count   = "Count"
)

// wordCount is that of DS2's section 5.2: a million sentences a minute of 20 words
// each, of which a FlatMap splits 100,000 a minute and a Count takes a million words.
func wordCount(s Settings) *Run {
	const sentences, words = 1e6 / 60, 20
	g := graph{twin.JobSpec{Name: "word count"}}
	source := g.source("source", sentences)
	split := g.add(flow.Vertex{Name: flatMap, Cost: flow.Cost{Seconds: 60 / 100e3 / (1 + room)}}, twin.VertexSpec{Parallelism: 1})
	counts := g.add(flow.Vertex{Name: count, Cost: flow.Cost{Seconds: 60 / 1e6 / (1 + room)}}, twin.VertexSpec{Parallelism: 1})
	g.connect(source, split, 1, flow.Rebalance)
	g.connect(split, counts, words, flow.Hash)
	return ds2Run(&g, 1, s)
}

// The word count of DS2's section 5.3.
const (
	dynamicHigh, dynamicLow = 2e6, 1e6 // sentences/s
	dynamicWords            = 20
	dynamicSplit            = 10 // optimum of FlatMap for the higher rate
	dynamicCount            = 20 // the same of Count
)

// dynamicWordCount has 2M sentences/s and, after half of the time, 1M/s. What its
// vertices can do was not published: here they have the optimum of the other word
// count at the higher rate, and less than even capacity.
func dynamicWordCount(s Settings) *Run {
	g := graph{twin.JobSpec{Name: "dynamic word count"}}
	source := g.source("source", dynamicHigh)
	split := g.add(flow.Vertex{Name: flatMap, Cost: flow.Cost{Capacity: capacities(dynamicHigh, dynamicSplit, room)}}, twin.VertexSpec{Parallelism: dynamicSplit / 2})
	counts := g.add(flow.Vertex{Name: count, Cost: flow.Cost{Capacity: capacities(dynamicHigh*dynamicWords, dynamicCount, room)}}, twin.VertexSpec{Parallelism: dynamicCount / 2})
	g.connect(source, split, 1, flow.Rebalance)
	g.connect(split, counts, dynamicWords, flow.Hash)
	r := ds2Run(&g, 1, s)
	r.Loads = []Change{{At: s.Duration, Source: "source", Rate: dynamicLow}}
	r.Duration = 2 * s.Duration
	return r
}

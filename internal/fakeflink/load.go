package fakeflink

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"sync"
	"time"
)

// vertexShape is a vertex of the graph that all jobs have.
type vertexShape struct {
	id, name, operator string
	// inputs are positions of the vertices it reads from, by the strategy ship.
	inputs []int
	ship   string
	// topic is set for sources.
	topic string
	// share is the number of records read for each one read by one source.
	share float64
}

const (
	vertexCount    = 8
	joinVertex     = 4
	maxParallelism = 128
	partitions     = 12
)

// graph stands in the order of the plan.
var graph = identified([vertexCount]vertexShape{
	{name: "Source: orders", operator: "Source__orders", topic: "orders", share: 1},
	{name: "Source: payments", operator: "Source__payments", topic: "payments", share: 1},
	{name: "parse orders", operator: "parse_orders", inputs: []int{0}, ship: "REBALANCE", share: 1},
	{name: "parse payments", operator: "parse_payments", inputs: []int{1}, ship: "REBALANCE", share: 1},
	{name: "join", operator: "join", inputs: []int{2, 3}, ship: "HASH", share: 2},
	{name: "enrich", operator: "enrich", inputs: []int{4}, ship: "HASH", share: 2},
	{name: "aggregate", operator: "aggregate", inputs: []int{5}, ship: "HASH", share: 2},
	{name: "sink: Writer", operator: "sink__Writer", inputs: []int{6}, ship: "REBALANCE", share: 2},
})

func identified(vertices [vertexCount]vertexShape) [vertexCount]vertexShape {
	for i := range vertices {
		vertices[i].id = digest("vertex", i)
	}
	return vertices
}

// digest is an id as Flink makes them.
func digest(kind string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
	return hex.EncodeToString(sum[:16])
}

// feeds tells whether records of vertex u reach vertex v.
func feeds(u, v int) bool {
	for _, in := range graph[v].inputs {
		if in == u || feeds(u, in) {
			return true
		}
	}
	return false
}

// job is one job: its load, what of it was worked off, and what it was asked to
// become.
type job struct {
	id, name   string
	overloaded bool
	submitted  time.Time
	// usual is what arrives at each source at the start, in records/s, and demand
	// what arrives now.
	usual, demand float64
	// cost is the busy time a record takes at each vertex, in ms.
	cost [vertexCount]float64

	mu       sync.Mutex
	running  time.Time // since when
	attempt  int
	counted  time.Time // up to when the counters have come
	vertices [vertexCount]vertexState
	// lag is what waits before each source, in records.
	lag float64
	// restart is when the wanted parallelism comes; zero for never.
	restart time.Time
}

// vertexState holds the counters of one vertex since the attempt began. Times
// are in ms, summed over subtasks.
type vertexState struct {
	parallelism, lower, upper    int
	records, busy, blocked, idle float64
	// rate is the newest, in records/s; busyShare and blockedShare belong to it.
	rate, busyShare, blockedShare float64
}

// newJob makes a job whose vertices are busy for 45 to 65 % of their time. An
// overloaded one would need its join twice as wide.
func newJob(i int, overloaded bool, since time.Time, cfg Config) *job {
	j := &job{
		id: digest("job", i), name: fmt.Sprintf("orders-%05d", i), overloaded: overloaded,
		submitted: since, running: since, counted: since, usual: 500 + float64(i*37%1000),
	}
	j.demand = j.usual
	for v := range graph {
		share := 0.45 + 0.05*float64((i+v)%5)
		if overloaded && v == joinVertex {
			share = 2
		}
		j.cost[v] = share * float64(cfg.Parallelism) * 1000 / (j.demand * graph[v].share)
		j.vertices[v] = vertexState{parallelism: cfg.Parallelism, lower: 1, upper: cfg.Parallelism}
	}
	return j
}

// advance brings a job up to now; counters come up to the time of the newest
// metrics only.
func (j *job) advance(now, metrics time.Time) {
	if !j.restart.IsZero() && !now.Before(j.restart) {
		j.work(j.restart)
		j.begin(j.restart)
	}
	j.work(metrics)
}

// begin starts another attempt with the wanted parallelism.
func (j *job) begin(at time.Time) {
	j.running, j.counted, j.restart = at, at, time.Time{}
	j.attempt++
	for v := range j.vertices {
		s := &j.vertices[v]
		*s = vertexState{parallelism: s.upper, lower: s.lower, upper: s.upper}
	}
}

// work lets the load flow until then: as much as the narrowest vertex takes.
func (j *job) work(until time.Time) {
	seconds := until.Sub(j.counted).Seconds()
	if seconds <= 0 {
		return
	}
	j.counted = until
	narrowest, most := j.narrowest()
	arrived := j.lag + j.demand*seconds
	done := math.Min(arrived, most*seconds)
	j.lag = arrived - done
	for v := range j.vertices {
		s := &j.vertices[v]
		time := 1000 * seconds * float64(s.parallelism)
		records := done * graph[v].share
		busy := records * j.cost[v]
		rest := time - busy
		s.rate, s.busyShare, s.blockedShare = records/seconds, busy/time, 0
		s.records += records
		s.busy += busy
		if j.lag > 0 && feeds(v, narrowest) {
			s.blocked += rest
			s.blockedShare = rest / time
		} else {
			s.idle += rest
		}
	}
}

// narrowest is the vertex that limits the job, and the records/s that it lets
// each source read.
func (j *job) narrowest() (vertex int, most float64) {
	most = math.Inf(1)
	for v := range j.vertices {
		if can := 1000 * float64(j.vertices[v].parallelism) / (j.cost[v] * graph[v].share); can < most {
			vertex, most = v, can
		}
	}
	return vertex, most
}

// tasks is the number of subtasks of the job.
func (j *job) tasks() int {
	n := 0
	for v := range j.vertices {
		n += j.vertices[v].parallelism
	}
	return n
}

// require takes new bounds over; the job restarts with the upper ones if they
// are others than it runs with.
func (j *job) require(lower, upper [vertexCount]int, restart time.Time) {
	j.restart = time.Time{}
	for v := range j.vertices {
		s := &j.vertices[v]
		s.lower, s.upper = lower[v], upper[v]
		if s.upper != s.parallelism {
			j.restart = restart
		}
	}
}

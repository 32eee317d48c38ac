package bulk

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Graph is what a batch job consists of: vertices, and edges between their indices,
// each from a vertex to a later one.
type Graph struct {
	Vertices []Vertex `json:"vertices"`
	Edges    []Edge   `json:"edges,omitempty"`
}

// Vertex is a chain of operators.
type Vertex struct {
	Name string `json:"name"`
	// Bytes are what a source in the chain reads, all tasks together. A vertex without
	// inputs is nothing but a source.
	Bytes float64 `json:"bytes,omitempty"`
	// Steady says that the bytes of a source are the same on each day.
	Steady bool `json:"steady,omitempty"`
	// Infers lets a source tell the scheduler how many tasks would suit it: one for
	// each share of its bytes that a task is to read.
	Infers bool `json:"infers,omitempty"`
	// Cost is how long a task takes for each MiB that it reads.
	Cost time.Duration `json:"cost,omitempty"`
	// Fixed is how long each task takes beside that, once it runs.
	Fixed time.Duration `json:"fixed,omitempty"`
	// RecordBytes is the size of the records that it reads; 0 is 100.
	RecordBytes float64 `json:"recordBytes,omitempty"`
	// Parallelism is the configured one; 0 leaves it to the scheduler.
	Parallelism int `json:"parallelism,omitempty"`
	// MaxParallelism is the configured one; 0 for the scheduler's.
	MaxParallelism int `json:"maxParallelism,omitempty"`
}

// Edge is a way of data from one vertex to another.
type Edge struct {
	From int `json:"from"`
	To   int `json:"to"`
	// Share is how many bytes go this way for each byte that From reads.
	Share    float64  `json:"share"`
	Ship     Ship     `json:"ship"`
	Exchange Exchange `json:"exchange"`
	// Skew is the largest subpartition's bytes over the mean, at most the number of
	// subpartitions; 0 and 1 are even. Only Hash has it.
	Skew float64 `json:"skew,omitempty"`
	// HotKeys are the shares of the hottest keys in all bytes: each lies in one
	// subpartition, the rest is even. Only Hash has them; not with Skew.
	HotKeys []float64 `json:"hotKeys,omitempty"`
}

// Ship is how an edge divides what it carries.
type Ship int

// The ways to ship.
const (
	Forward   Ship = iota // to the one task of the same index
	Rebalance             // evenly to all
	Rescale               // evenly to those of the same part
	Hash                  // by a key
	Broadcast             // all to each
)

var ships = [...]string{"forward", "rebalance", "rescale", "hash", "broadcast"}

// String is the way as it is configured.
func (s Ship) String() string { return nameOf(ships[:], int(s)) }

// ParseShip reads what String writes. An error says which there are.
func ParseShip(text string) (Ship, error) {
	for i, name := range ships {
		if name == text {
			return Ship(i), nil
		}
	}
	return 0, fmt.Errorf("%q: want forward, rebalance, rescale, hash or broadcast", text)
}

// Exchange is how an edge hands over what it carries.
type Exchange int

// The exchanges.
const (
	Configured      Exchange = iota // as the options say; no graph that runs has it
	Blocking                        // once all is written
	HybridFull                      // while it is written, and kept
	HybridSelective                 // while it is written, and kept where nobody has read it
	Pipelined                       // from task to task; the scheduler takes no such job
)

var exchanges = [...]string{"", "blocking", "hybrid-full", "hybrid-selective", "pipelined"}

// String is the exchange as it is configured.
func (e Exchange) String() string { return nameOf(exchanges[:], int(e)) }

// ParseExchange reads what String writes. An error says which there are.
func ParseExchange(text string) (Exchange, error) {
	for i, name := range exchanges {
		if name == text && i > 0 {
			return Exchange(i), nil
		}
	}
	return 0, fmt.Errorf("%q: want blocking, hybrid-full, hybrid-selective or pipelined", text)
}

func nameOf(names []string, i int) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("unknown (%d)", i)
	}
	return names[i]
}

// most is the largest size of anything, 8 PiB: sums stay exact.
const most = 1 << 53

// Validate says what is wrong with the graph, by the name of the vertex.
func (g *Graph) Validate() error {
	if len(g.Vertices) == 0 {
		return errors.New("there are no vertices")
	}
	for _, e := range g.Edges {
		if e.From < 0 || e.From >= e.To || e.To >= len(g.Vertices) {
			return fmt.Errorf("an edge from vertex %d to %d: want one from a vertex to a later one", e.From, e.To)
		}
		if err := e.validate(); err != nil {
			return fmt.Errorf("vertex %s: input %s: %w", g.Vertices[e.To].Name, g.Vertices[e.From].Name, err)
		}
	}
	seen := map[string]bool{}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if v.Name == "" {
			return fmt.Errorf("vertex %d has no name", i)
		}
		if seen[v.Name] {
			return fmt.Errorf("two vertices of the name %s", v.Name)
		}
		seen[v.Name] = true
		if err := v.validate(); err != nil {
			return fmt.Errorf("vertex %s: %w", v.Name, err)
		}
	}
	return nil
}

func (v *Vertex) validate() error {
	switch {
	case !(v.Bytes >= 0 && v.Bytes <= most):
		return fmt.Errorf("bytes %v: want 0 to 8 PiB", v.Bytes)
	case v.Cost < 0 || v.Fixed < 0:
		return fmt.Errorf("cost %v, fixed %v: want durations that are not negative", v.Cost, v.Fixed)
	case !(v.RecordBytes >= 0 && v.RecordBytes <= most):
		return fmt.Errorf("record-bytes %v: want a size", v.RecordBytes)
	case v.Parallelism < 0 || v.Parallelism > maxParallelism || v.MaxParallelism < 0 || v.MaxParallelism > maxParallelism:
		return fmt.Errorf("parallelism %d, max-parallelism %d: want 1 to %d", v.Parallelism, v.MaxParallelism, maxParallelism)
	case v.MaxParallelism > 0 && v.Parallelism > v.MaxParallelism:
		return fmt.Errorf("parallelism %d is above max-parallelism %d", v.Parallelism, v.MaxParallelism)
	}
	return nil
}

// maxParallelism is Flink's.
const maxParallelism = 1 << 15

func (e *Edge) validate() error {
	switch {
	case e.Ship < 0 || int(e.Ship) >= len(ships) || e.Exchange < 0 || int(e.Exchange) >= len(exchanges):
		return fmt.Errorf("ship %d, exchange %d: there are none such", e.Ship, e.Exchange)
	case !(e.Share >= 0 && e.Share <= 1e6):
		return fmt.Errorf("share %v: want 0 to a million", e.Share)
	case !(e.Skew == 0 || e.Skew >= 1 && !math.IsInf(e.Skew, 0)):
		return fmt.Errorf("skew %v: want 1 or more", e.Skew)
	case e.Skew > 0 && len(e.HotKeys) > 0:
		return errors.New("skew and hot-keys: want one of the two")
	case e.Ship != Hash && e.Skew+float64(len(e.HotKeys)) > 0:
		return fmt.Errorf("skew and hot-keys are for hash, this is %s", e.Ship)
	}
	return e.validateKeys()
}

func (e *Edge) validateKeys() error {
	sum := 0.0
	for _, share := range e.HotKeys {
		if !(share >= 0) {
			return fmt.Errorf("hot-keys: %v: want shares from 0 to 1", share)
		}
		sum += share
	}
	if sum > 1 {
		return fmt.Errorf("hot-keys: they add up to %v: want at most 1", sum)
	}
	return nil
}

// inputs are the edges that lead to a vertex, by their index, in order.
func (g *Graph) inputs(v int) []int {
	var all []int
	for i := range g.Edges {
		if g.Edges[i].To == v {
			all = append(all, i)
		}
	}
	return all
}

// outputs are the edges that lead away from a vertex.
func (g *Graph) outputs(v int) []int {
	var all []int
	for i := range g.Edges {
		if g.Edges[i].From == v {
			all = append(all, i)
		}
	}
	return all
}

// Source says whether a vertex is one: nothing leads to it.
func (g *Graph) Source(v int) bool { return len(g.inputs(v)) == 0 }

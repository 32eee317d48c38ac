package flow

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Validate says what is wrong with a graph, all of it.
func (g Graph) Validate() error {
	if len(g.Vertices) == 0 {
		return errors.New("check the graph: no vertices")
	}
	var problems []error
	entered := make([]bool, len(g.Vertices))
	for i, e := range g.Edges {
		if err := e.check(len(g.Vertices)); err != nil {
			problems = append(problems, fmt.Errorf("check edge %d: %w", i, err))
			continue
		}
		entered[e.To] = true
	}
	for i := range g.Vertices {
		v := &g.Vertices[i]
		if err := v.check(entered[i]); err != nil {
			problems = append(problems, fmt.Errorf("check vertex %d (%s): %w", i, v.Name, err))
		}
	}
	c := g.Checkpoints
	if err := errors.Join(amount("upload", c.Upload), span("latency", c.Latency)); err != nil {
		problems = append(problems, fmt.Errorf("check checkpoints: %w", err))
	}
	if len(problems) == 0 {
		if _, err := topological(g); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (e Edge) check(vertices int) error {
	if e.From < 0 || e.From >= vertices || e.To < 0 || e.To >= vertices {
		return fmt.Errorf("from %d to %d; want vertices 0 to %d", e.From, e.To, vertices-1)
	}
	if e.Exchange < Forward || e.Exchange > Broadcast {
		return fmt.Errorf("exchange %d is none", e.Exchange)
	}
	return errors.Join(amount("selectivity", e.Selectivity), e.Buffers.check())
}

func (v *Vertex) check(entered bool) error {
	problems := []error{
		v.Cost.check(),
		share("waits", v.Waits), share("hard back-pressure", v.HardBackPressure),
		amount("skew", v.Skew), amount("record bytes", v.RecordBytes), amount("garbage", v.Garbage),
		amounts("hot keys", v.HotKeys), share("hot keys together", sum(v.HotKeys)),
		v.State.check(),
	}
	if v.Skew > 0 && v.Skew < 1 {
		problems = append(problems, fmt.Errorf("skew is %v; want 0, or 1 and above", v.Skew))
	}
	if v.Skew > 0 && len(v.HotKeys) > 0 {
		problems = append(problems, errors.New("both skew and hot keys; want one of them"))
	}
	if v.KeyGroups < 0 {
		problems = append(problems, fmt.Errorf("%d key groups; want 0 or more", v.KeyGroups))
	}
	switch {
	case v.Source != nil && entered:
		problems = append(problems, errors.New("an edge enters a source"))
	case v.Source == nil && !entered:
		problems = append(problems, errors.New("no edge enters it, and it is no source"))
	case v.Source != nil:
		problems = append(problems, v.Source.check())
	}
	return errors.Join(problems...)
}

func (s *Source) check() error {
	problems := []error{
		amount("backlog", s.Backlog), amount("record bytes", s.RecordBytes), amounts("partition shares", s.PartitionShares),
		span("retention", s.Retention), span("backlog span", s.BacklogSpan), span("out of order", s.OutOfOrder), span("idleness", s.Idleness),
	}
	if s.Partitions < 0 {
		problems = append(problems, fmt.Errorf("%d partitions; want 0 or more", s.Partitions))
	}
	if n := len(s.PartitionShares); n > 0 && (n != s.Partitions || sum(s.PartitionShares) == 0) {
		problems = append(problems, fmt.Errorf("%d partition shares for %d partitions; want one each, not all 0", n, s.Partitions))
	}
	return errors.Join(problems...)
}

func (s State) check() error {
	return errors.Join(amount("state bytes", s.Bytes), amount("keys", s.Keys), amount("bytes per key", s.BytesPerKey),
		amount("bytes per record", s.BytesPerRecord), span("window", s.Window))
}

// amount refuses what is negative, infinite or no number. The bound keeps products
// finite.
func amount(what string, value float64) error {
	if !(value >= 0 && value <= 1e18) {
		return fmt.Errorf("%s: %v; want 0 or more", what, value)
	}
	return nil
}

func amounts(what string, values []float64) error {
	for _, v := range values {
		if err := amount(what, v); err != nil {
			return err
		}
	}
	return nil
}

func share(what string, value float64) error {
	if !(value >= 0 && value <= 1+1e-9) {
		return fmt.Errorf("%s: %v; want 0 to 1", what, value)
	}
	return nil
}

func span(what string, value time.Duration) error {
	if value < 0 {
		return fmt.Errorf("%s: %v; want 0 or more", what, value)
	}
	return nil
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// topological is an order in which every edge leads forward; of several the one
// that follows the indices.
func topological(g Graph) ([]int, error) {
	missing := make([]int, len(g.Vertices))
	for _, e := range g.Edges {
		missing[e.To]++
	}
	order := make([]int, 0, len(missing))
	for range missing {
		next := slices.Index(missing, 0)
		if next < 0 {
			return nil, errors.New("check the graph: a circle of edges")
		}
		missing[next] = math.MaxInt
		order = append(order, next)
		for _, e := range g.Edges {
			if e.From == next {
				missing[e.To]--
			}
		}
	}
	return order, nil
}

package twin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/bulk"
	"github.com/sluice-project/sluice/twin/flow"
)

// BatchSpec makes a job one of batches: it reads what is there, and ends.
type BatchSpec struct {
	Graph bulk.Graph `json:"graph"`
	// Repeat hands the job in again and again; nil is once, at once.
	Repeat *Repeat `json:"repeat,omitempty"`
}

// Repeat is when a job is handed in, and how much there is to read then. Each run is
// a job of its own, of the same name. One that is due while the JobManager is down is
// left out.
type Repeat struct {
	// Every is the time from one run to the next, at least a second; 0 is a day.
	Every time.Duration `json:"every,omitempty"`
	// Daily is the time of day, in UTC, of the first run, below a day; without it the
	// first run is at once. Only with days.
	Daily *time.Duration `json:"daily,omitempty"`
	// Volumes are the factors of what the sources read that are not steady, run by run,
	// and then from the beginning again. Load is the factor as a curve, at the time of
	// the run; not both. Without them it is always 1.
	Volumes []float64 `json:"volumes,omitempty"`
	Load    *Load     `json:"load,omitempty"`
}

const day = 24 * time.Hour

func (r *Repeat) validate() error {
	switch {
	case r.Every != 0 && r.Every < time.Second:
		return fmt.Errorf("every %v: want a second or more", r.Every)
	case r.Daily != nil && (*r.Daily < 0 || *r.Daily >= day):
		return fmt.Errorf("daily %v: want a time of day", *r.Daily)
	case r.Daily != nil && r.Every%day != 0:
		return fmt.Errorf("daily, and every %v: want days, or one of the two", r.Every)
	case len(r.Volumes) > 0 && r.Load != nil:
		return errors.New("volumes as a list and as a curve: want one of the two")
	}
	for _, x := range r.Volumes {
		if !(x >= 0 && x <= 1e9) {
			return fmt.Errorf("volume %v: want a factor from 0 on", x)
		}
	}
	return nil
}

// every is the time from one run to the next.
func (r *Repeat) every() time.Duration {
	if r.Every == 0 {
		return day
	}
	return r.Every
}

// first is the first run of a job that is handed in now.
func (r *Repeat) first(now time.Time) time.Time {
	if r.Daily == nil {
		return now
	}
	at := now.Truncate(day).Add(*r.Daily)
	if at.Before(now) {
		at = at.Add(day)
	}
	return at
}

// completeBatch fills in what is left open, and checks the rest.
func (s *JobSpec) completeBatch() error {
	b := s.Batch
	if len(s.Graph.Vertices) > 0 || len(s.Loads) > 0 || s.Savepoint != "" {
		return errors.New("a batch job has no graph of a stream, no loads and no savepoint")
	}
	if err := b.Graph.Validate(); err != nil {
		return err
	}
	if b.Repeat != nil {
		if err := b.Repeat.validate(); err != nil {
			return err
		}
	}
	if len(s.Vertices) == 0 {
		s.Vertices = make([]VertexSpec, len(b.Graph.Vertices))
	}
	if len(s.Vertices) != len(b.Graph.Vertices) {
		return fmt.Errorf("%d vertices in Flink's words, %d in the graph", len(s.Vertices), len(b.Graph.Vertices))
	}
	vertices, seen := make([]VertexSpec, len(s.Vertices)), map[string]bool{}
	for i, v := range s.Vertices {
		name := b.Graph.Vertices[i].Name
		if v.Group == "" {
			v.Group = name // each vertex has slots of its own
		}
		v.fill(name, b.Graph.Source(i))
		v.Parallelism, v.MaxParallelism = b.Graph.Vertices[i].Parallelism, b.Graph.Vertices[i].MaxParallelism
		if !isHexID(v.ID) {
			return fmt.Errorf("vertex %s: id %q: want 32 hexadecimal digits", name, v.ID)
		}
		if seen[v.ID] {
			return fmt.Errorf("two vertices of id %s", v.ID)
		}
		seen[v.ID] = true
		vertices[i] = v
	}
	s.Vertices = vertices
	s.Graph = flow.Graph{Vertices: make([]flow.Vertex, len(vertices))} // for their names, and which are sources
	for i := range vertices {
		s.Graph.Vertices[i].Name = b.Graph.Vertices[i].Name
		if b.Graph.Source(i) {
			s.Graph.Vertices[i].Source = &flow.Source{}
		}
	}
	return nil
}

// parallelism is that of a batch job as a whole: what its own options say, and 1 where
// they say nothing, whatever those of the cluster say.
func (s *JobSpec) parallelism() (int, error) {
	text, set := s.Options[defaultParallelism]
	if !set {
		return 1, nil
	}
	p, err := strconv.Atoi(text)
	if err != nil || p < 1 || p > slots.MaxParallelismLimit {
		return 0, fmt.Errorf("option %s: %q: want a whole number from 1 to %d", defaultParallelism, text, slots.MaxParallelismLimit)
	}
	return p, nil
}

// shuffleModes are the exchanges by the values of execution.batch-shuffle-mode.
var shuffleModes = map[string]bulk.Exchange{
	"":                               bulk.Blocking,
	"all_exchanges_blocking":         bulk.Blocking,
	"all_exchanges_hybrid_full":      bulk.HybridFull,
	"all_exchanges_hybrid_selective": bulk.HybridSelective,
	"all_exchanges_pipelined":        bulk.Pipelined,
}

const shuffleMode = "execution.batch-shuffle-mode"

// shuffled is the graph with the exchanges that the options leave to it.
func (b *BatchSpec) shuffled(options map[string]string) (bulk.Graph, error) {
	byDefault, known := shuffleModes[strings.ToLower(strings.ReplaceAll(options[shuffleMode], "-", "_"))]
	if !known {
		return bulk.Graph{}, fmt.Errorf("option %s: %q: want ALL_EXCHANGES_BLOCKING, ALL_EXCHANGES_HYBRID_FULL, ALL_EXCHANGES_HYBRID_SELECTIVE or ALL_EXCHANGES_PIPELINED",
			shuffleMode, options[shuffleMode])
	}
	g := bulk.Graph{Vertices: b.Graph.Vertices, Edges: append([]bulk.Edge{}, b.Graph.Edges...)}
	for i := range g.Edges {
		if g.Edges[i].Exchange == bulk.Configured {
			g.Edges[i].Exchange = byDefault
		}
	}
	return g, nil
}

package twin

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/cluster"
	"github.com/sluice-project/sluice/scheduler/slots"
	"github.com/sluice-project/sluice/twin/flow"
	"github.com/sluice-project/sluice/twin/workload"
)

// JobSpec is a job to submit.
type JobSpec struct {
	// ID is 32 hexadecimal digits; an empty one follows from the name and how many
	// jobs there were.
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	// Graph is the dataflow; edges lead from a vertex to a later one. Vertices are
	// its vertices as Flink has them, in the same order.
	Graph    flow.Graph   `json:"graph"`
	Vertices []VertexSpec `json:"vertices"`
	// Loads are what arrives, by the names of source vertices. A source without one
	// gets nothing.
	Loads map[string]Load `json:"loads,omitempty"`
	// Options are Flink's, on top of those of the cluster. parallelism.default among them
	// is the parallelism of the job as a whole; a batch job has none of the cluster's.
	Options map[string]string `json:"options,omitempty"`
	// Parameters are the global job parameters.
	Parameters map[string]string `json:"parameters,omitempty"`
	// Savepoint is where the job starts from: the location of a savepoint of a job
	// of the same graph. Empty for none.
	Savepoint string `json:"savepoint,omitempty"`
	// Batch makes it a batch job, which has no Graph, Loads and Savepoint; nil for a
	// stream.
	Batch *BatchSpec `json:"batch,omitempty"`
}

// VertexSpec is what Flink knows of a vertex and the dataflow does not.
type VertexSpec struct {
	// ID is 32 hexadecimal digits; an empty one follows from the name in the graph,
	// as from a uid.
	ID string `json:"id,omitempty"`
	// Operators are the names of the chain; none is the name in the graph.
	Operators []string `json:"operators,omitempty"`
	// Group is the slot sharing group; empty is default.
	Group string `json:"group,omitempty"`
	// Parallelism is the configured one and upper bound, at least 1; 0 is
	// parallelism.default, or 1. Lower is the lower bound; 0 is 1.
	Parallelism int `json:"parallelism,omitempty"`
	Lower       int `json:"lower,omitempty"`
	// MaxParallelism is 0 for Flink's own choice.
	MaxParallelism int `json:"maxParallelism,omitempty"`
	// Topic makes a source one of Kafka, with metrics for each partition.
	Topic string `json:"topic,omitempty"`
	// CountsInput lets the task of a source count what it reads as received, which
	// some connectors do.
	CountsInput bool `json:"countsInput,omitempty"`
	// HidesLag keeps a source from reporting what it has not read yet.
	HidesLag bool `json:"hidesLag,omitempty"`
}

// Load is what arrives at a source over the time since the twin's start.
type Load struct {
	// Curve is the load; nil is nothing.
	Curve flow.Load `json:"-"`
	// YAML is the text that the curve is read from, in the words of package workload;
	// it counts before Curve. A snapshot can be written as JSON only if every load has
	// one.
	YAML string `json:"yaml,omitempty"`
	// Place is what seeds follow from that the text leaves out; empty is the names of
	// the job and the source.
	Place string `json:"place,omitempty"`
	// Files are the tables that the text names, by their names.
	Files map[string][]byte `json:"files,omitempty"`
}

// Read is the load with its curve, if it has a text: as the source of that name in a
// twin of this configuration gets it.
func (l Load) Read(c Config, job, source string) (Load, error) {
	if l.YAML == "" {
		return l, nil
	}
	c = c.withDefaults()
	if l.Place == "" {
		l.Place = job + "/" + source
	}
	curve, err := workload.ParseCurve("load", []byte(l.YAML), workload.Context{
		Start: c.Start, Seed: c.Seed, Place: l.Place, ReadFile: l.file,
	})
	l.Curve = curve
	return l, err
}

// file is one of those that came with the load.
func (l Load) file(name string) ([]byte, error) {
	contents, there := l.Files[name]
	if !there {
		return nil, errors.New("no files are read here")
	}
	return contents, nil
}

// Rate is a load of always so many records/s.
func Rate(perSecond float64) Load {
	return Load{Curve: flow.Constant(perSecond), YAML: fmt.Sprint(perSecond)}
}

// shifted is a load as a job sees it that began later than the twin.
type shifted struct {
	load flow.Load
	by   time.Duration
}

func (s shifted) Mean(from, to time.Duration) float64 { return s.load.Mean(from+s.by, to+s.by) }

func (s shifted) Next(t time.Duration) (time.Duration, bool) {
	next, bends := s.load.Next(t + s.by)
	return next - s.by, bends
}

// hexID is an id of Flink's that follows from a text.
func hexID(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // a name, no protection
	return hex.EncodeToString(sum[:])
}

func isHexID(id string) bool {
	_, err := hex.DecodeString(id)
	return err == nil && len(id) == 32 && strings.ToLower(id) == id
}

// complete fills in what was left to the twin, and checks the rest.
func (s *JobSpec) complete(number int) error {
	if err := s.identify(number); err != nil {
		return err
	}
	if s.Batch != nil {
		return s.completeBatch()
	}
	return s.completeStream()
}

// identify gives it an id.
func (s *JobSpec) identify(number int) error {
	if s.Name == "" {
		return errors.New("a job without a name")
	}
	if s.Batch != nil && s.Batch.Repeat != nil && s.ID != "" {
		return fmt.Errorf("id %s: each run of a job that repeats gets one of its own", s.ID)
	}
	if s.ID == "" {
		s.ID = hexID(fmt.Sprintf("job %d %s", number, s.Name))
	}
	if !isHexID(s.ID) {
		return fmt.Errorf("id %q: want 32 hexadecimal digits", s.ID)
	}
	return nil
}

func (s *JobSpec) completeStream() error {
	if err := s.Graph.Validate(); err != nil {
		return err
	}
	if len(s.Vertices) != len(s.Graph.Vertices) {
		return fmt.Errorf("%d vertices in Flink's words, %d in the graph", len(s.Vertices), len(s.Graph.Vertices))
	}
	for _, e := range s.Graph.Edges {
		if e.From >= e.To {
			return fmt.Errorf("an edge from vertex %d to %d: want one from a vertex to a later one", e.From, e.To)
		}
	}
	seen := map[string]bool{}
	vertices := make([]VertexSpec, len(s.Vertices))
	for i, v := range s.Vertices {
		if err := s.completeVertex(i, &v); err != nil {
			return fmt.Errorf("vertex %s: %w", s.Graph.Vertices[i].Name, err)
		}
		if seen[v.ID] {
			return fmt.Errorf("two vertices of id %s", v.ID)
		}
		seen[v.ID] = true
		vertices[i] = v
	}
	s.Vertices = vertices
	s.Loads = maps.Clone(s.Loads)
	for name := range s.Loads {
		if s.source(name) < 0 {
			return fmt.Errorf("a load for %q: there is no source of that name", name)
		}
	}
	return nil
}

func (s *JobSpec) completeVertex(i int, v *VertexSpec) error {
	name := s.Graph.Vertices[i].Name
	if name == "" {
		return errors.New("it has no name")
	}
	source := s.Graph.Vertices[i].Source != nil
	v.fill(name, source)
	if groups := s.Graph.Vertices[i].KeyGroups; groups > 0 && v.MaxParallelism == 0 {
		v.MaxParallelism = groups
	} else if groups > 0 && v.MaxParallelism > groups {
		return fmt.Errorf("max parallelism %d over %d key groups", v.MaxParallelism, groups)
	}
	switch {
	case !isHexID(v.ID):
		return fmt.Errorf("id %q: want 32 hexadecimal digits", v.ID)
	case v.Parallelism < 0 || v.Lower < 0 || v.Lower > max(v.Parallelism, 1) || v.MaxParallelism < 0:
		return fmt.Errorf("parallelism %d to %d, at most %d", v.Lower, v.Parallelism, v.MaxParallelism)
	case v.Topic != "" && !source:
		return errors.New("a topic where there is no source")
	}
	return nil
}

// fill decides what was left open.
func (v *VertexSpec) fill(name string, source bool) {
	if v.ID == "" {
		v.ID = hexID(name)
	}
	if v.Group == "" {
		v.Group = "default"
	}
	if len(v.Operators) == 0 {
		v.Operators = []string{name}
	}
	if source && !strings.HasPrefix(v.Operators[0], "Source: ") {
		v.Operators = append([]string{"Source: " + v.Operators[0]}, v.Operators[1:]...)
	}
}

// source is the index of a source by its name in the graph, its name in Flink, or
// its id; -1 if there is none.
func (s *JobSpec) source(name string) int {
	if i := s.vertex(name); i >= 0 && s.Graph.Vertices[i].Source != nil {
		return i
	}
	return -1
}

func (s *JobSpec) vertex(name string) int {
	for i := range s.Vertices {
		if name == s.Graph.Vertices[i].Name || name == s.Vertices[i].ID || name == s.Vertices[i].name() {
			return i
		}
	}
	return -1
}

// name is the vertex's name in Flink.
func (v *VertexSpec) name() string { return strings.Join(v.Operators, " -> ") }

// scheduled is the job as the scheduler sees it.
func (s *JobSpec) scheduled(options map[string]string, version slots.Version) (cluster.Job, error) {
	j, err := cluster.JobFromOptions(options, version)
	if err != nil {
		return j, err
	}
	byDefault, err := parallelismOf(options, version)
	if err != nil {
		return j, err
	}
	j.ID, j.Name, j.Streaming, j.Savepoint = slots.JobID(s.ID), s.Name, true, s.Savepoint
	for i := range s.Vertices {
		v := &s.Vertices[i]
		p := v.Parallelism
		if p == 0 {
			p = byDefault
		}
		j.Vertices = append(j.Vertices, slots.Vertex{
			ID: slots.VertexID(v.ID), Group: v.Group, MaxParallelism: v.MaxParallelism,
			Bounds: slots.Bounds{Lower: max(v.Lower, 1), Upper: p},
		})
		j.Names = append(j.Names, v.name())
	}
	for _, e := range s.Graph.Edges {
		j.Edges = append(j.Edges, adaptive.Edge{
			From: e.From, To: e.To, Forward: e.Exchange == flow.Forward, Exchange: adaptive.PipelinedBounded,
		})
	}
	return j, nil
}

package batch

import (
	"fmt"
	"math"

	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Vertex is what a decision needs to know of a vertex.
type Vertex struct {
	// ID names it in messages.
	ID string
	// Parallelism is the configured one, or that of its forward group; 0 is to be
	// decided.
	Parallelism int
	// Forward says that Parallelism is that of its forward group.
	Forward bool
	// MaxParallelism is the largest that it may get; 0 is the default, see
	// Options.VertexMaximum.
	MaxParallelism int
	// Inferred is how many tasks its source says it has work for, the most if it
	// chains several sources; 0 or less is no answer. If it has inputs too, it is
	// a lower bound.
	Inferred int
}

// Decision is the parallelism of a vertex, what its tasks read, and why.
type Decision struct {
	// Parallelism is at least 1.
	Parallelism int
	// Blocks are what each task reads, by input in the order given and task. The
	// blocks of a task are ordered by partition, then by subpartition.
	Blocks [][][]Block
	// Read are the bytes that each task reads; nil for a source.
	Read []int64
	// Why are the steps, the rule that gives the parallelism first.
	Why []Reason
}

// Rule is what gave the parallelism before bounds and distribution.
func (d Decision) Rule() Rule { return d.Why[0].Rule }

// VertexMaximum is the maximum parallelism of a vertex that is configured with
// these: the configured one, else what Flink takes by default.
func (o Options) VertexMaximum(parallelism, maxParallelism int) int {
	switch {
	case maxParallelism > 0:
		return maxParallelism
	case parallelism > 0:
		return slots.DefaultMaxParallelism(parallelism)
	default:
		return o.MaxParallelism
	}
}

// Decide decides about a vertex whose inputs are all there. The same values give
// the same decision. It refuses, with what would be right, options that Flink
// refuses and inputs that contradict one another; on some of those Flink itself
// fails the job.
func Decide(o Options, v Vertex, inputs []Input) (Decision, error) {
	if err := o.Check(); err != nil {
		return Decision{}, err
	}
	c, err := newDecider(o, v, inputs)
	if err != nil {
		return Decision{}, fmt.Errorf("vertex %s: %w", v.ID, err)
	}
	if err := c.decide(); err != nil {
		return Decision{}, fmt.Errorf("vertex %s: %w", v.ID, err)
	}
	return c.decision(), nil
}

// bounds are those of a parallelism.
type bounds struct{ least, most int }

// legal says whether a parallelism is within the bounds.
func (b bounds) legal(p int) bool { return b.least <= p && p <= b.most }

// decider is one decision in the making.
type decider struct {
	options Options
	vertex  Vertex
	inputs  []input
	bounds
	// maximum is the maximum parallelism of the vertex.
	maximum int
	// parallelism and blocks are the result so far, blocks by input and task.
	parallelism int
	blocks      [][][]Block
	why         []Reason
}

func newDecider(o Options, v Vertex, inputs []Input) (*decider, error) {
	c := &decider{
		options: o,
		vertex:  v,
		maximum: o.VertexMaximum(v.Parallelism, v.MaxParallelism),
		blocks:  make([][][]Block, len(inputs)),
	}
	if err := c.checkVertex(); err != nil {
		return nil, err
	}
	var total int64
	for _, in := range inputs {
		one, err := newInput(in, o.Version)
		if err != nil {
			return nil, err
		}
		if total += one.total; total > mostBytes {
			return nil, fmt.Errorf("the inputs hold more than %d bytes in all", int64(mostBytes))
		}
		c.inputs = append(c.inputs, one)
	}
	return c, nil
}

func (c *decider) checkVertex() error {
	v := c.vertex
	return conf.First(
		conf.Rule(v.Parallelism >= 0, "parallelism %d: want 0 or more", v.Parallelism),
		conf.Rule(c.maximum <= slots.MaxParallelismLimit, "maximum parallelism %d: want at most %d", c.maximum, slots.MaxParallelismLimit),
		conf.Rule(v.MaxParallelism >= 0, "maximum parallelism %d: want 0 or more", v.MaxParallelism),
		conf.Rule(v.Parallelism <= c.maximum, "parallelism %d is above the maximum parallelism %d", v.Parallelism, c.maximum))
}

// decide goes by the kind of the vertex.
func (c *decider) decide() error {
	switch {
	case c.vertex.Parallelism > 0:
		return c.fixed()
	case len(c.inputs) == 0:
		c.source()
		return nil
	}
	if err := c.bound(); err != nil {
		return err
	}
	c.parallelism = c.fromVolume()
	if c.options.Version == slots.V1_20 {
		return c.distribute120()
	}
	if err := c.distribute23(); err != nil {
		return err
	}
	return c.couldShare()
}

func (c *decider) because(r Reason) { c.why = append(c.why, r) }

// fixed keeps the parallelism that there is; Flink does not look at the data
// then.
func (c *decider) fixed() error {
	c.parallelism = c.vertex.Parallelism
	r := Reason{Rule: RuleFixed, To: c.parallelism}
	if c.vertex.Forward {
		r.Rule = RuleForwardGroup
	}
	c.because(r)
	if len(c.inputs) == 0 {
		return nil
	}
	return c.evenly(c.all())
}

// source is a vertex without inputs.
func (c *decider) source() {
	if c.vertex.Inferred > 0 {
		c.parallelism = c.vertex.Inferred
		c.because(Reason{Rule: RuleSourceInferred, To: c.parallelism})
		c.atMost(c.maximum, RuleVertexMaximum)
		return
	}
	c.parallelism = c.options.DefaultSourceParallelism
	if c.parallelism == 0 {
		c.parallelism = c.options.MaxParallelism
	}
	c.because(Reason{Rule: RuleDefaultSource, To: c.parallelism})
	c.atMost(c.maximum, RuleVertexMaximum)
}

func (c *decider) atMost(bound int, because Rule) {
	if c.parallelism > bound {
		c.because(Reason{Rule: because, From: c.parallelism, To: bound})
		c.parallelism = bound
	}
}

// bound finds the least and the largest parallelism.
func (c *decider) bound() error {
	inferred := min(c.vertex.Inferred, c.maximum)
	c.least, c.most = max(c.options.MinParallelism, inferred), c.options.MaxParallelism
	c.least, c.most = min(c.least, c.maximum), min(c.most, c.maximum)
	return conf.Rule(c.least <= c.most, "its source has work for %d tasks, above %s: %d: want %s at most that",
		inferred, keyMax, c.most, keySource)
}

// lowered says where the maximum of the vertex lowered a bound.
func (c *decider) lowered() {
	if c.maximum < c.options.MinParallelism {
		c.because(Reason{Rule: RuleVertexMaximum, From: c.options.MinParallelism, To: c.maximum})
	} else if c.maximum < c.options.MaxParallelism {
		c.because(Reason{Rule: RuleVertexMaximum, From: c.options.MaxParallelism, To: c.maximum})
	}
}

// fromVolume is the parallelism that the bytes of what is not broadcast ask for.
func (c *decider) fromVolume() int {
	var bytes int64
	counted, subpartitions := 0, 0
	for i := range c.inputs {
		in := &c.inputs[i]
		if !in.broadcast {
			counted++
			bytes += in.total
			subpartitions = max(subpartitions, in.partitions*in.subpartitions)
		}
	}
	if counted == 0 {
		c.because(Reason{Rule: RuleNoVolume, To: c.least})
		c.lowered()
		return c.least
	}
	p := ceil(bytes, c.options.AverageVolume)
	c.because(Reason{Rule: RuleVolume, Bytes: bytes, PerTask: c.options.AverageVolume, To: p})
	if least := ceil(int64(subpartitions), mostSubpartitions); c.options.Version == slots.V1_20 && p < least && least > c.least {
		c.because(Reason{Rule: RuleSubpartitions, Pieces: subpartitions, From: p, To: least})
		p = least
	}
	return c.clamp(p)
}

func (c *decider) clamp(p int) int {
	switch {
	case p < c.least:
		c.lowered()
		c.because(Reason{Rule: RuleMinimum, From: p, To: c.least})
		return c.least
	case p > c.most:
		c.lowered()
		c.because(Reason{Rule: RuleMaximum, From: p, To: c.most})
		return c.most
	}
	return p
}

// ceil divides as Flink does: in floating point, into an int that saturates. 0
// of 0 is 0.
func ceil(a, b int64) int {
	f := math.Ceil(float64(a) / float64(b))
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt32:
		return math.MaxInt32
	}
	return int(f)
}

// all are the indexes of all inputs.
func (c *decider) all() []int {
	indexes := make([]int, len(c.inputs))
	for i := range indexes {
		indexes[i] = i
	}
	return indexes
}

// decision adds up what each task reads.
func (c *decider) decision() Decision {
	d := Decision{Parallelism: c.parallelism, Blocks: c.blocks, Why: c.why}
	if len(c.inputs) == 0 {
		d.Blocks = nil
		return d
	}
	d.Read = make([]int64, c.parallelism)
	for i := range c.inputs {
		for task, blocks := range c.blocks[i] {
			d.Read[task] += c.inputs[i].read(blocks)
		}
	}
	return d
}

// toInt64 is Java's conversion of a double to a long, which saturates.
func toInt64(f float64) int64 {
	if f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(f)
}

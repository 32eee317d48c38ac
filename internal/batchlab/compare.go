package batchlab

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/sluice-project/sluice/scheduler/batch"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Row is a vertex of a recording, held against ours.
type Row struct {
	Vertex string
	// Bytes are those that its inputs hold.
	Bytes int64
	// Flink and Ours are the parallelism that Flink chose and the one that we derive, Why what ours came from first.
	Flink, Ours int
	Why         batch.Rule
	// Tasks are those that read something, for which ranges and bytes were compared.
	Tasks int
	// Differs says what is not as in Flink: parallelism, ranges, subpartitions, bytes read or written; empty if nothing is.
	Differs []string
	// Unread are the bytes that tasks do not count as read though they were written, see compareRead; Loose those of them
	// that only fit a bound, in LooseTasks tasks.
	Unread, Loose int64
	LooseTasks    int
}

// Compare derives the parallelism, the ranges and the number of subpartitions of every vertex from the bytes that were
// written, and holds them against what Flink did and what its REST interface shows.
func Compare(r *Recording) ([]Row, error) {
	c, err := newComparison(r)
	if err != nil {
		return nil, fmt.Errorf("compare %s on %s: %w", r.Name, r.Flink, err)
	}
	var rows []Row
	for i := range r.Vertices {
		row, err := c.vertex(&r.Vertices[i])
		if err != nil {
			return nil, fmt.Errorf("compare %s on %s: %w", r.Name, r.Flink, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

type comparison struct {
	recording *Recording
	options   batch.Options
	// written are the bytes by result, partition and subpartition; the last attempt of a task counts.
	written map[string][][]int64
	// readers are the consumers of a result.
	readers map[string][]*Vertex
}

func newComparison(r *Recording) (*comparison, error) {
	version := slots.V2_3
	if r.Flink[0] == '1' {
		version = slots.V1_20
	}
	config := maps.Clone(r.Options)
	parallelism, err := r.jobParallelism()
	if err != nil {
		return nil, err
	}
	if parallelism > 0 {
		config["parallelism.default"] = strconv.Itoa(parallelism)
	}
	options, err := batch.ReadOptions(config, version)
	if err != nil {
		return nil, err
	}
	c := &comparison{recording: r, options: options, written: map[string][][]int64{}, readers: map[string][]*Vertex{}}
	for i := range r.Vertices {
		v := &r.Vertices[i]
		for _, made := range v.Results {
			c.written[made.Result] = make([][]int64, made.Partitions)
		}
		for _, e := range v.Inputs {
			c.readers[e.Result] = append(c.readers[e.Result], v)
		}
	}
	for _, p := range r.Produced {
		c.written[p.Result][p.Partition] = p.Bytes
	}
	return c, nil
}

// jobParallelism is that of the job as a whole, which is the largest of a vertex where no other is set.
func (r *Recording) jobParallelism() (int, error) {
	var config struct {
		Execution struct {
			Parallelism int `json:"job-parallelism"`
		} `json:"execution-config"`
	}
	err := json.Unmarshal(r.Bodies["/jobs/"+r.Job+"/config"].JSON, &config)
	return config.Execution.Parallelism, err
}

func (c *comparison) vertex(v *Vertex) (Row, error) {
	row := Row{Vertex: v.Name, Flink: v.Parallelism}
	ours := batch.Vertex{ID: v.Name, MaxParallelism: v.Maximum}
	if d := v.Decision; d != nil {
		ours.Inferred = max(d.Initial, d.Minimum)
	} else {
		ours.Parallelism = v.Parallelism
	}
	var inputs []batch.Input
	for i := range v.Inputs {
		in := c.input(v, i)
		ours.Forward = ours.Forward || v.Decision == nil && v.Inputs[i].Forward
		row.Bytes += in.Produced()
		inputs = append(inputs, in)
	}
	decided, err := batch.Decide(c.options, ours, inputs)
	if err != nil {
		return row, err
	}
	row.Ours, row.Why = decided.Parallelism, decided.Rule()
	if row.Ours != row.Flink {
		row.Differs = append(row.Differs, "parallelism")
	}
	if derived := answer(decided); len(inputs) > 0 && !reflect.DeepEqual(derived.Inputs, v.tasks()) {
		row.Differs = append(row.Differs, "ranges")
	}
	c.compareResults(v, &row)
	return row, c.compareMetrics(v, decided, &row)
}

// input is one of the inputs of a vertex as our decider takes it.
func (c *comparison) input(v *Vertex, i int) batch.Input {
	edge := v.Inputs[i]
	in := batch.Input{
		Name: edge.Result, Pattern: batch.AllToAll, Broadcast: edge.Broadcast, Type: edge.Type,
		InterCorrelated: edge.Inter, IntraCorrelated: edge.Intra, Bytes: c.written[edge.Result],
	}
	if edge.Pattern == "POINTWISE" {
		in.Pattern = batch.Pointwise
	}
	in.Single = in.Broadcast
	if v.Decision != nil && c.options.Version != slots.V1_20 {
		in.Single = v.Decision.Inputs[i].Single
	}
	return in
}

// tasks are what Flink's tasks read, by input.
func (v *Vertex) tasks() [][]Task {
	var all [][]Task
	for _, e := range v.Inputs {
		for _, task := range e.Tasks {
			task.sort()
		}
		all = append(all, e.Tasks)
	}
	return all
}

// compareResults derives how many subpartitions a vertex writes for its consumers.
func (c *comparison) compareResults(v *Vertex, row *Row) {
	for _, made := range v.Results {
		for _, reader := range c.readers[made.Result] {
			if c.subpartitions(v, reader, made.Result) != made.Subpartitions {
				row.Differs = append(row.Differs, "subpartitions")
			}
		}
	}
}

func (c *comparison) subpartitions(v, reader *Vertex, result string) int {
	to := batch.Result{Producers: v.Parallelism, MaxConsumers: reader.Maximum}
	if reader.Decision == nil {
		to.Consumers = reader.Parallelism
	}
	for i, e := range reader.Inputs {
		if e.Result == result {
			in := c.input(reader, i)
			to.Pattern, to.Broadcast, to.Forward = in.Pattern, in.Single, e.Forward
		}
	}
	if c.turnedBroadcast(reader) {
		to.Pattern = batch.AllToAll
	}
	return batch.Subpartitions(to)
}

// turnedBroadcast says whether a join of 2.3 became a broadcast join when its sides were already written, both by hash: the
// small one is then read as a broadcast, and the other one pointwise.
func (c *comparison) turnedBroadcast(v *Vertex) bool {
	for i := range v.Inputs {
		if in := c.input(v, i); in.Broadcast && !in.Single {
			return true
		}
	}
	return false
}

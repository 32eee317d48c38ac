package batchlab

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Recording is a batch job that ran on a real cluster.
type Recording struct {
	Name    string // of the experiment
	Setting string // of the cluster
	Flink   string // the version
	// Options are those of the cluster that concern batch jobs, and those of the job's session.
	Options map[string]string
	Job     string // Flink's id
	// Bodies are the answers of the REST interface after the end, by path.
	Bodies map[string]Body
	// Seen are /jobs/overview and /jobs/:id while the job ran, as often as a parallelism, a state or the number of pending
	// operators was another one.
	Seen []Sight
	// Vertices are those of the job as they got their tasks, and Produced what their tasks wrote, as the agent saw it.
	Vertices []Vertex
	Produced []Partition
}

// Body is an answer.
type Body struct {
	Status int
	JSON   json.RawMessage
}

// Sight is a look at a running job.
type Sight struct {
	After         float64 // seconds since the submission
	Overview, Job json.RawMessage
}

// Vertex is one that has just got its tasks.
type Vertex struct {
	Job, Vertex, Name string
	Parallelism       int
	Maximum           int // its max parallelism
	// Decision is what the decider was asked; nil where the parallelism was fixed before.
	Decision *Asked
	Inputs   []Edge
	Results  []Result
}

// Asked are the arguments of Flink's decider, -1 where there is none.
type Asked struct {
	Parallelism               int // the answer
	Initial, Minimum, Maximum int
	Inputs                    []struct {
		Result               string
		Pointwise, Broadcast bool
		Single, Inter, Intra bool // 2.3 only
		Type                 int  // 2.3 only
	}
}

// Edge is an input of a vertex.
type Edge struct {
	Result, Producer   string
	Pattern, Ship      string
	Broadcast, Forward bool
	Type               int  // 2.3 only
	Inter, Intra       bool // 2.3 only
	Tasks              []Task
}

// Task is what a task reads of an input: each group is the first and the last partition, the first and the last
// subpartition.
type Task [][4]int

// Result is what a vertex writes.
type Result struct {
	Result, Type              string
	Partitions, Subpartitions int
}

// Partition is what a task wrote into a result, by subpartition.
type Partition struct {
	Result    string
	Partition int
	Bytes     []int64
}

// Read reads a recording from a file that Write wrote.
func Read(file string) (*Recording, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read a recording: %w", err)
	}
	defer f.Close()
	var r Recording
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(&r)
	}
	if err != nil {
		return nil, fmt.Errorf("read the recording %s: %w", file, err)
	}
	return &r, nil
}

// Write writes a recording to a file, as JSON in gzip.
func (r *Recording) Write(file string) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		err = errors.Join(json.NewEncoder(z).Encode(r), z.Close())
	}
	if err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the recording %s: %w", file, err)
	}
	return nil
}

// trim leaves what belongs to the job itself, after its end.
func (r *Recording) trim() {
	r.Seen = nil
	for path := range r.Bodies {
		if !strings.HasPrefix(path, "/jobs/"+r.Job) || strings.HasSuffix(path, "/taskmanagers") || strings.HasSuffix(path, "times") {
			delete(r.Bodies, path)
		}
	}
}

// watched reads what the agent wrote of a job.
func (r *Recording) watched(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read what the agent saw: %w", err)
	}
	defer f.Close()
	results := map[string]bool{}
	for d := json.NewDecoder(f); ; {
		var line struct {
			Vertex
			Result    string
			Partition int
			Bytes     []int64
		}
		err := d.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read what the agent saw: %w", err)
		case line.Job == r.Job:
			r.Vertices = append(r.Vertices, line.Vertex)
			for _, made := range line.Results {
				results[made.Result] = true
			}
		case line.Job != "": // another job, which may have results of the same names
			clear(results)
		case results[line.Result]:
			r.Produced = append(r.Produced, Partition{line.Result, line.Partition, line.Bytes})
		}
	}
}

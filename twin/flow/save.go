package flow

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Save is all that the job remembers; with the graph, the start and the loads it
// is the job.
func (j *Job) Save() ([]byte, error) {
	saved, err := json.Marshal(&j.m)
	if err != nil {
		return nil, fmt.Errorf("save a job: %w", err)
	}
	return saved, nil
}

// Restore is the job that was saved, of the same graph and start. Its loads are
// to be set anew.
func Restore(g Graph, start time.Time, saved []byte) (*Job, error) {
	j, err := New(g, start)
	if err != nil {
		return nil, err
	}
	if err := j.load(saved); err != nil {
		return nil, fmt.Errorf("restore a job: %w", err)
	}
	return j, nil
}

func (j *Job) load(saved []byte) error {
	var m memory
	if err := json.Unmarshal(saved, &m); err != nil {
		return err
	}
	if len(m.Vertices) != len(j.graph.Vertices) || len(m.Edges) != len(j.graph.Edges) || len(m.Parallelism) != len(j.graph.Vertices) {
		return errors.New("it belongs to another graph")
	}
	for i := range m.Vertices {
		if (m.Vertices[i].Source == nil) != (j.graph.Vertices[i].Source == nil) {
			return fmt.Errorf("it belongs to another graph: vertex %d", i)
		}
	}
	j.m = m
	j.derive()
	return nil
}

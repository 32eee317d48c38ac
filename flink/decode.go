package flink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// checker is a body that knows what it cannot do without.
type checker interface{ check() error }

// decode reads a whole body into answer, a pointer. It is lenient with keys
// that are missing or not known, and strict with everything else.
func decode(body []byte, answer any) error {
	trimmed := bytes.TrimSpace(body)
	switch {
	case len(trimmed) == 0:
		return errors.New("an empty body")
	case bytes.Equal(trimmed, []byte("null")):
		return errors.New("the body is null")
	case trimmed[0] != '{' && trimmed[0] != '[':
		return errors.New(foreignMessage(body))
	}
	if err := json.Unmarshal(trimmed, answer); err != nil {
		return describe(err, trimmed)
	}
	if c, ok := answer.(checker); ok {
		if err := c.check(); err != nil {
			return fmt.Errorf("%w in %s", err, excerpt(trimmed))
		}
	}
	return nil
}

// describe says where a body is wrong and what stands there.
func describe(err error, body []byte) error {
	var shape *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &shape) && shape.Field != "":
		return fmt.Errorf("at %s: %s where %s belongs", shape.Field, shape.Value, shape.Type)
	case errors.As(err, &shape):
		return fmt.Errorf("%s where %s belongs", shape.Value, shape.Type)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(body)):
		return fmt.Errorf("the body is cut off after %d bytes", len(body))
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON at byte %d: %s", syntax.Offset, excerpt(body[max(0, syntax.Offset-1):]))
	}
	return err
}

// missing is the complaint about a key that every version sends.
func missing(key string) error { return fmt.Errorf("%q is missing", key) }

func (o *Overview) check() error {
	if o.FlinkVersion == "" {
		return missing("flink-version")
	}
	return nil
}

func (c *ClusterConfig) check() error {
	if c.FlinkVersion == "" {
		return missing("flink-version")
	}
	return nil
}

func (j *Jobs) check() error {
	if j.Jobs == nil {
		return missing("jobs")
	}
	return nil
}

func (o *JobsOverview) check() error {
	if o.Jobs == nil {
		return missing("jobs")
	}
	for i := range o.Jobs {
		if o.Jobs[i].ID == "" || o.Jobs[i].State == "" {
			return fmt.Errorf("in jobs[%d]: %w", i, missing("jid or state"))
		}
	}
	return nil
}

func (j *JobDetails) check() error {
	switch {
	case j.ID == "":
		return missing("jid")
	case j.State == "":
		return missing("state")
	case j.Vertices == nil:
		return missing("vertices")
	}
	for i := range j.Vertices {
		if j.Vertices[i].ID == "" {
			return fmt.Errorf("in vertices[%d]: %w", i, missing("id"))
		}
	}
	return nil
}

func (s *StatusBody) check() error {
	if s.Status == "" {
		return missing("status")
	}
	return nil
}

func (v *VertexDetails) check() error {
	switch {
	case v.ID == "":
		return missing("id")
	case v.Subtasks == nil:
		return missing("subtasks")
	}
	return nil
}

func (p *PlanBody) check() error {
	if p.Plan.Nodes == nil {
		return missing("plan.nodes")
	}
	return nil
}

func (t *TaskManagers) check() error {
	if t.TaskManagers == nil {
		return missing("taskmanagers")
	}
	return nil
}

func (r *ResourceRequirements) check() error {
	for vertex, requirements := range *r {
		if requirements.Parallelism == (Bounds{}) {
			return fmt.Errorf("in %s: %w", vertex, missing("parallelism"))
		}
	}
	return nil
}

func (c *Checkpoints) check() error {
	if c.History == nil {
		return missing("history")
	}
	return nil
}

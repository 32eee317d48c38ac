package cluster

import (
	"fmt"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/requirements"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Put is a PUT of a job's requirements. Its error is ErrDown.
func (c *Cluster) Put(id slots.JobID, body []byte) (requirements.Answer, error) {
	if c.manager == nil {
		return requirements.Answer{}, fmt.Errorf("put the requirements of job %s: %w", id, ErrDown)
	}
	answer := requirements.Put(body, c.subject(id))
	c.note(id, Asked{Method: "PUT", Status: answer.Status(), Refusal: answer.Refusal, Bounds: answer.Bounds})
	if answer.Refusal == nil {
		c.step(c.job(id), adaptive.RequirementsChanged{Bounds: answer.Bounds})
	}
	return answer, nil
}

// Get is a GET of a job's requirements. An error that is no refusal is ErrDown.
func (c *Cluster) Get(id slots.JobID) ([]byte, *requirements.Refusal, error) {
	if c.manager == nil {
		return nil, nil, fmt.Errorf("get the requirements of job %s: %w", id, ErrDown)
	}
	body, refusal := requirements.Get(c.subject(id))
	return body, refusal, nil
}

// subject is a job as a request for its bounds sees it.
func (c *Cluster) subject(id slots.JobID) requirements.Subject {
	subject := requirements.Subject{Job: id, Phase: requirements.Gone, ExpandDefaults: c.config.ExpandDefaults}
	j := c.job(id)
	if j == nil || j.over {
		return subject
	}
	view := j.scheduler.View()
	if view.Status.Terminal() {
		return subject
	}
	if subject.Phase = requirements.Alive; !j.started {
		subject.Phase = requirements.Initializing
	}
	switch {
	case c.config.DefaultScheduler:
		subject.Kind = requirements.Default
	case c.config.Scheduler.Reactive:
		subject.Kind = requirements.Reactive
	}
	for _, v := range view.Vertices {
		subject.Vertices = append(subject.Vertices, slots.Vertex{
			ID: v.ID, Group: v.Group, Bounds: v.Bounds, MaxParallelism: v.MaxParallelism,
		})
	}
	return subject
}

// Cancel asks to cancel a job.
func (c *Cluster) Cancel(id slots.JobID) error {
	j, err := c.alive("cancel", id)
	if err != nil {
		return err
	}
	c.note(id, Asked{Method: "PATCH mode=cancel", Status: 202})
	c.step(j, adaptive.Cancel{})
	return nil
}

// StopWithSavepoint asks to stop a job with a savepoint and returns the name of
// the operation, whose state JobView has. An empty target is the configured
// folder.
func (c *Cluster) StopWithSavepoint(id slots.JobID, target string, drain bool) (string, error) {
	j, err := c.alive("stop", id)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("stop-%d", len(j.operations)+1)
	j.operations = append(j.operations, Operation{ID: name})
	c.note(id, Asked{Method: "POST stop", Status: 202})
	c.step(j, adaptive.StopWithSavepoint{Operation: name, Target: target, Drain: drain})
	return name, nil
}

// FailJob lets a job fail as a whole, by no one task's fault.
func (c *Cluster) FailJob(id slots.JobID, why adaptive.Failure) error {
	j, err := c.alive("fail", id)
	if err != nil {
		return err
	}
	c.step(j, adaptive.GlobalFailure{Failure: why})
	return nil
}

// alive is a job whose JobMaster can be asked for something.
func (c *Cluster) alive(act string, id slots.JobID) (*job, error) {
	if c.manager == nil {
		return nil, fmt.Errorf("%s job %s: %w", act, id, ErrDown)
	}
	j := c.job(id)
	switch {
	case j == nil || j.over:
		return nil, fmt.Errorf("%s job %s: could not find it", act, id)
	case !j.started:
		return nil, fmt.Errorf("%s job %s: it is initializing", act, id)
	}
	return j, nil
}

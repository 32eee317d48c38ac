package flink

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Jobs lists ids and statuses, also of jobs that ended, in no order.
func (c *Client) Jobs(ctx context.Context) ([]JobIDStatus, error) {
	list, err := fetch[Jobs](ctx, c, get("jobs"))
	return list.Jobs, err
}

// JobsOverview lists the jobs with name, times and counts of tasks, also those
// that ended, in no order.
func (c *Client) JobsOverview(ctx context.Context) ([]JobSummary, error) {
	list, err := fetch[JobsOverview](ctx, c, get("jobs", "overview"))
	return list.Jobs, err
}

// Job returns the details of a job with its vertices, their counters, and the
// plan, from a snapshot that may be some seconds old.
func (c *Client) Job(ctx context.Context, job JobID) (JobDetails, error) {
	return fetch[JobDetails](ctx, c, get("jobs", string(job)))
}

// JobStatus returns the status of a job, which is never from a snapshot.
func (c *Client) JobStatus(ctx context.Context, job JobID) (JobStatus, error) {
	body, err := fetch[StatusBody](ctx, c, get("jobs", string(job), "status"))
	return body.Status, err
}

// JobConfig returns the job's execution configuration and global parameters.
func (c *Client) JobConfig(ctx context.Context, job JobID) (JobConfig, error) {
	return fetch[JobConfig](ctx, c, get("jobs", string(job), "config"))
}

// JobManagerJobConfig returns the configuration of the JobManager that runs the
// job, in no order. In a session cluster it is that of the cluster.
func (c *Client) JobManagerJobConfig(ctx context.Context, job JobID) ([]KeyValue, error) {
	return fetch[[]KeyValue](ctx, c, get("jobs", string(job), "jobmanager", "config"))
}

// Plan returns the job's graph.
func (c *Client) Plan(ctx context.Context, job JobID) (Plan, error) {
	body, err := fetch[PlanBody](ctx, c, get("jobs", string(job), "plan"))
	return body.Plan, err
}

// Exceptions returns the job's failures, at most most of them; 0 for Flink's
// own limit.
func (c *Client) Exceptions(ctx context.Context, job JobID, most int) (Exceptions, error) {
	r := get("jobs", string(job), "exceptions")
	if most > 0 {
		r = r.with("maxExceptions=" + strconv.Itoa(most))
	}
	return fetch[Exceptions](ctx, c, r)
}

// Accumulators returns the job's accumulators.
func (c *Client) Accumulators(ctx context.Context, job JobID) (Accumulators, error) {
	return fetch[Accumulators](ctx, c, get("jobs", string(job), "accumulators"))
}

// Checkpoints returns counts, statistics and the last checkpoints. For a job
// without checkpointing the error is KindUnsupported.
func (c *Client) Checkpoints(ctx context.Context, job JobID) (Checkpoints, error) {
	return fetch[Checkpoints](ctx, c, get("jobs", string(job), "checkpoints"))
}

// CheckpointConfig returns how the job checkpoints. For a job without
// checkpointing the error is KindUnsupported.
func (c *Client) CheckpointConfig(ctx context.Context, job JobID) (CheckpointConfig, error) {
	return fetch[CheckpointConfig](ctx, c, get("jobs", string(job), "checkpoints", "config"))
}

// Checkpoint returns one checkpoint with its tasks.
func (c *Client) Checkpoint(ctx context.Context, job JobID, id int64) (Checkpoint, error) {
	return fetch[Checkpoint](ctx, c, get("jobs", string(job), "checkpoints", "details", strconv.FormatInt(id, 10)))
}

// ResourceRequirements returns the bounds of every vertex, which are not the
// parallelism it runs at. KindUnsupported: before 1.18, or not the Adaptive
// Scheduler. KindNotFound: also a job that has ended.
func (c *Client) ResourceRequirements(ctx context.Context, job JobID) (ResourceRequirements, error) {
	return fetch[ResourceRequirements](ctx, c, get("jobs", string(job), "resource-requirements"))
}

// PutResourceRequirements sets the bounds of every vertex. Flink's success says
// only that it took them: the rescale comes later, or never. It is sent to
// another address only if the first certainly did not get it; after
// KindUnavailable or KindMalformed it may have been taken.
func (c *Client) PutResourceRequirements(ctx context.Context, job JobID, requirements ResourceRequirements) error {
	_, err := post[Empty](ctx, c, call(http.MethodPut, "jobs", string(job), "resource-requirements"), requirements)
	return err
}

// CancelJob asks for the job to be canceled; it returns before it is.
func (c *Client) CancelJob(ctx context.Context, job JobID) error {
	_, err := fetch[Empty](ctx, c, call(http.MethodPatch, "jobs", string(job)).with("mode=cancel"))
	return err
}

// post is fetch for calls that send a body of JSON.
func post[T any](ctx context.Context, c *Client, r request, body any) (T, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("encode the body of %s: %w", r.op(), err)
	}
	return fetch[T](ctx, c, r.carrying(encoded))
}

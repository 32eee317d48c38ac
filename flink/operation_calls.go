package flink

import (
	"context"
	"net/http"
)

// TriggerID names an operation that goes on after the call that began it.
type TriggerID string

// Trigger is the body that answers the beginning of an operation.
type Trigger struct {
	ID TriggerID `json:"request-id"`
}

func (t *Trigger) check() error {
	if t.ID == "" {
		return missing("request-id")
	}
	return nil
}

// SavepointRequest says what savepoint to take; empty fields are Flink's
// defaults.
type SavepointRequest struct {
	TargetDirectory string    `json:"target-directory,omitempty"`
	CancelJob       bool      `json:"cancel-job"`
	FormatType      string    `json:"formatType,omitempty"` // CANONICAL, NATIVE
	TriggerID       TriggerID `json:"triggerId,omitempty"`
}

// StopRequest says how to stop a job; empty fields are Flink's defaults.
type StopRequest struct {
	TargetDirectory string    `json:"targetDirectory,omitempty"`
	Drain           bool      `json:"drain"`
	FormatType      string    `json:"formatType,omitempty"` // CANONICAL, NATIVE
	TriggerID       TriggerID `json:"triggerId,omitempty"`
}

// CheckpointRequest says what checkpoint to take; empty fields are Flink's
// defaults.
type CheckpointRequest struct {
	Type      string    `json:"checkpointType,omitempty"` // CONFIGURED, FULL, INCREMENTAL
	TriggerID TriggerID `json:"triggerId,omitempty"`
}

// Operation is the state of an operation. Result is nil while it goes on.
type Operation[T any] struct {
	Status OperationStatus `json:"status"`
	Result *T              `json:"operation"`
}

// OperationStatus is IN_PROGRESS or COMPLETED; a failed one is COMPLETED too.
type OperationStatus struct {
	ID string `json:"id"`
}

// Done says that the operation has ended, well or not.
func (o Operation[T]) Done() bool { return o.Status.ID == "COMPLETED" }

// SavepointResult is where the savepoint is, or why there is none.
type SavepointResult struct {
	Location string        `json:"location,omitempty"`
	Failure  *FailureCause `json:"failure-cause,omitempty"`
}

// CheckpointResult is the id of the checkpoint, or why there is none.
type CheckpointResult struct {
	CheckpointID int64         `json:"checkpointId,omitempty"`
	Failure      *FailureCause `json:"failureCause,omitempty"`
}

// FailureCause is an exception as Flink sends it.
type FailureCause struct {
	Class               string `json:"class"`
	StackTrace          string `json:"stack-trace"`
	SerializedThrowable []byte `json:"serialized-throwable,omitempty"`
}

// Message is the exception without class names and stack trace.
func (f FailureCause) Message() string { return plainMessage(f.StackTrace) }

// TriggerSavepoint begins a savepoint.
func (c *Client) TriggerSavepoint(ctx context.Context, job JobID, request SavepointRequest) (TriggerID, error) {
	trigger, err := post[Trigger](ctx, c, call(http.MethodPost, "jobs", string(job), "savepoints"), request)
	return trigger.ID, err
}

// StopWithSavepoint begins to stop the job with a savepoint; it is followed
// with SavepointStatus.
func (c *Client) StopWithSavepoint(ctx context.Context, job JobID, request StopRequest) (TriggerID, error) {
	trigger, err := post[Trigger](ctx, c, call(http.MethodPost, "jobs", string(job), "stop"), request)
	return trigger.ID, err
}

// SavepointStatus tells how a savepoint, or a stop with one, goes.
func (c *Client) SavepointStatus(ctx context.Context, job JobID, id TriggerID) (Operation[SavepointResult], error) {
	return fetch[Operation[SavepointResult]](ctx, c, get("jobs", string(job), "savepoints", string(id)))
}

// TriggerCheckpoint begins a checkpoint (since 1.17).
func (c *Client) TriggerCheckpoint(ctx context.Context, job JobID, request CheckpointRequest) (TriggerID, error) {
	trigger, err := post[Trigger](ctx, c, call(http.MethodPost, "jobs", string(job), "checkpoints"), request)
	return trigger.ID, err
}

// CheckpointStatus tells how a checkpoint that was triggered goes.
func (c *Client) CheckpointStatus(ctx context.Context, job JobID, id TriggerID) (Operation[CheckpointResult], error) {
	return fetch[Operation[CheckpointResult]](ctx, c, get("jobs", string(job), "checkpoints", string(id)))
}

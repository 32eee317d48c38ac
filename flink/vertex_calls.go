package flink

import "context"

func vertexPath(job JobID, vertex VertexID, more ...string) request {
	return get(append([]string{"jobs", string(job), "vertices", string(vertex)}, more...)...)
}

// VertexDetails returns a vertex by subtask.
func (c *Client) VertexDetails(ctx context.Context, job JobID, vertex VertexID) (VertexDetails, error) {
	return fetch[VertexDetails](ctx, c, vertexPath(job, vertex))
}

// SubtaskTimes says when each subtask of the vertex entered each status.
func (c *Client) SubtaskTimes(ctx context.Context, job JobID, vertex VertexID) (SubtaskTimes, error) {
	return fetch[SubtaskTimes](ctx, c, vertexPath(job, vertex, "subtasktimes"))
}

// VertexTaskManagers groups the subtasks of the vertex by TaskManager.
func (c *Client) VertexTaskManagers(ctx context.Context, job JobID, vertex VertexID) (VertexTaskManagers, error) {
	return fetch[VertexTaskManagers](ctx, c, vertexPath(job, vertex, "taskmanagers"))
}

// Backpressure returns how much of its time each subtask was held up.
func (c *Client) Backpressure(ctx context.Context, job JobID, vertex VertexID) (Backpressure, error) {
	return fetch[Backpressure](ctx, c, vertexPath(job, vertex, "backpressure"))
}

// Watermarks returns the input watermark of each subtask: ids such as
// 0.currentInputWatermark, values in milliseconds, the smallest long for none.
func (c *Client) Watermarks(ctx context.Context, job JobID, vertex VertexID) ([]Metric, error) {
	return fetch[[]Metric](ctx, c, vertexPath(job, vertex, "watermarks"))
}

package flink

import "context"

// The calls below are of Flink 2.3 and the Adaptive Scheduler; for other jobs
// and versions, and where no history is kept, the error is KindUnsupported.

func rescalePath(job JobID, more ...string) request {
	return get(append([]string{"jobs", string(job), "rescales"}, more...)...)
}

// RescaleConfig returns the scheduler's timers.
func (c *Client) RescaleConfig(ctx context.Context, job JobID) (RescaleConfig, error) {
	return fetch[RescaleConfig](ctx, c, rescalePath(job, "config"))
}

// RescaleHistory lists the last rescales, the newest first, without vertices,
// slots and scheduler states.
func (c *Client) RescaleHistory(ctx context.Context, job JobID) ([]Rescale, error) {
	return fetch[[]Rescale](ctx, c, rescalePath(job, "history"))
}

// RescaleOverview counts rescales and shows the newest of each outcome.
func (c *Client) RescaleOverview(ctx context.Context, job JobID) (RescaleOverview, error) {
	return fetch[RescaleOverview](ctx, c, rescalePath(job, "overview"))
}

// RescaleSummary returns the distributions of how long rescales took.
func (c *Client) RescaleSummary(ctx context.Context, job JobID) (RescaleSummary, error) {
	return fetch[RescaleSummary](ctx, c, rescalePath(job, "summary"))
}

// RescaleDetails returns one rescale with everything about it.
func (c *Client) RescaleDetails(ctx context.Context, job JobID, uuid string) (Rescale, error) {
	return fetch[Rescale](ctx, c, rescalePath(job, "details", uuid))
}

package control

import (
	"context"
	"errors"
	"log/slog"

	"github.com/sluice-project/sluice/autoscaler"
)

// Shard says which jobs are this process's, where several processes share them.
// Jobs of others are seen, and left alone.
type Shard interface {
	// Listed tells which jobs a cluster lists.
	Listed(ctx context.Context, cluster string, jobs []autoscaler.JobKey)
	// Enter begins work on a job, under a context that ends when the job is lost.
	// leave ends it. It returns false for a job that is another's.
	Enter(ctx context.Context, job autoscaler.JobKey) (_ context.Context, leave func(), ok bool)
	// Claim is Enter for a job that is to be forgotten, and may have had no owner
	// before. It returns false while another has it.
	Claim(ctx context.Context, job autoscaler.JobKey) (_ context.Context, leave func(), ok bool, err error)
	// Forgotten gives up a job that is forgotten; the work on it has ended.
	Forgotten(ctx context.Context, job autoscaler.JobKey) error
}

// alone is the shard of a process that shares with nobody.
type alone struct{}

func (alone) Listed(context.Context, string, []autoscaler.JobKey) {}

func (alone) Enter(ctx context.Context, _ autoscaler.JobKey) (context.Context, func(), bool) {
	return ctx, func() {}, true
}

func (alone) Claim(ctx context.Context, _ autoscaler.JobKey) (context.Context, func(), bool, error) {
	return ctx, func() {}, true, nil
}

func (alone) Forgotten(context.Context, autoscaler.JobKey) error { return nil }

// share tells the shard which jobs there are.
func (c *cluster) share(ctx context.Context, list autoscaler.JobList) {
	jobs := make([]autoscaler.JobKey, 0, len(list.Jobs)+len(list.Skipped))
	for _, job := range list.Jobs {
		jobs = append(jobs, job.Key)
	}
	for _, job := range list.Skipped {
		jobs = append(jobs, job.Key)
	}
	c.cfg.Shard.Listed(ctx, c.fetcher.Name(), jobs)
}

// forget has the state of a job removed if it is ours to do so. Else the next
// look asks again: whoever has the job may end before it is done.
func (c *cluster) forget(ctx context.Context, key autoscaler.JobKey) (ours bool, err error) {
	work, leave, ours, err := c.cfg.Shard.Claim(ctx, key)
	if err != nil || !ours {
		return false, err
	}
	err = func() error {
		defer leave()
		return c.cfg.Scaler.Cleanup(work, key)
	}()
	if err != nil {
		return true, err
	}
	if err := c.cfg.Shard.Forgotten(ctx, key); err != nil {
		c.log.LogAttrs(ctx, slog.LevelDebug, "lease of a job that is gone not given up", slog.String("job", key.String()), slog.String("error", err.Error()))
	}
	return true, nil
}

// notOurs tells whether a pass ended since its job went to another process.
func notOurs(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, autoscaler.ErrNotOurs) || errors.Is(context.Cause(ctx), autoscaler.ErrNotOurs))
}

// sayLost says that a pass was ended on behalf of another process.
func (c *cluster) sayLost(ctx context.Context, job *autoscaler.JobContext) {
	c.log.LogAttrs(ctx, slog.LevelInfo, "pass ended: the job is another process's now", slog.String("job", job.Key.String()), slog.String("name", job.Name))
}

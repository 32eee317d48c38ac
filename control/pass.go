package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/sluice-project/sluice/autoscaler"
)

// pass runs one pass over a job, and has the job forgotten if it has gone
// meanwhile. Whatever happens here is the fault of this job alone.
func (c *cluster) pass(ctx context.Context, r *round, job *autoscaler.JobContext) {
	err := c.scale(ctx, job)
	panicked := panicOf(err) != nil
	lost := notOurs(ctx, err)
	r.note(func(s *LoopStats) {
		switch {
		case err == nil:
			s.OK++
		case lost:
			s.Elsewhere++
		case panicked:
			s.Failed++
			s.Panicked++
		default:
			s.Failed++
		}
	})
	c.mu.Lock()
	first := c.roster.panics(job.Key, panicked)
	clean := c.roster.passed(job.Key)
	c.mu.Unlock()
	if lost {
		c.sayLost(ctx, job)
	} else {
		c.sayPass(ctx, job, err, first)
	}
	if clean {
		c.clean(ctx, r, job.Key)
	}
}

func (c *cluster) scale(ctx context.Context, job *autoscaler.JobContext) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.JobTimeout, c.overdue)
	defer cancel()
	return guarded(func() error {
		report, err := c.cfg.Scaler.Scale(ctx, job)
		c.sayDecision(ctx, job, &report, err)
		c.sayWarnings(ctx, job, report.Warnings)
		return err
	})
}

// sayPass is short: the scaler has told its errors itself. It cannot tell that
// it crashed.
func (c *cluster) sayPass(ctx context.Context, job *autoscaler.JobContext, err error, firstPanic bool) {
	if err == nil {
		return
	}
	attrs := append(errorAttrs(err), slog.String("job", job.Key.String()), slog.String("name", job.Name))
	if firstPanic {
		c.log.LogAttrs(ctx, slog.LevelError, "pass crashed", attrs...)
		return
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "pass failed", attrs...)
}

// clean has a job forgotten. If that fails, the next look tries again.
func (c *cluster) clean(ctx context.Context, r *round, key autoscaler.JobKey) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.JobTimeout, c.overdue)
	defer cancel()
	ours := true
	err := guarded(func() (err error) {
		ours, err = c.forget(ctx, key)
		return err
	})
	if err == nil && !ours {
		c.mu.Lock()
		c.roster.postponed(key)
		c.mu.Unlock()
		return
	}
	if err == nil {
		r.note(func(s *LoopStats) { s.Cleaned++ })
	}
	c.mu.Lock()
	first := c.roster.cleaned(key, err)
	c.mu.Unlock()
	if err == nil {
		return
	}
	level := slog.LevelDebug
	if first {
		level = slog.LevelWarn
	}
	c.log.LogAttrs(ctx, level, "state of a job that is gone not removed yet", append(errorAttrs(err), slog.String("job", key.String()))...)
}

// panicError is a panic in code that belongs to one job or cluster.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// panicOf is the panic in err, or nil.
func panicOf(err error) *panicError {
	var fault *panicError
	errors.As(err, &fault)
	return fault
}

// guarded calls work and makes an error of a panic.
func guarded(work func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: debug.Stack()}
		}
	}()
	return work()
}

// errorAttrs is the error, with the stack of a panic.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.String("error", err.Error())}
	if fault := panicOf(err); fault != nil {
		attrs = append(attrs, slog.String("stack", string(fault.stack)))
	}
	return attrs
}

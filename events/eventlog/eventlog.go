// Package eventlog tells events to a log, one line each. It is the default
// event handler.
package eventlog

import (
	"context"
	"log/slog"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/repeat"
)

// Handler writes events to a logger and leaves repetitions out. It is safe for
// concurrent use.
type Handler struct {
	log  *slog.Logger
	told repeat.Filter
}

var _ autoscaler.EventHandler = (*Handler)(nil)

// New returns a handler that writes to log.
func New(log *slog.Logger) *Handler { return &Handler{log: log} }

// Handle implements [autoscaler.EventHandler]. It never fails.
func (h *Handler) Handle(ctx context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	if h.told.Repeated(job.Key, e) {
		return nil
	}
	level := slog.LevelInfo
	if e.Type == autoscaler.EventWarning {
		level = slog.LevelWarn
	}
	h.log.LogAttrs(ctx, level, "event",
		slog.String("job", job.Key.String()), slog.String("name", job.Name),
		slog.String("reason", e.Reason), slog.String("message", e.Message))
	return nil
}

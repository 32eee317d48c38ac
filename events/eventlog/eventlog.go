// Package eventlog tells events to a log, one line each. It is the default
// event handler.
package eventlog

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// Handler writes events to a logger and leaves repetitions out. It is safe for
// concurrent use.
type Handler struct {
	log *slog.Logger

	mu sync.Mutex
	// told holds when an event with an interval was told last, and which
	// interval that was.
	told map[identity]telling
	// tidyAt is the number of entries in told at which the old ones are dropped.
	tidyAt int
}

// identity is what makes two events of a job the same.
type identity struct {
	job    autoscaler.JobKey
	reason string
	key    string
}

type telling struct {
	at       time.Time
	interval time.Duration
	changes  string
}

var _ autoscaler.EventHandler = (*Handler)(nil)

// New returns a handler that writes to log.
func New(log *slog.Logger) *Handler {
	return &Handler{log: log, told: map[identity]telling{}, tidyAt: tidyFrom}
}

// Handle implements [autoscaler.EventHandler]. It never fails.
func (h *Handler) Handle(ctx context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	if h.repeated(job.Key, e) {
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

// repeated tells whether the event was told less than its interval ago. A
// report of other changes is another event.
func (h *Handler) repeated(job autoscaler.JobKey, e autoscaler.Event) bool {
	if e.Interval <= 0 {
		return false
	}
	id := identity{job, e.Reason, e.Key}
	if id.key == "" {
		id.key = e.Message
	}
	changes := autoscaler.ChangesText(e.Changes)
	h.mu.Lock()
	defer h.mu.Unlock()
	if last, known := h.told[id]; known && last.changes == changes && e.At.Before(last.at.Add(e.Interval)) {
		return true
	}
	h.forgetOld(e.At)
	h.told[id] = telling{e.At, e.Interval, changes}
	return false
}

// tidyFrom is the number of entries below which none is worth dropping.
const tidyFrom = 1024

// forgetOld keeps the memory bounded by what may still be a repetition. It looks
// again when the rest has doubled, so that it costs little an event.
func (h *Handler) forgetOld(now time.Time) {
	if len(h.told) < h.tidyAt {
		return
	}
	for id, t := range h.told {
		if !now.Before(t.at.Add(t.interval)) {
			delete(h.told, id)
		}
	}
	h.tidyAt = max(tidyFrom, 2*len(h.told))
}

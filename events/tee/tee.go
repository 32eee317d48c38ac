// Package tee tells events to several handlers: one that fails keeps none of the
// others from hearing.
package tee

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice-project/sluice/autoscaler"
)

// Part is one of the handlers, with its name for errors.
type Part struct {
	Name    string
	Handler autoscaler.EventHandler
}

// Handler tells every part, in order. It is safe for concurrent use if they are.
type Handler struct{ parts []Part }

var _ autoscaler.EventHandler = (*Handler)(nil)

// New returns a handler that tells the parts.
func New(parts ...Part) *Handler { return &Handler{parts} }

// Handle implements [autoscaler.EventHandler]. Its error joins those of all parts.
func (h *Handler) Handle(ctx context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	var failed error
	for _, p := range h.parts {
		if err := p.Handler.Handle(ctx, job, e); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.Name, err))
		}
	}
	return failed
}

package tee

import (
	"context"
	"errors"
	"testing"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/events/eventtest"
)

// heard keeps what it is told, and fails where it shall.
type heard struct {
	told []eventtest.Telling
	err  error
}

func (h *heard) Handle(_ context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	h.told = append(h.told, eventtest.Telling{Job: job.Key, Type: e.Type, Reason: e.Reason, Message: e.Message})
	return h.err
}

func TestOneThatFailsKeepsNoneFromHearing(t *testing.T) {
	full, gone := errors.New("full"), errors.New("gone")
	parts := []*heard{{err: full}, {}, {err: gone}}
	h := New(Part{"one", parts[0]}, Part{"two", parts[1]}, Part{"three", parts[2]})
	err := h.Handle(t.Context(), &autoscaler.JobContext{}, autoscaler.Event{Reason: "Scaling"})
	if !errors.Is(err, full) || !errors.Is(err, gone) || err.Error() != "one: full\nthree: gone" {
		t.Error(err)
	}
	for i, p := range parts {
		if len(p.told) != 1 {
			t.Errorf("part %d was told %d times", i, len(p.told))
		}
	}
}

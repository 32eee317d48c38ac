package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/options"
)

// hears has a loop tell, once each, that a cluster went away and that it came back;
// the page, where there is one, knows it of every look.
func (p *process) hears(config *control.Config, w *wiring, watched *watching) {
	fetchers := make([]autoscaler.JobListFetcher, len(config.Fetchers))
	for i, f := range config.Fetchers {
		h := &hearing{JobListFetcher: f, cluster: p.keyName(p.clusters[i]), config: p.config, now: w.now, events: w.events, log: p.log}
		if watched != nil {
			h.book = watched.book
		}
		fetchers[i] = h
	}
	config.Fetchers = fetchers
}

// hearing is a fetcher that notes whether its cluster answers. It is for one goroutine.
type hearing struct {
	autoscaler.JobListFetcher
	cluster string // its name in the keys of jobs
	config  options.Config
	now     func() time.Time
	events  autoscaler.EventHandler
	log     *slog.Logger
	book    *fleet.Book // nil without a page
	// away is when the cluster was looked at first without an answer.
	away time.Time
}

// Fetch implements [autoscaler.JobListFetcher].
func (h *hearing) Fetch(ctx context.Context) (autoscaler.JobList, error) {
	list, err := h.JobListFetcher.Fetch(ctx)
	if errors.Is(ctx.Err(), context.Canceled) { // the process ends
		return list, err
	}
	at := h.now()
	if h.book != nil {
		h.book.Looked(h.cluster, at, err)
	}
	switch {
	case err != nil && h.away.IsZero():
		h.away = at
		h.tell(ctx, autoscaler.Event{
			At: at, Type: autoscaler.EventWarning, Reason: autoscaler.EventClusterAway,
			Message: fmt.Sprintf("cluster %s does not answer: %s", h.Name(), err),
		})
	case err == nil && !h.away.IsZero():
		h.tell(ctx, autoscaler.Event{
			At: at, Type: autoscaler.EventNormal, Reason: autoscaler.EventClusterBack,
			Message: fmt.Sprintf("cluster %s answers again, after %s", h.Name(), at.Sub(h.away).Round(time.Second)),
		})
		h.away = time.Time{}
	}
	return list, err
}

// tellTimeout is how long it may take to tell whether a cluster answers.
const tellTimeout = 5 * time.Second

func (h *hearing) tell(ctx context.Context, e autoscaler.Event) {
	if h.events == nil {
		return
	}
	// The look may have used up its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	of := &autoscaler.JobContext{Key: autoscaler.JobKey{Cluster: h.cluster}, Name: "cluster " + h.Name(), Config: h.config}
	if err := h.events.Handle(ctx, of, e); err != nil {
		h.log.LogAttrs(ctx, slog.LevelWarn, "event not told", slog.String("reason", e.Reason), slog.String("error", err.Error()))
	}
}

// Requests is how many the cluster got.
func (h *hearing) Requests() int64 { return requestsOf(h.JobListFetcher) }

// requestsOf is how many requests the cluster of a fetcher got; 0 where it does not
// count them.
func requestsOf(f autoscaler.JobListFetcher) int64 {
	if counter, counts := f.(interface{ Requests() int64 }); counts {
		return counter.Requests()
	}
	return 0
}

// unheard is a log that leaves out whether clusters answer: the loop logs that, with
// when it tries again.
type unheard struct{ autoscaler.EventHandler }

// Handle implements [autoscaler.EventHandler].
func (u unheard) Handle(ctx context.Context, job *autoscaler.JobContext, e autoscaler.Event) error {
	if e.Reason == autoscaler.EventClusterAway || e.Reason == autoscaler.EventClusterBack {
		return nil
	}
	return u.EventHandler.Handle(ctx, job, e)
}

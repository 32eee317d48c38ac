package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Run delivers until the context ends. What then waits stays in the database;
// what only memory holds is tried once more, for as long as Grace.
func (h *Handler) Run(ctx context.Context) {
	var work sync.WaitGroup
	if h.journal != nil {
		h.keepHouse(ctx) // what an earlier process has left comes first
		work.Go(func() { h.housekeeping(ctx) })
	}
	h.deliver(ctx)
	work.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.cfg.Grace)
	defer cancel()
	h.end(last)
	h.client.CloseIdleConnections()
}

// deliver sends one event after another. While a receiver takes none, all wait.
func (h *Handler) deliver(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		h.sayLost(ctx)
		d := h.head()
		if d == nil {
			select {
			case <-h.wake:
			case <-ctx.Done():
			}
			continue
		}
		if !h.turn(ctx, d) {
			continue
		}
		h.sending(d, true)
		answer := h.post(ctx, d.message)
		h.sending(d, false)
		if ctx.Err() != nil {
			return
		}
		h.say(ctx, d, &answer, failures)
		if answer.verdict != failed {
			h.done(d)
			if h.journal != nil && h.journal.answers() {
				_ = h.journal.stay(ctx) // the housekeeping says why not, and tries again
			}
			failures = 0
			continue
		}
		failures++
		pause(ctx, h.backOff(failures, answer.after))
	}
}

// turn waits for the turn of a delivery; false when something else is to be
// looked at first.
func (h *Handler) turn(ctx context.Context, d *delivery) bool {
	h.mu.Lock()
	row := d.row
	h.mu.Unlock()
	if row == 0 || !h.journal.answers() {
		return true
	}
	place, err := h.journal.place(ctx, row, d.message.key())
	switch {
	case err != nil || place == first: // without its database a receiver is told all the same
		return ctx.Err() == nil
	case place == taken:
		h.done(d)
	case place == untold:
		all, err := h.journal.own(ctx)
		if err != nil {
			pause(ctx, h.cfg.beat/5)
			return false
		}
		h.takeOver(all)
	case place == behind:
		pause(ctx, h.cfg.beat/5)
	}
	return false
}

// backOff is the pause after so many failures, or the longer one that the receiver
// asks for.
func (h *Handler) backOff(failures int, asked time.Duration) time.Duration {
	wait := h.cfg.First << min(failures-1, 20)
	if wait > h.cfg.Longest || wait <= 0 {
		wait = h.cfg.Longest
	}
	wait -= time.Duration(rand.Float64() * float64(wait) / 4)
	return max(wait, min(asked, longestAsked))
}

// longestAsked bounds what a receiver may ask for.
const longestAsked = time.Hour

// say tells of the first failure, of the end of failures, and of what is refused.
func (h *Handler) say(ctx context.Context, d *delivery, a *answer, failures int) {
	attrs := []slog.Attr{slog.String("webhook", h.cfg.Name)}
	switch {
	case a.verdict == refused:
		attrs = append(attrs, slog.String("reason", d.message.Reason), slog.String("job", d.message.key()), slog.String("error", a.err.Error()))
		h.cfg.Log.LogAttrs(ctx, slog.LevelError, "a webhook refuses an event, which is dropped", attrs...)
	case a.verdict == failed && failures == 0:
		attrs = append(attrs, slog.Int("waiting", h.waiting()), slog.String("error", a.err.Error()))
		h.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "a webhook takes no events: they wait", attrs...)
	case a.verdict == delivered && failures > 0:
		h.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "a webhook takes events again", append(attrs, slog.Int("waiting", h.waiting()-1), slog.Int("failures", failures))...)
	}
}

// sayLost tells how many events were dropped since the queue was full.
func (h *Handler) sayLost(ctx context.Context) {
	h.mu.Lock()
	lost := h.lost
	h.lost = 0
	h.mu.Unlock()
	if lost > 0 {
		h.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the queue of a webhook was full: the oldest events are dropped",
			slog.String("webhook", h.cfg.Name), slog.Int("dropped", lost), slog.Int("size", h.cfg.Capacity))
	}
}

func (h *Handler) housekeeping(ctx context.Context) {
	ticker := time.NewTicker(h.cfg.beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.keepHouse(ctx)
		}
	}
}

// keepHouse brings the database up to what memory knows, and takes over what
// other processes have left.
func (h *Handler) keepHouse(ctx context.Context) {
	known := h.journal.answers()
	err := h.saveRest(ctx)
	if err == nil && (h.waiting() > 0 || len(h.journal.done()) > 0) {
		err = h.journal.stay(ctx)
	}
	var orphans []*delivery
	if err == nil {
		if orphans, err = h.journal.adopt(ctx); err == nil {
			h.takeOver(orphans)
		}
	}
	attrs := []slog.Attr{slog.String("webhook", h.cfg.Name)}
	switch {
	case ctx.Err() != nil:
	case err != nil && known:
		h.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the queue of a webhook is in memory alone: the database takes nothing", append(attrs, slog.String("error", err.Error()))...)
	case err == nil && !known:
		h.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "the queue of a webhook is in the database again", attrs...)
	}
}

// saveRest writes what only memory holds.
func (h *Handler) saveRest(ctx context.Context) error {
	h.saving.Lock()
	defer h.saving.Unlock()
	for _, d := range h.unsaved() {
		row, err := h.journal.save(ctx, d.message)
		if err != nil {
			return err
		}
		h.saved(d, row)
	}
	return nil
}

// saved notes the row of a delivery, which may have been made meanwhile.
func (h *Handler) saved(d *delivery, row int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.row = row
	if !slices.Contains(h.queue, d) {
		h.journal.forget(row)
	}
}

// takeOver puts deliveries that are not known yet in their places. They are older
// than what this process has queued, but for what it is sending.
func (h *Handler) takeOver(all []*delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := map[int64]bool{}
	for _, d := range h.queue {
		known[d.row] = true
	}
	for _, d := range all {
		if !known[d.row] && !h.journal.isGone(d.row) {
			h.queue = append(h.queue, d)
		}
	}
	slices.SortStableFunc(h.queue, func(a, b *delivery) int { return cmp.Compare(a.order(), b.order()) })
	h.bound()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// order is where a delivery stands in the queue: by its row, what has none last.
// What is being sent keeps the first place.
func (d *delivery) order() int64 {
	switch {
	case d.sending:
		return 0
	case d.row == 0:
		return math.MaxInt64
	}
	return d.row
}

// end saves, or sends, what would go with the process.
func (h *Handler) end(ctx context.Context) {
	if h.journal != nil {
		err := h.saveRest(ctx)
		if err == nil {
			err = h.journal.stay(ctx)
		}
		if err == nil && h.journal.leave(ctx) == nil {
			return
		}
	}
	for _, d := range h.unsaved() {
		if h.post(ctx, d.message).verdict == failed {
			break
		}
		h.done(d)
	}
	if lost := len(h.unsaved()); lost > 0 {
		h.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "events are lost with the process: a webhook has not taken them",
			slog.String("webhook", h.cfg.Name), slog.Int("lost", lost))
	}
}

func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

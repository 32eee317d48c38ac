// Package backlog writes to a database from a goroutine of its own: who has
// something to write does not wait, and what a database does not take for a while
// is kept in memory and written in order when it is back.
//
// What is kept ends with the process. Nothing belongs here that must survive it.
package backlog

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sluice-project/sluice/sqldb"
)

// Config is what a backlog needs.
type Config[T any] struct {
	// Write writes a batch in one transaction, all or nothing.
	Write func(ctx context.Context, batch []T) error
	// What names the items in the log, such as "decisions".
	What string
	Log  *slog.Logger
	// Capacity is how many items are kept; default 10,000. Of more the oldest go.
	Capacity int
	// Batch is how many are written at once; default 100.
	Batch int
	// Grace is how long the end waits for the last ones; default 5 s.
	Grace time.Duration
	// First and Longest are the pauses after a failure, which double; default 500
	// ms and 30 s. A third of each is left to chance.
	First, Longest time.Duration
}

// Backlog takes items and writes them. It is safe for concurrent use.
type Backlog[T any] struct {
	cfg  Config[T]
	wake chan struct{}

	mu    sync.Mutex
	items []T
	// taken is how many of the first items are being written.
	taken int
	// lost counts what went since there were too many, until it is said; dropped
	// counts it from the beginning.
	lost    int
	dropped int64
	// changed is closed and made anew when items were written or dropped.
	changed chan struct{}
}

// New returns a backlog that writes while [Backlog.Run] runs.
func New[T any](cfg Config[T]) *Backlog[T] {
	def := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	def(&cfg.Capacity, 10_000)
	def(&cfg.Batch, 100)
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&cfg.Grace, 5 * time.Second}, {&cfg.First, 500 * time.Millisecond}, {&cfg.Longest, 30 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	return &Backlog[T]{cfg: cfg, wake: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Add takes an item. It never waits.
func (b *Backlog[T]) Add(item T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) >= b.cfg.Capacity+b.taken {
		copy(b.items[b.taken:], b.items[b.taken+1:])
		b.items = b.items[:len(b.items)-1]
		b.lost++
		b.dropped++
	}
	b.items = append(b.items, item)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Waiting is how many items are not written yet.
func (b *Backlog[T]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// Dropped is how many items went unwritten since there were too many.
func (b *Backlog[T]) Dropped() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// Flush waits until everything that was added is written or given up. It fails
// when the context ends before that.
func (b *Backlog[T]) Flush(ctx context.Context) error {
	for {
		b.mu.Lock()
		left, changed := len(b.items), b.changed
		b.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Run writes until the context ends, and then for as long as Grace what is left.
func (b *Backlog[T]) Run(ctx context.Context) {
	b.drain(ctx)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Grace)
	defer cancel()
	for b.pending() && b.writeSome(last) == nil {
	}
	b.mu.Lock()
	left := len(b.items)
	b.mu.Unlock()
	if left > 0 {
		b.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "not written to the database before the end", slog.String("what", b.cfg.What), slog.Int("number", left))
	}
}

// drain writes as items come, with pauses where the database does not take them.
func (b *Backlog[T]) drain(ctx context.Context) {
	failures := 0
	for {
		if !b.pending() {
			select {
			case <-b.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := b.writeSome(ctx)
		if ctx.Err() != nil {
			return
		}
		b.say(ctx, err, failures)
		if failures++; err == nil {
			failures = 0
			continue
		}
		if !b.pause(ctx, failures) {
			return
		}
	}
}

// say tells of the first failure and of the first success after some.
func (b *Backlog[T]) say(ctx context.Context, err error, failures int) {
	b.mu.Lock()
	lost, kept := b.lost, len(b.items)
	if err == nil {
		b.lost = 0
	}
	b.mu.Unlock()
	attrs := []slog.Attr{slog.String("what", b.cfg.What)}
	switch {
	case err != nil && failures == 0:
		attrs = append(attrs, slog.Int("kept", kept), slog.String("error", err.Error()))
		b.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "the database takes nothing: what is new is kept in memory", attrs...)
	case err == nil && failures > 0:
		b.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "the database takes what was kept", append(attrs, slog.Int("lost", lost))...)
	case err == nil && lost > 0:
		b.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "more came than the database took: the oldest were dropped", append(attrs, slog.Int("lost", lost))...)
	}
}

func (b *Backlog[T]) pending() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items) > 0
}

// writeSome writes the oldest items. An item that the database refuses for what
// it is goes, so that it does not stand in the way of the others.
func (b *Backlog[T]) writeSome(ctx context.Context) error {
	batch := b.take(b.cfg.Batch)
	err := b.cfg.Write(ctx, batch)
	if err != nil && refused(err) && len(batch) > 1 {
		b.done(0)
		batch = b.take(1)
		err = b.cfg.Write(ctx, batch)
	}
	if err != nil && refused(err) {
		b.cfg.Log.LogAttrs(ctx, slog.LevelError, "the database refuses a row, which is left out", slog.String("what", b.cfg.What), slog.String("error", err.Error()))
		err = nil
	}
	if err != nil {
		b.done(0)
		return err
	}
	b.done(len(batch))
	return nil
}

// refused tells an error that waiting does not mend.
func refused(err error) bool {
	return errors.Is(err, sqldb.KindOther) || errors.Is(err, sqldb.KindDuplicate)
}

func (b *Backlog[T]) take(most int) []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = min(most, len(b.items))
	return append([]T(nil), b.items[:b.taken]...)
}

func (b *Backlog[T]) done(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken = 0
	if n == 0 {
		return
	}
	b.items = append(b.items[:0], b.items[n:]...)
	clear(b.items[len(b.items):cap(b.items)])
	close(b.changed)
	b.changed = make(chan struct{})
}

// pause waits after a failure; false when the context has ended.
func (b *Backlog[T]) pause(ctx context.Context, failures int) bool {
	wait := b.cfg.First << min(failures-1, 16)
	if wait > b.cfg.Longest || wait <= 0 {
		wait = b.cfg.Longest
	}
	wait -= time.Duration(rand.Float64() * float64(wait) / 3)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

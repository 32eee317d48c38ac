package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/decisions/sqldecisions"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/sqllease"
	"github.com/sluice-project/sluice/sqldb"
)

const (
	// othersEvery is the time between two looks at what other processes do.
	othersEvery = 5 * time.Second
	// othersAtOnce is how many rows one statement reads, othersRounds how many
	// statements one look makes: what is left over is for the next.
	othersAtOnce = 500
	othersRounds = 10
	// othersAgain is how many rows are looked at once more: transactions end in
	// another order than they began.
	othersAgain = 50
)

// others tell the page which jobs other processes have, and what they decide.
type others struct {
	book   *fleet.Book
	db     *sqldb.DB
	store  lease.Store
	keeper *lease.Keeper
	log    *slog.Logger

	last    int64 // the newest decision that was looked at
	failing bool
	theirs  atomic.Int64
}

func newOthers(keeper *lease.Keeper, w *wiring, book *fleet.Book, log *slog.Logger) *others {
	return &others{book: book, db: w.db, store: sqllease.New(w.db), keeper: keeper, log: log}
}

// run looks until the context ends. What a look does not find out stays as it was.
func (o *others) run(ctx context.Context) {
	for wait := pastEvery; pauseFor(ctx, wait); wait = othersEvery {
		err := o.look(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !o.failing {
			o.log.LogAttrs(ctx, slog.LevelWarn, "the page does not learn what other processes do", slog.String("error", err.Error()))
		}
		o.failing = err != nil
	}
}

func (o *others) look(ctx context.Context) error {
	newest, err := sqldecisions.Last(ctx, o.db)
	if err != nil {
		return err
	}
	view, err := o.store.View(ctx)
	if err != nil {
		return err
	}
	o.own(view)
	if o.last == 0 || o.theirs.Load() == 0 { // what is older comes with the past of a job
		o.last = newest
		return nil
	}
	return o.learn(ctx)
}

// own says which job is whose.
func (o *others) own(view lease.View) {
	names := make(map[string]string, len(view.Members))
	for _, m := range view.Members {
		names[m.ID] = m.Name
	}
	owners := make(map[autoscaler.JobKey]string, len(view.Leases))
	theirs := int64(0)
	for _, l := range view.Leases {
		if name := names[l.Owner]; name != "" && !o.keeper.Holds(l.Key) {
			owners[l.Key] = name
			theirs++
		}
	}
	o.theirs.Store(theirs)
	o.book.Owners(func(key autoscaler.JobKey) string {
		if o.keeper.Holds(key) {
			return ""
		}
		if name, own := owners[key]; own {
			return name
		}
		return owners[lease.Whole]
	})
}

// learn takes what others have decided since the last look.
func (o *others) learn(ctx context.Context) error {
	theirs := func(key autoscaler.JobKey) bool { return o.book.Owner(key) != "" }
	from := max(0, o.last-othersAgain)
	for range othersRounds {
		found, last, err := sqldecisions.After(ctx, o.db, from, othersAtOnce, theirs)
		if err != nil {
			return err
		}
		for i := range found {
			o.book.Learn(found[i].Key, found[i].Entry)
		}
		if last == from {
			return nil
		}
		from, o.last = last, max(o.last, last)
	}
	return nil
}

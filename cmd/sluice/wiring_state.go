package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/state/outage"
)

// settleWithin is how long the end of a process may take to write what an outage
// of the database kept from being written.
const settleWithin = 5 * time.Second

// stateStore is where passes keep what they leave to one another: in the
// database, or in memory without one.
func (f *runFlags) stateStore(p *process, w *wiring, files *closers) (autoscaler.StateStoreFactory, error) {
	db, tell := w.db, w.events
	if db == nil || !f.holdsState(p.config) {
		return memory.New().Open, nil
	}
	policy, err := options.Get(p.config, options.StateOnOutage)
	if err != nil {
		return nil, &usageError{err}
	}
	store, err := stored(p, db, tell)
	if err != nil {
		return nil, err
	}
	config := outage.Config{
		Store: w.probe.Store(store, databaseAway), Away: databaseAway, Now: time.Now, Rand: rand.Float64,
		Tell: func(ctx context.Context, e autoscaler.Event) error {
			return tell.Handle(ctx, &autoscaler.JobContext{Name: "sluice", Config: p.config}, e)
		},
	}
	if policy == options.OutageContinue {
		config.Policy = outage.Continue
	}
	guarded, err := outage.New(config)
	if err != nil {
		return nil, err
	}
	w.gauges = append(w.gauges, metrics.Gauge{
		Name: "sluice_state_store_up", Help: "1 while the database of the state store serves, else 0.",
		Value: func() float64 {
			if guarded.Away() {
				return 0
			}
			return 1
		},
	})
	files.add(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), settleWithin)
		defer cancel()
		return guarded.Settle(ctx)
	})
	return guarded.Open, nil
}

// sayWhere logs where state is kept.
func (f *runFlags) sayWhere(ctx context.Context, p *process, db *sqldb.DB) {
	if db == nil || !f.holdsState(p.config) {
		p.log.LogAttrs(ctx, slog.LevelInfo, "state is kept in memory, and a restart forgets it: --data DIRECTORY or --store URL keeps it")
		return
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "state is kept in a database", slog.String("database", db.Place()))
}

// stored is the store for the configured format.
func stored(p *process, db *sqldb.DB, tell autoscaler.EventHandler) (autoscaler.StateStore, error) {
	format, err := options.Get(p.config, options.StateFormatOption)
	if err != nil {
		return nil, &usageError{err}
	}
	return stateStoreOn(db, format, setAside(p, tell))
}

// setAside tells of a job that starts afresh. An event that cannot be told is
// logged: the pass goes on.
func setAside(p *process, tell autoscaler.EventHandler) func(context.Context, autoscaler.JobKey, error) {
	return func(ctx context.Context, key autoscaler.JobKey, reason error) {
		err := tell.Handle(ctx, &autoscaler.JobContext{Key: key, Config: p.config}, autoscaler.Event{
			At: time.Now(), Type: autoscaler.EventWarning, Reason: autoscaler.EventStateSetAside,
			Message: fmt.Sprintf("the state of the job could not be read and was set aside, and the job starts afresh: %v", reason),
		})
		if err != nil {
			p.log.LogAttrs(ctx, slog.LevelWarn, "state set aside", slog.String("job", key.String()), slog.String("reason", reason.Error()), slog.String("error", err.Error()))
		}
	}
}

// databaseAway tells whether an error means that the database as a whole does not
// serve.
func databaseAway(err error) bool {
	failure, ok := errors.AsType[*sqldb.Error](err)
	if !ok {
		return false
	}
	switch failure.Kind {
	case sqldb.KindUnavailable, sqldb.KindFull, sqldb.KindReadOnly, sqldb.KindCorrupt, sqldb.KindDenied, sqldb.KindTLS:
		return true
	}
	return false
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/lease"
	"github.com/sluice-project/sluice/lease/sqllease"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/fenced"
	"github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/sqldb"
	"github.com/sluice-project/sluice/sqldb/connect"
)

// shardFlags say how processes share the jobs.
type shardFlags struct{ shards string }

func (f *shardFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.shards, "shards", "", "`on` or off: with the same --store, share the jobs out (the default), or have one process active and the others stand by")
}

// asOptions are the flags as options.
func (f *shardFlags) asOptions() []string {
	if f.shards == "" {
		return nil
	}
	return []string{options.Shards.Key + "=" + f.shards}
}

// sharing is the part of a process that shares jobs with others.
type sharing struct {
	name     string
	keeper   *lease.Keeper
	deadline time.Duration
	// bound is how long a former owner's requests are looked for.
	bound time.Duration
	// late is told of what may have been sent too late.
	scaler *fenced.Scaler
}

// share joins those that use the same database; nil where state is kept for this
// process alone. It changes the wiring so that nothing is written to a cluster
// without a lease.
func (f *runFlags) share(ctx context.Context, p *process, w *wiring, files *closers) (*sharing, error) {
	if w.db == nil || !f.holdsState(p.config) {
		return nil, nil
	}
	r := options.NewReader(p.config)
	leaseTime, timeout := options.Read(r, options.LeaseTime), options.Read(r, options.RESTClientTimeout)
	whole := options.Read(r, options.Shards) == options.ShardsOff
	goesOn := options.Read(r, options.StateOnOutage) == options.OutageContinue
	name, named := options.ReadOptional(r, options.ProcessName)
	if err := r.Err(); err != nil {
		return nil, &usageError{err}
	}
	if !named {
		host, err := os.Hostname()
		if err != nil {
			return nil, &usageError{fmt.Errorf("%s: the host has no name: %w", options.ProcessName.Key, err)}
		}
		name = host
	}
	db, err := f.leases(ctx, p.config, leaseTime/3)
	if err != nil {
		return nil, err
	}
	files.add(db.Close)
	keeper, err := lease.New(lease.Config{
		Store: w.probe.Leases(sqllease.New(db)), Name: name, Time: leaseTime, Whole: whole, AloneGoesOn: goesOn,
		Clock: lease.BootClock, Random: rand.Float64, Logger: p.log,
	})
	if err != nil {
		return nil, err
	}
	s := &sharing{name: name, keeper: keeper, deadline: min(timeout, leaseTime/3), bound: leaseTime}
	w.userAgent = "sluice " + name
	w.gauges = append(w.gauges, metrics.Gauge{
		Name: "sluice_leases_held", Help: "Jobs that are this process's own among those that share the database; 1 where it is the active one of several.",
		Value: func() float64 { return float64(keeper.Held()) },
	}, metrics.Gauge{
		Name: "sluice_leases_left_seconds", Help: "How long the leases last unless they are renewed; not above 0 when they have ended.",
		Value: func() float64 { return keeper.Left().Seconds() },
	})
	around := w.transport
	w.transport = func(next http.RoundTripper) http.RoundTripper {
		next = s.transport(next)
		if around != nil {
			next = around(next)
		}
		return next
	}
	return s, nil
}

// leases opens the database once more, so that renewals do not queue behind what
// passes read and write.
func (f *runFlags) leases(ctx context.Context, cfg options.Config, deadline time.Duration) (*sqldb.DB, error) {
	t, err := f.target(cfg)
	if err != nil {
		return nil, err
	}
	t.Server.Connections = 2
	t.Server.Deadlines = sqldb.Deadlines{Connect: deadline, Statement: deadline, Transaction: deadline}
	return connect.OpenAsIs(ctx, *t)
}

func (s *sharing) transport(next http.RoundTripper) http.RoundTripper {
	return &fenced.Transport{
		Next: next, Guard: s.keeper, Clock: lease.BootClock, Deadline: s.deadline,
		Late: func(g *lease.Grant, r *http.Request, body []byte) { s.scaler.Late(g, r, body) },
	}
}

// into has a loop leave alone what is not ours.
func (s *sharing) into(config *control.Config, p *process, w *wiring) {
	if s == nil {
		return
	}
	s.scaler = fenced.NewScaler(fenced.Config{
		Passes: config.Scaler, Asserter: &rescale.Realizer{Now: w.now}, Intended: rescale.Intended,
		Notes: s.keeper, Bound: s.bound, Store: w.openStore, Logger: p.log,
	})
	config.Scaler, config.Shard = s.scaler, s.keeper
}

// during keeps the leases while work goes on, and gives them back after it.
func (s *sharing) during(ctx context.Context, work func(context.Context) error) error {
	if s == nil {
		return work(ctx)
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.keeper.Run(keep) }()
	err := work(ctx)
	stop()
	return errors.Join(err, <-ended)
}

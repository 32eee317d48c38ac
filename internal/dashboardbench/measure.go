package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// result is what was measured.
type result struct {
	plan
	// Loops while nobody looks, while a fleet page is open, and while programs ask at
	// the rate of the plan.
	unseen, open, asked pair
	// page is what the open page asked for, asks what the programs did.
	page traffic
	asks []asks
}

// pair is the processor time of loops at the same time: of a process without a page,
// and of one with it.
type pair struct{ without, with []time.Duration }

// measure runs two autoscalers beside one cluster, one of them with a page.
func (p plan) measure(ctx context.Context, folder, program string) (*result, error) {
	r := &result{plan: p}
	twin, cluster, err := p.twin(ctx, folder, program)
	if err != nil {
		return nil, err
	}
	defer twin.stop()
	without, err := p.sluice(ctx, program, cluster, "")
	if err != nil {
		return nil, err
	}
	defer without.stop()
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	with, err := p.sluice(ctx, program, cluster, address)
	if err != nil {
		return nil, err
	}
	defer with.stop()
	both := processes{without, with}
	var warm pair
	if err := both.count(ctx, int(p.window/p.interval)+3, &warm); err != nil {
		return nil, err
	}
	for i := range p.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i+1, p.rounds)
		if err := r.round(ctx, both, "http://"+address); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// processes are the autoscaler without a page and with one.
type processes struct{ without, with *process }

// count waits for so many loops of both.
func (p processes) count(ctx context.Context, n int, into *pair) error {
	counted := make(chan error, 1)
	go func() { counted <- p.without.count(ctx, n, &into.without) }()
	err := p.with.count(ctx, n, &into.with)
	return errors.Join(err, <-counted)
}

// round measures each way of being looked at once.
func (r *result) round(ctx context.Context, p processes, url string) error {
	if err := p.count(ctx, r.loops, &r.unseen); err != nil {
		return err
	}
	err := r.beside(ctx, p, &r.open, func(ctx context.Context) error { return r.page.watch(ctx, url) })
	if err != nil {
		return err
	}
	return r.beside(ctx, p, &r.asked, func(ctx context.Context) error {
		all, err := askAll(ctx, url, r.rate)
		r.asks = merged(r.asks, all)
		return err
	})
}

// beside measures loops while somebody looks.
func (r *result) beside(ctx context.Context, p processes, into *pair, look func(context.Context) error) error {
	looking, stop := context.WithCancel(ctx)
	defer stop()
	looked := make(chan error, 1)
	go func() { looked <- look(looking) }()
	err := p.count(ctx, r.loops, into)
	stop()
	return errors.Join(err, <-looked)
}

// median is the middle of all; 0 of none.
func median(all []time.Duration) time.Duration { return quantile(all, 0.5) }

// quantile is the one below which a share of all lies.
func quantile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

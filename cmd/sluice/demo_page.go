package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/control"
	"github.com/sluice-project/sluice/dashboard"
	"github.com/sluice-project/sluice/dashboard/fleet"
	"github.com/sluice-project/sluice/demo"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/internal/build"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/steer"
	"github.com/sluice-project/sluice/twin/rest"
)

// demoPage is the page of a demo, and the address at which its cluster answers; nil
// where nothing is served. What it knows of time is the demo's.
type demoPage struct {
	pages, flink net.Listener
	book         *fleet.Book
	holds        *control.Holds
	clock        demoClock
	stop         context.CancelFunc
	ended        chan struct{}
	err          error // why the page was served no longer
}

// demoClock is the demo's clock once there is one.
type demoClock struct{ demo atomic.Pointer[demo.Demo] }

func (c *demoClock) now() time.Time {
	if d := c.demo.Load(); d != nil {
		return d.Now()
	}
	return time.Time{}
}

// page opens the addresses, and has the demo told to the page.
func (f *demoFlags) page(c *demo.Config) (*demoPage, error) {
	address := f.listen
	switch {
	case address == "" && f.headless:
		return nil, nil
	case address == "":
		address = "127.0.0.1:0"
	}
	address = dashboard.Address(address)
	if dashboard.CheckAddress(address, dashboard.Access{}, true) == nil && dashboard.CheckAddress(address, dashboard.Access{}, f.insecure) != nil {
		return nil, fmt.Errorf("%s is reached from other machines, and everybody who reaches it may act: --insecure serves it all the same", address)
	}
	pages, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	cluster, err := rest.Listen("127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, pages.Close())
	}
	p := &demoPage{pages: pages, flink: cluster}
	p.book = fleet.NewBook(p.clock.now)
	if p.holds, err = control.NewHolds(context.Background(), p.clock.now, nil); err != nil {
		return nil, errors.Join(err, pages.Close(), cluster.Close())
	}
	c.Recorder, c.Events = p.book, p.book
	c.Held = func(key autoscaler.JobKey) autoscaler.Obstacle {
		hold, held := p.holds.Of(key)
		if !held {
			return autoscaler.Obstacle{}
		}
		return hold.Obstacle()
	}
	return p, nil
}

// served tells whether there is a page.
func (p *demoPage) served() bool { return p != nil }

func (p *demoPage) address() string { return dashboard.URL(p.pages.Addr(), false) }

func (p *demoPage) clusterAddress() string { return dashboard.URL(p.flink.Addr(), false) }

// cluster is where the cluster answers; nil where it does not.
func (p *demoPage) cluster() net.Listener {
	if p == nil {
		return nil
	}
	return p.flink
}

// close closes what nobody serves.
func (p *demoPage) close() {
	if p != nil {
		if p.stop != nil {
			p.stop()
			<-p.ended
		}
		_ = p.pages.Close() // nobody may have come to serve them
		_ = p.flink.Close()
	}
}

// during serves the page while the day passes, and as long after it as stay is
// asked for.
func (p *demoPage) during(ctx context.Context, d *demo.Demo, day func(context.Context) error) error {
	if p == nil {
		return day(ctx)
	}
	page, err := p.dashboard(d)
	if err != nil {
		return err
	}
	p.ended = make(chan struct{})
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	go func() {
		defer close(p.ended)
		p.err = dashboard.Serve(serving, p.pages, nil, page)
	}()
	return day(ctx)
}

// stay serves the page until it is interrupted.
func (p *demoPage) stay(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-p.ended:
		return p.err
	}
}

func (p *demoPage) dashboard(d *demo.Demo) (*dashboard.Dashboard, error) {
	p.clock.demo.Store(d)
	client, err := flink.New(flink.Config{Addresses: []string{p.clusterAddress()}, UserAgent: "sluice page"})
	if err != nil {
		return nil, err
	}
	hand, err := steer.New(steer.Config{
		Holds: p.holds, Clients: map[string]*flink.Client{"": client}, Events: p.book, Record: p.book, Now: p.clock.now,
		Name: func(key autoscaler.JobKey) string {
			job, _ := p.book.Job(key)
			return job.Name
		},
	})
	if err != nil {
		return nil, err
	}
	measured, err := metrics.New(metrics.Config{
		Book: p.book, Clients: map[string]*flink.Client{"": client}, Version: build.String() + " demo", Unnamed: p.clusterAddress(),
	})
	if err != nil {
		return nil, err
	}
	return dashboard.New(dashboard.Config{
		Book: p.book, Hand: hand, Clusters: hand, Options: d.Options(), Metrics: measured.Handler(), Version: build.String() + " demo", Now: p.clock.now, Logger: slog.New(slog.DiscardHandler),
	})
}

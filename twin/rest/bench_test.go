package rest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/collect"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/jobs"
	"github.com/sluice-project/sluice/options"
	realizer "github.com/sluice-project/sluice/realize/rescale"
	"github.com/sluice-project/sluice/state/memory"
	"github.com/sluice-project/sluice/twin/stage"
)

// shop is a job of eight vertices with two sources over a day and a night.
const shop = `
options: {execution.checkpointing.interval: 1 min}
taskmanagers: [{count: 2, slots: 8}]
jobs:
  - name: shop
    vertices:
      - {name: a, source: {partitions: 16}, cost: 0.1 ms, load: {day: {low: 200, high: 2k}}}
      - {name: b, source: {partitions: 16}, cost: 0.1 ms, load: {day: {low: 200, high: 2k}}}
      - {name: c, cost: 0.5 ms, inputs: {a: {exchange: hash}}}
      - {name: d, cost: 0.5 ms, inputs: {b: {exchange: hash}}}
      - {name: e, cost: 1 ms, inputs: {c: {exchange: hash}, d: {exchange: hash}}}
      - {name: f, cost: 0.4 ms, inputs: {e: {exchange: hash}}, state: {bytes-per-record: 50, window: 10 min}}
      - {name: g, cost: 0.3 ms, inputs: {f: {exchange: hash}}}
      - {name: h, cost: 0.2 ms, inputs: {g: {exchange: hash}}}
`

// BenchmarkDayThroughHTTP is a virtual day of a job whose autoscaler looks every ten
// seconds over a loopback connection.
func BenchmarkDayThroughHTTP(b *testing.B) {
	b.ReportAllocs()
	var before syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		day(b)
	}
	var after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(time.Duration(used).Seconds()/float64(b.N), "cpu-s/op")
}

func day(b *testing.B) {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	plan, err := stage.Read(stage.File{Name: "shop", Contents: []byte(shop)})
	must(err)
	world, err := plan.Open()
	must(err)
	server, err := New(Config{World: world, Speed: Step, Now: time.Now})
	must(err)
	listener := httptest.NewServer(server)
	defer listener.Close()
	now := func() time.Time { return world.Twin().Now() }
	client, err := flink.New(flink.Config{Addresses: []string{listener.URL}})
	must(err)
	defer client.Close()
	process, _, err := options.Load(options.LoadInput{})
	must(err)
	fetcher, err := jobs.NewCluster(jobs.Config{Client: client, Process: process, Now: now})
	must(err)
	shared, err := collect.NewClusterMetrics(9*time.Second, now)
	must(err)
	collector, err := collect.New(collect.Config{Now: now, Cluster: shared})
	must(err)
	scaler, err := autoscaler.New(ctx, autoscaler.Config{
		Collector: collector, OpenStore: memory.NewUnpacked().Open, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: &realizer.Realizer{Now: now}, Now: now,
	})
	must(err)
	for end := world.Twin().Start().Add(24 * time.Hour); world.Twin().Now().Before(end); {
		must(world.Advance(world.Twin().Now().Add(10 * time.Second)))
		list, err := fetcher.Fetch(ctx)
		must(err)
		for _, job := range list.Jobs {
			_, _ = scaler.Scale(ctx, job)
		}
	}
}

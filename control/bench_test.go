package control

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// idle is a scaler whose passes do nothing: what remains is the loop itself.
type idle struct{}

func (idle) Scale(context.Context, *autoscaler.JobContext) (autoscaler.Report, error) {
	return autoscaler.Report{}, nil
}

func (idle) Cleanup(context.Context, autoscaler.JobKey) error { return nil }

// BenchmarkLook is one look at a cluster with the dispatch of all its jobs.
func BenchmarkLook(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint("jobs=", n), func(b *testing.B) {
			var ids []string
			for i := range n {
				ids = append(ids, fmt.Sprintf("%032d", i))
			}
			f := &fetcher{name: "c", jobs: ids}
			loop, err := New(Config{
				Fetchers: []autoscaler.JobListFetcher{f}, Scaler: idle{}, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				loop.clusters[0].look(ctx, ctx)
				loop.passes.Wait()
			}
		})
	}
}

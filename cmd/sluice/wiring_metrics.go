package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/sluice-project/sluice/internal/build"
	"github.com/sluice-project/sluice/metrics"
	"github.com/sluice-project/sluice/tracing"
)

// measure makes the metrics of a process that looks at its clusters so often.
func (s *watching) measure(p *process, all *parts, w *wiring, interval time.Duration) (err error) {
	s.metrics, err = metrics.New(metrics.Config{
		Book: s.book, Clients: p.clients(all), Version: build.String(),
		Unnamed: all.fetchers[0].Name(), Interval: interval, Probe: w.probe,
		Gauges: append(slices.Clone(w.gauges), metrics.Gauge{
			Name: "sluice_event_streams", Help: "Event streams that are open, one for each page that is.", Value: s.streams,
		}),
	})
	return err
}

// trace begins to tell how passes went, where the environment says to whom; files
// ends that.
func (p *process) trace(ctx context.Context, files *closers) (*tracing.Tracing, error) {
	traced, err := tracing.Start(ctx, build.String(), p.log)
	if err != nil {
		return nil, err
	}
	files.add(func() error {
		if err := traced.Close(); err != nil { // lost spans are no failure of the work
			p.log.LogAttrs(context.Background(), slog.LevelWarn, "tracing ends", slog.String("error", err.Error()))
		}
		return nil
	})
	return traced, nil
}

// streams is how many event streams are open.
func (s *watching) streams() float64 {
	if page := s.page.Load(); page != nil {
		return float64(page.Streams())
	}
	return 0
}

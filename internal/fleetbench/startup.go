package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// startup is what a start of the command takes.
type startup struct {
	// size is that of the binary in bytes.
	size int64
	// first is the median time from the start of the process to its first
	// request, of so many starts; longest is the worst of them.
	first, longest time.Duration
	starts         int
}

// measureStarts starts the command again and again beside a small cluster.
func (p *programs) measureStarts(ctx context.Context, starts int) (startup, error) {
	info, err := os.Stat(p.sluice)
	if err != nil {
		return startup{}, err
	}
	fake, url, err := p.serveJobs(ctx, fleet{jobs: 1, speed: 1})
	if err != nil {
		return startup{}, err
	}
	defer fake.stop()
	var took []time.Duration
	for range starts {
		d, err := p.measureStart(ctx, url)
		if err != nil {
			return startup{}, fmt.Errorf("measure a start: %w", err)
		}
		took = append(took, d)
	}
	s := startup{size: info.Size(), first: middle(took), starts: starts}
	for _, d := range took {
		s.longest = max(s.longest, d)
	}
	return s, nil
}

// measureStart is the time from one start to the first request that the cluster
// got.
func (p *programs) measureStart(ctx context.Context, url string) (time.Duration, error) {
	if err := resetStats(ctx, url); err != nil {
		return 0, err
	}
	began := time.Now()
	sluice, err := p.runSluice(ctx, fleet{jobs: 1, speed: 1, window: 90}, url)
	if err != nil {
		return 0, err
	}
	defer sluice.stop()
	w := watcher{sluice: sluice, fake: sluice, url: url}
	if _, err := w.next(ctx); err != nil {
		return 0, err
	}
	stats, err := readStats(ctx, url)
	return stats.First.Sub(began), err
}

package control

import (
	"sync"
	"time"
)

// LoopStats is what one look at a cluster, and the passes that it started, came
// to.
type LoopStats struct {
	Cluster string
	Started time.Time
	// Duration is from the start to the end of the last pass.
	Duration time.Duration
	// Err is why the jobs could not be listed; then there were no passes.
	Err error
	// Jobs are those that were listed and have not ended. Each is counted in
	// one of the following.
	Jobs int
	// OK and Failed are passes that were run; of Failed, Panicked ended in a
	// panic.
	OK, Failed, Panicked int
	// Overlapped are jobs whose previous pass was still running.
	Overlapped int
	// Elsewhere are jobs of other processes, and those that were lost to one
	// during their pass.
	Elsewhere int
	// Late are jobs whose turn did not come; they are the first the next time.
	Late int
	// Skipped are jobs that the list itself skipped; of them, Unreadable are
	// those whose configuration could not be read.
	Skipped, Unreadable int
	// Cleaned are jobs that were forgotten.
	Cleaned int
	// Requests sent to the cluster since the LoopStats before this one; 0 where
	// the fetcher does not count.
	Requests int64
}

// requestCounter is a fetcher that knows how many requests its cluster got.
type requestCounter interface{ Requests() int64 }

// round collects the stats of one look from the goroutines that work for it.
type round struct {
	deliver func(LoopStats)

	mu    sync.Mutex
	stats LoopStats
	open  int // the dispatch itself, and each job at work
}

func newRound(stats LoopStats, deliver func(LoopStats)) *round {
	return &round{deliver: deliver, stats: stats, open: 1}
}

func (r *round) note(change func(*LoopStats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.stats)
}

// begin announces work that ends with a call of end.
func (r *round) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open++
}

// end delivers the stats when nothing is left to do.
func (r *round) end() {
	r.mu.Lock()
	r.open--
	last, stats := r.open == 0, r.stats
	r.mu.Unlock()
	if last {
		r.deliver(stats)
	}
}

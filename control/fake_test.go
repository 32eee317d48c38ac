package control

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sluice-project/sluice/autoscaler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fetcher lists what a test says: unless it is down, what fetch returns, and
// without fetch the jobs.
type fetcher struct {
	name  string
	jobs  []string // as listOf reads them
	fetch func(ctx context.Context) (autoscaler.JobList, error)

	mu   sync.Mutex
	down bool
	at   []time.Time // of the calls
	sent int64
}

func (f *fetcher) Name() string { return f.name }

func (f *fetcher) Requests() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func (f *fetcher) Fetch(ctx context.Context) (autoscaler.JobList, error) {
	f.mu.Lock()
	f.at = append(f.at, time.Now())
	f.sent += 3
	fetch, jobs, down := f.fetch, f.jobs, f.down
	f.mu.Unlock()
	if down {
		return autoscaler.JobList{}, errAway
	}
	if fetch != nil {
		return fetch(ctx)
	}
	return listOf(jobs), nil
}

func (f *fetcher) goes(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *fetcher) now(jobs ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jobs = jobs
}

// seconds are the times of the calls since start.
func (f *fetcher) seconds(start time.Time) []float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var seconds []float64
	for _, at := range f.at {
		seconds = append(seconds, at.Sub(start).Seconds())
	}
	return seconds
}

// scaler runs what a test says as a pass, and counts.
type scaler struct {
	pass    func(ctx context.Context, id string) error
	report  func(id string, pass int) autoscaler.Report // nil for an empty one
	cleanup func(id string) error

	mu      sync.Mutex
	passes  map[string]int
	running map[string]int
	cleaned []string
	most    int // passes at once
	twice   bool
}

func newScaler() *scaler { return &scaler{passes: map[string]int{}, running: map[string]int{}} }

func (s *scaler) Scale(ctx context.Context, job *autoscaler.JobContext) (autoscaler.Report, error) {
	id := job.Key.String()
	s.mu.Lock()
	s.passes[id]++
	pass := s.passes[id]
	s.running[id]++
	s.twice = s.twice || s.running[id] > 1
	at := 0
	for _, n := range s.running {
		at += n
	}
	s.most = max(s.most, at)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running[id]--
	}()
	var report autoscaler.Report
	if s.report != nil {
		report = s.report(id, pass)
	}
	if s.pass == nil {
		return report, nil
	}
	return report, s.pass(ctx, id)
}

func (s *scaler) Cleanup(_ context.Context, key autoscaler.JobKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[key.String()] > 0 {
		s.twice = true
	}
	if s.cleanup != nil {
		if err := s.cleanup(key.String()); err != nil {
			return err
		}
	}
	s.cleaned = append(s.cleaned, key.String())
	return nil
}

func (s *scaler) count(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passes[id]
}

func (s *scaler) forgotten() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.cleaned, " ")
}

// pause waits as long as the context lets it.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// logged is a log that tests read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines are the lines from Info up, without time.
func (l *logged) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Split(strings.TrimSuffix(l.text.String(), "\n"), "\n")
}

// with counts the lines that hold all the parts.
func (l *logged) with(parts ...string) int {
	n := 0
	for _, line := range l.lines() {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			n++
		}
	}
	return n
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// rig is a loop at work in virtual time.
type rig struct {
	*scaler
	log   *logged
	start time.Time
	stop  func() error // ends the loop and waits for it

	mu    sync.Mutex
	stats []LoopStats
}

// run starts a loop over the fetchers; what cfg leaves open has an interval of
// 10 s and no jitter. It is for use in a synctest bubble and ends with the test.
func run(t *testing.T, s *scaler, cfg Config, fetchers ...*fetcher) *rig {
	t.Helper()
	r := &rig{scaler: s, log: &logged{}, start: time.Now()}
	for _, f := range fetchers {
		cfg.Fetchers = append(cfg.Fetchers, f)
	}
	cfg.Scaler, cfg.Logger, cfg.Now = s, r.log.logger(), time.Now
	if cfg.Rand == nil {
		cfg.Rand = func() float64 { return 0.5 }
	}
	cfg.OnLoop = func(stats LoopStats) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stats = append(r.stats, stats)
	}
	loop, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// looks are the stats of one cluster so far.
func (r *rig) looks(cluster string) []LoopStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	var looks []LoopStats
	for _, s := range r.stats {
		if s.Cluster == cluster {
			looks = append(looks, s)
		}
	}
	return looks
}

var errAway = errors.New("connection refused")

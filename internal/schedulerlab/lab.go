package schedulerlab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-project/sluice/internal/realflink"
	"github.com/sluice-project/sluice/scheduler/script"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Releases are the versions of Flink that stand for ours.
var Releases = map[slots.Version]string{slots.V1_20: realflink.Flink120, slots.V2_3: realflink.Flink23}

// pollEvery is how often the REST interface is asked.
const pollEvery = 250 * time.Millisecond

// Tolerance is how far a time of a real run may be off: half a second for Flink's own delays, and what polling adds.
const Tolerance = 500*time.Millisecond + 2*pollEvery

// Run carries a script out on a new cluster, which it ends. An expectation that is not met is no error of Run, see
// [script.Check]: it goes on with the next line.
func Run(ctx context.Context, s *script.Script, v slots.Version) (*script.Run, error) {
	l, err := start(ctx, s, v)
	if err != nil {
		return nil, fmt.Errorf("run %s on Flink %s: %w", s.Name, v, err)
	}
	defer l.client.close()
	run, err := l.run(ctx)
	if err != nil {
		err = fmt.Errorf("run %s on Flink %s: %w; its JobManager's last words: %s", s.Name, v, err, lastLines(l.log(), 15))
	}
	if err = errors.Join(err, l.cluster.Stop()); err != nil {
		return nil, err
	}
	return run, nil
}

// log is the JobManager's.
func (l *lab) log() string { return filepath.Join(l.cluster.Dir(), "log", "jobmanager.log") }

func lastLines(file string, n int) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// lab is one run under way.
type lab struct {
	script  *script.Script
	version slots.Version
	cluster *realflink.Cluster
	client  *client
	began   time.Time // the script's clock stood at 0
	seen    *observer
	job     *realflink.Job

	clock   time.Duration // where the script stands
	last    time.Duration // the last action took effect
	answer  *script.Answer
	actions []script.Done
}

func start(ctx context.Context, s *script.Script, v slots.Version) (*lab, error) {
	cluster, err := realflink.Start(ctx, clusterConfig(s, v))
	if err != nil {
		return nil, err
	}
	l := &lab{script: s, version: v, cluster: cluster, client: newClient(cluster.URL()), began: time.Now()}
	l.seen = &observer{client: l.client, job: s.Job, version: v, began: l.began, sampleEvery: s.Sample}
	return l, nil
}

func (l *lab) run(ctx context.Context) (*script.Run, error) {
	watching, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.seen.watch(watching)
	}()
	err := l.lines(ctx)
	stop()
	<-ended
	if err != nil {
		return nil, err
	}
	return l.report(ctx)
}

func (l *lab) lines(ctx context.Context) error {
	for _, line := range l.script.LinesFor(l.version) {
		if err := l.line(ctx, line); err != nil {
			return fmt.Errorf("line %d, %q: %w", line.Number, line.Text, err)
		}
	}
	return l.until(ctx, l.now()+2*pollEvery) // so that the last effects are seen
}

func (l *lab) line(ctx context.Context, line script.Line) error {
	switch {
	case line.Action != nil:
		return l.act(ctx, line)
	case line.Expect != nil && line.Expect.Kind == script.After:
		return l.await(ctx, *line.Expect)
	case line.Expect != nil:
		l.clock += line.Expect.For
	default:
		l.clock += line.Wait
	}
	return l.until(ctx, l.clock)
}

func (l *lab) act(ctx context.Context, line script.Line) error {
	if err := l.until(ctx, line.At.From(l.clock)); err != nil {
		return err
	}
	done := script.Done{Line: line.Number, Began: l.now()}
	l.answer = nil
	effect, err := l.do(ctx, line.Action)
	if err != nil {
		return err
	}
	if effect == 0 {
		effect = l.now()
	}
	done.At, done.Answer = round(effect), l.answer
	if done.Began = round(done.Began); done.At-done.Began < 100*time.Millisecond {
		done.Began = 0
	}
	l.clock, l.last = done.At, done.At
	l.actions = append(l.actions, done)
	return nil
}

// await waits until what is expected is seen, or is overdue.
func (l *lab) await(ctx context.Context, e script.Expectation) error {
	limit := l.last + e.To + Tolerance
	for {
		t, ok := l.seen.first(e.Want, l.answer, l.clock, limit)
		if ok {
			l.clock = t
			return nil
		}
		if l.now() > limit+pollEvery {
			l.clock = max(l.clock, l.last+e.To)
			return nil
		}
		if err := l.until(ctx, l.now()+50*time.Millisecond); err != nil {
			return err
		}
	}
}

func (l *lab) now() time.Duration { return time.Since(l.began) }

// until waits for a time of the script's clock.
func (l *lab) until(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t - l.now())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// round makes a reading of a wall clock as exact as it is worth.
func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

package advise

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/events/eventlog"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/realize/report"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/state/memory"
)

var start = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const interval = 5 * time.Second

// platform is a cluster in virtual time. Each of its jobs gets 250 records/s,
// of which a subtask of the vertex work, of which there is one, does 100.
type platform struct {
	t   *testing.T
	now time.Time
	// list is what the fetcher answers; lists counts its answers.
	list  autoscaler.JobList
	lists int
	// unlisted and unread say which lists and which samples fail.
	unlisted func(n int) error
	unread   func(autoscaler.JobKey) error
	progress []Progress
}

func newPlatform(t *testing.T, jobs ...*autoscaler.JobContext) *platform {
	return &platform{t: t, now: start, list: autoscaler.JobList{Jobs: jobs}}
}

func job(name string) *autoscaler.JobContext {
	return &autoscaler.JobContext{
		Key: autoscaler.JobKey{Job: flink.JobID(name)}, Name: name, Status: flink.JobRunning,
		Config: options.FromMap(map[string]string{
			options.MetricsWindow.Key: "1 min", options.StabilizationInterval.Key: "30 s",
			options.CatchUpDuration.Key: "0 s", options.RestartTime.Key: "0 s",
		}),
	}
}

func (p *platform) Name() string { return "virtual" }

func (p *platform) Fetch(context.Context) (autoscaler.JobList, error) {
	if p.lists++; p.lists > 1000 {
		p.t.Fatal("it looks for ever")
	}
	if p.unlisted != nil {
		if err := p.unlisted(p.lists); err != nil {
			return autoscaler.JobList{}, err
		}
	}
	return p.list, nil
}

func (p *platform) Collect(_ context.Context, job *autoscaler.JobContext, _ scaling.Window) (*autoscaler.Observation, error) {
	if p.unread != nil {
		if err := p.unread(job.Key); err != nil {
			return nil, err
		}
	}
	topology, err := scaling.NewTopology([]scaling.Vertex{
		{ID: "source", Name: "source", Parallelism: 1, MaxParallelism: 128},
		{ID: "work", Name: "work", Parallelism: 1, MaxParallelism: 128, Inputs: []scaling.Edge{{From: "source", Ship: scaling.ShipHash}}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	ran := p.now.Sub(start).Seconds()
	source := scaling.VertexSample{Vertex: "source", Parallelism: 1}
	source.Set(scaling.Lag, 150*ran)
	set(&source.Measures, 100*ran, 100*ran, 0.1*ran, 0, 0.9*ran)
	work := scaling.VertexSample{Vertex: "work", Parallelism: 1}
	set(&work.Measures, 100*ran, 0, ran, 0, 0)
	return &autoscaler.Observation{
		Topology: topology,
		Sample:   scaling.Sample{At: p.now, RunningSince: start, Vertices: []scaling.VertexSample{source, work}},
	}, nil
}

// set puts counters in; times are in seconds.
func set(m *scaling.Measures, in, out, busy, idle, blocked float64) {
	m.Set(scaling.NumRecordsIn, in)
	m.Set(scaling.NumRecordsOut, out)
	m.Set(scaling.AccumulatedBusyTime, 1000*busy)
	m.Set(scaling.AccumulatedIdleTime, 1000*idle)
	m.Set(scaling.AccumulatedBackpressuredTime, 1000*blocked)
}

func (p *platform) Forget(autoscaler.JobKey) {}

// Prepare finds nothing that stands against a rescale.
func (p *platform) Prepare(context.Context, *autoscaler.JobContext, *autoscaler.State) (autoscaler.Readiness, error) {
	return autoscaler.Readiness{}, nil
}

// config makes a look at the platform, whose Wait moves the clock.
func (p *platform) config() Config {
	p.t.Helper()
	now := func() time.Time { return p.now }
	scaler, err := autoscaler.New(p.t.Context(), autoscaler.Config{
		Collector: p, OpenStore: memory.New().Open, Events: eventlog.New(slog.New(slog.DiscardHandler)),
		Realizer: report.Realizer{Preparer: p}, Now: now,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return Config{
		Fetchers: []autoscaler.JobListFetcher{p}, Scaler: scaler, Collector: p, Interval: interval, Now: now,
		Wait: func(ctx context.Context, d time.Duration) error {
			p.now = p.now.Add(d)
			return ctx.Err()
		},
		Progress: func(g Progress) { p.progress = append(p.progress, g) },
	}
}

// advice is what an entry comes to.
type advice struct {
	Job, Action, Reason string
	Work                int // what is advised for the vertex work
}

func adviceOf(entries []decisions.Entry) []advice {
	var list []advice
	for _, e := range entries {
		a := advice{Job: e.Job, Action: e.Action, Reason: e.Reason}
		for _, v := range e.Vertices {
			if v.Name == "work" {
				a.Work = v.To
			}
		}
		list = append(list, a)
	}
	return list
}

func TestALookEndsWhenEveryWindowIsFull(t *testing.T) {
	p := newPlatform(t, job("a"), job("b"))
	entries, err := UntilFull(t.Context(), p.config())
	want := []advice{{"a", "scale", "scale", 4}, {"b", "scale", "scale", 4}}
	if diff := cmp.Diff(want, adviceOf(entries)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	full := start.Add(30*time.Second + time.Minute)
	if !p.now.Equal(full) {
		t.Errorf("it ended at %s, the windows are full at %s", p.now, full)
	}
	if len(p.progress) != 18 || p.progress[17] != (Progress{Ready: 0, Jobs: 2, FullAt: full}) {
		t.Errorf("%d reports of progress, the last of them %+v", len(p.progress), p.progress[len(p.progress)-1])
	}
}

func TestWhatCannotBeJudgedIsNotWaitedFor(t *testing.T) {
	batch := job("batch")
	batch.Scope, batch.Why = autoscaler.ScopeIgnore, "batch job"
	restarting := job("restarting")
	restarting.Status = flink.JobRestarting
	p := newPlatform(t, batch, restarting)
	p.list.Jobs = append(p.list.Jobs, &autoscaler.JobContext{Status: flink.JobFinished})
	entries, err := UntilFull(t.Context(), p.config())
	want := []advice{{"batch", "hold", "out-of-scope", 0}, {"restarting", "hold", "not-running", 0}}
	if diff := cmp.Diff(want, adviceOf(entries)); err != nil || diff != "" || p.lists != 1 {
		t.Errorf("%v after %d lists (-want +got):\n%s", err, p.lists, diff)
	}
}

func TestOneFaultDoesNotEndALook(t *testing.T) {
	p := newPlatform(t, job("a"))
	n := 0
	p.unread = func(autoscaler.JobKey) error {
		if n++; n%4 == 0 {
			return errors.New("dropped")
		}
		return nil
	}
	p.unlisted = func(n int) error {
		if n == 7 || n == 8 {
			return errors.New("no list")
		}
		return nil
	}
	entries, err := UntilFull(t.Context(), p.config())
	if diff := cmp.Diff([]advice{{"a", "scale", "scale", 4}}, adviceOf(entries)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAFaultThatStaysIsTheAnswer(t *testing.T) {
	broken := errors.New("broken for good")
	t.Run("of one job", func(t *testing.T) {
		p := newPlatform(t, job("a"), job("b"))
		p.unread = func(key autoscaler.JobKey) error {
			if key.Job == "a" {
				return broken
			}
			return nil
		}
		p.list.Skipped = []autoscaler.SkippedJob{{Key: autoscaler.JobKey{Job: "c"}, Name: "c", Err: broken}}
		entries, err := UntilFull(t.Context(), p.config())
		want := []advice{{"a", "hold", reasonError, 0}, {"b", "scale", "scale", 4}, {"c", "hold", reasonError, 0}}
		if diff := cmp.Diff(want, adviceOf(entries)); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if entries[2].Detail != broken.Error() || entries[2].Scope != "ignore" {
			t.Errorf("of a job that cannot be read: %+v", entries[2])
		}
	})
	t.Run("of all jobs, it ends early", func(t *testing.T) {
		p := newPlatform(t, job("a"))
		p.unread = func(autoscaler.JobKey) error { return broken }
		if entries, err := UntilFull(t.Context(), p.config()); err != nil || len(entries) != 1 || p.lists != patience {
			t.Errorf("%+v, %v after %d lists", entries, err, p.lists)
		}
	})
	for name, c := range map[string]struct{ from, lists int }{"of the first list": {1, 1}, "of later lists": {3, 2 + patience}} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t, job("a"))
			p.unlisted = func(n int) error {
				if n >= c.from {
					return broken
				}
				return nil
			}
			if _, err := UntilFull(t.Context(), p.config()); !errors.Is(err, broken) || p.lists != c.lists {
				t.Errorf("%v after %d lists, want %d", err, p.lists, c.lists)
			}
		})
	}
}

func TestAJobWhoseTurnHasNotComeIsWaitedFor(t *testing.T) {
	p := newPlatform(t)
	p.list.Skipped = []autoscaler.SkippedJob{{Key: autoscaler.JobKey{Job: "a"}, Name: "a"}}
	p.unlisted = func(n int) error {
		if n == 10 {
			p.list = autoscaler.JobList{Jobs: []*autoscaler.JobContext{job("a")}}
		}
		return nil
	}
	entries, err := UntilFull(t.Context(), p.config())
	if diff := cmp.Diff([]advice{{"a", "scale", "scale", 4}}, adviceOf(entries)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestALookAtNothing(t *testing.T) {
	p := newPlatform(t, job("a"))
	p.list.Skipped = []autoscaler.SkippedJob{{Name: "b"}}
	c := p.config()
	c.Wanted = func(*autoscaler.JobContext) bool { return false }
	for name, look := range map[string]func(context.Context, Config) ([]decisions.Entry, error){"until full": UntilFull, "at once": AtOnce} {
		if _, err := look(t.Context(), c); !errors.Is(err, ErrNoJobs) {
			t.Errorf("%s: %v, want ErrNoJobs", name, err)
		}
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := newPlatform(t, job("a"))
	p.unlisted = func(n int) error {
		if n == 3 {
			cancel()
		}
		return nil
	}
	if _, err := UntilFull(ctx, p.config()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	if _, err := AtOnce(ctx, p.config()); !errors.Is(err, context.Canceled) {
		t.Errorf("at once: %v, want canceled", err)
	}
}

func TestAtOnceJudgesByWhatWasCountedSinceTheStart(t *testing.T) {
	restarting := job("restarting")
	restarting.Status = flink.JobRestarting
	p := newPlatform(t, job("a"), job("b"), restarting)
	p.list.Jobs[0].Config = options.FromMap(map[string]string{options.CatchUpDuration.Key: "0 s", options.RestartTime.Key: "0 s"})
	p.list.Skipped = []autoscaler.SkippedJob{{Key: autoscaler.JobKey{Job: "c"}, Name: "c"}}
	p.now = start.Add(10 * time.Minute)
	p.unread = func(key autoscaler.JobKey) error {
		if key.Job == "b" {
			return errors.New("dropped")
		}
		return nil
	}
	entries, err := AtOnce(t.Context(), p.config())
	// On average since the start 100 records/s were read: more is not known.
	want := []advice{{"a", "hold", "within-bounds", 1}, {"b", "hold", reasonError, 0}, {"restarting", "hold", "not-running", 0}, {"c", "hold", reasonError, 0}}
	if diff := cmp.Diff(want, adviceOf(entries)); err != nil || diff != "" || p.lists != 1 {
		t.Errorf("%v after %d lists (-want +got):\n%s", err, p.lists, diff)
	}
}

func TestAtOnceAdvisesMoreForABacklog(t *testing.T) {
	here, elsewhere := job("here"), job("elsewhere")
	elsewhere.Scope, elsewhere.Why = autoscaler.ScopeReport, "the Default scheduler cannot"
	p := newPlatform(t, here, elsewhere)
	for _, j := range p.list.Jobs {
		j.Config = options.FromMap(map[string]string{options.CatchUpDuration.Key: "5 min", options.RestartTime.Key: "0 s"})
	}
	p.now = start.Add(10 * time.Minute)
	entries, err := AtOnce(t.Context(), p.config())
	if err != nil || len(entries) != 2 || entries[0].Action != decisions.ActionScale || entries[1].Action != decisions.ActionHold {
		t.Fatalf("%+v, %v, want a rescale of the first alone", adviceOf(entries), err)
	}
	if got := adviceOf(entries); got[0].Work < 4 || got[1].Work != got[0].Work || entries[1].Detail != elsewhere.Why {
		t.Errorf("%+v, want the same size for both, and why the second stays", got)
	}
}

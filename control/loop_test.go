package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-project/sluice/autoscaler"
)

// until lets virtual time pass until an offset from the start, and everything
// come to rest.
func (r *rig) until(offset time.Duration) {
	<-time.After(time.Until(r.start.Add(offset)))
	synctest.Wait()
}

func TestEachLookStartsAnIntervalAfterTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c"}
		f.fetch = func(ctx context.Context) (autoscaler.JobList, error) {
			return listOf([]string{"a", "b"}), pause(ctx, 3*time.Second)
		}
		r := run(t, newScaler(), Config{}, f)
		r.until(35 * time.Second)
		if got := f.seconds(r.start); !slices.Equal(got, []float64{0, 10, 20, 30}) {
			t.Errorf("looks at %v s", got)
		}
		if r.count("a") != 4 || r.count("b") != 4 {
			t.Errorf("%d and %d passes, want 4 each", r.count("a"), r.count("b"))
		}
		want := LoopStats{Cluster: "c", Started: r.start.Add(10 * time.Second), Duration: 3 * time.Second, Jobs: 2, OK: 2, Requests: 3}
		if looks := r.looks("c"); len(looks) != 4 || looks[1] != want {
			t.Errorf("stats %+v, want %+v as the second of four", looks, want)
		}
	})
}

func TestALookThatOutlastsTheIntervalIsFollowedByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c"}
		f.fetch = func(ctx context.Context) (autoscaler.JobList, error) {
			return listOf([]string{"a"}), pause(ctx, 15*time.Second)
		}
		r := run(t, newScaler(), Config{}, f)
		r.until(50 * time.Second)
		if got := f.seconds(r.start); !slices.Equal(got, []float64{0, 15, 30, 45}) {
			t.Errorf("looks at %v s", got)
		}
	})
}

func TestAHangingPassIsCutAtItsDeadlineAndDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		causes := make(chan string, 10)
		s.pass = func(ctx context.Context, id string) error {
			if id != "bad" {
				return nil
			}
			<-ctx.Done()
			causes <- context.Cause(ctx).Error()
			return ctx.Err()
		}
		r := run(t, s, Config{JobTimeout: 25 * time.Second}, &fetcher{name: "c", jobs: []string{"bad", "a", "b"}})
		r.until(65 * time.Second)
		if r.count("a") != 7 || r.count("b") != 7 {
			t.Errorf("%d and %d passes of the others, want 7", r.count("a"), r.count("b"))
		}
		if r.count("bad") != 3 || r.twice {
			t.Errorf("%d passes of the bad one (two at once: %t), want 3", r.count("bad"), r.twice)
		}
		if n, cause := len(causes), <-causes; n != 2 || cause != "the pass took longer than 25s: context deadline exceeded" {
			t.Errorf("cut %d times, for %q", n, cause)
		}
		looks := r.looks("c")
		slices.SortFunc(looks, func(a, b LoopStats) int { return a.Started.Compare(b.Started) })
		for i, want := range []LoopStats{{Failed: 1, OK: 2}, {Overlapped: 1, OK: 2}, {Overlapped: 1, OK: 2}, {Failed: 1, OK: 2}} {
			if got := looks[i]; got.OK != want.OK || got.Failed != want.Failed || got.Overlapped != want.Overlapped || got.Jobs != 3 {
				t.Errorf("look %d: %+v, want %+v", i, got, want)
			}
		}
		if looks[0].Duration != 25*time.Second || looks[1].Duration != 0 {
			t.Errorf("looks took %s and %s", looks[0].Duration, looks[1].Duration)
		}
	})
}

func TestAPassThatIgnoresItsDeadlineIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, free := newScaler(), make(chan struct{})
		s.pass = func(context.Context, string) error { <-free; return nil }
		r := run(t, s, Config{JobTimeout: 10 * time.Second}, &fetcher{name: "c", jobs: []string{"a"}})
		r.until(2 * time.Minute)
		if n := r.log.with("level=WARN", "pass runs on after its deadline", "job=a"); n != 1 || r.count("a") != 1 {
			t.Errorf("said %d times, %d passes; want 1 and 1:\n%s", n, r.count("a"), strings.Join(r.log.lines(), "\n"))
		}
		close(free)
		r.until(3 * time.Minute)
		if r.count("a") < 6 {
			t.Errorf("only %d passes after it ended", r.count("a"))
		}
	})
}

func TestAPanicIsTheFaultOfOneJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.pass = func(_ context.Context, id string) error {
			if id == "bad" {
				panic("index out of range")
			}
			return nil
		}
		r := run(t, s, Config{}, &fetcher{name: "c", jobs: []string{"a", "bad"}})
		r.until(35 * time.Second)
		if r.count("a") != 4 || r.count("bad") != 4 {
			t.Errorf("%d and %d passes, want 4 each", r.count("a"), r.count("bad"))
		}
		if n := r.log.with("level=ERROR", `msg="pass crashed"`, "job=bad", "name=name-bad", `error="panic: index out of range"`, "loop_test.go"); n != 1 {
			t.Errorf("said %d times with its stack, want once:\n%s", n, strings.Join(r.log.lines(), "\n"))
		}
		if got := r.looks("c")[3]; got.OK != 1 || got.Failed != 1 || got.Panicked != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestAFailedPassIsCountedAndNotSaidAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.pass = func(context.Context, string) error { return errors.New("malformed") }
		r := run(t, s, Config{}, &fetcher{name: "c", jobs: []string{"a"}})
		r.until(35 * time.Second)
		if got := r.looks("c")[0]; got.OK != 0 || got.Failed != 1 || got.Panicked != 0 {
			t.Errorf("stats %+v", got)
		}
		if n := r.log.with("malformed"); n != 0 {
			t.Errorf("the scaler's error is said again %d times", n)
		}
	})
}

func TestWithMoreWorkThanTimeNoJobStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, jobs := newScaler(), []string{}
		for i := range 20 {
			jobs = append(jobs, fmt.Sprintf("job-%02d", i))
		}
		s.pass = func(ctx context.Context, _ string) error { return pause(ctx, 3*time.Second) }
		f := &fetcher{name: "c", jobs: jobs}
		r := run(t, s, Config{Parallelism: 2}, f)
		r.until(5 * time.Minute)
		least, most := r.count(jobs[0]), 0
		for _, id := range jobs {
			least, most = min(least, r.count(id)), max(most, r.count(id))
		}
		if r.most != 2 || least < 9 || most-least > 1 {
			t.Errorf("%d at once, between %d and %d passes a job; want 2 at once and about 10 each", r.most, least, most)
		}
		if got := r.looks("c")[0]; got.OK+got.Late != 20 || got.Late == 0 {
			t.Errorf("stats %+v, want the rest late", got)
		}
		if n := len(f.seconds(r.start)); n < 25 {
			t.Errorf("only %d looks in 5 min", n)
		}
	})
}

func TestOneClusterAwayDoesNotTouchTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := &fetcher{name: "good", jobs: []string{"a"}}, &fetcher{name: "bad", jobs: []string{"b"}, down: true}
		r := run(t, newScaler(), Config{}, good, bad)
		r.until(255 * time.Second)
		bad.goes(false)
		r.until(295 * time.Second)
		if got := bad.seconds(r.start); !slices.Equal(got, []float64{0, 10, 30, 70, 130, 190, 250}) {
			t.Errorf("the cluster that is away was asked at %v s", got)
		}
		if n := r.count("a"); n != 30 {
			t.Errorf("%d passes in the other cluster, want 30", n)
		}
		r.until(335 * time.Second)
		if n := r.count("b"); n != 3 {
			t.Errorf("%d passes since it is back, want 3", n)
		}
		want := []string{
			`level=INFO msg="cluster answers again" cluster=bad away=5m10s jobs=1`,
			`level=INFO msg="cluster answers" cluster=good jobs=1`,
			`level=INFO msg="job found" cluster=bad job=b name=name-b scope=scale`,
			`level=INFO msg="job found" cluster=good job=a name=name-a scope=scale`,
			`level=WARN msg="cluster does not answer" cluster=bad error="connection refused" retry_in=10s hint="want the REST address of a JobManager, such as http://localhost:8081; trying again until it answers"`,
		}
		lines := r.log.lines()
		if slices.Sort(lines); !slices.Equal(lines, want) {
			t.Errorf("log:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
		if got := r.looks("bad")[0]; !errors.Is(got.Err, errAway) || got.Jobs != 0 {
			t.Errorf("stats %+v, want the error", got)
		}
	})
}

func TestALongOutageIsRemindedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c", down: true}
		r := run(t, newScaler(), Config{Interval: time.Second}, f)
		r.until(time.Hour)
		if away, still, all := r.log.with(`"cluster does not answer"`), r.log.with("still does not answer"), len(r.log.lines()); away != 1 || still != 4 || all != 5 {
			t.Errorf("%d lines for the outage, %d reminders, %d lines in all; want 1, 4, 5", away, still, all)
		}
	})
}

func TestASlowClusterDoesNotDelayAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &fetcher{name: "slow", fetch: func(ctx context.Context) (autoscaler.JobList, error) {
			return autoscaler.JobList{}, pause(ctx, time.Hour)
		}}
		r := run(t, newScaler(), Config{}, slow, &fetcher{name: "good", jobs: []string{"a"}})
		r.until(2*time.Minute + 5*time.Second)
		if n := r.count("a"); n != 13 {
			t.Errorf("%d passes, want 13", n)
		}
		if got := slow.seconds(r.start); !slices.Equal(got, []float64{0, 70}) {
			t.Errorf("a look that never ends is begun at %v s, want it to be cut after a minute", got)
		}
	})
}

func TestAClusterWhosePassesHangLeavesRoomForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.pass = func(ctx context.Context, id string) error {
			if strings.HasPrefix(id, "bad") {
				return pause(ctx, time.Hour)
			}
			return nil
		}
		var jobs []string
		for i := range 100 {
			jobs = append(jobs, fmt.Sprint("bad-", i))
		}
		r := run(t, s, Config{Parallelism: 10}, &fetcher{name: "bad", jobs: jobs}, &fetcher{name: "good", jobs: []string{"a", "b"}})
		r.until(2*time.Minute + 5*time.Second)
		if r.count("a") != 13 || r.count("b") != 13 || r.most > 10 {
			t.Errorf("%d and %d passes, want 13 each; %d at once, want at most 10", r.count("a"), r.count("b"), r.most)
		}
	})
}

func TestAPanicInAFetcherIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c", fetch: func(context.Context) (autoscaler.JobList, error) { panic("nil map") }}
		r := run(t, newScaler(), Config{}, f)
		r.until(25 * time.Second)
		if n := r.log.with("level=WARN", `error="panic: nil map"`, "stack="); n != 1 || len(f.seconds(r.start)) != 2 {
			t.Errorf("said %d times, %d looks; want 1 and 2", n, len(f.seconds(r.start)))
		}
	})
}

func TestJobsThatAreGoneAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c", jobs: []string{"a", "b", "c"}}
		s := newScaler()
		tries := 0
		s.cleanup = func(id string) error {
			if tries++; id == "b" && tries < 4 {
				return errors.New("database is locked")
			}
			return nil
		}
		r := run(t, s, Config{GoneAfter: 10 * time.Minute}, f)
		r.until(5 * time.Second)
		f.now("a", "ended:b")
		r.until(15 * time.Second) // b ended, c lost
		if r.forgotten() != "" || r.log.with("job lost", "job=c", "gone_after=10m0s") != 1 || r.log.with("job has ended", "job=b", "status=FINISHED") != 1 {
			t.Errorf("forgotten: %s; log:\n%s", r.forgotten(), strings.Join(r.log.lines(), "\n"))
		}
		r.until(10*time.Minute + 5*time.Second)
		if r.forgotten() != "b" || r.log.with("level=WARN", "not removed yet", "database is locked") != 1 {
			t.Errorf("forgotten: %s; log:\n%s", r.forgotten(), strings.Join(r.log.lines(), "\n"))
		}
		r.until(10*time.Minute + 15*time.Second)
		if r.forgotten() != "b c" || r.log.with("job is gone", "job=c") != 1 {
			t.Errorf("forgotten: %s; log:\n%s", r.forgotten(), strings.Join(r.log.lines(), "\n"))
		}
		r.until(30 * time.Minute)
		if r.forgotten() != "b c" {
			t.Errorf("forgotten: %s", r.forgotten())
		}
	})
}

func TestAJobAtWorkIsForgottenWhenItsPassEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := &fetcher{name: "c", jobs: []string{"a"}}, newScaler()
		s.pass = func(ctx context.Context, _ string) error { return pause(ctx, 25*time.Second) }
		r := run(t, s, Config{}, f)
		r.until(5 * time.Second)
		f.now("ended:a")
		r.until(24 * time.Second)
		if got := r.forgotten(); got != "" {
			t.Errorf("forgotten during its pass: %s", got)
		}
		r.until(26 * time.Second)
		if got := r.forgotten(); got != "a" || r.twice {
			t.Errorf("forgotten: %q, while it was at work: %t", got, r.twice)
		}
		r.until(time.Minute)
		if r.forgotten() != "a" || r.count("a") != 1 {
			t.Errorf("forgotten: %s, %d passes", r.forgotten(), r.count("a"))
		}
	})
}

func TestALostJobAndItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c", jobs: []string{"old"}}
		r := run(t, newScaler(), Config{GoneAfter: time.Minute}, f)
		r.until(5 * time.Second)
		f.goes(true) // the JobManager dies, and comes back without its job
		r.until(25 * time.Second)
		f.now()
		f.goes(false)
		r.until(45 * time.Second)
		f.now("new")
		r.until(3 * time.Minute)
		var said []string
		for _, line := range r.log.lines() {
			_, text, _ := strings.Cut(line, `msg="`)
			said = append(said, strings.Split(text, `"`)[0])
		}
		want := []string{
			"cluster answers", "job found", "cluster does not answer", "cluster answers again",
			"job found", "job lost: its cluster lists it no more", "job is gone: its state is removed",
		}
		if !slices.Equal(said, want) {
			t.Errorf("said %q\nwant %q", said, want)
		}
		if r.forgotten() != "old" {
			t.Errorf("forgotten: %s", r.forgotten())
		}
	})
}

func TestManyJobsShareALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []string
		for i := range 1000 {
			jobs = append(jobs, fmt.Sprint("job-", i))
		}
		r := run(t, newScaler(), Config{}, &fetcher{name: "c", jobs: jobs})
		r.until(time.Minute)
		want := []string{
			`level=INFO msg="cluster answers" cluster=c jobs=1000`,
			`level=INFO msg="many jobs changed at once" cluster=c change=found jobs=1000`,
		}
		if got := r.log.lines(); !slices.Equal(got, want) {
			t.Errorf("log:\n%s", strings.Join(got, "\n"))
		}
		if got := r.looks("c")[0]; got.OK != 1000 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestSkippedJobsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, newScaler(), Config{}, &fetcher{name: "c", jobs: []string{"a", "skipped:b", "failed:d"}})
		r.until(5 * time.Second)
		if got := r.looks("c")[0]; got.Jobs != 3 || got.OK != 1 || got.Skipped != 2 || got.Unreadable != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestTheEndLetsPassesFinishAndThenFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		var order []string
		s.pass = func(ctx context.Context, id string) error {
			err := pause(ctx, 20*time.Second)
			order = append(order, fmt.Sprint(id, " ended: ", err))
			return err
		}
		flush := func(ctx context.Context) error {
			order = append(order, fmt.Sprint("flushed: ", ctx.Err()))
			return nil
		}
		r := run(t, s, Config{Parallelism: 1, Flush: flush}, &fetcher{name: "c", jobs: []string{"a", "b"}})
		r.until(5 * time.Second)
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(r.start); took != 20*time.Second {
			t.Errorf("ended %s after the start, want 20s", took)
		}
		if want := []string{"a ended: <nil>", "flushed: <nil>"}; !slices.Equal(order, want) {
			t.Errorf("order %q, want %q", order, want)
		}
		if n := r.log.with("ending: waiting for passes", "running=1", "grace=30s"); n != 1 {
			t.Errorf("log:\n%s", strings.Join(r.log.lines(), "\n"))
		}
	})
}

func TestTheEndCutsPassesAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.pass = func(ctx context.Context, _ string) error { return pause(ctx, 20*time.Second) }
		flushed := false
		cfg := Config{Grace: 10 * time.Second, Flush: func(context.Context) error { flushed = true; return errors.New("disk full") }}
		r := run(t, s, cfg, &fetcher{name: "c", jobs: []string{"a", "b"}})
		r.until(5 * time.Second)
		err := r.stop()
		if err == nil || !strings.Contains(err.Error(), "2 passes had to be cut, 10s after") || !strings.Contains(err.Error(), "flush at the end: disk full") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(r.start); took != 15*time.Second || !flushed {
			t.Errorf("ended %s after the start (flushed: %t), want 15s", took, flushed)
		}
	})
}

func TestTheEndDoesNotWaitForAPassThatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, free := newScaler(), make(chan struct{})
		defer close(free)
		s.pass = func(context.Context, string) error { <-free; return nil }
		r := run(t, s, Config{Grace: 10 * time.Second}, &fetcher{name: "c", jobs: []string{"a"}})
		r.until(5 * time.Second)
		if err := r.stop(); err == nil || !strings.Contains(err.Error(), "1 of them ignored it") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(r.start); took != 15*time.Second+lastWait {
			t.Errorf("ended %s after the start", took)
		}
	})
}

func TestTheEndInterruptsALookAndSaysNothingOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fetcher{name: "c", fetch: func(ctx context.Context) (autoscaler.JobList, error) {
			return autoscaler.JobList{}, pause(ctx, time.Hour)
		}}
		r := run(t, newScaler(), Config{}, f)
		r.until(5 * time.Second)
		if err := r.stop(); err != nil || time.Since(r.start) != 5*time.Second {
			t.Errorf("error %v, %s after the start", err, time.Since(r.start))
		}
		if got := strings.Join(r.log.lines(), "\n"); got != "" {
			t.Errorf("log: %s", got)
		}
	})
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	good := func(change func(*Config)) Config {
		cfg := Config{
			Fetchers: []autoscaler.JobListFetcher{&fetcher{name: "c"}}, Scaler: newScaler(), Now: time.Now,
			Logger: slog.New(slog.DiscardHandler),
		}
		change(&cfg)
		return cfg
	}
	for want, cfg := range map[string]Config{
		"":                               good(func(*Config) {}),
		"no cluster given":               good(func(c *Config) { c.Fetchers = nil }),
		"no scaler given":                good(func(c *Config) { c.Scaler = nil }),
		"no clock given":                 good(func(c *Config) { c.Now = nil }),
		"no logger given":                good(func(c *Config) { c.Logger = nil }),
		"a negative duration given":      good(func(c *Config) { c.GoneAfter = -1 }),
		"parallelism -1 given":           good(func(c *Config) { c.Parallelism = -1 }),
		`two clusters have the name "c"`: good(func(c *Config) { c.Fetchers = append(c.Fetchers, &fetcher{name: "c"}) }),
	} {
		_, err := New(cfg)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

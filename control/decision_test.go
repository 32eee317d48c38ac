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
	"github.com/sluice-project/sluice/scaling"
)

// reportOf is the report of a job with one vertex that can do 1000/s.
func reportOf(reason scaling.Reason, v scaling.VertexDecision) autoscaler.Report {
	v.Vertex, v.Name = "a", "work"
	return autoscaler.Report{
		Evaluation: &scaling.Evaluation{Vertices: []scaling.VertexEvaluation{{
			Vertex: "a", Name: "work", Parallelism: v.From, Load: 0.5, TrueProcessingRate: 1000, TargetRate: 500, PeakRate: 500, ScaleUpThreshold: 500, ScaleDownThreshold: 1250,
		}}},
		Decision: scaling.Decision{Scale: reason == scaling.ReasonScale, Reason: reason, Vertices: []scaling.VertexDecision{v}},
	}
}

func steady(p int) scaling.VertexDecision {
	return scaling.VertexDecision{From: p, To: p, Recommended: p, Reason: scaling.ReasonSteady}
}

func up(to int) scaling.VertexDecision {
	return scaling.VertexDecision{From: 1, To: to, Recommended: to, Reason: scaling.ReasonScaleUp, Outside: true}
}

// said are the lines about decisions, without level and job.
func (l *logged) said() []string {
	var said []string
	for _, line := range l.lines() {
		if _, rest, ok := strings.Cut(line, "msg=decision "); ok {
			said = append(said, rest)
		}
	}
	return said
}

func TestADecisionIsLoggedWithItsReasons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.report = func(string, int) autoscaler.Report {
			v := up(4)
			v.Guards = []scaling.Guard{{Rule: scaling.RuleDemand, Before: 1, After: 4, Have: 1000, Limit: 3572}}
			return reportOf(scaling.ReasonScale, v)
		}
		r := run(t, s, Config{}, &fetcher{name: "c", jobs: []string{"j"}})
		r.until(time.Second)
		want := `cluster=c job=j name=name-j action=scale reason=scale why="rescale 1 vertex | work 1 -> 4: can do 1000/s and needs 3572/s"`
		got := r.log.lines()
		if i := slices.IndexFunc(got, func(l string) bool { return l == "level=INFO msg=decision "+want }); i < 0 {
			t.Errorf("no line\n%s\namong\n%s", want, strings.Join(got, "\n"))
		}
	})
}

// A quiet job is not told of again and again; what changes it always is.
func TestWhatADecisionSaysAgainIsNotRepeated(t *testing.T) {
	within := func(recommended int) autoscaler.Report {
		return reportOf(scaling.ReasonWithinBounds, scaling.VertexDecision{From: 4, To: 4, Recommended: recommended, Reason: scaling.ReasonWithinBounds})
	}
	delayed := func(recommended int, outside bool) autoscaler.Report {
		return reportOf(scaling.ReasonWithinBounds, scaling.VertexDecision{From: 4, To: 4, Recommended: recommended, Outside: outside, Reason: scaling.ReasonDelayed})
	}
	blocked := func(to int, detail string) autoscaler.Report {
		r := reportOf("checkpoint-too-old", up(to))
		r.Decision.Detail, r.Obstacle = detail, autoscaler.Obstacle{Reason: "checkpoint-too-old", Text: detail}
		return r
	}
	scoped := func(scope autoscaler.Scope) autoscaler.Report {
		r := reportOf(autoscaler.ReasonOutOfScope, steady(1))
		r.Scope = scope
		return r
	}
	scale := reportOf(scaling.ReasonScale, up(4))
	for name, c := range map[string]struct {
		passes []autoscaler.Report
		want   string // of the passes that are told
	}{
		"steady":                            {[]autoscaler.Report{reportOf(scaling.ReasonWithinBounds, steady(4)), within(3), reportOf(scaling.ReasonWithinBounds, steady(4)), within(2)}, "0"},
		"a delay that is none of bounds":    {[]autoscaler.Report{within(3), delayed(3, false), within(3)}, "0"},
		"a delay out of bounds":             {[]autoscaler.Report{within(3), delayed(2, true), delayed(1, true), delayed(2, true), within(3)}, "0 1 4"},
		"another reason":                    {[]autoscaler.Report{within(4), reportOf(scaling.ReasonGCPressure, steady(4)), reportOf(scaling.ReasonGCPressure, steady(4)), within(4)}, "0 1 3"},
		"rescales":                          {[]autoscaler.Report{scale, scale, scale}, "0 1 2"},
		"blocked":                           {[]autoscaler.Report{blocked(4, "51s old"), blocked(4, "61s old"), blocked(5, "71s old"), blocked(5, "81s old")}, "0 2"},
		"blocked, and then done":            {[]autoscaler.Report{blocked(4, "51s old"), scale}, "0 1"},
		"a vertex that can no more be told": {[]autoscaler.Report{within(4), reportOf(scaling.ReasonWithinBounds, scaling.VertexDecision{From: 4, To: 4, Recommended: 4, Reason: scaling.ReasonPinned})}, "0 1"},
		"out of scope":                      {[]autoscaler.Report{scoped(autoscaler.ScopeIgnore), scoped(autoscaler.ScopeDisabled)}, ""},
		"only reported":                     {[]autoscaler.Report{scoped(autoscaler.ScopeReport)}, "0"},
		"nothing decided":                   {[]autoscaler.Report{{}, {}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScaler()
				s.report = func(_ string, pass int) autoscaler.Report { return c.passes[min(pass, len(c.passes))-1] }
				r := run(t, s, Config{}, &fetcher{name: "c", jobs: []string{"j"}})
				var told []string
				for i, before := 0, 0; i < len(c.passes); i++ {
					r.until(time.Duration(i)*10*time.Second + time.Second)
					if n := len(r.log.said()); n > before {
						told, before = append(told, fmt.Sprint(i)), n
					}
				}
				if got := strings.Join(told, " "); got != c.want {
					t.Errorf("told of passes %q, want %q:\n%s", got, c.want, strings.Join(r.log.said(), "\n"))
				}
			})
		})
	}
}

// Two jobs that say the same are told of both; one that comes back is told anew.
func TestEachJobIsToldForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.report = func(string, int) autoscaler.Report { return reportOf(scaling.ReasonWithinBounds, steady(1)) }
		f := &fetcher{name: "c", jobs: []string{"a", "b"}}
		r := run(t, s, Config{}, f)
		r.until(11 * time.Second)
		if n := len(r.log.said()); n != 2 {
			t.Errorf("%d lines, want 2:\n%s", n, strings.Join(r.log.said(), "\n"))
		}
		f.now("a")
		r.until(51 * time.Second)
		f.now("a", "b")
		r.until(71 * time.Second)
		if n := len(r.log.said()); n != 3 {
			t.Errorf("%d lines after the return of b, want 3:\n%s", n, strings.Join(r.log.said(), "\n"))
		}
	})
}

func TestOfAPassThatFailedOnlyWhatItDidIsTold(t *testing.T) {
	blocked := reportOf("refused", up(4))
	blocked.Obstacle.Reason = "refused"
	for name, c := range map[string]struct {
		report autoscaler.Report
		want   int
	}{
		"asked, and nobody knows": {reportOf(scaling.ReasonScale, up(4)), 1},
		"refused":                 {blocked, 1},
		"before it did anything":  {reportOf(scaling.ReasonWithinBounds, steady(1)), 0},
		"before it decided":       {autoscaler.Report{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScaler()
				s.report = func(string, int) autoscaler.Report { return c.report }
				s.pass = func(context.Context, string) error { return errors.New("broken") }
				r := run(t, s, Config{}, &fetcher{name: "c", jobs: []string{"j"}})
				r.until(time.Second)
				if n := len(r.log.said()); n != c.want {
					t.Errorf("%d lines, want %d:\n%s", n, c.want, strings.Join(r.log.said(), "\n"))
				}
			})
		})
	}
}

// A job that ended and is there again is another one with the same id.
func TestAJobThatBeginsAnewIsToldAnew(t *testing.T) {
	c, job := clusterWith(slog.DiscardHandler)
	report := reportOf(scaling.ReasonWithinBounds, steady(1))
	c.roster.decides(job.Key, digestOf(&report))
	c.roster.listed(autoscaler.JobList{Ended: []autoscaler.EndedJob{{Key: job.Key}}}, time.Time{})
	c.roster.listed(autoscaler.JobList{Jobs: []*autoscaler.JobContext{job}}, time.Time{})
	if !c.roster.decides(job.Key, digestOf(&report)) {
		t.Error("its first decision is taken for a repetition")
	}
}

// asked is a handler of one level, which counts how often it was given a line.
type asked struct {
	level slog.Level
	lines []slog.Record
}

func (a *asked) Enabled(_ context.Context, l slog.Level) bool { return l >= a.level }

func (a *asked) Handle(_ context.Context, r slog.Record) error {
	a.lines = append(a.lines, r)
	return nil
}

func (a *asked) WithAttrs([]slog.Attr) slog.Handler { return a }

func (a *asked) WithGroup(string) slog.Handler { return a }

// clusterWith is a cluster that knows a job j, with a log.
func clusterWith(h slog.Handler) (*cluster, *autoscaler.JobContext) {
	job := &autoscaler.JobContext{Key: autoscaler.JobKey{Job: "j"}, Name: "orders"}
	c := newCluster(&Loop{cfg: Config{Logger: slog.New(h)}}, 0, &fetcher{name: "c"})
	c.roster.listed(autoscaler.JobList{Jobs: []*autoscaler.JobContext{job}}, time.Time{})
	return c, job
}

// A log that does not want the line costs nothing, and neither does a quiet job.
func TestADecisionThatNobodyReadsCostsNothing(t *testing.T) {
	quiet, rescale := reportOf(scaling.ReasonWithinBounds, steady(1)), reportOf(scaling.ReasonScale, up(4))
	for name, c := range map[string]struct {
		level  slog.Level
		report *autoscaler.Report
	}{
		"a rescale, at warn":      {slog.LevelWarn, &rescale},
		"a quiet job, at warn":    {slog.LevelWarn, &quiet},
		"a quiet job, at info":    {slog.LevelInfo, &quiet},
		"a failed pass, at debug": {slog.LevelDebug, &autoscaler.Report{}},
	} {
		t.Run(name, func(t *testing.T) {
			handler := &asked{level: c.level}
			cluster, job := clusterWith(handler)
			cluster.sayDecision(t.Context(), job, c.report, nil) // the first is news
			handler.lines = nil
			if cost := testing.AllocsPerRun(100, func() { cluster.sayDecision(t.Context(), job, c.report, nil) }); cost > 0 || len(handler.lines) > 0 {
				t.Errorf("%v allocations, %d lines", cost, len(handler.lines))
			}
		})
	}
}

// What is told at Info once is there at Debug each time, and a line is put into
// words when its handler asks, not before.
func TestAQuietJobIsToldOfAtDebug(t *testing.T) {
	handler := &asked{level: slog.LevelDebug}
	cluster, job := clusterWith(handler)
	report := reportOf(scaling.ReasonWithinBounds, steady(1))
	for range 3 {
		cluster.sayDecision(t.Context(), job, &report, nil)
	}
	var levels []slog.Level
	for _, l := range handler.lines {
		levels = append(levels, l.Level)
		l.Attrs(func(a slog.Attr) bool {
			if a.Key == "why" && a.Value.Kind() != slog.KindLogValuer {
				t.Errorf("why is %s: it is rendered already", a.Value.Kind())
			}
			return true
		})
	}
	if !slices.Equal(levels, []slog.Level{slog.LevelInfo, slog.LevelDebug, slog.LevelDebug}) {
		t.Errorf("levels %v", levels)
	}
}

func TestAWarningIsLoggedOnceForAsLongAsItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScaler()
		s.report = func(_ string, pass int) autoscaler.Report {
			r := reportOf(scaling.ReasonWithinBounds, steady(1))
			if pass != 3 {
				r.Warnings = []error{errors.New(`no extension of class "x.Gone" is known`)}
			}
			return r
		}
		r := run(t, s, Config{Interval: 10 * time.Second}, &fetcher{name: "c", jobs: []string{"j"}})
		r.until(51 * time.Second)
		var got []string
		for _, line := range r.log.lines() {
			if strings.Contains(line, "x.Gone") {
				got = append(got, line)
			}
		}
		want := `level=WARN msg="something is left out of a job's decisions" cluster=c job=j name=name-j error="no extension of class \"x.Gone\" is known"`
		if !slices.Equal(got, []string{want, want}) { // it came, went, and came again
			t.Errorf("got\n%s\nwant twice\n%s", strings.Join(got, "\n"), want)
		}
	})
}

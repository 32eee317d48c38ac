package twinlab

import (
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the measured page anew")

// comparisons are the recorded scenarios beside the twin, each made once.
var comparisons = sync.OnceValues(func() ([]Comparison, error) {
	scenarios := Scenarios()
	all, failed := make([]Comparison, len(scenarios)), make([]error, len(scenarios))
	var working sync.WaitGroup
	for i, s := range scenarios {
		working.Go(func() { all[i], failed[i] = compare(s) })
	}
	working.Wait()
	return all, errors.Join(failed...)
})

func compare(s Scenario) (c Comparison, err error) {
	c.Scenario = s
	if c.Real, err = Open("testdata", s.ID()); err != nil {
		return c, err
	}
	if c.Follows, err = Simulate(context.Background(), s, c.Real, Follow, 1); err != nil {
		return c, err
	}
	if s.Settings != nil && !s.FollowOnly {
		c.Decides, err = Simulate(context.Background(), s, c.Real, Decide, 1)
	}
	return c, err
}

func compared(t *testing.T) []Comparison {
	t.Helper()
	all, err := comparisons()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The same load and the same looks: the same decisions in the same order.
func TestTheAutoscalerDecidesInTheTwinAsBesideRealFlink(t *testing.T) {
	for _, c := range compared(t) {
		if c.Decides == nil {
			continue
		}
		t.Run(c.Name(), func(t *testing.T) {
			real, twin, err := c.Decided()
			if err != nil {
				t.Fatal(err)
			}
			sameDecisions(t, c.Real.Start, real, twin)
		})
	}
}

// sameDecisions wants them of the same job in the same order; those of two jobs have nothing to do with one another.
func sameDecisions(t *testing.T, start time.Time, real, twin []Decision) {
	t.Helper()
	byJob := func(a, b Decision) int { return a.Job - b.Job }
	slices.SortStableFunc(real, byJob)
	slices.SortStableFunc(twin, byJob)
	if len(real) < 2 || !slices.EqualFunc(real, twin, Decision.Same) {
		t.Fatalf("beside the twin\n%s\nbeside real Flink\n%s", list(twin, start), list(real, start))
	}
	for i := range real {
		if apart := twin[i].At.Sub(real[i].At).Abs(); apart > 25*time.Second {
			t.Errorf("%s %d → %d comes %v apart", real[i].Vertex, real[i].From, real[i].To, apart)
		}
	}
}

// What is left to chance must not matter: a scenario at the edge of another decision would prove nothing.
func TestTheHalfHourIsDecidedTheSameWhateverTheSeed(t *testing.T) {
	if testing.Short() {
		t.Skip("ten half hours take some seconds")
	}
	for _, c := range compared(t) {
		if c.Scenario.Name != halfHour {
			continue
		}
		real, err := c.Real.Decisions()
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(10) {
			twin, err := Simulate(t.Context(), c.Scenario, c.Real, Decide, seed+2)
			if err != nil {
				t.Fatal(err)
			}
			decided, err := twin.Decisions()
			if err != nil {
				t.Fatal(err)
			}
			sameDecisions(t, c.Real.Start, real, decided)
		}
	}
}

// After each transient all is within the tolerance.
func TestLoadsRunInTheTwinAsOnRealFlink(t *testing.T) {
	for _, c := range compared(t) {
		t.Run(c.Name(), func(t *testing.T) {
			for job := range c.Real.Jobs {
				all, err := Stretches(c.Real, c.Follows, job)
				if err != nil {
					t.Fatal(err)
				}
				if len(all) == 0 {
					t.Errorf("job %d: nothing to compare", job)
				}
				for _, s := range all {
					if off, _ := s.Off(); off > Tolerance {
						t.Errorf("job %d: %v", job, s)
					}
					if !s.Backlog && max(s.RealWaiting, s.TwinWaiting) > waiting {
						t.Errorf("job %d: %v: %.0f and %.0f records wait", job, s, s.RealWaiting, s.TwinWaiting)
					}
				}
				sameSizes(t, c, job)
			}
		})
	}
}

// sameSizes wants the job at the same sizes in the same order, each from the same time on but for ten seconds: in 2.3 a new
// size waits for a checkpoint, and those of either side come every five seconds or, under back-pressure, when they can.
func sameSizes(t *testing.T, c Comparison, job int) {
	t.Helper()
	var runs [2][]Run
	for i, s := range []*Session{c.Real, c.Follows} {
		series, err := s.Series(job)
		if err != nil {
			t.Fatal(err)
		}
		runs[i] = series.Runs()
	}
	if !slices.EqualFunc(runs[0], runs[1], func(a, b Run) bool { return slices.Equal(a.Parallelism, b.Parallelism) }) {
		t.Fatalf("the sizes of job %d are %v; on real Flink %v", job, runs[1], runs[0])
	}
	for i := range runs[0] {
		if off := runs[1][i].From.Sub(runs[0][i].From).Abs(); off > 10*time.Second {
			t.Errorf("job %d runs at %v %v apart", job, runs[0][i].Parallelism, off)
		}
	}
}

// A backlog is worked off in the same time.
func TestABacklogIsReadAsFastAsOnRealFlink(t *testing.T) {
	for _, c := range compared(t) {
		if c.Scenario.Jobs[0].Backlog == 0 {
			continue
		}
		load := c.Scenario.Jobs[0].Spec.Rate
		real, err := c.Real.CaughtUp(load)
		if err != nil {
			t.Fatal(err)
		}
		twin, err := c.Follows.CaughtUp(load)
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Abs(float64(twin-real)) / float64(real); off > Tolerance {
			t.Errorf("%s: read after %v; on real Flink after %v", c.Name(), twin, real)
		}
	}
}

// Experiments 21 and 22.
func TestASaturatedJobIsTheSame(t *testing.T) {
	for _, c := range compared(t) {
		if c.Scenario.Name != saturated {
			continue
		}
		t.Run(c.Scenario.Version, func(t *testing.T) {
			real, err := Saturation(c.Real)
			if err != nil {
				t.Fatal(err)
			}
			twin, err := Saturation(c.Follows)
			if err != nil {
				t.Fatal(err)
			}
			for what, of := range map[string][2]float64{
				"rate": {real.Rate, twin.Rate}, "busy source": {real.SourceBusy, twin.SourceBusy},
				"back-pressured source": {real.SourceBlocked, twin.SourceBlocked}, "busy work": {real.WorkBusy, twin.WorkBusy},
				"idle count":  {real.CountIdle, twin.CountIdle},
				"checkpoints": {mean(real.Full).Seconds(), mean(twin.Full).Seconds()},
			} {
				if off := math.Abs(of[1]-of[0]) / of[0]; off > 0.06 {
					t.Errorf("%s: %.1f; on real Flink %.1f", what, of[1], of[0])
				}
			}
			if len(real.Full) < 3 || len(twin.Full) < 3 || real.Between > 100*time.Millisecond || twin.Between > 100*time.Millisecond {
				t.Errorf("%d and %d checkpoints of full buffers, at most %v and %v apart", len(real.Full), len(twin.Full), real.Between, twin.Between)
			}
		})
	}
}

// The page says what is so now.
func TestPage(t *testing.T) {
	got, err := Page(compared(t), meterRows(t))
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join("..", "..", "docs", "measured", "twin.md")
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test ./internal/twinlab -update writes the page anew (-there +now):\n%s", diff)
	}
}

// meterRows are some of the readings of experiment 23, each beside that of the twin next to it in time.
func meterRows(t *testing.T) []MeterRow {
	t.Helper()
	var rows []MeterRow
	for _, version := range []string{"1.20", "2.3"} {
		real, _ := restarted(recordedRun(t, "23-counters-over-a-rescale."+version))
		twin, _, err := Rescale(t.Context(), releases[version], costOf(real))
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range []time.Duration{7 * time.Second, 20 * time.Second, 40 * time.Second, 60 * time.Second, 69 * time.Second} {
			row := MeterRow{Version: releases[version], Real: nearest(real, after)}
			row.Twin = nearest(twin, row.Real.After)
			rows = append(rows, row)
		}
	}
	return rows
}

func nearest(all []Meter, after time.Duration) Meter {
	return slices.MinFunc(all, func(a, b Meter) int { return int((a.After - after).Abs() - (b.After - after).Abs()) })
}

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/twin"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

func start(t *testing.T, c Config) *Demo {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	d, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func advance(t *testing.T, d *Demo, by time.Duration) {
	t.Helper()
	if err := d.Advance(d.Now().Add(by)); err != nil {
		t.Fatal(err)
	}
}

// The day as the documents tell it, with an autoscaler that looks every half a
// minute, which takes a third of the time: far fewer slots than the peak needs, the
// flash sale is followed, and a lost TaskManager costs minutes at most.
func TestTheMainFiguresOfADay(t *testing.T) {
	day := witness{most: map[int]int{}}
	d := start(t, Config{
		Seed: 1, Settings: []options.KeyValue{{Key: "autoscaler.standalone.control-loop.interval", Value: "30 s"}}, Watch: day.watch,
	})
	advance(t, d, 25*time.Hour)
	r := d.Result()
	if r.VirtualHours != 24 || r.LagViolationMinutes > 5 || r.Rescales < 10 || r.Rescales > 40 {
		t.Errorf("%v h, %v min late, %d rescales", r.VirtualHours, r.LagViolationMinutes, r.Rescales)
	}
	if share := r.SlotHours / r.SlotHoursAtFixedPeak; share < 0.3 || share > 0.6 {
		t.Errorf("%.0f %% of the slot-hours of a job of fixed size", 100*share)
	}
	if up, down := changes(r, 1), changes(r, -1); up < 5 || down < 5 {
		t.Errorf("%d changes up, %d down", up, down)
	}
	day.check(t)
}

// witness keeps what the documents tell of a day.
type witness struct {
	news []News
	most map[int]int // slots by hour
	lost time.Time   // the TaskManager
	bad  time.Time   // when the job was last behind within the hour after that
}

func (w *witness) watch(s Step) {
	w.news = append(w.news, s.News...)
	w.most[s.At.Hour()] = max(w.most[s.At.Hour()], s.Slots)
	if strings.Contains(said(s.News), "tm-1 is lost") {
		w.lost = s.At
	}
	if s.At.Sub(w.lost) < time.Hour && (!s.Running || s.Lag > LagObjective) {
		w.bad = s.At
	}
}

func (w *witness) check(t *testing.T) {
	t.Helper()
	if w.most[12] < 2*w.most[10] || w.most[15] > w.most[12]*2/3 {
		t.Errorf("the sale at noon is not followed: %d slots at ten, %d at noon, %d at three", w.most[10], w.most[12], w.most[15])
	}
	if text := said(w.news); !strings.Contains(text, "17:00 TaskManager tm-1 is lost") || !strings.Contains(text, "17:30 another TaskManager comes") {
		t.Errorf("what is said of the lost TaskManager: %s", text)
	}
	if w.lost.IsZero() || w.bad.Sub(w.lost) > 5*time.Minute {
		t.Errorf("the TaskManager is lost at %s, and the job behind until %s", w.lost, w.bad)
	}
}

// said is news in one text.
func said(news []News) string {
	var all strings.Builder
	for _, n := range news {
		fmt.Fprintf(&all, "%s %s\n", n.At.Format("15:04"), n.Text)
	}
	return all.String()
}

// What cannot be done is told: while the JobManager is down no job can be listed.
func TestWhatFailsIsLogged(t *testing.T) {
	var told bytes.Buffer
	d, err := New(t.Context(), Config{Logger: slog.New(slog.NewTextHandler(&told, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Twin().Do(twin.Action{Do: twin.KillJobManager}); err != nil {
		t.Fatal(err)
	}
	advance(t, d, 10*time.Second)
	if !strings.Contains(told.String(), `msg="the jobs cannot be listed" error=`) {
		t.Errorf("told: %s", told.String())
	}
}

// A whole day in every detail.
func TestDay(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole day takes some seconds")
	}
	var told bytes.Buffer
	var lines *Lines
	d := start(t, Config{Seed: 1, Watch: func(s Step) { lines.Show(s) }})
	lines = NewLines(&told, d.Now())
	advance(t, d, 25*time.Hour)
	r := d.Result()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "day.json", string(text)+"\n")
	golden(t, "day.txt", told.String())
}

func changes(r Result, sign int) int {
	n := 0
	for _, d := range r.Decisions {
		if (d.To-d.From)*sign > 0 {
			n++
		}
	}
	return n
}

// The same seed gives the same, however the clock is moved; another seed does not.
func TestTheSameSeedGivesTheSame(t *testing.T) {
	run := func(seed uint64, stride time.Duration) (Result, Sample) {
		var last Sample
		d := start(t, Config{Seed: seed, Watch: func(s Step) { last = s.Sample }})
		for d.Now().Before(d.Twin().Start().Add(45 * time.Minute)) {
			advance(t, d, stride)
		}
		return d.Result(), last
	}
	result, sample := run(1, 45*time.Minute)
	for _, stride := range []time.Duration{15 * time.Second, 50 * time.Second} {
		again, last := run(1, stride)
		if !cmp.Equal(result, again) || !cmp.Equal(sample, last) {
			t.Errorf("in strides of %s:\n%s\n%s", stride, cmp.Diff(result, again), cmp.Diff(sample, last))
		}
	}
	if _, other := run(2, 45*time.Minute); cmp.Equal(sample, other) {
		t.Error("another seed gives the same")
	}
}

// A job of the size that the demo compares itself with holds the peak, and with a
// good part of it less it does not.
func TestTheFixedSizeHoldsThePeak(t *testing.T) {
	late := func(share float64) time.Duration {
		plan, err := newPlan(1)
		if err != nil {
			t.Fatal(err)
		}
		plan.Events = nil
		size := int(share * float64(fixedPeak(plan, 0.7)))
		for v := range plan.Jobs[0].Vertices {
			plan.Jobs[0].Vertices[v].Parallelism = size
		}
		stage, err := plan.Open()
		if err != nil {
			t.Fatal(err)
		}
		count := newTally(plan, 0.7, stage.Twin().Start())
		for at := time.Minute; at <= 14*time.Hour; at += time.Minute {
			if err := stage.Advance(stage.Twin().Start().Add(at)); err != nil {
				t.Fatal(err)
			}
			count.sample(stage.Twin().State())
		}
		return count.late
	}
	if got := late(1); got != 0 {
		t.Errorf("at the fixed size it is late for %s", got)
	}
	if got := late(0.6); got == 0 {
		t.Error("a size of 60 % holds the peak too: the comparison flatters")
	}
}

func TestSettingsCount(t *testing.T) {
	d := start(t, Config{Settings: []options.KeyValue{{Key: "job.autoscaler.scaling.enabled", Value: "false"}}})
	advance(t, d, time.Hour)
	if r := d.Result(); r.Rescales != 0 || r.VirtualHours != 1 {
		t.Errorf("%+v", r)
	}
	_, err := New(t.Context(), Config{Settings: []options.KeyValue{{Key: "job.autoscaler.nonsense", Value: "1"}}})
	if err == nil || !strings.Contains(err.Error(), "job.autoscaler.nonsense") {
		t.Errorf("%v", err)
	}
}

func TestTheContextEndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := New(ctx, Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := d.Advance(d.End()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

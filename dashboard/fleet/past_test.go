package fleet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/decisions"
	"github.com/sluice-project/sluice/scaling"
)

// keyText is what a store knows an event by, in these tests.
func keyText(job autoscaler.JobKey, e *autoscaler.Event) string {
	return job.String() + " " + e.Reason + " " + e.Key
}

// lasting is a book of a process that begins at start, and lists jobs.
func lasting(jobs ...autoscaler.JobKey) *Book {
	b := bookAt(time.Hour)
	b.Lasting(keyText)
	b.List("test", listed(jobs...))
	return b
}

func listed(jobs ...autoscaler.JobKey) []Listed {
	var all []Listed
	for _, key := range jobs {
		all = append(all, Listed{key, "clicks"})
	}
	return all
}

// before are the decisions of an earlier process: nothing, an hour and a half before
// the start a rescale that is done, and then nothing again.
func before() []decisions.Entry {
	act := &autoscaler.Act{Decided: start.Add(-90 * time.Minute), Ended: start.Add(-89 * time.Minute), Phase: autoscaler.PhaseDone, Want: scaling.Parallelism{"work": 3}}
	done := func(r *autoscaler.Report) { r.Act = act }
	var past []decisions.Entry
	for _, p := range []pass{
		{at: -2 * time.Hour, rate: 400, from: 1, to: 1},
		{at: -90 * time.Minute, rate: 900, from: 1, to: 3},
		{at: -89 * time.Minute, rate: 900, from: 3, to: 3, change: done},
		{at: -30 * time.Minute, rate: 500, from: 3, to: 2, change: done},
	} {
		entry := decisions.New(p.report())
		entry.Cluster = "http://jobmanager:8081" // as a store may have it
		past = append(past, entry)
	}
	past[3].Action = decisions.ActionHold // was held back
	return past
}

func timesOf(found []Decision) (text string) {
	for _, d := range slices.Backward(found) {
		text += fmt.Sprintf("%s ", d.Time.Sub(start))
	}
	return strings.TrimSpace(text)
}

// glance is a job's row in short.
func glance(s Summary) string {
	text := fmt.Sprintf("%s %s known=%t parallelism=%d", s.Name, s.State, s.Known, s.Parallelism)
	if s.Owner != "" {
		text += " with " + s.Owner
	}
	return text
}

func wantGlance(t *testing.T, when string, s Summary, want, why string) {
	t.Helper()
	if got := glance(s); got != want || !strings.Contains(s.Why, why) {
		t.Errorf("%s it is %s (%s); want %s (%s)", when, got, s.Why, want, why)
	}
}

func TestWhatIsListedIsUnknownUntilItIsJudged(t *testing.T) {
	b := lasting(keyOf("j1"))
	s := b.Jobs()[0]
	wantGlance(t, "before its first pass", s, "clicks unknown known=false parallelism=0", "has not looked at it yet")
	if !s.Seen.IsZero() || !math.IsNaN(s.Now.Source) {
		t.Errorf("seen at %s, reading %f", s.Seen, s.Now.Source)
	}
	b.Restore(keyOf("j1"), before())
	s = b.Jobs()[0]
	wantGlance(t, "with its past", s, "clicks unknown known=false parallelism=0", "it was steady")
	if !s.Scaled.Equal(start.Add(-90 * time.Minute)) {
		t.Errorf("rescaled at %s", s.Scaled)
	}
	record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3}.report())
	wantGlance(t, "after its first pass", b.Jobs()[0], "clicks steady known=true parallelism=4", "")
}

func TestWhatIsNotListedAnyMoreIsDroppedUnlessItWasJudged(t *testing.T) {
	b := lasting(keyOf("j1"))
	record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3}.report())
	b.List("test", nil)
	if len(b.Jobs()) != 1 {
		t.Error("a job that was judged is its process's own to forget")
	}
	b.List("test", listed(keyOf("j2")))
	b.List("other", nil)
	b.List("test", nil)
	if jobs := b.Jobs(); len(jobs) != 1 || jobs[0].Key != keyOf("j1") {
		t.Errorf("a job that is not listed any more and was never judged stays: %+v", jobs)
	}
}

// The past may come before the first pass, after it, and twice.
func TestThePastStandsBeforeWhatIsNew(t *testing.T) {
	news := func(t *testing.T, b *Book) {
		record(t, b, pass{at: 10 * time.Second, rate: 400, from: 3, to: 3, change: func(r *autoscaler.Report) { r.Evaluation.Backlog = true }}.report())
		record(t, b, pass{at: 20 * time.Second, rate: 900, from: 3, to: 4}.report())
	}
	past := func(_ *testing.T, b *Book) { b.Restore(keyOf("j1"), before()) }
	var numbers []uint64
	for name, order := range map[string][]func(*testing.T, *Book){"first": {past, news}, "later": {news, past}, "twice": {past, news, past}, "twice in a row": {past, past, news}} {
		t.Run(name, func(t *testing.T) {
			b := lasting(keyOf("j1"))
			for _, do := range order {
				do(t, b)
			}
			found := b.Decisions(keyOf("j1"), math.MaxInt)
			if got, want := timesOf(found), "-2h0m0s -1h30m0s -1h29m0s -30m0s 10s 20s"; got != want {
				t.Errorf("decisions of %s, want %s", got, want)
			}
			var ids []uint64
			for _, d := range found {
				ids = append(ids, d.ID)
			}
			if d, there := b.Decision(keyOf("j1"), uint64(start.Add(-90*time.Minute).UnixMilli())); !there || d.Action != decisions.ActionScale || d.Cluster != "test" {
				t.Errorf("the rescale is not known by its time: %+v", d)
			}
			if numbers == nil {
				numbers = ids
			}
			if diff := cmp.Diff(numbers, ids); diff != "" {
				t.Errorf("other numbers than in another order:\n%s", diff)
			}
			var at []string
			for _, p := range b.Series(keyOf("j1"), "", start.Add(-3*time.Hour), start.Add(time.Hour), 0) {
				at = append(at, fmt.Sprintf("%s:%.0f:%d", p.At.Sub(start), p.Source, p.Parallelism))
			}
			if got, want := strings.Join(at, " "), "-2h0m0s:400:2 -1h30m0s:900:2 -1h29m0s:900:4 -30m0s:500:4 10s:400:4 20s:900:4"; got != want {
				t.Errorf("the series is %s, want %s", got, want)
			}
			if of := b.Series(keyOf("j1"), "work", start.Add(-3*time.Hour), start.Add(time.Hour), 0); len(of) != 6 {
				t.Errorf("the vertex has %d points, want 6", len(of))
			}
			if restarts := b.Restarts(keyOf("j1"), start.Add(-3*time.Hour), start); len(restarts) != 1 || !restarts[0].Equal(start.Add(-89*time.Minute)) {
				t.Errorf("restarts %v, want the one after the rescale", restarts)
			}
		})
	}
}

// What this process has written by then stands in the store too.
func TestWhatIsNewIsNotTakenForThePast(t *testing.T) {
	b := lasting(keyOf("j1"))
	past := before()
	for i, p := range []pass{{at: time.Second, rate: 400, from: 3, to: 3}, {at: 20 * time.Second, rate: 900, from: 3, to: 4}} {
		r := p.report()
		record(t, b, r)
		if i == 0 {
			past = append(past, decisions.New(r))
		}
	}
	b.Restore(keyOf("j1"), past)
	if got, want := timesOf(b.Decisions(keyOf("j1"), math.MaxInt)), "-2h0m0s -1h30m0s -1h29m0s -30m0s 1s 20s"; got != want {
		t.Errorf("decisions of %s, want %s", got, want)
	}
}

func TestAStateThatLastsBeganInThePast(t *testing.T) {
	for _, later := range []bool{false, true} {
		b := lasting(keyOf("j1"))
		if !later {
			b.Restore(keyOf("j1"), before())
		}
		record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3}.report())
		if later {
			b.Restore(keyOf("j1"), before())
		}
		if s := b.Jobs()[0]; s.State != Steady || !s.Since.Equal(start.Add(-2*time.Hour)) {
			t.Errorf("restored after the first pass: %t; %s since %s, want steady since two hours before the start", later, s.State, s.Since.Sub(start))
		}
	}
}

func TestThePastIsBounded(t *testing.T) {
	b := lasting(keyOf("j1"))
	var past []decisions.Entry
	for i := range 3 * keptDecisions {
		past = append(past, decisions.New(pass{at: time.Duration(i-3*keptDecisions) * time.Minute, rate: 400, from: 1, to: 1 + i%2}.report()))
	}
	record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3}.report())
	b.Restore(keyOf("j1"), past)
	found := b.Decisions(keyOf("j1"), math.MaxInt)
	if len(found) != keptDecisions || !found[1].Time.Equal(start.Add(-time.Minute)) {
		t.Errorf("%d decisions, and before the newest that of %s", len(found), found[1].Time)
	}
	b.Restore(keyOf("nobody"), past)
	if len(b.Jobs()) != 1 {
		t.Error("a past makes a job that is not listed")
	}
	var events []KeptEvent
	for i := range 2 * keptEvents {
		events = append(events, KeptEvent{Job: keyOf("j1"), At: start.Add(time.Duration(i-2*keptEvents) * time.Second), Message: strings.Repeat("x", 2*longestText), Times: 1})
	}
	b.RestoreEvents(events)
	if got := b.Events(0, nil, math.MaxInt); len(got) != keptEvents || len(got[0].Message) > longestText+8 {
		t.Errorf("%d events, the first of %d bytes", len(got), len(got[0].Message))
	}
}

func TestEventsOfThePastStandBeforeWhatIsNewAndCountRepetitions(t *testing.T) {
	pressure := autoscaler.Event{At: start.Add(5 * time.Minute), Reason: "MemoryPressure", Message: "heap at 95 %", Key: "heap", Interval: time.Hour}
	kept := func(at time.Duration, reason, message, key string) KeptEvent {
		return KeptEvent{Job: keyOf("j1"), Name: "clicks", At: start.Add(at), Last: start.Add(at), Times: 1, Reason: reason, Message: message, Key: keyOf("j1").String() + " " + reason + " " + key}
	}
	job := &autoscaler.JobContext{Key: keyOf("j1"), Name: "clicks"}
	b := lasting(keyOf("j1"))
	if err := b.Handle(t.Context(), job, autoscaler.Event{At: start.Add(time.Second), Reason: "Scaling", Message: "1 -> 2"}); err != nil {
		t.Fatal(err)
	}
	first := b.Events(0, nil, 1)[0].Seq
	b.RestoreEvents([]KeptEvent{kept(-time.Hour, "Scaling", "4 -> 1", ""), kept(-time.Minute, "MemoryPressure", "heap at 91 %", "heap")})
	for range 2 {
		if err := b.Handle(t.Context(), job, pressure); err != nil {
			t.Fatal(err)
		}
	}
	var text []string
	for _, e := range b.Events(0, nil, 10) {
		text = append(text, fmt.Sprintf("%s %s %d", e.Reason, e.Message, e.Times))
	}
	if got, want := strings.Join(text, ", "), "Scaling 4 -> 1 1, MemoryPressure heap at 91 % 3, Scaling 1 -> 2 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	all := b.Events(0, nil, 10)
	if all[2].Seq != first || all[0].Seq != uint64(start.Add(-time.Hour).UnixMilli()) || len(b.Events(all[1].Seq, nil, 10)) != 1 {
		t.Errorf("numbers %d, %d, %d; want those of the times", all[0].Seq, all[1].Seq, all[2].Seq)
	}
	pressure.At, pressure.Key = start.Add(6*time.Minute), "metaspace"
	if err := b.Handle(t.Context(), job, pressure); err != nil || len(b.Events(0, nil, 10)) != 4 {
		t.Errorf("another event is taken for a repetition (%v)", err)
	}
}

// ofOther says that j2 is with another process.
func ofOther(key autoscaler.JobKey) string {
	if key == keyOf("j2") {
		return "sluice-b"
	}
	return ""
}

func TestAJobOfAnotherProcessIsShownAsTheStoreHasIt(t *testing.T) {
	b := lasting(keyOf("j1"), keyOf("j2"))
	b.Owners(ofOther)
	wantGlance(t, "without a past", b.Jobs()[1], "clicks unknown known=false parallelism=0 with sluice-b", "it is with process sluice-b")
	b.Restore(keyOf("j2"), before())
	s := b.Jobs()[1]
	wantGlance(t, "with its past", s, "clicks steady known=true parallelism=4 with sluice-b", "as of 2026-07-01T11:30:00Z")
	if s.Now.Source != 500 || !s.Seen.Equal(start.Add(-30*time.Minute)) {
		t.Errorf("it reads %f at %s", s.Now.Source, s.Seen)
	}
	b.List("test", listed(keyOf("j1")))
	if len(b.Jobs()) != 1 {
		t.Error("another's job that is gone stays")
	}
}

func TestWhatAnotherProcessDecidesIsLearned(t *testing.T) {
	b := lasting(keyOf("j1"), keyOf("j2"))
	b.Owners(ofOther)
	b.Restore(keyOf("j2"), before())
	record(t, b, pass{at: time.Second, rate: 400, from: 3, to: 3}.report())
	newer := decisions.New(pass{at: time.Minute, rate: 700, from: 3, to: 3, change: func(r *autoscaler.Report) { r.Evaluation.Backlog = true }}.report())
	for range 2 {
		b.Learn(keyOf("j2"), newer)
	}
	s := b.Jobs()[1]
	wantGlance(t, "after news", s, "clicks catching up known=true parallelism=4 with sluice-b", "")
	if n := len(b.Decisions(keyOf("j2"), 10)); s.Now.Source != 700 || n != 5 {
		t.Errorf("it reads %f and has %d decisions, want 700 and 5", s.Now.Source, n)
	}
	newer.Time = start.Add(time.Hour)
	b.Learn(keyOf("j1"), newer)
	wantGlance(t, "by news of another process", b.Jobs()[0], "clicks steady known=true parallelism=4", "")
	b.Owners(func(autoscaler.JobKey) string { return "" })
	wantGlance(t, "taken over", b.Jobs()[1], "clicks unknown known=false parallelism=0", "has not looked at it yet")
}

// States are told of what is left of a pass as they were told of the pass.
func TestStatesOfKeptDecisions(t *testing.T) {
	for name, change := range passes {
		t.Run(name, func(t *testing.T) {
			r := pass{rate: 100, from: 1, to: 1, change: change}.report()
			entry := decisions.New(r)
			got, _ := stateOfEntry(&entry)
			if want, _ := stateOf(r); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// passes are reports as passes make them: what stands against a decision is its reason.
var passes = map[string]func(*autoscaler.Report){
	"within its bounds":   func(*autoscaler.Report) {},
	"a rescale under way": func(r *autoscaler.Report) { r.Act = &autoscaler.Act{Phase: autoscaler.PhaseRequested} },
	"one that is done":    func(r *autoscaler.Report) { r.Act = &autoscaler.Act{Phase: autoscaler.PhaseDone} },
	"one that failed":     func(r *autoscaler.Report) { r.Act = &autoscaler.Act{Phase: autoscaler.PhaseFailed} },
	"a window that fills": func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonWindowNotFull },
	"a backlog":           func(r *autoscaler.Report) { r.Evaluation.Backlog = true },
	"held": func(r *autoscaler.Report) {
		r.Held = autoscaler.Obstacle{Reason: autoscaler.ReasonHeld, Text: "by anna"}
		r.Obstacle, r.Decision.Reason = r.Held, r.Held.Reason
	},
	"an obstacle": func(r *autoscaler.Report) {
		r.Obstacle.Reason, r.Decision.Reason = "checkpoint-too-old", "checkpoint-too-old"
	},
	"scaling is disabled":  func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonScalingDisabled },
	"a delayed scale-down": func(r *autoscaler.Report) { r.Decision.Vertices[1].Reason = scaling.ReasonDelayed },
	"reported only":        func(r *autoscaler.Report) { r.Scope, r.Why = autoscaler.ScopeReport, "default scheduler" },
	"taken out":            func(r *autoscaler.Report) { r.Scope, r.Why = autoscaler.ScopeDisabled, "disabled" },
	"not running":          func(r *autoscaler.Report) { r.Decision.Reason = autoscaler.ReasonNotRunning },
	"no rate of a source":  func(r *autoscaler.Report) { r.Evaluation = nil; r.Decision.Reason = scaling.ReasonUnknownRate },
	"memory is short":      func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonGCPressure },
	"skewed":               func(r *autoscaler.Report) { r.Decision.Reason = scaling.ReasonNotScalable },
}

func TestPointsOfKeptDecisionsAreThoseOfTheirPasses(t *testing.T) {
	r := pass{rate: 400, from: 2, to: 3}.report()
	for i := range r.Topology.Vertices {
		r.Topology.Vertices[i].SlotSharingGroup = "default"
	}
	whole, vertices := pointsOf(r)
	entry := decisions.New(r)
	kept, keptVertices := pointsOfEntry(&entry)
	same := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := cmp.Diff([]any{whole, vertices}, []any{kept, keptVertices}, same); diff != "" {
		t.Errorf("-pass +kept:\n%s", diff)
	}
	if kept.Slots != 2 {
		t.Errorf("%d slots, want the 2 of the group", kept.Slots)
	}
}

// Each process writes what it decides first, also where that is no news.
func TestTheSameDecisionOfTwoProcessesIsOne(t *testing.T) {
	same := pass{at: time.Second, rate: 500, from: 1, to: 1}.report()
	var past []decisions.Entry
	for i := range 3 {
		past = append(past, decisions.New(pass{at: time.Duration(i-3) * time.Hour, rate: 400, from: 1, to: 1}.report()))
	}
	for name, later := range map[string]bool{"before the first pass": false, "after it": true} {
		b := lasting(keyOf("j1"))
		if later {
			record(t, b, same)
		}
		b.Restore(keyOf("j1"), past)
		if !later {
			record(t, b, same)
		}
		found := b.Decisions(keyOf("j1"), 10)
		if len(found) != 1 || !found[0].Time.Equal(start.Add(-3*time.Hour)) || b.Jobs()[0].Last.ID != found[0].ID {
			t.Errorf("%s: %s, and the newest is %d", name, timesOf(found), b.Jobs()[0].Last.ID)
		}
		if len(b.Missing()) != 0 {
			t.Errorf("%s: its past is still missing", name)
		}
	}
}

// An event that began before the process, and went on before its past was read.
func TestAnEventThatGoesOnIsOne(t *testing.T) {
	b := lasting(keyOf("j1"))
	e := autoscaler.Event{At: start.Add(time.Minute), Reason: "MemoryPressure", Message: "heap at 95 %", Key: "heap", Interval: time.Hour}
	if err := b.Handle(t.Context(), &autoscaler.JobContext{Key: keyOf("j1"), Name: "clicks"}, e); err != nil {
		t.Fatal(err)
	}
	key := keyText(keyOf("j1"), &e)
	b.RestoreEvents([]KeptEvent{
		{Job: keyOf("j1"), At: start.Add(-3 * time.Hour), Last: start.Add(-2 * time.Hour), Reason: e.Reason, Times: 4, Key: key},
		{Job: keyOf("j1"), At: start.Add(-10 * time.Minute), Last: e.At, Reason: e.Reason, Times: 6, Key: key},
	})
	var times []int
	for _, e := range b.Events(0, nil, 10) {
		times = append(times, e.Times)
	}
	if !slices.Equal(times, []int{4, 6}) {
		t.Errorf("told %v times, want an old event of 4 times and one of 6", times)
	}
}

// windowOf has samples every ten seconds from an instant on, of a source that emits
// 400 records/s and a worker that is busy for half of its time.
func windowOf(from time.Duration, samples int) scaling.Window {
	var w scaling.Window
	for i := range samples {
		passed := float64(10 * i)
		s := scaling.Sample{At: start.Add(from + time.Duration(i)*10*time.Second), RunningSince: start.Add(-5 * time.Hour)}
		for _, v := range []struct {
			id        scaling.VertexID
			rate, out float64
		}{{"source", 400, 400}, {"work", 400, 0}} {
			sample := scaling.VertexSample{Vertex: v.id, Parallelism: 1}
			for measure, value := range map[scaling.Measure]float64{
				scaling.NumRecordsIn: v.rate * passed, scaling.NumRecordsOut: v.out * passed, scaling.Load: 0.5, scaling.NumRecordsInPerSecond: v.rate,
				scaling.AccumulatedBusyTime: 500 * passed, scaling.AccumulatedIdleTime: 500 * passed, scaling.AccumulatedBackpressuredTime: 0,
			} {
				sample.Set(measure, value)
			}
			s.Vertices = append(s.Vertices, sample)
		}
		w.Samples = append(w.Samples, s)
	}
	return w
}

func TestSamplesOfThePastAreDrawn(t *testing.T) {
	b := lasting(keyOf("j1"))
	c := scaling.DefaultConfig()
	c.Estimator, c.MetricsWindow = scaling.Counters{}, 5*time.Minute
	w := windowOf(-10*time.Minute, 60)
	if b.RestoreWindow(keyOf("j1"), w, &c) {
		t.Error("drawn without knowing the vertices")
	}
	record(t, b, pass{at: time.Second, rate: 400, from: 1, to: 1}.report())
	for range 2 { // the second time brings nothing new
		if !b.RestoreWindow(keyOf("j1"), w, &c) {
			t.Fatal("not drawn")
		}
	}
	points := b.Series(keyOf("j1"), "", start.Add(-time.Hour), start.Add(time.Hour), 0)
	if len(points) < 30 || len(points) > 60 {
		t.Fatalf("%d points, want one for each sample from which a rate is known, and the newest", len(points))
	}
	for _, p := range points[:len(points)-1] {
		if math.Abs(p.Source-400) > 1 || math.Abs(p.Busy-0.5) > 0.01 || p.Parallelism != 2 || math.Abs(p.Capacity-800) > 8 {
			t.Fatalf("%+v, want 400 records/s of 800", p)
		}
	}
	if of := b.Series(keyOf("j1"), "work", start.Add(-time.Hour), start.Add(time.Hour), 0); len(of) != len(points) {
		t.Errorf("the vertex has %d points, the job %d", len(of), len(points))
	}
}

// A process that begins within a minute of which the past knows goes on with it.
func TestASpanOfThePastGoesOn(t *testing.T) {
	s := newSeries([]tier{{time.Minute, 2}})
	at := func(after time.Duration, source float64) Point { return Point{At: start.Add(after), Source: source} }
	s.mix([]Point{at(-2*time.Minute, 1), at(-time.Minute, 2), at(0, 3)})
	s.add(at(20*time.Second, 5))
	s.add(at(time.Minute, 6))
	var got []float64
	for i := range s.tiers[0].count() {
		got = append(got, s.tiers[0].at(i).Source)
	}
	if !slices.Equal(got, []float64{2, 4, 6}) {
		t.Errorf("%v, want 2, the mean of 3 and 5, and 6", got)
	}
}

// Whatever comes in which order, a series stays in order and has nothing twice.
func TestMixingKeepsASeriesInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSeries([]tier{{0, 20}, {time.Minute, 15}})
		draw := func(label string, from, to int) []Point {
			var points []Point
			for _, second := range rapid.SliceOfNDistinct(rapid.IntRange(from, to), 0, 40, rapid.ID[int]).Draw(t, label) {
				points = append(points, Point{At: start.Add(time.Duration(second) * time.Second), Source: 1})
			}
			slices.SortFunc(points, func(a, b Point) int { return a.At.Compare(b.At) })
			return points
		}
		live := func(label string, from, to int) {
			for _, p := range draw(label, from, to) {
				s.add(p)
			}
		}
		live("live", 0, 30)
		for i := range rapid.IntRange(0, 3).Draw(t, "mixes") {
			s.mix(draw(fmt.Sprint("past", i), -3000, 30))
		}
		live("later", 31, 600)
		last := Point{At: start.Add(601 * time.Second)}
		s.add(last)
		for i := range s.tiers {
			r := &s.tiers[i]
			for k := 1; k < r.count(); k++ {
				if gap := r.at(k).At.Sub(r.at(k - 1).At); gap <= 0 || r.step > 0 && gap < r.step {
					t.Fatalf("tier %d: points of %s and %s", i, r.at(k-1).At, r.at(k).At)
				}
			}
			if !r.at(r.count() - 1).At.Equal(last.At.Truncate(max(r.step, 1))) {
				t.Fatalf("tier %d ends at %s, want %s", i, r.at(r.count()-1).At, last.At)
			}
			if len(r.points) > r.keep {
				t.Fatalf("tier %d holds %d points, want %d at most", i, len(r.points), r.keep)
			}
		}
	})
}

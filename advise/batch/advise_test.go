package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// world is a job whose true costs are known, and the slots it runs on.
type world struct {
	fixed, perMiB float64 // seconds
	sourceMiB     float64
	slots         int
	// noise is the part by which the time of a task of a second is off, by turns up
	// and down; that of longer ones by a smaller part.
	noise float64
}

// run runs the job with that many tasks in the source and in the vertex behind it.
func (w world) run(settings map[string]string, source, work int) Run {
	r := Run{
		ID: flink.JobID(fmt.Sprintf("%d-%d", source, work)), Name: "job", State: flink.JobFinished, Release: slots.V2_3, Settings: settings,
		Start: time.Date(2026, 7, 1, 2, 0, 0, 0, time.UTC),
	}
	most := 128
	if s, set := settings[KeyMax]; set {
		most, _ = strconv.Atoi(s)
	}
	begin := 0.2
	tasks := func(n int, out bool) []Task {
		var all []Task
		free := make([]float64, w.slots)
		for i := range free {
			free[i] = begin
		}
		end := begin
		for i := range n {
			slot := 0
			for k := range free {
				if free[k] < free[slot] {
					slot = k
				}
			}
			load := w.sourceMiB / float64(n)
			took := w.fixed + w.perMiB*load
			took += max(-took/2, w.noise*math.Sqrt(took)*float64(i%3-1))
			t := Task{ReadBytes: int64(load * mebibyte), Start: duration(free[slot]), Setup: duration(w.fixed / 2), Finished: true}
			if out {
				t.ReadBytes, t.WriteBytes = 0, t.ReadBytes
			}
			free[slot] += took
			t.End = duration(free[slot])
			end = max(end, free[slot])
			all = append(all, t)
		}
		begin = end + 0.05
		return all
	}
	r.Vertices = []Vertex{
		{ID: "s", Name: "Source: orders", Status: "FINISHED", Parallelism: source, MaxParallelism: most, Tasks: tasks(source, true)},
		{ID: "w", Name: "sum", Status: "FINISHED", Parallelism: work, MaxParallelism: most, Inputs: []Edge{{From: 0, Ship: "HASH[k]", Exchange: "blocking"}}, Tasks: tasks(work, false)},
	}
	r.Duration = duration(begin)
	return r
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

func advise(t testing.TB, c Config, runs ...Run) Advice {
	t.Helper()
	a, err := Advise(context.Background(), runs, c)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, a)
	return a
}

// holds checks what is true of every advice.
func holds(t failing, a Advice) {
	t.Helper()
	if a.Verdict != Change && len(a.Proposed) > 0 || a.Verdict == Change && len(a.Proposed) == 0 || a.Reason == "" {
		t.Fatalf("verdict %s (%s) with proposals %v", a.Verdict, a.Reason, a.Proposed)
	}
	if (a.Predicted == nil) != (a.Fit == nil) || (a.Fit == nil) != (a.Verdict == Unknown) {
		t.Fatalf("verdict %s with prediction %v and fit %v", a.Verdict, a.Predicted, a.Fit)
	}
	if a.Predicted == nil {
		return
	}
	holdsPrediction(t, a, *a.Predicted)
}

// failing is what a test and a property have in common.
type failing interface {
	Helper()
	Fatalf(string, ...any)
}

func holdsPrediction(t failing, a Advice, p Prediction) {
	t.Helper()
	for _, f := range []Figure{p.Seconds, p.SlotSeconds} {
		if !(f.Least <= f.Then && f.Then <= f.Most) || math.IsNaN(f.Now) || math.IsInf(f.Most, 0) {
			t.Fatalf("figures %+v", f)
		}
	}
	wall, slot := a.Prefer.weights()
	score := func(s, q float64) float64 { return wall*math.Log(s) + slot*math.Log(q) }
	now, then := score(p.Seconds.Now, p.SlotSeconds.Now), score(p.Seconds.Then, p.SlotSeconds.Then)
	mostWall, mostSlot := a.Prefer.bounds()
	const rounding = 1 + 1e-9
	switch {
	case then > now+1e-9:
		t.Fatalf("the prediction is worse than the present: %+v", p)
	case a.Verdict == Change && then >= now:
		t.Fatalf("a change that gains nothing: %+v", p)
	case p.Seconds.Then > mostWall*rounding*p.Seconds.Now || p.SlotSeconds.Then > mostSlot*rounding*p.SlotSeconds.Now:
		t.Fatalf("the price is above what %s allows: %+v", a.Prefer, p)
	}
}

func text(all []Setting) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, strings.TrimPrefix(s.Key, keyPrefix)+"="+s.Value)
	}
	return strings.Join(parts, " ")
}

func TestTheBestConfigurationIsFound(t *testing.T) {
	small := map[string]string{KeyMax: "64", KeyVolume: "1 mb", KeySource: "64"}
	one := map[string]string{KeyMax: "1"}
	good := map[string]string{KeyMax: "4", KeyVolume: "16 mb", KeySource: "4"}
	big := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	for name, c := range map[string]struct {
		world        world
		settings     map[string]string
		source, work int
		prefer       Preference
		verdict      Verdict
		want         []int // tasks
	}{
		"tasks too small":                            {big, small, 64, 64, Balanced, Change, []int{4, 4}},
		"tasks too small, and time is what counts":   {big, small, 64, 64, Time, Change, []int{4, 4}},
		"tasks too small, and slots are what counts": {big, small, 64, 64, Slots, Change, []int{1, 1}},
		"one task for all, and time is what counts":  {big, one, 1, 1, Time, Change, []int{4, 4}},
		"it is right already":                        {big, good, 4, 4, Balanced, Keep, nil},
		"bytes are free: one task is enough":         {world{fixed: 1, sourceMiB: 64, slots: 4}, small, 64, 64, Slots, Change, []int{1, 1}},
	} {
		// A second run on another day tells bytes from tasks.
		other := c.world
		other.sourceMiB *= 1.5
		a := advise(t, Config{Prefer: c.prefer, Slots: c.world.slots}, other.run(c.settings, c.source, c.work), c.world.run(c.settings, c.source, c.work))
		if a.Verdict != c.verdict {
			t.Errorf("%s: %s: %s, %s", name, a.Verdict, a.Reason, text(a.Proposed))
			continue
		}
		for i, want := range c.want {
			if got := a.Vertices[i].Advised; got != want {
				t.Errorf("%s: vertex %d gets %d tasks, want %d (%s; %s)", name, i, got, want, text(a.Proposed), a.Predicted.Seconds)
			}
		}
	}
}

// The advice is followed in the world that the runs come from: what it promises
// must come true.
func TestWhatIsPromisedComesTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world{
			fixed: rapid.Float64Range(0.02, 3).Draw(t, "fixed"), perMiB: rapid.Float64Range(0, 0.5).Draw(t, "perMiB"),
			sourceMiB: rapid.Float64Range(1, 500).Draw(t, "MiB"), slots: rapid.IntRange(1, 9).Draw(t, "slots"),
			noise: rapid.Float64Range(0, 0.2).Draw(t, "noise"),
		}
		n := rapid.IntRange(1, 70).Draw(t, "tasks")
		settings := map[string]string{
			KeyMax: fmt.Sprint(n), KeyMin: fmt.Sprint(n), KeySource: fmt.Sprint(n), // as the world has it, whatever the volume
		}
		other := w
		other.sourceMiB *= 2
		prefer := rapid.SampledFrom([]Preference{Balanced, Time, Slots}).Draw(t, "prefer")
		a, err := Advise(context.Background(), []Run{other.run(settings, n, n), w.run(settings, n, n)}, Config{Slots: w.slots, Prefer: prefer})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, a)
		if a.Verdict != Change {
			return
		}
		wall, slot := prefer.weights()
		score := func(source, work int) float64 {
			var sum float64
			for _, w := range []world{w, other} {
				r := w.run(nil, source, work)
				sum += wall*math.Log(r.Duration.Seconds()) + slot*math.Log(r.SlotTime().Seconds())
			}
			return sum
		}
		now, then := score(n, n), score(a.Vertices[0].Advised, a.Vertices[1].Advised)
		if then >= now {
			t.Fatalf("promised %+v, and got worse by %.3f (%s: %d and %d tasks)", a.Predicted, then-now, text(a.Proposed), a.Vertices[0].Advised, a.Vertices[1].Advised)
		}
	})
}

func TestABoundIsRaisedForMoreTasksOnly(t *testing.T) {
	w := world{fixed: 0.5, perMiB: 0.1, sourceMiB: 64, slots: 4, noise: 0.05}
	a := advise(t, Config{Slots: 4, Prefer: Time}, w.run(map[string]string{KeyMax: "1"}, 1, 1))
	if a.Verdict != Change || !strings.Contains(text(a.Proposed), "max-parallelism=") {
		t.Errorf("one task for all the data: %s, %s", a.Verdict, text(a.Proposed))
	}
	// A finer cut lets subpartitions be put together more evenly: no reason for a
	// larger bound.
	s, err := shapeOf(&[]Run{w.run(map[string]string{KeyMax: "9", KeyVolume: "1 kb", KeySource: "9"}, 9, 9)}[0])
	if err != nil {
		t.Fatal(err)
	}
	search := searcher{model: newStages([]Run{*s.run}, 4, 0), shapes: []*shape{s}, present: s.present, prefer: Slots}
	if err := search.baseline(); err != nil {
		t.Fatal(err)
	}
	best, any, err := search.best(t.Context())
	if err != nil || !any || best.options.MaxParallelism > 9 {
		t.Errorf("found %+v, %v, %v", best.options, any, err)
	}
	finer := found{options: s.present, effect: effect{largest: 4}}
	finer.options.MaxParallelism = 128
	if search.needed(finer) {
		t.Error("a bound of 128 is needed for 4 tasks")
	}
}

func TestNothingIsProposedWhereNothingIsKnown(t *testing.T) {
	w := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	running := w.run(map[string]string{}, 4, 4)
	running.State = flink.JobRunning
	running.Vertices[1].Parallelism, running.Vertices[1].Tasks = -1, nil
	a := advise(t, Config{}, running)
	if a.Verdict != Unknown || !strings.Contains(a.Reason, "finished") {
		t.Errorf("%s: %s", a.Verdict, a.Reason)
	}
	if v := a.Vertices[1]; v.Had != 0 || v.Derived != 4 {
		t.Errorf("the undecided vertex has %d, and %d is derived from its finished producer; want 0 and 4", v.Had, v.Derived)
	}
	if _, err := Advise(t.Context(), nil, Config{}); !errors.Is(err, ErrNoRuns) {
		t.Errorf("no runs: %v", err)
	}
	bad := w.run(map[string]string{KeyMin: "9", KeyMax: "3"}, 4, 4)
	if _, err := Advise(t.Context(), []Run{bad}, Config{}); err == nil || !strings.Contains(err.Error(), KeyMin) || !strings.Contains(err.Error(), KeyMax) {
		t.Errorf("min above max: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Advise(ctx, []Run{w.run(nil, 4, 4)}, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestAJobThatIsNotDecidedFromItsVolumeIsToldSo(t *testing.T) {
	w := world{fixed: 0.5, perMiB: 0.2, sourceMiB: 128, slots: 8}
	r := w.run(map[string]string{KeyScheduler: "adaptive"}, 1, 1)
	r.Parallelism = 1
	a := advise(t, Config{Slots: 8, Prefer: Time}, r)
	if len(a.Notes) == 0 || !strings.Contains(a.Notes[0], KeyScheduler) {
		t.Errorf("notes %q", a.Notes)
	}
	if a.Verdict != Change || !strings.HasPrefix(text(a.Proposed), KeyScheduler+"=AdaptiveBatch") {
		t.Errorf("%s: %s", a.Verdict, text(a.Proposed))
	}
}

func TestTheSlotsAreThoseThatTheJobCouldHave(t *testing.T) {
	w := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	const filled = "as many as the job's tasks filled at a time"
	for name, c := range map[string]struct {
		config Config
		tasks  int
		want   int
		from   string
	}{
		"given":                               {Config{Slots: 7, ClusterSlots: 20}, 16, 7, "given"},
		"it waited for more: there were none": {Config{ClusterSlots: 20}, 16, 4, filled},
		"it never waited: the cluster's":      {Config{ClusterSlots: 20}, 3, 20, "the cluster's"},
		"it filled them, and never waited":    {Config{ClusterSlots: 4}, 4, 4, "the cluster's"},
		"more than the cluster has by now":    {Config{ClusterSlots: 2}, 3, 3, slotsSeen},
		"as seen":                             {Config{}, 3, 3, slotsSeen},
	} {
		if a := advise(t, c.config, w.run(nil, c.tasks, c.tasks)); a.Slots != c.want || a.SlotsFrom != c.from {
			t.Errorf("%s: %d slots (%s), want %d (%s)", name, a.Slots, a.SlotsFrom, c.want, c.from)
		}
	}
}

// How it would be with other slots does not change how well the model follows the runs,
// which had the slots that there were.
func TestOtherSlotsDoNotSpoilTheFit(t *testing.T) {
	w := world{fixed: 0.5, perMiB: 0.1, sourceMiB: 256, slots: 4, noise: 0.05}
	other := w
	other.sourceMiB *= 1.5
	settings := map[string]string{KeyMax: "16", KeySource: "16"}
	runs := []Run{other.run(settings, 16, 16), w.run(settings, 16, 16)}
	plain := advise(t, Config{ClusterSlots: 4}, runs...)
	for _, given := range []int{1, 4, 8, 16, 64} {
		a := advise(t, Config{Slots: given, ClusterSlots: 4}, runs...)
		if a.Fit.TimeError != plain.Fit.TimeError || a.Fit.SlotError != plain.Fit.SlotError {
			t.Errorf("with %d slots it errs by %.3f and %.3f, without by %.3f and %.3f", given,
				a.Fit.TimeError, a.Fit.SlotError, plain.Fit.TimeError, plain.Fit.SlotError)
		}
		if now, was := a.Predicted.Seconds.Now, plain.Predicted.Seconds.Now; given == 16 && now > 0.5*was || given == 1 && now < 2*was {
			t.Errorf("with %d slots it takes %.1f s, with 4 %.1f s", given, now, was)
		}
	}
}

func TestALittleIsNoReasonForAChange(t *testing.T) {
	empty := world{fixed: 0.05, slots: 4} // of a day without data
	for _, prefer := range []Preference{Balanced, Time, Slots} {
		a := advise(t, Config{Slots: 4, Prefer: prefer}, empty.run(map[string]string{KeyMax: "5"}, 5, 5))
		if a.Verdict != Keep || len(a.Proposed) > 0 {
			t.Errorf("%s: %s: %s, %s", prefer, a.Verdict, a.Reason, text(a.Proposed))
		}
		if prefer == Slots && !strings.Contains(a.Reason, "less than a second") {
			t.Errorf("%s: %s", prefer, a.Reason)
		}
	}
	empty.fixed = 5
	if a := advise(t, Config{Slots: 4, Prefer: Slots}, empty.run(map[string]string{KeyMax: "5"}, 5, 5)); a.Verdict != Change {
		t.Errorf("tasks that are dear: %s: %s", a.Verdict, a.Reason)
	}
}

func TestHybridExchangesAreToldOf(t *testing.T) {
	w := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	for exchange, want := range map[string]bool{"blocking": false, "pipelined_bounded": false, "hybrid_full": true, "HYBRID_SELECTIVE": true} {
		r := w.run(nil, 4, 4)
		r.Vertices[1].Inputs[0].Exchange = exchange
		a := advise(t, Config{Slots: 4}, r)
		if got := slices.ContainsFunc(a.Notes, func(n string) bool { return strings.Contains(n, "hybrid") }); got != want {
			t.Errorf("%s: told of: %v, in %q", exchange, got, a.Notes)
		}
	}
}

func TestTheDocumentedTuningIsAdvisedWhereItIsMissing(t *testing.T) {
	w := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	for name, c := range map[string]struct {
		settings map[string]string
		tasks    int
		on120    string
		on23     string // which has no option for sort shuffle and channels
	}{
		"as it should be": {map[string]string{keyChannels: "0"}, 4, "max-parallelism=8", "max-parallelism=8"},
		"channels":        {map[string]string{KeyMax: "4"}, 4, keyChannels + "=0", ""},
		"hash shuffle":    {map[string]string{keyChannels: "0", keySortShuffle: "100", KeyMax: "4"}, 4, keySortShuffle + "=1", ""},
		"nothing":         {map[string]string{keyChannels: "0", KeyMax: "4"}, 4, "", ""},
	} {
		for release, want := range map[slots.Version]string{slots.V1_20: c.on120, slots.V2_3: c.on23} {
			r := w.run(c.settings, c.tasks, c.tasks)
			r.Release = release
			if got := text(advise(t, Config{}, r).Tuning); got != want {
				t.Errorf("%v, %s: %s, want %s", release, name, got, want)
			}
		}
	}
}

func TestAnInputReservesNoMoreThanFlinkLetsIt(t *testing.T) {
	w := world{fixed: 1, perMiB: 0.1, sourceMiB: 64, slots: 4}
	for tasks, want := range map[int]string{4: "reserves 256 KiB for 4 channels", 501: "reserves 31.2 MiB for 501 channels"} {
		r := w.run(map[string]string{KeyMax: strconv.Itoa(tasks)}, tasks, tasks)
		r.Release = slots.V1_20
		if tuning := advise(t, Config{}, r).Tuning; len(tuning) != 1 || !strings.Contains(tuning[0].Why, want) {
			t.Errorf("%d tasks: %+v, want %s", tasks, tuning, want)
		}
	}
}

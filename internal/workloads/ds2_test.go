package workloads

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nexmarkRuns are all queries from all starts.
func nexmarkRuns(t *testing.T, s Settings, room float64) []Steps {
	t.Helper()
	var runs []Steps
	for i := range nexmark {
		q := &nexmark[i]
		for _, start := range starts {
			o := happen(t, nexmarkRun(q, start, s, room))
			runs = append(runs, Steps{q, start, o.Steps(mainVertex), o.End[mainVertex]})
		}
	}
	return runs
}

func happen(t *testing.T, r *Run) *Outcome {
	t.Helper()
	o, err := r.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// overshoots are the steps from below that go over a parallelism.
func overshoots(r Steps, most int) []int {
	var over []int
	for i, from := 0, r.Start; i < len(r.Steps); i++ {
		if to := r.Steps[i]; to > from && to > most {
			over = append(over, to)
		}
		from = r.Steps[i]
	}
	return over
}

func (r Steps) String() string { return fmt.Sprintf("%s from %d: %v", r.Query.Name, r.Start, r.Steps) }

// With the settings of DS2 each query ends at its optimum, and never goes over it on
// the way up.
func TestNexmarkFindsTheOptimum(t *testing.T) {
	runs := nexmarkRuns(t, asDS2(), room)
	for _, r := range runs {
		if over := overshoots(r, r.Query.Optimum()); over != nil || r.End != r.Query.Optimum() {
			t.Errorf("%s: over the optimum of %d with %v, ends at %d", r, r.Query.Optimum(), over, r.End)
		}
	}
	if mean := meanSteps(runs); mean > meanStepsOfDS2 {
		t.Errorf("%.2f steps in the mean; DS2 took %.2f", mean, meanStepsOfDS2)
	}
	hold(t, "nexmark", stepsTable(runs)+fmt.Sprintf("\nIn the mean %.2f steps; DS2 took %.2f.\n", meanSteps(runs), meanStepsOfDS2))
}

// Where the optimum can do just what arrives, the counters' rounding decides whether
// it is enough: one more is the most.
func TestNexmarkWithoutRoomEndsAtMostOneOver(t *testing.T) {
	inFull(t)
	over := 0
	for _, r := range nexmarkRuns(t, asDS2(), 0) {
		if d := r.End - r.Query.Optimum(); d < 0 || d > 1 || overshoots(r, r.Query.Optimum()+1) != nil {
			t.Errorf("%s: ends at %d, the optimum is %d", r, r.End, r.Query.Optimum())
		} else {
			over += d
		}
	}
	hold(t, "without room", fmt.Sprintf("Of the 36 runs, %d then end one over the optimum, and the others at it.\n", over))
}

// What the reference makes of the same settings is shown beside ours.
func TestNexmarkUnderTheReference(t *testing.T) {
	inFull(t)
	runs, over, wrong := nexmarkRuns(t, referenceAsDS2(), room), 0, 0
	most := 0.0
	for _, r := range runs {
		if o := overshoots(r, r.Query.Optimum()); o != nil {
			over++
			most = max(most, float64(slices.Max(o))/float64(r.Query.Optimum()))
		}
		if r.End != r.Query.Optimum() {
			wrong++
		}
	}
	hold(t, "reference", table(runs, orStays)+fmt.Sprintf(
		"\nIn the mean %.2f steps; %d runs go over the optimum on the way up, at the most %.1f times as high; %d do not end at it.\n", meanSteps(runs), over, most, wrong))
}

// By default the aim is the optimum at 70 %, and everything between 40 and 100 % is
// left as it is.
func TestNexmarkByDefault(t *testing.T) {
	inFull(t)
	s := byDefault()
	runs := nexmarkRuns(t, s, room)
	for _, r := range runs {
		if over := overshoots(r, r.Query.most(s)); over != nil || r.End < r.Query.Optimum() {
			t.Errorf("%s: at most %d is needed; over it with %v, ends at %d", r, r.Query.most(s), over, r.End)
		}
	}
	hold(t, "nexmark by default", boundsTable(runs, s)+fmt.Sprintf("\nIn the mean %.2f steps.\n", meanSteps(runs)))
}

func TestWordCountTakesOneDecision(t *testing.T) {
	o := happen(t, wordCount(asDS2()))
	want := map[string]int{"source": 4, flatMap: 10, count: 20}
	if len(o.Rescales) != 1 || !cmp.Equal(o.Rescales[0].To, want) || !cmp.Equal(o.End, want) {
		t.Errorf("%v", o.Rescales)
	}
	if testing.Short() {
		return // with what follows the table takes seconds
	}
	hold(t, "word count", countTable([]Count{
		{"set as DS2", o.Rescales},
		{referenceAsDS2().Name, happen(t, wordCount(referenceAsDS2())).Rescales},
		{byDefault().Name, happen(t, wordCount(byDefault())).Rescales},
	}))
}

func TestDynamicWordCountTakesTwoStepsEach(t *testing.T) {
	o := happen(t, dynamicWordCount(asDS2()))
	var before, after int
	for _, r := range o.Rescales {
		if r.At < asDS2().Duration {
			before++
		} else {
			after++
		}
	}
	split, counts := capacities(dynamicHigh, dynamicSplit, room), capacities(dynamicHigh*dynamicWords, dynamicCount, room)
	want := map[string]int{"source": 4, flatMap: fit(split, dynamicLow, 1), count: fit(counts, dynamicLow*dynamicWords, 1)}
	if before != 2 || after != 2 || !cmp.Equal(o.Rescales[1].To, map[string]int{"source": 4, flatMap: dynamicSplit, count: dynamicCount}) || !cmp.Equal(o.End, want) {
		t.Errorf("%v, want %v at the end", o.Rescales, want)
	}
	hold(t, "dynamic word count", countTable([]Count{{"set as DS2", o.Rescales}}))
}

// A query whose table has another optimum than the one that it ends at would show
// here, and so would another number of steps than the published one.
func TestThePublishedTableIsWhole(t *testing.T) {
	steps := 0
	for i := range nexmark {
		for _, start := range starts {
			list := nexmark[i].Steps[start]
			if len(list) == 0 || list[len(list)-1] != nexmark[i].Optimum() {
				t.Errorf("%s from %d: %v", nexmark[i].Name, start, list)
			}
			steps += len(list)
		}
	}
	if mean := float64(steps) / 36; math.Abs(mean-meanStepsOfDS2) > 0.005 {
		t.Errorf("%v steps in the mean", mean)
	}
}

func TestASubtaskNeverDoesMoreWhereThereAreMoreOfThem(t *testing.T) {
	for _, optimum := range []int{10, 14, 16, 20, 28} {
		points := capacities(1e6, optimum, 0)
		if top := points[optimum-1]; top.X != float64(optimum) || math.Abs(top.Y-1e6) > 1e-3 {
			t.Errorf("at the optimum of %d: %v", optimum, top)
		}
		for i := 1; i < optimum; i++ {
			if each, before := points[i].Y/points[i].X, points[i-1].Y/points[i-1].X; each > before*(1+1e-9) {
				t.Errorf("optimum %d: %v/s at %d, %v/s at %d", optimum, before, i, each, i+1)
			}
		}
	}
}

func TestFitIsTheSmallestThatCarriesTheRate(t *testing.T) {
	points := capacities(1000, 10, 0.01) // 101/s each at 10 and above
	for _, c := range []struct {
		rate, utilization float64
		want              int
	}{{1000, 1, 10}, {1009, 1, 10}, {1011, 1, 11}, {1000, 0.7, 15}, {1, 1, 1}} {
		if got := fit(points, c.rate, c.utilization); got != c.want {
			t.Errorf("%v/s at %v: %d, want %d", c.rate, c.utilization, got, c.want)
		}
	}
}

func TestBalancedIsWhereASubtaskHasFewerKeyGroups(t *testing.T) {
	for n, want := range map[int]int{16: 16, 20: 22, 23: 26, 26: 32, 29: 32, 33: 33} {
		if got := balanced(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

package batch

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTheCostOfATaskIsFitted(t *testing.T) {
	line := func(fixed, perMiB, setup float64, loads ...float64) []sample {
		var all []sample
		for _, l := range loads {
			all = append(all, sample{l, fixed + perMiB*l, setup})
		}
		return all
	}
	for name, c := range map[string]struct {
		samples                    []sample
		fixed, perMiB, least, most float64
	}{
		"a clean line":                       {line(0.5, 0.1, 0.1, 1, 2, 3, 4), 0.5, 0.1, 0.5, 0.5},
		"all alike: what was set up":         {line(0.5, 0.1, 0.1, 2, 2, 2), 0.1, 0.3, 0.1, 0.3},
		"one task":                           {line(0.5, 0.1, 0.2, 5), 0.2, 0.16, 0.2, 0.6},
		"more bytes cost less: no slope":     {[]sample{{1, 1, 0.1}, {2, 0.8, 0.1}, {3, 0.9, 0.1}}, 0.2412, 0.3294, 0.1, 0.4227},
		"nothing but set-up":                 {line(0, 0.1, 9, 0, 0, 0), 0, 0, 0, 0},
		"a line through the origin":          {line(0, 1, 0, 1, 2, 3), 0, 1, 0, 0},
		"set-up is no more than the task":    {line(0.5, 0, 2, 1, 1, 1), 0.5, 0, 0.5, 0.5},
		"less than the set-up: the set-up's": {line(0.05, 0.1, 0.1, 1, 2, 3), 0.1, 0.075, 0.1, 0.1},
	} {
		got := fit(c.samples)
		for what, pair := range map[string][2]float64{
			"fixed": {got.fixed, c.fixed}, "perMiB": {got.perMiB(), c.perMiB}, "least": {got.least, c.least}, "most": {got.most, c.most},
		} {
			if math.Abs(pair[0]-pair[1]) > 2e-3 {
				t.Errorf("%s: %s is %.4f, want %.4f", name, what, pair[0], pair[1])
			}
		}
	}
}

// Whatever the tasks were, the line goes through their mean, and the bounds are
// around it.
func TestTheFitKeepsTheMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sample {
			took := rapid.Float64Range(0, 1000).Draw(t, "took")
			return sample{rapid.Float64Range(0, 1e6).Draw(t, "load"), took, took * rapid.Float64Range(0, 1).Draw(t, "setup")}
		}), 1, 30).Draw(t, "samples")
		c := fit(samples)
		if !(0 <= c.least && c.least <= c.fixed+1e-9 && c.fixed <= c.most+1e-9 && c.most <= c.mean+1e-9) {
			t.Fatalf("bounds %v <= %v <= %v <= mean %v", c.least, c.fixed, c.most, c.mean)
		}
		for _, l := range leans {
			if got := c.seconds(c.load, l); math.Abs(got-c.mean) > 1e-6*(1+c.mean) {
				t.Fatalf("the mean load takes %v, want %v", got, c.mean)
			}
			if got := c.seconds(0, l); got < 0 {
				t.Fatalf("no load takes %v", got)
			}
		}
	})
}

func TestTasksDifferAsTheyDidAndTheirMeanStays(t *testing.T) {
	c := cost{mean: 10, residual: 2}
	for _, n := range []int{1, 2, 3, 4, 7, 16, 64, 100} {
		sum, most := 0.0, 0.0
		seen := map[float64]bool{}
		for i := range n {
			f := c.straggle(10, i, n) / 10
			sum, most, seen[f] = sum+f, max(most, f), true
		}
		if math.Abs(sum) > 1e-9 || len(seen) != n {
			t.Errorf("%d tasks: off by %v in all, %d kinds", n, sum, len(seen))
		}
		// The slowest of n that are normally distributed, roughly.
		want := map[int]float64{4: 0.23, 16: 0.37, 64: 0.48}[n]
		if want > 0 && math.Abs(most-want) > 0.01 {
			t.Errorf("the slowest of %d tasks takes %.3f of the mean longer, want %.2f", n, most, want)
		}
	}
	if got, want := c.straggle(40, 1, 4)/c.straggle(10, 1, 4), 2.0; math.Abs(got-want) > 1e-9 {
		t.Errorf("a task four times as long is off by %v times as much, want %v", got, want)
	}
	if got := (cost{residual: 1}).straggle(1, 1, 4); got != 0 {
		t.Errorf("tasks without a time differ by %v", got)
	}
}

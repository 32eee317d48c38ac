package scaling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// stepped gives the rates in turn, each for a time.
func stepped(each time.Duration, rates ...float64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		return rates[min(int(at/each), len(rates)-1)]
	}
}

func steady(rate float64) func(time.Duration) float64 { return stepped(time.Hour, rate) }

// seeds are ordinary ones but for 19, at which what the work vertex can do is
// measured lowest just when the load changes.
var seeds = []uint64{1, 2, 3, 19}

// stepRuns are the conditions under which a step of the load must be followed.
func stepRuns() map[string]simulated {
	runs := map[string]simulated{}
	for _, refresh := range []time.Duration{2 * time.Second, 10 * time.Second} {
		for _, seed := range seeds {
			for _, noise := range []float64{0, 0.1} {
				name := fmt.Sprintf("fetch %v, cost noise %v, seed %d", refresh, noise, seed)
				runs[name] = simulated{seed: seed, refresh: refresh, late: 0.3, costNoise: noise, unevenKeys: noise / 2}
			}
		}
	}
	return runs
}

func TestStepOfTheLoadIsFollowed(t *testing.T) {
	const level = 6 * time.Minute
	c := sluiceProfile()
	window := c.MetricsWindow
	for name, run := range stepRuns() {
		t.Run(name, func(t *testing.T) {
			run.load, run.showsLag = stepped(level, 500, 2500, 500), true
			l := newClosedLoop(run, &c)
			l.run(4 * level)
			defer func() {
				if t.Failed() {
					l.explain(t)
				}
			}()

			if acts := l.acts(0, level); len(acts) > 0 {
				t.Errorf("%d needless rescales at 500/s", len(acts))
			}
			up := l.acts(level, 2*level)
			if len(up) == 0 || up[0].at-level > window+2*loopInterval {
				t.Errorf("the step up is not decided within a window and two loops: %v", when(up, level))
			}
			down := l.acts(2*level, 4*level)
			if len(up) > 2 || len(down) > 2 {
				t.Errorf("more than two rescales a level: %v up, %v down", when(up, level), when(down, 2*level))
			}
			if took, ok := l.settled(level, 2*level, 4); !ok || took > 5*window {
				t.Errorf("4 subtasks are not reached within five windows and kept: after %v (%v), sizes %v", took, ok, l.workSizes(level, 2*level))
			}
			if took, ok := l.settled(2*level, 4*level, 1); !ok || took > 5*window {
				t.Errorf("1 subtask is not reached within five windows and kept: after %v (%v), sizes %v", took, ok, l.workSizes(2*level, 4*level))
			}
		})
	}
}

// Without a lag to see, the load is found out step by step, and what waited
// cannot be told from what arrives.
func TestStepIsFollowedWithoutAGaugeOfTheLag(t *testing.T) {
	const level = 8 * time.Minute
	c := sluiceProfile()
	for name, run := range stepRuns() {
		t.Run(name, func(t *testing.T) {
			run.load = stepped(level, 500, 2500, 500)
			l := newClosedLoop(run, &c)
			l.run(4 * level)
			if n := len(l.acts(0, level)); n > 0 {
				t.Errorf("%d needless rescales at 500/s", n)
			}
			up, down := l.acts(level, 2*level), l.acts(2*level, 4*level)
			if len(up) == 0 || up[0].at-level > c.MetricsWindow+2*loopInterval || len(up) > 5 || len(down) > 3 {
				t.Errorf("rescaled %v after the step up, %v after the step down", when(up, level), when(down, 2*level))
			}
			for _, p := range l.between(level+5*time.Minute, 2*level) {
				if p.waiting > p.load || p.parallelism[simulatedWork] < 4 || p.parallelism[simulatedWork] > 6 {
					t.Errorf("at %v: %d subtasks, %.0f records wait", p.at, p.parallelism[simulatedWork], p.waiting)
				}
			}
			if took, ok := l.settled(2*level, 4*level, 1); !ok || took > 4*time.Minute {
				t.Errorf("1 subtask is not reached and kept: after %v (%v)", took, ok)
			}
			if t.Failed() {
				l.explain(t)
			}
		})
	}
}

// when is how long after a moment passes acted.
func when(passes []loopPass, after time.Duration) []time.Duration {
	var d []time.Duration
	for _, p := range passes {
		d = append(d, p.at-after)
	}
	return d
}

func TestSteadyLoadIsEstimatedWell(t *testing.T) {
	for _, refresh := range []time.Duration{2 * time.Second, 10 * time.Second} {
		for _, parallelism := range []int{1, 3, 4, 16} {
			for _, busy := range []float64{0.1, 0.5, 0.9} {
				t.Run(fmt.Sprintf("fetch %v, %d subtasks, %v busy", refresh, parallelism, busy), func(t *testing.T) {
					c := sluiceProfile()
					c.ScalingEnabled = false
					load := busy * 1000 * float64(parallelism)
					l := newClosedLoop(simulated{seed: 7, load: steady(load), parallelism: [3]int{1, parallelism, 1}, refresh: refresh, late: 0.3, showsLag: true}, &c)
					l.run(5 * time.Minute)
					// The hottest subtask has the most key groups.
					capacity := 1000 * keyGroups / math.Ceil(keyGroups/float64(parallelism))
					judged := 0
					for _, p := range l.passes {
						if !p.full || p.out.Evaluation == nil {
							continue
						}
						judged++
						source, work := p.out.Evaluation.Vertices[simulatedSource], p.out.Evaluation.Vertices[simulatedWork]
						if math.Abs(work.TrueProcessingRate/capacity-1) > 0.02 || math.Abs(source.TargetRate/load-1) > 0.05 {
							t.Errorf("at %v: capacity %v of %v, arrival %v of %v", p.at, work.TrueProcessingRate, capacity, source.TargetRate, load)
						}
					}
					if judged < 40 {
						t.Errorf("only %d passes had rates", judged)
					}
				})
			}
		}
	}
}

func TestHotKeyIsNotScalable(t *testing.T) {
	for _, refresh := range []time.Duration{2 * time.Second, 10 * time.Second} {
		for _, lag := range []bool{true, false} {
			for _, seed := range seeds {
				t.Run(fmt.Sprintf("fetch %v, lag %v, seed %d", refresh, lag, seed), func(t *testing.T) {
					c := sluiceProfile()
					l := newClosedLoop(simulated{
						seed: seed, load: steady(2500), hotShare: 0.6, parallelism: [3]int{1, 4, 1}, refresh: refresh, late: 0.3, showsLag: lag,
						costNoise: 0.05,
					}, &c)
					l.run(20 * time.Minute)
					if n := l.restarts; n > 0 {
						t.Errorf("%d rescales", n)
					}
					verdicts := 0
					for _, p := range l.passes {
						if p.full && p.out.Decision.Reason == ReasonNotScalable {
							verdicts++
						}
					}
					if verdicts < len(l.passes)*9/10 {
						t.Errorf("%d of %d passes say that the job is not scalable", verdicts, len(l.passes))
					}
					if t.Failed() {
						l.explain(t)
					}
				})
			}
		}
	}
}

func TestHotKeyFromTheStartIsLeftAfterOneAttempt(t *testing.T) {
	c := sluiceProfile()
	l := newClosedLoop(simulated{seed: 1, load: steady(2500), hotShare: 0.6, late: 0.3, showsLag: true}, &c)
	l.run(20 * time.Minute)
	if n := l.restarts; n > 1 {
		t.Errorf("%d rescales", n)
		l.explain(t)
	}
}

func TestBacklogIsWorkedOffInTime(t *testing.T) {
	for _, refresh := range []time.Duration{2 * time.Second, 10 * time.Second} {
		for _, load := range []float64{500, 2500} {
			t.Run(fmt.Sprintf("fetch %v, load %v", refresh, load), func(t *testing.T) {
				c := sluiceProfile()
				l := newClosedLoop(simulated{seed: 1, load: steady(load), backlog: 100_000, refresh: refresh, late: 0.3, showsLag: true, partitions: 12}, &c)
				l.run(20 * time.Minute)
				allowed := c.MetricsWindow + c.Stabilization + 2*loopInterval + rescaleDelay + c.Restart + c.CatchUp
				for _, p := range l.passes {
					if p.at > allowed && p.waiting > load {
						t.Errorf("%.0f records still wait after %v", p.waiting, p.at)
						break
					}
					if p.to[simulatedSource] > 12 {
						t.Errorf("the source got %d subtasks for 12 partitions", p.to[simulatedSource])
					}
				}
				// Anything within the utilization bounds may stay.
				if busy := load / 1000 / float64(l.current()[simulatedWork]); busy < c.UtilizationMin || busy > c.TargetUtilization {
					t.Errorf("ends with %d subtasks, %.2f busy", l.current()[simulatedWork], busy)
				}
				if l.restarts > 4 {
					t.Errorf("%d rescales", l.restarts)
				}
				if t.Failed() {
					l.explain(t)
				}
			})
		}
	}
}

// noisy varies a rate evenly by a share of it, anew every second.
func noisy(rate func(time.Duration) float64, share float64, seed uint64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		r := rand.New(rand.NewPCG(seed, uint64(at/time.Second)))
		return rate(at) * (1 + share*(2*r.Float64()-1))
	}
}

// wandering varies a rate evenly by a share of it, anew every given time.
func wandering(rate, share float64, each time.Duration, seed uint64) func(time.Duration) float64 {
	return func(at time.Duration) float64 {
		r := rand.New(rand.NewPCG(seed, uint64(at/each)))
		return rate * (1 + share*(2*r.Float64()-1))
	}
}

func TestNoiseDoesNotMakeTheJobOscillate(t *testing.T) {
	for _, rate := range []float64{500, 600, 1000, 1300, 2000, 2500, 2700} {
		for _, lag := range []bool{true, false} {
			for name, load := range map[string]func(time.Duration) float64{
				"by the second":    noisy(steady(rate), 0.1, 1),
				"by half a minute": wandering(rate, 0.1, 30*time.Second, 1),
				"by the minute":    wandering(rate, 0.1, time.Minute, 2),
				"by three minutes": wandering(rate, 0.1, 3*time.Minute, 3),
			} {
				t.Run(fmt.Sprintf("%v %s, lag %v", rate, name, lag), func(t *testing.T) {
					c := sluiceProfile()
					right := int(math.Ceil(rate / 700))
					l := newClosedLoop(simulated{seed: 1, load: load, parallelism: [3]int{1, right, 1}, late: 0.3, showsLag: lag, costNoise: 0.05}, &c)
					l.run(time.Hour)
					if l.restarts > 1 {
						t.Errorf("%d rescales in an hour: %v", l.restarts, l.workSizes(0, time.Hour))
						l.explain(t)
					}
				})
			}
		}
	}
}

func TestSlowChangesAreFollowedWithoutFuss(t *testing.T) {
	hour := float64(time.Hour)
	cases := []struct {
		name string
		load func(time.Duration) float64
		// rescales is how many may happen; waiting how many seconds of input may.
		rescales int
		waiting  float64
	}{
		{"doubling within an hour", func(at time.Duration) float64 { return 1000 * math.Pow(2, float64(at)/hour) }, 3, 10},
		{"doubling within ten minutes", func(at time.Duration) float64 {
			return 1000 * math.Pow(2, math.Min(1, float64(at)/hour*6))
		}, 3, 20},
		{"a day in an hour", func(at time.Duration) float64 { return 1500 + 1200*math.Sin(2*math.Pi*float64(at)/hour) }, 10, 20},
		{"a wave of ten minutes", func(at time.Duration) float64 { return 1500 + 1200*math.Sin(12*math.Pi*float64(at)/hour) }, 36, 30},
	}
	for _, tc := range cases {
		for _, lag := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, lag %v", tc.name, lag), func(t *testing.T) {
				c := sluiceProfile()
				l := newClosedLoop(simulated{seed: 1, load: tc.load, parallelism: [3]int{1, 3, 1}, late: 0.3, showsLag: lag, costNoise: 0.05}, &c)
				l.run(time.Hour)
				if l.restarts > tc.rescales {
					t.Errorf("%d rescales, want at most %d: %v", l.restarts, tc.rescales, l.workSizes(0, time.Hour))
				}
				for _, p := range l.passes {
					if p.waiting > tc.waiting*p.load {
						t.Errorf("at %v %.0f records wait at a load of %.0f/s", p.at, p.waiting, p.load)
						break
					}
				}
				if t.Failed() || testing.Verbose() {
					t.Logf("%d rescales: %v", l.restarts, l.workSizes(0, time.Hour))
				}
				if t.Failed() {
					l.explain(t)
				}
			})
		}
	}
}

package adaptive

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(math.Round(seconds*1000)) * time.Millisecond)
}

func TestRestartStrategies(t *testing.T) {
	type step struct {
		at      float64 // seconds
		backoff time.Duration
		allowed bool
	}
	exponential := func(change func(*RestartStrategy)) RestartStrategy {
		s := DefaultRestart(RestartExponential)
		change(&s)
		return s
	}
	tests := map[string]struct {
		strategy RestartStrategy
		steps    []step
	}{
		"none": {DefaultRestart(RestartNone), []step{{0, 0, false}}},
		"fixed delay, default": {
			DefaultRestart(RestartFixedDelay),
			[]step{{0, time.Second, true}, {9, time.Second, false}},
		},
		"fixed delay": {
			RestartStrategy{Kind: RestartFixedDelay, Attempts: 2, Delay: time.Minute},
			[]step{{0, time.Minute, true}, {9, time.Minute, true}, {99999, time.Minute, false}},
		},
		"failure rate, default": {
			DefaultRestart(RestartFailureRate),
			[]step{{0, time.Second, true}, {60, time.Second, false}, {120.001, time.Second, true}},
		},
		"failure rate": {
			RestartStrategy{Kind: RestartFailureRate, MaxFailures: 2, Interval: 10 * time.Second, Delay: 0},
			[]step{{0, 0, true}, {1, 0, true}, {10, 0, false}, {11.001, 0, true}, {11.002, 0, false}},
		},
		"exponential": {DefaultRestart(RestartExponential), []step{
			{0, time.Second, true},
			{10, 1500 * time.Millisecond, true},
			{20, 2250 * time.Millisecond, true},
			{30, 3375 * time.Millisecond, true},
			{40, 5062 * time.Millisecond, true},
		}},
		"exponential: failures until the restart belong to it": {DefaultRestart(RestartExponential), []step{
			{0, time.Second, true}, {0.4, 600 * time.Millisecond, true}, {1, 0, true}, {1.001, 1500 * time.Millisecond, true},
		}},
		"exponential: reset after the threshold, counted from the restart": {
			exponential(func(s *RestartStrategy) { s.ResetThreshold = 10 * time.Second }), []step{
				{0, time.Second, true}, {10.999, 1500 * time.Millisecond, true}, {22.499, time.Second, true},
			},
		},
		"exponential: at most the longest": {
			exponential(func(s *RestartStrategy) { s.MaxBackoff = 2 * time.Second }), []step{
				{0, time.Second, true}, {10, 1500 * time.Millisecond, true}, {20, 2 * time.Second, true},
			},
		},
		"exponential: attempts": {
			exponential(func(s *RestartStrategy) { s.AttemptsBeforeReset = 2 }), []step{
				{0, time.Second, true}, {10, 1500 * time.Millisecond, true}, {20, 2250 * time.Millisecond, false},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := newRestarts(test.strategy, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range test.steps {
				backoff, allowed := r.fail(at(s.at))
				if backoff != s.backoff || allowed != s.allowed {
					t.Errorf("failure %d at %vs: %v %v, want %v %v", i, s.at, backoff, allowed, s.backoff, s.allowed)
				}
			}
		})
	}
}

func TestTheJitterIsDrawnWithinItsBounds(t *testing.T) {
	var bounds []int64
	draw := func(bound int64) int64 {
		bounds = append(bounds, bound)
		return 2 * bound // out of bounds: the largest counts
	}
	r, err := newRestarts(DefaultRestart(RestartExponential), draw)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := r.fail(at(0))
	second, _ := r.fail(at(10))
	if first != 1100*time.Millisecond || second != 1650*time.Millisecond || !slices.Equal(bounds, []int64{100, 150}) {
		t.Errorf("backoffs %v and %v with bounds %v", first, second, bounds)
	}
	r.draw = func(bound int64) int64 { return -bound }
	r.attempts = 0
	if least, _ := r.fail(at(20)); least != time.Second {
		t.Errorf("below the initial backoff: %v", least)
	}
}

func TestAGrownBackoffStaysBounded(t *testing.T) {
	r, err := newRestarts(DefaultRestart(RestartExponential), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.attempts = math.MaxInt32 - 1
	if got, _ := r.fail(at(0)); got != time.Minute {
		t.Errorf("backoff %v, want the longest", got)
	}
}

func TestStrategiesThatFlinkRefuses(t *testing.T) {
	bad := map[string]RestartStrategy{
		"attempts":   {Kind: RestartFixedDelay, Attempts: -1},
		"delay":      {Kind: RestartFixedDelay, Delay: -1},
		"failures":   {Kind: RestartFailureRate, Interval: time.Second},
		"interval":   {Kind: RestartFailureRate, MaxFailures: 1},
		"rate delay": {Kind: RestartFailureRate, MaxFailures: 1, Interval: time.Second, Delay: -1},
		"kind":       {Kind: "often"},
		"no kind":    {},
	}
	for name, change := range map[string]func(*RestartStrategy){
		"initial":    func(s *RestartStrategy) { s.InitialBackoff = 0 },
		"max":        func(s *RestartStrategy) { s.MaxBackoff = 0 },
		"order":      func(s *RestartStrategy) { s.InitialBackoff = 2 * time.Minute },
		"multiplier": func(s *RestartStrategy) { s.Multiplier = 1 },
		"threshold":  func(s *RestartStrategy) { s.ResetThreshold = 0 },
		"jitter":     func(s *RestartStrategy) { s.Jitter = 1.1 },
		"negative":   func(s *RestartStrategy) { s.Jitter = -0.1 },
		"reset":      func(s *RestartStrategy) { s.AttemptsBeforeReset = 0 },
	} {
		s := DefaultRestart(RestartExponential)
		change(&s)
		bad[name] = s
	}
	for name, s := range bad {
		if _, err := newRestarts(s, nil); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, kind := range []RestartKind{RestartNone, RestartFixedDelay, RestartFailureRate, RestartExponential} {
		if err := DefaultRestart(kind).check(); err != nil {
			t.Errorf("default of %s: %v", kind, err)
		}
	}
}

func TestStrategiesThatFlinkJustTakes(t *testing.T) {
	ms := time.Millisecond
	for _, s := range []RestartStrategy{
		{Kind: RestartFixedDelay},
		{Kind: RestartFailureRate, MaxFailures: 1, Interval: ms},
		{Kind: RestartExponential, InitialBackoff: ms, MaxBackoff: ms, Multiplier: 1.001, ResetThreshold: ms, AttemptsBeforeReset: 1},
		{Kind: RestartExponential, InitialBackoff: ms, MaxBackoff: ms, Multiplier: 2, ResetThreshold: ms, Jitter: 1, AttemptsBeforeReset: 1},
	} {
		if err := s.check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestWhichStrategyAJobHas(t *testing.T) {
	fixed, rate := DefaultRestart(RestartFixedDelay), DefaultRestart(RestartFailureRate)
	job, o := j3(2), DefaultOptions(slots.V2_3, false)
	if got := strategyOf(job, o).Kind; got != RestartExponential {
		t.Errorf("with checkpoints: %s", got)
	}
	job.Checkpointing = Checkpointing{}
	if got := strategyOf(job, o).Kind; got != RestartNone {
		t.Errorf("without checkpoints: %s", got)
	}
	o.Restart = &rate
	if got := strategyOf(job, o).Kind; got != RestartFailureRate {
		t.Errorf("of the cluster: %s", got)
	}
	job.Restart = &fixed
	if got := strategyOf(job, o).Kind; got != RestartFixedDelay {
		t.Errorf("of the job: %s", got)
	}
}

func TestAJobWithoutRestartsFailsWithItsCause(t *testing.T) {
	for _, v := range versions {
		job := j3(2)
		job.Checkpointing = Checkpointing{}
		r := newRig(t, v, job).running(2)
		r.failTask()
		view := r.s.View()
		if view.Status != StatusFailed || view.Failure.String() != "org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy" ||
			view.Failure.Root().String() != "java.lang.Exception: boom" {
			t.Errorf("%v: %v because of %v, root %v", v, view.Status, view.Failure, view.Failure.Root())
		}
		if view.Restarts != 0 {
			t.Errorf("%v: %d restarts", v, view.Restarts)
		}
	}
}

func TestTheBackoffCountsFromTheLastTasksEnd(t *testing.T) {
	r := newRig(t, slots.V2_3, j3(2)).running(2)
	r.until(20 * second)
	r.holdTasks = true
	r.failTask()
	r.until(27 * second)
	r.end(TasksCanceled)
	r.until(28*second - 1)
	r.wantState(StateRestarting)
	r.until(28 * second)
	r.wantRunning(2, 2, 2)
}

func TestRescalesDoNotAskTheStrategy(t *testing.T) {
	for _, v := range versions {
		job := j3(4)
		once := DefaultRestart(RestartFixedDelay)
		job.Restart = &once
		r := newRig(t, v, job, func(o *Options) { o.SlotIdleTimeout = time.Hour }).running(4)
		for i, upper := range []int{3, 2, 4} {
			r.until(time.Duration(i+1) * 100 * second)
			r.bounds(1, upper)
		}
		r.until(400 * second)
		r.wantRunning(4, 4, 4)
		r.failTask() // the first failure
		r.later(time.Minute)
		r.wantRunning(4, 4, 4)
		view := r.s.View()
		want := 3
		if v == slots.V1_20 {
			want = 0
		}
		if view.Restarts != 4 || view.Rescales != want {
			t.Errorf("%v: %d restarts, %d rescales", v, view.Restarts, view.Rescales)
		}
	}
}

func TestStrategiesNameThemselvesLikeFlink(t *testing.T) {
	tests := map[string]RestartStrategy{
		"NoRestartBackoffTimeStrategy": DefaultRestart(RestartNone),
		"FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=1, backoffTimeMS=1000)":                                                                                                                                                                              DefaultRestart(RestartFixedDelay),
		"FailureRateRestartBackoffTimeStrategy(FailureRateRestartBackoffTimeStrategy(failuresIntervalMS=60000,backoffTimeMS=1000,maxFailuresPerInterval=1)":                                                                                                                 DefaultRestart(RestartFailureRate),
		"ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS=1000, maxBackoffMS=60000, backoffMultiplier=1.5, resetBackoffThresholdMS=3600000, jitterFactor=0.1, attemptsBeforeResetBackoff=2147483647, currentRestartAttempt=0, nextRestartTimestamp=-2147483648)": DefaultRestart(RestartExponential),
	}
	for want, s := range tests {
		r, err := newRestarts(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.String() != want {
			t.Errorf("%s", r)
		}
	}
}

func TestDoublesPrintLikeJava(t *testing.T) {
	for f, want := range map[float64]string{2: "2.0", 0: "0.0", 1.5: "1.5", 0.1: "0.1", 1.25: "1.25"} {
		if got := javaDouble(f); got != want {
			t.Errorf("%v prints as %q", f, got)
		}
	}
}

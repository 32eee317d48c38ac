package adaptive

import (
	"fmt"
	"math"
	"time"

	"github.com/sluice-project/sluice/scheduler/conf"
)

// RestartKind names a restart strategy.
type RestartKind string

// The restart strategies.
const (
	RestartNone        RestartKind = "none"
	RestartFixedDelay  RestartKind = "fixed-delay"
	RestartFailureRate RestartKind = "failure-rate"
	RestartExponential RestartKind = "exponential-delay"
)

// RestartStrategy says whether and when a job restarts after a failure. Only
// the fields of its kind count.
type RestartStrategy struct {
	Kind RestartKind
	// Attempts is how often fixed-delay restarts.
	Attempts int
	// Delay is the backoff of fixed-delay and failure-rate.
	Delay time.Duration
	// MaxFailures within Interval are what failure-rate tolerates.
	MaxFailures int
	Interval    time.Duration
	// The backoff of exponential-delay grows from InitialBackoff by Multiplier up
	// to MaxBackoff, and falls back after ResetThreshold without a failure. Jitter
	// is the share of the backoff by which it varies.
	InitialBackoff, MaxBackoff time.Duration
	Multiplier                 float64
	ResetThreshold             time.Duration
	Jitter                     float64
	// AttemptsBeforeReset is how often exponential-delay restarts without such a
	// pause.
	AttemptsBeforeReset int
}

// DefaultRestart is the strategy of this kind with Flink's defaults.
func DefaultRestart(kind RestartKind) RestartStrategy {
	switch kind {
	case RestartFixedDelay:
		return RestartStrategy{Kind: kind, Attempts: 1, Delay: time.Second}
	case RestartFailureRate:
		return RestartStrategy{Kind: kind, MaxFailures: 1, Interval: time.Minute, Delay: time.Second}
	case RestartExponential:
		return RestartStrategy{
			Kind:                kind,
			InitialBackoff:      time.Second,
			MaxBackoff:          time.Minute,
			Multiplier:          1.5,
			ResetThreshold:      time.Hour,
			Jitter:              0.1,
			AttemptsBeforeReset: math.MaxInt32,
		}
	default:
		return RestartStrategy{Kind: RestartNone}
	}
}

// check refuses what Flink refuses.
func (r RestartStrategy) check() error {
	switch r.Kind {
	case RestartNone:
		return nil
	case RestartFixedDelay:
		return conf.First(
			conf.Rule(r.Attempts >= 0, "restart attempts %d are below 0", r.Attempts),
			conf.Rule(r.Delay >= 0, "restart delay %v is below 0", r.Delay))
	case RestartFailureRate:
		return conf.First(
			conf.Rule(r.MaxFailures > 0, "maximum failures per interval %d are not above 0", r.MaxFailures),
			conf.Rule(r.Interval >= time.Millisecond, "failure rate interval %v is not above 0 ms", r.Interval),
			conf.Rule(r.Delay >= 0, "restart delay %v is below 0", r.Delay))
	case RestartExponential:
		return conf.First(
			conf.Rule(r.InitialBackoff >= time.Millisecond, "initial backoff %v is below 1 ms", r.InitialBackoff),
			conf.Rule(r.MaxBackoff >= time.Millisecond, "maximum backoff %v is below 1 ms", r.MaxBackoff),
			conf.Rule(r.InitialBackoff <= r.MaxBackoff, "initial backoff %v is above the maximum backoff %v", r.InitialBackoff, r.MaxBackoff),
			conf.Rule(r.Multiplier > 1, "backoff multiplier %v is not above 1", r.Multiplier),
			conf.Rule(r.ResetThreshold >= time.Millisecond, "reset threshold %v is below 1 ms", r.ResetThreshold),
			conf.Rule(r.Jitter >= 0 && r.Jitter <= 1, "jitter factor %v is not between 0 and 1", r.Jitter),
			conf.Rule(r.AttemptsBeforeReset >= 1, "attempts before a reset %d are below 1", r.AttemptsBeforeReset))
	default:
		return fmt.Errorf("restart strategy %q is not known", r.Kind)
	}
}

// restarts is a strategy at work. It counts in whole milliseconds, as Flink.
type restarts struct {
	RestartStrategy
	draw     func(bound int64) int64
	attempts int
	// next is when the restart that was last decided on begins; failures up to
	// then belong to it. It counts once decided is true.
	next     int64
	decided  bool
	failures []int64 // of failure-rate, oldest first
}

func newRestarts(strategy RestartStrategy, draw func(int64) int64) (*restarts, error) {
	if err := strategy.check(); err != nil {
		return nil, err
	}
	return &restarts{RestartStrategy: strategy, draw: draw, next: math.MinInt32}, nil
}

// fail takes note of a failure and says whether the job restarts, and after
// what backoff.
func (r *restarts) fail(now time.Time) (time.Duration, bool) {
	ms := now.UnixMilli()
	switch r.Kind {
	case RestartFixedDelay:
		r.attempts++
		return r.Delay, r.attempts <= r.Attempts
	case RestartFailureRate:
		return r.Delay, r.rateAllows(ms)
	case RestartExponential:
		return r.grow(ms), r.attempts <= r.AttemptsBeforeReset
	default:
		return 0, false
	}
}

// rateAllows keeps the last MaxFailures+1 failures; the job restarts unless all
// of them are within the interval.
func (r *restarts) rateAllows(ms int64) bool {
	if len(r.failures) > r.MaxFailures {
		r.failures = append(r.failures[:0], r.failures[1:]...)
	}
	r.failures = append(r.failures, ms)
	return len(r.failures) <= r.MaxFailures || ms-r.failures[0] > r.Interval.Milliseconds()
}

// grow moves the next restart on unless the failure belongs to the one that is
// already decided on, and is the backoff until then.
func (r *restarts) grow(ms int64) time.Duration {
	if !r.decided || ms > r.next {
		if r.decided && ms-r.next >= r.ResetThreshold.Milliseconds() {
			r.attempts = 0
		}
		r.next, r.decided = ms+r.backoff(), true
		r.attempts++
	}
	return time.Duration(max(0, r.next-ms)) * time.Millisecond
}

// backoff is the next one in milliseconds. The sum with the jitter may overflow
// after some ninety restarts without a pause; then it is the initial one, as in
// Flink.
func (r *restarts) backoff() int64 {
	initial := r.InitialBackoff.Milliseconds()
	grown := truncate(float64(initial) * math.Pow(r.Multiplier, float64(r.attempts)))
	return max(initial, min(grown+r.jitter(grown), r.MaxBackoff.Milliseconds()))
}

func (r *restarts) jitter(backoff int64) int64 {
	if r.Jitter == 0 || r.draw == nil {
		return 0
	}
	bound := truncate(float64(backoff) * r.Jitter)
	return max(-bound, min(r.draw(bound), bound))
}

// truncate is Java's conversion of a double to a long, which saturates.
func truncate(f float64) int64 {
	if f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(f)
}

// String is the strategy as Flink's message of a suppressed recovery has it.
func (r *restarts) String() string {
	switch r.Kind {
	case RestartFixedDelay:
		return fmt.Sprintf("FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=%d, backoffTimeMS=%d)",
			r.Attempts, r.Delay.Milliseconds())
	case RestartFailureRate:
		return fmt.Sprintf("FailureRateRestartBackoffTimeStrategy(FailureRateRestartBackoffTimeStrategy(failuresIntervalMS=%d,backoffTimeMS=%d,maxFailuresPerInterval=%d)",
			r.Interval.Milliseconds(), r.Delay.Milliseconds(), r.MaxFailures)
	case RestartExponential:
		return fmt.Sprintf("ExponentialDelayRestartBackoffTimeStrategy(initialBackoffMS=%d, maxBackoffMS=%d, backoffMultiplier=%s, resetBackoffThresholdMS=%d, jitterFactor=%s, attemptsBeforeResetBackoff=%d, currentRestartAttempt=%d, nextRestartTimestamp=%d)",
			r.InitialBackoff.Milliseconds(), r.MaxBackoff.Milliseconds(), javaDouble(r.Multiplier),
			r.ResetThreshold.Milliseconds(), javaDouble(r.Jitter), r.AttemptsBeforeReset, r.attempts, r.next)
	default:
		return "NoRestartBackoffTimeStrategy"
	}
}

// javaDouble prints a double of ordinary size as Java does: 2.0, not 2.
func javaDouble(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e7 {
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprint(f)
}

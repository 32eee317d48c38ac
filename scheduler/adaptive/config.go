package adaptive

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/slots"
)

// key is an option's name in a configuration. name120 is its name in 1.20, which
// later versions still read if name is not set.
type key struct{ name, name120 string }

const prefix = "jobmanager.adaptive-scheduler."

// The names of the options.
var (
	keyWaitTimeout   = key{prefix + "submission.resource-wait-timeout", prefix + "resource-wait-timeout"}
	keyStabilization = key{prefix + "submission.resource-stabilization-timeout", prefix + "resource-stabilization-timeout"}
	keyCooldown      = key{prefix + "executing.cooldown-after-rescaling", prefix + "scaling-interval.min"}
)

const (
	keyMinIncrease            = prefix + "min-parallelism-increase"
	keyIntervalMin            = prefix + "scaling-interval.min"
	keyIntervalMax            = prefix + "scaling-interval.max"
	keyExecutingStabilization = prefix + "executing.resource-stabilization-timeout"
	keyMaxDelay               = prefix + "rescale-trigger.max-delay"
	keyMaxCheckpointFailures  = prefix + "rescale-trigger.max-checkpoint-failures"
	keyPreferMinimal          = prefix + "prefer-minimal-taskmanagers"
	keyMode                   = "scheduler-mode"
	keySlotIdle               = "slot.idle.timeout"
	keyRescaleHistory         = "web.adaptive-scheduler.rescale-history.size"
	keyExceptionHistory       = "web.exception-history-size"
	keyLoadBalance            = "taskmanager.load-balance.mode"
	keySpreadOut              = "cluster.evenly-spread-out-slots"
	keyLocalRecovery          = "execution.state-recovery.from-local"
	keyLocalRecoveryOld       = "state.backend.local-recovery"
	keyTarget                 = "execution.target"
)

// FromConfig reads the options from a Flink configuration with flat keys.
// Deprecated keys count where the new ones are not set; keys of other parts of
// Flink are passed over. An error names key and value.
func FromConfig(config map[string]string, v slots.Version) (Options, error) {
	r := reader{config: config, version: v}
	reactive := r.reactive()
	o := DefaultOptions(v, reactive)
	r.times(&o)
	r.numbers(&o)
	o.PreferMinimalTaskManagers = r.truth(o.PreferMinimalTaskManagers, keyPreferMinimal)
	o.LocalRecovery = r.truth(false, keyLocalRecovery, keyLocalRecoveryOld)
	o.LoadBalance = r.loadBalance()
	o.Application = strings.EqualFold(config[keyTarget], "embedded")
	if r.err != nil {
		return Options{}, r.err
	}
	restart, err := RestartFromConfig(config)
	if err != nil {
		return Options{}, err
	}
	o.Restart = restart
	return o, o.check()
}

// reader reads values and keeps the first error.
type reader struct {
	config  map[string]string
	version slots.Version
	err     error
}

// times reads the durations.
func (r *reader) times(o *Options) {
	o.WaitTimeout = r.duration(o.WaitTimeout, r.names(keyWaitTimeout)...)
	o.Stabilization = r.duration(o.Stabilization, r.names(keyStabilization)...)
	o.SlotIdleTimeout = r.duration(o.SlotIdleTimeout, keySlotIdle)
	if r.version == slots.V1_20 {
		o.ScalingIntervalMin = r.duration(o.ScalingIntervalMin, keyIntervalMin)
		o.ScalingIntervalMax = r.duration(o.ScalingIntervalMax, keyIntervalMax)
		if _, set := r.config[keyIntervalMax]; set && r.err == nil && o.ScalingIntervalMax == 0 {
			r.refuse(keyIntervalMax, "it must be greater than "+keyIntervalMin)
		}
		return
	}
	o.Cooldown = r.duration(o.Cooldown, r.names(keyCooldown)...)
	o.ExecutingStabilization = r.duration(o.ExecutingStabilization, keyExecutingStabilization)
	o.MaxTriggerDelay = r.duration(o.MaxTriggerDelay, keyMaxDelay)
}

// numbers reads the integers.
func (r *reader) numbers(o *Options) {
	o.ExceptionHistory = r.number(o.ExceptionHistory, keyExceptionHistory)
	if r.version == slots.V1_20 {
		o.MinParallelismIncrease = r.number(o.MinParallelismIncrease, keyMinIncrease)
		return
	}
	o.MaxCheckpointFailures = r.number(o.MaxCheckpointFailures, keyMaxCheckpointFailures)
	o.RescaleHistory = r.number(o.RescaleHistory, keyRescaleHistory)
}

// names are the names a key has in the version, the winning one first.
func (r *reader) names(k key) []string {
	if r.version == slots.V1_20 {
		return []string{k.name120}
	}
	return []string{k.name, k.name120}
}

// find is the first of the names that is set.
func (r *reader) find(names ...string) (name, value string, set bool) {
	for _, name := range names {
		if value, set := r.config[name]; set {
			return name, strings.TrimSpace(value), true
		}
	}
	return "", "", false
}

func (r *reader) refuse(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %q: %s", name, r.config[name], why)
	}
}

func (r *reader) duration(preset time.Duration, names ...string) time.Duration {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	d, err := ParseDuration(value, r.version)
	if err != nil {
		r.refuse(name, err.Error())
	}
	return d
}

func (r *reader) number(preset int, names ...string) int {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		r.refuse(name, "it is not an integer")
	}
	return int(n)
}

func (r *reader) fraction(preset float64, names ...string) float64 {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(f) {
		r.refuse(name, "it is not a number")
	}
	return f
}

func (r *reader) truth(preset bool, names ...string) bool {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	switch {
	case strings.EqualFold(value, "true"):
		return true
	case strings.EqualFold(value, "false"):
		return false
	}
	r.refuse(name, "it is neither true nor false")
	return preset
}

func (r *reader) reactive() bool {
	name, value, set := r.find(keyMode)
	if set && !strings.EqualFold(value, "reactive") {
		r.refuse(name, "the only mode is REACTIVE")
	}
	return set
}

// loadBalance reads the mode, which wins over the older switch of 1.20.
func (r *reader) loadBalance() slots.LoadBalance {
	name, value, set := r.find(keyLoadBalance)
	mode := strings.ToUpper(value)
	switch {
	case !set && r.version == slots.V1_20 && r.truth(false, keySpreadOut), mode == "SLOTS":
		return slots.BalanceSlots
	case !set || mode == "NONE":
		return slots.BalanceNone
	case r.version != slots.V1_20 && mode == "MIN_RESOURCES":
		return slots.BalanceMinResources
	case r.version != slots.V1_20 && mode == "TASKS":
		return slots.BalanceTasks
	}
	r.refuse(name, "no such mode in "+r.version.String())
	return slots.BalanceNone
}

// The names of the restart strategies' options.
const (
	restartPrefix     = "restart-strategy."
	keyRestartType    = restartPrefix + "type"
	keyRestartTypeOld = "restart-strategy"
)

// RestartFromConfig reads the restart strategy from the configuration of a job
// or of a cluster; nil if it sets none.
func RestartFromConfig(config map[string]string) (*RestartStrategy, error) {
	r := reader{config: config, version: slots.V2_3}
	name, value, set := r.find(keyRestartType, keyRestartTypeOld)
	if !set {
		return nil, nil //nolint:nilnil // no strategy is a value here
	}
	s := DefaultRestart(restartKinds[strings.ToLower(value)])
	switch s.Kind {
	case RestartFixedDelay:
		s.Attempts = r.number(s.Attempts, restartPrefix+"fixed-delay.attempts")
		s.Delay = r.duration(s.Delay, restartPrefix+"fixed-delay.delay")
	case RestartFailureRate:
		s.MaxFailures = r.number(s.MaxFailures, restartPrefix+"failure-rate.max-failures-per-interval")
		s.Interval = r.duration(s.Interval, restartPrefix+"failure-rate.failure-rate-interval")
		s.Delay = r.duration(s.Delay, restartPrefix+"failure-rate.delay")
	case RestartExponential:
		r.exponential(&s)
	}
	if _, known := restartKinds[strings.ToLower(value)]; !known {
		r.refuse(name, "it is an unknown restart strategy")
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %q: %w", name, value, err)
	}
	return &s, nil
}

func (r *reader) exponential(s *RestartStrategy) {
	const p = restartPrefix + "exponential-delay."
	s.InitialBackoff = r.duration(s.InitialBackoff, p+"initial-backoff")
	s.MaxBackoff = r.duration(s.MaxBackoff, p+"max-backoff")
	s.Multiplier = r.fraction(s.Multiplier, p+"backoff-multiplier")
	s.ResetThreshold = r.duration(s.ResetThreshold, p+"reset-backoff-threshold")
	s.Jitter = r.fraction(s.Jitter, p+"jitter-factor")
	s.AttemptsBeforeReset = r.number(s.AttemptsBeforeReset, p+"attempts-before-reset-backoff")
}

var restartKinds = map[string]RestartKind{
	"none": RestartNone, "off": RestartNone, "disable": RestartNone,
	"fixed-delay": RestartFixedDelay, "fixeddelay": RestartFixedDelay,
	"failure-rate": RestartFailureRate, "failurerate": RestartFailureRate,
	"exponential-delay": RestartExponential, "exponentialdelay": RestartExponential,
}

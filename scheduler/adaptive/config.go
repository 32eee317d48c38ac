package adaptive

import (
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/scheduler/conf"
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
	r := reader{conf.Reader{Config: config, Version: v}}
	reactive := r.reactive()
	o := DefaultOptions(v, reactive)
	r.times(&o)
	r.numbers(&o)
	o.PreferMinimalTaskManagers = r.Truth(o.PreferMinimalTaskManagers, keyPreferMinimal)
	o.LocalRecovery = r.Truth(false, keyLocalRecovery, keyLocalRecoveryOld)
	o.LoadBalance = r.loadBalance()
	o.Application = strings.EqualFold(config[keyTarget], "embedded")
	if r.Err() != nil {
		return Options{}, r.Err()
	}
	restart, err := RestartFromConfig(config)
	if err != nil {
		return Options{}, err
	}
	o.Restart = restart
	return o, o.check()
}

// reader reads the options.
type reader struct{ conf.Reader }

// times reads the durations.
func (r *reader) times(o *Options) {
	o.WaitTimeout = r.Duration(o.WaitTimeout, r.names(keyWaitTimeout)...)
	o.Stabilization = r.Duration(o.Stabilization, r.names(keyStabilization)...)
	o.SlotIdleTimeout = r.Duration(o.SlotIdleTimeout, keySlotIdle)
	if r.Version == slots.V1_20 {
		o.ScalingIntervalMin = r.Duration(o.ScalingIntervalMin, keyIntervalMin)
		o.ScalingIntervalMax = r.Duration(o.ScalingIntervalMax, keyIntervalMax)
		if _, set := r.Config[keyIntervalMax]; set && r.Err() == nil && o.ScalingIntervalMax == 0 {
			r.Refuse(keyIntervalMax, "it must be greater than "+keyIntervalMin)
		}
		return
	}
	o.Cooldown = r.Duration(o.Cooldown, r.names(keyCooldown)...)
	o.ExecutingStabilization = r.Duration(o.ExecutingStabilization, keyExecutingStabilization)
	o.MaxTriggerDelay = r.Duration(o.MaxTriggerDelay, keyMaxDelay)
}

// numbers reads the integers.
func (r *reader) numbers(o *Options) {
	o.ExceptionHistory = r.Number(o.ExceptionHistory, keyExceptionHistory)
	if r.Version == slots.V1_20 {
		o.MinParallelismIncrease = r.Number(o.MinParallelismIncrease, keyMinIncrease)
		return
	}
	o.MaxCheckpointFailures = r.Number(o.MaxCheckpointFailures, keyMaxCheckpointFailures)
	o.RescaleHistory = r.Number(o.RescaleHistory, keyRescaleHistory)
}

// names are the names a key has in the version, the winning one first.
func (r *reader) names(k key) []string {
	if r.Version == slots.V1_20 {
		return []string{k.name120}
	}
	return []string{k.name, k.name120}
}

func (r *reader) reactive() bool {
	name, value, set := r.Find(keyMode)
	if set && !strings.EqualFold(value, "reactive") {
		r.Refuse(name, "the only mode is REACTIVE")
	}
	return set
}

// loadBalance reads the mode, which wins over the older switch of 1.20.
func (r *reader) loadBalance() slots.LoadBalance {
	name, value, set := r.Find(keyLoadBalance)
	mode := strings.ToUpper(value)
	switch {
	case !set && r.Version == slots.V1_20 && r.Truth(false, keySpreadOut), mode == "SLOTS":
		return slots.BalanceSlots
	case !set || mode == "NONE":
		return slots.BalanceNone
	case r.Version != slots.V1_20 && mode == "MIN_RESOURCES":
		return slots.BalanceMinResources
	case r.Version != slots.V1_20 && mode == "TASKS":
		return slots.BalanceTasks
	}
	r.Refuse(name, "no such mode in "+r.Version.String())
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
	r := reader{conf.Reader{Config: config, Version: slots.V2_3}}
	name, value, set := r.Find(keyRestartType, keyRestartTypeOld)
	if !set {
		return nil, nil //nolint:nilnil // no strategy is a value here
	}
	s := DefaultRestart(restartKinds[strings.ToLower(value)])
	switch s.Kind {
	case RestartFixedDelay:
		s.Attempts = r.Number(s.Attempts, restartPrefix+"fixed-delay.attempts")
		s.Delay = r.Duration(s.Delay, restartPrefix+"fixed-delay.delay")
	case RestartFailureRate:
		s.MaxFailures = r.Number(s.MaxFailures, restartPrefix+"failure-rate.max-failures-per-interval")
		s.Interval = r.Duration(s.Interval, restartPrefix+"failure-rate.failure-rate-interval")
		s.Delay = r.Duration(s.Delay, restartPrefix+"failure-rate.delay")
	case RestartExponential:
		r.exponential(&s)
	}
	if _, known := restartKinds[strings.ToLower(value)]; !known {
		r.Refuse(name, "it is an unknown restart strategy")
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%s: %q: %w", name, value, err)
	}
	return &s, nil
}

func (r *reader) exponential(s *RestartStrategy) {
	const p = restartPrefix + "exponential-delay."
	s.InitialBackoff = r.Duration(s.InitialBackoff, p+"initial-backoff")
	s.MaxBackoff = r.Duration(s.MaxBackoff, p+"max-backoff")
	s.Multiplier = r.Fraction(s.Multiplier, p+"backoff-multiplier")
	s.ResetThreshold = r.Duration(s.ResetThreshold, p+"reset-backoff-threshold")
	s.Jitter = r.Fraction(s.Jitter, p+"jitter-factor")
	s.AttemptsBeforeReset = r.Number(s.AttemptsBeforeReset, p+"attempts-before-reset-backoff")
}

var restartKinds = map[string]RestartKind{
	"none": RestartNone, "off": RestartNone, "disable": RestartNone,
	"fixed-delay": RestartFixedDelay, "fixeddelay": RestartFixedDelay,
	"failure-rate": RestartFailureRate, "failurerate": RestartFailureRate,
	"exponential-delay": RestartExponential, "exponentialdelay": RestartExponential,
}

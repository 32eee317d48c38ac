package adaptive

import (
	"time"

	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Options are the settings of the scheduler.
type Options struct {
	Version  slots.Version
	Reactive bool
	// Application says that the cluster runs this one application, so that
	// PreferMinimalTaskManagers counts.
	Application bool
	// WaitTimeout is how long WaitingForResources waits; negative is for ever.
	WaitTimeout time.Duration
	// Stabilization is how long WaitingForResources waits for more than the
	// sufficient slots.
	Stabilization time.Duration
	// MinParallelismIncrease is the least increase of a vertex worth a rescale
	// (1.20).
	MinParallelismIncrease int
	// ScalingIntervalMin is the time between two rescales (1.20).
	ScalingIntervalMin time.Duration
	// ScalingIntervalMax is when any change is taken; 0 is never (1.20).
	ScalingIntervalMax time.Duration
	// Cooldown is the time after a rescale in which none follows (2.3).
	Cooldown time.Duration
	// ExecutingStabilization is how long a running job waits for more than the
	// sufficient slots (2.3).
	ExecutingStabilization time.Duration
	// MaxTriggerDelay is how long a rescale waits for a checkpoint; negative
	// derives it from the checkpoint interval (2.3).
	MaxTriggerDelay time.Duration
	// MaxCheckpointFailures is after how many failed checkpoints a waiting rescale
	// goes ahead (2.3).
	MaxCheckpointFailures int
	// PreferMinimalTaskManagers packs the job on few TaskManagers.
	PreferMinimalTaskManagers bool
	// LoadBalance is `taskmanager.load-balance.mode`.
	LoadBalance slots.LoadBalance
	// LocalRecovery places subtasks where their state lies.
	LocalRecovery bool
	// SlotIdleTimeout is after what time an unused slot is given back, and how
	// often the scheduler looks.
	SlotIdleTimeout time.Duration
	// RescaleHistory is how many rescale records are kept; 0 or less is none (2.3).
	RescaleHistory int
	// ExceptionHistory is how many exceptions are kept.
	ExceptionHistory int
	// Restart is the cluster's restart strategy; nil chooses by checkpointing.
	Restart *RestartStrategy
	// Jitter draws an integer in [-bound, bound] for the exponential backoff; nil
	// is none.
	Jitter func(bound int64) int64
}

// DefaultOptions are Flink's defaults.
func DefaultOptions(v slots.Version, reactive bool) Options {
	o := Options{
		Version:                   v,
		Reactive:                  reactive,
		WaitTimeout:               5 * time.Minute,
		Stabilization:             10 * time.Second,
		MinParallelismIncrease:    1,
		ScalingIntervalMin:        30 * time.Second,
		Cooldown:                  30 * time.Second,
		ExecutingStabilization:    time.Minute,
		MaxTriggerDelay:           -1,
		MaxCheckpointFailures:     2,
		PreferMinimalTaskManagers: true,
		SlotIdleTimeout:           50 * time.Second,
		ExceptionHistory:          16,
	}
	if reactive {
		o.WaitTimeout, o.Stabilization = -1, 0
	}
	return o
}

// check refuses what Flink refuses when a job starts. Each message names the
// option by its key.
func (o Options) check() error {
	return conf.First(
		conf.Rule(o.Version == slots.V1_20 || o.Version == slots.V2_3, "version %v is not known", o.Version),
		conf.Rule(o.Stabilization >= 0, "%s: %v is negative", o.key(keyStabilization), o.Stabilization),
		conf.Rule(o.SlotIdleTimeout > 0, "%s: %v is not above 0", keySlotIdle, o.SlotIdleTimeout),
		o.checkRules())
}

// checkRules checks what only one version uses.
func (o Options) checkRules() error {
	if o.Version == slots.V1_20 {
		return conf.First(
			conf.Rule(o.ScalingIntervalMin >= 0, "%s: %v must be positive or 0", keyIntervalMin, o.ScalingIntervalMin),
			conf.Rule(o.ScalingIntervalMax == 0 || o.ScalingIntervalMax > o.ScalingIntervalMin,
				"%s(%v) must be greater than %s(%v)", keyIntervalMax, o.ScalingIntervalMax, keyIntervalMin, o.ScalingIntervalMin))
	}
	return conf.First(
		conf.Rule(o.Cooldown >= 0, "%s: %v is negative", keyCooldown.name, o.Cooldown),
		conf.Rule(o.ExecutingStabilization >= 0, "%s: %v is negative", keyExecutingStabilization, o.ExecutingStabilization),
		conf.Rule(o.MaxCheckpointFailures >= 1, "%s: %d should be 1 or higher", keyMaxCheckpointFailures, o.MaxCheckpointFailures))
}

// TriggerDelay is how long a rescale of a job waits for a checkpoint at most
// (2.3): not at all without checkpoints, else for one more interval than
// checkpoints may fail, unless MaxTriggerDelay is set.
func (o Options) TriggerDelay(c Checkpointing) time.Duration {
	switch {
	case o.MaxTriggerDelay >= 0:
		return o.MaxTriggerDelay
	case !c.Enabled():
		return 0
	default:
		return time.Duration(o.MaxCheckpointFailures+1) * c.Interval
	}
}

// key is a key's name in the options' version.
func (o Options) key(k key) string {
	if o.Version == slots.V1_20 && k.name120 != "" {
		return k.name120
	}
	return k.name
}

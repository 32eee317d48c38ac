package adaptive

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-project/sluice/scheduler/slots"
)

const (
	v120 = slots.V1_20
	v23  = slots.V2_3
)

func TestOptionsFromAConfiguration(t *testing.T) {
	const p = "jobmanager.adaptive-scheduler."
	tests := map[string]struct {
		version slots.Version
		config  map[string]string
		want    func(*Options)
	}{
		"nothing":          {v23, nil, func(*Options) {}},
		"nothing, in 1.20": {v120, nil, func(*Options) {}},
		"the wait":         {v23, map[string]string{p + "submission.resource-wait-timeout": "1 min"}, func(o *Options) { o.WaitTimeout = time.Minute }},
		"the wait by its old key": {
			v23,
			map[string]string{p + "resource-wait-timeout": "8 s"},
			func(o *Options) { o.WaitTimeout = 8 * second },
		},
		"the new key wins": {
			v23,
			map[string]string{p + "resource-wait-timeout": "8 s", p + "submission.resource-wait-timeout": "9 s"},
			func(o *Options) { o.WaitTimeout = 9 * second },
		},
		"the wait in 1.20": {
			v120,
			map[string]string{p + "resource-wait-timeout": "8 s", p + "submission.resource-wait-timeout": "9 s"},
			func(o *Options) { o.WaitTimeout = 8 * second },
		},
		"the stabilization": {
			v23,
			map[string]string{p + "submission.resource-stabilization-timeout": "500"},
			func(o *Options) { o.Stabilization = 500 * time.Millisecond },
		},
		"the stabilization by its old key": {
			v23,
			map[string]string{p + "resource-stabilization-timeout": "PT1M3S"},
			func(o *Options) { o.Stabilization = 63 * second },
		},
		"the cooldown":                {v23, map[string]string{p + "executing.cooldown-after-rescaling": "0"}, func(o *Options) { o.Cooldown = 0 }},
		"the cooldown by its old key": {v23, map[string]string{p + "scaling-interval.min": "7s"}, func(o *Options) { o.Cooldown = 7 * second }},
		"the intervals": {
			v120,
			map[string]string{p + "scaling-interval.min": "7s", p + "scaling-interval.max": "8s"},
			func(o *Options) { o.ScalingIntervalMin, o.ScalingIntervalMax = 7*second, 8*second },
		},
		"the least increase": {v120, map[string]string{p + "min-parallelism-increase": "3"}, func(o *Options) { o.MinParallelismIncrease = 3 }},
		"what 2.3 ignores":   {v23, map[string]string{p + "min-parallelism-increase": "3", p + "scaling-interval.max": "1ms"}, func(*Options) {}},
		"what 1.20 does not know": {
			v120,
			map[string]string{p + "executing.cooldown-after-rescaling": "x", p + "rescale-trigger.max-checkpoint-failures": "0"},
			func(*Options) {},
		},
		"the phases": {
			v23,
			map[string]string{p + "executing.resource-stabilization-timeout": "1 h", p + "rescale-trigger.max-delay": "2 d", p + "rescale-trigger.max-checkpoint-failures": "5"},
			func(o *Options) {
				o.ExecutingStabilization, o.MaxTriggerDelay, o.MaxCheckpointFailures = time.Hour, 48*time.Hour, 5
			},
		},
		"reactive": {v23, map[string]string{"scheduler-mode": "reactive"}, func(o *Options) { o.Reactive, o.WaitTimeout, o.Stabilization = true, -1, 0 }},
		"reactive with a wait": {
			v23,
			map[string]string{"scheduler-mode": "REACTIVE", p + "resource-wait-timeout": "1s", p + "resource-stabilization-timeout": "2s"},
			func(o *Options) { o.Reactive, o.WaitTimeout, o.Stabilization = true, second, 2*second },
		},
		"slots": {
			v23,
			map[string]string{"slot.idle.timeout": "5 s", p + "prefer-minimal-taskmanagers": "false", "taskmanager.load-balance.mode": "tasks", "execution.target": "embedded", "execution.state-recovery.from-local": "true"},
			func(o *Options) {
				o.SlotIdleTimeout, o.PreferMinimalTaskManagers, o.LoadBalance = 5*second, false, slots.BalanceTasks
				o.Application, o.LocalRecovery = true, true
			},
		},
		"packed":               {v23, map[string]string{"taskmanager.load-balance.mode": "MIN_RESOURCES"}, func(o *Options) { o.LoadBalance = slots.BalanceMinResources }},
		"local recovery, old":  {v120, map[string]string{"state.backend.local-recovery": "TRUE"}, func(o *Options) { o.LocalRecovery = true }},
		"spread out":           {v120, map[string]string{"cluster.evenly-spread-out-slots": "true"}, func(o *Options) { o.LoadBalance = slots.BalanceSlots }},
		"spread out, but none": {v120, map[string]string{"cluster.evenly-spread-out-slots": "true", "taskmanager.load-balance.mode": "NONE"}, func(*Options) {}},
		"spread out is gone":   {v23, map[string]string{"cluster.evenly-spread-out-slots": "true"}, func(*Options) {}},
		"histories":            {v23, map[string]string{"web.adaptive-scheduler.rescale-history.size": "20", "web.exception-history-size": "3"}, func(o *Options) { o.RescaleHistory, o.ExceptionHistory = 20, 3 }},
		"a restart strategy": {
			v23,
			map[string]string{"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "7", "restart-strategy.fixed-delay.delay": "2 s"},
			func(o *Options) {
				o.Restart = &RestartStrategy{Kind: RestartFixedDelay, Attempts: 7, Delay: 2 * second}
			},
		},
		"a rate": {
			v120,
			map[string]string{"restart-strategy": "FailureRate", "restart-strategy.failure-rate.max-failures-per-interval": "7", "restart-strategy.failure-rate.failure-rate-interval": "2 s", "restart-strategy.failure-rate.delay": "0"},
			func(o *Options) {
				o.Restart = &RestartStrategy{Kind: RestartFailureRate, MaxFailures: 7, Interval: 2 * second}
			},
		},
		"an exponential delay": {
			v23,
			map[string]string{"restart-strategy.type": "exponential-delay", "restart-strategy.exponential-delay.backoff-multiplier": "2.0", "restart-strategy.exponential-delay.initial-backoff": "2 s", "restart-strategy.exponential-delay.max-backoff": "3 s", "restart-strategy.exponential-delay.reset-backoff-threshold": "4 s", "restart-strategy.exponential-delay.jitter-factor": "0", "restart-strategy.exponential-delay.attempts-before-reset-backoff": "5"},
			func(o *Options) {
				o.Restart = &RestartStrategy{Kind: RestartExponential, InitialBackoff: 2 * second, MaxBackoff: 3 * second, Multiplier: 2, ResetThreshold: 4 * second, AttemptsBeforeReset: 5}
			},
		},
		"no restart": {v23, map[string]string{"restart-strategy.type": "off"}, func(o *Options) { o.Restart = &RestartStrategy{Kind: RestartNone} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := FromConfig(test.config, test.version)
			if err != nil {
				t.Fatal(err)
			}
			want := DefaultOptions(test.version, false)
			test.want(&want)
			if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Jitter" }, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDefaultsOfFlink(t *testing.T) {
	for _, v := range versions {
		want := Options{
			Version: v, WaitTimeout: 5 * time.Minute, Stabilization: 10 * second,
			MinParallelismIncrease: 1, ScalingIntervalMin: 30 * second,
			Cooldown: 30 * second, ExecutingStabilization: 60 * second, MaxTriggerDelay: -1, MaxCheckpointFailures: 2,
			PreferMinimalTaskManagers: true, SlotIdleTimeout: 50 * second, ExceptionHistory: 16,
		}
		if diff := cmp.Diff(want, DefaultOptions(v, false)); diff != "" {
			t.Errorf("%v: %s", v, diff)
		}
		want.Reactive, want.WaitTimeout, want.Stabilization = true, -1, 0
		if diff := cmp.Diff(want, DefaultOptions(v, true)); diff != "" {
			t.Errorf("reactive %v: %s", v, diff)
		}
	}
}

func TestTheDelayOfATrigger(t *testing.T) {
	o := DefaultOptions(v23, false)
	on, off := Checkpointing{Interval: 5 * second}, Checkpointing{}
	if a, b := o.TriggerDelay(on), o.TriggerDelay(off); a != 15*second || b != 0 {
		t.Errorf("derived: %v with checkpoints, %v without", a, b)
	}
	o.MaxCheckpointFailures = 4
	if got := o.TriggerDelay(on); got != 25*second {
		t.Errorf("4 failures: %v", got)
	}
	o.MaxTriggerDelay = 0
	if got := o.TriggerDelay(on); got != 0 {
		t.Errorf("none: %v", got)
	}
}

func TestConfigurationsThatFlinkRefuses(t *testing.T) {
	const p = "jobmanager.adaptive-scheduler."
	tests := []struct {
		version    slots.Version
		key, value string
		more       string // another part of the message
	}{
		{v120, p + "resource-wait-timeout", "-1", "it does not start with a number"},
		{v23, p + "submission.resource-wait-timeout", "-1", "it does not start with a number"},
		{v120, p + "resource-wait-timeout", "PT1S", "it does not start with a number"},
		{v23, p + "resource-wait-timeout", "P1X", "it is not a duration"},
		{v23, p + "resource-wait-timeout", "PT", "it is not a duration"},
		{v23, p + "resource-wait-timeout", "P3", "it is not a duration"},
		{v23, p + "resource-wait-timeout", "P1H", "it is not a duration"},
		{v23, p + "executing.cooldown-after-rescaling", "3 parsecs", `"parsecs" is not a unit of time`},
		{v23, p + "executing.resource-stabilization-timeout", "9223372036854775807 d", "it is too long"},
		{v23, p + "rescale-trigger.max-checkpoint-failures", "0", "should be 1 or higher"},
		{v23, p + "rescale-trigger.max-checkpoint-failures", "1.5", "want a whole number"},
		{v120, p + "scaling-interval.max", "30 s", "must be greater than " + p + "scaling-interval.min"},
		{v120, p + "scaling-interval.max", "0", "it must be greater than " + p + "scaling-interval.min"},
		{v23, p + "prefer-minimal-taskmanagers", "yes", "want true or false"},
		{v23, "scheduler-mode", "elastic", "the only mode is REACTIVE"},
		{v120, "taskmanager.load-balance.mode", "TASKS", "no such mode in 1.20"},
		{v120, "taskmanager.load-balance.mode", "MIN_RESOURCES", "no such mode in 1.20"},
		{v23, "taskmanager.load-balance.mode", "x", "no such mode in 2.3"},
		{v23, "slot.idle.timeout", "0", "is not above 0"},
		{v23, "restart-strategy.type", "sometimes", "it is an unknown restart strategy"},
	}
	for _, test := range tests {
		_, err := FromConfig(map[string]string{test.key: test.value}, test.version)
		if err == nil || !strings.Contains(err.Error(), test.key) || !strings.Contains(err.Error(), test.more) {
			t.Errorf("%v %s=%s: %v", test.version, test.key, test.value, err)
		}
	}
	for key, value := range map[string]string{"jitter-factor": "2", "backoff-multiplier": "NaN", "initial-backoff": "2 h"} {
		key = "restart-strategy.exponential-delay." + key
		_, err := FromConfig(map[string]string{"restart-strategy": "exponential-delay", key: value}, v23)
		if err == nil {
			t.Errorf("%s=%s is taken", key, value)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	bad := map[string]func(*Options){
		"stabilization":           func(o *Options) { o.Stabilization = -1 },
		"idle":                    func(o *Options) { o.SlotIdleTimeout = 0 },
		"cooldown":                func(o *Options) { o.Cooldown = -1 },
		"executing stabilization": func(o *Options) { o.ExecutingStabilization = -1 },
		"version":                 func(o *Options) { o.Version = 0 },
		"interval":                func(o *Options) { o.Version, o.ScalingIntervalMin = v120, -1 },
		"longest interval":        func(o *Options) { o.Version, o.ScalingIntervalMax = v120, 30*second },
	}
	for name, change := range bad {
		o := DefaultOptions(v23, false)
		change(&o)
		if _, err := New(epoch, j3(4), o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

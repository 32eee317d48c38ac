package cluster

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// FromOptions is a cluster as Flink's options set it up. Options that have
// nothing to do with scheduling are passed over. An error names the option and
// its value.
func FromOptions(options map[string]string, version slots.Version) (Config, error) {
	c := DefaultConfig(version)
	scheduler, err := adaptive.FromConfig(options, version)
	if err != nil {
		return c, err
	}
	c.Scheduler = scheduler
	read := reader{options: options, version: version}
	read.duration("heartbeat.interval", &c.Heartbeats.Interval)
	read.duration("heartbeat.timeout", &c.Heartbeats.Timeout)
	read.number("heartbeat.rpc-failure-threshold", &c.Heartbeats.Threshold)
	read.duration("taskmanager.slot.timeout", &c.SlotTimeout)
	c.Resources.LoadBalance = c.Scheduler.LoadBalance
	read.duration("slotmanager.requirement-check.delay", &c.Resources.RequirementCheckDelay)
	read.duration("slot.request.timeout", &c.Resources.StartUp)
	read.duration("resourcemanager.standalone.start-up-time", &c.Resources.StartUp)
	read.number("slotmanager.number-of-slots.max", &c.Resources.MaxSlots)
	read.number("slotmanager.number-of-slots.min", &c.Resources.MinSlots)
	read.number("slotmanager.redundant-taskmanager-num", &c.Resources.Redundant)
	read.number("taskmanager.numberOfTaskSlots", &c.Resources.SlotsPerWorker)
	read.duration("slotmanager.taskmanager-timeout", &c.Resources.IdleTimeout) // deprecated
	read.duration("resourcemanager.taskmanager-timeout", &c.Resources.IdleTimeout)
	read.duration("slotmanager.declare-needed-resource.delay", &c.Resources.DeclareDelay)
	read.duration("resourcemanager.taskmanager-registration.timeout", &c.Resources.RegistrationTimeout)
	read.duration("resourcemanager.start-worker.retry-interval", &c.Resources.RetryInterval)
	read.fraction("resourcemanager.start-worker.max-failure-rate", &c.Resources.MaxFailures)
	c.HighAvailability = !isNone(options["high-availability.type"])
	c.DefaultScheduler = !c.Scheduler.Reactive && strings.EqualFold(valueOr(options["jobmanager.scheduler"], "default"), "default")
	c.Scheduler.Application = c.Scheduler.Application || c.Scheduler.Reactive
	return c, read.err
}

// JobFromOptions is a job without vertices, as its own options set it up. What
// they say of restarts counts before what the cluster's say.
func JobFromOptions(options map[string]string, version slots.Version) (Job, error) {
	var j Job
	read := reader{options: options, version: version}
	read.duration("execution.checkpointing.interval", &j.Checkpointing.Interval)
	read.duration("execution.checkpointing.min-pause", &j.Checkpoints.MinPause)
	read.duration("execution.checkpointing.timeout", &j.Checkpoints.Timeout)
	read.number("execution.checkpointing.tolerable-failed-checkpoints", &j.Checkpoints.Tolerable)
	if read.err != nil {
		return j, read.err
	}
	strategy, err := adaptive.RestartFromConfig(options)
	j.Restart = strategy
	return j, err
}

// reader reads options and keeps the first error.
type reader struct {
	options map[string]string
	version slots.Version
	err     error
}

func (r *reader) duration(key string, into *time.Duration) {
	text, set := r.options[key]
	if !set || r.err != nil {
		return
	}
	value, err := conf.ParseDuration(text, r.version)
	if err != nil {
		r.err = fmt.Errorf("%s: %q: %w", key, text, err)
		return
	}
	*into = value
}

func (r *reader) number(key string, into *int) {
	text, set := r.options[key]
	if !set || r.err != nil {
		return
	}
	value, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		r.err = fmt.Errorf("%s: %q: it is not a number", key, text)
		return
	}
	*into = value
}

func (r *reader) fraction(key string, into *float64) {
	text, set := r.options[key]
	if !set || r.err != nil {
		return
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(value) {
		r.err = fmt.Errorf("%s: %q: it is not a number", key, text)
		return
	}
	*into = value
}

func isNone(text string) bool { return text == "" || strings.EqualFold(text, "none") }

func valueOr(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

package jobs

import (
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/autoscaler"
	"github.com/sluice-project/sluice/flink"
	"github.com/sluice-project/sluice/options"
)

// scopeOf says what may be done with a job, and why not more. The strongest
// reason comes first. An error is a value that cannot be read: doubt moves
// nothing.
func (c *Cluster) scopeOf(cfg options.Config, f facts) (autoscaler.Scope, string, error) {
	enablement, err := options.Enabled(cfg)
	if err != nil {
		return autoscaler.ScopeDisabled, "", err
	}
	scheduler, reactive := schedulerOf(cfg, f)
	switch {
	case !enablement.Enabled:
		return autoscaler.ScopeDisabled, disabledWhy(cfg, enablement), nil
	case isBatch(f):
		return autoscaler.ScopeIgnore, "batch job: Flink decides its parallelism from the volume of data", nil
	case c.versioned && !c.version.Supports(flink.FeatureRequirements):
		return autoscaler.ScopeReport, fmt.Sprintf("Flink %d.%d cannot change a running job's parallelism (needs 1.18)", c.version.Major, c.version.Minor), nil
	case reactive:
		return autoscaler.ScopeReport, "Reactive Mode: the job takes all the slots there are, and Flink refuses any other parallelism", nil
	case !strings.EqualFold(scheduler, flink.SchedulerAdaptive):
		return autoscaler.ScopeReport, fmt.Sprintf("the %s scheduler cannot change a running job's parallelism (needs jobmanager.scheduler: adaptive)", scheduler), nil
	}
	return autoscaler.ScopeScale, "", nil
}

// schedulerOf is the scheduler that runs the job: what Flink says (since 2.3)
// goes before what is configured.
func schedulerOf(cfg options.Config, f facts) (name string, reactive bool) {
	mode, _ := cfg.Lookup(options.SchedulerMode.Key)
	reactive = strings.EqualFold(mode.Text, string(options.ModeReactive))
	if f.scheduler != "" {
		return f.scheduler, reactive
	}
	configured, set := cfg.Lookup(options.JobManagerScheduler.Key)
	if !set {
		return string(options.JobManagerScheduler.Default), reactive
	}
	return configured.Text, reactive
}

// isBatch: a batch job in a cluster configured as adaptive runs under another
// scheduler, though its configuration still says adaptive.
func isBatch(f facts) bool {
	return strings.EqualFold(f.jobType, flink.TypeBatch) || strings.EqualFold(f.scheduler, flink.SchedulerAdaptiveBatch)
}

func disabledWhy(cfg options.Config, e options.Enablement) string {
	if e.Source.Kind == options.FromDefault {
		return fmt.Sprintf("%s is false by default in profile %s", e.Key, cfg.Profile())
	}
	return fmt.Sprintf("%s is false (%s)", e.Key, e.Source)
}

package options

import "time"

// BusyTimeAggregator says how the busy time of a vertex is made from that of
// its subtasks.
type BusyTimeAggregator string

// The values of [MetricsBusyTimeAggregator].
const (
	AggregateAvg BusyTimeAggregator = "AVG"
	AggregateMax BusyTimeAggregator = "MAX"
	AggregateMin BusyTimeAggregator = "MIN"
)

// AdjustMode is the legacy way of aligning to key groups and partitions.
type AdjustMode string

// The values of [KeyGroupPartitionsAdjustMode].
const (
	AdjustEvenlySpread        AdjustMode = "EVENLY_SPREAD"
	AdjustMaximizeUtilisation AdjustMode = "MAXIMIZE_UTILISATION"
)

// The built-in values of [AlignmentMode]; any other is the name of a custom
// mode. Unlike enums they are matched in upper case only.
const (
	AlignBalanced     = "BALANCED"
	AlignEvenlySpread = "EVENLY_SPREAD"
	AlignOff          = "OFF"
)

// Switches of the algorithm.
var (
	AutoscalerEnabled = algorithm("enabled", booleans, false,
		"Master switch of the reference. Here `sluice.enabled` decides; see there what it takes from this option.")
	ScalingEnabled = algorithm("scaling.enabled", booleans, true,
		"false = advise only: a decision is made and reported, but not carried out.")
	ExcludedPeriods = algorithm("excluded.periods", lists, nil,
		"Periods in which decisions are not carried out: daily expressions (`9:30-11:00`) or Quartz cron expressions, or two of them joined by `&&`.")
	VertexExcludeIDs = algorithm("vertex.exclude.ids", lists, nil,
		"Ids (32 hex digits) of vertices that are never scaled.")
	ScalingEventInterval = algorithm("scaling.event.interval", durations, 30*time.Minute,
		"Time within which an event with the same content is not repeated; ≥ 0.")
	RESTClientTimeout = algorithm("flink.rest-client.timeout", durations, 10*time.Second,
		"Deadline of one REST request to Flink; > 0.").checked(positiveDuration)
)

// Measuring.
var (
	MetricsWindow = algorithm("metrics.window", durations, 15*time.Minute,
		"Length of the window that is evaluated; > 0, and at least the control-loop interval.").checked(positiveDuration)
	StabilizationInterval = algorithm("stabilization.interval", durations, 5*time.Minute,
		"Time after the start of a job in which samples do not count towards a full window; ≥ 0.")
	MetricsBusyTimeAggregator = algorithm("metrics.busy-time.aggregator", enums(AggregateAvg, AggregateMax, AggregateMin), AggregateMax,
		"How the busy time of a vertex is made from that of its subtasks.")
	BacklogLagThreshold = algorithm("backlog-processing.lag-threshold", durations, 5*time.Minute,
		"Lag, in time of input, from which on the job counts as working off a backlog; ≥ 0.")
	ObservedRateLagThreshold = algorithm("observed-true-processing-rate.lag-threshold", durations, 30*time.Second,
		"Lag, in time of input, from which on the true processing rate of a source is observed; ≥ 0.")
	ObservedRateSwitchThreshold = algorithm("observed-true-processing-rate.switch-threshold", doubles, 0.15,
		"By how much, as a fraction, the busy-time rate must exceed the observed one for the observed one to be used; ≥ 0.").checked(atLeast(0.0))
	ObservedRateMinObservations = algorithm("observed-true-processing-rate.min-observations", integers, 2,
		"Number of observations that the observed rate needs; ≥ 1.").checked(atLeast(1))
	CustomEvaluators = algorithm("metrics.custom-evaluators", lists, nil,
		"Names of custom metric evaluators; only the first is used.")
)

// Targets and limits.
var (
	UtilizationTarget = algorithm("utilization.target", doubles, 0.7,
		"Utilization of a vertex that is aimed at; 0 to 1.",
		operatorPrefix+"job.autoscaler.utilization.target",
		operatorPrefix+"job.autoscaler.target.utilization",
		"job.autoscaler.target.utilization").checked(number)
	UtilizationBoundary = algorithm("target.utilization.boundary", doubles, 0.3,
		"Deprecated, use `utilization.max` and `utilization.min`. Half width of the tolerated band around the target; ≥ 0.").checked(number)
	UtilizationMax = algorithmUnset("utilization.max", doubles,
		"Utilization above which a vertex is scaled up; target to 1. Unset: target + boundary.").checked(number)
	UtilizationMin = algorithmUnset("utilization.min", doubles,
		"Utilization below which a vertex is scaled down; 0 to target. Unset: target - boundary.").checked(number)
	ScaleDownInterval = algorithm("scale-down.interval", durations, time.Hour,
		"Delay before a scale-down is carried out; 0 = at once.",
		operatorPrefix+"job.autoscaler.scale-up.grace-period",
		operatorPrefix+"job.autoscaler.scale-down.interval",
		"job.autoscaler.scale-up.grace-period")
	VertexMinParallelism = algorithm("vertex.min-parallelism", integers, 1,
		"Lower limit of a vertex's parallelism; ≥ 1. A vertex that is below is not lifted by it.").checked(atLeast(1))
	VertexMaxParallelism = algorithm("vertex.max-parallelism", integers, 200,
		"Upper limit of a vertex's parallelism; ≥ 1. A vertex that is above is not lowered by it.").checked(atLeast(1))
	ScaleDownMaxFactor = algorithm("scale-down.max-factor", doubles, 0.6,
		"Largest reduction in one step, as a fraction: not below (1 - factor) × current; ≥ 0.").checked(number)
	ScaleUpMaxFactor = algorithm("scale-up.max-factor", doubles, 100000.0,
		"Largest growth in one step, as a fraction: not above (1 + factor) × current; ≥ 0.").checked(number)
	CatchUpDuration = algorithm("catch-up.duration", durations, 30*time.Minute,
		"Time in which a backlog should be worked off; 0 = backlog and restart are not counted in.")
	QuotaMemory = algorithmUnset("quota.memory", memories,
		"Memory that all TaskManagers of the job may take together; unset: no limit.")
	QuotaCPU = algorithmUnset("quota.cpu", doubles,
		"CPU cores that all TaskManagers of the job may take together; ≥ 0; unset: no limit.").checked(atLeast(0.0))
	CustomExecutors = algorithm("scaling.custom-executors", lists, nil,
		"Names of custom scaling executors, applied as a chain.")
)

// Restarts, and whether scaling helps.
var (
	RestartTime = algorithm("restart.time", durations, 5*time.Minute,
		"Time that a restart is assumed to take; ≥ 0.")
	RestartTimeTrackingEnabled = algorithm("restart.time-tracking.enabled", booleans, false,
		"Use the longest measured restart in place of `restart.time`.")
	RestartTimeTrackingLimit = algorithm("restart.time-tracking.limit", durations, 15*time.Minute,
		"Upper limit of the measured restart time; ≥ 0.")
	EffectivenessDetectionEnabled = algorithm("scaling.effectiveness.detection.enabled", booleans, false,
		"Block the next scale-up of a vertex when the last one did not help.")
	EffectivenessThreshold = algorithm("scaling.effectiveness.threshold", doubles, 0.1,
		"Share of the expected gain that must show for a scale-up to count as effective; 0 to 1.").checked(number)
	ObservedScalabilityEnabled = algorithm("observed-scalability.enabled", booleans, false,
		"Correct the scale factor by the scalability seen in the history.")
	ObservedScalabilityMinObservations = algorithm("observed-scalability.min-observations", integers, 3,
		"Number of decisions in the history that the observed scalability needs; ≥ 1.").checked(atLeast(1))
	ObservedScalabilityCoefficientMin = algorithm("observed-scalability.coefficient-min", doubles, 0.5,
		"Lower limit of the observed scalability coefficient; 0.01 to 1.").checked(number)
	HistoryMaxCount = algorithm("history.max.count", integers, 3,
		"Number of past decisions kept for each vertex, and of measured restarts; ≥ 1.").checked(atLeast(1))
	HistoryMaxAge = algorithm("history.max.age", durations, 24*time.Hour,
		"Age up to which past decisions and measured restarts are kept; > 0.").checked(positiveDuration)
)

// Alignment to key groups and partitions.
var (
	AlignmentMode = algorithm("scaling.parallelism-alignment.mode", texts, AlignBalanced,
		"How a parallelism is aligned to key groups and partitions: `BALANCED`, `EVENLY_SPREAD`, `OFF` (upper case), or the name of a custom mode.")
	KeyGroupPartitionsAdjustMode = algorithm("scaling.key-group.partitions.adjust.mode",
		enums(AdjustEvenlySpread, AdjustMaximizeUtilisation), AdjustEvenlySpread,
		"Deprecated, use `scaling.parallelism-alignment.mode`. Counts only where it is set explicitly.")
)

// Memory.
var (
	GCPressureThreshold = algorithm("memory.gc-pressure.threshold", doubles, 1.0,
		"No scaling while the share of time spent in garbage collection is above; 0 to 1.").checked(number)
	HeapUsageThreshold = algorithm("memory.heap-usage.threshold", doubles, 1.0,
		"No scaling while the average share of the heap in use is above; 0 to 1.").checked(number)
	MemoryTuningEnabled = algorithm("memory.tuning.enabled", booleans, false,
		"Apply memory tuning; its recommendation is reported in any case.")
	MemoryTuningScaleDownCompensation = algorithm("memory.tuning.scale-down-compensation.enabled", booleans, true,
		"Grow the heap when the number of TaskManagers shrinks.")
	MemoryTuningOverhead = algorithm("memory.tuning.overhead", doubles, 0.2,
		"Head room on heap and metaspace, as a fraction; 0 to 1.").checked(number)
	MemoryTuningMaximizeManaged = algorithm("memory.tuning.maximize-managed-memory", booleans, false,
		"Give all memory that is saved to managed memory.")
)

package options

import "time"

// Profile names a set of presets.
type Profile string

// The profiles: ProfileSluice switches on what is measurably better,
// ProfileReference decides as the Java autoscaler does.
const (
	ProfileSluice    Profile = "sluice"
	ProfileReference Profile = "reference"
)

// Estimator says where the true processing rate comes from.
type Estimator string

// The values of [RateEstimator].
const (
	EstimatorCounters  Estimator = "counters"
	EstimatorReference Estimator = "reference"
)

// Sluice's own options. The default of each improvement is what the reference
// does; profile.go says which of them profile sluice switches on.
var (
	ProfileOption = plain(ScopeJob, "sluice.profile", enums(ProfileSluice, ProfileReference), ProfileSluice,
		"Which presets count: `reference` decides as the Java autoscaler does, `sluice` switches on the improvements.")
	SluiceEnabled = unset(ScopeJob, "sluice.enabled", booleans,
		"Whether Sluice acts on the job. Unset: the value of `job.autoscaler.enabled`, which in profile sluice is taken as true unless set. "+
			"In profile sluice a job whose own configuration says `job.autoscaler.enabled: false` opts out, unless this option is set for that very job.")
	RateEstimator = plain(ScopeJob, "sluice.estimator", enums(EstimatorCounters, EstimatorReference), EstimatorReference,
		"Source of the true processing rate: differences of `counters`, or the per-second meters of the `reference`.")
	AllowWithoutCheckpoints = plain(ScopeJob, "sluice.allow-without-checkpoints", booleans, false,
		"Rescale a job in place even if it has no checkpointing: its state is lost at each rescale.")
	CheckpointMaxAge = unset(ScopeJob, "sluice.checkpoint.max-age", durations,
		"Age of the newest checkpoint above which a job is not rescaled in place; > 0. Unset: 5 checkpoint intervals, or 5 times what the newest checkpoint took if that is longer.").checked(positiveDuration)
	RescaleTimeout = plain(ScopeJob, "sluice.rescale.timeout", durations, 10*time.Minute,
		"Time after which a rescale that Flink has not carried out counts as failed; > 0.").checked(positiveDuration)
	RecentRateEnabled = plain(ScopeJob, "sluice.recent-rate.enabled", booleans, false,
		"After a step of the load, targets follow the recent part of the window. Needs `sluice.estimator: counters`.")
	CatchUpInHeadroomEnabled = plain(ScopeJob, "sluice.catch-up.in-headroom.enabled", booleans, false,
		"Work a backlog off above the target utilization, up to `job.autoscaler.utilization.max`, instead of making the job larger than its load needs.")
	SkewEnabled = plain(ScopeJob, "sluice.skew.enabled", booleans, false,
		"Give the verdict \"skewed, not scalable\" to a vertex whose hottest subtask no parallelism helps. Needs `sluice.estimator: counters`.")
	SaturatedNoShrinkEnabled = plain(ScopeJob, "sluice.saturated.no-shrink.enabled", booleans, false,
		"Never shrink a vertex that is saturated, or that feeds one that is (FLINK-38538).")
	AlignmentCapAtPartitions = plain(ScopeJob, "sluice.alignment.cap-at-partitions", booleans, false,
		"Never scale a source above its number of partitions, in every alignment mode.")
	PullIntoRangeEnabled = plain(ScopeJob, "sluice.parallelism-limits.pull-into-range", booleans, false,
		"Bring a vertex that lies outside of `job.autoscaler.vertex.min-parallelism` and `max-parallelism` into range. false: the limits only keep it from crossing them, as in the reference.")
	JudgeExecutedEnabled = plain(ScopeJob, "sluice.scale-down.judge-executed", booleans, false,
		"A delayed scale-down is reported, and later judged, by the parallelism that is executed: the largest of its interval. false: by the newest recommendation, as in the reference.")
	NeverUpEnabled = plain(ScopeJob, "sluice.scale-down.never-up", booleans, false,
		"A delayed scale-down never makes a vertex larger, and keeps its limits, though someone else may have made the vertex smaller, or the limits, since it was recommended. "+
			"false: what was recommended is executed, as in the reference.")
	SlotwiseEnabled = plain(ScopeJob, "sluice.scale-down.slotwise", booleans, false,
		"Shrink no vertex below the widest one of its slot sharing group: that would free no slot, and cost a restart. "+
			"false: shrink each vertex to what it needs, as the reference does.")
	ResetsAsBorders = plain(ScopeJob, "sluice.counter-resets.as-borders", booleans, false,
		"A counter that falls, or a subtask in another attempt, without a restart of the job: only what came after it counts, "+
			"and while that spans less than half of `job.autoscaler.metrics.window` the rates of the vertex are not known. "+
			"false: rates are worked out across it, and may turn out negative, as in the reference.")
	FractionalRates = plain(ScopeJob, "sluice.fractional-rates.enabled", booleans, false,
		"Work out demands and bounds in fractions of a record per second. false: in whole records, as in the reference.")
	QuotaPartialEnabled = plain(ScopeJob, "sluice.quota.partial.enabled", booleans, false,
		"Where `job.autoscaler.quota.cpu` or `quota.memory` does not allow a scale-up, scale up as far as it does. "+
			"All vertices count then, and a TaskManager that is used in part counts whole. false: change nothing, and count as the reference.")
	UnknownRateTolerated = plain(ScopeJob, "sluice.unknown-rate.tolerated", booleans, false,
		"A rate that cannot be told is a reason not to decide, which is reported once in each `job.autoscaler.scaling.event.interval`. false: it is an error, as in the reference.")
	RequireExtensions = plain(ScopeJob, "sluice.extensions.required", booleans, false,
		"Rescale no job for which a custom evaluator, executor or alignment mode is configured that is not there. false: go on without it, as the reference does.")
	DropUnchanged = plain(ScopeJob, "sluice.custom-executors.drop-unchanged", booleans, false,
		"Where custom executors leave every vertex at its parallelism, nothing is rescaled. false: that counts as a rescale, as in the reference.")
	GuardedRescales = plain(ScopeJob, "sluice.rescale.guarded", booleans, false,
		"Look at a job before it is rescaled, follow each rescale to its end, and begin none while one is on its way. "+
			"false: a decision counts as executed once it is made, and what was decided last is asked for in every pass, as in the reference.")
	KeepStateWhenDisabled = plain(ScopeJob, "sluice.disabled.keep-state", booleans, false,
		"Keep what is remembered of a job that configuration takes out. false: forget it, as the reference does.")
	ReportCapacityRefusals = plain(ScopeJob, "sluice.events.capacity-refused", booleans, false,
		"Report a decision that is not executed since the platform has no room for it. false: say nothing, as the reference.")
	DeduplicateErrors = plain(ScopeJob, "sluice.events.deduplicate-errors", booleans, false,
		"Report an error that repeats once in each `job.autoscaler.scaling.event.interval`.")
	MetricNamesRefreshInterval = plain(ScopeJob, "sluice.metric-names.refresh-interval", durations, 5*time.Minute,
		"Interval at which the lists of metric names are read again; > 0.").checked(positiveDuration)
	JobGoneAfter = plain(ScopeProcess, "sluice.job.gone-after", durations, 10*time.Minute,
		"Time for which a job must be missing from successful job lists before it counts as gone; ≥ 0.")
	JobTimeout = plain(ScopeProcess, "sluice.control-loop.job-timeout", durations, 30*time.Second,
		"Deadline of one pass over one job; > 0.").checked(positiveDuration)
)

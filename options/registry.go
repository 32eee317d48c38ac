package options

import "slices"

// table is every option there is, in the order of the documents.
var table = []described{
	ProfileOption, SluiceEnabled,
	AutoscalerEnabled, ScalingEnabled, ExcludedPeriods, VertexExcludeIDs, ScalingEventInterval, RESTClientTimeout,
	MetricsWindow, StabilizationInterval, MetricsBusyTimeAggregator,
	BacklogLagThreshold, ObservedRateLagThreshold, ObservedRateSwitchThreshold, ObservedRateMinObservations, CustomEvaluators,
	UtilizationTarget, UtilizationMax, UtilizationMin, UtilizationBoundary,
	ScaleDownInterval, VertexMinParallelism, VertexMaxParallelism, ScaleDownMaxFactor, ScaleUpMaxFactor,
	CatchUpDuration, QuotaCPU, QuotaMemory, CustomExecutors,
	RestartTime, RestartTimeTrackingEnabled, RestartTimeTrackingLimit,
	EffectivenessDetectionEnabled, EffectivenessThreshold,
	ObservedScalabilityEnabled, ObservedScalabilityMinObservations, ObservedScalabilityCoefficientMin,
	HistoryMaxCount, HistoryMaxAge,
	AlignmentMode, KeyGroupPartitionsAdjustMode,
	GCPressureThreshold, HeapUsageThreshold,
	MemoryTuningEnabled, MemoryTuningScaleDownCompensation, MemoryTuningOverhead, MemoryTuningMaximizeManaged,

	RateEstimator, RecentRateEnabled, CatchUpInHeadroomEnabled, SkewEnabled, SaturatedNoShrinkEnabled, AlignmentCapAtPartitions, DeduplicateErrors,
	PullIntoRangeEnabled, JudgeExecutedEnabled, NeverUpEnabled, SlotwiseEnabled, ResetsAsBorders, FractionalRates, QuotaPartialEnabled,
	UnknownRateTolerated, RequireExtensions, DropUnchanged, GuardedRescales, KeepStateWhenDisabled, ReportCapacityRefusals,
	MetricNamesRefreshInterval, AllowWithoutCheckpoints, CheckpointMaxAge, RescaleTimeout, JobTimeout, JobGoneAfter,

	ControlLoopInterval, ControlLoopParallelism, FlinkClusterHost, FlinkClusterPort,
	StateOnOutage, StateFormatOption,
	Shards, LeaseTime, ProcessName,
	ServerListen, ServerOperatorTokenFile, ServerViewerTokenFile, ServerUserHeader, ServerGroupsHeader, ServerOperatorGroups,
	ServerTrustedProxies, ServerHosts, ServerTLSCertFile, ServerTLSKeyFile, ServerInsecure,
	EventHandlers, DecisionsMaxCount, DecisionsMaxAge,
	StateStoreType, EventHandlerType, JDBCURL, JDBCUsername, JDBCPasswordEnv, JDBCEventTTL,

	ParallelismOverrides, JobManagerScheduler, SchedulerMode, RuntimeMode, CheckpointingInterval,
	PipelineMaxParallelism, ParallelismDefault, TaskSlots, TaskManagerCores, FetcherUpdateInterval,
	ProcessMemory, FlinkMemory, FrameworkHeap, FrameworkOffHeap, TaskHeap, TaskOffHeap, ManagedMemory, ManagedFraction,
	NetworkMemoryMin, NetworkMemoryMax, NetworkFraction, MetaspaceMemory, OverheadMin, OverheadMax, OverheadFraction,
	MemorySegmentSize, BuffersPerChannel, FloatingBuffersPerGate,
	OperatorReconcileInterval, OperatorClientTimeout, OperatorInPlaceScaling,
}

var (
	infos   = describeAll(table)
	byKey   = indexKeys(infos)
	allKeys = knownKeys(infos)
)

// All describes every option, in a fixed order.
func All() []Info { return slices.Clone(infos) }

// ByKey describes the option that has the key, be it canonical or legacy.
func ByKey(key string) (Info, bool) {
	i, ok := byKey[key]
	if !ok {
		return Info{}, false
	}
	return infos[i], true
}

func describeAll(options []described) []Info {
	all := make([]Info, len(options))
	for i, o := range options {
		all[i] = o.info()
	}
	return all
}

// indexKeys maps every canonical and legacy key to its option's place.
func indexKeys(infos []Info) map[string]int {
	index := map[string]int{}
	for i, info := range infos {
		for _, key := range info.keys() {
			index[key] = i
		}
	}
	return index
}

// knownKeys lists all canonical keys, then all legacy ones, so that of two
// equally near keys the canonical one is named.
func knownKeys(infos []Info) []string {
	var canonical, legacy []string
	for _, info := range infos {
		canonical = append(canonical, info.Key)
		legacy = append(legacy, info.Fallbacks...)
	}
	return append(canonical, legacy...)
}

// keys are the canonical key and then the legacy ones, in order of precedence.
func (i Info) keys() []string { return append([]string{i.Key}, i.Fallbacks...) }

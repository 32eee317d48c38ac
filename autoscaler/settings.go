package autoscaler

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling"
	"github.com/sluice-project/sluice/scaling/excluded"
)

// Settings is a job's configuration, read and checked once for as long as it
// does not change.
type Settings struct {
	Profile options.Profile
	Scaling scaling.Config
	// ExcludedPeriods are the texts of Scaling.ExcludedPeriods.
	ExcludedPeriods []string
	// Evaluator, Alignment and Executors name the extensions to use.
	Evaluator *Extension
	Alignment *Extension
	Executors []Extension
	// Tuning is how the memory of the TaskManagers is worked out, Quota what they
	// may take together.
	Tuning TuningSettings
	// EventInterval is how long the repetition of an event is worth nothing.
	EventInterval time.Duration
	// DeduplicateErrors holds errors to that interval too.
	DeduplicateErrors bool
	// TolerateUnknownRates makes a rate that is not known a reason, not an error.
	TolerateUnknownRates bool
	// RequireExtensions holds a job for which an extension is missing.
	RequireExtensions bool
	// DropUnchanged takes a change that executors made none for none.
	DropUnchanged bool
	// Guarded rescales are prepared and followed; see [Realizer]. Otherwise
	// a [Handover] is told in each pass what was decided last.
	Guarded bool
	// ReportCapacityRefusals tells an event when a [ResourceCheck] refuses.
	ReportCapacityRefusals bool
	// UserOverrides is the parallelism that the job's own configuration asks for.
	UserOverrides map[string]string
	// RescaleTimeout is when a rescale that does not show counts as failed.
	RescaleTimeout time.Duration
	// AllowWithoutCheckpoints permits to lose a job's state.
	AllowWithoutCheckpoints bool
	// CheckpointMaxAge is 0 for the default of five checkpoint intervals.
	CheckpointMaxAge time.Duration

	// faults are values that cannot be read, by the stage that needs them.
	faults [stageCount]error
}

// stage is a part of a pass. In profile reference a value that cannot be read
// stops a pass where it is needed, and not before.
type stage uint8

const (
	atCollect stage = iota
	atEvaluate
	atDecide
	// atShrink: once a vertex is to become smaller.
	atShrink
	// atPeriods: once a decision could be executed.
	atPeriods
	// atChange: once a decision is to be executed.
	atChange
	// atHandover: in each pass, whatever happened in it.
	atHandover
	stageCount
)

// fault is the first of the faults that the given stages meet.
func (s *Settings) fault(stages ...stage) error {
	for _, at := range stages {
		if s.faults[at] != nil {
			return s.faults[at]
		}
	}
	return nil
}

// SettingsOf reads a configuration and checks it. The error names the key, the
// value and what would be right. In profile reference only what the reference
// validates is checked; another value that cannot be read fails the pass that
// needs it.
func SettingsOf(cfg options.Config) (*Settings, error) {
	if problems := options.Validate(cfg); len(problems) > 0 {
		return nil, problems[0]
	}
	return readSettings(cfg)
}

// readSettings reads a configuration without checking it.
func readSettings(cfg options.Config) (*Settings, error) {
	readers := newReaders(cfg)
	s := &Settings{
		Profile: cfg.Profile(), Scaling: readers.scaling(cfg), Tuning: readers.tuning(cfg),
		ExcludedPeriods:        options.Read(readers[atPeriods], options.ExcludedPeriods),
		EventInterval:          options.Read(readers[atChange], options.ScalingEventInterval),
		DeduplicateErrors:      options.Read(readers[atCollect], options.DeduplicateErrors),
		TolerateUnknownRates:   options.Read(readers[atCollect], options.UnknownRateTolerated),
		RequireExtensions:      options.Read(readers[atCollect], options.RequireExtensions),
		DropUnchanged:          options.Read(readers[atCollect], options.DropUnchanged),
		Guarded:                options.Read(readers[atCollect], options.GuardedRescales),
		ReportCapacityRefusals: options.Read(readers[atCollect], options.ReportCapacityRefusals),
		UserOverrides:          options.Read(readers[atHandover], options.ParallelismOverrides),
		RescaleTimeout:         options.Read(readers[atCollect], options.RescaleTimeout),
	}
	s.AllowWithoutCheckpoints = options.Read(readers[atCollect], options.AllowWithoutCheckpoints)
	s.CheckpointMaxAge, _ = options.ReadOptional(readers[atCollect], options.CheckpointMaxAge)
	s.Evaluator = evaluatorOf(cfg, options.Read(readers[atEvaluate], options.CustomEvaluators))
	s.Executors = executorsOf(cfg, options.Read(readers[atChange], options.CustomExecutors))
	s.Scaling.Alignment, s.Alignment = alignment(cfg, readers[atDecide])
	for at, r := range readers {
		if err := r.Err(); err != nil {
			s.faults[at] = fmt.Errorf("read the job's configuration: %w", err)
		}
	}
	var err error
	s.Scaling.ExcludedPeriods, err = excluded.Parse(s.ExcludedPeriods)
	if s.Profile == options.ProfileReference {
		if err != nil {
			s.Scaling.DoubtfulPeriods = s.ExcludedPeriods
		}
		return s, nil
	}
	if err := errors.Join(append(s.faults[:], err)...); err != nil {
		return nil, err
	}
	return s, nil
}

// readers holds a reader for each stage, which keeps the fault that it met.
type readers [stageCount]*options.Reader

func newReaders(cfg options.Config) (r readers) {
	for i := range r {
		r[i] = options.NewReader(cfg)
	}
	return r
}

func (r *readers) scaling(cfg options.Config) scaling.Config {
	collect, evaluate, decide := r[atCollect], r[atEvaluate], r[atDecide]
	c := scaling.Config{
		ScalingEnabled:          options.Read(decide, options.ScalingEnabled),
		Excluded:                vertexIDs(options.Read(collect, options.VertexExcludeIDs)),
		MetricsWindow:           options.Read(collect, options.MetricsWindow),
		Stabilization:           options.Read(collect, options.StabilizationInterval),
		Aggregator:              aggregators[options.Read(collect, options.MetricsBusyTimeAggregator)],
		TargetUtilization:       options.Read(evaluate, options.UtilizationTarget),
		MinParallelism:          options.Read(decide, options.VertexMinParallelism),
		MaxParallelism:          options.Read(decide, options.VertexMaxParallelism),
		ScaleUpMaxFactor:        options.Read(decide, options.ScaleUpMaxFactor),
		ScaleDownMaxFactor:      options.Read(decide, options.ScaleDownMaxFactor),
		ScaleDownInterval:       options.Read(r[atShrink], options.ScaleDownInterval),
		CatchUp:                 options.Read(evaluate, options.CatchUpDuration),
		Restart:                 options.Read(evaluate, options.RestartTime),
		RestartTracking:         options.Read(evaluate, options.RestartTimeTrackingEnabled),
		RestartTrackingLimit:    options.Read(evaluate, options.RestartTimeTrackingLimit),
		BacklogLagThreshold:     options.Read(evaluate, options.BacklogLagThreshold),
		ObservedLagThreshold:    options.Read(collect, options.ObservedRateLagThreshold),
		ObservedSwitchThreshold: options.Read(evaluate, options.ObservedRateSwitchThreshold),
		ObservedMinObservations: options.Read(collect, options.ObservedRateMinObservations),
		EffectivenessDetection:  options.Read(decide, options.EffectivenessDetectionEnabled),
		EffectivenessThreshold:  options.Read(decide, options.EffectivenessThreshold),
		GCPressureThreshold:     options.Read(decide, options.GCPressureThreshold),
		HeapUsageThreshold:      options.Read(decide, options.HeapUsageThreshold),
		HistoryMaxCount:         options.Read(collect, options.HistoryMaxCount),
		HistoryMaxAge:           options.Read(collect, options.HistoryMaxAge),
		ObservedScalability:     options.Read(decide, options.ObservedScalabilityEnabled),
		Estimator:               estimators[options.Read(collect, options.RateEstimator)],
		RecentRate:              options.Read(collect, options.RecentRateEnabled),
		CatchUpInHeadroom:       options.Read(collect, options.CatchUpInHeadroomEnabled),
		Skew:                    options.Read(collect, options.SkewEnabled),
		KeepSaturated:           options.Read(collect, options.SaturatedNoShrinkEnabled),
		CapAtPartitions:         options.Read(collect, options.AlignmentCapAtPartitions),
		PullIntoRange:           options.Read(collect, options.PullIntoRangeEnabled),
		JudgeExecuted:           options.Read(collect, options.JudgeExecutedEnabled),
		NeverUp:                 options.Read(collect, options.NeverUpEnabled),
		Slotwise:                options.Read(collect, options.SlotwiseEnabled),
		ResetsAreBorders:        options.Read(collect, options.ResetsAsBorders),
		FractionalRates:         options.Read(collect, options.FractionalRates),

		ScalabilityMinObservations: options.ObservedScalabilityMinObservations.Default,
		ScalabilityMin:             options.ObservedScalabilityCoefficientMin.Default,
	}
	if c.ObservedScalability {
		c.ScalabilityMinObservations = options.Read(decide, options.ObservedScalabilityMinObservations)
		c.ScalabilityMin = options.Read(decide, options.ObservedScalabilityCoefficientMin)
	}
	boundary := options.Read(evaluate, options.UtilizationBoundary)
	c.UtilizationMax, c.UtilizationMin = c.TargetUtilization+boundary, c.TargetUtilization-boundary
	if u, set := options.ReadOptional(evaluate, options.UtilizationMax); set {
		c.UtilizationMax = u
	}
	if u, set := options.ReadOptional(evaluate, options.UtilizationMin); set {
		c.UtilizationMin = u
	}
	return c
}

var (
	aggregators = map[options.BusyTimeAggregator]scaling.Aggregator{
		options.AggregateMax: scaling.AggregateMax,
		options.AggregateAvg: scaling.AggregateAvg,
		options.AggregateMin: scaling.AggregateMin,
	}
	estimators = map[options.Estimator]scaling.Estimator{
		options.EstimatorCounters:  scaling.Counters{},
		options.EstimatorReference: scaling.Reference{},
	}
	alignments = map[string]scaling.Alignment{
		options.AlignBalanced:     scaling.AlignBalanced,
		options.AlignEvenlySpread: scaling.AlignEvenlySpread,
		options.AlignOff:          scaling.AlignOff,
	}
	legacyAlignments = map[options.AdjustMode]scaling.Alignment{
		options.AdjustEvenlySpread:        scaling.AlignLegacyEvenlySpread,
		options.AdjustMaximizeUtilisation: scaling.AlignLegacyMaximizeUtilisation,
	}
)

// alignment resolves the mode: the present option if it is set, else the
// deprecated one if that is, else the default. A name that is not built in is
// that of an extension; one that has no class is BALANCED (spec section 6.6).
func alignment(cfg options.Config, r *options.Reader) (scaling.Alignment, *Extension) {
	if _, set := options.Explicit(cfg, options.AlignmentMode); set {
		name := options.Read(r, options.AlignmentMode)
		mode, builtIn := alignments[name]
		if builtIn {
			return mode, nil
		}
		return scaling.AlignBalanced, extensionOf(cfg, alignmentGroup, name)
	}
	if _, set := options.Explicit(cfg, options.KeyGroupPartitionsAdjustMode); set {
		return legacyAlignments[options.Read(r, options.KeyGroupPartitionsAdjustMode)], nil
	}
	return scaling.AlignBalanced, nil
}

func vertexIDs(texts []string) []scaling.VertexID {
	ids := make([]scaling.VertexID, 0, len(texts))
	for _, t := range texts {
		ids = append(ids, scaling.VertexID(t))
	}
	return slices.Clip(ids)
}

// SettingsFor is the configuration of a job as read; an adapter that needs it
// asks here, so that it is read once.
func SettingsFor(job *JobContext) (*Settings, error) { return job.settings() }

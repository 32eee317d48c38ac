package scaling

import (
	"math"
	"time"

	"github.com/sluice-project/sluice/scaling/excluded"
)

// Aggregator says which subtask's busy time stands for its vertex.
type Aggregator uint8

// The aggregators of job.autoscaler.metrics.busy-time.aggregator.
const (
	AggregateMax Aggregator = iota
	AggregateAvg
	AggregateMin
)

// Alignment says how a parallelism is fitted to key groups or partitions.
type Alignment uint8

// The modes of job.autoscaler.scaling.parallelism-alignment.mode, and the two
// of the deprecated job.autoscaler.scaling.key-group.partitions.adjust.mode.
const (
	AlignBalanced Alignment = iota
	AlignEvenlySpread
	AlignOff
	AlignLegacyEvenlySpread
	AlignLegacyMaximizeUtilisation
	// AlignCustom is a mode that whoever embeds Sluice brings.
	AlignCustom
)

// Config is the effective configuration of one pass over one job. The options
// package says what each value means and where it may lie.
type Config struct {
	// ScalingEnabled false computes and reports a decision and executes none.
	ScalingEnabled bool
	// Excluded lists vertices that are never scaled.
	Excluded []VertexID

	// MetricsWindow and Stabilization bound the samples that count.
	MetricsWindow, Stabilization time.Duration
	Aggregator                   Aggregator

	// TargetUtilization, UtilizationMax and UtilizationMin are in [0,1]; outside
	// of min and max a vertex is out of bounds.
	TargetUtilization, UtilizationMax, UtilizationMin float64

	// MinParallelism and MaxParallelism bound every vertex from its side only:
	// they do not pull one into range that lies outside, unless PullIntoRange.
	MinParallelism, MaxParallelism int
	PullIntoRange                  bool
	// ScaleUpMaxFactor and ScaleDownMaxFactor bound one step, as a share of the
	// current parallelism.
	ScaleUpMaxFactor, ScaleDownMaxFactor float64
	// ScaleDownInterval delays a scale-down; 0 acts at once.
	ScaleDownInterval time.Duration
	// JudgeExecuted expects of a delayed scale-down what the executed parallelism
	// brings; otherwise what the newest recommendation would.
	JudgeExecuted bool
	// NeverUp lets a delayed scale-down make no vertex larger or larger than its
	// limits.
	NeverUp bool

	// Slotwise lets no vertex become narrower than the widest of its slot sharing
	// group, since that frees no slot.
	Slotwise bool

	// CatchUp is the time in which a backlog is to be worked off; 0 ignores backlog.
	CatchUp time.Duration
	// Restart is the assumed duration of a restart.
	Restart                 time.Duration
	RestartTracking         bool
	RestartTrackingLimit    time.Duration
	BacklogLagThreshold     time.Duration
	ObservedLagThreshold    time.Duration
	ObservedSwitchThreshold float64
	ObservedMinObservations int

	EffectivenessDetection bool
	EffectivenessThreshold float64
	GCPressureThreshold    float64
	HeapUsageThreshold     float64

	Alignment Alignment

	HistoryMaxCount int
	HistoryMaxAge   time.Duration

	// Estimator works out rates from samples; nil means [Reference].
	Estimator Estimator

	// RecentRate lets the target follow the recent part of the window.
	RecentRate bool
	// CatchUpInHeadroom lets a job work its backlog off above the target
	// utilization, so that a backlog does not make it larger than its load needs.
	CatchUpInHeadroom bool
	// Skew recognises a vertex that no parallelism helps, and sizes a skewed one
	// by its hottest subtask.
	Skew bool
	// KeepSaturated never shrinks a vertex that is saturated or feeds one that
	// is (FLINK-38538).
	KeepSaturated bool
	// CapAtPartitions holds a source at its partition count in every mode.
	CapAtPartitions bool

	// ResetsAreBorders takes nothing into account that lies before a reset of a
	// vertex's counters.
	ResetsAreBorders bool
	// FractionalRates works out demands in fractions of a record per second;
	// otherwise in whole records.
	FractionalRates bool

	// ObservedScalability divides a step by what the steps before it brought, if
	// there were as many as ScalabilityMinObservations; the coefficient is never
	// taken to be below ScalabilityMin.
	ObservedScalability        bool
	ScalabilityMinObservations int
	ScalabilityMin             float64

	// ExcludedPeriods are the times, in Zone, in which no decision is executed;
	// a nil Zone is UTC. DoubtfulPeriods are the texts of periods not all of
	// which can be read: they are judged one after the other, and the first that
	// cannot be read fails the decision.
	ExcludedPeriods excluded.Periods
	DoubtfulPeriods []string
	Zone            *time.Location

	// Evaluator, where there is one, puts its own figures in.
	Evaluator *ConfiguredEvaluator
	// AlignmentMode is the mode for [AlignCustom].
	AlignmentMode *ConfiguredAlignment
}

// inExcludedPeriod tells whether a decision of that time is not to be executed.
func (c *Config) inExcludedPeriod(now time.Time) (bool, error) {
	zone := c.Zone
	if zone == nil {
		zone = time.UTC
	}
	if len(c.DoubtfulPeriods) > 0 {
		return excluded.Evaluate(c.DoubtfulPeriods, now.In(zone))
	}
	return c.ExcludedPeriods.Contains(now.In(zone)), nil
}

// DefaultConfig is the reference's configuration with nothing set.
func DefaultConfig() Config {
	target, boundary := 0.7, 0.3
	return Config{
		ScalingEnabled:          true,
		MetricsWindow:           15 * time.Minute,
		Stabilization:           5 * time.Minute,
		TargetUtilization:       target,
		UtilizationMax:          target + boundary,
		UtilizationMin:          target - boundary,
		MinParallelism:          1,
		MaxParallelism:          200,
		ScaleUpMaxFactor:        100000,
		ScaleDownMaxFactor:      0.6,
		ScaleDownInterval:       time.Hour,
		CatchUp:                 30 * time.Minute,
		Restart:                 5 * time.Minute,
		RestartTrackingLimit:    15 * time.Minute,
		BacklogLagThreshold:     5 * time.Minute,
		ObservedLagThreshold:    30 * time.Second,
		ObservedSwitchThreshold: 0.15,
		ObservedMinObservations: 2,
		EffectivenessThreshold:  0.1,
		GCPressureThreshold:     1,
		HeapUsageThreshold:      1,
		HistoryMaxCount:         3,
		HistoryMaxAge:           24 * time.Hour,

		ScalabilityMinObservations: 3,
		ScalabilityMin:             0.5,
	}
}

func (c *Config) estimator() Estimator {
	if c.Estimator == nil {
		return Reference{}
	}
	return c.Estimator
}

// capacity is the rate in records/s that a vertex must be able to process to
// take target at the given utilization, work its backlog off in the catch-up
// duration and, withRestart, make up for a restart (spec section 5.5).
func capacity(target, catchUp, utilization float64, withRestart bool, restart time.Duration, c *Config) float64 {
	if math.IsNaN(catchUp) || math.IsNaN(target) {
		return math.NaN()
	}
	u := math.Min(1, math.Max(0, utilization))
	if u == 0 {
		return math.Inf(1)
	}
	duration := wholeSeconds(c.CatchUp)
	var restartRate float64
	if withRestart && duration != 0 {
		restartRate = float64(target*wholeSeconds(restart)) / duration
	}
	demand := float64(catchUp+restartRate) + float64(target/u)
	if c.FractionalRates {
		return c.round(demand)
	}
	return roundHalfUp(demand)
}

// preciseBelow is the rate in records/s below which three decimals would be too
// coarse for fractional rates.
const preciseBelow = 10

// round keeps three decimals of a rate; for fractional rates it never loses more
// than a 20,000th of it.
func (c *Config) round(x float64) float64 {
	switch a := math.Abs(x); {
	case !c.FractionalRates:
		return Round3(x)
	case a >= preciseBelow && a < 1e12:
		return math.Round(x*1000) / 1000
	default:
		return x
	}
}

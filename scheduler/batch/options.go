package batch

import (
	"fmt"
	"math"
	"time"

	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// Options are the settings of the scheduler.
type Options struct {
	// Version is the version of Flink that is followed.
	Version slots.Version
	// AutoParallelism says that vertices without a parallelism get one from the
	// data. Without it whoever builds the job gives each a parallelism.
	AutoParallelism bool
	// MinParallelism and MaxParallelism bound what is decided;
	// 1 ≤ MinParallelism ≤ MaxParallelism.
	MinParallelism, MaxParallelism int
	// AverageVolume is how many bytes a task should read on average, at least 0.
	AverageVolume int64
	// DefaultSourceParallelism is the parallelism of a source that does not say
	// one, and the bound of one that does, at least 1. 0 takes MaxParallelism.
	DefaultSourceParallelism int
	// SkewedFactor and SkewedThreshold say when a subpartition is skewed: it has
	// more bytes than the threshold, and more than factor times the median. Both
	// are above 0 (2.3 only).
	SkewedFactor    float64
	SkewedThreshold int64
	// Hybrid says when a hybrid exchange may be read.
	Hybrid Constraint
	// Speculative says whether slow tasks get a second attempt.
	Speculative Speculative
}

// Constraint says when the consumers of a hybrid exchange may start.
type Constraint string

// The constraints; Flink's names.
const (
	// UnfinishedProducers lets consumers read while their producers run.
	UnfinishedProducers Constraint = "UNFINISHED_PRODUCERS"
	// OnlyFinishedProducers lets a consumer start once one of its producers has
	// finished; it reads finished ones only.
	OnlyFinishedProducers Constraint = "ONLY_FINISHED_PRODUCERS"
	// AllProducersFinished is as for a blocking exchange.
	AllProducersFinished Constraint = "ALL_PRODUCERS_FINISHED"
)

// Speculative are the settings of speculative execution.
type Speculative struct {
	Enabled bool
	// MaxConcurrent is how many attempts of one task run at once, the first one
	// included; at least 1.
	MaxConcurrent int
	// BlockSlowNode is how long no new task is put where a slow one runs.
	BlockSlowNode time.Duration
	// CheckInterval is the time between two looks for slow tasks.
	CheckInterval time.Duration
	// LowerBound is the shortest time that may count as slow.
	LowerBound time.Duration
	// Ratio is the share of a vertex's tasks that must have finished before one
	// can be slow, 0 to 1.
	Ratio float64
	// Multiplier times the median time of the finished ones is slow; above 0.
	Multiplier float64
}

// DefaultOptions are Flink's defaults.
func DefaultOptions(v slots.Version) Options {
	return Options{
		Version:         v,
		AutoParallelism: true,
		MinParallelism:  1,
		MaxParallelism:  128,
		AverageVolume:   16 << 20,
		SkewedFactor:    4,
		SkewedThreshold: 256 << 20,
		Hybrid:          UnfinishedProducers,
		Speculative: Speculative{
			MaxConcurrent: 2,
			BlockSlowNode: time.Minute,
			CheckInterval: time.Second,
			LowerBound:    time.Minute,
			Ratio:         0.75,
			Multiplier:    1.5,
		},
	}
}

// SourceBound is the parallelism of a source of this maximum parallelism that
// says none, and the most that it may say.
func (o Options) SourceBound(maxParallelism int) int {
	if o.DefaultSourceParallelism == 0 {
		return min(o.MaxParallelism, maxParallelism)
	}
	return min(o.DefaultSourceParallelism, maxParallelism)
}

// Check refuses what Flink refuses when a job starts. The message names the
// options by their keys.
func (o Options) Check() error {
	return conf.First(
		conf.Rule(o.Version == slots.V1_20 || o.Version == slots.V2_3, "version %v is not known", o.Version),
		conf.Rule(o.MinParallelism > 0, "%s: %d: it must be 1 or more", keyMin, o.MinParallelism),
		conf.Rule(o.MaxParallelism >= o.MinParallelism, "%s: %d is below %s: %d: want it at least as large",
			keyMax, o.MaxParallelism, keyMin, o.MinParallelism),
		conf.Rule(o.MaxParallelism <= slots.MaxParallelismLimit, "%s: %d: it must be %d or less", keyMax, o.MaxParallelism, slots.MaxParallelismLimit),
		conf.Rule(o.AverageVolume >= 0, "%s: %d bytes are below 0", keyVolume, o.AverageVolume),
		conf.Rule(o.DefaultSourceParallelism >= 0, "%s: %d: it must be 1 or more", keySource, o.DefaultSourceParallelism),
		o.checkSkew(),
		o.checkSpeculative())
}

func (o Options) checkSkew() error {
	if o.Version == slots.V1_20 {
		return nil
	}
	return conf.First(
		conf.Rule(o.SkewedFactor > 0 && !math.IsInf(o.SkewedFactor, 0), "%s: %v: it must be above 0", keySkewFactor, o.SkewedFactor),
		conf.Rule(o.SkewedThreshold > 0, "%s: %d bytes: it must be above 0", keySkewThreshold, o.SkewedThreshold))
}

func (o Options) checkSpeculative() error {
	switch o.Hybrid {
	case UnfinishedProducers, OnlyFinishedProducers, AllProducersFinished:
	default:
		return fmt.Errorf("%s: %q: want one of %s, %s, %s", keyHybrid, o.Hybrid, UnfinishedProducers, OnlyFinishedProducers, AllProducersFinished)
	}
	if !o.Speculative.Enabled {
		return nil
	}
	s := o.Speculative
	return conf.First(
		conf.Rule(o.Hybrid != UnfinishedProducers, "%s: %s: speculative execution reads finished producers only: want %s or %s",
			keyHybrid, o.Hybrid, OnlyFinishedProducers, AllProducersFinished),
		conf.Rule(s.MaxConcurrent > 0, "%s: %d: it must be 1 or more", keyConcurrent.name, s.MaxConcurrent),
		conf.Rule(s.BlockSlowNode >= 0, "%s: %v is negative", keyBlock.name, s.BlockSlowNode),
		conf.Rule(s.CheckInterval > 0, "%s: %v: it must be above 0", keyCheckInterval, s.CheckInterval),
		conf.Rule(s.LowerBound >= 0, "%s: %v is negative", keyLowerBound, s.LowerBound),
		conf.Rule(s.Ratio >= 0 && s.Ratio < 1, "%s: %v: it must be in [0, 1)", keyRatio, s.Ratio),
		conf.Rule(s.Multiplier > 0, "%s: %v: it must be above 0", keyMultiplier, s.Multiplier))
}

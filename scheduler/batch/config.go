package batch

import (
	"fmt"
	"strings"

	"github.com/sluice-project/sluice/scheduler/conf"
	"github.com/sluice-project/sluice/scheduler/slots"
)

// key is an option's name in a configuration, and its former one, which counts
// where name is not set.
type key struct{ name, old string }

const (
	prefix    = "execution.batch.adaptive.auto-parallelism."
	oldPrefix = "jobmanager.adaptive-batch-scheduler."
	specular  = "execution.batch.speculative."
	slowTasks = "slow-task-detector."
)

// The names of the options.
const (
	keyAuto          = prefix + "enabled"
	keyMin           = prefix + "min-parallelism"
	keyMax           = prefix + "max-parallelism"
	keyVolume        = prefix + "avg-data-volume-per-task"
	keySource        = prefix + "default-source-parallelism"
	keyParallelism   = "parallelism.default"
	keySkewFactor    = "table.optimizer.skewed-join-optimization.skewed-factor"
	keySkewThreshold = "table.optimizer.skewed-join-optimization.skewed-threshold"
	keyHybrid        = "jobmanager.partition.hybrid.partition-data-consume-constraint"
	keyCheckInterval = slowTasks + "check-interval"
	keyLowerBound    = slowTasks + "execution-time.baseline-lower-bound"
	keyRatio         = slowTasks + "execution-time.baseline-ratio"
	keyMultiplier    = slowTasks + "execution-time.baseline-multiplier"

	internalSkew = "$internal.execution.batch.adaptive.skewed-optimization."
)

var (
	keySpeculative = key{specular + "enabled", oldPrefix + "speculative.enabled"}
	keyConcurrent  = key{specular + "max-concurrent-executions", oldPrefix + "speculative.max-concurrent-executions"}
	keyBlock       = key{specular + "block-slow-node-duration", oldPrefix + "speculative.block-slow-node-duration"}
)

// ReadOptions reads the options from a Flink configuration with flat keys: that
// of the cluster, and of the job's own parallelism.default, which is the largest
// parallelism where no other is set, and the options of skewed joins. Flink does
// not heed others of a job. Former keys count where the present ones are not set;
// keys of other parts of Flink are passed over. An error names key and value, and
// what would be right.
func ReadOptions(config map[string]string, v slots.Version) (Options, error) {
	r := reader{conf.Reader{Config: config, Version: v}}
	o := DefaultOptions(v)
	o.AutoParallelism = r.Truth(o.AutoParallelism, keyAuto)
	r.bounds(&o)
	r.skew(&o)
	r.speculative(&o.Speculative)
	r.hybrid(&o)
	if r.Err() != nil {
		return Options{}, r.Err()
	}
	if err := o.Check(); err != nil {
		return Options{}, err
	}
	return o, nil
}

// reader reads the options.
type reader struct{ conf.Reader }

func (r *reader) bounds(o *Options) {
	o.MinParallelism = r.Number(o.MinParallelism, keyMin, oldPrefix+"min-parallelism")
	if p := r.Number(0, keyParallelism); p > 0 {
		o.MaxParallelism = p
	}
	o.MaxParallelism = r.Number(o.MaxParallelism, keyMax, oldPrefix+"max-parallelism")
	if _, _, set := r.Find(keyMax, oldPrefix+"max-parallelism"); !set && r.Config[keyParallelism] != "" && o.MaxParallelism < o.MinParallelism {
		r.Refuse(keyParallelism, fmt.Sprintf("it is the largest parallelism, since %s is not set, and below %s: %d: want it at least as large", keyMax, keyMin, o.MinParallelism))
	}
	o.AverageVolume = r.Memory(o.AverageVolume, keyVolume, oldPrefix+"avg-data-volume-per-task")
	names := []string{keySource, oldPrefix + "default-source-parallelism"}
	o.DefaultSourceParallelism = r.Number(0, names...)
	if name, _, set := r.Find(names...); set && o.DefaultSourceParallelism <= 0 {
		r.Refuse(name, "it must be 1 or more")
	}
}

// skew reads what the planner of SQL hands to the scheduler; the keys in which
// it does so win.
func (r *reader) skew(o *Options) {
	if r.Version == slots.V1_20 {
		return
	}
	o.SkewedFactor = r.Fraction(o.SkewedFactor, internalSkew+"skewed-factor", keySkewFactor)
	o.SkewedThreshold = r.Memory(o.SkewedThreshold, internalSkew+"skewed-threshold", keySkewThreshold)
}

func (r *reader) speculative(s *Speculative) {
	s.Enabled = r.Truth(s.Enabled, keySpeculative.name, keySpeculative.old)
	s.MaxConcurrent = r.Number(s.MaxConcurrent, keyConcurrent.name, keyConcurrent.old)
	s.BlockSlowNode = r.Duration(s.BlockSlowNode, keyBlock.name, keyBlock.old)
	s.CheckInterval = r.Duration(s.CheckInterval, keyCheckInterval)
	s.LowerBound = r.Duration(s.LowerBound, keyLowerBound)
	s.Ratio = r.Fraction(s.Ratio, keyRatio)
	s.Multiplier = r.Fraction(s.Multiplier, keyMultiplier)
}

// hybrid reads the constraint; unset it goes by speculative execution.
func (r *reader) hybrid(o *Options) {
	_, value, set := r.Find(keyHybrid)
	switch {
	case set:
		o.Hybrid = Constraint(strings.ToUpper(strings.ReplaceAll(value, "-", "_")))
	case o.Speculative.Enabled:
		o.Hybrid = OnlyFinishedProducers
	}
}

package batch

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-project/sluice/scheduler/adaptive"
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
	r := reader{config: config, version: v}
	o := DefaultOptions(v)
	o.AutoParallelism = r.truth(o.AutoParallelism, keyAuto)
	r.bounds(&o)
	r.skew(&o)
	r.speculative(&o.Speculative)
	r.hybrid(&o)
	if r.err != nil {
		return Options{}, r.err
	}
	if err := o.Check(); err != nil {
		return Options{}, err
	}
	return o, nil
}

// reader reads values and keeps the first error.
type reader struct {
	config  map[string]string
	version slots.Version
	err     error
}

func (r *reader) bounds(o *Options) {
	o.MinParallelism = r.number(o.MinParallelism, keyMin, oldPrefix+"min-parallelism")
	if p := r.number(0, keyParallelism); p > 0 {
		o.MaxParallelism = p
	}
	o.MaxParallelism = r.number(o.MaxParallelism, keyMax, oldPrefix+"max-parallelism")
	if _, _, set := r.find(keyMax, oldPrefix+"max-parallelism"); !set && r.config[keyParallelism] != "" && o.MaxParallelism < o.MinParallelism {
		r.refuse(keyParallelism, fmt.Sprintf("it is the largest parallelism, since %s is not set, and below %s: %d: want it at least as large", keyMax, keyMin, o.MinParallelism))
	}
	o.AverageVolume = r.memory(o.AverageVolume, keyVolume, oldPrefix+"avg-data-volume-per-task")
	names := []string{keySource, oldPrefix + "default-source-parallelism"}
	o.DefaultSourceParallelism = r.number(0, names...)
	if name, _, set := r.find(names...); set && o.DefaultSourceParallelism <= 0 {
		r.refuse(name, "it must be 1 or more")
	}
}

// skew reads what the planner of SQL hands to the scheduler; the keys in which
// it does so win.
func (r *reader) skew(o *Options) {
	if r.version == slots.V1_20 {
		return
	}
	o.SkewedFactor = r.fraction(o.SkewedFactor, internalSkew+"skewed-factor", keySkewFactor)
	o.SkewedThreshold = r.memory(o.SkewedThreshold, internalSkew+"skewed-threshold", keySkewThreshold)
}

func (r *reader) speculative(s *Speculative) {
	s.Enabled = r.truth(s.Enabled, keySpeculative.name, keySpeculative.old)
	s.MaxConcurrent = r.number(s.MaxConcurrent, keyConcurrent.name, keyConcurrent.old)
	s.BlockSlowNode = r.duration(s.BlockSlowNode, keyBlock.name, keyBlock.old)
	s.CheckInterval = r.duration(s.CheckInterval, keyCheckInterval)
	s.LowerBound = r.duration(s.LowerBound, keyLowerBound)
	s.Ratio = r.fraction(s.Ratio, keyRatio)
	s.Multiplier = r.fraction(s.Multiplier, keyMultiplier)
}

// hybrid reads the constraint; unset it goes by speculative execution.
func (r *reader) hybrid(o *Options) {
	_, value, set := r.find(keyHybrid)
	switch {
	case set:
		o.Hybrid = Constraint(strings.ToUpper(strings.ReplaceAll(value, "-", "_")))
	case o.Speculative.Enabled:
		o.Hybrid = OnlyFinishedProducers
	}
}

// find is the first of the names that is set.
func (r *reader) find(names ...string) (name, value string, set bool) {
	for _, name := range names {
		if value, set := r.config[name]; set {
			return name, strings.TrimSpace(value), true
		}
	}
	return "", "", false
}

func (r *reader) refuse(name, why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %q: %s", name, r.config[name], why)
	}
}

func (r *reader) number(preset int, names ...string) int {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		r.refuse(name, "want a whole number")
	}
	return int(n)
}

func (r *reader) fraction(preset float64, names ...string) float64 {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.refuse(name, "want a number")
	}
	return f
}

func (r *reader) truth(preset bool, names ...string) bool {
	name, value, set := r.find(names...)
	switch {
	case !set:
		return preset
	case strings.EqualFold(value, "true"):
		return true
	case strings.EqualFold(value, "false"):
		return false
	}
	r.refuse(name, "want true or false")
	return preset
}

func (r *reader) duration(preset time.Duration, names ...string) time.Duration {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	d, err := adaptive.ParseDuration(value, r.version)
	if err != nil {
		r.refuse(name, err.Error())
	}
	return d
}

func (r *reader) memory(preset int64, names ...string) int64 {
	name, value, set := r.find(names...)
	if !set {
		return preset
	}
	bytes, err := parseMemory(value)
	if err != nil {
		r.refuse(name, err.Error())
	}
	return bytes
}

var memoryUnits = map[string]int64{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mebibytes": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40,
}

// parseMemory reads a memory size of Flink's: a whole number and a unit in
// powers of 1024, bytes if there is none.
func parseMemory(text string) (int64, error) {
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	unit, known := memoryUnits[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	if digits == "" || !known {
		return 0, fmt.Errorf("want a whole number and a unit, such as %q (b, kb, mb, gb or tb)", "16 mb")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("want at most %d bytes", int64(math.MaxInt64))
	}
	return n * unit, nil
}

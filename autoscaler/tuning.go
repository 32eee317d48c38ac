package autoscaler

import (
	"math"

	"github.com/sluice-project/sluice/options"
	"github.com/sluice-project/sluice/scaling/tuning"
)

// TuningSettings is what configuration says of the memory of TaskManagers, and of
// how much of them there may be.
type TuningSettings struct {
	// Enabled tells whether tuned memory is put into effect, or only told.
	Enabled bool
	Config  tuning.Config
	// Spec is the memory of a TaskManager as configured.
	Spec                tuning.Spec
	SlotsPerTaskManager int
	Quota               tuning.Quota
	// PartialQuota scales up as far as the quota allows, where that is not far
	// enough.
	PartialQuota bool
}

func (r *readers) tuning(cfg options.Config) TuningSettings {
	change := r[atChange]
	return TuningSettings{
		Enabled: options.Read(r[atHandover], options.MemoryTuningEnabled),
		Config: tuning.Config{
			Overhead:        options.Read(change, options.MemoryTuningOverhead),
			MaximizeManaged: options.Read(change, options.MemoryTuningMaximizeManaged),
			Compensation:    options.Read(change, options.MemoryTuningScaleDownCompensation),
			Buffers: tuning.Buffers{
				PerChannel:  options.Read(change, options.BuffersPerChannel),
				Floating:    options.Read(change, options.FloatingBuffersPerGate),
				SegmentSize: int64(options.Read(change, options.MemorySegmentSize)),
			},
		},
		Spec:                memorySpec(cfg),
		SlotsPerTaskManager: options.Read(change, options.TaskSlots),
		Quota:               quota(change),
		PartialQuota:        options.Read(change, options.QuotaPartialEnabled),
	}
}

// memorySpec reads what Flink would. A value that it could not read leaves a
// specification from which nothing can be derived.
func memorySpec(cfg options.Config) tuning.Spec {
	r := options.NewReader(cfg)
	spec := tuning.Spec{
		Process: size(r, options.ProcessMemory), Flink: size(r, options.FlinkMemory),
		TaskHeap: size(r, options.TaskHeap), Managed: size(r, options.ManagedMemory),
		FrameworkHeap:    int64(options.Read(r, options.FrameworkHeap)),
		FrameworkOffHeap: int64(options.Read(r, options.FrameworkOffHeap)),
		TaskOffHeap:      int64(options.Read(r, options.TaskOffHeap)),
		Metaspace:        int64(options.Read(r, options.MetaspaceMemory)),
		ManagedFraction:  float32(options.Read(r, options.ManagedFraction)),
		Network: tuning.Range{
			Min: int64(options.Read(r, options.NetworkMemoryMin)), Max: int64(options.Read(r, options.NetworkMemoryMax)),
			Fraction: float32(options.Read(r, options.NetworkFraction)),
		},
		Overhead: tuning.Range{
			Min: int64(options.Read(r, options.OverheadMin)), Max: int64(options.Read(r, options.OverheadMax)),
			Fraction: float32(options.Read(r, options.OverheadFraction)),
		},
	}
	if r.Err() != nil {
		return tuning.DefaultSpec()
	}
	return spec
}

func size(r *options.Reader, o options.Option[options.Memory]) tuning.Size {
	n, set := options.ReadOptional(r, o)
	return tuning.Size{Bytes: int64(n), Set: set}
}

func quota(r *options.Reader) tuning.Quota {
	q := tuning.Unlimited()
	if cpu, set := options.ReadOptional(r, options.QuotaCPU); set && !math.IsNaN(cpu) {
		q.CPU = cpu
	}
	if memory, set := options.ReadOptional(r, options.QuotaMemory); set {
		q.Memory = int64(memory)
	}
	return q
}

package options

import (
	"math"
	"time"
)

// SchedulerName is the value of Flink's jobmanager.scheduler.
type SchedulerName string

// The values of [JobManagerScheduler].
const (
	SchedulerDefault       SchedulerName = "Default"
	SchedulerAdaptive      SchedulerName = "Adaptive"
	SchedulerAdaptiveBatch SchedulerName = "AdaptiveBatch"
	// SchedulerNg is what old versions called Default.
	SchedulerNg SchedulerName = "Ng"
)

// SchedulerModeName is the value of Flink's scheduler-mode.
type SchedulerModeName string

// ModeReactive is the only value of [SchedulerMode].
const ModeReactive SchedulerModeName = "REACTIVE"

// RuntimeModeName is the value of Flink's execution.runtime-mode.
type RuntimeModeName string

// The values of [RuntimeMode].
const (
	RuntimeStreaming RuntimeModeName = "STREAMING"
	RuntimeBatch     RuntimeModeName = "BATCH"
	RuntimeAutomatic RuntimeModeName = "AUTOMATIC"
)

// Options of Flink that are read.
var (
	ParallelismOverrides = plain(ScopeForeign, "pipeline.jobvertex-parallelism-overrides", stringMaps, nil,
		"The user's own parallelism by vertex id.")
	JobManagerScheduler = plain(ScopeForeign, "jobmanager.scheduler",
		enums(SchedulerDefault, SchedulerAdaptive, SchedulerAdaptiveBatch, SchedulerNg), SchedulerDefault,
		"The scheduler; only the adaptive one rescales in place.")
	SchedulerMode = unset(ScopeForeign, "scheduler-mode", enums(ModeReactive),
		"`REACTIVE` takes all the slots there are; such a job is never touched.")
	RuntimeMode = plain(ScopeForeign, "execution.runtime-mode", enums(RuntimeStreaming, RuntimeBatch, RuntimeAutomatic), RuntimeStreaming,
		"Streaming or batch; a batch job is never touched.")
	CheckpointingInterval = unset(ScopeForeign, "execution.checkpointing.interval", durations,
		"Time between checkpoints; unset or 0: none.")
	PipelineMaxParallelism = plain(ScopeForeign, "pipeline.max-parallelism", integers, -1,
		"Number of key groups; -1: Flink chooses.")
	ParallelismDefault = plain(ScopeForeign, "parallelism.default", integers, 1,
		"Parallelism where the program names none.")
	TaskSlots = plain(ScopeForeign, "taskmanager.numberOfTaskSlots", integers, 1,
		"Slots of one TaskManager.")
	TaskManagerCores = unset(ScopeForeign, "taskmanager.cpu.cores", doubles,
		"CPU cores of one TaskManager, which `job.autoscaler.quota.cpu` is counted in.",
		"kubernetes.taskmanager.cpu.amount", "kubernetes.taskmanager.cpu", "yarn.containers.vcores")
	FetcherUpdateInterval = plain(ScopeForeign, "metrics.fetcher.update-interval", durations, 10*time.Second,
		"Interval at which the JobManager refreshes the metrics it serves.")
)

// Memory of a TaskManager. The deprecated keys are those that Flink 1.20 and 2.3
// still read when they size one; taskmanager.heap.size is none of them.
var (
	ProcessMemory          = unset(ScopeForeign, "taskmanager.memory.process.size", memories, "Total memory of a TaskManager.")
	FlinkMemory            = unset(ScopeForeign, "taskmanager.memory.flink.size", memories, "Total memory without metaspace and overhead.")
	FrameworkHeap          = plain(ScopeForeign, "taskmanager.memory.framework.heap.size", memories, 128*Mebibyte, "Heap of the framework.")
	FrameworkOffHeap       = plain(ScopeForeign, "taskmanager.memory.framework.off-heap.size", memories, 128*Mebibyte, "Direct memory of the framework.")
	TaskHeap               = unset(ScopeForeign, "taskmanager.memory.task.heap.size", memories, "Heap of the tasks.")
	TaskOffHeap            = plain(ScopeForeign, "taskmanager.memory.task.off-heap.size", memories, 0, "Direct memory of the tasks.")
	ManagedMemory          = unset(ScopeForeign, "taskmanager.memory.managed.size", memories, "Managed memory.", "taskmanager.memory.size")
	ManagedFraction        = plain(ScopeForeign, "taskmanager.memory.managed.fraction", doubles, 0.4, "Managed memory as a fraction of Flink's.")
	NetworkMemoryMin       = plain(ScopeForeign, "taskmanager.memory.network.min", memories, 64*Mebibyte, "Least network memory.", "taskmanager.network.memory.min")
	NetworkMemoryMax       = plain(ScopeForeign, "taskmanager.memory.network.max", memories, Memory(math.MaxInt64), "Most network memory.", "taskmanager.network.memory.max")
	NetworkFraction        = plain(ScopeForeign, "taskmanager.memory.network.fraction", doubles, 0.1, "Network memory as a fraction of Flink's.", "taskmanager.network.memory.fraction")
	MetaspaceMemory        = plain(ScopeForeign, "taskmanager.memory.jvm-metaspace.size", memories, 256*Mebibyte, "Metaspace.")
	OverheadMin            = plain(ScopeForeign, "taskmanager.memory.jvm-overhead.min", memories, 192*Mebibyte, "Least overhead of the JVM.")
	OverheadMax            = plain(ScopeForeign, "taskmanager.memory.jvm-overhead.max", memories, Gibibyte, "Most overhead of the JVM.")
	OverheadFraction       = plain(ScopeForeign, "taskmanager.memory.jvm-overhead.fraction", doubles, 0.1, "Overhead as a fraction of the total.")
	MemorySegmentSize      = plain(ScopeForeign, "taskmanager.memory.segment-size", memories, 32*Kibibyte, "Size of a network buffer.")
	BuffersPerChannel      = plain(ScopeForeign, "taskmanager.network.memory.buffers-per-channel", integers, 2, "Exclusive network buffers of a channel.")
	FloatingBuffersPerGate = plain(ScopeForeign, "taskmanager.network.memory.floating-buffers-per-gate", integers, 8,
		"Floating network buffers of a gate.")
)

// Options of Flink's Kubernetes operator that are read.
var (
	OperatorReconcileInterval = plain(ScopeForeign, "kubernetes.operator.reconcile.interval", durations, time.Minute,
		"Interval of the operator's loop, which is its sampling interval.")
	OperatorClientTimeout = plain(ScopeForeign, "kubernetes.operator.flink.client.timeout", durations, 10*time.Second,
		"Deadline of the operator's REST requests.")
	OperatorInPlaceScaling = plain(ScopeForeign, "kubernetes.operator.job.upgrade.inplace-scaling.enabled", booleans, true,
		"Whether the operator rescales in place where it can.")
)
